"""The score of a dense cluster, 0 to 100, as the weighted mean of parts that are all shown.

Each part is a figure of the cluster scaled to 0..1 between a value that is harmless and one that is as bad as it
gets. A part for which the data say nothing is absent (null), and the weights of the others are scaled up: what is
unknown neither raises nor lowers a score. ``share_known`` says how much of the weight was known. The weights and
both ends of every scale are ours (no official number exists: docs/domain.md#alleys), and are written with each result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.clusters import Clusters
from gis_service.density.layer.fields import is_timber
from gis_service.density.layer.prepare import Prepared
from gis_service.density.params import Params


@dataclass(frozen=True)
class Part:
    """One part of the score: weight, the figure at which it is 0 and at which it is 1, and what the figure is."""

    weight: float
    low: float
    high: float
    what_zh: str
    what_en: str


PARTS: dict[str, Part] = {
    "buildings": Part(10, 10, 100, "栋数", "buildings"),
    "coverage": Part(10, 0.4, 0.8, "建筑密度（占地/轮廓）", "footprint area over outline area"),
    "handshake": Part(12, 0, 5, "每栋手牵手巷道米数", "metres of handshake alley a building"),
    "sky_line": Part(12, 0, 5, "每栋一线天巷道米数", "metres of sky-line alley a building"),
    "narrow": Part(4, 0, 5, "每栋其他窄巷米数", "metres of other narrow alley a building"),
    "depth": Part(10, 0, 4, "最大进深（隔几栋）", "greatest depth (buildings away from an engine)"),
    "hose": Part(10, 20, 100, "最远水带距离（米）", "greatest hose distance in metres"),
    "unreached": Part(6, 0, 0.1, "水带不可达房屋占比", "share of buildings that no hose reaches"),
    "storeys": Part(6, 2, 6, "平均层数", "mean storeys"),
    "timber": Part(8, 0, 0.5, "木结构占比", "share of timber buildings"),
    "hazard": Part(6, 0, 0.1, "严重隐患及一定隐患（半计）占比", "share with severe hazard, some hazard counting half"),
    "operating": Part(4, 0, 0.5, "经营性用途占比", "share of buildings in business use"),
    "hydrants": Part(
        2, 0, 1, "150 米内消火栓不足两个的房屋占比", "share of buildings with under two hydrants in reach"
    ),
}


def score_parts(
    prepared: Prepared,
    clusters: Clusters,
    params: Params | None = None,
    hazard_tier: NDArray[np.object_] | None = None,
    use_class: NDArray[np.object_] | None = None,
    hydrants: NDArray[np.object_] | None = None,
) -> list[dict[str, Any]]:
    """Return the parts of every cluster's score.

    Parameters
    ----------
    hazard_tier
        Per building: severe, some, none_found; unjudged and None count as unknown.
    use_class
        Per building: commercial, mixed, other; None counts as unknown.
    hydrants
        Points of hydrants in the CRS of the buildings, in metres; None: no data, which is not no hydrants.

    Returns
    -------
    A dict a cluster: ``score``, ``share_known`` and ``parts``: for every part its figure ``value``, the scaled
    ``scaled`` (0..1), ``weight``, and ``points`` of the score; null where nothing is known.

    """
    params = params or Params()
    figures = _figures(prepared, clusters, params, hazard_tier, use_class, hydrants)
    weights = np.array([part.weight for part in PARTS.values()])
    scaled = np.column_stack(
        [np.clip((figures[name] - part.low) / (part.high - part.low), 0, 1) for name, part in PARTS.items()]
    )
    known = ~np.isnan(scaled)
    total = (known * weights).sum(axis=1)
    points = 100 * np.where(known, scaled, 0.0) * weights / total[:, None]
    plain = [
        (
            name,
            part,
            _plain(figures[name], 3),
            _plain(scaled[:, i], 3),
            _plain(np.where(known[:, i], points[:, i], np.nan), 2),
        )
        for i, (name, part) in enumerate(PARTS.items())
    ]
    return [
        {
            "score": round(float(points[k].sum()), 1),
            "share_known": round(float(total[k] / weights.sum()), 3),
            "parts": {
                name: {
                    "value": value[k],
                    "scaled": share[k],
                    "weight": part.weight,
                    "points": point[k],
                    "zh": part.what_zh,
                    "en": part.what_en,
                }
                for name, part, value, share, point in plain
            },
        }
        for k in range(len(clusters))
    ]


def _plain(values: NDArray[np.float64], digits: int) -> list[float | None]:
    return [None if math.isnan(value) else round(value, digits) for value in np.asarray(values, dtype=float).tolist()]


def _figures(
    prepared: Prepared,
    clusters: Clusters,
    params: Params,
    hazard_tier: NDArray[np.object_] | None,
    use_class: NDArray[np.object_] | None,
    hydrants: NDArray[np.object_] | None,
) -> dict[str, NDArray[np.float64]]:
    table, count = clusters.table, len(clusters)
    owner = clusters.of_building[clusters.members] - 1

    def mean(values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return the mean of the known values in each cluster; nan where none is known."""
        if values is None:
            return np.full(count, np.nan)
        own = values[clusters.members]
        known = ~np.isnan(own)
        total = np.bincount(owner[known], weights=own[known], minlength=count)
        number = np.bincount(owner[known], minlength=count)
        return np.asarray(np.divide(total, number, out=np.full(count, np.nan), where=number > 0), dtype=float)

    buildings = table.buildings.to_numpy(dtype=float)
    narrow = table.alley_m - table.sky_line_m - table.handshake_m
    timber = None
    if any(s is not None for s in prepared.structure) or any(c is not None for c in prepared.fire_class):
        known = ~(pd.isna(prepared.structure) & pd.isna(prepared.fire_class))
        timber = np.where(known, is_timber(prepared.structure, prepared.fire_class), np.nan)
    return {
        "buildings": buildings,
        "coverage": table.coverage.to_numpy(dtype=float),
        "handshake": table.handshake_m.to_numpy(dtype=float) / buildings,
        "sky_line": table.sky_line_m.to_numpy(dtype=float) / buildings,
        "narrow": narrow.to_numpy(dtype=float) / buildings,
        "depth": table.max_depth.to_numpy(dtype=float, na_value=np.nan),
        "hose": table.max_hose_m.to_numpy(dtype=float, na_value=np.nan),
        "unreached": table.unreached.to_numpy(dtype=float, na_value=np.nan) / buildings,
        "storeys": mean(_storeys(prepared, params)),
        "timber": mean(timber),
        "hazard": mean(_coded(hazard_tier, {"severe": 1.0, "some": 0.5, "none_found": 0.0})),
        "operating": mean(_coded(use_class, {"commercial": 1.0, "mixed": 1.0, "other": 0.0})),
        "hydrants": mean(_badly_watered(prepared, params, hydrants)),
    }


def _storeys(prepared: Prepared, params: Params) -> NDArray[np.float64]:
    """Return storeys, else the surveyed height over the storey height."""
    return np.where(np.isnan(prepared.floors), prepared.height_m / params.storey_height_m, prepared.floors)


def _coded(values: NDArray[np.object_] | None, codes: dict[str, float]) -> NDArray[np.float64] | None:
    if values is None:
        return None
    return np.asarray(pd.Series(values, dtype=object).map(codes), dtype=float)


def _badly_watered(
    prepared: Prepared, params: Params, hydrants: NDArray[np.object_] | None
) -> NDArray[np.float64] | None:
    """Return 1 for buildings within reach of fewer than two hydrants, else 0."""
    if hydrants is None:
        return None
    reached = np.zeros(len(prepared))
    if len(hydrants):
        tree = shapely.STRtree(prepared.footprints)
        hit = tree.query(hydrants, predicate="dwithin", distance=params.hydrant_radius_m)[1]
        reached = np.bincount(hit, minlength=len(prepared)).astype(float)
    return (reached < 2).astype(float)
