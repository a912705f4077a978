"""Names of villages, where there is room for them."""

from __future__ import annotations

import geopandas as gpd

from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.source import Places, places

_FROM_ZOOM = 13


class PlaceNames(FeatureLayer):
    """Names of places and nothing else.

    Parameters
    ----------
    source
        Points or polygons with ``name``; tiles instead.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places | Tiles, *, lang: str = "zh", show: bool = True) -> None:
        super().__init__(
            "村（社区）名" if lang == "zh" else "Names of villages",
            [] if isinstance(source, Tiles) else places(source).needs("PlaceNames", "name").named(),
            {"fallback": {"weight": 0, "fill": False, "radius": 0}},
            identifier="names", tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang,
            label="name", labelFrom=_FROM_ZOOM,
        )  # fmt: skip
