"""Firebreak proposals, and the burn clusters that they split."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis_service.facts import cluster
from web_map.layers.base import FeatureLayer
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import line
from web_map.layers.source import Places, Row, places

# Houses that touch have no way between them to draw: a short bar marks the wall.
_LEAST_M = 0.5
_BAR_M = 0.8


class Breaks(FeatureLayer):
    """Walls to protect, or ways to widen, with what they save.

    Parameters
    ----------
    source
        Lines with ``wall_m``, as ``gis-service density`` writes them (layer ``firebreaks``).

    """

    def __init__(self, source: gpd.GeoDataFrame | Places, *, lang: str = "zh", show: bool = True) -> None:
        zh = lang == "zh"
        style = line("#e7298a", 2.5)
        found = places(source).needs("Breaks", "wall_m")
        shown = np.where(
            shapely.length(found.shapes) > _LEAST_M,
            found.shapes,
            shapely.boundary(shapely.buffer(shapely.centroid(found.shapes), _BAR_M)),
        ) if found.rows else found.shapes  # fmt: skip
        super().__init__(
            "防火隔离建议" if zh else "Firebreak proposals",
            [
                feature(shape, {}, _facts(row, zh=zh))
                for row, shape in zip(found.rows, leaflet_shapes(Places([], shown, found.srid).degrees()), strict=True)
            ],
            {"fallback": style},
            [{"name": "需防火墙或拓宽处" if zh else "wall or widening", "style": style, "shape": "line"}],
            identifier="breaks", show=show, lang=lang, shape="line",
        )  # fmt: skip


def _facts(row: Row, *, zh: bool) -> dict[str, Any]:
    known = (
        ("防火墙长度", "wall to protect", cluster.metres(row["wall_m"], 1)),
        ("本片现有", "burn cluster now", _said(row.get("buildings"))),
        ("隔离后最大", "largest after", _said(row.get("largest_after"))),
        ("全部防火墙", "wall in all", cluster.metres(row.get("total_m"))),
        ("一次火灾平均少烧", "saves in the mean", houses(row.get("saved_mean"), zh=zh)),
    )
    rows = [[z if zh else e, value] for z, e, value in known]
    return {"title": "防火隔离建议" if zh else "Firebreak proposal", "rows": rows}


def _said(count: int | None) -> str:
    return "—" if count is None else f"{count}"


def houses(count: float | None, *, zh: bool) -> str:
    """Return a mean number of houses in words."""
    return "—" if count is None else f"{count:.0f} 栋" if zh else f"{count:.0f} houses"


class BurnClusters(FeatureLayer):
    """Each burn cluster as one outline round its houses, with what splitting it takes and saves.

    Parameters
    ----------
    source
        Houses with ``burn_cluster_id``, as ``gis-service density`` writes them.
    burn
        Of each burn cluster of more than one house what is known: ``burn_cluster_id``, ``buildings``, ``parts``, ``wall_m``,
        ``largest_after``, ``saved_mean``.

    """

    def __init__(
        self, source: gpd.GeoDataFrame | Places, burn: list[Row], *, lang: str = "zh", show: bool = False
    ) -> None:
        zh = lang == "zh"
        style = line("#7a0177", 2.2, "8 4 2 4")
        found = places(source).needs("BurnClusters", "burn_cluster_id")
        known = {row["burn_cluster_id"]: row for row in burn if row["buildings"] > 1}
        of: dict[int, list[Any]] = {}
        for row, shape in zip(found.rows, found.shapes, strict=True):
            if row["burn_cluster_id"] in known:
                of.setdefault(row["burn_cluster_id"], []).append(shape)
        # Grown until neighbours meet, then shrunk to just outside the walls.
        grown = [
            shapely.buffer(shapely.union_all(shapely.buffer(np.array(g, object), 3.5, quad_segs=2)), -2.5, quad_segs=2)
            for g in of.values()
        ]
        outlines = Places([], np.array(grown, object), found.srid).degrees()
        features = []
        for number, shape in zip(of, leaflet_shapes(outlines), strict=True):
            row = known[number]
            told = (
                ("房屋", "houses", str(row["buildings"])),
                ("可分成", "can be split into", str(row["parts"] or 1)),
                ("防火墙总长", "wall in all", cluster.metres(row["wall_m"])),
                ("隔离后最大", "largest after", _said(row["largest_after"])),
                ("一次火灾平均少烧", "saves in the mean", houses(row["saved_mean"], zh=zh)),
            )
            rows = [[z if zh else e, value] for z, e, value in told]
            facts = {"title": f"延烧片 {number}" if zh else f"Burn cluster {number}", "rows": rows}
            features.append(feature(shape, {}, facts))
        said = "一处起火、无人扑救时全部烧到的房屋" if zh else "all burn if one does"
        super().__init__(
            "延烧片" if zh else "Burn clusters",
            features,
            {"fallback": style},
            [{"name": said, "style": style, "shape": "line"}],
            identifier="burn", show=show, lang=lang,
        )  # fmt: skip
