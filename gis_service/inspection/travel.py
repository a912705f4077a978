"""Travel between places: along roads where there are some, else straight lines times a factor.

A team drives on roads and parks at the place of its road that is nearest on foot to the house; from there it walks, up a
path or steps and from a road to the house, and back to the car. Where walking the whole way is quicker, it walks.
Times are whole seconds, rounded up, so that a clock that adds them never runs late; lengths are metres of the quickest
way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_service.errors import InputError
from gis_service.settings import default

ON_FOOT = frozenset(
    {"footway", "path", "pedestrian", "steps", "bridleway", "cycleway", "步行道", "人行道", "小路", "台阶", "梯道"}
)
"""Road classes on which nobody drives."""

_STEPS = frozenset({"steps", "台阶", "梯道"})
_JOIN_M = 0.5
"""Ends of roads as near to another road as this meet it."""
# A weight holds hundredths of seconds above hundredths of metres, both whole: the quickest way, of several the shortest,
# and its length, exactly and in one number.
_SPLIT = 2.0**26
_PER = 100


@dataclass(frozen=True)
class Table:
    """Between all pairs of places: seconds (whole) and metres; infinite seconds are ``NEVER``."""

    seconds: NDArray[np.int64]
    metres: NDArray[np.float64]


NEVER = 10**7
TRAVEL_DEFAULTS = (
    "detour_factor",
    "drive_kmh",
    "walk_kmh",
    "steps_kmh",
    "park_min",
    "walk_max_m",
    "road_reach_m",
    "road_snap_m",
)
"""Names of the settings that decide travel: a plan keeps their values."""


class Ways(Protocol):
    """Whatever knows the way between places."""

    def table(self, xy: NDArray[np.float64]) -> Table:
        """Return travel between all pairs of places (metres in the work CRS)."""
        ...

    def parts(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return for each place the connected part that it lies in; -1 where no way leads to it."""
        ...

    def apart(self, xy: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
        """Return for each place how much nearer it is to one place than to another, in seconds."""
        ...


_Legs = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
"""For each place its nearest piece of road, the metres to it, and how far along it that is."""


def _straight_m(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return straight lines times the factor, rounded to millimetres: the last bits of coordinates decide nothing."""
    x, y = xy[:, 0], xy[:, 1]
    return np.asarray(np.round(np.hypot(x[:, None] - x, y[:, None] - y), 3) * default("detour_factor"))


def _foot_s(metres: NDArray[np.float64]) -> NDArray[np.float64]:
    return metres / (default("walk_kmh") / 3.6)


class Straight:
    """Straight lines times ``detour_factor``: on foot where that is quicker than fetching the car."""

    def table(self, xy: NDArray[np.float64]) -> Table:
        """Return travel between all pairs of places."""
        # Rounded to millimetres, so that the last bits of coordinates decide nothing.
        metres = _straight_m(xy)
        drive = metres / (default("drive_kmh") / 3.6) + default("park_min") * 60
        seconds = np.ceil(np.round(np.minimum(_foot_s(metres), drive), 3)).astype(np.int64)
        return Table(seconds, metres)

    def parts(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return one part for all places."""
        return np.zeros(len(xy), dtype=np.int64)

    def apart(self, xy: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
        """Return how much nearer each place is to one place than to another."""
        away = [np.hypot(xy[:, 0] - xy[k, 0], xy[:, 1] - xy[k, 1]) for k in (one, other)]
        return np.asarray(np.round(away[0] - away[1], 3))


class Network:
    """Roads as a graph: ends, junctions and shared vertices are its nodes.

    Parameters
    ----------
    lines
        LineStrings in metres; MultiLineStrings are taken apart.
    kinds
        Class of each, None where unknown: driven on.

    """

    def __init__(self, lines: Sequence[shapely.Geometry], kinds: Sequence[str | None]) -> None:
        parts, row = shapely.get_parts(np.asarray(lines, dtype=object), return_index=True)
        good = shapely.get_type_id(parts) == 1
        good &= shapely.length(parts) > 0
        if not good.any():
            raise InputError("道路文件里没有线。", "The file of roads has no lines.")
        parts = shapely.force_2d(parts[good])
        parts, kind = _bridged(parts, [kinds[k] for k in row[good]])
        self._pieces, owner = _pieces(_joined(parts))
        self._tree = shapely.STRtree(self._pieces)
        self._pace = np.array([_pace(kind[k]) for k in owner])
        self._walk = np.array([3.6 / default("steps_kmh" if kind[k] in _STEPS else "walk_kmh") for k in owner])
        self._driven = np.array([kind[k] not in ON_FOOT for k in owner])
        self._length = shapely.length(self._pieces)
        ends = np.vstack(
            [
                shapely.get_coordinates(shapely.get_point(self._pieces, 0)),
                shapely.get_coordinates(shapely.get_point(self._pieces, -1)),
            ]
        )
        _, node = np.unique(np.round(ends, 2), axis=0, return_inverse=True)
        self._from, self._to = np.split(node.ravel(), 2)
        self._nodes = int(node.max()) + 1
        graph = coo_matrix((np.ones(len(self._from)), (self._from, self._to)), (self._nodes, self._nodes))
        self._part = connected_components(graph, directed=False)[1]

    def parts(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the connected part of the road nearest to each place; -1 farther than ``road_reach_m`` from any."""
        piece, leg, _ = self._legs(xy)
        return np.where(leg <= default("road_reach_m"), self._part[self._from[piece]], -1)

    def _legs(self, xy: NDArray[np.float64]) -> _Legs:
        """Return for each place its nearest piece of road, the metres to it, and how far along it that is."""
        points = shapely.points(xy)
        found, away = self._tree.query_nearest(points, return_distance=True, all_matches=True)
        order = np.lexsort((found[1], np.round(away, 3), found[0]))
        first = order[np.unique(found[0][order], return_index=True)[1]]
        piece = found[1][first]
        along = shapely.line_locate_point(self._pieces[piece], points)
        return piece, away[first], along

    def _graph(self, legs: _Legs, pace: NDArray[np.float64], *, driven: bool = False) -> csr_matrix:
        """Return the roads, at a pace each, with the places as the last nodes, each joined to its road by a walk.

        With ``driven`` only what is driven on, and nothing joins a place to it.
        """
        piece, leg, along = legs
        count = len(piece)
        reach = leg <= (-1.0 if driven else default("road_reach_m"))
        whole = self._driven if driven else np.ones(len(self._pieces), dtype=bool)
        a, b = [self._from[whole]], [self._to[whole]]
        metres, seconds = [self._length[whole]], [(self._length * pace)[whole]]
        foot = self._nodes + np.arange(count)
        place = self._nodes + count + np.arange(count)
        # Along one piece: its start, the feet of its places in order, its end.
        order = np.lexsort((along, piece))
        for k, i in enumerate(order):
            p = piece[i]
            if not whole[p]:
                continue
            before = order[k - 1] if k and piece[order[k - 1]] == p else None
            last = k + 1 == count or piece[order[k + 1]] != p
            steps = [(self._from[p], along[i])] if before is None else [(foot[before], along[i] - along[before])]
            if last:
                steps.append((self._to[p], self._length[p] - along[i]))
            for other, length in steps:
                a.append(np.array([other]))
                b.append(np.array([foot[i]]))
                metres.append(np.array([length]))
                seconds.append(np.array([length * pace[p]]))
        a.append(foot[reach])
        b.append(place[reach])
        metres.append(leg[reach])
        seconds.append(_foot_s(leg[reach]))
        size = self._nodes + 2 * count
        weight = _weight(np.concatenate(seconds), np.concatenate(metres))
        one, two = np.concatenate(a), np.concatenate(b)
        low, high = np.minimum(one, two), np.maximum(one, two)
        # Of several pieces between two nodes the quickest.
        keep = np.lexsort((weight, high, low))
        low, high, weight = low[keep], high[keep], weight[keep]
        first = np.concatenate([[True], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]) & (low != high)
        return csr_matrix((weight[first], (low[first], high[first])), (size, size))

    def table(self, xy: NDArray[np.float64]) -> Table:
        """Return travel between all pairs of places: on foot, or to the car, by car, and from the car."""
        count = len(xy)
        places = np.arange(self._nodes + count, self._nodes + 2 * count)
        legs = self._legs(xy)
        walk = self._graph(legs, self._walk)
        found = dijkstra(walk, directed=False, indices=places)[:, places]
        drive = self._graph(legs, self._pace, driven=True)
        car, way = self._parked(legs, walk, drive, places)
        reached = np.flatnonzero(np.isfinite(way))
        if len(reached):
            stands, which = np.unique(car[reached], return_inverse=True)
            by_car = dijkstra(drive, directed=False, indices=stands)[:, stands][np.ix_(which, which)]
            both = np.ix_(reached, reached)
            found[both] = np.minimum(found[both], by_car + way[reached][:, None] + way[reached][None, :])
        np.fill_diagonal(found, 0.0)
        return _with_short_walks(found, xy)

    def _parked(
        self, legs: _Legs, walk: csr_matrix, drive: csr_matrix, places: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return for each place where the car stands (a node) and the walk from there; infinite where no car comes near."""
        piece, leg, _ = legs
        car = self._nodes + np.arange(len(piece))
        way = np.where(leg <= default("road_reach_m"), _weight(_foot_s(leg), leg), np.inf)
        off = np.flatnonzero(~self._driven[piece] & np.isfinite(way))
        degree = np.diff(drive.indptr) + np.bincount(drive.indices, minlength=drive.shape[0])
        stands = np.flatnonzero(degree)
        if len(off):
            # By a path or a stair: to the place of a road that is nearest on foot.
            far = dijkstra(walk, directed=False, indices=places[off])[:, stands]
            way[off] = far.min(axis=1, initial=np.inf)
            if len(stands):
                car[off] = stands[far.argmin(axis=1)]
        return car, way

    def apart(self, xy: NDArray[np.float64], one: int, other: int) -> NDArray[np.float64]:
        """Return how much nearer each place is to one place than to another, in seconds."""
        count = len(xy)
        places = np.arange(self._nodes + count, self._nodes + 2 * count)
        graph = self._graph(self._legs(xy), self._pace)
        found = dijkstra(graph, directed=False, indices=places[[one, other]])[:, places]
        away = np.where(np.isfinite(found), np.floor(np.where(np.isfinite(found), found, 0) / _SPLIT) / _PER, NEVER)
        return np.asarray(away[0] - away[1])


def _weight(seconds: NDArray[np.float64], metres: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.round(seconds * _PER) * _SPLIT + np.round(metres * _PER)
    # A nought is no edge to SciPy.
    return np.maximum(weight, 1.0)


def _with_short_walks(found: NDArray[np.float64], xy: NDArray[np.float64]) -> Table:
    """Take a weight apart; where two places are near each other the straight walk counts if it is quicker."""
    known = np.isfinite(found)
    whole = np.where(known, found, 0.0)
    seconds = np.floor(whole / _SPLIT)
    metres = (whole - seconds * _SPLIT) / _PER
    seconds = np.where(known, np.ceil(seconds / _PER), NEVER)
    straight = _straight_m(xy)
    walk = np.ceil(np.round(_foot_s(straight), 3))
    short = known & (straight <= default("walk_max_m")) & (walk < seconds)
    return Table(np.where(short, walk, seconds).astype(np.int64), np.where(short, straight, metres))


def _pace(kind: str | None) -> float:
    """Return seconds a metre on a road of a class."""
    if kind in _STEPS:
        return 3.6 / default("steps_kmh")
    return 3.6 / default("walk_kmh" if kind in ON_FOOT else "drive_kmh")


def _bridged(lines: NDArray[np.object_], kinds: list[str | None]) -> tuple[NDArray[np.object_], list[str | None]]:
    """Lead an end that stops just short of another road up to it: roads are digitised from several sheets."""
    tree = shapely.STRtree(lines)
    count = len(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    end, line = tree.query(ends, predicate="dwithin", distance=default("road_snap_m"))
    other = end % count != line
    end, line = end[other], line[other]
    away = np.round(shapely.distance(ends[end], lines[line]), 3)
    met = np.unique(end[away <= _JOIN_M])
    loose = ~np.isin(end, met)
    end, line, away = end[loose], line[loose], away[loose]
    order = np.lexsort((line, away, end))
    first = order[np.unique(end[order], return_index=True)[1]]
    more = [shapely.shortest_line(ends[e], lines[k]) for e, k in zip(end[first], line[first], strict=True)]
    if not more:
        return lines, kinds
    return np.concatenate([lines, np.array(more, dtype=object)]), [*kinds, *(kinds[e % count] for e in end[first])]


def _joined(lines: NDArray[np.object_]) -> list[shapely.LineString]:
    """Give each line a vertex where another one ends on it or passes through one of its vertices."""
    tree = shapely.STRtree(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    point, line = tree.query(ends, predicate="dwithin", distance=_JOIN_M)
    extra: dict[int, list[int]] = {}
    for p, k in zip(point, line, strict=True):
        if p % len(lines) != k:
            extra.setdefault(int(k), []).append(int(p))
    return [_with_vertices(line, [ends[p] for p in extra.get(k, ())]) for k, line in enumerate(lines)]


def _with_vertices(line: shapely.LineString, points: list[shapely.Point]) -> shapely.LineString:
    """Insert points into a line at the places nearest to them; an end of its own moves there."""
    if not points:
        return line
    xy = [tuple(c) for c in shapely.get_coordinates(line)]
    measures = [0.0, *np.cumsum(np.hypot(*np.diff(np.array(xy), axis=0).T))]
    both = [(m, 0, c) for m, c in zip(measures, xy, strict=True)]
    for point in points:
        at = float(line.project(point))
        near = min(range(len(measures)), key=lambda k: abs(measures[k] - at))
        if abs(measures[near] - at) <= _JOIN_M:
            both[near] = (measures[near], 0, (point.x, point.y))
        else:
            both.append((at, 1, (point.x, point.y)))
    return shapely.LineString([c for _, _, c in sorted(both)])


def _pieces(lines: list[shapely.LineString]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Cut lines at the vertices that they share; return the pieces and the line of each."""
    coordinates, owner = shapely.get_coordinates(np.array(lines, dtype=object), return_index=True)
    _, node, times = np.unique(np.round(coordinates, 2), axis=0, return_inverse=True, return_counts=True)
    shared = times[node.ravel()] > 1
    pieces: list[shapely.LineString] = []
    row: list[int] = []
    first = np.searchsorted(owner, np.arange(len(lines) + 1))
    for k in range(len(lines)):
        mine = np.arange(first[k], first[k + 1])
        cuts = [0, *[j for j in range(1, len(mine) - 1) if shared[mine[j]]], len(mine) - 1]
        for start, end in pairwise(cuts):
            piece = shapely.LineString(coordinates[mine[start : end + 1]])
            if piece.length > 0:
                pieces.append(piece)
                row.append(k)
    return np.array(pieces, dtype=object), np.array(row, dtype=np.int64)
