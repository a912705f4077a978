"""What a list asks for, in one sentence: above the button that makes it, on the list, on maps and in files."""

from __future__ import annotations

from typing import Any

from gis_service.codelists import ZONE_KIND
from gis_service.selection.attributes import ATTRIBUTES
from gis_service.selection.rules import RULES
from gis_service.selection.terms import complete, is_default


def sentence(parameters: dict[str, Any], lang: str = "zh") -> str:
    """Return the conditions of a list as a run stores them (``Ask.parameters``) in one sentence in ``lang``.

    It says first which houses are meant, operating ones or all (docs/domain.md): a reader of a number must know.
    """
    zh = lang == "zh"
    asked = complete(parameters)
    must = [term for term in asked["all_of"] if term.get("name") != "operating"]
    operating = len(must) < len(asked["all_of"])
    who = ("经营性房屋" if operating else "全部房屋") if zh else ("Operating houses" if operating else "All houses")
    parts = [
        ((zh and "只在") or "inside ", asked["within"], "、" if zh else " or "),
        ((zh and "须同时符合：") or "meeting all of: ", must, "、" if zh else ", "),
        ((zh and "符合任一：") or "meeting any of: ", asked["any_of"], "、" if zh else ", "),
        ((zh and "排除：") or "none of: ", asked["none_of"], "、" if zh else ", "),
    ]
    said = [
        (f"{lead}{between.join(term_phrase(t, asked, lang) for t in terms)}{'内' if zh and lead == '只在' else ''}")
        for lead, terms, between in parts
        if terms
    ]
    if is_default(asked | {"all_of": must}):
        said = ["通知的全部重点区域（默认缓冲距离）和全部规则，符合任一" if zh else "meeting any of the notice's key zones (default buffers) and rules"]  # fmt: skip
    return f"{who}；{'；'.join(said)}。" if zh else f"{who}, {'; '.join(said)}."


def term_phrase(term: dict[str, Any], parameters: dict[str, Any], lang: str) -> str:
    """Return one condition in words; also one that a later or an earlier version knows and this one does not."""
    zh = lang == "zh"
    if term["term"] == "zone":
        kind = ZONE_KIND.get(term["kind"], term["kind"]) if zh else term["kind"]
        return f"{kind}周边 {term['buffer_m']:g} 米" if zh else f"within {term['buffer_m']:g} m of a {kind}"
    if term["term"] == "area":
        return f"区域“{term['name']}”" if zh else f"the area “{term['name']}”"
    if term["term"] == "rule" and term["name"] in RULES:
        rule = RULES[term["name"]]
        limit = f"（{parameters[rule.limit.name]}{rule.limit.zh}）" if zh and rule.limit else ""
        if not zh and rule.limit:
            limit = f" ({parameters[rule.limit.name]} {rule.limit.en})"
        return f"{rule.title(lang)}{limit}"
    if term["term"] == "house":
        return _house_phrase(term, zh=zh)
    return str(term.get("name", term["term"]))


def _house_phrase(term: dict[str, Any], *, zh: bool) -> str:
    attribute = ATTRIBUTES.get(term["name"])
    if attribute is None:
        return str(term["name"])
    if attribute.name == "operating":
        return attribute.title("zh" if zh else "en")
    if attribute.number:
        return _range(term.get("low"), term.get("high"), attribute.unit_zh if zh else attribute.unit_en, zh=zh)
    values = term.get("labels") or [attribute.words.get(v, v) if zh else v for v in term.get("values", ())]
    return f"{attribute.zh}为{'或'.join(values)}" if zh else f"{attribute.en} {' or '.join(values)}"


def _range(low: int | None, high: int | None, unit: str, *, zh: bool) -> str:
    if low is not None and high is not None:
        return f"{low}–{high} {unit}"
    if low is not None:
        return f"{low} {unit}及以上" if zh else f"{low} {unit} or more"
    return f"{high} {unit}及以下" if zh else f"{high} {unit} or fewer"
