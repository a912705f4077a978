"""The gap of every pair of neighbours: class, width, length, sky view, centreline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.alleys.bisector import Facing
from gis_service.density.alleys.walk import Chosen, Neighbours, trace_bisectors
from gis_service.density.compute.executor import Executor, InProcess
from gis_service.density.layer.prepare import Prepared
from gis_service.density.params import Params
from gis_service.density.plane.ground import Ground, build_ground
from gis_service.density.plane.pairs import Pairs, find_pairs, neighbours
from gis_service.density.plane.walls import Walls, spans, stretches

CLASSES = ("touching", "handshake", "sky_line", "narrow", "corner", "blocked")
"""Classes of a pair (docs/domain.md#alleys); an alley has one of the first four but touching."""

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
        """Return the layer ``gaps`` (docs/layers.md#gaps); lengths in metres."""
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


class _Task(NamedTuple):
    """Some pairs and the walls of all buildings that can stand between them, ready to be traced."""

    walls: Walls
    heights: NDArray[np.float64]
    neighbours: Neighbours
    pairs: Chosen
    facing: Facing


def _trace_tile(task: _Task) -> tuple[NDArray[Any], ...]:
    traced: Any = trace_bisectors(*task)
    return tuple(traced)


def compute_gaps(
    prepared: Prepared,
    pairs: Pairs | None = None,
    params: Params | None = None,
    executor: Executor | None = None,
    ground: Ground | None = None,
) -> Gaps:
    """Measure the gap of every pair.

    Parameters
    ----------
    prepared
        The buildings. For a part of a data set: also all those within ``max_width_m`` of both buildings of a pair,
        since they may stand between; the values of the pair are then those of the whole.
    pairs
        All pairs within ``max_width_m`` among the buildings; found when not given.
    executor
        Who runs the tiles; this process when not given. The values do not depend on it, nor on the tiles.
    ground
        The walls and tiles of the buildings when they are known already.

    """
    params = params or Params()
    pairs = find_pairs(prepared.footprints, params.max_width_m) if pairs is None else pairs
    ground = ground or build_ground(prepared.footprints)
    a, b, least = pairs.a.astype(np.int64), pairs.b.astype(np.int64), pairs.min_width_m
    offsets, others = neighbours(pairs, len(prepared))
    figures, gap_xyt, gap_of, med_xyt, med_of, med_sum = _traced(
        prepared, pairs, params, (a, b, least <= 0), ground, executor or InProcess(), (offsets, others)
    )
    facing, length = figures[:, 0], figures[:, 1]
    has_gap = length >= params.min_gap_m - WIDTH_EPS_M
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(has_gap, figures[:, 2] / length, np.nan)
        sky = np.where(has_gap, figures[:, 3] / length, np.nan)
    kind = np.full(len(a), "corner", dtype=object)
    kind[has_gap] = classify(mean[has_gap], sky[has_gap], params)
    geometry = _shortest(prepared.footprints, a, b, np.flatnonzero(~has_gap | (kind == "touching")))
    centre = has_gap & (kind != "touching")
    _centrelines(gap_xyt, gap_of, centre, geometry)
    kind[~has_gap & (least <= 0)] = "touching"
    open_pairs = np.flatnonzero(~has_gap & (least > 0))
    hidden = facing[open_pairs] >= params.min_gap_m
    rest = open_pairs[~hidden]
    hidden[~hidden] = _stands_between(
        prepared.footprints, ground.walls, a[rest], b[rest], geometry[rest], offsets, others
    )
    kind[open_pairs[hidden]] = "blocked"
    pieces = Pieces(
        med_of[:, 0], med_xyt, med_of[:, 1], med_of[:, 2],
        med_sum[:, 0], med_sum[:, 1], med_sum[:, 2], med_sum[:, 3],
    )  # fmt: skip
    return Gaps(a, b, kind, least, mean, np.where(has_gap, length, 0.0), sky, geometry, pieces)


def _traced(
    prepared: Prepared,
    pairs: Pairs,
    params: Params,
    chosen: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]],
    ground: Ground,
    executor: Executor,
    around: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> tuple[NDArray[Any], ...]:
    """Trace the chosen pairs tile by tile and put the answers into the order of the pairs.

    A pair belongs to the tile of its first building; with it go all neighbours of that building, among which are
    all that can stand between the two.
    """
    a, b, touching = chosen
    offsets, others = around
    contact = pairs.min_width_m <= 0
    left, right = np.r_[pairs.a, pairs.b], np.r_[pairs.b, pairs.a]
    near = np.r_[contact, contact][np.lexsort((right, left))]
    slant = np.radians(180.0 - params.facing_deg)
    facing = Facing(
        params.max_width_m / 2 + WIDTH_EPS_M,
        float(np.cos(slant) - 1e-9),
        float(np.sin(slant / 2) + 1e-9),
        float(np.cos(slant / 2)),
    )
    tile_of = ground.tile_of()[a]
    order = np.argsort(tile_of, kind="stable")
    cuts = np.searchsorted(tile_of[order], np.arange(len(ground.tiles) + 1))
    owned = [order[cuts[k] : cuts[k + 1]] for k in range(len(ground.tiles)) if cuts[k + 1] > cuts[k]]

    def task(own: NDArray[np.int64]) -> _Task:
        first = np.unique(a[own])
        inside = np.unique(np.concatenate([first, others[spans(offsets, first)]]))
        rows = spans(offsets, inside)
        at = np.searchsorted(inside, others[rows])
        at[at == len(inside)] = 0
        known = inside[at] == others[rows]
        owner = np.repeat(np.arange(len(inside)), np.diff(offsets)[inside])[known]
        return _Task(
            ground.walls.cut(inside), prepared.height_m[inside],
            Neighbours(np.searchsorted(owner, np.arange(len(inside) + 1)), at[known], near[rows[known]]),
            Chosen(np.searchsorted(inside, a[own]), np.searchsorted(inside, b[own]), touching[own]), facing,
        )  # fmt: skip

    parts = executor.map(_trace_tile, (task(own) for own in owned))
    if not parts:
        return (
            np.zeros((0, 4)), np.empty((0, 3)), np.empty((0, 3), np.int64),
            np.empty((0, 3)), np.empty((0, 3), np.int64), np.empty((0, 4)),
        )  # fmt: skip
    figures = np.empty((len(a), 4))
    for own, part in zip(owned, parts, strict=True):
        figures[own] = part[0]
    joined: list[NDArray[Any]] = [figures]
    for points, lines in ((1, 2), (3, 4)):
        shift = np.cumsum([0, *(len(part[points]) for part in parts[:-1])])
        of = [
            np.column_stack([own[part[lines][:, 0]], part[lines][:, 1:] + by])
            for own, part, by in zip(owned, parts, shift, strict=True)
        ]
        joined += [np.concatenate([part[points] for part in parts]), np.concatenate(of)]
    rank = np.argsort(joined[4][:, 0], kind="stable")
    sums = np.concatenate([part[5] for part in parts])[rank]
    return joined[0], joined[1], joined[2], joined[3], joined[4][rank], sums


def _shortest(
    footprints: NDArray[np.object_], a: NDArray[np.int64], b: NDArray[np.int64], where: NDArray[np.int64]
) -> NDArray[np.object_]:
    out = np.full(len(a), None, dtype=object)
    out[where] = shapely.shortest_line(footprints[a[where]], footprints[b[where]])
    return out


def _centrelines(
    xyt: NDArray[np.float64], lines: NDArray[np.int64], wanted: NDArray[np.bool_], out: NDArray[np.object_]
) -> None:
    """Put one LineString or MultiLineString a pair into ``out`` for the pairs that are wanted."""
    lines = lines[wanted[lines[:, 0]]]
    if not len(lines):
        return
    counts = lines[:, 2] - lines[:, 1]
    strings: Any = shapely.linestrings(
        xyt[stretches(lines[:, 1], counts), :2],
        indices=np.repeat(np.arange(len(lines)), counts),
    )
    pair = lines[:, 0]
    alone = np.bincount(pair, minlength=len(out))[pair] == 1
    out[pair[alone]] = strings[alone]
    if not alone.all():
        rest = np.flatnonzero(~alone)
        rest = rest[np.argsort(pair[rest], kind="stable")]
        out[np.unique(pair[rest])] = shapely.multilinestrings(
            strings[rest], indices=np.unique(pair[rest], return_inverse=True)[1]
        )


def _stands_between(
    footprints: NDArray[np.object_],
    walls: Walls,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    lines: NDArray[np.object_],
    offsets: NDArray[np.int64],
    others: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Say whether a third building lies across the shortest line of each pair."""
    out = np.zeros(len(a), dtype=bool)
    counts = offsets[a + 1] - offsets[a]
    if not counts.sum():
        return out
    owner = np.repeat(np.arange(len(a)), counts)
    third = others[spans(offsets, a)]
    # Only the boxes that meet can cross; a crossing is a line through the inside, a shared corner is none.
    line_box = shapely.bounds(lines) - np.tile(walls.origin, 2)
    meets = third != b[owner]
    meets &= (line_box[owner, :2] <= walls.boxes[third, 2:]).all(axis=1)
    meets &= (line_box[owner, 2:] >= walls.boxes[third, :2]).all(axis=1)
    owner, third = owner[meets], third[meets]
    inside = shapely.length(shapely.intersection(lines[owner], footprints[third])) > 0.01
    out[owner[inside]] = True
    return out
