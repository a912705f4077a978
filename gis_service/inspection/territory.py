"""Territories: all stops of each team, in proportion to its capacity, villages whole, compact.

The stops are cut in two, and the parts again, until each team has its own. A cut runs across a direction (or between
two poles of the road network): villages are lined up by their middles, and the cut falls where the shares ask for it.
So each cut splits one village at most, N teams split N - 1 at most, and the shares are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

_DIRECTIONS = 16
"""Directions of a cut that are tried: every 11.25 degrees."""

Apart = Callable[[NDArray[np.float64], int, int], NDArray[np.float64]]
"""For places and two of them, how much nearer each is to the one than to the other, by road, in seconds."""


@dataclass(frozen=True)
class Ground:
    """Stops as arrays: places in metres, weights (1, or minutes), village numbers (each stop its own without one)."""

    xy: NDArray[np.float64]
    weight: NDArray[np.int64]
    village: NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """A team as the cuts see it: its position, its share, the least and most it may take, where it belongs."""

    team: int
    least: int
    most: int
    anchor: tuple[float, float] | None


def divide(
    ground: Ground,
    capacity: Sequence[float],
    anchors: Sequence[tuple[float, float] | None],
    held: Sequence[int],
    quota: Sequence[int],
    apart: Apart | None = None,
) -> NDArray[np.int64]:
    """Return the team of each stop.

    Parameters
    ----------
    ground
        The stops that are free to go to any team.
    capacity
        Of each team, in any unit: shares are in proportion to it.
    anchors
        Where a team starts or has its pinned stops; None where it may work anywhere.
    held
        What each team has already, in units of weight.
    quota
        What each is to have in the end.
    apart
        Measures by road; without it the cuts are straight.

    """
    team = np.full(len(ground.xy), -1, dtype=np.int64)
    unit = int(ground.weight.max(initial=1)) == 1
    # Teams alike may each take the odd stop: so a village need not be split for it.
    alike = unit and len(set(capacity)) == 1 and max(quota) - min(quota) <= 1
    sides = []
    for k, share in enumerate(quota):
        least, most = (max(min(quota), held[k]), max(quota)) if alike else (share, share)
        sides.append(Side(k, least - held[k], most - held[k], anchors[k]))
    _cut(ground, np.arange(len(ground.xy)), sides, team, apart)
    if not unit:
        _level(ground, team, np.array(capacity, dtype=float), np.array(held))
    return _nearest_names(ground, team, capacity, anchors, held)


def _cut(
    ground: Ground, members: NDArray[np.int64], sides: list[Side], team: NDArray[np.int64], apart: Apart | None
) -> None:
    if len(sides) == 1:
        team[members] = sides[0].team
        return
    half = (len(sides) + 1) // 2
    weight = int(ground.weight[members].sum())
    best: tuple[tuple[float, ...], NDArray[np.int64], NDArray[np.int64], list[Side], list[Side]] | None = None
    for value, along in _orders(ground, members, apart):
        ordered = sides
        if any(side.anchor is not None for side in sides):
            middle = ground.xy[members].mean(axis=0) if len(members) else np.zeros(2)
            ordered = sorted(sides, key=lambda s: float(np.dot(along, s.anchor if s.anchor else middle)))
        left, right = ordered[:half], ordered[half:]
        low = max(sum(s.least for s in left), weight - sum(s.most for s in right))
        high = min(sum(s.most for s in left), weight - sum(s.least for s in right))
        one, other, split = _line_up(ground, members, value, low, max(low, high))
        shared = _overlap(ground.xy[one], ground.xy[other])
        score = (float(split), shared, round(_spread(ground.xy[one]) + _spread(ground.xy[other]), 3))
        if best is None or score < best[0]:
            best = score, one, other, left, right
    if best is None:
        return
    _cut(ground, best[1], best[3], team, apart)
    _cut(ground, best[2], best[4], team, apart)


def _orders(
    ground: Ground, members: NDArray[np.int64], apart: Apart | None
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the lines along which to cut: by road between two far places where there are roads, else by direction."""
    count = _DIRECTIONS if apart is None else _DIRECTIONS // 4
    angles = np.arange(count) * np.pi / count
    out: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for axis in np.column_stack([np.cos(angles), np.sin(angles)]):
        # Rounded, so that the last bits of a sum decide nothing.
        value = np.round(ground.xy[members] @ axis, 3)
        if apart is not None and len(members):
            value = apart(ground.xy[members], int(value.argmin()), int(value.argmax()))
        out.append((value, axis))
    return out


def _line_up(
    ground: Ground, members: NDArray[np.int64], value: NDArray[np.float64], low: int, high: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Cut the line where ``low`` to ``high`` lie before it, between two villages if that can be; say whether not."""
    village = ground.village[members]
    names, place = np.unique(village, return_inverse=True)
    middle = np.bincount(place, value) / np.maximum(np.bincount(place), 1) if len(names) else np.zeros(0)
    order = np.lexsort((np.arange(len(members)), value, village, np.round(middle, 3)[place]))
    before = np.concatenate([[0], np.cumsum(ground.weight[members][order])])
    border = np.concatenate([[True], village[order][1:] != village[order][:-1], [True]])
    fits = np.flatnonzero((before >= low) & (before <= high))
    whole = fits[border[fits]]
    if len(whole):
        at = int(whole[len(whole) // 2])
    elif len(fits):
        at = int(fits[len(fits) // 2])
    else:
        at = int(np.abs(before - (low + high) / 2).argmin())
    return members[order[:at]], members[order[at:]], int(not border[at])


def _spread(xy: NDArray[np.float64]) -> float:
    """Return the sum of squared distances to the middle: small is compact."""
    return float(((xy - xy.mean(axis=0)) ** 2).sum()) if len(xy) else 0.0


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return which share of the smaller hull lies in the other, in twentieths: less is no reason to choose."""
    if len(one) < 3 or len(other) < 3:
        return 0.0
    a, b = (shapely.convex_hull(shapely.multipoints(xy)) for xy in (one, other))
    least = min(float(shapely.area(a)), float(shapely.area(b)))
    return round(20 * float(shapely.area(shapely.intersection(a, b))) / least) / 20 if least else 0.0


def _level(ground: Ground, team: NDArray[np.int64], capacity: NDArray[np.float64], held: NDArray[np.int64]) -> None:
    """Move single stops from the fullest team to the emptiest until they differ by at most one visit's minutes."""
    share = capacity / capacity.mean()
    for _ in range(10 * len(capacity)):
        load = held + np.bincount(team, ground.weight, len(capacity))
        full, empty = int((load / share).argmax()), int((load / share).argmin())
        gap = load[full] / share[full] - load[empty] / share[empty]
        mine = np.flatnonzero((team == full) & (ground.weight < gap))
        if gap <= ground.weight.max() or not len(mine):
            return
        theirs = ground.xy[team == empty]
        target = theirs.mean(axis=0) if len(theirs) else ground.xy[mine].mean(axis=0)
        away = np.round(((ground.xy[mine] - target) ** 2).sum(axis=1), 3)
        team[mine[np.lexsort((mine, away))[0]]] = empty


def _nearest_names(
    ground: Ground,
    team: NDArray[np.int64],
    capacity: Sequence[float],
    anchors: Sequence[tuple[float, float] | None],
    held: Sequence[int],
) -> NDArray[np.int64]:
    """Let teams of one capacity, that hold nothing, exchange whole territories so that each is near its start."""
    same = [k for k, anchor in enumerate(anchors) if anchor is not None and held[k] == 0 and (team == k).any()]
    same = [k for k in same if capacity[k] == capacity[same[0]]]
    if len(same) < 2:
        return team
    middles = np.array([ground.xy[team == k].mean(axis=0) for k in same])
    starts = np.array([anchors[k] for k in same], dtype=float)
    cost = np.round(np.hypot(*(starts[:, None] - middles[None]).transpose(2, 0, 1)), 3)
    from scipy.optimize import linear_sum_assignment  # half a second to load, and most plans need none

    rows, columns = linear_sum_assignment(cost)
    out = team.copy()
    for row, column in zip(rows, columns, strict=True):
        out[team == same[column]] = same[row]
    return out


def exchange(
    ground: Ground,
    team: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    room: NDArray[np.int64],
    fixed: NDArray[np.bool_],
) -> int:
    """Exchange stops between teams, in place, until each has room for its ``wanted`` ones; return how many moved.

    Parameters
    ----------
    wanted
        Stops that compete for the same days (due by one day, or pinned to it).
    room
        How many of them each team can visit.
    fixed
        Stops that are pinned to their team.

    """
    moved = 0
    for _ in range(len(team)):
        over = np.bincount(team[wanted], minlength=len(room)) - room
        full, spare = int(over.argmax()), over < 0
        mine = np.flatnonzero(wanted & (team == full) & ~fixed)
        if over[full] <= 0 or not spare.any() or not len(mine):
            break
        theirs = np.flatnonzero(~wanted & spare[team] & ~fixed)
        moved += 1
        if not len(theirs):
            team[mine[-1]] = int(over.argmin())
            continue
        away = np.round(((ground.xy[mine][:, None] - ground.xy[theirs][None]) ** 2).sum(axis=2), 3)
        # Of one length before others: an exchange then changes nobody's minutes.
        away = away + np.where(ground.weight[mine][:, None] != ground.weight[theirs][None], 1e12, 0.0)
        a, b = np.unravel_index(int(away.argmin()), away.shape)
        team[mine[a]], team[theirs[b]] = team[theirs[b]], team[mine[a]]
    return moved
