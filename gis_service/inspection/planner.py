"""Who goes where on which day: territories first, then each team's days and order, then what the plan is worth."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from math import ceil

import numpy as np
from numpy.typing import NDArray

from gis_service.errors import InputError
from gis_service.inspection import bounds, keep, promises
from gis_service.inspection.calendar import working_days
from gis_service.inspection.checks import check
from gis_service.inspection.measure import measure
from gis_service.inspection.model import Round, Stop, Team, TeamDay, Terms, Visit, seconds
from gis_service.inspection.rota import Rota, Work, make_rota
from gis_service.inspection.shares import shares, within
from gis_service.inspection.territory import Ground, divide, exchange
from gis_service.inspection.travel import Straight, Ways
from gis_service.inspection.worth import Lift, lift

Progress = Callable[[str, str], None]


def _untold(_zh: str, _en: str) -> None:
    """Tell nobody."""


_ALONE = 300
"""Stops up to which other processes would take longer to start than they save."""


@dataclass
class Plan:
    """A plan: visits in order, each team's ways by day, what is not in it and why, and its figures."""

    teams: list[Team]
    visits: list[Visit]
    rounds: list[Round]
    unplanned: list[tuple[Stop, str]]
    gave_way: list[tuple[str, str]]
    figures: dict[str, float | int | None]
    lift: Lift | None = None
    kept: tuple[int, int] | None = None
    split: list[str] = field(default_factory=list)


def plan(
    stops: Sequence[Stop],
    teams: Sequence[Team],
    terms: Terms,
    ways: Ways | None = None,
    *,
    before: Mapping[str, keep.Before] | None = None,
    done: Mapping[str, keep.Before] | None = None,
    workers: int = 1,
    on_progress: Progress = _untold,
) -> Plan:
    """Make a plan.

    Parameters
    ----------
    stops, teams, terms
        What is to be visited, by whom, within what. Places are metres in one metric CRS.
    ways
        Travel; straight lines without.
    before
        Where unfinished stops stood in an earlier plan.
    done
        Where visits that are done stood: they take room on their days, and nothing else.
    workers
        Processes that plan teams side by side; what comes out does not depend on it.
    on_progress
        Told which stage begins.

    Raises
    ------
    InputError
        The input is no plan's, or there is none: one sentence that says what is missing.

    """
    ways = ways or Straight()
    stops = sorted(stops, key=lambda s: s.stop_id)
    check(stops, teams, terms)
    calendar = [_calendar(team, terms, done or {}) for team in teams]
    if not all(calendar):
        idle = next(team.name for team, days in zip(teams, calendar, strict=True) if not days)
        raise InputError(f"{idle}在计划期间没有工作日。", f"Team {idle} has no working day in the plan.")
    known = {d.day for days in calendar for d in days}
    late = next((s for s in stops if s.day is not None and s.day not in known), None)
    if late is not None:
        raise InputError(
            f"{late.stop_id} 指定在 {late.day}，当天没有组上班、已排满，或不在计划的天数内。",
            f"{late.stop_id} is pinned to {late.day}, on which no team works, none has room, or which is past the plan's days.",
        )
    unplanned: list[tuple[Stop, str]] = []
    stops = _reached(stops, teams, terms, ways, unplanned)
    fitting, shortages = bounds.screen(stops, calendar, terms)
    if shortages and not terms.partial:
        raise bounds.infeasible(shortages)
    unplanned += _no_room(stops, fitting, shortages)
    if not fitting:
        return _finished(list(teams), [], unplanned, 0, terms, before)
    on_progress("划分各组范围", "territories")
    team_of, moved = _territories(fitting, teams, calendar, terms, ways, before or {})
    works = _works(fitting, team_of, teams, calendar, terms, ways, before or {})
    on_progress("排定日期与顺序", "days and order")
    rotas = _made(works, workers if len(fitting) > _ALONE else 1)
    left = [pair for rota in rotas for pair in rota.left_out]
    if left and not terms.partial:
        raise _not_in_the_hours(left, fitting, calendar, terms)
    return _finished(list(teams), rotas, unplanned + left, moved, terms, before)


def _calendar(team: Team, terms: Terms, done: Mapping[str, keep.Before]) -> list[TeamDay]:
    """Return a team's days; one on which it has done visits holds the fewer, and begins after the last of them."""
    visited = [d for d in done.values() if d.team == team.name]
    out = []
    for day in working_days(team, terms):
        today = [d for d in visited if d.day == day]
        opens = max([seconds(terms.shift[0]), *(d.leave_s for d in today)])
        room = (team.per_day or terms.per_day) - len(today)
        if room > 0:
            out.append(TeamDay(day, room, opens, 1 + max((d.seq for d in today), default=0)))
    return out


def _reached(
    stops: list[Stop], teams: Sequence[Team], terms: Terms, ways: Ways, unplanned: list[tuple[Stop, str]]
) -> list[Stop]:
    """Return the stops that roads lead to from where the teams are; the others are refused or listed."""
    part = ways.parts(np.array([(s.x, s.y) for s in stops]))
    starts = [team.start for team in teams if team.start is not None]
    if starts:
        home = Counter(int(p) for p in ways.parts(np.array(starts)) if p >= 0)
    else:
        home = Counter(int(p) for p in part if p >= 0)
    if not home:
        raise InputError(
            "没有一栋房屋（或没有一个出发点）在道路附近；请核对道路与房屋的坐标系。",
            "No stop, or no start, is near a road; check the CRS of the roads and of the stops.",
        )
    main = min(home, key=lambda p: (-home[p], p))
    cut = [s for s, p in zip(stops, part, strict=True) if p != main]
    if cut and not terms.partial:
        others = len({int(p) for p in part if p not in (main, -1)})
        raise InputError(
            f"{len(cut):,} 栋没有道路可达（如 {cut[0].stop_id}；道路分成不相连的 {others + 1} 片）；"
            "请补道路，或选“只排排得下的”（--partial）。",
            f"No road leads to {len(cut):,} stops ({cut[0].stop_id} for one; the roads are {others + 1} parts that are not "
            "connected); add roads, or plan the others with --partial.",
        )
    unplanned += [(s, "没有道路可达") for s in cut]
    return [s for s, p in zip(stops, part, strict=True) if p == main]


def _no_room(
    stops: Sequence[Stop], fitting: Sequence[Stop], shortages: Sequence[bounds.Shortage]
) -> list[tuple[Stop, str]]:
    kept = {s.stop_id for s in fitting}
    out = []
    for stop in stops:
        if stop.stop_id not in kept:
            short = next((s for s in shortages if stop.due is None or s.day >= stop.due), shortages[-1])
            out.append((stop, f"{short.day} 前组日不足：{short.stops} 栋只能排 {short.fits} 栋"))
    return out


def _territories(
    stops: Sequence[Stop],
    teams: Sequence[Team],
    calendar: Sequence[Sequence[TeamDay]],
    terms: Terms,
    ways: Ways,
    before: Mapping[str, keep.Before],
) -> tuple[NDArray[np.int64], int]:
    """Return the team of each stop, and how many changed it for due days and pins."""
    unit = len({s.minutes for s in stops}) == 1
    weight = np.ones(len(stops), dtype=np.int64) if unit else np.array([s.minutes for s in stops], dtype=np.int64)
    xy = np.array([(s.x, s.y) for s in stops])
    _, village = np.unique(
        [f"v{s.village}" if s.village is not None else f"s{s.stop_id}" for s in stops], return_inverse=True
    )
    ground = Ground(xy, weight, village.astype(np.int64))
    position = {team.name: k for k, team in enumerate(teams)}
    pinned = np.array([position[s.team] if s.team is not None else -1 for s in stops], dtype=np.int64)
    rates = [float(team.per_day or terms.per_day) for team in teams]
    if any(s.stop_id in before for s in stops):
        usual = _usual(stops, terms)
        rooms = [{d.day: min(d.capacity, usual) for d in days} for days in calendar]
        team_of = np.array(keep.keep_teams(stops, teams, rates, before, rooms), dtype=np.int64)
    else:
        held = [int(weight[pinned == k].sum()) for k in range(len(teams))]
        anchors = [
            team.start or (_mean(xy[pinned == k]) if (pinned == k).any() else None) for k, team in enumerate(teams)
        ]
        typical = 1.0 if unit else float(weight.mean())
        most = [int(_room(days, stops, terms) * typical) for days in calendar]
        quota = within(shares(int(weight.sum()), rates, held), rates, held, most)
        free = np.flatnonzero(pinned < 0)
        some = Ground(xy[free], weight[free], ground.village[free])
        team_of = pinned.copy()
        team_of[free] = divide(some, rates, anchors, held, quota, None if isinstance(ways, Straight) else ways.apart)
    return team_of, _exchanged(ground, stops, team_of, pinned >= 0, calendar, terms)


def _mean(xy: NDArray[np.float64]) -> tuple[float, float]:
    x, y = xy.mean(axis=0)
    return float(x), float(y)


def _usual(stops: Sequence[Stop], terms: Terms) -> int:
    """Return how many stops of usual length fit into a shift, travel aside."""
    return int(terms.shift_s / (sum(s.minutes for s in stops) * 60 / len(stops)))


def _room(days: Sequence[TeamDay], stops: Sequence[Stop], terms: Terms) -> int:
    """Return how many stops of usual length a team can visit in its days, travel aside."""
    usual = _usual(stops, terms)
    return sum(min(d.capacity, usual) for d in days)


def _exchanged(
    ground: Ground,
    stops: Sequence[Stop],
    team_of: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    calendar: Sequence[Sequence[TeamDay]],
    terms: Terms,
) -> int:
    """Exchange stops in place until each team has room for those pinned to a day and those due by one."""
    usual = _usual(stops, terms)
    moved = 0
    for day in sorted({s.day for s in stops if s.day is not None}):
        wanted = np.array([s.day == day for s in stops])
        room = [sum(min(d.capacity, usual) for d in days if d.day == day) for days in calendar]
        moved += exchange(ground, team_of, wanted, np.array(room), fixed)
    end = bounds.last_day(calendar)
    for day in sorted({s.due for s in stops if s.due is not None and s.due < end}):
        wanted = np.array([s.due is not None and s.due <= day for s in stops])
        room = [sum(min(d.capacity, usual) for d in days if d.day <= day) for days in calendar]
        moved += exchange(ground, team_of, wanted, np.array(room), fixed | np.array([s.day is not None for s in stops]))
    return moved


def _works(
    stops: Sequence[Stop],
    team_of: NDArray[np.int64],
    teams: Sequence[Team],
    calendar: Sequence[Sequence[TeamDay]],
    terms: Terms,
    ways: Ways,
    before: Mapping[str, keep.Before],
) -> list[Work]:
    out = []
    for k, team in enumerate(teams):
        mine = tuple(stop for stop, t in zip(stops, team_of, strict=True) if t == k)
        days = tuple(calendar[k])
        kept: tuple[date | None, ...] = ()
        if before:
            kept = tuple(keep.kept_days(mine, team, {d.day: d.capacity for d in days}, before))
        out.append(Work(team.name, mine, team.start, days, terms, ways, kept))
    return out


def _made(works: list[Work], workers: int) -> list[Rota]:
    """Plan the teams, side by side in processes: the solver does not let go of the interpreter."""
    if workers <= 1 or len(works) < 2:
        return [make_rota(work) for work in works]
    # The longest first, so that the last one does not keep the others waiting.
    order = sorted(range(len(works)), key=lambda k: (-len(works[k].stops), k))
    with ProcessPoolExecutor(min(workers, len(works)), mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(make_rota, [works[k] for k in order]))
    by_position = dict(zip(order, found, strict=True))
    return [by_position[k] for k in range(len(works))]


def _not_in_the_hours(
    left: Sequence[tuple[Stop, str]], stops: Sequence[Stop], calendar: Sequence[Sequence[TeamDay]], terms: Terms
) -> InputError:
    """Return the refusal of a plan whose hours do not hold all stops."""
    far = [(s, why) for s, why in left if why.startswith("往返")]
    if far:
        stop, why = far[0]
        return InputError(
            f"{stop.stop_id} {why}（共 {len(far)} 栋）；请改出发点、班次，或选“只排排得下的”（--partial）。",
            f"{stop.stop_id} and {len(far) - 1} more cannot be reached, visited and left within one shift; change the start "
            "or the shift, or plan the others with --partial.",
        )
    urgency = min(s.urgency for s, _ in left)
    gone = [s for s, _ in left if s.urgency == urgency]
    day = min([s.due for s in gone if s.due is not None] + [bounds.last_day(calendar)])
    count = sum(s.urgency == urgency for s in stops)
    missing = ceil(sum(s.minutes for s, _ in left) * 60 / terms.shift_s)
    return bounds.infeasible([bounds.Shortage(day, urgency, count, count - len(gone), missing)])


def _finished(
    teams: list[Team],
    rotas: Sequence[Rota],
    unplanned: list[tuple[Stop, str]],
    moved: int,
    terms: Terms,
    before: Mapping[str, keep.Before] | None,
) -> Plan:
    """Measure a plan."""
    order = {team.name: k for k, team in enumerate(teams)}
    visits = sorted((v for r in rotas for v in r.visits), key=lambda v: (order[v.team], v.day, v.seq))
    rounds = sorted((r for rota in rotas for r in rota.rounds), key=lambda r: (order[r.team], r.day))
    unplanned = sorted(unplanned, key=lambda pair: pair[0].stop_id)
    split = promises.split_villages(visits)
    figures = measure(visits, rounds, teams, terms)
    planned = {v.stop.stop_id: (v.team, v.day) for v in visits}
    return Plan(
        teams,
        visits,
        rounds,
        unplanned,
        promises.gave_way(visits, teams, terms, unplanned, moved),
        figures,
        lift(visits, terms.seed),
        keep.kept_share(planned, before) if before else None,
        split,
    )
