"""Join stretches of centrelines end to end; compiled. Python callers use ``alleys``.

Piece i has two ends, 2i (its first point) and 2i + 1 (its last). Ends that meet share a node. Where two ends meet
they are partners and the corridor goes on; where three or more meet it ends.
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def partners(node, alive, n_nodes):
    """Return the partner of every end at nodes where exactly two ends meet (-1: none), and the ends per node."""
    degree = np.zeros(n_nodes, np.int64)
    for h in range(node.shape[0]):
        if alive[h >> 1]:
            degree[node[h]] += 1
    waiting = np.full(n_nodes, -1, np.int64)
    partner = np.full(node.shape[0], -1, np.int64)
    for h in range(node.shape[0]):
        k = node[h]
        if not alive[h >> 1] or degree[k] != 2:
            continue
        if waiting[k] < 0:
            waiting[k] = h
        else:
            partner[h], partner[waiting[k]] = waiting[k], h
    return partner, degree


@nb.njit(cache=True, nogil=True)
def follow(partner, alive, length, x, y):
    """Follow partners into chains.

    Returns
    -------
    Ends by which the pieces are entered, chain after chain; the first position of every chain (and one past the
    last); length in metres with the straight bridges between partners; whether it closes on itself.
    """
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
                total[chain] += math.sqrt((x[to] - x[out]) ** 2 + (y[to] - y[out]) ** 2)
                if seen[to >> 1]:
                    break
                here = to
            chain += 1
    starts[chain] = at
    return entered[:at].copy(), starts[: chain + 1].copy(), total[:chain].copy(), closed[:chain].copy()


@nb.njit(cache=True, nogil=True)
def prune(node, alive, n_nodes, length, x, y, shortest):
    """Take away side branches too short to be alleys, shortest first, until every junction is one of alleys.

    ``alive`` is changed in place. Returns for every end of a piece taken away the node that it hung on, else -1.
    """
    hung_on = np.full(node.shape[0], -1, np.int64)
    while True:
        partner, degree = partners(node, alive, n_nodes)
        entered, starts, total, _closed = follow(partner, alive, length, x, y)
        spare = degree - 2
        chains = total.shape[0]
        order = np.argsort(total, kind="mergesort")
        gone = False
        for c in order:
            if total[c] >= shortest or c >= chains:
                break
            first, last = entered[starts[c]], entered[starts[c + 1] - 1] ^ 1
            p, q = node[first], node[last]
            if degree[p] == 1 and degree[q] >= 3:
                free, hung = first, q
            elif degree[q] == 1 and degree[p] >= 3:
                free, hung = last, p
            else:
                continue
            if spare[hung] <= 0:
                continue
            spare[hung] -= 1
            gone = True
            hung_on[free] = hung
            for i in range(starts[c], starts[c + 1]):
                alive[entered[i] >> 1] = False
        if not gone:
            return hung_on


@nb.njit(cache=True, nogil=True)
def carry_on(node, alive, partner, degree, short, dx, dy, straight):
    """Let stretches between two junctions that are too short to be alleys go on into the straightest branch.

    A lane with a side gap every four metres is one lane, not a row of nothings. ``partner`` is changed in place.
    """
    n = node.shape[0]
    count = np.zeros(degree.shape[0] + 1, np.int64)
    for h in range(n):
        if alive[h >> 1] and degree[node[h]] >= 3:
            count[node[h] + 1] += 1
    offset = np.cumsum(count)
    ends = np.empty(offset[-1], np.int64)
    fill = offset[:-1].copy()
    for h in range(n):
        if alive[h >> 1] and degree[node[h]] >= 3:
            ends[fill[node[h]]] = h
            fill[node[h]] += 1
    for k in range(degree.shape[0]):
        while True:
            best, bi, bj = straight, -1, -1
            for i in range(offset[k], offset[k + 1]):
                for j in range(i + 1, offset[k + 1]):
                    g, h = ends[i], ends[j]
                    if partner[g] >= 0 or partner[h] >= 0 or (g >> 1) == (h >> 1) or not (short[g] or short[h]):
                        continue
                    cosine = dx[g] * dx[h] + dy[g] * dy[h]
                    if cosine < best:
                        best, bi, bj = cosine, g, h
            if bi < 0:
                break
            partner[bi], partner[bj] = bj, bi


@nb.njit(cache=True, nogil=True)
def outlines(entered, starts, first, last, xyt, chosen, closed):
    """Return the points of the chosen chains in order (a closed one comes back), and the first of each."""
    size = 0
    for c in chosen:
        for i in range(starts[c], starts[c + 1]):
            size += last[entered[i] >> 1] - first[entered[i] >> 1]
    out = np.empty((size + chosen.shape[0], 3))
    at = np.empty(chosen.shape[0] + 1, np.int64)
    n = 0
    for k in range(chosen.shape[0]):
        at[k] = n
        for i in range(starts[chosen[k]], starts[chosen[k] + 1]):
            piece = entered[i] >> 1
            count = last[piece] - first[piece]
            for j in range(count):
                source = first[piece] + j if (entered[i] & 1) == 0 else last[piece] - 1 - j
                # The meeting point of two pieces is written once.
                if n > at[k] and (xyt[source, 0] - out[n - 1, 0]) ** 2 + (xyt[source, 1] - out[n - 1, 1]) ** 2 < 1e-6:
                    continue
                out[n] = xyt[source]
                n += 1
        if closed[chosen[k]] and (out[at[k], 0] != out[n - 1, 0] or out[at[k], 1] != out[n - 1, 1]):
            out[n] = out[at[k]]
            n += 1
    at[chosen.shape[0]] = n
    return out[:n].copy(), at
