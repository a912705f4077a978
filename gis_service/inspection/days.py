"""A team's days: how many, how many stops each holds, and the last day on which each stop may be visited.

The loads are fixed first and as even as can be; then every urgency gets the earliest last day that the count of stops
of that and greater urgency allows. Both are limits of the routing model, so what it finds keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from gis_service.inspection.shares import even


class NoRoomError(Exception):
    """The days do not hold the stops: ``day`` (position) up to which ``missing`` of ``stops`` find no place."""

    def __init__(self, day: int, missing: int, stops: int) -> None:
        super().__init__(f"{missing} of {stops} stops have no place up to day {day}")
        self.day, self.missing, self.stops = day, missing, stops


def last_days(days: Sequence[date], due: Sequence[date | None]) -> NDArray[np.int64]:
    """Return the position of the last day not after each due day; the last of all without one, -1 where none is."""
    out = [len(days) - 1 if d is None else sum(1 for day in days if day <= d) - 1 for d in due]
    return np.array(out, dtype=np.int64)


def loads(capacity: Sequence[int], latest: NDArray[np.int64], pinned: NDArray[np.int64]) -> list[int]:
    """Return how many stops each day holds: as even as can be, more where pins and due days ask for it.

    Parameters
    ----------
    capacity
        Stops that each day can hold.
    latest
        For each stop the last day (position) on which it may be visited.
    pinned
        For each stop the day that it is pinned to, -1 without.

    Raises
    ------
    NoRoomError
        More stops than fit by some day.

    """
    n, k = len(latest), len(capacity)
    at = np.bincount(pinned[pinned >= 0], minlength=k)
    for day in range(k):
        if at[day] > capacity[day]:
            raise NoRoomError(day, int(at[day] - capacity[day]), int(at[day]))
        # What is pinned later than this day cannot be visited by it, whatever its due day.
        early = int(((latest <= day) & (pinned < 0)).sum() + at[: day + 1].sum())
        room = sum(capacity[: day + 1])
        if early > room:
            raise NoRoomError(day, early - room, early)
    if n > sum(capacity):
        raise NoRoomError(k - 1, n - sum(capacity), n)
    out = _filled(n, capacity, at)
    for day in range(k):
        early = int(((latest <= day) & (pinned < 0)).sum() + at[: day + 1].sum())
        while sum(out[: day + 1]) < early:
            taker = min((d for d in range(day + 1) if out[d] < capacity[d]), key=lambda d: (out[d], d))
            giver = max((d for d in range(day + 1, k) if out[d] > at[d]), key=lambda d: (out[d], d))
            out[taker] += 1
            out[giver] -= 1
    return out


def _filled(n: int, capacity: Sequence[int], at: NDArray[np.int64]) -> list[int]:
    """Return even loads within what is pinned at least and fits at most."""
    out = [max(int(at[d]), min(load, capacity[d])) for d, load in enumerate(even(n, len(capacity)))]
    while sum(out) < n:
        out[min((d for d in range(len(out)) if out[d] < capacity[d]), key=lambda d: (out[d], d))] += 1
    while sum(out) > n:
        out[max((d for d in range(len(out)) if out[d] > at[d]), key=lambda d: (out[d], d))] -= 1
    return out


def latest_by_urgency(
    load: Sequence[int], urgency: NDArray[np.int64], latest: NDArray[np.int64], pinned: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each stop the last day that due days, pins and urgency leave it.

    For each urgency in turn the earliest day is taken by which all of its stops and of greater urgency fit beside what
    is pinned and due: pins and due days come first where they collide.
    """
    out = np.where(pinned >= 0, pinned, latest)
    for level in np.unique(urgency):
        mine = (urgency == level) & (pinned < 0)
        if not mine.any():
            continue
        for day in range(len(load)):
            trial = np.where(mine, np.minimum(out, day), out)
            if holds(load, trial, pinned):
                out = trial
                break
    return out


def holds(load: Sequence[int], latest: NDArray[np.int64], pinned: NDArray[np.int64]) -> bool:
    """Tell whether all stops find a place in time: up to no day more must be visited than the days hold."""
    at = np.bincount(pinned[pinned >= 0], minlength=len(load))
    free = pinned < 0
    room = np.cumsum(np.array(load) - at)
    need = np.cumsum(np.bincount(latest[free], minlength=len(load)))
    return bool((need <= room).all())


def fill(
    load: Sequence[int], latest: NDArray[np.int64], pinned: NDArray[np.int64], xy: NDArray[np.float64]
) -> list[list[int]]:
    """Return for each day the stops of a first plan that keeps all limits; days are compact where limits leave a choice."""
    days: list[list[int]] = [[int(i) for i in np.flatnonzero(pinned == d)] for d in range(len(load))]
    left = [int(i) for i in np.flatnonzero(pinned < 0)]
    for d, most in enumerate(load):
        while len(days[d]) < most and left:
            # The most pressing first, which no order of days can better; of those the nearest.
            middle = xy[days[d]].mean(axis=0) if days[d] else xy[left[0]]
            away = np.round(((xy[left] - middle) ** 2).sum(axis=1), 3)
            pick = left[int(np.lexsort((np.array(left), away, latest[left]))[0])]
            days[d].append(pick)
            left.remove(pick)
    return days
