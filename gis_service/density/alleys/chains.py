"""Join stretches of centrelines end to end; compiled. Python callers use ``alleys``.

Piece i has two ends, 2i (its first point) and 2i + 1 (its last). Ends that meet share a node. Where two ends meet
they are partners and the corridor goes on; where three or more meet it ends.
"""

# Types are found by the compiler (numba) from the arrays that the Python callers pass.
# mypy: disable-error-code=no-untyped-def

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.density.compute.compiled import compiled_untyped

SLACK_M = 0.03
"""Empty discs this near one another count as one open space."""


class Ends(NamedTuple):
    """Both ends of every piece: ends 2i and 2i + 1 are those of piece i.

    Attributes
    ----------
    node
        (ends,) int64: the open space in which each lies.
    xyt
        (ends, 3) float64: x, y in metres and half the local width there.
    dx, dy
        (ends,) float64: unit vectors from the end into its piece.
    by_node, offset
        ``by_node[offset[k]:offset[k + 1]]`` are the ends at node k; int64.

    """

    node: NDArray[np.int64]
    xyt: NDArray[np.float64]
    dx: NDArray[np.float64]
    dy: NDArray[np.float64]
    by_node: NDArray[np.int64]
    offset: NDArray[np.int64]


class Chains(NamedTuple):
    """Pieces joined end to end.

    Attributes
    ----------
    entered
        Ends by which the pieces are entered, chain after chain; int64.
    starts
        (chains + 1,) int64: the first position of every chain.
    length_m
        (chains,) float64, with the bridges between partners.
    closed
        Whether each comes back to where it began.

    """

    entered: NDArray[np.int64]
    starts: NDArray[np.int64]
    length_m: NDArray[np.float64]
    closed: NDArray[np.bool_]


@compiled_untyped
def ends_by_node(node, n_nodes):
    """Return the ends at every node, and the offset of each node's first."""
    offset = np.zeros(n_nodes + 1, np.int64)
    for h in range(node.shape[0]):
        offset[node[h] + 1] += 1
    offset = np.cumsum(offset)
    ends, fill = np.empty(node.shape[0], np.int64), offset[:-1].copy()
    for h in range(node.shape[0]):
        ends[fill[node[h]]] = h
        fill[node[h]] += 1
    return ends, offset


@compiled_untyped
def _spare(g, h, xyt):
    """Return by how much the empty discs of two ends overlap, and the distance of the ends."""
    d = math.sqrt((xyt[g, 0] - xyt[h, 0]) ** 2 + (xyt[g, 1] - xyt[h, 1]) ** 2)
    return xyt[g, 2] + xyt[h, 2] + SLACK_M - d, d


@compiled_untyped
def _bridge(g, h, ends, first, last, xyt):
    """Return how to go from end g to end h without leaving empty discs: -2 not at all, -1 straight, else by an end."""
    if _spare(g, h, xyt)[0] >= 0.0:
        return -1
    best, via = math.inf, -2
    for i in range(first, last):
        m = ends[i]
        one, d = _spare(g, m, xyt)
        two, e = _spare(m, h, xyt)
        if one >= 0.0 and two >= 0.0 and d + e < best:
            best, via = d + e, m
    return via


@compiled_untyped
def partners(every, alive):
    """Make partners of the ends wherever exactly two of pieces ``alive`` (bool) meet.

    Returns
    -------
    The partner of every end (-1: none), the end by which the bridge between the two goes (-1: straight), and the
    number of ends at each node.

    """
    node, ends, offset, xyt = every.node, every.by_node, every.offset, every.xyt
    n_nodes = offset.shape[0] - 1
    degree = np.zeros(n_nodes, np.int64)
    for h in range(node.shape[0]):
        if alive[h >> 1]:
            degree[node[h]] += 1
    waiting = np.full(n_nodes, -1, np.int64)
    partner = np.full(node.shape[0], -1, np.int64)
    via = np.full(node.shape[0], -1, np.int64)
    for h in range(node.shape[0]):
        k = node[h]
        if not alive[h >> 1] or degree[k] != 2:
            continue
        g = waiting[k]
        if g < 0:
            waiting[k] = h
            continue
        way = _bridge(g, h, ends, offset[k], offset[k + 1], xyt)
        if way >= -1:
            partner[h], partner[g], via[h], via[g] = g, h, way, way
    return partner, via, degree


@compiled_untyped
def bridge_length(h, partner, via, xyt):
    """Return the length of the bridge that leaves by end h."""
    g = partner[h]
    if g < 0:
        return 0.0
    if via[h] < 0:
        return _spare(h, g, xyt)[1]
    return _spare(h, via[h], xyt)[1] + _spare(via[h], g, xyt)[1]


@compiled_untyped
def follow(partner, via, alive, length, xyt):
    """Follow partners into ``Chains``; ``length`` is that of each piece in metres."""
    n = alive.shape[0]
    entered = np.empty(n, np.int64)
    starts = np.empty(n + 1, np.int64)
    total = np.empty(n, np.float64)
    closed = np.zeros(n, np.bool_)
    seen = np.zeros(n, np.bool_)
    at = chain = 0
    for sweep in range(2):
        for h in range(2 * n):
            if seen[h >> 1] or not alive[h >> 1] or (sweep == 0 and partner[h] >= 0):
                continue
            starts[chain], total[chain], closed[chain] = at, 0.0, sweep == 1
            here = h
            while True:
                seen[here >> 1] = True
                entered[at] = here
                at += 1
                total[chain] += length[here >> 1]
                out = here ^ 1
                to = partner[out]
                if to < 0:
                    break
                total[chain] += bridge_length(out, partner, via, xyt)
                if seen[to >> 1]:
                    break
                here = to
            chain += 1
    starts[chain] = at
    return Chains(entered[:at].copy(), starts[: chain + 1].copy(), total[:chain].copy(), closed[:chain].copy())


@compiled_untyped
def _straightest(h, alive, ends, first, last, dx, dy):
    best, at = 2.0, -1
    for i in range(first, last):
        g = ends[i]
        if (g >> 1) == (h >> 1) or not alive[g >> 1]:
            continue
        cosine = dx[g] * dx[h] + dy[g] * dy[h]
        if cosine < best:
            best, at = cosine, g
    return at, best


@compiled_untyped
def prune(every, alive, length, shortest, straight):
    """Take away side branches too short to be alleys, shortest first, until every junction is one of alleys.

    A short branch that goes straight on from another is the end of that one and stays. ``alive`` (bool, a piece) is
    changed in place; ``length`` and ``shortest`` are metres, ``straight`` the cosine below which two ends go straight on.
    Returns for every free end of what was taken away the node to which it was attached, else -1.
    """
    node, ends, offset, dx, dy = every.node, every.by_node, every.offset, every.dx, every.dy
    attached_to = np.full(node.shape[0], -1, np.int64)
    while True:
        partner, via, degree = partners(every, alive)
        entered, starts, total, _closed = follow(partner, via, alive, length, every.xyt)
        spare = degree - 2
        order = np.argsort(total, kind="mergesort")
        gone = False
        for c in order:
            if total[c] >= shortest:
                break
            first, last = entered[starts[c]], entered[starts[c + 1] - 1] ^ 1
            p, q = node[first], node[last]
            if degree[p] == 1 and degree[q] >= 3:
                free, held, hung = first, last, q
            elif degree[q] == 1 and degree[p] >= 3:
                free, held, hung = last, first, p
            else:
                continue
            if spare[hung] <= 0:
                continue
            ahead, cosine = _straightest(held, alive, ends, offset[hung], offset[hung + 1], dx, dy)
            if ahead >= 0 and cosine < straight:
                back, _cosine = _straightest(ahead, alive, ends, offset[hung], offset[hung + 1], dx, dy)
                if back == held:
                    continue
            spare[hung] -= 1
            gone = True
            attached_to[free] = hung
            for i in range(starts[c], starts[c + 1]):
                alive[entered[i] >> 1] = False
        if not gone:
            return attached_to


@compiled_untyped
def extend_straight(every, alive, partner, via, degree, short, straight):
    """Let stretches at a junction that are too short to be alleys go on into the straightest branch.

    A lane with a side gap every four metres is one lane, not a row of nothings. ``partner`` and ``via`` are
    changed in place. One pair a junction: its square is crossed, and counted, once.
    """
    ends, offset, xyt, dx, dy = every.by_node, every.offset, every.xyt, every.dx, every.dy
    for k in range(degree.shape[0]):
        if degree[k] < 3:
            continue
        best, bi, bj = straight, -1, -1
        for i in range(offset[k], offset[k + 1]):
            for j in range(i + 1, offset[k + 1]):
                g, h = ends[i], ends[j]
                if (g >> 1) == (h >> 1) or not alive[g >> 1] or not alive[h >> 1] or not (short[g] or short[h]):
                    continue
                cosine = dx[g] * dx[h] + dy[g] * dy[h]
                if cosine < best and _bridge(g, h, ends, offset[k], offset[k + 1], xyt) >= -1:
                    best, bi, bj = cosine, g, h
        if bi >= 0:
            way = _bridge(bi, bj, ends, offset[k], offset[k + 1], xyt)
            partner[bi], partner[bj], via[bi], via[bj] = bj, bi, way, way


@compiled_untyped
def _add(point, out, n, start):
    """Append a point unless it is the one before."""
    if n > start and (point[0] - out[n - 1, 0]) ** 2 + (point[1] - out[n - 1, 1]) ** 2 < 1e-6:
        return n
    out[n] = point
    return n + 1


@compiled_untyped
def outlines(chains, first, last, points, ends, partner, via, chosen):
    """Return the points of the chosen chains in order (a closed one comes back), and the first of each.

    ``first`` and ``last`` (excluded) are the rows of each piece in ``points`` (x, y, t); ``ends`` those of all ends.
    """
    entered, starts, closed = chains.entered, chains.starts, chains.closed
    size = 0
    for c in chosen:
        size += 1
        for i in range(starts[c], starts[c + 1]):
            size += last[entered[i] >> 1] - first[entered[i] >> 1] + 1
    out = np.empty((size, 3))
    at = np.empty(chosen.shape[0] + 1, np.int64)
    n = 0
    for k in range(chosen.shape[0]):
        at[k] = n
        for i in range(starts[chosen[k]], starts[chosen[k] + 1]):
            piece = entered[i] >> 1
            for j in range(last[piece] - first[piece]):
                source = first[piece] + j if (entered[i] & 1) == 0 else last[piece] - 1 - j
                n = _add(points[source], out, n, at[k])
            leave = entered[i] ^ 1
            if partner[leave] >= 0 and via[leave] >= 0:
                n = _add(ends[via[leave]], out, n, at[k])
        if closed[chosen[k]]:
            n = _add(out[at[k]].copy(), out, n, at[k])
    at[chosen.shape[0]] = n
    return out[:n].copy(), at
