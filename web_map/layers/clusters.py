"""Dense clusters: outlines when near, dots by their size from afar."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import shapely

from gis_service.facts import cluster
from web_map.layers.base import Asked, FeatureLayer, Tiles
from web_map.layers.features import COARSE, feature, leaflet_shapes
from web_map.layers.palette import fill, line
from web_map.layers.source import Places, places

_NEAR_ZOOM = 14
# An outline runs round houses with a margin of metres, and is written in steps of one: what is finer is not seen in it.
_GRAIN_M = 1.0


class Clusters(FeatureLayer):
    """Outlines of dense clusters.

    Parameters
    ----------
    source
        Polygons with ``cluster_id`` and ``buildings``, as ``gis-service density`` writes them; the rest is told by a click.
    dots
        Whether they are dots from afar, as on a map of a whole county.
    asked
        Where the facts of outlines without dots come from, which else come with the map.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        dots: bool = True,
        asked: Asked | None = None,
        lang: str = "zh",
        name: str | None = None,
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        style = line("#111111", 2, "7 4")
        features: list[dict[str, Any]] = []
        if not isinstance(source, Tiles):
            found = places(source).needs("Clusters", "cluster_id", "buildings")
            outlines = Places([], shapely.simplify(found.shapes, _GRAIN_M), found.srid)
            for row, shape in zip(found.rows, leaflet_shapes(outlines.degrees(), COARSE), strict=True):
                border = "跨乡镇，数字为全片" if zh else "crosses; figures are of the whole"
                crossing = [["跨界" if zh else "border", border]] if row.get("crosses") else []
                if asked:
                    made = {"g": shape.g, "p": {"cluster_id": row["cluster_id"]}}
                    features.append(made | ({"f": {"rows": crossing}} if crossing else {}))
                    continue
                told = cluster.facts(row, zh=zh)
                told["rows"] += crossing
                properties = {"size": dot_px(row["buildings"])}
                features.append(feature(shape, properties, told, f"c{row['cluster_id']}"))
        far: dict[str, Any] = {"farRadius": 4, "nearZoom": _NEAR_ZOOM, "farStyle": fill("#b2182b")} if dots else {}
        super().__init__(
            name or ("连片区" if zh else "Clusters"),
            features,
            {"fallback": style},
            [{"name": "连片区范围" if zh else "cluster", "style": style}],
            identifier="clusters", tiles=source if isinstance(source, Tiles) else None, asked=asked, show=show,
            lang=lang, **far,
        )  # fmt: skip


def dot_px(buildings: int) -> float:
    """Return the radius of a cluster's dot: its area grows with the houses (sql/queries/tiles.sql has the same)."""
    return round(2 + math.sqrt(buildings) / 2.5, 1)
