"""The gap of every pair of neighbours: class, width, length, sky view, centreline."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.pairs import Pairs, find_pairs, neighbours
from gis_service.density.params import Params
from gis_service.density.prepare import Prepared
from gis_service.density.rings import walls_of
from gis_service.density.walk import trace

CLASSES = ("touching", "handshake", "sky_line", "narrow", "corner", "blocked")
"""Classes of a pair (DESIGN.md 3); an alley has one of the first four but touching."""

CLASS_GRAIN_M = 0.01
"""A mean width is compared to its thresholds in whole centimetres: at its two mouths a gap is a few per cent wider
than between its walls, so that a lane of exactly 1 m has a mean of 1.0003 m, and no survey is better than 1 cm."""

WIDTH_EPS_M = 1e-6
"""Thresholds are inclusive, to the micrometre (see ``pairs.GRAIN_M``)."""


@dataclass(frozen=True)
class Pieces:
    """Stretches of centrelines to which no third building is nearer than the pair itself.

    Attributes
    ----------
    pair
        Position in the gaps of the pair that each piece belongs to.
    xyt
        Points: x, y and the distance to either wall (half the local width), in metres.
    first, last
        Piece i has points first[i] .. last[i] - 1.
    length_m, width_integral, sky_integral, min_width_m
        Length, ∫ width ds (m²), ∫ sky view ds (m, nan when a height is unknown) and least local width of each.

    """

    pair: NDArray[np.int64]
    xyt: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    length_m: NDArray[np.float64]
    width_integral: NDArray[np.float64]
    sky_integral: NDArray[np.float64]
    min_width_m: NDArray[np.float64]

    def keep(self, which: NDArray[np.bool_]) -> Pieces:
        """Return some of the pieces; the points stay as they are."""
        return Pieces(
            self.pair[which], self.xyt, self.first[which], self.last[which], self.length_m[which],
            self.width_integral[which], self.sky_integral[which], self.min_width_m[which],
        )  # fmt: skip


@dataclass(frozen=True)
class Gaps:
    """One entry a pair, in the order of the pairs given; ``nan`` where there is no gap or a height is unknown."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    kind: NDArray[np.object_]
    min_width_m: NDArray[np.float64]
    mean_width_m: NDArray[np.float64]
    length_m: NDArray[np.float64]
    sky_view: NDArray[np.float64]
    geometry: NDArray[np.object_]
    pieces: Pieces

    def frame(self, prepared: Prepared) -> gpd.GeoDataFrame:
        """Return the layer ``gaps`` (DESIGN.md 4); lengths in metres."""
        return gpd.GeoDataFrame(
            {
                "building_a": prepared.ids[self.a],
                "building_b": prepared.ids[self.b],
                "class": pd.Series(self.kind, dtype="str"),
                "min_width_m": self.min_width_m,
                "mean_width_m": self.mean_width_m,
                "length_m": self.length_m,
                "sky_view": self.sky_view,
            },
            geometry=self.geometry,
            crs=prepared.crs,
        )


def sky_view(half_width_m: float, height_a_m: float, height_b_m: float) -> float:
    """Return the sky view at a point of a centreline: ½(cos arctan(H₁/d) + cos arctan(H₂/d)) (Oke)."""
    angles = np.arctan(np.array([height_a_m, height_b_m]) / half_width_m)
    return float(0.5 * np.cos(angles).sum())


def classify(mean_width_m: NDArray[np.float64], sky: NDArray[np.float64], params: Params) -> NDArray[np.object_]:
    """Return the class of gaps and alleys by mean width in metres and sky view (nan: a height is unknown)."""
    dark = np.isnan(sky) | (sky <= params.sky_view_max)
    width = mean_width_m - CLASS_GRAIN_M / 2
    conditions = [width <= params.touch_m, width <= params.handshake_m, (width <= params.sky_line_m) & dark]
    return np.select(conditions, [np.array(c, dtype=object) for c in CLASSES[:3]], np.array("narrow", dtype=object))


def compute_gaps(
    prepared: Prepared,
    pairs: Pairs | None = None,
    params: Params | None = None,
    subset: NDArray[np.int64] | None = None,
    spread: int | None = None,
) -> Gaps:
    """Measure the gap of every pair.

    Parameters
    ----------
    prepared
        The buildings. For a tile or an edited neighbourhood: also all those within ``max_width_m`` of both
        buildings of a pair, since they may stand between; the values are then those of the whole.
    pairs
        All pairs within ``max_width_m`` among the buildings; found when not given.
    subset
        Positions in ``pairs`` to measure; all when not given.
    spread
        Threads to use; those of the machine when not given. The values do not depend on it.

    """
    params = params or Params()
    pairs = find_pairs(prepared.footprints, params.max_width_m) if pairs is None else pairs
    chosen = np.arange(len(pairs.a)) if subset is None else np.asarray(subset, dtype=np.int64)
    a, b, least = (
        pairs.a[chosen].astype(np.int64),
        pairs.b[chosen].astype(np.int64),
        pairs.min_width_m[chosen],
    )
    walls = walls_of(prepared.footprints)
    offsets, others = neighbours(pairs, len(prepared))
    touching = pairs.min_width_m <= 0
    left, right = np.r_[pairs.a, pairs.b], np.r_[pairs.b, pairs.a]
    near = np.r_[touching, touching][np.lexsort((right, left))]
    slant = np.radians(180.0 - params.facing_deg)
    rule = np.array(
        [
            params.max_width_m / 2 + WIDTH_EPS_M,
            np.cos(slant) - 1e-9,
            np.sin(slant / 2) + 1e-9,
            np.cos(slant / 2),
        ]
    )
    figures, gap_xyt, gap_of, med_xyt, med_of, med_sum = _traced(
        (*walls, prepared.height_m, offsets, others, near), a, b, least <= 0, rule, spread or threads()
    )
    facing, length = figures[:, 0], figures[:, 1]
    has_gap = length >= params.min_gap_m - WIDTH_EPS_M
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(has_gap, figures[:, 2] / length, np.nan)
        sky = np.where(has_gap, figures[:, 3] / length, np.nan)
    kind = np.full(len(a), "corner", dtype=object)
    kind[has_gap] = classify(mean[has_gap], sky[has_gap], params)
    geometry = _shortest(prepared.footprints, a, b, np.flatnonzero(~has_gap | (kind == "touching")))
    lines = _centrelines(gap_xyt, gap_of, len(a))
    centre = has_gap & (kind != "touching")
    geometry[centre] = lines[centre]
    kind[~has_gap & (least <= 0)] = "touching"
    open_pairs = np.flatnonzero(~has_gap & (least > 0))
    hidden = facing[open_pairs] >= params.min_gap_m
    rest = open_pairs[~hidden]
    hidden[~hidden] = _stands_between(prepared.footprints, pairs, a[rest], b[rest], geometry[rest], offsets, others)
    kind[open_pairs[hidden]] = "blocked"
    pieces = Pieces(
        med_of[:, 0], med_xyt, med_of[:, 1], med_of[:, 2],
        med_sum[:, 0], med_sum[:, 1], med_sum[:, 2], med_sum[:, 3],
    )  # fmt: skip
    return Gaps(a, b, kind, least, mean, np.where(has_gap, length, 0.0), sky, geometry, pieces)


def threads() -> int:
    """Return how many threads compiled loops use: those of this machine, at most four."""
    return min(4, os.cpu_count() or 1)


def _traced(
    fixed: tuple[NDArray[Any], ...],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    touching: NDArray[np.bool_],
    rule: NDArray[np.float64],
    spread: int,
) -> tuple[NDArray[Any], ...]:
    """Trace the pairs in shares, one a thread, and join the results in order: the same for any number of threads."""
    shares = spread if len(a) > 2000 else 1
    cuts = np.linspace(0, len(a), shares + 1).astype(np.int64)

    def share(i: int) -> tuple[NDArray[Any], ...]:
        part = slice(cuts[i], cuts[i + 1])
        arguments: Any = (*fixed, a[part], b[part], touching[part], rule)
        return tuple(trace(*arguments))

    if shares == 1:
        return share(0)
    with ThreadPoolExecutor(shares) as pool:  # compiled with nogil
        parts = list(pool.map(share, range(shares)))
    for of, xyt in ((2, 1), (4, 3)):
        points = 0
        for i, part in enumerate(parts):
            part[of][:, 0] += cuts[i]
            part[of][:, 1:] += points
            points += len(part[xyt])
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


def _shortest(
    footprints: NDArray[np.object_], a: NDArray[np.int64], b: NDArray[np.int64], where: NDArray[np.int64]
) -> NDArray[np.object_]:
    out = np.full(len(a), None, dtype=object)
    out[where] = shapely.shortest_line(footprints[a[where]], footprints[b[where]])
    return out


def _centrelines(xyt: NDArray[np.float64], lines: NDArray[np.int64], n: int) -> NDArray[np.object_]:
    """Return one LineString or MultiLineString a pair (None without a gap)."""
    out = np.full(n, None, dtype=object)
    if not len(lines):
        return out
    counts = lines[:, 2] - lines[:, 1]
    strings: Any = shapely.linestrings(xyt[:, :2], indices=np.repeat(np.arange(len(lines)), counts))
    pair = lines[:, 0]
    alone = np.bincount(pair, minlength=n)[pair] == 1
    out[pair[alone]] = strings[alone]
    if not alone.all():
        several = pair[~alone]
        out[np.unique(several)] = shapely.multilinestrings(
            strings[~alone], indices=np.unique(several, return_inverse=True)[1]
        )
    return out


def _stands_between(
    footprints: NDArray[np.object_],
    pairs: Pairs,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    lines: NDArray[np.object_],
    offsets: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say whether a third building lies across the shortest line of each pair."""
    del pairs
    out = np.zeros(len(a), dtype=bool)
    counts = offsets[a + 1] - offsets[a]
    if not counts.sum():
        return out
    owner = np.repeat(np.arange(len(a)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    third = others[np.repeat(offsets[a], counts) + step]
    # Only the boxes that meet can cross; a crossing is a line through the inside, a shared corner is none.
    line_box, third_box = shapely.bounds(lines), shapely.bounds(footprints)
    meets = third != b[owner]
    meets &= (line_box[owner, :2] <= third_box[third, 2:]).all(axis=1)
    meets &= (line_box[owner, 2:] >= third_box[third, :2]).all(axis=1)
    owner, third = owner[meets], third[meets]
    inside = shapely.length(shapely.intersection(lines[owner], footprints[third])) > 0.01
    out[owner[inside]] = True
    return out
