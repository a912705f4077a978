"""``gis-service work``: what is to be done, who works where, how often houses are looked at."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.cases import rules
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.duties import people
from gis_service.duties import work as works
from gis_service.export.mark import Mark
from gis_service.export.rows import write_rows
from gis_service.identity import operator
from gis_service.say import say


@click.group()
def work() -> None:
    """工作清单：应办事项、网格人员、巡查间隔。What is to be done, and who works where."""


@work.command(name="list")
@click.option("--place", multiple=True, help="乡镇、村或网格代码，可多次。Unit, village or cell; more than once.")
@click.option("--department", help="行业主管部门代码。A department's code.")
@click.option("--kind", type=click.Choice(list(works.KIND)), help="只要一类事项。One kind alone.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写成 .xlsx 或 .csv。Write a file.")
def list_(place: tuple[str, ...], department: str | None, kind: str | None, out: Path | None) -> None:
    """今天为止应办的事。What is to be done by today."""
    prepare()
    asked = works.Asked(place or None, department)
    with transaction(operator(), read_only=True) as connection:
        counts = works.counts(connection, asked)
        rows = works.listed(connection, asked, kind, works.EXPORT_MAX) if out else []
        known = rules.rules(connection)
    for code, count in counts.items():
        zh, en = works.KIND[code]
        say(
            f"{zh}：{count['number']:,}（严重 {count['severe']:,}）",
            f"{en}: {count['number']:,} ({count['severe']:,} severe)",
        )
    if out:
        write_rows(works.HEADINGS, works.rows_of(rows, known), out, title="工作清单", mark=Mark(operator().account))
        say(f"已写入 {out}，{len(rows):,} 行。", f"Wrote {out}, {len(rows):,} rows.")


@work.command(name="assign")
@click.option("--account", required=True, help="账号。Account.")
@click.option("--place", required=True, help="县、乡镇、村或网格代码。Code of the place.")
@click.option("--kind", type=click.Choice(list(people.KIND)), default="grid", show_default=True, help="职责。Duty.")
@click.option("--name", required=True, help="姓名。Name.")
@click.option("--title", help="职务。Office.")
@click.option("--end", is_flag=True, help="不再负责。The duty ends.")
def assign(account: str, place: str, kind: people.Kind, name: str, title: str | None, end: bool) -> None:
    """安排人员。Give an account a place, or take it back."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        row = people.assign(connection, people.Duty(account, kind, place, name, title, holds=not end))
        audit_log.append(connection, who, Action.DUTY_SET, place, account=account, kind=kind, name=name, holds=not end)
    zh, en = people.KIND[kind]
    where = row["place_name"] or place
    if end:
        say(f"{name} 不再是 {where} 的{zh}。", f"{name} is no longer {en} of {where}.")
    else:
        say(f"{name} 是 {where} 的{zh}。", f"{name} is {en} of {where}.")


@work.command(name="people")
def people_() -> None:
    """谁负责哪里。Who works where."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        rows = people.held(connection)
    for row in rows:
        zh, en = people.KIND[row["kind"]]
        where = row["place_name"] or row["place"]
        say(f"{where}　{zh}　{row['name']}　{row['account']}", f"{where}, {en}: {row['name']} ({row['account']})")


@work.command(name="patrols")
@click.argument("subject", type=click.Choice(list(people.SUBJECT)), required=False)
@click.option("--days", type=click.IntRange(1, 3650), help="最多间隔天数。Days at most.")
@click.option("--source", help="依据。Where the number comes from.")
def patrols(subject: str | None, days: int | None, source: str | None) -> None:
    """看或改巡查间隔。Look at the days between two looks, or set them."""
    if (subject is None) != (days is None):
        raise click.UsageError("SUBJECT and --days go together")
    prepare()
    who = operator()
    with transaction(who) as connection:
        if subject is not None and days is not None:
            people.set_patrol_rule(connection, subject, days, source)
            audit_log.append(connection, who, Action.PATROL_RULE_SET, subject, days=days, basis=source)
        rows = people.patrol_rules(connection)
    for row in rows:
        zh, en = people.SUBJECT[row["subject"]]
        say(f"{zh}：{row['days']} 天　{row['source'] or ''}", f"{en}: {row['days']} days  {row['source'] or ''}")


@work.command(name="rewards")
def rewards() -> None:
    """发现严重隐患的排查。Visits that led to a judgement of severe."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        rows = works.rewards(connection)
    for row in rows:
        say(
            f"{row['visited_on']}　{row['account']}　{row['building_id']}",
            f"{row['visited_on']} {row['account']} {row['building_id']}",
        )
    say(f"共 {len(rows):,} 次。", f"{len(rows):,} in all.")
