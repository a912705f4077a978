"""How a user says what stands in a file: the same options for every command that reads a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from gis_service.ingest.footprints import SEPARATELY, SET_ASIDE

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _fields(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for pair in given:
        ours, separator, theirs = pair.partition("=")
        if not separator or not ours or not theirs:
            raise click.BadParameter(f"{pair!r}: OURS=THEIRS, OURS==VALUE")
        result[ours] = theirs
    return result


_OF_ANY_LAYER = (
    click.option("--layer", help="图层或工作表。Layer or sheet."),
    click.option("--crs", help="坐标系，例如 EPSG:4545，或 PROJ、WKT 写法。CRS of the file."),
    click.option(
        "--accept-accuracy",
        type=click.FloatRange(0),
        default=0.0,
        metavar="M",
        help="坐标换算可接受的偏差（米）。Error of a conversion between datums that is good enough, in metres.",
    ),
    click.option("--encoding", default="", help="文字编码，例如 gb18030。Text encoding."),
    click.option(
        "--field",
        "fields",
        multiple=True,
        callback=_fields,
        metavar="OURS=THEIRS",
        help="字段对应；OURS==值 表示整列同一个值，编号可用 @geometry，坐标列用 x、y 或 wkt。Where a field of ours, or the coordinates (x, y, wkt), come from.",
    ),
)
_OF_HOUSES = (
    click.option(
        "--multipart",
        type=click.Choice(SEPARATELY),
        default=SEPARATELY[0],
        show_default=True,
        help="一行有几栋房屋轮廓：按一栋（keep）或拆成几栋（split）。Rows of several houses: one house, or apart.",
    ),
    click.option(
        "--keep",
        multiple=True,
        type=click.Choice(SET_ASIDE),
        help="仍按房屋收下：过小、过大、画了两次、围着别的房屋的面。Take as houses what would be set aside.",
    ),
)


def reading(command: _Command) -> _Command:
    """Give a command the options of reading a layer of houses."""
    for option in reversed(_OF_HOUSES):
        command = option(command)
    return reading_any(command)


def reading_any(command: _Command) -> _Command:
    """Give a command the options of reading a layer of anything."""
    for option in reversed(_OF_ANY_LAYER):
        command = option(command)
    return command
