"""Why a house is on a list: its reasons in their order, as phrases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_service.facts import house
from gis_service.selection.phrases import phrase

Reason = dict[str, Any]


def best_first(reasons: list[Reason] | None) -> list[Reason]:
    """Return the reasons by their points, the most first; of equal ones in the order in which they are kept."""
    return sorted(reasons or [], key=lambda reason: -float(reason["points"]))


def phrases(reasons: list[Reason] | None, lang: str) -> list[str]:
    """Return the reasons as phrases in ``lang``, the most points first."""
    return [phrase(reason, lang) for reason in best_first(reasons)]


def house_facts(row: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """Return what a popup tells of a house: title, labelled rows, and why it is on the list, if it is."""
    return {
        "building_id": row["building_id"],
        **house.facts(row, zh=lang == "zh"),
        "reasons": phrases(row.get("reasons"), lang),
    }
