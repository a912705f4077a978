"""A patrol route: every alley of a cluster walked once, or as nearly so as its ends allow.

This is the route inspection problem (the Chinese postman) on the graph of alleys, with the open ground between
their ends as ways that may be walked and need not be. Where an odd number of alleys meet, one of them must be
walked again or left across open ground: a least-weight matching of these places chooses which. The route may end
elsewhere than it began, so the two places that save most are left alone. Where the alleys hang together the route
is the shortest there is; where they do not, their parts are first joined by a least spanning tree (Frederickson
1979: never more than half as long again as the shortest).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import networkx as nx
import numpy as np
import rustworkx as rx
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import cKDTree

from gis_service.arrays import Floats, Ints
from gis_service.fire.walkable import Walkable, sparse, walkable

Kind = Literal["alley", "again", "across", "direct"]

MEET_M = 2.5
"""Ends of alleys this near one another, with no house between, are one place: an alley ends before its junction."""

_NEAREST = (24, 10**6)
"""A place is matched with one of so many nearest; of more only where these allow no matching."""

_EXACT = 80
"""Up to so many odd places each may be matched with each, and ways of any length are looked for."""

_FAR_M = 100.0
"""Where there are more places, longer ways between two are looked for only if shorter ones are not enough."""


@dataclass(frozen=True)
class Step:
    """One stretch of the route.

    Attributes
    ----------
    kind
        ``alley`` for the first time, ``again``, ``across`` open ground, or ``direct``: the data show no way.
    alley
        Position of the alley in what was given; None between alleys.
    line
        Where it goes, in the direction of walking.

    """

    kind: Kind
    alley: int | None
    line: shapely.LineString

    @property
    def length_m(self) -> float:
        """Length in metres."""
        return float(self.line.length)


@dataclass(frozen=True)
class Patrol:
    """A route and what it costs; lengths in metres."""

    steps: tuple[Step, ...] = ()
    lengths: dict[Kind, float] = field(default_factory=dict)

    @property
    def length_m(self) -> float:
        """The whole way."""
        return sum(self.lengths.values())

    def line(self) -> shapely.LineString:
        """Return the whole route as one line; empty without alleys."""
        if not self.steps:
            return shapely.LineString()
        return shapely.LineString(np.vstack([shapely.get_coordinates(step.line) for step in self.steps]))


def inspect(
    count: int, alleys: Ints, alley_m: Floats, ways: Ints, way_m: Floats, *, closed: bool = False
) -> list[tuple[int, bool]]:
    """Return the shortest walk found over every alley of a graph.

    Parameters
    ----------
    count
        Number of places.
    alleys, alley_m
        Pairs of places, each to be walked; their lengths.
    ways, way_m
        Pairs of places that may be walked; their lengths.
    closed
        Whether the walk must end where it begins.

    Returns
    -------
    list
        The lines in order: row of ``alleys``, or of ``ways`` plus the number of alleys; and whether it is walked
        from the first of its places to the second.

    Raises
    ------
    ValueError
        The ways do not join all alleys.

    """
    alleys, ways = np.asarray(alleys, np.int64).reshape(-1, 2), np.asarray(ways, np.int64).reshape(-1, 2)
    if not len(alleys):
        return []
    lines = np.vstack((alleys, ways))
    length = np.concatenate((np.asarray(alley_m, float), np.asarray(way_m, float)))
    stops = np.unique(alleys)
    row = np.full(count, -1)
    row[stops] = np.arange(len(stops))
    graph = sparse(count, lines, length)
    for far_m in (_FAR_M, np.inf) if len(stops) > _EXACT else (np.inf,):
        far, before = dijkstra(graph, directed=False, indices=stops, return_predecessors=True, limit=far_m)
        between = far[:, stops]
        walk = nx.MultiGraph()
        walk.add_edges_from((int(a), int(b), {"alley": k}) for k, (a, b) in enumerate(alleys))
        if _join(walk, row[alleys], between, stops) and _even(walk, row, between, stops, closed=closed):
            break
    else:
        raise ValueError("the ways do not join all alleys")
    _prune(walk)

    odd = [node for node, degree in walk.degree() if degree % 2]
    start = min(odd) if odd else int(stops[0])
    best = _shortest(lines, length)
    legs: list[tuple[int, bool]] = []
    for a, b, key in nx.eulerian_path(walk, source=start, keys=True):
        alley = walk.edges[a, b, key].get("alley")
        if alley is not None:
            legs.append((alley, bool(alleys[alley][0] == a)))
            continue
        # The way from a to b, found backwards from b.
        here, trace = b, []
        while here != a:
            there = int(before[row[a], here])
            trace.append((there, here))
            here = there
        for u, v in reversed(trace):
            line = best[(min(u, v), max(u, v))]
            legs.append((line, bool(lines[line][0] == u)))
    return legs


def _shortest(lines: Ints, length: Floats) -> dict[tuple[int, int], int]:
    """Return which line is the shortest between two places."""
    best: dict[tuple[int, int], int] = {}
    for k in np.argsort(length, kind="stable")[::-1].tolist():
        a, b = lines[k]
        best[(int(min(a, b)), int(max(a, b)))] = k
    return best


def _join(walk: nx.MultiGraph, alleys: Ints, between: Floats, stops: Ints) -> bool:
    """Add the shortest ways that make the alleys hang together; tell whether they do."""
    size = len(stops)
    graph = coo_matrix((np.ones(len(alleys)), (alleys[:, 0], alleys[:, 1])), shape=(size, size))
    parts, label = connected_components(graph, directed=False)
    if parts == 1:
        return True
    # Of all ways between two parts the shortest; one row and column a part.
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(parts))
    whole = np.minimum.reduceat(np.minimum.reduceat(between[np.ix_(order, order)], starts, axis=0), starts, axis=1)
    tree = minimum_spanning_tree(np.where(whole > 0, whole, 1e-9))
    if tree.nnz < parts - 1:
        return False
    for a, b in zip(*tree.nonzero(), strict=True):
        rows, columns = np.flatnonzero(label == a), np.flatnonzero(label == b)
        block = between[np.ix_(rows, columns)]
        i, j = np.unravel_index(int(block.argmin()), block.shape)
        walk.add_edge(int(stops[rows[i]]), int(stops[columns[j]]), way=float(block[i, j]))
    return True


def _even(walk: nx.MultiGraph, row: Ints, between: Floats, stops: Ints, *, closed: bool) -> bool:
    """Add the shortest ways that leave no odd place, or two where the walk may end elsewhere than it began.

    Returns whether there are such ways.
    """
    odd = row[sorted(node for node, degree in walk.degree() if degree % 2)]
    if not len(odd) or (len(odd) == 2 and not closed):
        return True
    cost = between[np.ix_(odd, odd)]
    np.fill_diagonal(cost, np.inf)
    nearest = np.argsort(cost, axis=1, kind="stable")
    # Two that stand for "the walk begins here" and "it ends here": matched with them, a place stays odd.
    ends = () if closed else (len(odd), len(odd) + 1)
    for reach in _NEAREST if len(odd) > _EXACT else (len(odd),):
        ways = {(min(i, j), max(i, j)) for i, others in enumerate(nearest[:, :reach].tolist()) for j in others}
        weights = {(i, j): float(cost[i, j]) for i, j in sorted(ways) if np.isfinite(cost[i, j])}
        weights |= {(i, end): 0.0 for i in range(len(odd)) for end in ends}
        chosen = _matching(len(odd) + len(ends), weights)
        if 2 * len(chosen) == len(odd) + len(ends):
            break
    else:
        return False
    for i, j in chosen:
        if j < len(odd):
            walk.add_edge(int(stops[odd[i]]), int(stops[odd[j]]), way=float(cost[i, j]))
    return True


def _matching(count: int, weights: dict[tuple[int, int], float]) -> list[tuple[int, int]]:
    """Return as many pairs as there can be, those of least weight in all; to a millimetre, as it counts in integers."""
    graph = rx.PyGraph()
    graph.add_nodes_from(range(count))
    most = max(weights.values())
    graph.add_edges_from([(i, j, round(1000 * (most - weight))) for (i, j), weight in weights.items()])
    pairs = rx.max_weight_matching(graph, max_cardinality=True, weight_fn=int)
    return sorted((min(i, j), max(i, j)) for i, j in pairs)


def _prune(walk: nx.MultiGraph) -> None:
    """Take out ways that are walked twice where the walk hangs together without them."""
    for a, b in {tuple(sorted((u, v))) for u, v, key in walk.edges(keys=True)}:
        ways = [key for key, data in walk[a][b].items() if "alley" not in data]
        while len(ways) >= 2:
            pair = [(a, b, ways.pop()), (a, b, ways.pop())]
            data = [dict(walk.edges[edge]) for edge in pair]
            walk.remove_edges_from(pair)
            if not (walk.degree(a) and walk.degree(b) and nx.has_path(walk, a, b)):
                for (u, v, key), known in zip(pair, data, strict=True):
                    walk.add_edge(u, v, key, **known)


def plan_patrol(alleys: NDArray[np.object_], houses: NDArray[np.object_], *, closed: bool = False) -> Patrol:
    """Return a patrol over every alley.

    Parameters
    ----------
    alleys
        Centrelines (LineString or MultiLineString), in a metric CRS.
    houses
        Footprints in the same CRS: those of the cluster and those around it.
    closed
        Whether the patrol must end where it begins.

    """
    parts, of = shapely.get_parts(np.asarray(alleys, object), return_index=True)
    if not len(parts):
        return Patrol()
    ends = np.array([line.coords[k] for line in parts for k in (0, -1)])[:, :2]
    place = _meet(ends, houses)
    count = int(place.max()) + 1
    first = np.full(count, -1)
    first[place[::-1]] = np.arange(len(ends))[::-1]
    ground = walkable(ends[first], houses)
    return _patrol(parts, of, place.reshape(-1, 2), ground, closed=closed)


def _meet(ends: Floats, houses: NDArray[np.object_]) -> Ints:
    """Return for each end the number of the place in which it meets others."""
    pairs = cKDTree(ends).query_pairs(MEET_M, output_type="ndarray")
    if len(pairs) and len(houses):
        lines = shapely.linestrings(ends[pairs])
        line, house = shapely.STRtree(houses).query(lines)
        cut = np.unique(line[shapely.crosses(lines[line], houses[house])])
        pairs = np.delete(pairs, cut, axis=0)
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    place: Ints = connected_components(joined, directed=False)[1].astype(np.int64)
    return place


def _patrol(parts: NDArray[np.object_], of: Ints, alleys: Ints, ground: Walkable, *, closed: bool) -> Patrol:
    cost = ground.length_m * np.where(ground.direct, 3.0, 1.0)
    legs = inspect(len(ground.points), alleys, shapely.length(parts), ground.lines, cost, closed=closed)
    steps: list[Step] = []
    seen: set[int] = set()
    for line, forward in legs:
        if line < len(parts):
            points = shapely.get_coordinates(parts[line])
            kind: Kind = "again" if line in seen else "alley"
            seen.add(line)
        else:
            points = ground.points[ground.lines[line - len(parts)]]
            kind = "direct" if ground.direct[line - len(parts)] else "across"
        points = points if forward else points[::-1]
        _append(steps, kind, int(of[line]) if line < len(parts) else None, points)
    lengths: dict[Kind, float] = {"alley": 0.0, "again": 0.0, "across": 0.0, "direct": 0.0}
    for step in steps:
        lengths[step.kind] += step.length_m
    return Patrol(tuple(steps), lengths)


def _append(steps: list[Step], kind: Kind, alley: int | None, points: Floats) -> None:
    """Add a stretch, with the few paces across a junction before it; stretches across open ground are one."""
    if steps:
        here = shapely.get_coordinates(steps[-1].line)[-1]
        if np.hypot(*(points[0] - here)) > 1e-6:
            if kind in {"across", "direct"}:
                points = np.vstack((here, points))
            elif steps[-1].kind == "across":
                steps[-1] = Step("across", None, _line(shapely.get_coordinates(steps[-1].line), points[:1]))
            else:
                steps.append(Step("across", None, _line(here[None], points[:1])))
        if kind == "across" and steps[-1].kind == "across":
            steps[-1] = Step("across", None, _line(shapely.get_coordinates(steps[-1].line), points[1:]))
            return
    steps.append(Step(kind, alley, shapely.LineString(points)))


def _line(*points: Floats) -> shapely.LineString:
    return shapely.LineString(np.vstack(points))
