"""``gis-service plan``: plans over the database: make, list, show, replan, publish, export."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pyproj import CRS
from sqlalchemy import Connection, text

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction, work_srid
from gis_service.db.queries import statement
from gis_service.db.ready import prepare
from gis_service.density.compute.executor import cores
from gis_service.errors import InputError, NotFoundError
from gis_service.export.mark import Mark
from gis_service.files import check_output
from gis_service.identity import operator
from gis_service.ingest.values import BadValueError
from gis_service.inspection import read as files
from gis_service.inspection.model import Team
from gis_service.inspection.stored import edit, make
from gis_service.inspection.stored.conditions import Conditions
from gis_service.inspection.stored.export import write_plan
from gis_service.inspection.stored.read import STATES, read_plan, with_days
from gis_service.say import say, steps, warn
from gis_service.selection.command import ask_of_options, conditions, files_of_options
from gis_service.selection.published import ensure_published
from gis_service.selection.select import parameters_of, run_selection
from gis_service.settings import default


class _Day(click.ParamType[dt.date]):
    """A day, as files write them."""

    name = "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        """Return the day."""
        try:
            return files.day(value)
        except BadValueError as bad:
            self.fail(bad.sentence[0], param, ctx)


_DAY = _Day()
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NUMBER = click.IntRange(1, 2**31 - 1)


@click.group(name="plan")
def plan_() -> None:
    """排查计划：谁在哪天去哪里。Inspection plans: who goes where on which day."""


def _limits(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.option("--per-day", type=click.IntRange(1, 1000), required=True, help="每组每日最多栋数。Stops of a team on a day, at most."),
            click.option("--start", type=_DAY, required=True, help="开始日。First day."),
            click.option("--deadline", type=_DAY, help="截止日，是上限。Last day: a limit."),
            click.option("--days", type=click.IntRange(1, 1000), help="最多工作日数。Working days, at most."),
            click.option("--due", multiple=True, metavar="URGENCY=DATE", help="某一缓急的期限，如 1=2022-09-30。Last day of an urgency."),
            click.option("--shift", default="08:30-17:30", show_default=True, help="班次。Shift."),
            click.option("--lunch", default="12:00-13:00", show_default=True, help="午休；空字符串为无。Lunch; empty: none."),
            click.option("--workdays", default="12345", show_default=True, help="工作日，周一为 1。Days of the week."),
            click.option("--holidays", type=_FILE, help="csv 或 xlsx：date、kind（off 或 work）。Days of one's own."),
            click.option("--minutes", type=click.IntRange(1, 1440), default=int(default("visit_minutes")), show_default=True, help="每栋用时。Minutes a stop."),
            click.option("--no-roads", is_flag=True, help="不按道路，按直线乘系数。Straight lines in place of roads."),
            click.option("--partial", is_flag=True, help="只排排得下的，其余列出原因。Plan what fits, list the rest."),
            click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True),
            click.option("--iterations", type=click.IntRange(1, 100_000), default=int(default("route_iterations")), show_default=True, help="每组求解步数。Steps of the solver, for each team."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@plan_.command("make")
@click.argument("name")
@click.option("--list", "run_id", type=_NUMBER, help="选取编号；不给则按选取条件，都不给则用全县名单。A selection run.")
@conditions
@click.option("--teams", required=True, help="组数，或分组文件。Number of teams, or a file of them.")
@_limits
def make_(*, name: str, run_id: int | None, teams: str, **given: Any) -> None:
    """编排一个计划。Make a plan from a list, an area or conditions."""
    check_names(name)
    prepare()
    asked = _conditions(given)
    who = operator()
    selected = any(given[key] for key in ("zones", "areas", "rules", "within", "without", "townships", "operating"))
    if run_id is not None and selected:
        raise click.UsageError("--list 与选取条件只能给一种 (--list or conditions, not both)")
    check_output(Path("plan.gpkg"), *files_of_options(given))
    with transaction(who) as connection:
        if run_id is not None:
            parameters_of(connection, run_id)
        elif selected:
            run_id = run_selection(connection, ask_of_options(connection, given)).run_id
        else:
            run_id = ensure_published(connection)
            if run_id is None:
                raise NotFoundError(
                    "尚未发布名单；请先运行 gis-service runs publish 编号，或用 --list、选取条件指定房屋。",
                    "No list is published; run gis-service runs publish NUMBER, or name houses by --list or conditions.",
                )
    with steps(2, patience_s=2.0) as step:
        plan_id = make.make_now(
            who, name, run_id, asked, teams_of(teams), workers=cores(), on_progress=step
        )  # fmt: skip
    with transaction(who) as connection:
        audit_log.append(connection, who, Action.PLAN_MADE, f"plan {plan_id}", name=name, run=run_id)
        tell(connection, plan_id)


def check_names(name: str) -> None:
    """Refuse a name that is none."""
    if not name.strip():
        raise click.BadParameter("不能为空 (may not be empty)", param_hint="NAME")


def _conditions(given: dict[str, Any]) -> Conditions:
    due = {}
    for written in given["due"]:
        urgency, _, day = written.partition("=")
        if urgency not in {"1", "2", "3", "4"}:
            raise click.BadParameter("写成 1=2022-09-30 (write URGENCY=DATE)", param_hint="--due")
        due[int(urgency)] = _DAY.convert(day, None, None)
    return Conditions(
        given["per_day"], given["start"], given["deadline"], given["days"], given["shift"], given["lunch"],
        given["workdays"], files.read_holidays(given["holidays"]) if given["holidays"] else {}, given["minutes"], due,
        not given["no_roads"], given["partial"], given["seed"], given["iterations"],
    )  # fmt: skip


def teams_of(written: str) -> list[Team]:
    """Return so many teams, or those of a file."""
    if written.strip().lstrip("-").isdigit():
        return files.name_teams(int(written), [])
    path = Path(written)
    if not path.exists():
        raise InputError(
            f"--teams {written}：既不是组数，也没有这个文件。", f"--teams {written} is neither a number nor a file."
        )
    return files.read_teams(path, CRS.from_epsg(work_srid()))


def tell(connection: Connection, plan_id: int, version: int | None = None) -> None:
    """Say what a version of a plan is."""
    stored = with_days(connection, read_plan(connection, plan_id, version))
    head, figures = stored.head, stored.figures()
    say(
        f"第 {plan_id} 号计划“{head['name']}”第 {head['version']} 版（{STATES[head['state']]}）：{figures['teams']} 组，"
        f"{figures['stops']:,} 栋，{len(stored.rounds):,} 个组日，路程 {float(figures['travel_m'] or 0) / 1000:,.1f} 千米，"
        f"路上占 {100 * float(figures['travel_share'] or 0):.0f} %",
        f"Plan {plan_id} {head['name']!r}, version {head['version']} ({head['state']}): {figures['teams']} teams, "
        f"{figures['stops']:,} stops, {len(stored.rounds):,} team-days, {float(figures['travel_m'] or 0) / 1000:,.1f} km, "
        f"{100 * float(figures['travel_share'] or 0):.0f} % of the time on the way",
    )
    summary = head["summary"]
    if summary.get("unplanned"):
        say(f"未排入 {summary['unplanned']:,} 栋。", f"{summary['unplanned']:,} stops unplanned.")
    if summary.get("kept"):
        same, all_ = summary["kept"]
        say(
            f"未完成的 {all_:,} 栋中 {same:,} 栋组和日期不变。",
            f"{same:,} of {all_:,} unfinished stops kept team and day.",
        )
    for fault in summary.get("broken", [])[:20]:
        warn(fault["zh"], fault["en"])
    for year in summary.get("unknown_years", []):
        warn(f"{year} 年的放假安排未知，只按星期计算。", f"holidays of {year} are not known.")


@plan_.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(limit: int) -> None:
    """列出计划。List plans."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        for row in connection.execute(text(statement("plans.listed")), {"limit": limit}).mappings():
            published = f"  发布 v{row['published']}" if row["published"] else ""
            click.echo(
                f"{row['plan_id']:>5}  v{row['version']:<3} {STATES[row['state']]}  {row['stops']:,}"
                f"  {row['changed_at'].astimezone():%Y-%m-%d %H:%M}  {row['name']}{published}"
            )


@plan_.command()
@click.argument("plan_id", type=_NUMBER)
@click.option("--version", type=_NUMBER, help="默认最新。The newest by default.")
def show(plan_id: int, version: int | None) -> None:
    """一个计划：各组各日。One plan: teams by days."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        tell(connection, plan_id, version)
        stored = with_days(connection, read_plan(connection, plan_id, version))
    days = sorted({day for _, day in stored.rounds})
    for team in stored.teams:
        mine = [stored.rounds.get((team.name, day)) for day in days]
        cells = " ".join(f"{r.stops:>3}" if r else "  –" for r in mine)
        click.echo(f"{team.name}\t{cells}\t{sum(r.stops for r in mine if r):,}")
    click.echo("\t" + " ".join(f"{day.day:>3}" for day in days))


@plan_.command()
@click.argument("plan_id", type=_NUMBER)
@click.option("--from", "from_day", type=_DAY, required=True, help="从哪天起重排。From which day on.")
@click.option("--done-through", type=_DAY, help="到这一天为止都已排查。All up to this day is done.")
@click.option("--ill", multiple=True, metavar="TEAM=DATE", help="某组从某日起缺席。A team is gone from a day on.")
@click.option("--joins", multiple=True, metavar="TEAM=DATE", help="某组从某日起加入。A team joins from a day on.")
@click.option("--slower", multiple=True, metavar="TEAM=N", help="某组每日改为 N 栋。A team does N a day from now on.")
@click.option("--add-list", "add_run", type=_NUMBER, help="加入另一份名单的房屋。Houses of another list come in.")
@click.option("--add", "add_houses", multiple=True, metavar="BUILDING_ID", help="加入一栋房屋。A house comes in.")
@click.option(
    "--share", metavar="DATE=TEAM,TEAM", help="把某日剩下的由两组分担。Share the rest of a day between two teams."
)
def replan(plan_id: int, from_day: dt.date, share: str | None, **given: Any) -> None:
    """重排：已完成的不动，未完成的尽量不改。Replan: what is done stays, the rest changes little."""
    prepare()
    who = operator()
    if share is not None:
        day, one, other = _shared(share)
        with transaction(who) as connection:
            head = read_plan(connection, plan_id).head
            seen = edit.Seen(plan_id, head["version"], head["revision"])
            edit.share_day(connection, seen, day, one, other)
            audit_log.append(connection, who, Action.PLAN_CHANGED, f"plan {plan_id}", share=share)
            tell(connection, plan_id)
        return
    with transaction(who, read_only=True) as connection:
        old = read_plan(connection, plan_id)
    teams = make.changed_teams(
        old.teams, _pairs(given["ill"], _DAY), _pairs(given["joins"], _DAY), _pairs(given["slower"], _NUMBER)
    )
    changes = make.Changes(from_day, given["done_through"], teams, list(given["add_houses"]), given["add_run"])
    with steps(2, patience_s=2.0) as step:
        version = make.replan_now(who, plan_id, changes, workers=cores(), on_progress=step)
    with transaction(who) as connection:
        audit_log.append(
            connection, who, Action.PLAN_MADE, f"plan {plan_id}", version=version, replan=changes.as_dict()
        )
        tell(connection, plan_id)


def _shared(written: str) -> tuple[dt.date, str, str]:
    day, _, names = written.partition("=")
    both = [n.strip() for n in names.replace("，", ",").split(",")]
    if len(both) != 2 or not all(both):
        raise click.BadParameter("写成 2022-09-13=一组,二组 (write DATE=TEAM,TEAM)", param_hint="--share")
    return _DAY.convert(day, None, None), both[0], both[1]


def _pairs(written: tuple[str, ...], kind: click.ParamType[Any]) -> dict[str, Any]:
    out = {}
    for one in written:
        name, separator, value = one.partition("=")
        if not separator or not name.strip():
            raise click.BadParameter(f"{one}：写成 组名=值 (write TEAM=VALUE)")
        out[name.strip()] = kind.convert(value, None, None)
    return out


@plan_.command()
@click.argument("plan_id", type=_NUMBER)
def publish(plan_id: int) -> None:
    """发布最新一版。Publish the newest version."""
    prepare()
    who = operator()
    with transaction(who) as connection:
        head = read_plan(connection, plan_id).head
        version = edit.publish(connection, edit.Seen(plan_id, head["version"], head["revision"]))
        audit_log.append(connection, who, Action.PLAN_PUBLISHED, f"plan {plan_id}", version=version)
        tell(connection, plan_id)


@plan_.command()
@click.argument("plan_id", type=_NUMBER)
@click.option("--version", type=_NUMBER, help="默认最新。The newest by default.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=".xlsx .gpkg .geojson")
def export(plan_id: int, version: int | None, out: Path) -> None:
    """导出整个计划。Export a plan as a file."""
    check_output(out)
    prepare()
    who = operator()
    with transaction(who) as connection:
        count = write_plan(connection, plan_id, version, out, Mark(who.account))
        audit_log.append(connection, who, Action.EXPORTED, out.name, plan=plan_id, rows=count)
    say(f"已写入 {out}（{count:,} 栋）", f"Wrote {out} ({count:,} stops)")
