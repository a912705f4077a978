"""Colours, marks and class limits, the same on a screen and on paper.

Told apart without colour too: zones by a character, tiers by outline, scores and hose distances by darkness.
"""

from __future__ import annotations

from gis_service.codelists import HAZARD_COLOR, HAZARD_TIER

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
TIER_EDGE = {"severe": "#7a0010", "some": "#6b5200", "none_found": "#0a7a60", "unjudged": "#7f8a96"}


def tier_mark(tier: str, lang: str = "zh") -> dict[str, str]:
    """Return a tier's name, fill and outline, as pages show it beside a house."""
    return {"name": tier if lang == "en" else HAZARD_TIER[tier], "color": HAZARD_COLOR[tier], "edge": TIER_EDGE[tier]}


# Darker is more urgent.
SCORE_STEPS: tuple[tuple[float, str], ...] = ((60, "#7a0a1f"), (40, "#d7301f"), (20, "#fc8d59"), (0, "#fdcc8a"))

# Narrower is darker; the hues stay apart for colour-blind readers, and from the houses' yellows and browns.
ALLEY_COLOR = {"handshake": "#3f007d", "sky_line": "#0868ac", "narrow": "#66c2c2", "touching": "#8a8a8a"}

HOSE_STEPS: tuple[tuple[float, str], ...] = (
    (60, "#8c2d04"), (40, "#d95f0e"), (20, "#fe9929"), (3, "#fed98e"), (0, "#fff7dc"),
)  # fmt: skip
"""Least metres of hose from an engine to a house, the farthest first, and the colour. Darker is worse."""

UNREACHED = "#1a1a1a"
ENGINE = "#b2182b"
WATER = "#0050c8"
WATER_MARK = {"hydrant": "栓", "pond": "塘", "tank": "池", "river": "河", "other": "水"}
ROUTE = "#005a32"


def hose_names(*, zh: bool) -> list[str]:
    """Return what a legend says of each of ``HOSE_STEPS``."""
    (most, _), *others = HOSE_STEPS
    names = [f"{most:g} m 以上" if zh else f"over {most:g} m"]
    above = most
    for least, _ in others:
        names.append(f"{least:g}–{above:g} m")
        above = least
    return names


# Teams of a plan, in their order; more than these begin anew, told apart by their number. Dark enough for white digits.
TEAM_COLOR = (
    "#0b5fa5", "#b3470b", "#1b7a3d", "#8b2a86", "#a31621", "#00707a", "#6a5200", "#4a3fb0", "#7a4a2b", "#3d6b00",
    "#b0166a", "#4c5a67",
)  # fmt: skip


def team_color(position: int) -> str:
    """Return the colour of the team that stands at ``position`` (from 1) of its plan."""
    return TEAM_COLOR[(position - 1) % len(TEAM_COLOR)]
