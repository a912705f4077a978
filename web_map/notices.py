"""The page of notices to owners: who is to have one, by department; issuing, serving; letters and templates."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from gis_service.cases import find as cases
from gis_service.cases.rules import rules
from gis_service.codelists import HAZARD_COLOR, HAZARD_TIER
from gis_service.db.day import today
from gis_service.facts.symbols import TIER_EDGE
from gis_service.identity import Identity, Right, Role
from gis_service.notices import find
from gis_service.notices.issue import rows_of
from gis_service.notices.texts import METHODS, OWNERS, PAPERS
from web_map import assets


def notices_values(connection: Connection, asked: find.Filter, lang: str, identity: Identity) -> dict[str, Any]:
    """Return what ``notices.html`` shows."""
    at = 0 if lang != "en" else 1
    rows = find.due(connection, asked, find.LISTED_MAX + 1)
    names = find.offices(connection)
    offices = names if at == 0 else {code: code.replace("_", " ") for code in names}
    issues = identity.may(Right.CASE) and identity.role.value in rules(connection)["notice", asked.kind].roles
    office = identity.may(Right.CASE) and identity.role in (Role.ADMINISTRATOR, Role.PLANNER)
    query = {name: value for name, value in vars(asked).items() if value}
    return {
        "rows": [_row(row, offices, at) for row in rows[: find.LISTED_MAX]],
        "truncated": len(rows) > find.LISTED_MAX,
        "departments": [
            row
            | {
                "said": offices.get(row["department"] or "", row["department"]) or ("无主管部门", "no department")[at],
                "link": "/notices?"
                + urlencode(
                    query | {"department": row["department"] or "", "state": "none"} | ({"lang": "en"} if at else {})
                ),
            }
            for row in find.by_department(connection, asked.kind, asked.unit)
        ],
        "asked": asked,
        "kinds": [(kind, (PAPERS[kind].zh, PAPERS[kind].en)[at]) for kind in OWNERS],
        "units": [(u["code"], u["name"] or u["code"]) for u in cases.units(connection)],
        "offices": list(offices.items()),
        "tiers": [(code, name if at == 0 else code) for code, name in HAZARD_TIER.items()],
        "states": [(code, words[at]) for code, words in find.STATE.items()],
        "methods": METHODS,
        "issues": issues,
        "office": office,
        "person": identity.may(Right.PERSON),
        "dated": asked.kind in ("appraise", "rectify"),
        "exports": [(f, f"/api/notices/export?{urlencode(query | {'format': f})}") for f in ("xlsx", "csv")]
        if identity.may(Right.EXPORT)
        else [],
        "letters": [_letter(row, at) for row in rows_of(connection, "letters", letter_id=None)]
        if identity.role in (Role.ADMINISTRATOR, Role.PLANNER, Role.AUDITOR, Role.TOWNSHIP)
        else [],
        "templates": [
            (kind, (paper.zh, paper.en)[at], kind in {row["kind"] for row in rows_of(connection, "templates")})
            for kind, paper in PAPERS.items()
            if paper.to != "receipt"
        ],
        "today": str(today()),
        "script": assets.link("built/notices.js"),
        "case_style": assets.link("cases.css"),
    }


def _row(row: dict[str, Any], offices: dict[str, str], at: int) -> dict[str, Any]:
    tier = row["hazard_tier"]
    state = find.state_of(row)
    return row | {
        "heading": row["name"] or row["address"] or row["building_id"],
        "offices": [offices.get(code, code) for code in row["departments"]],
        "tier": {"name": HAZARD_TIER[tier] if at == 0 else tier, "color": HAZARD_COLOR[tier], "edge": TIER_EDGE[tier]},
        "state": state,
        "state_said": find.STATE[state][at],
    }


def _letter(row: dict[str, Any], at: int) -> dict[str, Any]:
    paper = PAPERS[row["kind"]]
    return row | {"title": (paper.zh, paper.en)[at]}
