"""What the planner's panel starts from: the conditions of the list that is shown, and the lists there are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from gis_service.codelists import ZONE_KIND
from gis_service.facts.symbols import ZONE_COLOR, ZONE_MARK
from gis_service.identity import Identity, Right
from gis_service.selection.attributes import ATTRIBUTES, Attribute
from gis_service.selection.rules import RULES, Limit
from gis_service.selection.sentence import sentence, term_phrase
from gis_service.settings import DEFAULTS, default
from web_map.parts import joined, read

_LISTS_MAX = 50
GROUPS = ("any_of", "all_of", "none_of")


def controls(connection: Connection, run: dict[str, Any], who: Identity | None, lang: str) -> dict[str, Any]:
    """Return the controls of the panel as ``conditions.js`` and ``lists.js`` take them.

    Parameters
    ----------
    run
        The list that is shown: ``run_id`` (None where none is), ``name``, ``published_at``, completed ``parameters``.
    who
        Whoever looks: what may be drawn and published hangs on it.

    """
    asked, zh = run["parameters"], lang == "zh"
    zones = {(t["kind"]): (g, float(t["buffer_m"])) for g in GROUPS for t in asked[g] if t["term"] == "zone"}
    rules = {t["name"]: g for g in GROUPS for t in asked[g] if t["term"] == "rule"}
    return {
        "run": run["run_id"],
        "published": run["published_at"] is not None,
        "name": run["name"] or "",
        "sentence": sentence(asked, lang),
        "lists": _lists(connection, lang),
        "zones": [
            {
                "kind": kind, "name": name if zh else kind, "mark": ZONE_MARK[kind], "color": ZONE_COLOR[kind],
                "group": zones[kind][0] if kind in zones else None,
                "buffer_m": zones[kind][1] if kind in zones else default(f"buffer_{kind}_m"),
                "source": DEFAULTS[f"buffer_{kind}_m"].source_in(lang),
            }
            for kind, name in ZONE_KIND.items()
        ],
        "rules": [
            {
                "name": r.name, "title": r.title(lang), "source": r.source(lang), "group": rules.get(r.name),
                "limit": r.limit and _limit(r.limit, asked, zh=zh),
            }
            for r in RULES.values()
        ],
        "house": [_attribute(connection, attribute, asked, zh=zh) for attribute in ATTRIBUTES.values()],
        "within": [{"area_id": t["area_id"], "name": t["name"]} for t in drawn(asked)],
        "beyond": _beyond(asked, lang),
        "may_draw": who is not None and who.may(Right.DRAW),
        "may_publish": who is not None and who.may(Right.PUBLISH) and who.place is None and who.department is None,
        "may_select": who is not None and who.may(Right.SELECT),
    }  # fmt: skip


def _lists(connection: Connection, lang: str) -> list[dict[str, Any]]:
    return [
        {
            "run_id": r["run_id"], "name": r["name"] or "", "n": r["selected"], "by": r["account"] or "",
            "at": r["started_at"].astimezone().strftime("%Y-%m-%d %H:%M"), "published": r["published_at"] is not None,
            "sentence": sentence(r["parameters"], lang),
        }
        for r in read(connection, "runs.list", limit=_LISTS_MAX, kind="selection")
    ]  # fmt: skip


def _limit(limit: Limit, asked: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    return {
        "name": limit.name, "low": limit.low, "high": limit.high, "value": asked[limit.name],
        "unit": limit.zh if zh else limit.en,
    }  # fmt: skip


def _attribute(connection: Connection, attribute: Attribute, asked: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    """Return one condition on houses, with what of it the list asked: what all must meet."""
    held = next((t for t in asked["all_of"] if t["term"] == "house" and t["name"] == attribute.name), None)
    made: dict[str, Any] = {
        "name": attribute.name, "title": attribute.title("zh" if zh else "en"),
        "kind": "flag" if attribute.name == "operating" else "number" if attribute.number else "choice",
        "unit": attribute.unit_zh if zh else attribute.unit_en, "on": held is not None,
        "values": (held or {}).get("values", []), "low": (held or {}).get("low"), "high": (held or {}).get("high"),
    }  # fmt: skip
    if attribute.place:
        level = "village" if attribute.name == "village_code" else "township"
        made["options"] = [
            {"value": r["code"], "title": r["name"], "of": r["of"] if level == "village" else None}
            for r in read(connection, "runs.places_of_level", level=level)
        ]
    elif made["kind"] == "choice":
        made["options"] = [{"value": v, "title": name if zh else v, "of": None} for v, name in attribute.words.items()]
    return made


def drawn(asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the drawn areas that a list stays within; older runs have theirs among the terms that must be met."""
    terms = [*asked["within"], *asked["all_of"]]
    return [t for t in terms if t["term"] == "area" and t["area_id"] is not None]


def _beyond(asked: dict[str, Any], lang: str) -> str:
    """Return, in words, the conditions of a list that the panel has no control for: a list made there lacks them."""
    zh, kept = lang == "zh", drawn(asked)
    rest = {
        ("或" if zh else "or"): [t for t in asked["any_of"] if t["term"] in {"area", "house"}],
        ("须满足" if zh else "all of"): [t for t in asked["all_of"] if t["term"] == "area" and t not in kept],
        ("排除" if zh else "none of"): [t for t in asked["none_of"] if t["term"] in {"area", "house"}],
        ("只在" if zh else "within"): [t for t in asked["within"] if t not in kept],
    }
    comma = "、" if zh else ", "
    return joined(
        (f"{said} {comma.join(term_phrase(t, asked, lang) for t in terms)}" for said, terms in rest.items() if terms),
        zh=zh,
    )
