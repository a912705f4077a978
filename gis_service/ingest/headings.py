"""Which row of a sheet is its heading, and which of its columns hold the coordinates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gis_service.errors import InputError

X_NAMES = ("经度", "东经", "lon", "lng", "long", "longitude", "x", "x坐标", "坐标x", "东坐标", "横坐标", "easting", "e")
Y_NAMES = ("纬度", "北纬", "lat", "latitude", "y", "y坐标", "坐标y", "北坐标", "纵坐标", "northing", "n")
WKT_NAMES = ("wkt", "geometry", "geom", "几何", "图形", "wkb", "the_geom")
COORDINATES = ("x", "y", "wkt")
"""What ``--field`` may name besides the fields of a kind: the columns that hold the coordinates."""

_SEARCH_ROWS = 20
_BRACKETS = re.compile(r"[(\[{【〔〈「][^()\[\]{}【】〔〕〈〉「」]*[)\]}】〕〉」]")
# A heading that names another unit than ours is another quantity: 建筑高度（cm） is not height in metres.
_OTHER_UNIT = re.compile(r"[(\[【](?:cm|mm|km|dm|ft|厘米|毫米|公里|千米|分米|英尺|万元|亩|公顷)[)\]】]", re.IGNORECASE)


@dataclass(frozen=True)
class Placed:
    """The columns of the coordinates: one of WKT, or one for east and one for north."""

    wkt: str | None = None
    x: str | None = None
    y: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(name for name in (self.wkt, self.x, self.y) if name is not None)


def normal(heading: str) -> str:
    """Return a heading as its plain word: no stars, line breaks, units or remarks in brackets; lower case."""
    name = unicodedata.normalize("NFKC", heading)
    if _OTHER_UNIT.search(name):
        return re.sub(r"\s", "", name).lower()
    name = re.sub(r"\s", "", _BRACKETS.sub("", name))
    return name.strip("*★☆※#✱·°:：、/").lower()


def find_heading(rows: Sequence[Sequence[Any]], named: Mapping[str, str]) -> int | None:
    """Return the number of the row that holds the headings, from 0, or None.

    It is the first that has the columns which the user names, else coordinates by one of their usual names.
    """
    wanted = {normal(named[key]) for key in COORDINATES if key in named}
    for number, row in enumerate(rows[:_SEARCH_ROWS]):
        names = {normal(text(cell)) for cell in row if cell is not None}
        if wanted:
            found = all(name in names or _unnumbered(name) in names for name in wanted)
        else:
            x, y, wkt = (bool(names & set(known)) for known in (X_NAMES, Y_NAMES, WKT_NAMES))
            found = wkt or (x and y)
        if found:
            return number
    return None


def _unnumbered(name: str) -> str:
    """Return the name in the file of a column that stands there more than once (经度_2)."""
    return re.sub(r"_\d+$", "", name)


def headings(rows: Sequence[Sequence[Any]], at: int) -> list[str]:
    """Return the names of the columns; where a heading stands in the row above (two header rows), from there."""
    names = [text(cell) for cell in rows[at]]
    for above in range(at - 1, -1, -1):
        row = [text(cell) for cell in rows[above]]
        if len({cell for cell in row if cell}) < 2:  # a title, or nothing
            break
        names += [""] * (len(row) - len(names))
        names = [name or (row[k] if k < len(row) else "") for k, name in enumerate(names)]
    width = max((k for k, name in enumerate(names) if name), default=-1) + 1
    return _unique(names[:width])


def _unique(names: list[str]) -> list[str]:
    # The name of the geometry in a frame is no column's.
    seen: dict[str, int] = {"geometry": 1}
    result = []
    for position, name in enumerate(names):
        label = name or f"column_{position + 1}"
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label}_{seen[label]}")
    return result


def find_coordinates(columns: Sequence[str], named: Mapping[str, str], file: str) -> Placed:
    """Return the columns of the coordinates among ``columns``.

    Parameters
    ----------
    named
        What the user says by ``--field x=… --field y=…`` or ``--field wkt=…``; it wins.

    Raises
    ------
    InputError
        There are none, or several pairs: which one is meant is asked, not guessed.

    """
    if any(key in named for key in COORDINATES):
        return _named(columns, named, file)
    wkt, x, y = (_all(columns, names) for names in (WKT_NAMES, X_NAMES, Y_NAMES))
    if len(wkt) == 1:
        return Placed(wkt=wkt[0])
    if len(wkt) > 1:
        raise InputError(
            f"{file} 有多个图形列（{'、'.join(wkt)}）；请用 --field wkt=列名 指定一个。",
            f"{file} has several columns of geometry ({', '.join(wkt)}); name one with --field wkt=COLUMN.",
        )
    if len(x) == 1 and len(y) == 1:
        return Placed(x=x[0], y=y[0])
    if x and y:
        raise InputError(
            f"{file} 有不止一对坐标列（{'、'.join([*x, *y])}）；请用 --field x={x[-1]} --field y={y[-1]} 这样指定一对。",
            f"{file} has more than one pair of coordinates ({', '.join([*x, *y])}); name one pair, for example "
            f"--field x={x[-1]} --field y={y[-1]}.",
        )
    raise no_coordinates(file)


def no_coordinates(file: str, tables: str = "") -> InputError:
    """Return the refusal of a sheet without coordinates; ``tables`` names the sheets that were looked through."""
    inside = (f"（工作表：{tables}）", f" (sheets: {tables})") if tables else ("", "")
    return InputError(
        f"{file} 里找不到坐标列{inside[0]}；需要“经度、纬度”（或 X、Y）两列，或一个 WKT 列，可用 --field x=列名 --field y=列名 "
        "指定。只有编号、没有坐标的台账暂不能导入（按编号关联台账的功能尚未提供）。",
        f"{file} has no coordinate columns{inside[1]}; it needs longitude and latitude (or x and y), or a WKT column, "
        "which --field x=COLUMN --field y=COLUMN can name. A ledger of known ids without coordinates cannot be imported: joining by id is yet to come.",
    )


def _named(columns: Sequence[str], named: Mapping[str, str], file: str) -> Placed:
    found = {key: _column(columns, named[key], key, file) for key in COORDINATES if key in named}
    if ("wkt" in found) == ("x" in found or "y" in found) or ("x" in found) != ("y" in found):
        raise InputError(
            "坐标列请成对指定：--field x=列名 --field y=列名，或只用 --field wkt=列名。",
            "Name coordinate columns as a pair, --field x=COLUMN --field y=COLUMN, or --field wkt=COLUMN alone.",
        )
    return Placed(**found)


def _column(columns: Sequence[str], name: str, key: str, file: str) -> str:
    if name in columns:
        return name
    alike = [column for column in columns if normal(column) == normal(name)]
    if len(alike) == 1:
        return alike[0]
    raise InputError(
        f"--field {key}={name}：{file} 没有列“{name}”；有：{'、'.join(columns)}。",
        f"--field {key}={name}: {file} has no column {name!r}; it has {', '.join(columns)}.",
    )


def _all(columns: Sequence[str], names: tuple[str, ...]) -> list[str]:
    return [column for column in columns if normal(_unnumbered(column)) in names]


def text(cell: Any) -> str:
    """Return a heading's cell as text."""
    return "" if cell is None else str(cell).replace("\r", "").replace("\n", "").strip()
