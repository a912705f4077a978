"""Where engines stand: few places in engine space from which the hose comes to a cluster's houses by the shortest way.

A greedy cover: the first place is the one from which all houses together are nearest, each further place the one
that shortens the sum most, until another one would save less than a few metres a house. The sum that a greedy
choice saves is at least 63 % of what the best choice of as many places saves (Nemhauser, Wolsey and Fisher 1978).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from gis_service.arrays import Floats, Ints
from gis_service.fire.walkable import CLEAR_M, STEP_M, walkable

MOST = 6
"""No more places than this: a county brigade has no more engines to send (ours)."""

WORTH_M = 3.0
"""A further place must bring the houses this much nearer, in the mean (ours)."""

SPACING_M = 8.0
"""Places are looked for at every so many metres along the edge of engine space."""

_CANDIDATES = 400


@dataclass(frozen=True)
class Staging:
    """Chosen places.

    Attributes
    ----------
    points
        Middles of the engines, best first, in the CRS given.
    houses
        How many houses each of them is the nearest to.
    mean_m, farthest_m
        Way of the hose from the nearest of the places to the houses' walls; NaN where there is no place.
    unreached
        Houses to which no way leads.

    """

    points: NDArray[np.object_]
    houses: Ints
    mean_m: float
    farthest_m: float
    unreached: int


def choose(way: Floats, most: int = MOST, worth_m: float = WORTH_M) -> list[int]:
    """Choose rows of ``way`` greedily.

    Parameters
    ----------
    way
        Metres from each place (row) to each house (column); infinite where no way leads.
    most
        At most so many rows.
    worth_m
        What a further row must save, in metres a house. A house that nothing else reaches is always worth it.

    """
    if not way.size:
        return []
    reached = np.isfinite(way).any(axis=0)
    # No way is as bad as one longer than all: a place that reaches a further house then always wins.
    far = np.where(np.isfinite(way[:, reached]), way[:, reached], 0.0).max(initial=0.0) * max(reached.sum(), 1) + 1e3
    cost = np.where(np.isfinite(way[:, reached]), way[:, reached], far)
    if not cost.shape[1]:
        return []
    chosen = [int(cost.sum(axis=1).argmin())]
    now = cost[chosen[0]]
    while len(chosen) < min(most, len(cost)):
        saved = np.maximum(now - cost, 0.0).sum(axis=1)
        best = int(saved.argmax())
        if saved[best] < worth_m * cost.shape[1]:
            break
        chosen.append(best)
        now = np.minimum(now, cost[best])
    return chosen


def staging_points(
    space: shapely.Geometry,
    cluster: NDArray[np.object_],
    houses: NDArray[np.object_],
    *,
    width_m: float,
    most: int = MOST,
    near_m: float = 30.0,
) -> Staging:
    """Return the places at the edge of engine space from which hoses are laid.

    Parameters
    ----------
    space
        Engine space round the cluster (polygons), in a metric CRS.
    cluster, houses
        Footprints of the cluster, and of all houses of the neighbourhood, those of the cluster among them.
    width_m
        Clear width of an engine in metres: its middle stays half of it inside the space.
    near_m
        A place lies at most so far from a house of the cluster.

    """
    places = _places(space, cluster, width_m / 2, near_m)
    if not len(places) or not len(cluster):
        return Staging(np.empty(0, object), np.empty(0, np.int64), float("nan"), float("nan"), len(cluster))
    ground = walkable(places, houses)
    # A direct line is no way for a hose.
    graph = ground.graph(direct_factor=1e6)
    far = dijkstra(graph, directed=False, indices=np.arange(len(places)))
    far[far > 1e5] = np.inf
    way = _to_walls(far, ground.points, cluster)
    chosen = choose(way, most)
    if not chosen:
        return Staging(np.empty(0, object), np.empty(0, np.int64), float("nan"), float("nan"), len(cluster))
    shortest = way[chosen].min(axis=0)
    reached = np.isfinite(shortest)
    served = np.bincount(way[chosen][:, reached].argmin(axis=0), minlength=len(chosen))
    stands: Any = shapely.points(places[chosen])
    return Staging(
        stands,
        served,
        float(shortest[reached].mean()) if reached.any() else float("nan"),
        float(shortest[reached].max()) if reached.any() else float("nan"),
        int((~reached).sum()),
    )


def _places(space: shapely.Geometry, cluster: NDArray[np.object_], inside_m: float, near_m: float) -> Floats:
    """Return points along the line on which an engine's middle moves when it keeps to the edge nearest to the houses."""
    if shapely.is_empty(space) or not len(cluster):
        return np.empty((0, 2))
    # A centimetre less: the space is a union of discs of exactly this radius.
    middle = shapely.buffer(space, 0.01 - inside_m)
    rim = shapely.segmentize(shapely.boundary(middle), SPACING_M)
    points: Any = shapely.points(shapely.get_coordinates(rim))
    near = np.unique(shapely.STRtree(points).query(cluster, predicate="dwithin", distance=near_m)[1])
    found = shapely.get_coordinates(points[near])
    # One of those that share a square, so that a ragged edge does not count more than a straight one.
    square = np.floor(found / SPACING_M).astype(np.int64)
    found = found[np.unique(square, axis=0, return_index=True)[1]]
    return found[:: -(-len(found) // _CANDIDATES)] if len(found) else found


def _to_walls(far: Floats, points: Floats, cluster: NDArray[np.object_]) -> Floats:
    """Return the way from each place to each house: to the best point of open ground before its wall, and across."""
    beside = (STEP_M + CLEAR_M) * 1.5
    spots: Any = shapely.points(points)
    house, point = shapely.STRtree(spots).query(cluster, predicate="dwithin", distance=beside)
    way = np.full((len(cluster), len(far)), np.inf)
    step = shapely.distance(spots[point], cluster[house])
    np.minimum.at(way, house, far[:, point].T + step[:, None])
    result: Floats = way.T
    return result
