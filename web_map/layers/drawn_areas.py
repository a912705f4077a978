"""Areas that planners drew or named."""

from __future__ import annotations

import geopandas as gpd

from web_map.layers.base import FeatureLayer
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill
from web_map.layers.source import Places, places


class DrawnAreas(FeatureLayer):
    """Drawn areas with their names.

    Parameters
    ----------
    source
        Polygons with ``name``; ``note`` is told where it is known.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places, *, lang: str = "zh", show: bool = True) -> None:
        zh = lang == "zh"
        style = fill("#b10dc9", 0.08, 2.5)
        found = places(source).needs("DrawnAreas", "name")
        features = []
        for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True):
            lines = [["说明" if zh else "note", row.get("note")]] if row.get("note") else []
            features.append(feature(shape, {"name": row["name"] or ""}, {"title": row["name"], "rows": lines}))
        super().__init__(
            "画定的区域" if zh else "Drawn areas",
            features,
            {"fallback": style},
            [{"name": "画定的区域" if zh else "drawn area", "style": style}],
            identifier="areas", show=show, lang=lang, label="name",
        )  # fmt: skip
