"""Firebreak proposals: split a burn cluster into parts of at most N buildings for the least wall length.

The partition is METIS's (Karypis and Kumar 1998, through pymetis): the graph's edges are the pairs that fire
crosses, an edge costs the wall length to protect if it is cut. METIS balances parts but does not promise a
largest size, so every part is checked, split again when it is too large, and then houses are moved, and
parts merged, while that saves wall and keeps the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pymetis
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_service.arrays import Floats, Ints
from gis_service.density.compute.compiled import compiled
from gis_service.density.plane.offset import cover_line, subtract
from gis_service.density.plane.walls import Walls
from gis_service.density.spread.burn import Burn
from gis_service.errors import InputError

_CM = 100.0
_SEED = 1
_MOST_SUM = 500_000_000


@dataclass(frozen=True)
class Firebreak:
    """One burn cluster's proposal.

    Attributes
    ----------
    cluster_id
        The burn cluster.
    cuts
        One row a pair to protect or to widen: building_a, building_b (rows of the input), wall_m (wall
        length to protect), widen_to_m (or the distance to widen the gap to).
    part
        For each building of the cluster (``buildings``) its part, from 1 by size descending.
    buildings
        The cluster's buildings, ascending.
    wall_m
        Wall length to protect in all.
    before, after
        Buildings in the largest burn cluster before and after.
    saved_mean
        By how many buildings fewer burn, on average over where the fire starts.

    """

    cluster_id: int
    cuts: pd.DataFrame
    part: Ints
    buildings: Ints
    wall_m: float
    before: int
    after: int
    saved_mean: float

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return int(self.part.max())


def facing_wall(walls: Walls, a: Ints, b: Ints, spread_m: Floats) -> Floats:
    """Return the wall length to protect for each pair, in metres.

    That is the shorter of the two: A's outline within the pair's spread distance of B, or B's of A. One of
    the two walls facing each other is enough (GB 50016 5.2.2 note 2).
    """
    # A wall exactly at the limit counts.
    limit = np.maximum(spread_m[a], spread_m[b]) + 1e-6
    return np.asarray(_facing(a.astype(np.int64), b.astype(np.int64), limit, walls.ends, walls.start))


@compiled
def _facing(a: Ints, b: Ints, limit: Floats, ends: Floats, start: Ints) -> Floats:
    out = np.empty(len(a))
    free = np.empty((4096, 2))
    for n in range(len(a)):
        least = np.inf
        for side in range(2):
            of, near = (a[n], b[n]) if side == 0 else (b[n], a[n])
            total = 0.0
            for i in range(start[of], start[of + 1]):
                ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
                length = math.hypot(bx - ax, by - ay)
                dx, dy = (bx - ax) / length, (by - ay) / length
                free[0, 0], free[0, 1] = 0.0, length
                count = 1
                for j in range(start[near], start[near + 1]):
                    wall = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
                    low, high = cover_line(ax, ay, dx, dy, wall, limit[n])
                    if low < high:
                        count = subtract(low, high, free, count)
                    if count == 0:
                        break
                left = 0.0
                for k in range(count):
                    left += free[k, 1] - free[k, 0]
                total += length - left
            least = min(least, total)
        out[n] = least
    return out


def propose(burn: Burn, cluster_id: int, wall_m: Floats, most: int, spread_m: Floats | None = None) -> Firebreak:
    """Split one burn cluster into parts of at most ``most`` buildings.

    Parameters
    ----------
    burn, cluster_id
        The burn clusters and which one to split.
    wall_m
        The wall length of every pair of ``burn`` in metres.
    most
        Buildings in a part, at most.
    spread_m
        Spread distances of the buildings in metres; by default those of ``burn``.

    """
    if most < 1:
        raise InputError("每片栋数至少为 1。", "A part must hold at least one building.", most=most)
    spread = burn.spread_m if spread_m is None else spread_m
    buildings = np.flatnonzero(burn.cluster_id == cluster_id)
    if not len(buildings):
        raise InputError(
            f"没有编号为 {cluster_id} 的蔓延片。", f"There is no burn cluster {cluster_id}.", cluster_id=cluster_id
        )
    rows = np.flatnonzero(burn.cluster_id[burn.a] == cluster_id)
    a, b = np.searchsorted(buildings, burn.a[rows]), np.searchsorted(buildings, burn.b[rows])
    weight = np.maximum(np.rint(wall_m[rows] * _CM), 1).astype(np.int64)
    part = partition(len(buildings), a, b, weight, most)
    cut = part[a] != part[b]
    number = np.bincount(part)
    sizes = number[number > 0]
    cuts = pd.DataFrame(
        {
            "building_a": burn.a[rows][cut],
            "building_b": burn.b[rows][cut],
            "wall_m": np.round(wall_m[rows][cut], 2),
            "widen_to_m": np.maximum(spread[burn.a[rows][cut]], spread[burn.b[rows][cut]]),
        }
    )
    # A fire that starts anywhere burns its whole part: on average the sum of squares over the count.
    return Firebreak(
        cluster_id,
        cuts,
        part,
        buildings,
        float(np.round(wall_m[rows][cut].sum(), 2)),
        len(buildings),
        int(sizes.max()),
        float(len(buildings) - (sizes.astype(float) ** 2).sum() / len(buildings)),
    )


def propose_all(burn: Burn, wall_m: Floats, most: int) -> list[Firebreak]:
    """Split every burn cluster with more than ``most`` buildings, the largest first."""
    return [propose(burn, k + 1, wall_m, most) for k, size in enumerate(burn.sizes) if size > most]


def partition(count: int, a: Ints, b: Ints, weight: Ints, most: int) -> Ints:
    """Part a graph into connected parts of at most ``most`` vertices, cutting little weight.

    Returns
    -------
    numpy.ndarray
        The part of each vertex, from 1 by size descending, then by first vertex.

    """
    best, least = np.empty(0, np.int64), np.inf
    for extra in range(3):
        # A part or two more than the fewest gives METIS room; which is cheaper depends on the graph.
        part = _split(np.arange(count, dtype=np.int64), a, b, weight, most, extra)
        part = _repaired(part, a, b, weight, most)
        cost = int(weight[part[a] != part[b]].sum())
        if cost < least:
            best, least = part, cost
    return _numbered(best)


def _split(vertices: Ints, a: Ints, b: Ints, weight: Ints, most: int, extra: int) -> Ints:
    """Return a part number for each of ``vertices``; a and b count positions in it."""
    count = len(vertices)
    if count <= most:
        return np.zeros(count, np.int64)
    parts = min(-(-count // most) + extra * max(1, count // (8 * most)), count)
    if most == 1:
        return np.arange(count, dtype=np.int64)
    one, two = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((two, one))
    start = np.searchsorted(one[order], np.arange(count + 1))
    # METIS adds weights in 32 bits.
    light = np.maximum(weight // (int(weight.sum()) // _MOST_SUM + 1), 1)
    options = pymetis.Options(seed=_SEED, ufactor=1, ncuts=4)
    _, got = pymetis.part_graph(
        max(parts, 2),
        pymetis.CSRAdjacency(start.tolist(), two[order].tolist()),
        eweights=np.concatenate([light, light])[order].tolist(),
        recursive=True,
        options=options,
    )
    part = np.asarray(got, np.int64)
    # Parts need not be connected: what is not counts as parts of its own.
    inside = part[a] == part[b]
    graph = coo_array((np.ones(inside.sum(), np.int8), (a[inside], b[inside])), shape=(count, count))
    part = connected_components(graph, directed=False)[1].astype(np.int64)
    out, used = np.empty(count, np.int64), 0
    for k in range(int(part.max()) + 1):
        mine = np.flatnonzero(part == k)
        if len(mine) == count:
            # METIS left all in one part; halve by hand, so that this ends.
            out[mine] = used + (np.arange(count) >= most)
            used += 2
            continue
        sub = np.zeros(len(mine), np.int64)
        if len(mine) > most:
            place = np.full(count, -1, np.int64)
            place[mine] = np.arange(len(mine))
            own = (place[a] >= 0) & (place[b] >= 0)
            sub = _split(vertices[mine], place[a[own]], place[b[own]], weight[own], most, 0)
        out[mine] = used + sub
        used += int(sub.max()) + 1
    return out


@compiled
def _improve(part: Ints, size: Ints, start: Ints, other: Ints, weight: Ints, most: int) -> int:
    """Move vertices to the neighbouring part that they have most weight with; return what that saved."""
    saved = 0
    with_part = np.zeros(len(size), np.int64)
    for i in range(len(part)):
        for k in range(start[i], start[i + 1]):
            with_part[part[other[k]]] += weight[k]
        own = part[i]
        best, gain = -1, 0
        for k in range(start[i], start[i + 1]):
            p = part[other[k]]
            more = with_part[p] - with_part[own]
            if p != own and size[p] < most and more > gain:
                best, gain = p, more
        for k in range(start[i], start[i + 1]):
            with_part[part[other[k]]] = 0
        if best >= 0:
            size[own] -= 1
            size[best] += 1
            part[i] = best
            saved += gain
    return saved


def _repaired(part: Ints, a: Ints, b: Ints, weight: Ints, most: int) -> Ints:
    """Move vertices and merge parts while that saves weight and keeps the limit."""
    count = len(part)
    one, two = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.argsort(one, kind="stable")
    start = np.searchsorted(one[order], np.arange(count + 1)).astype(np.int64)
    other, heavy = two[order].astype(np.int64), np.concatenate([weight, weight])[order]
    for _ in range(50):
        size = np.bincount(part).astype(np.int64)
        saved = _improve(part, size, start, other, heavy, most)
        saved += _merge(part, a, b, weight, most)
        if not saved:
            break
    return part


def _merge(part: Ints, a: Ints, b: Ints, weight: Ints, most: int) -> int:
    """Merge the two neighbouring parts with the most weight between them that fit together; return it."""
    size = np.bincount(part)
    p, q = np.minimum(part[a], part[b]), np.maximum(part[a], part[b])
    cut = (p != q) & (size[p] + size[q] <= most)
    if not cut.any():
        return 0
    code, inverse = np.unique(p[cut] * len(size) + q[cut], return_inverse=True)
    between = np.bincount(inverse, weights=weight[cut])
    k = int(np.argmax(between))
    part[part == code[k] % len(size)] = code[k] // len(size)
    return int(between[k])


def _numbered(part: Ints) -> Ints:
    """Give parts numbers from 1 by size descending, then by first vertex."""
    _, first, inverse, size = np.unique(part, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -size))
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(1, len(order) + 1)
    return number[inverse]
