"""Open ground between houses as a graph that can be walked.

Its points are given places (ends of alleys, standing places) and the corners of the houses, a step outside the wall.
Its lines are those of the Delaunay triangulation that cut no house. A way in it is somewhat longer than the shortest
way through the same ground (never shorter); to walk or to lay a hose along it is certainly possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError

from gis_service.arrays import Flags, Floats, Ints

STEP_M = 0.24
"""Corners of houses are passed this far from the wall: a passage of half a metre still has room for them."""

CLEAR_M = 0.1
"""A line nearer to a house than this cuts it: survey error, and nobody is thinner."""


@dataclass(frozen=True)
class Walkable:
    """A graph of open ground; coordinates and lengths in metres of the CRS of what it was made from.

    Attributes
    ----------
    points
        The given places first, then corners of houses.
    lines
        Pairs of rows of ``points``.
    length_m
        Length of each line.
    direct
        Lines that cut a house: the few without which some place could not be reached at all. On the ground a way
        round must be found; nothing in the data shows it.

    """

    points: Floats
    lines: Ints
    length_m: Floats
    direct: Flags

    def graph(self, direct_factor: float = 3.0) -> csr_array:
        """Return the lengths as a symmetric sparse graph; a direct line counts ``direct_factor`` times."""
        weight = self.length_m * np.where(self.direct, direct_factor, 1.0)
        return sparse(len(self.points), self.lines, weight)


def sparse(count: int, lines: Ints, weight: Floats) -> csr_array:
    """Return a symmetric graph of ``count`` nodes; of parallel lines the shortest counts, none is shorter than 1 µm."""
    low, high = lines.min(axis=1), lines.max(axis=1)
    keep = low < high
    low, high, weight = low[keep], high[keep], np.maximum(weight[keep], 1e-6)
    order = np.lexsort((weight, high, low))
    low, high, weight = low[order], high[order], weight[order]
    first = np.ones(len(low), bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    low, high, weight = low[first], high[first], weight[first]
    both = (np.concatenate((low, high)), np.concatenate((high, low)))
    return csr_array((np.concatenate((weight, weight)), both), shape=(count, count))


def walkable(places: Floats, houses: NDArray[np.object_]) -> Walkable:
    """Return the graph of open ground that joins all ``places``.

    Parameters
    ----------
    places
        Rows of x and y, in a metric CRS.
    houses
        Polygons in the same CRS: those of the neighbourhood that a way might have to go round.

    """
    places = np.asarray(places, np.float64).reshape(-1, 2)
    points = np.vstack((places, _corners(houses)))
    # Equal points are one: a triangulation leaves all but one of them out.
    _, first, inverse = np.unique(np.round(points, 3), axis=0, return_index=True, return_inverse=True)
    inverse = np.asarray(inverse).reshape(-1)
    pairs = first[_triangulated(points[first])]
    # Places that fall together keep their own rows, joined by lines of no length.
    doubles = np.flatnonzero(first[inverse[: len(places)]] != np.arange(len(places)))
    pairs = np.vstack((pairs, np.column_stack((doubles, first[inverse[doubles]])))).astype(np.int64)
    length = np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T)
    cut = _cuts(points, pairs, houses)
    needed = _joining(len(points), pairs, length, cut, len(places))
    keep = ~cut | needed
    return Walkable(points, pairs[keep], length[keep], cut[keep])


def _corners(houses: NDArray[np.object_]) -> Floats:
    if not len(houses):
        return np.empty((0, 2))
    grown = shapely.union_all(shapely.buffer(houses, STEP_M, join_style="mitre", quad_segs=1))
    corners: Floats = np.unique(shapely.get_coordinates(shapely.simplify(grown, STEP_M / 2)), axis=0)
    return corners


def _triangulated(points: Floats) -> Ints:
    """Return pairs of rows that the Delaunay triangulation joins, each once."""
    count = len(points)
    if count < 2:
        return np.empty((0, 2), np.int64)
    try:
        # Coordinates of a county are large; qhull wants them near the origin.
        corners = Delaunay(points - points.mean(axis=0), qhull_options="QJ Pp").simplices
    except (QhullError, ValueError):  # fewer than three points, or all on one line
        order = np.lexsort((points[:, 1], points[:, 0]))
        return np.column_stack((order[:-1], order[1:]))
    pairs = np.vstack((corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]))
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)


def _cuts(points: Floats, pairs: Ints, houses: NDArray[np.object_]) -> Flags:
    """Tell which lines come nearer to a house than ``CLEAR_M`` anywhere but at a place beside its wall."""
    cut = np.zeros(len(pairs), bool)
    if not len(houses) or not len(pairs):
        return cut
    grown = shapely.buffer(houses, CLEAR_M, join_style="mitre", quad_segs=1)
    shapely.prepare(grown)
    lines: Any = shapely.linestrings(points[pairs])
    line, house = shapely.STRtree(grown).query(lines)
    inside: Any = np.logical_or(shapely.crosses(grown[house], lines[line]), shapely.contains(grown[house], lines[line]))
    cut[line[inside]] = True
    return cut


def _joining(count: int, pairs: Ints, length: Floats, cut: Flags, places: int) -> Flags:
    """Choose the shortest lines among those that cut houses without which some place is out of reach."""
    needed = np.zeros(len(pairs), bool)
    if not cut.any():
        return needed
    open_ = coo_matrix((np.ones((~cut).sum()), (pairs[~cut, 0], pairs[~cut, 1])), shape=(count, count))
    _, label = connected_components(open_, directed=False)
    if len(np.unique(label[:places])) <= 1:
        return needed
    closed = np.flatnonzero(cut & (label[pairs[:, 0]] != label[pairs[:, 1]]))
    ends = label[pairs[closed]]
    order = np.lexsort((length[closed], ends.max(axis=1), ends.min(axis=1)))
    closed, ends = closed[order], np.sort(ends[order], axis=1)
    first = np.ones(len(closed), bool)
    first[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    closed, ends = closed[first], ends[first]
    size = int(label.max()) + 1
    tree = minimum_spanning_tree(coo_matrix((length[closed] + 1e-6, (ends[:, 0], ends[:, 1])), shape=(size, size)))
    chosen = {(int(a), int(b)) for a, b in zip(*tree.nonzero(), strict=True)}
    for row, (a, b) in zip(closed, ends, strict=True):
        needed[row] = (int(a), int(b)) in chosen
    return needed
