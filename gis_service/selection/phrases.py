"""A reason as a person reads it: also one of a run that was made under a rule or a code of before."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import ZONE_KIND
from gis_service.selection.attributes import ATTRIBUTES
from gis_service.selection.rules import RULES


def phrase(reason: dict[str, Any], lang: str = "zh") -> str:
    """Return one reason as a phrase in ``lang``: what, how far, and its points."""
    name, points = reason["rule"], f"{float(reason['points']):.0f}"
    if name == "key_zone":
        return _zone(reason, points, lang)
    if name == "area":
        area = reason.get("name", "")
        return f"in the priority area “{area}” (+{points})" if lang == "en" else f"位于重点区域“{area}”（+{points}分）"
    if name == "house":
        return house_phrase(reason, lang)
    value = reason.get("value")
    listed = list(map(str, value if isinstance(value, list) else [value]))
    rule = RULES.get(name)
    if lang == "en":
        said = (rule.phrase_en if rule else f"{name}: {{}}").format(", ".join(listed))
        return f"{said} (+{points})"
    shown = "、".join(rule.words.get(word, word) if rule else word for word in listed)
    return f"{rule.zh if rule else name}（{(rule.phrase_zh if rule else '{}').format(shown)}，+{points}分）"


def house_phrase(reason: dict[str, Any], lang: str) -> str:
    """Return how a house meets a condition on what was surveyed of it; such a condition gives no points."""
    attribute = ATTRIBUTES.get(str(reason["name"]))
    value = reason.get("value")
    listed = list(map(str, value if isinstance(value, list) else [value]))
    if attribute is None:
        return f"{reason['name']}: {', '.join(listed)}"
    if lang == "en":
        return f"{attribute.en}: {', '.join(listed)}"
    return f"{attribute.zh}（{'、'.join(attribute.words.get(word, word) for word in listed)}{attribute.unit_zh}）"


def _zone(reason: dict[str, Any], points: str, lang: str) -> str:
    kind, name = str(reason["kind"]), reason.get("name") or reason["zone_id"]
    distance = float(reason["distance_m"])
    if lang == "en":
        where = f"inside the {kind}" if distance == 0 else f"{distance:.0f} m from the {kind}"
        return f"{where} “{name}” (+{points})"
    where = "范围内" if distance == 0 else f" {distance:.0f} 米"
    lead = f"{ZONE_KIND.get(kind, kind)}“{name}”"
    return f"{'在' if distance == 0 else '距'}{lead}{where}（+{points}分）"
