"""The page of the rounds over houses, and of the institutions that appraise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_service.codelists import HAZARD_TIER, ROUND_KIND, ROUND_STEP, USE_CLASS
from web_map import assets


def round_values(
    found: list[dict[str, Any]], institutions: list[dict[str, Any]], lang: str, *, may_open: bool
) -> dict[str, Any]:
    """Return what ``rounds.html`` shows."""
    zh = lang != "en"
    return {
        "rounds": [
            {
                **row,
                "kind_said": ROUND_KIND[row["kind"]] if zh else row["kind"],
                "who": _whose(row["filter"], zh=zh),
                "deadlines": [
                    {
                        **due,
                        "step_said": ROUND_STEP[due["step"]] if zh else due["step"],
                        "who": _whose(due["filter"], zh=zh) if due["filter"] else "",
                    }
                    for due in row["deadlines"]
                ],
            }
            for row in found
        ],
        "institutions": institutions,
        "may_open": may_open,
        "kinds": [(code, name if zh else code) for code, name in ROUND_KIND.items()],
        "steps": [(code, name if zh else code) for code, name in ROUND_STEP.items()],
        "script": assets.link("built/rounds.js"),
    }


def _whose(filter_: Mapping[str, list[str]], *, zh: bool) -> str:
    """Return in words which houses a filter means."""
    if not filter_:
        return "全部房屋" if zh else "every house"
    parts = []
    for name, values in filter_.items():
        words = {"use_class": USE_CLASS, "hazard_tier": HAZARD_TIER}.get(name, {}) if zh else {}
        parts.append("、".join(words.get(value, value) for value in values))
    return "；".join(parts) if zh else "; ".join(parts)
