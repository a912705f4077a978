"""Boundaries of a county and its townships; what lies outside, veiled."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from web_map.layers.base import FeatureLayer
from web_map.layers.features import COARSE, feature, leaflet_shapes
from web_map.layers.palette import fill, line
from web_map.layers.source import Places, places

# What lies outside is veiled as far as this, so that the place stands out.
_VEIL_M = 40_000


class Boundaries(FeatureLayer):
    """Outlines with their names.

    Parameters
    ----------
    source
        Polygons with ``level`` (county, township, unit) and ``name``.
    labels
        Whether the names are drawn; ``labels_from`` is the first zoom at which they are.
    filled
        Whether townships and reporting units are areas: the ground on which circles stand.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places,
        *,
        labels: bool = True,
        labels_from: int = 0,
        filled: bool = False,
        lang: str = "zh",
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        county, township = line("#26313d", 2.6), line("#6b7785", 1.3, "6 4")
        area = fill("#e9eef3", 0.9, 1.3, "#6b7785") | {"dashArray": "6 4"} if filled else township
        found = places(source).needs("Boundaries", "level", "name")
        features = [
            # The county's name stands in the page's head; on the map it would cover a township's.
            feature(
                shape,
                {"level": row["level"], "name": "" if row["level"] == "county" else row["name"] or ""},
                None,
                row.get("code"),
            )
            for row, shape in zip(found.rows, leaflet_shapes(found.degrees(), COARSE), strict=True)
        ]
        named: dict[str, Any] = {"label": "name", "labelFrom": labels_from} if labels else {}
        super().__init__(
            "县界、乡镇界" if zh else "County and townships",
            features,
            {"by": "level", "values": {"county": county, "township": area, "unit": area}, "fallback": township},
            [
                {"name": "县界" if zh else "county", "style": county, "shape": "line"},
                {"name": "乡镇界" if zh else "township", "style": township, "shape": "line"},
            ],
            identifier="boundaries", show=show, lang=lang, **named,
        )  # fmt: skip


class Veil(FeatureLayer):
    """The ground outside a place as one pale shape.

    Parameters
    ----------
    source
        The place's polygon or polygons.

    """

    def __init__(self, source: gpd.GeoDataFrame | Places, *, lang: str = "zh", show: bool = True) -> None:
        found = places(source)
        inside = shapely.union_all(found.shapes)
        outside = shapely.box(*shapely.buffer(shapely.envelope(inside), _VEIL_M).bounds).difference(inside)
        (shape,) = leaflet_shapes(Places([], np.array([outside], object), found.srid).degrees(), COARSE)
        style = fill("#ffffff", 0.7, 2.5, "#1f4e79")
        super().__init__(
            "淡化乡镇以外" if lang == "zh" else "Veil what is outside",
            [feature(shape, {})],
            {"fallback": style},
            identifier="veil", show=show, lang=lang,
        )  # fmt: skip
