"""``gis-service record`` and ``round``: what is known of houses, the sweeps over them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from gis_service import codelists
from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.attachments import store
from gis_service.codelists import JUDGEMENT_KIND, ROUND_KIND, ROUND_STEP
from gis_service.db.day import day_asked, today
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import write_rows
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.record import business, codes, judge, rounds
from gis_service.record.find import find
from gis_service.record.lists import BUSINESS_HEADINGS, business_rows
from gis_service.say import say, warn
from gis_service.settings import get_settings
from gis_service.visits import enter as visits
from gis_service.visits.answers import OUTCOME, QUESTIONS

_DAY = click.DateTime(["%Y-%m-%d"])


def _date(value: datetime | None) -> date | None:
    return None if value is None else value.date()


@click.group(name="round")
def round_() -> None:
    """轮次：专项整治、回头看、体检。Rounds over houses."""


@round_.command(name="list")
def list_() -> None:
    """列出轮次和期限。Rounds with their deadlines."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        found = rounds.listed(connection)
    if not found:
        say("还没有轮次。", "There are no rounds.")
    for row in found:
        state = (
            ("进行中", "open")
            if row["open"]
            else ("已关闭", "closed")
            if row["closed_on"]
            else ("不在期内", "not running")
        )
        ends = row["closed_on"] or row["last_day"] or "…"
        say(f"{row['round_id']:>4}  {row['name']}（{ROUND_KIND[row['kind']]}）{row['first_day']} 至 {ends}  {state[0]}  判定 {row['judgements']:,}",
            f"{row['round_id']:>4}  {row['name']} ({row['kind']}) {row['first_day']} to {ends}  {state[1]}  {row['judgements']:,} judgements")  # fmt: skip
        for due in row["deadlines"]:
            say(f"        {due['due_on']} 前 {ROUND_STEP[due['step']]}  {due['clause'] or ''}",
                f"        {due['step']} by {due['due_on']}  {due['clause'] or ''}")  # fmt: skip


@round_.command(name="open")
@click.argument("name", required=False)
@click.option(
    "--notice", type=click.Choice(rounds.notices()), help="开启某份通知规定的全部轮次。All rounds of a notice."
)
@click.option("--kind", type=click.Choice(list(ROUND_KIND)), default="campaign", show_default=True)
@click.option("--first", "first", type=_DAY, help="开始日。First day.")
@click.option("--last", "last", type=_DAY, help="结束日。Last day.")
@click.option("--operating", is_flag=True, help="只含经营性自建房。Operating houses only.")
@click.option("--unit", "units", multiple=True, help="只含这些填报单位。Only of these reporting units.")
@click.option("--deadline", "deadlines", multiple=True, metavar="STEP=DATE", help="步骤的期限。Last day of a step.")
def open_(
    *, name: str | None, notice: str | None, kind: str, first: datetime | None, last: datetime | None, operating: bool,
    units: tuple[str, ...], deadlines: tuple[str, ...],
) -> None:  # fmt: skip
    """开启轮次 NAME，或某份通知的轮次。Open a round."""
    if (name is None) == (notice is None):
        raise click.UsageError("NAME | --notice")
    prepare()
    who = operator()
    with transaction(who) as connection:
        if notice is not None:
            numbers = rounds.open_notice(connection, notice)
        else:
            assert name is not None  # noqa: S101 - one of the two is given
            if first is None:
                raise click.UsageError("--first YYYY-MM-DD")
            chosen = {**(rounds.OPERATING_ONLY if operating else {}), **({"unit_code": list(units)} if units else {})}
            new = rounds.New(name, kind, first.date(), _date(last), chosen, None, tuple(map(_deadline, deadlines)))
            numbers = [rounds.open_(connection, new)]
        for number in numbers:
            audit_log.append(connection, who, Action.ROUND_OPENED, f"round {number}")
    say(f"已开启轮次：{'、'.join(map(str, numbers)) or '（都已存在）'}",
        f"Opened: {', '.join(map(str, numbers)) or '(all are there)'}")  # fmt: skip


def _deadline(written: str) -> rounds.Deadline:
    step, separator, day = written.partition("=")
    try:
        if separator:
            return rounds.Deadline(step, date.fromisoformat(day))
    except ValueError:
        pass
    raise InputError(
        f"--deadline {written}：请写成 步骤=日期，例如 appraise=2022-09-25；步骤有 {'、'.join(ROUND_STEP)}。",
        f"--deadline {written}: write STEP=DATE, like appraise=2022-09-25; steps are {', '.join(ROUND_STEP)}.",
    )


@round_.command(name="close")
@click.argument("name")
@click.option("--day", type=_DAY, help="关闭的日期，默认今天。As of which day.")
def close(name: str, day: datetime | None) -> None:
    """关闭轮次（名称或编号）。Close a round by its name or number."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        number = rounds.find(connection, name)
        rounds.close(connection, number, _date(day))
        audit_log.append(connection, who, Action.ROUND_CLOSED, f"round {number}")
    say(f"已关闭第 {number} 号轮次。", f"Round {number} is closed.")


@click.group(name="record")
def record() -> None:
    """房屋档案：判定、查找、经营核查、代码表。The record of houses."""


@record.command(name="judge")
@click.argument("building_id")
@click.option("--kind", type=click.Choice(list(JUDGEMENT_KIND)), default="preliminary", show_default=True)
@click.option("--tier", help="隐患分级：severe、some、none_found。Hazard tier.")
@click.option("--grade", help="鉴定等级：A、B、C、D。Grade of an appraisal.")
@click.option("--on", "on", type=_DAY, help="判定日期，默认今天。Day of the judgement.")
@click.option("--judge", "judge_", help="技术人员。The technician.")
@click.option("--judge-unit", help="技术人员单位。The technician's unit.")
@click.option("--institution", help="鉴定机构名称或编号。Institution by name or number.")
@click.option("--reason", help="原因、依据。Why.")
@click.option("--supersedes", type=click.IntRange(min=1), help="更正哪一号判定。The judgement that this corrects.")
@click.option("--round", "round_name", help="轮次，默认按日期。The round; by the day without it.")
@click.option("--late", is_flag=True, help="补录：可早于现行判定。A late entry may be older than what is in force.")
def judge_(
    *, building_id: str, kind: str, tier: str | None, grade: str | None, on: datetime | None, judge_: str | None,
    judge_unit: str | None, institution: str | None, reason: str | None, supersedes: int | None, round_name: str | None,
    late: bool,
) -> None:  # fmt: skip
    """录入一次判定；只增加，不修改。Enter a judgement; rows are only added."""
    prepare()
    who = operator()
    new = judge.New(
        building_id, kind, tier, grade, _date(on), judge_, judge_unit, institution, reason, supersedes, round_name,
        late=late,
    )  # fmt: skip
    with transaction(who) as connection:
        row = judge.enter(connection, new)
        audit_log.append(connection, who, Action.JUDGED, f"judgement {row['judgement_id']}", house=building_id)
    for zh, en in row["warnings"]:
        warn(zh, en)
    value = row["tier"] or row["grade"]
    say(f"第 {row['judgement_id']} 号判定：{building_id} {(codelists.HAZARD_TIER | codelists.APPRAISAL_GRADE)[value]}（{row['judged_on']}）",
        f"Judgement {row['judgement_id']}: {building_id} {value} ({row['judged_on']})")  # fmt: skip


@record.command(name="visit")
@click.argument("building_id")
@click.option("--at", "at", default=None, help="到访时间，如 2022-09-08T09:30，默认此刻。When; now by default.")
@click.option("--outcome", type=click.Choice(list(OUTCOME)), default="visited", show_default=True)
@click.option("--found", type=click.Choice(["severe", "some", "none_found"]), help="现场判断。What the visitor thinks.")
@click.option("--answer", "given", multiple=True, metavar="FIELD=VALUE", help="所见，如 floors=4。What was found.")
@click.option("--note", help="备注。What there is to say.")
@click.option(
    "--photo",
    "photos",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="照片。Photograph.",
)
@click.option("--round", "round_name", help="轮次，默认按日期。The round; by the day without it.")
def visit_(
    *, building_id: str, at: str | None, outcome: str, found: str | None, given: tuple[str, ...], note: str | None,
    photos: tuple[Path, ...], round_name: str | None,
) -> None:  # fmt: skip
    """录入一次到访；与档案不同之处成为建议。Report a visit; what differs from the record is proposed."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        hashes = tuple(store.store(connection, building_id, path)["sha256"] for path in photos)
        new = visits.New(
            uuid4(), building_id, _moment(at), outcome, found, dict(map(_answer, given)), note, hashes, round=round_name,
            source="machine",
        )  # fmt: skip
        told = visits.report(connection, new)
        audit_log.append(connection, who, Action.VISITED, f"visit {new.visit_id}", house=building_id, outcome=outcome)
    say(f"到访 {new.visit_id}：{building_id}，{len(told.proposals)} 项建议。",
        f"Visit {new.visit_id}: {building_id}, {len(told.proposals)} proposals.")  # fmt: skip


def _moment(written: str | None) -> datetime:
    zone = ZoneInfo(get_settings().timezone)
    if written is None:
        return datetime.combine(today(), datetime.now(zone).time(), zone)
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise InputError(
            f"--at {written[:30]}：请写成 2022-09-08T09:30。", f"--at {written[:30]}: write it like 2022-09-08T09:30."
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _answer(written: str) -> tuple[str, Any]:
    """Read FIELD=VALUE; several codes stand between commas."""
    name, separator, value = written.partition("=")
    question = QUESTIONS.get(name)
    if not separator or question is None:
        raise InputError(
            f"--answer {written[:60]}：请写成 字段=值；字段有 {'、'.join(QUESTIONS)}。",
            f"--answer {written[:60]}: write FIELD=VALUE; fields are {', '.join(QUESTIONS)}.",
        )
    if question.kind == "codes":
        return name, [part for part in value.split(",") if part]
    return name, int(value) if question.kind == "integer" and value.isdigit() else value


@record.command(name="find")
@click.argument("words", nargs=-1, required=True)
def find_(words: tuple[str, ...]) -> None:
    """按编号、名称、地址的片段查找房屋。Find houses by parts of number, name, address."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        found = find(connection, " ".join(words))
    for row in found.rows:
        click.echo(f"{row['building_id']}\t{row['name'] or ''}\t{row['unit'] or ''}\t{row['address'] or ''}")
    if found.truncated:
        warn(f"只列前 {len(found.rows)} 栋", f"only the first {len(found.rows)}")
    if not found.rows:
        say("没有找到。", "Nothing was found.")


@record.command(name="business")
@click.option("--day", default=None, help="截至哪一天，默认今天。As of which day; today by default.")
@click.option("--unit", default=None, help="填报单位代码。Code of a reporting unit.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True)
def business_(day: str | None, unit: str | None, out: Path) -> None:
    """能否用作经营的清单，写明原因（行政审批、市场监管）。Which houses may be used for business, and why not."""
    check_output(out)
    prepare()
    who, on = operator(), day_asked(day)
    with transaction(who, read_only=True) as connection:
        codes.refresh(connection)
        found = business.county_list(connection, on, unit)
    write_rows(BUSINESS_HEADINGS, business_rows(found), out, title=f"经营核查 {on}", mark=Mark(who.account))
    audit_log.record(who, Action.EXPORTED, out.name, list="business", day=str(on), rows=len(found))
    counts = {a: sum(row["verdict"].answer == a for row in found) for a in business.ANSWER}
    say(f"{on}：{len(found):,} 栋，可以 {counts['yes']:,}，不可以 {counts['no']:,}，待定 {counts['unknown']:,}；已写入 {out}",
        f"{on}: {len(found):,} houses, yes {counts['yes']:,}, no {counts['no']:,}, unknown {counts['unknown']:,}; written to {out}")  # fmt: skip


@record.command(name="code")
@click.argument("list_", metavar="LIST", type=click.Choice(list(codelists.LISTS)))
@click.argument("code")
@click.argument("zh")
@click.argument("en")
def code_(list_: str, code: str, zh: str, en: str) -> None:
    """给代码表添加本县的值。Add a county's own value to a code list."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        codes.add(connection, list_, code, zh, en)
        audit_log.append(connection, who, Action.RECORDED, f"code {list_}.{code}", zh=zh)
    say(f"已添加：{list_} {code} {zh}", f"Added: {list_} {code} {en}")
