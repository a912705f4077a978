"""Where a fire engine can stand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gis_service.settings import DEFAULTS
from web_map.layers.base import FeatureLayer
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill
from web_map.layers.source import Places, places


class EngineSpace(FeatureLayer):
    """Ground that an engine reaches and on which it can stand.

    Parameters
    ----------
    source
        Polygons; those that overlap are drawn as one, so that no ground is darker than other ground.
    width_m
        Diameter of the disc that it was found with, for the legend; the default otherwise.

    """

    def __init__(
        self, source: gpd.GeoDataFrame | Places, *, width_m: float | None = None, lang: str = "zh", show: bool = True
    ) -> None:
        zh = lang == "zh"
        style = fill("#9fd3a0", 0.55, 0.8, "#5d9f5f")
        found = places(source)
        whole = np.asarray(shapely.get_parts(shapely.union_all(found.shapes)), object) if found.rows else found.shapes
        width = DEFAULTS["engine_width_m"].value if width_m is None else width_m
        super().__init__(
            "消防车可达空间" if zh else "Engine space",
            [feature(shape, {}) for shape in leaflet_shapes(Places([], whole, found.srid).degrees())],
            {"fallback": style},
            [{"name": f"≥ {width:g} m" if zh else f"{width:g} m or wider", "style": style}],
            identifier="engine", show=show, lang=lang,
        )  # fmt: skip
