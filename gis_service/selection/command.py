"""``gis-service select``: the houses to inspect first, with the reason for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.areas.find import find_area
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.files import write_places
from gis_service.export.mark import Mark
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.say import say
from gis_service.selection.lists import HEADINGS, selected_frame
from gis_service.selection.rules import LIMITS, RULES, Limits
from gis_service.selection.select import named, run_selection, totals
from gis_service.selection.sentence import sentence
from gis_service.selection.terms import AreaTerm, Ask, HouseTerm, RuleTerm, Term, ZoneTerm, default_ask
from gis_service.settings import default


def _limits(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for the limit of each rule."""
    for rule in reversed(RULES.values()):
        if rule.limit:
            limit = rule.limit
            command = click.option(
                f"--{limit.name.replace('_', '-')}", type=click.IntRange(limit.low, limit.high), default=limit.default,
                show_default=True, help=f"{rule.zh}（{limit.zh}）。{rule.en}: {limit.en}.",
            )(command)  # fmt: skip
    return command


_CONDITIONS = (
    click.option(
        "--zone", "zones", multiple=True, metavar="KIND=BUFFER_M", help="重点区域及缓冲距离，例如 school=200。"
    ),
    click.option("--area", "areas", multiple=True, metavar="NAME|FILE", help="已画区域、行政区域或文件。"),
    click.option("--rule", "rules", multiple=True, metavar="NAME", help=f"规则：{'、'.join(RULES)}。"),
    click.option("--operating", is_flag=True, help="只选经营性房屋。Operating houses alone."),
    click.option(
        "--township", "townships", multiple=True, metavar="CODE", help="只选这些乡镇。Only in these townships."
    ),
    click.option(
        "--match", type=click.Choice(["any", "all"]), default="any", show_default=True, help="满足任一或全部。"
    ),
    click.option(
        "--within",
        multiple=True,
        metavar="NAME|FILE",
        help="只在此范围内选取；多个时在其一即可。Only inside this area, or one of these.",
    ),
    click.option(
        "--without", multiple=True, metavar="TERM", help="排除：zone:school=200、area:NAME、rule:NAME。None of these."
    ),
)


def conditions(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what is selected; ``ask_of_options`` takes what they were given."""
    command = _limits(command)
    for option in reversed(_CONDITIONS):
        command = option(command)
    return command


def ask_of_options(connection: Connection, given: Mapping[str, Any]) -> Ask:
    """Return what the options of ``conditions`` ask for; without any of them the default conditions."""
    asked: list[Term] = [_zone(zone) for zone in given["zones"]]
    asked += [AreaTerm.of(find_area(connection, area)) for area in given["areas"]]
    asked += [RuleTerm(rule) for rule in given["rules"]]
    inside = tuple(AreaTerm.of(find_area(connection, area)) for area in given["within"])
    if not asked:
        asked = list(default_ask().any_of)
    left_out = tuple(_term(connection, written) for written in given["without"])
    any_of, all_of = (tuple(asked), ()) if given["match"] == "any" else ((), tuple(asked))
    if given["townships"]:
        all_of += (named(connection, HouseTerm("unit_code", given["townships"])),)
    if given["operating"]:
        all_of += (HouseTerm("operating"),)
    limits = Limits({limit.name: given[limit.name] for limit in LIMITS})
    return Ask(any_of, all_of, left_out, limits, inside)


def files_of_options(given: Mapping[str, Any]) -> list[Path]:
    """Return the files that the options of ``conditions`` name: they are read."""
    named = (*given["areas"], *given["within"], *(term.removeprefix("area:") for term in given["without"]))
    return [Path(name) for name in named if Path(name).suffix]


@click.command()
@conditions
@click.option("--name", help="名单名称。What the list is called.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="xlsx、csv、geojson、gpkg、parquet。"
)
def select(*, name: str | None, out: Path, **given: Any) -> None:
    """选取优先排查的房屋。Select the houses to inspect first.

    不给任何条件时，按默认缓冲距离选取全部重点区域，并使用全部规则。名单先是草稿，用 gis-service runs publish 发布。
    """
    check_output(out, *files_of_options(given))
    prepare()
    with transaction(operator()) as connection:
        ask = ask_of_options(connection, given)
        outcome = run_selection(connection, ask, name)
        who = operator()
        counts = totals(connection, outcome.run_id, who.scope)
        audit_log.append(connection, who, Action.SELECTED, f"run {outcome.run_id}", selected=outcome.selected)
        audit_log.append(connection, who, Action.EXPORTED, out.name, run=outcome.run_id, rows=outcome.selected)
        places = selected_frame(connection, outcome.run_id)
        said = ask.parameters()
        write_places(
            places, out, title=name or "优先排查名单", headings=HEADINGS, mark=Mark(who.account),
            said=f"第 {outcome.run_id} 号名单：{sentence(said)}",
        )  # fmt: skip
    say(
        f"第 {outcome.run_id} 号选取：{outcome.selected:,} 栋，已写入 {out}",
        f"Selection run {outcome.run_id}: {outcome.selected:,} buildings, written to {out}",
    )
    say(sentence(said), sentence(said, "en"))
    for rule, count in counts["rule"].items():
        click.echo(f"  {rule}: {count:,}")


def _zone(written: str) -> ZoneTerm:
    kind, separator, buffer = written.partition("=")
    try:
        return ZoneTerm(kind.strip(), float(buffer) if separator else default(f"buffer_{kind.strip()}_m"))
    except (ValueError, KeyError) as error:
        raise InputError(
            f"--zone {written}：请写成 类型=米，例如 school=200。",
            f"--zone {written}: write KIND=METRES, like school=200.",
        ) from error


def _term(connection: Connection, written: str) -> Term:
    kind, separator, rest = written.partition(":")
    if separator and kind == "zone":
        return _zone(rest)
    if separator and kind == "area":
        return AreaTerm.of(find_area(connection, rest))
    if separator and kind == "rule":
        return RuleTerm(rest)
    raise InputError(
        f"--without {written}：请写成 zone:school=200、area:名称 或 rule:名称。",
        f"--without {written}: write zone:school=200, area:NAME or rule:NAME.",
    )
