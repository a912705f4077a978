"""``gis-service ledger``: cases by hand, at the machine."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.cases import events, find, rules
from gis_service.cases.lists import HEADINGS, measures_said, rows
from gis_service.codelists import CASE_KIND, CASE_STATE
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import write_rows
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.say import say

_DAY = click.DateTime(["%Y-%m-%d"])


def _date(value: datetime | None) -> date | None:
    return None if value is None else value.date()


@click.group(name="ledger")
def ledger() -> None:
    """整治台账：立案、办理、措施、通知、逾期。The ledger of cases."""


def _step_options(command: Any) -> Any:
    for option in (
        click.option("--on", "on", type=_DAY, help="发生日期，默认今天。When it happened; today by default."),
        click.option("--until", type=_DAY, help="期限。Last day."),
        click.option("--responsible", help="责任人（职务、单位），验收单位。Who is to do it; who accepts."),
        click.option("--reason", help="说明。What there is to say."),
        click.option("--refers", type=click.IntRange(min=1), help="针对的记录编号。The event that it refers to."),
        click.option("--set", "given", multiple=True, metavar="FIELD=VALUE", help="其他字段。Further fields."),
    ):
        command = option(command)
    return command


def _new(kind: str, what: str, options: dict[str, Any]) -> events.New:
    return events.New(
        kind, what, _date(options["on"]), _date(options["until"]), options["responsible"], options["reason"],
        dict(map(_field, options["given"])), refers=options["refers"],
    )  # fmt: skip


def _field(written: str) -> tuple[str, Any]:
    """Read FIELD=VALUE by the field's kind."""
    name, separator, value = written.partition("=")
    field = rules.FIELDS.get(name)
    if not separator or field is None or name in rules.COLUMNS:
        names = [n for n in rules.FIELDS if n not in rules.COLUMNS]
        raise InputError(
            f"--set {written[:60]}：请写成 字段=值；字段有 {'、'.join(names)}。",
            f"--set {written[:60]}: write FIELD=VALUE; fields are {', '.join(names)}.",
        )
    if field.kind == "boolean":
        return name, {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}.get(value, value)
    if field.kind in {"integer", "number"}:
        try:
            return name, int(value) if field.kind == "integer" else float(value)
        except ValueError:
            return name, value
    return name, value


def _add(case_id: int, new: events.New) -> None:
    prepare()
    who = operator()
    with transaction(who) as connection:
        row = events.add(connection, case_id, new)
        about = {"kind": new.kind, "what": new.what, "seq": row["seq"], "house": row["building_id"]}
        audit_log.append(connection, who, Action.CASE_STEPPED, f"case {case_id}", **about)
        rule = rules.rules(connection)[new.kind, new.what]
    say(f"第 {case_id} 号案件：{rule.said()}，现为{rules.state_said(row['state'])}。",
        f"Case {case_id}: {rule.said('en')}; now {rules.state_said(row['state'], 'en')}.")  # fmt: skip


@ledger.command(name="open")
@click.argument("building_id")
@click.option("--kind", type=click.Choice(list(CASE_KIND)), default="structure", show_default=True)
@click.option("--reason", required=True, help="发现了什么。What was found.")
@click.option("--on", "on", type=_DAY, help="发现日期，默认今天。When it was found; today by default.")
def open_(building_id: str, kind: str, reason: str, on: datetime | None) -> None:
    """为房屋立案。Open a case of a house."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        row = events.open_case(connection, building_id, events.New("open", kind, _date(on), reason=reason))
        audit_log.append(connection, who, Action.CASE_OPENED, f"case {row['case_id']}", house=building_id, kind=kind)
    say(f"第 {row['case_id']} 号案件：{building_id} {CASE_KIND[kind]}，期限 {row['deadline'] or '无'}。",
        f"Case {row['case_id']}: {building_id} {kind}, due {row['deadline'] or 'never'}.")  # fmt: skip


@ledger.command(name="step")
@click.argument("case_id", metavar="CASE", type=click.IntRange(min=1))
@click.argument("kind")
@click.argument("what", default="")
@_step_options
def step(case_id: int, kind: str, what: str, **options: Any) -> None:
    """办理一个事项 KIND（WHAT 为措施、依据等）。Take a step of a case."""
    _add(case_id, _new(kind, what, options))


@ledger.command(name="plan")
@click.argument("case_id", metavar="CASE", type=click.IntRange(min=1))
@_step_options
def plan(case_id: int, **options: Any) -> None:
    """录入一栋一策方案。Enter the plan of rectification."""
    _add(case_id, _new("plan", "", options))


@ledger.command(name="measure")
@click.argument("case_id", metavar="CASE", type=click.IntRange(min=1))
@click.argument("measure_kind", metavar="MEASURE")
@_step_options
def measure(case_id: int, measure_kind: str, **options: Any) -> None:
    """采取一项措施。Take a measure."""
    _add(case_id, _new("measure", measure_kind, options))


@ledger.command(name="notice")
@click.argument("case_id", metavar="CASE", type=click.IntRange(min=1))
@click.argument("notice_kind", metavar="NOTICE")
@_step_options
def notice(case_id: int, notice_kind: str, **options: Any) -> None:
    """发出一份通知书。Issue a notice."""
    _add(case_id, _new("notice", notice_kind, options))


@ledger.command(name="overdue")
@click.option("--unit", default=None, help="填报单位代码。Code of a reporting unit.")
@click.option("--operating", is_flag=True, help="只含经营性自建房。Operating houses only.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写成 .xlsx 或 .csv。Write a file.")
def overdue(unit: str | None, operating: bool, out: Path | None) -> None:
    """列出逾期未整治的案件。Cases past their deadline."""
    _tell(find.Filter(unit=unit, operating=operating, overdue=True), out, "逾期案件")


@ledger.command(name="list")
@click.option("--unit", default=None, help="填报单位代码。Code of a reporting unit.")
@click.option("--state", type=click.Choice(list(CASE_STATE)), help="状态。State.")
@click.option("--kind", type=click.Choice(list(CASE_KIND)), help="类别。Kind.")
@click.option("--operating", is_flag=True, help="只含经营性自建房。Operating houses only.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写成 .xlsx 或 .csv。Write a file.")
def list_(unit: str | None, state: str | None, kind: str | None, operating: bool, out: Path | None) -> None:
    """列出案件。Cases, those due first at the head."""
    _tell(find.Filter(unit, state, kind, operating=operating), out, "整治台账")


def _tell(asked: find.Filter, out: Path | None, title: str) -> None:
    if out is not None:
        check_output(out)
    prepare()
    who = operator()
    most = find.FOUND_MAX if out is None else find.EXPORT_MAX
    with transaction(who, read_only=True) as connection:
        found, known = find.listed(connection, asked, most), rules.rules(connection)
    if out is not None:
        write_rows(HEADINGS, rows(found.rows, known), out, title=title, mark=Mark(who.account))
        audit_log.record(who, Action.EXPORTED, out.name, list="cases", rows=len(found.rows))
        say(f"{len(found.rows):,} 个案件，已写入 {out}", f"{len(found.rows):,} cases, written to {out}")
        return
    for row in found.rows:
        active = "、".join(measures_said(row["measures"], known)) or "无措施"
        say(f"{row['case_id']:>7}  {row['building_id']}  {row['unit'] or ''}  {rules.state_said(row['state'])}  期限 {row['deadline'] or '无'}  {active}",
            f"{row['case_id']:>7}  {row['building_id']}  {row['unit'] or ''}  {row['state']}  due {row['deadline'] or 'never'}  "
            f"{', '.join(measures_said(row['measures'], known, 'en')) or 'no measure'}")  # fmt: skip
    say(f"{len(found.rows):,} 个案件{'（还有更多）' if found.truncated else ''}。",
        f"{len(found.rows):,} cases{' (and more)' if found.truncated else ''}.")  # fmt: skip
