"""One's work: counts by kind, what is to be done, who works where, how often houses are looked at, rewards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from gis_service.cases import find as cases
from gis_service.cases import rules
from gis_service.cases.lists import measures_said
from gis_service.codelists import USE_CLASS
from gis_service.db.day import today
from gis_service.duties import people, work
from gis_service.facts.symbols import tier_mark
from web_map import assets

PAGE_ROWS = 50


def work_values(
    connection: Connection,
    asked: work.Asked,
    kind: str | None,
    place: str | None,
    offset: int,
    lang: str,
    *,
    may_export: bool,
    may_set: bool,
    may_visit: bool,
    may_see_rewards: bool,
    may_set_days: bool,
) -> dict[str, Any]:
    """Return what ``work.html`` shows."""
    at = 1 if lang == "en" else 0
    counts = work.counts(connection, asked)
    rows = work.listed(connection, asked, kind, PAGE_ROWS + 1, offset)
    known = rules.rules(connection)

    def link(**changed: Any) -> str:
        values = {"kind": kind, "place": place, "lang": "en" if at else None} | changed
        query = urlencode({name: value for name, value in values.items() if value})
        return f"/work?{query}" if query else "/work"

    return {
        "counts": [
            {"code": code, "name": name[at], "href": link(kind=code), **counts[code]} for code, name in work.KIND.items()
        ],
        "total": sum(count["number"] for count in counts.values()),
        "whole": link(kind=None),
        "rows": [_row(row, known, lang) for row in rows[:PAGE_ROWS]],
        "kind": kind,
        "place": place,
        "places": people.names(connection, asked.places) if asked.places else [],
        "assignable": people.assignable(connection) if may_set else [],
        "units": [(unit["code"], unit["name"] or unit["code"]) for unit in cases.units(connection)],
        "more": link(offset=offset + PAGE_ROWS) if len(rows) > PAGE_ROWS else None,
        "back": link(offset=max(offset - PAGE_ROWS, 0)) if offset else None,
        "first": offset + 1,
        "exports": [
            (form, f"/api/work/export?{urlencode({k: v for k, v in (('kind', kind), ('place', place)) if v} | {'format': form})}")
            for form in ("xlsx", "csv")
        ]
        if may_export
        else [],
        "duties": [
            duty | {"kind_said": people.KIND[duty["kind"]][at], "level_said": people.LEVEL.get(duty["level"], ("", ""))[at]}
            for duty in people.held(connection)
        ],
        "duty_kinds": [(code, name[at]) for code, name in people.KIND.items()],
        "patrol_rules": [row | {"said": people.SUBJECT[row["subject"]][at]} for row in people.patrol_rules(connection)],
        "rewards": work.rewards(connection) if may_see_rewards else None,
        "may_set": may_set,
        "may_visit": may_visit,
        "may_set_days": may_set_days,
        "today": today(),
        "case_style": assets.link("cases.css"),
    }  # fmt: skip


def _row(row: dict[str, Any], known: rules.Rules, lang: str) -> dict[str, Any]:
    at = 1 if lang == "en" else 0
    return row | {
        "heading": row["name"] or row["address"] or row["building_id"],
        "kind_said": work.KIND[row["kind"]][at],
        "use_said": row["use_class"] if at else USE_CLASS.get(row["use_class"], row["use_class"]),
        "tier": tier_mark(row["hazard_tier"], lang),
        "missing_said": measures_said(row["missing"] or (), known, lang),
    }
