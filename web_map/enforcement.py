"""Joint enforcement: the list with its filters and actions, and one action with what it found."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, text

from gis_service.cases import find as cases
from gis_service.db.day import today
from gis_service.db.queries import statement
from gis_service.enforcement import actions
from gis_service.enforcement.actions import FOUND, REASON
from web_map import assets


def list_values(
    connection: Connection,
    reason: str | None,
    department: str | None,
    unit: str | None,
    lang: str,
    *,
    may_plan: bool,
    may_export: bool,
) -> dict[str, Any]:
    """Return what ``enforcement.html`` shows."""
    offices = _offices(connection, lang)
    rows = actions.listed(connection, reason, department, unit)
    asked = {name: value for name, value in (("reason", reason), ("department", department), ("unit", unit)) if value}
    return {
        "rows": [_house(row, offices, lang) for row in rows],
        "truncated": len(rows) == actions.LISTED_MAX,
        "actions": [_action(row, offices, lang) for row in actions.actions(connection)],
        "reasons": [(code, words[_at(lang)]) for code, words in REASON.items()],
        "offices": list(offices.items()),
        "units": [(u["code"], u["name"] or u["code"]) for u in cases.units(connection)],
        "asked": {"reason": reason, "department": department, "unit": unit},
        "may_plan": may_plan,
        "exports": [(f, f"/api/enforcement-list/export?{urlencode(asked | {'format': f})}") for f in ("xlsx", "csv")]
        if may_export
        else [],
        "today": str(today()),
        "script": assets.link("built/enforcement.js"),
        "case_style": assets.link("cases.css"),
    }


def action_values(connection: Connection, enforcement_id: int, lang: str, *, may_find: bool) -> dict[str, Any]:
    """Return what ``enforcement_action.html`` shows of an action.

    Raises
    ------
    NotFoundError
        There is none of that number, or no house of it is the asker's.

    """
    offices = _offices(connection, lang)
    row = actions.one(connection, enforcement_id)
    items = [
        _house(item, offices, lang)
        | {"findings": [f | {"found_said": FOUND[f["found"]][_at(lang)]} for f in item["findings"]]}
        for item in row["items"]
    ]
    return {
        "action": _action(row, offices, lang),
        "rows": items,
        "found": [(code, words[_at(lang)]) for code, words in FOUND.items()],
        "may_find": may_find and row["on_day"] <= today(),
        "script": assets.link("built/enforcement.js"),
        "case_style": assets.link("cases.css"),
    }


def _at(lang: str) -> int:
    return 1 if lang == "en" else 0


def _offices(connection: Connection, lang: str) -> dict[str, str]:
    """Return every department as the county calls it."""
    found = connection.execute(text(statement("record.departments"))).mappings()
    return {row["code"]: row["en"] if lang == "en" else row["office"] or row["zh"] for row in found}


def _house(row: dict[str, Any], offices: dict[str, str], lang: str) -> dict[str, Any]:
    return row | {
        "heading": row["name"] or row["address"] or row["building_id"],
        "reasons_said": [REASON[code][_at(lang)] for code in row["reasons"]],
        "offices": [offices.get(code, code) for code in row["departments"]],
    }


def _action(row: dict[str, Any], offices: dict[str, str], lang: str) -> dict[str, Any]:
    county = "the county's office" if lang == "en" else "县级专班"
    return row | {
        "lead_said": county if row["lead"] == "county" else offices.get(row["lead"], row["lead"]),
        "with_said": [offices.get(code, code) for code in row["departments"]],
    }
