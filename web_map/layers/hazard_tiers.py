"""Houses by hazard tier, and those to go to."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from gis_service.codelists import HAZARD_COLOR, HAZARD_TIER, STRUCTURE, USE_CLASS
from gis_service.facts import house
from gis_service.facts.symbols import TIER_MARK
from gis_service.selection.reasons import house_facts
from web_map.layers.base import Asked, FeatureLayer, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.houses import NUMBERED
from web_map.layers.packed import pack
from web_map.layers.palette import fill, line, tier_styles
from web_map.layers.source import Places, places

TIERS = ("severe", "some", "none_found", "unjudged")


class HazardTiers(FeatureLayer):
    """Houses by hazard tier, told apart without colour too.

    Parameters
    ----------
    source
        Polygons with ``building_id`` and ``hazard_tier`` (severe, some, none_found, unjudged); what else is known of a
        house is told by a click. Tiles instead.
    packed
        Put many houses into few bytes, with few facts each: ``floors``, ``use_class``, ``structure``.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        packed: bool = False,
        lang: str = "zh",
        name: str | None = None,
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        styles = tier_styles()
        keys = [
            {
                "name": HAZARD_TIER[tier] if zh else tier, "style": styles[tier], "mark": TIER_MARK.get(tier),
                "ink": "#1d2733", "of": tier,
            }
            for tier in TIERS
        ]  # fmt: skip
        features: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        if not isinstance(source, Tiles):
            found = places(source).needs("HazardTiers", "building_id", "hazard_tier")
            if packed:
                more = _packed(found, zh=zh)
            else:
                features = [
                    feature(shape, {"hazard_tier": row["hazard_tier"]}, house_facts(row, lang), str(row["building_id"]))
                    for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True)
                ]
        super().__init__(
            name or ("房屋（按隐患等级）" if zh else "Houses by hazard tier"),
            features,
            {"by": "hazard_tier", "values": styles, "fallback": styles["unjudged"]},
            keys,
            identifier="houses", tiles=source if isinstance(source, Tiles) else None, show=show, lang=lang, **more,
            **(NUMBERED if isinstance(source, Tiles) else {}),
        )  # fmt: skip


def _packed(found: Places, *, zh: bool) -> dict[str, Any]:
    found.needs("HazardTiers", "floors", "use_class", "structure")
    coded = {"hazard_tier": list(HAZARD_TIER), "use_class": list(USE_CLASS), "structure": list(STRUCTURE)}
    words: dict[str, Any] = {
        name: {"label": house.FACTS[name].label(zh=zh), "names": (house.FACTS[name].words if zh else None) or {}}
        for name in (*coded, "floors")
    }
    return {"packed": pack(found.rows, found.degrees(), coded), "words": words}


class Listed(FeatureLayer):
    """Houses to go to: a ring round each, a character on each with a hazard; the most urgent first.

    Parameters
    ----------
    source
        Polygons with ``building_id`` and ``hazard_tier``.
    asked
        Where their facts come from, which else come with the map.

    """

    def __init__(
        self, source: gpd.GeoDataFrame | Places, *, asked: Asked | None = None, lang: str = "zh", show: bool = True
    ) -> None:
        zh = lang == "zh"
        ring = line("#1f4e79", 2)
        found = places(source).needs("Listed", "building_id", "hazard_tier")
        features = [
            feature(
                shape,
                {"kind": row["hazard_tier"]},
                _named(row) if asked else house_facts(row, lang),
                str(row["building_id"]),
            )
            for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True)
        ]
        marks = {tier: {"mark": m, "color": HAZARD_COLOR[tier], "ink": "#1d2733"} for tier, m in TIER_MARK.items()}
        super().__init__(
            "需上门的房屋" if zh else "Houses to go to",
            features,
            {"fallback": ring},
            [{"name": "在优先排查名单上" if zh else "on the priority list", "style": ring}],
            identifier="listed", asked=asked, show=show, lang=lang, mark=marks, thin=True, farRadius=1.8, farWeight=0, nearZoom=17,
            farStyle=fill("#1f4e79"),
        )  # fmt: skip


def _named(row: dict[str, Any]) -> dict[str, str] | None:
    """Return a house's name, where it has another one than its number."""
    title = house.title(row)
    return None if title == row["building_id"] else {"title": title}
