"""``gis-service route``: stops in, a plan of territories, days and routes out; no database."""

from __future__ import annotations

import re
import time as clock_
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import click

from gis_service.density.compute.executor import cores
from gis_service.errors import InputError
from gis_service.files import check_output
from gis_service.ingest.headings import COORDINATES
from gis_service.ingest.options import reading_any
from gis_service.ingest.values import BadValueError
from gis_service.ingest.vector import read_vector
from gis_service.inspection import read
from gis_service.inspection.adjust import Share, shared
from gis_service.inspection.calendar import unknown_years
from gis_service.inspection.geopackage import layers, write
from gis_service.inspection.keep import Before, kept_share
from gis_service.inspection.model import Terms
from gis_service.inspection.planner import Plan, plan
from gis_service.inspection.travel import TRAVEL_DEFAULTS
from gis_service.say import say, steps, warn
from gis_service.settings import DEFAULTS, default


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return read.day(value)
    except BadValueError as bad:
        raise click.BadParameter(bad.sentence[0]) from bad


def _span(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[time, time] | None:
    if value is None or value == "":
        return None
    found = re.fullmatch(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", value)
    try:
        if found:
            a, b, c, d = (int(part) for part in found.groups())
            if time(a, b) < time(c, d):
                return time(a, b), time(c, d)
    except ValueError:
        pass
    raise click.BadParameter("HH:MM-HH:MM")


def _workdays(_context: click.Context, _option: click.Parameter, value: str) -> frozenset[int]:
    if not re.fullmatch(r"[1-7]+", value):
        raise click.BadParameter("1 至 7 的数字，周一为 1 (digits 1 to 7, Monday is 1)")
    return frozenset(int(digit) for digit in value)


def _work_srid(_context: click.Context, _option: click.Parameter, value: str) -> str | int:
    if value != "auto" and not value.isdigit():
        raise click.BadParameter("auto 或 EPSG 编号 (auto, or an EPSG number)")
    return value if value == "auto" else int(value)


def _share(_context: click.Context, _option: click.Parameter, value: str | None) -> Share | None:
    if value is None:
        return None
    day, _, names = value.partition("=")
    both = [name.strip() for name in names.replace("，", ",").split(",")]
    parsed = _day(_context, _option, day)
    if parsed is None or len(both) != 2 or not all(both):
        raise click.BadParameter("写成 2026-03-02=一组,二组 (write DATE=TEAM,TEAM)")
    return Share(parsed, (both[0], both[1]))


_FILE = click.Path(exists=True, dir_okay=True, path_type=Path)


@click.command()
@click.argument("stops", type=_FILE)
@reading_any
@click.option(
    "--teams", required=True, help="组数，或分组文件（name、出发点、per_day、days_off）。Number, or a file of teams."
)
@click.option("--per-day", type=int, required=True, help="每组每日最多栋数。Stops of a team on a day, at most.")
@click.option("--start", required=True, callback=_day, help="开始日。First day.")
@click.option("--deadline", callback=_day, help="截止日，是上限。Last day: a limit.")
@click.option("--days", type=int, help="每组最多工作日数。Working days of a team, at most.")
@click.option("--shift", default="08:30-17:30", show_default=True, callback=_span, help="班次。Shift.")
@click.option(
    "--lunch", default="12:00-13:00", show_default=True, callback=_span, help="午休；空字符串为无。Lunch; empty: none."
)
@click.option(
    "--workdays", default="12345", show_default=True, callback=_workdays, help="工作日，周一为 1。Days of the week."
)
@click.option(
    "--holidays",
    type=_FILE,
    help="csv 或 xlsx：date、kind（off 或 work），优先于国务院安排。Days of one's own, off or work.",
)
@click.option(
    "--minutes", type=click.IntRange(1, 1440), default=int(default("visit_minutes")), show_default=True,
    help="没有 minutes 列时每栋用时。Minutes a stop, without a column minutes.",
)  # fmt: skip
@click.option(
    "--roads", type=_FILE, help="道路文件；不给则按直线乘系数。Roads; without: straight lines times a factor."
)
@click.option("--roads-layer", help="道路图层。Layer of the roads.")
@click.option(
    "--work-srid",
    default="auto",
    show_default=True,
    callback=_work_srid,
    help="计算坐标系 EPSG 编号。EPSG number of the metric CRS.",
)
@click.option(
    "--previous", type=_FILE, help="以前的计划 PLAN.gpkg：已完成的不动，未完成的尽量不改。An earlier plan to keep to."
)
@click.option(
    "--share",
    metavar="DATE=TEAM,TEAM",
    callback=_share,
    help="同 --previous 一起：把某日剩下的由两组分担，其余不变。Share the rest of a day between two teams.",
)
@click.option("--partial", is_flag=True, help="只排排得下的，其余列出原因。Plan what fits, list the rest.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="随机种子。Seed.")
@click.option(
    "--iterations", type=click.IntRange(1), default=int(default("route_iterations")), show_default=True,
    help="每组求解步数。Steps of the solver, for each team.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="进程数，默认为核数。Processes; default: one a core.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="输出 .gpkg。")
def route(*, stops: Path, out: Path, **asked: Any) -> None:
    """排查计划：谁在哪天去哪里。Who goes where on which day: territories, days, order.

    STOPS 为 GDAL 可读的点或面；无需数据库。
    """
    if out.suffix.lower() != ".gpkg":
        raise click.BadParameter("须为 .gpkg (must end in .gpkg)", param_hint="--out")
    files = [asked[name] for name in ("roads", "previous", "holidays") if asked[name] is not None]
    teams_file = None if asked["teams"].strip().lstrip("-").isdigit() else Path(asked["teams"])
    check_output(out, stops, *files, *([teams_file] if teams_file else []))
    begun = clock_.monotonic()
    terms = _terms(asked)
    found, made, rows = _made(stops, teams_file, terms, asked)
    kept = rows if rows is None else rows.sort_values(["team", "day", "seq"])
    gone = [(i, "已完成，没有以前的计划可照抄") for i in found.done if kept is None or i not in set(kept["stop_id"])]
    tables = layers(
        made, found.crs, done=kept, left_out=[*found.nowhere, *gone], seconds=clock_.monotonic() - begun,
        parameters=_parameters(terms, asked), sha256=found.sha256,
    )  # fmt: skip
    write(tables, out)
    _tell(made, out)


def _terms(asked: dict[str, Any]) -> Terms:
    return Terms(
        asked["per_day"], asked["start"], asked["deadline"], asked["days"], asked["shift"], asked["lunch"],
        workdays=asked["workdays"], holidays=read.read_holidays(asked["holidays"]) if asked["holidays"] else {},
        seed=asked["seed"], iterations=asked["iterations"], partial=asked["partial"],
    )  # fmt: skip


def _made(stops: Path, teams_file: Path | None, terms: Terms, asked: dict[str, Any]) -> tuple[read.Stops, Plan, Any]:
    fields: dict[str, str] = asked["fields"]
    columns = {ours: theirs for ours, theirs in fields.items() if ours in COORDINATES}
    layer = read_vector(stops, asked["layer"], asked["encoding"], asked["crs"], coordinates=columns)
    others = {ours: theirs for ours, theirs in fields.items() if ours not in COORDINATES}
    found = read.read_stops(
        layer, stops, others, asked["work_srid"], asked["minutes"], asked["accept_accuracy"], partial=terms.partial
    )
    for note in found.notes:
        warn(*note)
    if teams_file is not None and not teams_file.exists():
        raise InputError(
            f"--teams {teams_file}：既不是组数，也没有这个文件。",
            f"--teams {teams_file} is neither a number nor a file.",
        )
    teams = (
        read.name_teams(int(asked["teams"]), found.stops)
        if teams_file is None
        else read.read_teams(teams_file, found.crs)
    )
    ways = read.read_roads(asked["roads"], asked["roads_layer"], found.crs) if asked["roads"] else None
    before: dict[str, Before] = {}
    done: dict[str, Before] = {}
    rows = None
    if asked["previous"] is not None:
        earlier = read.read_previous(asked["previous"], found.crs)
        names = set(found.done)
        done = {stop_id: stood for stop_id, stood in earlier.stood.items() if stop_id in names}
        before = {stop_id: stood for stop_id, stood in earlier.stood.items() if stop_id not in names}
        rows = earlier.rows[earlier.rows["stop_id"].isin(names)]
    stood = before
    if asked["share"] is not None:
        if asked["previous"] is None:
            raise click.UsageError("--share 要同 --previous 一起用 (--share needs --previous)")
        places = {} if rows is None else {r.stop_id: (r.geometry.x, r.geometry.y) for r in rows.itertuples()}
        before = shared(asked["share"], found.stops, teams, before, done, places, terms, ways)
        terms = replace(terms, saving=1.0)  # nothing else may move
    with steps(2, patience_s=2.0) as step:
        made = plan(
            found.stops, teams, terms, ways, before=before, done=done, workers=asked["workers"] or cores(),
            on_progress=step,
        )  # fmt: skip
    if stood:
        made.kept = kept_share({v.stop.stop_id: (v.team, v.day) for v in made.visits}, stood)
    unknown = unknown_years([visit.day for visit in made.visits])
    if unknown:
        years = "、".join(map(str, unknown))
        warn(
            f"{years} 年的放假安排未知，只按星期计算；请用 --holidays 给出。",
            f"holidays of {years} are not known, only days of the week count; give them with --holidays.",
        )
    return found, made, rows


def _parameters(terms: Terms, asked: dict[str, Any]) -> dict[str, Any]:
    """Return all that decides the plan, as JSON takes it; what was not asked is left out."""
    out = {name: _plain(value) for name, value in asked.items() if name not in {"workers", "fields"} and value}
    return out | {
        "workdays": "".join(str(day) for day in sorted(terms.workdays)),
        "holidays": {day.isoformat(): "off" if off else "work" for day, off in terms.holidays.items()},
        "defaults": {name: DEFAULTS[name].value for name in (*TRAVEL_DEFAULTS, "replan_saving")},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name  # where a file lay is nobody's business
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Share):
        return f"{value.day.isoformat()}={','.join(value.teams)}"
    if isinstance(value, tuple):  # a span of the day
        return "-".join(f"{end:%H:%M}" for end in value)
    return value


def _tell(made: Plan, out: Path) -> None:
    f = made.figures
    days = len(made.rounds)
    say(
        f"{f['teams']} 组，{f['stops']:,} 栋，{days:,} 个组日，路程 {float(f['travel_m'] or 0) / 1000:,.1f} 千米 → {out}",
        f"{f['teams']} teams, {f['stops']:,} stops, {days:,} team-days, {float(f['travel_m'] or 0) / 1000:,.1f} km → {out}",
    )
    if made.unplanned:
        say(
            f"未排入 {len(made.unplanned):,} 栋，原因见图层 unplanned。",
            f"{len(made.unplanned):,} stops unplanned: layer unplanned says why.",
        )
    if made.kept is not None:
        say(
            f"未完成的 {made.kept[1]:,} 栋中 {made.kept[0]:,} 栋组和日期不变。",
            f"{made.kept[0]:,} of {made.kept[1]:,} unfinished stops kept team and day.",
        )
    for zh, en in made.gave_way:
        warn(zh, en)
