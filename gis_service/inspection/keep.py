"""A plan made before: what is done stays as it was, what is not keeps its team and day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from gis_service.inspection.model import Stop, Team
from gis_service.inspection.shares import shares, within


@dataclass(frozen=True)
class Before:
    """Where a stop stood in the earlier plan."""

    team: str
    day: date
    leave_s: int
    seq: int


def keep_teams(
    stops: Sequence[Stop],
    teams: Sequence[Team],
    weights: Sequence[float],
    before: Mapping[str, Before],
    rooms: Sequence[Mapping[date, int]] | None = None,
) -> list[int]:
    """Return the team of each stop: the earlier one, as far as it is still there and a team that joins leaves it.

    New stops, and those of a team that dropped out, go where there is room, as near as can be to what a team has.
    ``rooms`` says how many stops each team can visit on each of its days: what is more than all of them hold leaves
    the team, those first whose day is gone.
    """
    position = {team.name: k for k, team in enumerate(teams)}
    out = [-1] * len(stops)
    for i, stop in enumerate(stops):
        known = before.get(stop.stop_id)
        name = stop.team or (known.team if known is not None else None)
        out[i] = position.get(name, -1) if name is not None else -1
    if rooms is not None:
        for t, room in enumerate(rooms):
            _relieve(stops, out, t, room, before)
    fair = shares(len(stops), weights)
    joined = [k for k in range(len(teams)) if k not in out]
    if joined:
        _release(stops, out, fair, before)
    held = [sum(k == t for k in out) for t in range(len(teams))]
    free = [i for i, k in enumerate(out) if k < 0]
    quota = shares(len(stops), weights, held)
    if rooms is not None:
        quota = within(quota, weights, held, [sum(room.values()) for room in rooms])
    slots = [t for t in range(len(teams)) for _ in range(quota[t] - held[t])]
    if free:
        xy = np.array([(s.x, s.y) for s in stops])
        home = {t: [i for i, k in enumerate(out) if k == t] for t in range(len(teams))}
        away = np.zeros((len(free), len(teams)))
        for t, team in enumerate(teams):
            near = xy[home[t]] if home[t] else np.array([team.start]) if team.start else None
            if near is not None:
                gaps = np.hypot(*(xy[free][:, None] - near[None]).transpose(2, 0, 1)).min(axis=1)
                away[:, t] = np.round(gaps, 3)
        from scipy.optimize import linear_sum_assignment  # half a second to load, and most plans need none

        rows, columns = linear_sum_assignment(away[:, slots])
        for row, column in zip(rows, columns, strict=True):
            out[free[row]] = slots[column]
    return out


def _relieve(
    stops: Sequence[Stop], out: list[int], t: int, room: Mapping[date, int], before: Mapping[str, Before]
) -> None:
    """Free what a team's days no longer hold: stops of days that are gone, then of its last days."""
    mine = [i for i, k in enumerate(out) if k == t]
    over = len(mine) - sum(room.values())
    loose = [i for i in mine if stops[i].team is None]
    known = {i: before[stops[i].stop_id] for i in loose if stops[i].stop_id in before}
    last = date.max
    loose.sort(
        key=lambda i: (
            i in known and known[i].day in room,
            -(known[i].day if i in known else last).toordinal(),
            stops[i].stop_id,
        )
    )
    for i in loose[: max(over, 0)]:
        out[i] = -1


def _release(stops: Sequence[Stop], out: list[int], fair: Sequence[int], before: Mapping[str, Before]) -> None:
    """Free what each team has above its fair share, its last days first."""
    count = Counter(out)
    for t, share in enumerate(fair):
        mine = [i for i, k in enumerate(out) if k == t and stops[i].team is None and stops[i].stop_id in before]
        mine.sort(key=lambda i: (before[stops[i].stop_id].day, before[stops[i].stop_id].seq, stops[i].stop_id))
        for i in mine[len(mine) - max(0, min(len(mine), count[t] - share)) :]:
            out[i] = -1


def kept_days(
    stops: Sequence[Stop], team: Team, capacity: Mapping[date, int], before: Mapping[str, Before]
) -> list[date | None]:
    """Return the day that each stop of a team keeps: none where the day is gone, or full (the last of it gives way)."""
    used: dict[date, int] = defaultdict(int)
    for stop in stops:
        if stop.day is not None:
            used[stop.day] += 1
    out: list[date | None] = [None] * len(stops)
    order = sorted(
        (i for i, s in enumerate(stops) if s.stop_id in before),
        key=lambda i: (before[stops[i].stop_id].seq, stops[i].stop_id),
    )
    for i in order:
        known = before[stops[i].stop_id]
        due = stops[i].due
        late = due is not None and known.day > due
        if (
            stops[i].day is None
            and known.team == team.name
            and not late
            and used[known.day] < capacity.get(known.day, 0)
        ):
            out[i] = known.day
            used[known.day] += 1
    return out


def kept_share(planned: Mapping[str, tuple[str, date]], before: Mapping[str, Before]) -> tuple[int, int]:
    """Return how many of the stops planned before and now have the same team and day, and how many there are."""
    both = [stop_id for stop_id in planned if stop_id in before]
    same = sum(planned[i] == (before[i].team, before[i].day) for i in both)
    return same, len(both)
