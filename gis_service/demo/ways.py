"""Roads of the demo: county roads between towns, township roads to villages, village roads to hamlets.

In the country a road runs from the middle of a cell through the middle of a border into the next cell; in a town it
runs along the borders of blocks, which are the streets. Coordinates are metres in EPSG:4545.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from gis_service.arrays import Floats, Ints, Objects
from gis_service.demo.partition import Cells

CLASSES = ("county", "township", "village", "street")
WIDTHS_M = {"county": 7.5, "township": 6.0, "village": 4.0}


@dataclass
class Net:
    """The graph that roads follow.

    Parameters
    ----------
    points
        Nodes; the first ones are the middles of cells.
    start, end
        Edges.
    via
        A third point of each edge, between its ends.
    street
        Whether an edge is a border of a town block.
    rank
        Road class of an edge as a position in ``CLASSES``, or 9: no road.
    blocks
        For each street edge the two cells at its sides (-1: none).

    """

    points: Floats
    start: Ints
    end: Ints
    via: Floats
    street: NDArray[np.bool_]
    rank: Ints
    blocks: Ints

    def cost(self, rng: np.random.Generator) -> Floats:
        """Return the cost of each edge: its length, bent by a terrain that nobody sees."""
        size = np.hypot(*(self.points[self.start] - self.via).T) + np.hypot(*(self.points[self.end] - self.via).T)
        return np.asarray(size * np.where(self.street, 1.0, rng.uniform(0.5, 1.8, len(size))))


def _streets(cells: Cells) -> tuple[Floats, Ints, Ints, Ints]:
    """Return the corners of town blocks, the streets between them, and the blocks at their sides."""
    core = np.flatnonzero(cells.rank >= 0)
    points, owner = shapely.get_coordinates(shapely.get_exterior_ring(cells.geometry[core]), return_index=True)
    corners, index = np.unique(points, axis=0, return_inverse=True)
    same = owner[1:] == owner[:-1]
    a, b, cell = index[:-1][same], index[1:][same], core[owner[1:][same]]
    low, high = np.minimum(a, b), np.maximum(a, b)
    order = np.lexsort((cell, high, low))
    low, high, cell = low[order], high[order], cell[order]
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    other = np.full(len(low), -1)
    other[:-1][~first[1:]] = cell[1:][~first[1:]]
    return corners, low[first], high[first], np.column_stack([cell[first], other[first]])


def make_net(cells: Cells, closed: NDArray[np.bool_]) -> Net:
    """Build the graph; no road enters the middle of a ``closed`` cell (an industrial area, say)."""
    count = len(cells.geometry)
    country = (cells.rank < 0) & ~closed
    kept = country[cells.left] & country[cells.right] & (cells.length > 25)
    corners, low, high, blocks = _streets(cells)
    # Gates: from a corner of the town to the middle of an open cell that has this corner.
    points, owner = shapely.get_coordinates(shapely.get_exterior_ring(cells.geometry), return_index=True)
    key = {corner.tobytes(): k for k, corner in enumerate(np.ascontiguousarray(corners))}
    gates = {
        (key[p.tobytes()] + count, int(o))
        for p, o in zip(np.ascontiguousarray(points), owner, strict=True)
        if country[o] and p.tobytes() in key
    }
    gate = np.array(sorted(gates), dtype=np.int64)
    nodes = np.vstack([cells.centre, corners])
    start = np.r_[cells.left[kept], low + count, gate[:, 0]]
    end = np.r_[cells.right[kept], high + count, gate[:, 1]]
    via = np.vstack([cells.middle[kept], (corners[low] + corners[high]) / 2, nodes[gate].mean(axis=1)])
    street = np.zeros(len(start), dtype=bool)
    street[kept.sum() : kept.sum() + len(low)] = True
    sides = np.full((len(start), 2), -1)
    sides[street] = blocks
    return Net(nodes, start, end, via, street, np.full(len(start), 9), sides)


def _tree(net: Net, cost: Floats) -> csr_array:
    count = len(net.points)
    return csr_array((np.r_[cost, cost], (np.r_[net.start, net.end], np.r_[net.end, net.start])), shape=(count, count))


def _mark(net: Net, previous: Ints, targets: Ints, rank: int) -> None:
    """Mark the edges from every target back to the source of a search."""
    pairs = set()
    for target in targets:
        node = int(target)
        while previous[node] >= 0 and (node, int(previous[node])) not in pairs:
            pairs.add((node, int(previous[node])))
            node = int(previous[node])
    used = np.array([(min(p), max(p)) for p in pairs], dtype=np.int64).reshape(-1, 2)
    size = len(net.points)
    hit = np.isin(
        np.minimum(net.start, net.end) * size + np.maximum(net.start, net.end), used[:, 0] * size + used[:, 1]
    )
    net.rank[hit] = np.minimum(net.rank[hit], rank)


def lay(cells: Cells, net: Net, seats: Ints, goals: list[tuple[Ints, Ints]], rng: np.random.Generator) -> None:
    """Choose the roads.

    Parameters
    ----------
    cells, net
        The county.
    seats
        For each township the node (a street corner) where its roads meet.
    goals
        For each township the cells of its village centres and of its other hamlets.
    rng
        Source of every random choice.

    """
    cost = net.cost(rng)
    found, previous = dijkstra(_tree(net, cost), indices=seats, return_predecessors=True)
    between = found[:, seats]
    spanning = minimum_spanning_tree(csr_array(between)).toarray() > 0
    # Two towns have a road of their own where going through a third one is a detour of a quarter or more.
    detour = np.min(between[:, :, None] + between[None, :, :] + _no_detour(len(seats)), axis=1)
    direct = 1.25 * between <= detour
    for t in range(len(seats)):
        _mark(
            net,
            previous[t],
            seats[np.flatnonzero(spanning[t] | (direct[t] & (np.arange(len(seats)) > t)))],
            0,
        )
    for t, (villages, hamlets) in enumerate(goals):
        mine = cells.township == t
        foreign = np.r_[~mine, np.zeros(len(net.points) - len(mine), dtype=bool)]
        weight = cost * np.where(foreign[net.start] | foreign[net.end], 3.0, 1.0)
        for targets, rank in ((villages, 1), (hamlets, 2)):
            # A road once laid is cheap to follow, so roads join instead of running side by side.
            eased = weight * np.where(net.rank <= 2, 0.45, 1.0)
            previous = dijkstra(_tree(net, eased), indices=int(seats[t]), return_predecessors=True)[1]
            _mark(net, previous, targets, rank)
    net.rank[net.street] = np.minimum(net.rank[net.street], 3)


def _no_detour(count: int) -> Floats:
    """Return infinity where the town between is one of the two ends."""
    i, k, j = np.meshgrid(np.arange(count), np.arange(count), np.arange(count), indexing="ij")
    return np.where((k == i) | (k == j), np.inf, 0.0)


def _smooth(line: Floats) -> Floats:
    """Cut the corners of a polyline twice (Chaikin); its ends stay."""
    for _ in range(2):
        if len(line) < 3:
            return line
        a, b = line[:-1], line[1:]
        mixed = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        line = np.vstack([line[:1], mixed[1:-1], line[-1:]])
    return line


def draw(net: Net) -> tuple[Objects, list[str]]:
    """Return country road lines from junction to junction, and their classes."""
    lines: list[object] = []
    classes: list[str] = []
    for rank, name in enumerate(CLASSES):
        use = (net.rank == rank) & ~net.street
        if use.any():
            pairs = np.stack([net.points[net.start[use]], net.via[use], net.points[net.end[use]]], axis=1)
            single = np.asarray(shapely.linestrings(pairs), dtype=object)
            merged = shapely.line_merge(shapely.multilinestrings(single))
            parts = _split(shapely.get_parts(merged), net)
            lines += [shapely.linestrings(_smooth(shapely.get_coordinates(p))) for p in parts]
            classes += [name] * len(parts)
    return np.array(lines, dtype=object), classes


def streets(net: Net, half: dict[bytes, float]) -> list[tuple[Any, str, float]]:
    """Return town streets from corner to corner: line, class, clear width between the pavements in m."""
    found = []
    for edge in np.flatnonzero(net.street & (net.rank < 9)):
        line = shapely.linestrings(net.points[[net.start[edge], net.end[edge]]])
        width = 2 * half[net.via[edge].tobytes()]
        if width < 3:
            found.append((line, "lane", round(width - 0.2, 1)))
        else:
            found.append((line, CLASSES[int(net.rank[edge])], round(width - 1.4, 1)))
    return found


def _split(parts: Objects, net: Net) -> Objects:
    """Split lines where a road of another class joins, so that smoothing does not part the two."""
    use = net.rank < 9
    degree = np.bincount(np.r_[net.start[use], net.end[use]], minlength=len(net.points))
    joints = {p.tobytes() for p in np.ascontiguousarray(net.points[degree >= 3])}
    result = []
    for part in parts:
        points = shapely.get_coordinates(part)
        stops = [k for k in range(1, len(points) - 1) if points[k].tobytes() in joints]
        for a, b in zip([0, *stops], [*stops, len(points) - 1], strict=True):
            result.append(shapely.linestrings(points[a : b + 1]))
    return np.array(result, dtype=object)
