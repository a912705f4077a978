"""A reason as a person reads it."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import ALTERATION, BUSINESS_USE, HAZARD_TIER, ZONE_KIND
from gis_service.selection.rules import RULES

_WORDS = {"key_use": BUSINESS_USE, "alteration": ALTERATION, "hazard": HAZARD_TIER}
_EN = {
    "key_use": "key place: {}",
    "floors": "{} storeys, in business use",
    "people": "{} people, in business use",
    "alteration": "altered: {}",
    "hazard": "hazard: {}",
    "grade": "appraised {}",
}


def phrase(reason: dict[str, Any], lang: str = "zh") -> str:
    """Return one reason as a phrase in ``lang``: what, how far, and its points."""
    rule, points = reason["rule"], f"{float(reason['points']):.0f}"
    if rule == "key_zone":
        return _zone(reason, points, lang)
    if rule == "area":
        name = reason.get("name", "")
        return f"in the priority area “{name}” (+{points})" if lang == "en" else f"位于重点区域“{name}”（+{points}分）"
    value = reason.get("value")
    listed = value if isinstance(value, list) else [value]
    if lang == "en":
        return _EN[rule].format(", ".join(map(str, listed))) + f" (+{points})"
    shown = "、".join(_WORDS.get(rule, {}).get(str(v), str(v)) for v in listed)
    unit = {"floors": "层", "people": "人", "grade": "级"}.get(rule, "")
    return f"{RULES[rule].zh}（{shown}{unit}，+{points}分）"


def _zone(reason: dict[str, Any], points: str, lang: str) -> str:
    kind, name = str(reason["kind"]), reason.get("name") or reason["zone_id"]
    distance = float(reason["distance_m"])
    if lang == "en":
        where = f"inside the {kind}" if distance == 0 else f"{distance:.0f} m from the {kind}"
        return f"{where} “{name}” (+{points})"
    where = "范围内" if distance == 0 else f" {distance:.0f} 米"
    lead = f"{ZONE_KIND[kind]}“{name}”"
    return f"{'在' if distance == 0 else '距'}{lead}{where}（+{points}分）"
