"""Burn clusters: buildings that all burn if one does and nobody intervenes.

Fire crosses a pair when its distance is at most the pair's spread distance, the larger of the two by fire
class (Cicione 2020; Table 5.2.2 of GB 50016; Thomas et al. 2003). A screening figure, not a prediction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_service.arrays import Flags, Floats, Ints
from gis_service.density.compute.compiled import compiled
from gis_service.density.compute.executor import Executor, InProcess
from gis_service.density.params import Params
from gis_service.density.plane.grid import Segments, cell_range, foot_on, grid_fill, grid_shape
from gis_service.density.plane.ground import Ground, build_ground
from gis_service.density.plane.pairs import Pairs
from gis_service.density.plane.tiles import Finder
from gis_service.density.plane.walls import Walls, spans

Segment = tuple[float, float, float, float]


@dataclass(frozen=True)
class Burn:
    """Burn clusters of a building set.

    Attributes
    ----------
    cluster_id
        Of each building: from 1, by buildings descending, then by westernmost; 0 for a building that no
        other can set alight (null in files).
    sizes
        ``sizes[i]`` buildings in cluster i + 1.
    a, b
        The pairs that fire crosses (rows, a < b), sorted.
    bridge
        Whether the pair is the only way of the fire between two parts of its cluster: an articulation gap.
    spread_m
        The spread distance of each building in metres.

    """

    cluster_id: Ints
    sizes: Ints
    a: Ints
    b: Ints
    bridge: Flags
    spread_m: Floats

    def largest(self, groups: Ints, count: int) -> Ints:
        """Return the size of the largest burn cluster that has a building in each group 1 to ``count``.

        Parameters
        ----------
        groups
            The group (dense cluster) of each building; 0 or less for none.
        count
            How many groups there are; a group without a burn cluster gets 1.

        """
        size = np.where(self.cluster_id > 0, np.append(self.sizes, 1)[self.cluster_id - 1], 1)
        out = np.ones(count, np.int64)
        inside = groups > 0
        np.maximum.at(out, groups[inside] - 1, size[inside])
        return out


def spread_distance(fire_class: NDArray[np.object_] | None, count: int, params: Params) -> Floats:
    """Return each building's spread distance in metres; whatever is not I_II or IV counts as III."""
    out = np.full(count, float(params.spread_iii_m))
    if fire_class is not None:
        classes = np.asarray(fire_class, dtype=object)
        out[classes == "I_II"] = params.spread_i_ii_m
        out[classes == "IV"] = params.spread_iv_m
    return out


@compiled
def _nearer(one: Segment, two: Segment, limit: float) -> bool:
    """Say whether two walls that do not cross are at most ``limit`` metres apart."""
    ax, ay, bx, by = one
    cx, cy, dx, dy = two
    most = limit * limit
    for k in range(4):
        if k == 0:
            px, py, (fx, fy) = ax, ay, foot_on(ax, ay, cx, cy, dx, dy)
        elif k == 1:
            px, py, (fx, fy) = bx, by, foot_on(bx, by, cx, cy, dx, dy)
        elif k == 2:
            px, py, (fx, fy) = cx, cy, foot_on(cx, cy, ax, ay, bx, by)
        else:
            px, py, (fx, fy) = dx, dy, foot_on(dx, dy, ax, ay, bx, by)
        if (fx - px) ** 2 + (fy - py) ** 2 <= most:
            return True
    return False


@compiled
def _reached(
    far: Ints, spread: Floats, owner: Ints, first: Ints, known: Ints, partner: Ints, grid: Segments
) -> tuple[Ints, Ints]:
    """Return the pairs within the spread distance of each building in ``far``, less those known.

    Parameters
    ----------
    far
        (n,) int64 buildings that search.
    spread
        (buildings,) float64 spread distances in metres.
    owner, first
        Building of each wall of the grid; (buildings + 1,) int64 first wall of each.
    known, partner
        ``partner[known[b]:known[b + 1]]`` are paired with b already.

    """
    ends, shape, start, items = grid.ends, grid.shape, grid.cells.start, grid.cells.items
    room, made = 4 * len(far) + 64, 0
    one, two = np.empty(room, np.int64), np.empty(room, np.int64)
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    seen = np.full(len(first) - 1, -1, np.int64)
    for b in far:
        # Pairs are sorted by their first row: those in which b comes second may be found once more.
        for k in range(known[b], known[b + 1]):
            seen[partner[k]] = b
        limit = spread[b] + 1e-12
        for i in range(first[b], first[b + 1]):
            ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
            left, right, low, high = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
            c0, c1 = cell_range(left - limit, right + limit, x0, cell, nx)
            r0, r1 = cell_range(low - limit, high + limit, y0, cell, ny)
            for row in range(r0, r1 + 1):
                for column in range(c0, c1 + 1):
                    at = row * nx + column
                    for k in range(start[at], start[at + 1]):
                        j = items[k]
                        o = owner[j]
                        # Of two that both search as far, the lower row does it.
                        if o == b or seen[o] == b or (o < b and spread[o] >= spread[b]):
                            continue
                        cx, cy, dx, dy = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
                        if (
                            min(cx, dx) > right + limit
                            or max(cx, dx) < left - limit
                            or min(cy, dy) > high + limit
                            or max(cy, dy) < low - limit
                        ):
                            continue
                        if _nearer((ax, ay, bx, by), (cx, cy, dx, dy), limit):
                            seen[o] = b
                            if made == room:
                                room *= 2
                                more, rest = np.empty(room, np.int64), np.empty(room, np.int64)
                                more[:made], rest[:made] = one, two
                                one, two = more, rest
                            one[made], two[made] = b, o
                            made += 1
    return one[:made].copy(), two[:made].copy()


def burn_pairs(
    footprints: NDArray[np.object_],
    pairs: Pairs,
    reach_m: float,
    spread_m: Floats,
    executor: Executor | None = None,
    ground: Ground | None = None,
) -> tuple[Ints, Ints]:
    """Return the pairs that fire crosses, sorted.

    Parameters
    ----------
    footprints
        Valid polygonal footprints in one metric CRS.
    pairs, reach_m
        All pairs up to ``reach_m`` metres.
    spread_m
        Each building's spread distance in metres. Only buildings whose distance goes beyond ``reach_m``
        are searched again, each as far as its own distance.
    executor, ground
        Who runs the tiles; the walls and tiles of the footprints when they are known already.

    """
    known = pairs.min_width_m <= np.maximum(spread_m[pairs.a], spread_m[pairs.b])
    a, b = pairs.a[known], pairs.b[known]
    far = np.flatnonzero(spread_m > reach_m)
    if len(far):
        ground = ground or build_ground(footprints)
        one, two = _searched(far, spread_m, pairs, ground, executor or InProcess())
        one, two = np.minimum(one, two), np.maximum(one, two)
        a, b = np.concatenate([a, one]), np.concatenate([b, two])
    code = np.unique(a.astype(np.int64) * len(footprints) + b)
    return code // max(len(footprints), 1), code % max(len(footprints), 1)


class _Task(NamedTuple):
    """Buildings of a tile that fire leaves farther than the pairs go, and the walls of all that it may reach."""

    walls: Walls
    far: Ints
    spread: Floats
    known: Ints
    partner: Ints


def _search_tile(task: _Task) -> tuple[Ints, Ints]:
    walls = task.walls
    shape = grid_shape(walls.ends, max(4.0, float(task.spread.max()) / 2))
    grid = Segments(walls.ends, shape, grid_fill(walls.ends, shape))
    return _reached(task.far, task.spread, walls.owner, walls.start, task.known, task.partner, grid)


def _searched(far: Ints, spread_m: Floats, pairs: Pairs, ground: Ground, executor: Executor) -> tuple[Ints, Ints]:
    """Search round the buildings ``far`` tile by tile; return the pairs found."""
    finder = Finder(ground.walls.boxes)
    first = np.searchsorted(pairs.a, np.arange(len(spread_m) + 1)).astype(np.int64)
    searched = np.zeros(len(spread_m), dtype=bool)
    searched[far] = True
    inside: list[Ints] = []

    def tasks() -> Iterator[_Task]:
        for tile in ground.tiles:
            own = tile.own[searched[tile.own]]
            if not len(own):
                continue
            some = finder.within(*tile.grown(float(spread_m[own].max()) + 0.01))
            inside.append(some)
            rows = spans(first, some)
            at = np.searchsorted(some, pairs.b[rows])
            at[at == len(some)] = 0
            known = some[at] == pairs.b[rows]
            owner = np.repeat(np.arange(len(some)), np.diff(first)[some])[known]
            yield _Task(
                ground.walls.cut(some), np.searchsorted(some, own), spread_m[some],
                np.searchsorted(owner, np.arange(len(some) + 1)), at[known],
            )  # fmt: skip

    parts = executor.map(_search_tile, tasks())
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    found = list(zip(inside, parts, strict=True))
    return np.concatenate([some[p[0]] for some, p in found]), np.concatenate([some[p[1]] for some, p in found])


@compiled
def _bridges(count: int, start: Ints, other: Ints, edge: Ints, edges: int) -> Flags:
    """Return the edges whose loss cuts a graph (Tarjan's low links, without recursion)."""
    out = np.zeros(edges, np.bool_)
    found, low = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    at, came = start[:-1].copy(), np.full(count, -1, np.int64)
    stack = np.empty(count, np.int64)
    clock = 0
    for root in range(count):
        if found[root] >= 0:
            continue
        stack[0], top = root, 1
        found[root] = low[root] = clock
        clock += 1
        while top > 0:
            i = stack[top - 1]
            if at[i] < start[i + 1]:
                k = at[i]
                at[i] += 1
                j = other[k]
                if edge[k] == came[i]:
                    continue
                if found[j] < 0:
                    found[j] = low[j] = clock
                    clock += 1
                    came[j] = edge[k]
                    stack[top] = j
                    top += 1
                else:
                    low[i] = min(low[i], found[j])
            else:
                top -= 1
                if top > 0:
                    p = stack[top - 1]
                    low[p] = min(low[p], low[i])
                    if low[i] > found[p]:
                        out[came[i]] = True
    return out


def find_bridges(count: int, a: Ints, b: Ints) -> Flags:
    """Say of each pair whether cutting it separates its cluster; pairs must be distinct."""
    one, two = np.concatenate([a, b]), np.concatenate([b, a])
    edge = np.tile(np.arange(len(a), dtype=np.int64), 2)
    order = np.argsort(one, kind="stable")
    start = np.searchsorted(one[order], np.arange(count + 1)).astype(np.int64)
    return np.asarray(_bridges(count, start, two[order].astype(np.int64), edge[order], len(a)))


def number_clusters(labels: Ints, west: Floats, south: Floats, least: int = 2) -> tuple[Ints, Ints]:
    """Give components numbers from 1 by size descending, then by westernmost, southernmost and first row.

    Parameters
    ----------
    labels
        The component of each building.
    west, south
        Each building's smallest x and y.
    least
        Components with fewer buildings get 0.

    Returns
    -------
    tuple
        The number of each building's component, and the sizes in the order of the numbers.

    """
    names, first, inverse, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    x, y = np.full(len(names), np.inf), np.full(len(names), np.inf)
    np.minimum.at(x, inverse, west)
    np.minimum.at(y, inverse, south)
    order = np.lexsort((first, y, x, -size))
    order = order[size[order] >= least]
    number = np.zeros(len(names), np.int64)
    number[order] = np.arange(1, len(order) + 1)
    return number[inverse], size[order]


def find_burn(
    footprints: NDArray[np.object_],
    pairs: Pairs,
    reach_m: float,
    fire_class: NDArray[np.object_] | None,
    params: Params,
    executor: Executor | None = None,
    ground: Ground | None = None,
) -> Burn:
    """Find burn clusters and their articulation gaps.

    Parameters
    ----------
    footprints
        Valid polygonal footprints in one metric CRS.
    pairs, reach_m
        All pairs up to ``reach_m`` metres.
    fire_class
        ``I_II``, ``III``, ``IV`` or anything else for unknown; None when the layer has none.
    executor, ground
        Who runs the tiles; the walls and tiles of the footprints when they are known already.

    """
    count = len(footprints)
    spread = spread_distance(fire_class, count, params)
    a, b = burn_pairs(footprints, pairs, reach_m, spread, executor, ground)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1].astype(np.int64) if count else np.empty(0, np.int64)
    bounds = shapely.bounds(footprints).reshape(-1, 4)
    cluster, sizes = number_clusters(labels, bounds[:, 0], bounds[:, 1])
    return Burn(cluster, sizes, a, b, find_bridges(count, a, b), spread)
