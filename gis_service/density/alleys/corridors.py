"""Gaps joined end to end into alleys (docs/domain.md#alleys)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis_service.density.alleys.chains import (
    Chains,
    Ends,
    ends_by_node,
    extend_straight,
    follow,
    outlines,
    partners,
    prune,
)
from gis_service.density.alleys.gaps import Gaps, Pieces, classify
from gis_service.density.layer.prepare import Prepared
from gis_service.density.params import Params

MEET_M = 0.03
"""Ends of centrelines this near one another are one point (they are computed to a tenth of a millimetre)."""

STRAIGHT = -0.7
"""Cosine of the turn (135°) up to which a stretch too short to be an alley goes on into another."""

REACH = 12
"""So many nearest ends are asked whether they lie in the same open space."""

OPEN_SHARE = 0.9
"""An end is open when, half its width further on, there is this share of its width left."""

TURNS = np.radians([0.0, 30.0, -30.0, 60.0, -60.0])
"""Directions, from straight on, in which the way out of an end is looked for."""


@dataclass(frozen=True)
class Alleys:
    """Alleys, by westernmost then southernmost point; ids are positions plus 1.

    Attributes
    ----------
    xyt, at
        Points of alley k are xyt[at[k]:at[k + 1]]: x, y and half the local width, in metres.
    alley, building
        Which building adjoins which alley (positions; sorted by alley, then building).

    """

    kind: NDArray[np.object_]
    length_m: NDArray[np.float64]
    min_width_m: NDArray[np.float64]
    mean_width_m: NDArray[np.float64]
    sky_view: NDArray[np.float64]
    dead_end: NDArray[np.bool_]
    geometry: NDArray[np.object_]
    xyt: NDArray[np.float64]
    at: NDArray[np.int64]
    alley: NDArray[np.int64]
    building: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.length_m)

    def profile(self, k: int) -> list[tuple[float, float]]:
        """Return the width profile of alley ``k``: (chainage, local width) in metres, from its first point."""
        xyt = self.xyt[self.at[k] : self.at[k + 1]]
        chainage = np.r_[0.0, np.cumsum(np.hypot(*np.diff(xyt[:, :2], axis=0).T))]
        return [(round(float(s), 2), round(float(2 * t), 3)) for s, t in zip(chainage, xyt[:, 2], strict=True)]

    def adjoining(self, k: int) -> NDArray[np.int64]:
        """Return the positions of the buildings along alley ``k``."""
        return self.building[np.searchsorted(self.alley, k) : np.searchsorted(self.alley, k, side="right")]

    def frame(self, prepared: Prepared, cluster_id: NDArray[np.int64] | None = None) -> gpd.GeoDataFrame:
        """Return the layer ``alleys`` (docs/layers.md#alleys); ``cluster_id`` per alley, 0 outside clusters."""
        ids = np.zeros(len(self), dtype=np.int64) if cluster_id is None else cluster_id
        return gpd.GeoDataFrame(
            {
                "alley_id": np.arange(1, len(self) + 1),
                "cluster_id": pd.array(np.where(ids > 0, ids, -1), dtype="Int64").copy(),
                "class": pd.Series(self.kind, dtype="str"),
                "length_m": self.length_m,
                "min_width_m": self.min_width_m,
                "mean_width_m": self.mean_width_m,
                "sky_view": self.sky_view,
                "buildings": np.bincount(self.alley, minlength=len(self)),
                "dead_end": self.dead_end,
            },
            geometry=self.geometry,
            crs=prepared.crs,
        ).assign(cluster_id=lambda f: f["cluster_id"].mask(f["cluster_id"] < 0))


def build_alleys(prepared: Prepared, gaps: Gaps, params: Params | None = None) -> Alleys:
    """Join the gaps into alleys.

    Only stretches to which no third building is nearer take part, so that no metre is counted for two pairs. Ends
    in the same open space (their empty discs overlap, so the way between them crosses no building) are one node:
    two ends there are one alley going on, three or more are a junction that ends them.
    """
    params = params or Params()
    pieces = gaps.pieces.keep(gaps.kind[gaps.pieces.pair] != "touching")
    n = len(pieces.pair)
    ends = np.empty((2 * n, 3))
    ends[0::2], ends[1::2] = pieces.xyt[pieces.first], pieces.xyt[pieces.last - 1]
    node, n_nodes = _nodes(ends)
    dx, dy = _directions(pieces.xyt, pieces.first, pieces.last)
    every = Ends(node, ends, dx, dy, *ends_by_node(node, n_nodes))
    # A short stretch inside one open space is that space's own square: not a way from anywhere to anywhere.
    span = np.hypot(ends[0::2, 0] - ends[1::2, 0], ends[0::2, 1] - ends[1::2, 1])
    alive = ~((node[0::2] == node[1::2]) & (span > MEET_M) & (pieces.length_m < 2 * span + MEET_M))
    attached_to = prune(every, alive, pieces.length_m, params.min_alley_m, STRAIGHT)
    partner, via, degree = partners(every, alive)
    entered, starts, total, _ = follow(partner, via, alive, pieces.length_m, ends)
    short = np.zeros(2 * n, dtype=bool)
    chain_of = np.repeat(np.arange(len(total)), np.diff(starts))
    too_short = total[chain_of] < params.min_alley_m
    short[2 * (entered[too_short] // 2)] = short[2 * (entered[too_short] // 2) + 1] = True
    extend_straight(every, alive, partner, via, degree, short, STRAIGHT)
    chains: Chains = follow(partner, via, alive, pieces.length_m, ends)

    chosen = np.flatnonzero(chains.length_m >= params.min_alley_m)
    shape = (chains, pieces.first, pieces.last, pieces.xyt, ends, partner, via)
    chosen = chosen[_west_first(*outlines(*shape, chosen))]
    xyt, at = outlines(*shape, chosen)
    figures = _figures(gaps, pieces, chains.entered, chains.starts, chosen, ends, partner, via)
    dead = _dead_ends(prepared, every, degree, attached_to, chains, chosen)
    size = np.diff(at)
    geometry = shapely.linestrings(xyt[:, :2], indices=np.repeat(np.arange(len(chosen)), size))
    kind = classify(figures["mean"], figures["sky"], params)
    # What was wider than touching pair by pair is no wall contact as a whole.
    kind[kind == "touching"] = "handshake"
    return Alleys(
        kind, figures["length"], figures["least"], figures["mean"], figures["sky"], dead,
        np.asarray(geometry, dtype=object), xyt, at, figures["alley"], figures["building"],
    )  # fmt: skip


def _nodes(ends: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Return the node of every end: ends at one point, and ends whose open spaces are one."""
    n = len(ends)
    if n == 0:
        return np.zeros(0, dtype=np.int64), 0
    tree = cKDTree(ends[:, :2])
    same = tree.query_pairs(MEET_M, output_type="ndarray")
    _, point = connected_components(
        coo_matrix((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(n, n)), directed=False
    )
    alone = np.bincount(point)[point] == 1
    loose = np.flatnonzero(alone)
    distance, other = tree.query(ends[loose, :2], k=min(REACH, n), distance_upper_bound=2 * ends[:, 2].max() + MEET_M)
    distance, other = np.atleast_2d(distance.T).T, np.atleast_2d(other.T).T
    found = np.isfinite(distance) & (other != loose[:, None])
    row, column = np.nonzero(found)
    g, h, d = loose[row], other[row, column], distance[row, column]
    touch = d <= ends[g, 2] + ends[h, 2] + MEET_M
    touch &= (g >> 1) != (h >> 1)
    g, h, d = g[touch], h[touch], d[touch]
    free = alone[h]
    # A loose end joins every loose end in its open space, but of the points on a passing lane only the nearest:
    # else a wide lane would shrink to a point wherever a side gap opens on it.
    share = d / (ends[g, 2] + ends[h, 2] + MEET_M)
    joint = np.flatnonzero(~free)
    joint = joint[np.lexsort((h[joint], share[joint], g[joint]))]
    nearest = joint[np.r_[True, g[joint][1:] != g[joint][:-1]]] if len(joint) else joint
    link = np.r_[np.flatnonzero(free), nearest]
    row, column = np.r_[same[:, 0], g[link]], np.r_[same[:, 1], h[link]]
    count, node = connected_components(coo_matrix((np.ones(len(row)), (row, column)), shape=(n, n)), directed=False)
    return node.astype(np.int64), int(count)


def _directions(
    xyt: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for every end the unit direction from it into its piece."""
    out = np.empty((2 * len(first), 2))
    for end, (here, step, stop) in enumerate(((first, 1, last - 1), (last - 1, -1, first))):
        at = here + step
        # At a bend right at the end the chord of the first decimetres says little: go on to half a metre.
        for _ in range(6):
            near = np.hypot(*(xyt[at, :2] - xyt[here, :2]).T) < 0.5
            at = np.where(near & (at != stop), at + step, at)
        out[end::2] = xyt[at, :2] - xyt[here, :2]
    size = np.hypot(out[:, 0], out[:, 1])
    out /= np.where(size > 0, size, 1.0)[:, None]
    return np.ascontiguousarray(out[:, 0]), np.ascontiguousarray(out[:, 1])


def _west_first(xyt: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(at) == 1:
        return np.zeros(0, dtype=np.int64)
    west, south = np.minimum.reduceat(xyt[:, 0], at[:-1]), np.minimum.reduceat(xyt[:, 1], at[:-1])
    return np.lexsort((south, west))


def _figures(
    gaps: Gaps,
    pieces: Pieces,
    entered: NDArray[np.int64],
    starts: NDArray[np.int64],
    chosen: NDArray[np.int64],
    ends: NDArray[np.float64],
    partner: NDArray[np.int64],
    via: NDArray[np.int64],
) -> dict[str, Any]:
    """Sum lengths, widths and sky views over the pieces and bridges of each chosen chain."""
    rank = np.full(len(starts) - 1, -1, dtype=np.int64)
    rank[chosen] = np.arange(len(chosen))
    alley = rank[np.repeat(np.arange(len(starts) - 1), np.diff(starts))]
    used = alley >= 0
    alley, enter = alley[used], entered[used]
    piece, out = enter >> 1, enter ^ 1
    m = len(chosen)
    # The bridge from the way out of a piece to the next; a chain that closes is bridged back to its beginning.
    # A bridge by way of a third end is two straight ones.
    go = partner[out] >= 0
    here, there, by = out[go], partner[out[go]], via[out[go]]
    by = np.where(by < 0, there, by)
    bridge, wide = np.zeros(len(out)), np.zeros(len(out))
    for p, q in ((here, by), (by, there)):
        step = np.hypot(*(ends[q, :2] - ends[p, :2]).T)
        bridge[go] += step
        wide[go] += step * (ends[q, 2] + ends[p, 2])

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(alley, weights=values, minlength=m), dtype=float)

    length = total(pieces.length_m[piece] + bridge)
    sky = pieces.sky_integral[piece]
    known = ~np.isnan(sky)
    lit, lit_length = total(np.where(known, sky, 0.0)), total(np.where(known, pieces.length_m[piece], 0.0))
    least = np.full(m, np.inf)
    np.minimum.at(least, alley, pieces.min_width_m[piece])
    # Known for half the length or more: one unsurveyed house must not hide what a whole row shows.
    enough = lit_length >= 0.5 * total(pieces.length_m[piece])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_sky = np.where(enough & (lit_length > 0), lit / lit_length, np.nan)
    pair = pieces.pair[piece]
    # One number a pair of alley and building: sorting rows of two takes five times as long.
    count = int(gaps.b.max(initial=0)) + 1
    adjoin = np.unique(np.r_[alley, alley] * count + np.r_[gaps.a[pair], gaps.b[pair]])
    return {
        "length": length,
        "mean": total(pieces.width_integral[piece] + wide) / length,
        "least": least,
        "sky": mean_sky,
        "alley": adjoin // count,
        "building": adjoin % count,
    }


def _dead_ends(
    prepared: Prepared,
    every: Ends,
    degree: NDArray[np.int64],
    attached_to: NDArray[np.int64],
    chains: Chains,
    chosen: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say which of the chosen chains have an end with no other alley and no open ground before it.

    ``degree`` is how many ends meet at each node, ``attached_to`` what ``prune`` returned.
    """
    node, ends, entered, starts = every.node, every.xyt, chains.entered, chains.starts
    head, tail = entered[starts[chosen]], entered[starts[chosen + 1] - 1] ^ 1
    final = np.r_[head, tail]
    stub = np.flatnonzero(attached_to >= 0)
    ask = np.r_[final[degree[node[final]] <= 1], stub]
    # The way out may turn where the walls end: who finds none straight on looks half right and half left too.
    # Between walls none of these is open.
    tree = shapely.STRtree(prepared.footprints)
    is_open = np.ones(len(ends), dtype=bool)
    is_open[ask] = False
    for turn in TURNS:
        out_x, out_y, half = -every.dx[ask], -every.dy[ask], ends[ask, 2]
        x = ends[ask, 0] + half * (np.cos(turn) * out_x - np.sin(turn) * out_y)
        y = ends[ask, 1] + half * (np.sin(turn) * out_x + np.cos(turn) * out_y)
        walled = tree.query(shapely.points(x, y), predicate="dwithin", distance=OPEN_SHARE * half)[0]
        is_open[ask] = True
        ask = ask[np.unique(walled)]
        is_open[ask] = False
    # A side branch too short to be an alley is still a way out when its own end is open.
    has_exit = np.zeros(len(degree), dtype=bool)
    has_exit[attached_to[stub[is_open[stub]]]] = True
    way_out = (degree[node] >= 2) | is_open | has_exit[node]
    return np.asarray(~chains.closed[chosen] & ~(way_out[head] & way_out[tail]))
