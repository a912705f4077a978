"""One day by hand: stops in a given order get their hours; a stop finds its best place; a day is shared by two teams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gis_service.errors import InputError
from gis_service.inspection.clock import Hours
from gis_service.inspection.keep import Before
from gis_service.inspection.model import Round, Stop, Team, Terms, Visit, seconds
from gis_service.inspection.shares import shares
from gis_service.inspection.territory import Ground, divide
from gis_service.inspection.travel import Straight, Table, Ways

_SHARE_STEPS = 300
"""Steps of the solver for each half of a shared day: at most a few dozen stops."""


@dataclass(frozen=True)
class Outing:
    """A team's day as it is kept by hand: where it sets out, from when, its stops in order, where it goes back to.

    Without a ``home`` that is where it sets out.
    """

    team: str
    day: date
    start: tuple[float, float]
    stops: tuple[Stop, ...]
    opens_s: int
    first_seq: int = 1
    home: tuple[float, float] | None = None


@dataclass(frozen=True)
class Timed:
    """An outing with its hours; ``over_s`` is how long after the shift's end the team is back (0 or less: in time)."""

    visits: list[Visit]
    round: Round
    ends_s: int
    over_s: int


def hours(terms: Terms, opens_s: int) -> Hours:
    """Return the clock of a day that begins at ``opens_s``."""
    lunch = (seconds(terms.lunch[0]), seconds(terms.lunch[1])) if terms.lunch else (0, 0)
    return Hours(opens_s, seconds(terms.shift[1]), lunch)


def timed(outing: Outing, terms: Terms, ways: Ways | None = None) -> Timed:
    """Give the stops of an outing their hours, in the order in which they stand."""
    table = _table(outing, (), ways)
    return _timed(outing, list(range(len(outing.stops))), terms, table)


def _table(outing: Outing, more: Sequence[Stop], ways: Ways | None) -> Table:
    places = [outing.start, outing.home or outing.start, *((s.x, s.y) for s in (*outing.stops, *more))]
    return (ways or Straight()).table(np.array(places, dtype=float))


def _legs(way: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise([0, *[i + 2 for i in way], 1]))


def _ends(outing: Outing, stops: Sequence[Stop], way: Sequence[int], terms: Terms, table: Table) -> int:
    travel = [int(table.seconds[a, b]) for a, b in _legs(way)]
    return hours(terms, outing.opens_s).run(travel, [stops[i].minutes * 60 for i in way])[1]


def _timed(outing: Outing, way: Sequence[int], terms: Terms, table: Table) -> Timed:
    legs = _legs(way)
    travel = [int(table.seconds[a, b]) for a, b in legs]
    metres = [float(table.metres[a, b]) for a, b in legs]
    clock = hours(terms, outing.opens_s)
    stops = [outing.stops[i] for i in way]
    begins, ends = clock.run(travel, [s.minutes * 60 for s in stops])
    visits = [
        Visit(s, outing.team, outing.day, outing.first_seq + n, begin, begin + s.minutes * 60, metres[n])
        for n, (s, begin) in enumerate(zip(stops, begins, strict=True))
    ]
    points = (outing.start, *((s.x, s.y) for s in stops), outing.home or outing.start)
    minutes = sum(s.minutes for s in stops)
    made = Round(outing.team, outing.day, len(stops), minutes, sum(travel), sum(metres), points, ends)
    return Timed(visits, made, ends, ends - clock.closes)


def with_stop(outing: Outing, stop: Stop, place: int | None, terms: Terms, ways: Ways | None = None) -> Timed:
    """Put a stop into an outing: at ``place`` (0 is first), or where the team is back soonest."""
    table = _table(outing, (stop,), ways)
    count = len(outing.stops)
    stops = (*outing.stops, stop)
    order = list(range(count))

    def put(at: int) -> list[int]:
        return [*order[:at], count, *order[at:]]

    if place is None:
        place = min(range(count + 1), key=lambda at: (_ends(outing, stops, put(at), terms, table), at))
    return _timed(replace(outing, stops=stops), put(max(0, min(place, count))), terms, table)


def share(one: Outing, other: Outing, terms: Terms, ways: Ways | None = None) -> tuple[Timed, Timed]:
    """Share what two teams still have to visit on a day between them, by the time that each has left.

    Each sets out from where it is (``start``, ``opens_s``); stops that are pinned to a team stay with it. The parts are
    compact, and in minutes as even as whole visits allow.

    Raises
    ------
    InputError
        Both are one team, on different days, or have nothing left.

    """
    if one.team == other.team or one.day != other.day:
        raise InputError("请选择同一天的两个组。", "Choose two teams of one day.")
    stops = (*one.stops, *other.stops)
    if not stops:
        raise InputError(
            f"{one.team}和{other.team}在 {one.day} 没有未完成的房屋。",
            f"{one.team} and {other.team} have nothing left to visit on {one.day}.",
        )
    both = (one, other)
    held = np.array([_of(s, both) for s in stops], dtype=np.int64)
    minutes = np.array([s.minutes for s in stops], dtype=np.int64)
    left = [float(max(terms.work_s(o.opens_s), 1)) for o in both]
    mine = [int(minutes[held == k].sum()) for k in (0, 1)]
    free = np.flatnonzero(held < 0)
    team = held.copy()
    if len(free):
        unit = len(set(minutes.tolist())) == 1
        weight = np.ones(len(stops), dtype=np.int64) if unit else minutes
        mine = [int(weight[held == k].sum()) for k in (0, 1)]
        ground = Ground(np.array([(stops[i].x, stops[i].y) for i in free]), weight[free], np.arange(len(free)))
        quota = shares(int(weight.sum()), left, mine)
        apart = None if ways is None or isinstance(ways, Straight) else ways.apart
        team[free] = divide(ground, left, [one.start, other.start], mine, quota, apart)
    made = []
    for k, outing in enumerate(both):
        some = tuple(s for s, t in zip(stops, team, strict=True) if t == k)
        made.append(_ordered(replace(outing, stops=some), terms, ways))
    return made[0], made[1]


@dataclass(frozen=True)
class Share:
    """Two teams that share what they have left of a day."""

    day: date
    teams: tuple[str, str]


def shared(
    asked: Share,
    stops: Sequence[Stop],
    teams: Sequence[Team],
    before: Mapping[str, Before],
    done: Mapping[str, Before],
    places: Mapping[str, tuple[float, float]],
    terms: Terms,
    ways: Ways | None = None,
) -> dict[str, Before]:
    """Return an earlier plan with the rest of a day shared between two teams; all else stands where it stood.

    ``places`` says where the stops that are done lie: from the last of them a team goes on.

    Raises
    ------
    InputError
        There is no such team, or nothing left to share.

    """
    by_name = {team.name: team for team in teams}
    outings = []
    for name in asked.teams:
        if name not in by_name:
            raise InputError(
                f"没有“{name}”；有：{'、'.join(by_name)}。",
                f"There is no team {name!r}; there are {', '.join(by_name)}.",
            )
        rest = [s for s in stops if _stood(before, s.stop_id) == (name, asked.day)]
        rest.sort(key=lambda s: before[s.stop_id].seq)
        over = [(i, b) for i, b in done.items() if (b.team, b.day) == (name, asked.day)]
        opens, first, start = seconds(terms.shift[0]), 1, by_name[name].start
        if over:
            last_id, last = max(over, key=lambda pair: pair[1].seq)
            opens, first, start = max(opens, last.leave_s), last.seq + 1, places.get(last_id, start)
        if start is None:
            mine = [s for s in stops if s.stop_id in before and before[s.stop_id].team == name] or list(stops)
            start = mine[0].x, mine[0].y
        outings.append(Outing(name, asked.day, start, tuple(rest), opens, first, by_name[name].start))
    out = dict(before)
    for part in share(outings[0], outings[1], terms, ways):
        out |= {v.stop.stop_id: Before(v.team, v.day, v.leave_s, v.seq) for v in part.visits}
    return out


def _stood(before: Mapping[str, Before], stop_id: str) -> tuple[str, date] | None:
    known = before.get(stop_id)
    return None if known is None else (known.team, known.day)


def _of(stop: Stop, both: tuple[Outing, Outing]) -> int:
    return next((k for k, outing in enumerate(both) if stop.team == outing.team), -1)


def _ordered(outing: Outing, terms: Terms, ways: Ways | None) -> Timed:
    """Bring the stops of a day into the shortest order that was found; the more urgent ones are not put off for it."""
    from gis_service.inspection.order import Call, Shift, solve  # the solver is slow to load, and a move needs none

    table = _table(outing, (), ways)
    if len(outing.stops) < 2:
        return _timed(outing, list(range(len(outing.stops))), terms, table)
    keep = np.array([0, *range(2, len(outing.stops) + 2)])
    travel = table.seconds[np.ix_(keep, keep)]
    travel[1:, 0] = table.seconds[2:, 1]
    begin = _nearest(travel)
    calls = [Call(s.minutes * 60) for s in outing.stops]
    found = solve(travel, calls, [Shift(len(calls))], seed=terms.seed, iterations=_SHARE_STEPS, begin_with=[(0, begin)])
    way = found.routes[0][1] if found.feasible and found.routes else begin
    back = way[::-1]
    way = min((way, back), key=lambda w: (_ends(outing, outing.stops, w, terms, table), w))
    return _timed(outing, way, terms, table)


def _nearest(travel: NDArray[np.int64]) -> list[int]:
    left, at, way = set(range(1, len(travel))), 0, []
    while left:
        at = min(left, key=lambda k: (int(travel[at, k]), k))
        left.remove(at)
        way.append(at - 1)
    return way
