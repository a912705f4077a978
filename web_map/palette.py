"""Colours and marks, told apart without colour too: zones by a character, tiers by outline, scores by darkness."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import HAZARD_COLOR

Style = dict[str, Any]

# After Okabe and Ito's palette, which colour-blind readers tell apart; the character tells them apart in print.
ZONE_COLOR = {
    "school": "#0072b2",
    "hospital": "#a6366b",
    "market": "#b36b00",
    "resettlement": "#00785a",
    "industrial": "#5b5f66",
}
ZONE_MARK = {"school": "校", "hospital": "医", "market": "市", "resettlement": "安", "industrial": "工"}

# Told apart without colour: by the edge, and the two urgent ones by a character.
TIER_MARK = {"severe": "严", "some": "定"}

# Darker is more urgent.
SCORE_STEPS: list[tuple[float, str]] = [(60, "#7a0a1f"), (40, "#d7301f"), (20, "#fc8d59"), (0, "#fdcc8a")]

# Narrower is darker; the hues stay apart for colour-blind readers, and from the houses' yellows and browns.
ALLEY_COLOR = {"handshake": "#3f007d", "sky_line": "#0868ac", "narrow": "#66c2c2", "touching": "#8a8a8a"}
HOSE_STEPS: list[tuple[float, str]] = [
    (60, "#8c2d04"),
    (40, "#d95f0e"),
    (20, "#fe9929"),
    (3, "#fed98e"),
    (0, "#fff7dc"),
]
UNREACHED = "#1a1a1a"


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
        "severe": fill(HAZARD_COLOR["severe"], 0.95, 3, "#7a0010"),
        "some": fill(HAZARD_COLOR["some"], 0.95, 2, "#6b5200") | {"dashArray": "4 3"},
        "none_found": fill(HAZARD_COLOR["none_found"], 0.8, 0.8, "#0a7a60"),
        "unjudged": fill(HAZARD_COLOR["unjudged"], 0.75, 0.6, "#7f8a96"),
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
        keys.append({"name": name, "style": fill(color, 0.88, 1, "#3b0a12")})
    return keys
