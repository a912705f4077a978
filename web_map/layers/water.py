"""Hydrants and other water, how far each covers, and rivers and lakes as the ground of a map."""

from __future__ import annotations

import geopandas as gpd
import shapely

from gis_service.codelists import HYDRANT_KIND
from gis_service.facts.symbols import WATER
from gis_service.settings import DEFAULTS
from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill, line
from web_map.layers.source import Places, places


class Water(FeatureLayer):
    """Points of water.

    Parameters
    ----------
    source
        Points; ``kind`` (hydrant, pond, tank, river, other), ``name`` and ``hydrant_id`` are told where they are known.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places, *, lang: str = "zh", show: bool = True) -> None:
        zh = lang == "zh"
        dot = fill(WATER, 1, 1.5, "#ffffff") | {"radius": 6}
        found = places(source)
        title = "水源" if zh else "water point"
        marks = []
        for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True):
            kind = row.get("kind")
            told = [["类型" if zh else "kind", HYDRANT_KIND.get(kind, kind) if zh else kind]] if kind else []
            marks.append(feature(shape, {}, {"title": row.get("name") or row.get("hydrant_id") or title, "rows": told}))
        super().__init__(
            "消火栓与水源" if zh else "Hydrants and water",
            marks,
            {"fallback": dot},
            [{"name": title, "style": dot, "shape": "dot"}],
            identifier="water", show=show, lang=lang, shape="dot",
        )  # fmt: skip


class WaterAreas(FeatureLayer):
    """Rivers, lakes and ponds, under roads and houses.

    Parameters
    ----------
    source
        Polygons, with ``name`` where it is known; tiles instead.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places | Tiles, *, lang: str = "zh", show: bool = True) -> None:
        style = fill("#b5d3e7", 0.9, 0.8, "#7fa9c6")
        super().__init__(
            "河流水面" if lang == "zh" else "Rivers and lakes",
            [] if isinstance(source, Tiles) else places(source).named(),
            {"fallback": style},
            [{"name": "河流、湖塘" if lang == "zh" else "river, lake, pond", "style": style}],
            identifier="water_areas", tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang,
        )  # fmt: skip


class WaterCover(FeatureLayer):
    """How far each point of water covers.

    Parameters
    ----------
    source
        Points.
    radius_m
        The default of the standard otherwise.

    """

    def __init__(
        self, source: gpd.GeoDataFrame | Places, *, radius_m: float | None = None, lang: str = "zh", show: bool = False
    ) -> None:
        zh = lang == "zh"
        radius = DEFAULTS["hydrant_radius_m"].value if radius_m is None else radius_m
        found = places(source)
        rings = shapely.buffer(found.shapes, radius, quad_segs=12)
        super().__init__(
            f"水源保护范围 {radius:g} m" if zh else f"Water cover {radius:g} m",
            [feature(shape, {}) for shape in leaflet_shapes(Places([], rings, found.srid).degrees())],
            {"fallback": line(WATER, 1.2, "3 5")},
            identifier="cover", show=show, lang=lang,
        )  # fmt: skip
