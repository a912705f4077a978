"""Houses as the ground of a map, pale."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill
from web_map.layers.source import Places, places

NUMBERED: dict[str, Any] = {"label": "building_id", "labelTail": 4, "labelFrom": 19}
"""How tiled houses are numbered: by the last digits, which is what people call them by, where there is room."""


class Houses(FeatureLayer):
    """Every house, pale: the ground of a list, and the whole map where no outline is known.

    Parameters
    ----------
    source
        Polygons, or tiles.
    key
        What the legend says of them.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        lang: str = "zh",
        name: str | None = None,
        key: str | None = None,
        show: bool = True,
        identifier: str = "buildings",
    ) -> None:
        zh = lang == "zh"
        tiled = isinstance(source, Tiles)
        style = fill("#c9ced4", 0.75, 0.6, "#8d97a3") if tiled else fill("#dcdfe3", 0.8, 0.6, "#9aa3ad")
        super().__init__(
            name or ("全部房屋" if zh else "All houses"),
            [] if isinstance(source, Tiles) else [feature(shape, {}) for shape in leaflet_shapes(places(source).degrees())],
            {"fallback": style},
            [{"name": key or ("房屋（放大后显示轮廓）" if zh else "house (outlines when near)"), "style": style}],
            identifier=identifier, tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang,
            **(NUMBERED if tiled else {}),
        )  # fmt: skip
