"""Houses of dense clusters by hose distance, and by what else they may be coloured."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from gis_service.codelists import USE_CLASS
from gis_service.facts import house
from gis_service.facts.symbols import HOSE_STEPS, UNREACHED, hose_names
from web_map.layers.base import FeatureLayer, Rule, Tiles
from web_map.layers.features import feature, leaflet_shapes
from web_map.layers.palette import fill
from web_map.layers.source import Places, places

_EDGE = "#5a4a3a"
_DEPTH_STEPS = ((5, "#3f007d"), (4, "#54278f"), (3, "#756bb1"), (2, "#9e9ac8"), (1, "#cbc9e2"), (0, "#f2f0f7"))
_FLOOR_STEPS = ((7, "#00441b"), (5, "#238b45"), (4, "#66c2a4"), (3, "#b2e2e2"), (1, "#edf8fb"))
_USE_COLOR = {"commercial": "#d95f02", "mixed": "#fdb462", "other": "#e5e5e5"}


class HoseDistances(FeatureLayer):
    """Houses by the way of a hose from an engine to them; black where none reaches.

    Parameters
    ----------
    source
        Polygons with ``building_id`` and ``hose_m`` (null where no hose reaches), as ``gis-service density`` writes them;
        with ``depth``, ``floors`` and ``use_class`` they may be coloured by these.

    """

    def __init__(
        self,
        source: gpd.GeoDataFrame | Places | Tiles,
        *,
        lang: str = "zh",
        name: str | None = None,
        show: bool = True,
    ) -> None:
        zh = lang == "zh"
        tiles = source if isinstance(source, Tiles) else None
        super().__init__(
            name or ("房屋" if zh else "Houses"),
            [] if isinstance(source, Tiles) else _features(places(source), zh=zh),
            _hose_style(),
            _hose_keys(zh=zh),
            identifier="houses", tiles=tiles, show=show, lang=lang, colourings=_colourings(zh=zh, tiled=bool(tiles)),
        )  # fmt: skip


def _features(found: Places, *, zh: bool) -> list[dict[str, Any]]:
    found.needs("HoseDistances", "building_id", "hose_m")
    features = []
    for row, shape in zip(found.rows, leaflet_shapes(found.degrees()), strict=True):
        # A house that no hose reaches has no distance; its style is the fallback below every step.
        shown = {
            "hose": -1.0 if row["hose_m"] is None else round(float(row["hose_m"]), 1),
            "depth": -1 if row["depth"] is None else row["depth"],
            "floors": row["floors"] or -1,
            "use": row["use_class"],
        }
        told = house.facts(row, zh=zh, columns=house.FOR_THE_BRIGADE)
        features.append(feature(shape, shown, told, str(row["building_id"])))
    return features


def _hose_style() -> Rule:
    return {
        "by": "hose",
        "steps": [[least, fill(color, 0.92, 0.7, _EDGE)] for least, color in HOSE_STEPS],
        "fallback": fill(UNREACHED, 0.95, 0.7, "#000000"),
    }


def _hose_keys(*, zh: bool) -> list[dict[str, Any]]:
    steps = zip(hose_names(zh=zh), HOSE_STEPS, strict=True)
    keys = [{"name": name, "style": fill(color, 1, 1, _EDGE), "of": f"{least:g}"} for name, (least, color) in steps]
    return [*keys[::-1], {"name": house.UNREACHED[0 if zh else 1], "style": fill(UNREACHED, 1), "of": ""}]


def _colourings(*, zh: bool, tiled: bool) -> list[dict[str, Any]]:
    """Return what houses may be coloured by, the first at first; tiles know hose distance and depth only."""
    unit = "栋" if zh else ""
    unknown = "未知" if zh else "unknown"
    made = [
        {"name": "水带距离" if zh else "hose distance", "style": _hose_style(), "keys": _hose_keys(zh=zh)},
        _stepped(
            "depth", "进深（距消防车隔几栋）" if zh else "depth", _DEPTH_STEPS, unit, "不可达" if zh else "unreached"
        ),
    ]
    if not tiled:
        made.append(_stepped("floors", "层数" if zh else "storeys", _FLOOR_STEPS, "层" if zh else "", unknown))
        styles = {use: fill(color, 0.92, 0.7, _EDGE) for use, color in _USE_COLOR.items()}
        keys = [{"name": USE_CLASS[use] if zh else use, "style": style, "of": use} for use, style in styles.items()]
        rule = {"by": "use", "values": styles, "fallback": styles["other"]}
        made.append({"name": "用途" if zh else "use", "style": rule, "keys": keys})
    return made


def _stepped(by: str, name: str, steps: Any, unit: str, none: str) -> dict[str, Any]:
    rule = {"by": by, "steps": [[least, fill(color, 0.92, 0.7, _EDGE)] for least, color in steps],
            "fallback": fill(UNREACHED, 0.95, 0.7, "#000000")}  # fmt: skip
    keys = []
    for position, (least, color) in reversed(list(enumerate(steps))):
        above = steps[position - 1][0] - 1 if position else None
        said = f"{least}+" if above is None else f"{least}" if above == least else f"{least}–{above}"
        keys.append({"name": f"{said}{unit}", "style": fill(color, 1, 1, _EDGE), "of": f"{least:g}"})
    keys.append({"name": none, "style": fill(UNREACHED, 1), "of": ""})
    return {"name": name, "style": rule, "keys": keys}
