"""Styles for ``gis.js``, of the colours in ``gis_service.facts.symbols``."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import HAZARD_COLOR
from gis_service.facts.symbols import SCORE_STEPS, TIER_EDGE

Style = dict[str, Any]


def fill(color: str, opacity: float = 0.8, weight: float = 1.0, edge: str | None = None) -> Style:
    """Return a filled style."""
    return {"color": edge or color, "weight": weight, "fill": True, "fillColor": color, "fillOpacity": opacity}


def line(color: str, weight: float, dash: str | None = None) -> Style:
    """Return a line's style."""
    style: Style = {"color": color, "weight": weight, "fill": False}
    return style | ({"dashArray": dash} if dash else {})


def tier_styles() -> dict[str, Style]:
    """Return the style of each hazard tier: the more urgent, the heavier its edge."""
    return {
        "severe": fill(HAZARD_COLOR["severe"], 0.95, 3, TIER_EDGE["severe"]),
        "some": fill(HAZARD_COLOR["some"], 0.95, 2, TIER_EDGE["some"]) | {"dashArray": "4 3"},
        "none_found": fill(HAZARD_COLOR["none_found"], 0.8, 0.8, TIER_EDGE["none_found"]),
        "unjudged": fill(HAZARD_COLOR["unjudged"], 0.75, 0.6, TIER_EDGE["unjudged"]),
    }


def score_rule() -> dict[str, Any]:
    """Return the style rule of priority buildings by their score."""
    return {
        "by": "score",
        "steps": [[least, fill(color, 0.88, 0.8, "#3b0a12")] for least, color in SCORE_STEPS],
        "fallback": fill(SCORE_STEPS[-1][1]),
    }


def score_keys(lang: str) -> list[dict[str, Any]]:
    """Return the legend of the scores."""
    bounds = [least for least, _ in SCORE_STEPS]
    keys = []
    for position, (least, color) in enumerate(SCORE_STEPS):
        above = bounds[position - 1] if position else None
        unit = "" if lang == "en" else "分"
        name = f"≥{least:.0f}{unit}" if above is None else f"{least:.0f}–{above:.0f}{unit}"
        keys.append({"name": name, "style": fill(color, 0.88, 1, "#3b0a12"), "of": f"{least:g}"})
    return keys
