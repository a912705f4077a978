"""Roads, as the ground of a map."""

from __future__ import annotations

import geopandas as gpd

from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.palette import line
from web_map.layers.source import Places, places

_NAMES_FROM_ZOOM = 15


class Roads(FeatureLayer):
    """Roads, with their names when near.

    Parameters
    ----------
    source
        Lines, with ``name`` where it is known; tiles instead.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places | Tiles, *, lang: str = "zh", show: bool = True) -> None:
        super().__init__(
            "道路" if lang == "zh" else "Roads",
            [] if isinstance(source, Tiles) else places(source).named(),
            {"fallback": line("#b9b2a3", 1.6)},
            identifier="roads", tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang,
            shape="line", label="name", labelFrom=_NAMES_FROM_ZOOM,
        )  # fmt: skip
