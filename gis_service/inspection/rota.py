"""A team's rota: the fewest days that hold its stops, what is visited on each, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from gis_service.inspection import days as days_
from gis_service.inspection.clock import Hours
from gis_service.inspection.model import Round, Stop, TeamDay, Terms, Visit, seconds
from gis_service.inspection.order import Call, Shift, Solved, solve
from gis_service.inspection.travel import Table, Ways

_DAY = 86_400
_FIRST_STEPS = 60
"""Steps in which a first plan's days get their order."""
_TRIAL_STEPS = 200
"""Steps after which a number of days is given up that has led to no plan."""
_SAVED_MOST = 0.15
"""Share of the travel found after the first steps that many more have been seen to save: 0.06 at most on real houses."""
_TRIES = 4
"""How often a day that lunch makes too long is planned anew with less time."""
_PRIZE = {1: 8, 2: 4, 3: 2, 4: 1}


@dataclass(frozen=True)
class Work:
    """All that is needed to plan one team apart from the others; ``kept`` holds days of an earlier plan."""

    team: str
    stops: tuple[Stop, ...]
    start: tuple[float, float] | None
    days: tuple[TeamDay, ...]
    terms: Terms
    ways: Ways
    kept: tuple[date | None, ...] = ()


@dataclass
class Rota:
    """What was found for a team; ``left_out`` with a reason each (Chinese)."""

    team: str
    visits: list[Visit] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    left_out: list[tuple[Stop, str]] = field(default_factory=list)
    travel_s: int = 0


@dataclass(frozen=True)
class _Desk:
    """The work with what is computed once: travel, limits, positions of days."""

    work: Work
    table: Table
    xy: NDArray[np.float64]
    urgency: NDArray[np.int64]
    service: NDArray[np.int64]


_Ways = list[tuple[int, list[int]]]
"""For each day that is used (its position) its stops, in order."""


@dataclass(frozen=True)
class _Limits:
    """Days, what each holds, and for each stop its last day and its pin (positions; -1 without)."""

    days: Sequence[TeamDay]
    load: Sequence[int]
    last: NDArray[np.int64]
    pinned: NDArray[np.int64]


def make_rota(work: Work) -> Rota:
    """Plan one team. Days of an earlier plan stay unless a new one saves the stated share of travel."""
    if not work.stops:
        return Rota(work.team)
    open_days = {day.day for day in work.days}
    shut = [s for s in work.stops if s.day is not None and s.day not in open_days]
    if shut:
        some = [
            (s, k) for s, k in zip(work.stops, work.kept or (None,) * len(work.stops), strict=True) if s not in shut
        ]
        theirs = tuple(k for _, k in some) if work.kept else ()
        rota = make_rota(replace(work, stops=tuple(s for s, _ in some), kept=theirs))
        rota.left_out += [(s, f"指定在 {s.day}，当天没有组上班或都已排满") for s in shut]
        return rota
    if not any(work.kept):
        return _rota(work)
    kept = _rota(work)
    free = _rota(replace(work, kept=()))
    worse = len(free.left_out) > len(kept.left_out)
    saved = free.travel_s <= (1 - work.terms.saving) * kept.travel_s and not worse
    return free if saved or len(free.left_out) < len(kept.left_out) else kept


def _rota(work: Work) -> Rota:
    middle = _start(work)
    xy = np.vstack([middle, [(s.x, s.y) for s in work.stops]])
    table = work.ways.table(xy)
    shift = work.terms.shift_s
    service = np.array([s.minutes * 60 for s in work.stops], dtype=np.int64)
    there_and_back = table.seconds[0, 1:] + table.seconds[1:, 0] + service
    too_far = there_and_back > shift
    if too_far.any():
        left = [
            (s, f"往返加排查约 {int(t) // 60} 分钟，超过一个班次 {shift // 60} 分钟")
            for s, t, no in zip(work.stops, there_and_back, too_far, strict=True)
            if no
        ]
        some = tuple(s for s, no in zip(work.stops, too_far, strict=True) if not no)
        kept = tuple(k for k, no in zip(work.kept, too_far, strict=True) if not no) if work.kept else ()
        rest = (
            _rota(replace(work, stops=some, kept=kept, start=(float(middle[0]), float(middle[1]))))
            if some
            else Rota(work.team)
        )
        rest.left_out = [*left, *rest.left_out]
        return rest
    urgency = np.array([s.urgency for s in work.stops], dtype=np.int64)
    desk = _Desk(work, table, xy[1:], urgency, service)
    found = _fewest_days(desk)
    return _written(desk, *found) if found is not None else _what_fits(desk)


def _start(work: Work) -> NDArray[np.float64]:
    """Return where the team starts: its own place, else the stop nearest to the middle of its territory."""
    if work.start is not None:
        return np.array(work.start)
    xy = np.array([(s.x, s.y) for s in work.stops])
    away = np.round(((xy - np.round(np.median(xy, axis=0), 3)) ** 2).sum(axis=1), 3)
    return np.asarray(xy[int(away.argmin())])


def _limits(desk: _Desk, days: Sequence[TeamDay]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each stop its last day and the day that it is pinned to, as positions among ``days``; -1 without."""
    dates = [d.day for d in days]
    at = {day: k for k, day in enumerate(dates)}
    kept = desk.work.kept or (None,) * len(desk.work.stops)
    pins = [at.get(s.day or k or date.max, -1) for s, k in zip(desk.work.stops, kept, strict=True)]
    return days_.last_days(dates, [s.due for s in desk.work.stops]), np.array(pins, dtype=np.int64)


_Found = tuple[list[TeamDay], _Ways]


def _fewest_days(desk: _Desk) -> _Found | None:
    """Return the plan of the fewest days: the first ones, and those that stops are pinned to."""
    work = desk.work
    held = {d for s, k in zip(work.stops, work.kept or (None,) * len(work.stops), strict=True) if (d := s.day or k)}
    must = [k for k, d in enumerate(work.days) if d.day in held]
    tree = float(minimum_spanning_tree(np.triu(desk.table.seconds.astype(float))).sum())
    need_s = float(desk.service.sum()) + tree
    previous: list[int] = []
    for k in range(len(work.days) + 1):
        chosen = sorted({*range(k), *must})
        days = [work.days[d] for d in chosen]
        room = sum(d.capacity for d in days)
        if chosen == previous or room < len(work.stops) or need_s > len(days) * work.terms.shift_s:
            continue
        previous = chosen
        found = _on(desk, days)
        if found is not None:
            return days, found
    return None


def _on(desk: _Desk, days: list[TeamDay]) -> _Ways | None:
    """Return each day's stops in order, None where these days do not hold them."""
    latest, pinned = _limits(desk, days)
    if (latest < 0).any():
        return None
    try:
        load = days_.loads([d.capacity for d in days], latest, pinned)
    except days_.NoRoomError:
        return None
    last = days_.latest_by_urgency(load, desk.urgency, latest, pinned)
    if not days_.holds(load, last, pinned):
        return None
    limits = _Limits(days, load, last, pinned)
    first = [(d, way) for d, way in enumerate(days_.fill(load, last, pinned, desk.xy)) if way]
    return _ordered(desk, limits, _search(desk, limits, first, 0, _FIRST_STEPS, stay=True).routes)


def _ordered(desk: _Desk, limits: _Limits, begun: _Ways) -> _Ways | None:
    """Improve a plan in a few steps, to see whether these days hold it, then in all of them.

    The model knows no lunch that cuts a visit: days that it makes too long are tried again with less time.
    """
    trial = min(desk.work.terms.iterations, _TRIAL_STEPS)
    rest = desk.work.terms.iterations - trial
    first = _search(desk, limits, begun, 0, min(trial, _FIRST_STEPS))
    if not first.feasible and _is_hopeless(desk, limits, first):
        return None
    begun = first.routes
    good: _Ways | None = None
    spare = 0
    for _ in range(_TRIES):
        found = _search(desk, limits, begun, spare, trial if good is None else rest)
        if not found.feasible:
            break
        begun, over = _turned(desk, limits.days, found.routes)
        if over > 0:
            spare += over
        elif good is not None or not rest:
            return begun
        else:
            good = begun
    return good


def _is_hopeless(desk: _Desk, limits: _Limits, found: Solved) -> bool:
    """Tell whether travel would have to shrink by more than further steps have ever saved for the days to hold it."""
    room = sum(desk.work.terms.work_s(day.opens_s) for day in limits.days)
    travel = sum(sum(_legs(desk, way)[0]) for _, way in found.routes)
    return travel * (1 - _SAVED_MOST) + float(desk.service.sum()) > room


def _turned(desk: _Desk, days: Sequence[TeamDay], ways: _Ways) -> tuple[_Ways, int]:
    """Go round a day that ends too late the other way if that is shorter; return the ways and the worst overrun."""
    out, worst = [], 0
    for d, way in ways:
        late, back = _overrun(desk, days[d], way), _overrun(desk, days[d], way[::-1])
        turn = late > 0 and back < late
        out.append((d, way[::-1] if turn else way))
        worst = max(worst, back if turn else late)
    return out, worst


def _search(desk: _Desk, limits: _Limits, begun: _Ways, spare: int, steps: int, *, stay: bool = False) -> Solved:
    """Improve ways in ``steps``; with ``stay`` every stop keeps its day."""
    terms = desk.work.terms
    shifts = _shifts(terms, limits.days, limits.load, spare)
    day_of = {i: d for d, way in begun for i in way}
    spans = [
        (day_of[i], day_of[i]) if stay else (int(p), int(p)) if p >= 0 else (0, int(to))
        for i, (p, to) in enumerate(zip(limits.pinned, limits.last, strict=True))
    ]
    calls = [Call(int(s), a * _DAY, b * _DAY + _DAY - 1) for s, (a, b) in zip(desk.service, spans, strict=True)]
    return solve(desk.table.seconds, calls, shifts, seed=terms.seed, iterations=steps, begin_with=begun)


def _shifts(terms: Terms, days: Sequence[TeamDay], load: Sequence[int], spare: int) -> list[Shift]:
    """Return the days as vehicles, on a clock that lunch is cut out of; ``spare`` seconds of each stay unused."""
    whole = terms.shift_s
    out = []
    for k, (day, most) in enumerate(zip(days, load, strict=True)):
        used = max(0, whole - terms.work_s(day.opens_s))
        out.append(Shift(most, k * _DAY + used, k * _DAY + max(whole - spare, used), whole))
    return out


def _hours(terms: Terms, day: TeamDay) -> Hours:
    lunch = (seconds(terms.lunch[0]), seconds(terms.lunch[1])) if terms.lunch else (0, 0)
    return Hours(day.opens_s, seconds(terms.shift[1]), lunch)


def _legs(desk: _Desk, way: Sequence[int]) -> tuple[list[int], list[float]]:
    nodes = [0, *[i + 1 for i in way], 0]
    pairs = list(pairwise(nodes))
    return [int(desk.table.seconds[a, b]) for a, b in pairs], [float(desk.table.metres[a, b]) for a, b in pairs]


def _overrun(desk: _Desk, day: TeamDay, way: Sequence[int]) -> int:
    """Return by how many seconds a day ends after its shift."""
    hours = _hours(desk.work.terms, day)
    return hours.run(_legs(desk, way)[0], [int(desk.service[i]) for i in way])[1] - hours.closes


def _what_fits(desk: _Desk) -> Rota:
    """Plan as many stops as the days hold, the more urgent first, and say what is left out."""
    days = list(desk.work.days)
    latest, pinned = _limits(desk, days)
    worth = 4 * int(desk.table.seconds.max(initial=1)) + desk.work.terms.shift_s
    calls = [
        Call(
            int(s), max(int(p), 0) * _DAY, (int(p if p >= 0 else to) + 1) * _DAY - 1,
            prize=worth * _PRIZE[int(u)] * (20 if p >= 0 else 1),
        )
        if to >= 0
        else Call(int(s), 0, 0, load=10**6, prize=1)
        for s, p, to, u in zip(desk.service, pinned, latest, desk.urgency, strict=True)
    ]  # fmt: skip
    spare = int(desk.service.max(initial=0)) if desk.work.terms.lunch else 0
    shifts = _shifts(desk.work.terms, days, [d.capacity for d in days], spare)
    found = solve(
        desk.table.seconds, calls, shifts, seed=desk.work.terms.seed, iterations=max(desk.work.terms.iterations, 200)
    )
    rota = _written(desk, days, found.routes)
    rota.left_out = [(desk.work.stops[i], "本组的组日排不下（栋数、工时或期限）") for i in found.left_out]
    return rota


def _written(desk: _Desk, days: Sequence[TeamDay], ways: _Ways) -> Rota:
    """Return the visits with their hours, and each day's way."""
    rota = Rota(desk.work.team)
    for d, way in ways:
        day = days[d]
        legs, metres = _legs(desk, way)
        begins, ends = _hours(desk.work.terms, day).run(legs, [int(desk.service[i]) for i in way])
        for n, (i, begin) in enumerate(zip(way, begins, strict=True)):
            stop = desk.work.stops[i]
            rota.visits.append(
                Visit(stop, rota.team, day.day, day.first_seq + n, begin, begin + stop.minutes * 60, metres[n])
            )
        x, y = _start(desk.work)
        home = float(x), float(y)
        points = (home, *((desk.work.stops[i].x, desk.work.stops[i].y) for i in way), home)
        minutes = int(desk.service[way].sum()) // 60
        rota.rounds.append(Round(rota.team, day.day, len(way), minutes, sum(legs), sum(metres), points, ends))
        rota.travel_s += sum(legs)
    return rota
