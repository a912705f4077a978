"""Houses to inspect first, by their score."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from gis_service.selection.reasons import house_facts
from web_map.layers.base import FeatureLayer, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import score_keys, score_rule
from web_map.layers.source import Places, Row, places

_NEAR_ZOOM = 15


class PriorityHouses(FeatureLayer):
    """Houses of a list, darker the higher their score; dots from afar.

    Parameters
    ----------
    source
        Polygons with ``building_id`` and ``score``; what else is known of a house, and its ``reasons`` as a selection
        stores them or as sentences, are told by a click. Tiles of a run instead.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        lang: str = "zh",
        name: str | None = None,
        show: bool = True,
    ) -> None:
        features = []
        if not isinstance(source, Tiles):
            found = places(source).needs("PriorityHouses", "building_id", "score")
            features = [
                feature(shape, {"score": row["score"]}, _facts(row, lang), str(row["building_id"]))
                for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True)
            ]
        super().__init__(
            name or ("优先排查房屋（按优先分）" if lang == "zh" else "Houses to inspect, by score"),
            features,
            score_rule(),
            score_keys(lang),
            identifier="houses", tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang,
            farRadius=4, nearZoom=_NEAR_ZOOM,
        )  # fmt: skip


def _facts(row: Row, lang: str) -> dict[str, Any]:
    """Return what a click tells; reasons of a file may be sentences already."""
    reasons = row.get("reasons")
    if isinstance(reasons, str):
        reasons = [reasons]
    if reasons and all(isinstance(reason, str) for reason in reasons):
        return {**house_facts({**row, "reasons": None}, lang), "reasons": list(reasons)}
    return house_facts(row, lang)
