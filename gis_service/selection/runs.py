"""``gis-service runs``: what was computed, how two runs differ, and one again."""

from __future__ import annotations

import click
from sqlalchemy import RowMapping, text

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.db.ready import prepare
from gis_service.identity import operator
from gis_service.say import say, warn
from gis_service.selection.published import about, publish, withdraw
from gis_service.selection.select import ask_of, compare, latest_run, parameters_of, run_selection
from gis_service.selection.terms import changes

_SHOWN = 20


@click.group(invoke_without_command=True)
@click.pass_context
def runs(context: click.Context) -> None:
    """历次计算：列出、比较、重做。List, compare and repeat runs."""
    prepare()
    if context.invoked_subcommand is None:
        context.invoke(list_)


@runs.command(name="list")
@click.option("--limit", default=20, show_default=True)
def list_(limit: int = 20) -> None:
    """列出最近的计算。List the latest runs."""
    with transaction(operator(), read_only=True) as connection:
        asked = {"limit": limit, "kind": None}
        for row in connection.execute(text(statement("runs.list")), asked).mappings():
            started = row["started_at"].astimezone().strftime("%Y-%m-%d %H:%M")
            click.echo(
                f"{row['run_id']:>5}  {row['kind']:<10} {started}  data {row['data_version']}  {row['selected']:,}"
                f"{_state(row)}"
            )


def _state(row: RowMapping) -> str:
    if row["kind"] != "selection":
        return ""
    state = "  草稿 draft" if row["published_at"] is None else "  已发布 published"
    return state + (f"  {row['name']}" if row["name"] else "")


@runs.command(name="publish")
@click.argument("run_id", type=int)
def publish_(run_id: int) -> None:
    """发布名单：页面、乡镇和打印件改用它。Make a list the county's."""
    with transaction(operator()) as connection:
        before = latest_run(connection)
        publish(connection, run_id)
        audit_log.append(connection, operator(), Action.PUBLISHED, f"run {run_id}", before=before)
    say(f"第 {run_id} 号名单已发布。", f"List {run_id} is published.")


@runs.command(name="withdraw")
@click.argument("run_id", type=int)
def withdraw_(run_id: int) -> None:
    """撤回已发布的名单。Take the county's list back."""
    with transaction(operator()) as connection:
        withdraw(connection, run_id)
        audit_log.append(connection, operator(), Action.WITHDRAWN, f"run {run_id}")
    say(f"第 {run_id} 号名单已撤回，现在没有已发布的名单。", f"List {run_id} is withdrawn; no list is published now.")


@runs.command()
@click.argument("before", type=int)
@click.argument("after", type=int)
def diff(before: int, after: int) -> None:
    """比较两次选取：新增、移出、变化。Compare two selections."""
    with transaction(operator(), read_only=True) as connection:
        result = compare(connection, before, after)
    say(
        f"新增 {len(result['new']):,}，移出 {len(result['gone']):,}，变化 {len(result['changed']):,}",
        f"{len(result['new']):,} new, {len(result['gone']):,} gone, {len(result['changed']):,} changed",
    )
    for change, sign in (("new", "+"), ("gone", "-"), ("changed", "~")):
        for row in result[change][:_SHOWN]:
            named = f"{row['name']}  " if row["name"] else ""
            click.echo(
                f"{sign} {named}{row['building_id']}  {row['score_before'] or '—'} → {row['score_after'] or '—'}"
            )
        if len(result[change]) > _SHOWN:
            click.echo(f"{sign} … {len(result[change]) - _SHOWN:,}")


@runs.command()
@click.argument("run_id", type=int)
def repeat(run_id: int) -> None:
    """用同样的条件在现有数据上重做。Repeat a selection on today's data."""
    with transaction(operator()) as connection:
        changed = changes(parameters_of(connection, run_id))
        outcome = run_selection(connection, ask_of(connection, run_id), about(connection, run_id)["name"])
        what = f"run {outcome.run_id}"
        audit_log.append(connection, operator(), Action.SELECTED, what, selected=outcome.selected, repeats=run_id)
    say(
        f"第 {outcome.run_id} 号选取：{outcome.selected:,} 栋",
        f"Selection run {outcome.run_id}: {outcome.selected:,} buildings",
    )
    for zh, en in changed:
        warn(zh, en)
