"""The page of the tables by unit: the annexes, statistics, the six steps."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from gis_service.db.day import today
from gis_service.tables.sheets import FORMATS, NAMES, Made
from gis_service.tables.steps import STEPS, Unit
from web_map import assets


def table_values(made: Made, lang: str, *, operating: bool, may_export: bool) -> dict[str, Any]:
    """Return what ``tables.html`` shows of an annex or of the statistics."""
    sheets = [vars(sheet) | {"id": f"t{n}"} for n, sheet in enumerate(made.sheets)]
    if lang == "en" and made.counts:
        for sheet, table in zip(sheets, made.counts, strict=True):
            sheet["title"] = table.title[1]
            sheet["headings"] = ["No.", table.of[1], *(en for _, _, en in table.columns)]
            sheet["notes"] = [en for _, en in table.notes]
    if lang == "en" and made.annex is not None:
        of = "unit" if made.annex.name == "annex1" else "department"
        sheets[0] |= {
            "title": NAMES[made.name][1],
            "headings": ["No.", of, "judged", "severe: control and appraise", "some: appraise", "none found", "note"],
            "notes": [f"As of {made.day}; operating houses, by the preliminary judgement in force."],
        }
    return {"sheets": sheets, "units": []} | _frame(
        made.name, made.day, lang, operating=operating, may_export=may_export
    )


def steps_values(units: list[Unit], day: date, lang: str, *, may_export: bool, may_say: bool) -> dict[str, Any]:
    """Return what ``tables.html`` shows of the six steps."""
    at = 1 if lang == "en" else 0
    return {
        "sheets": [],
        "units": units,
        "steps": [(code, words[at]) for code, words in STEPS.items()],
        "may_say": may_say,
    } | _frame("steps", day, lang, operating=True, may_export=may_export)


def _frame(name: str, day: date, lang: str, *, operating: bool, may_export: bool) -> dict[str, Any]:
    at = 1 if lang == "en" else 0
    asked: dict[str, Any] = {"day": str(day)}
    asked |= {"operating": "true"} if name == "statistics" and operating else {}
    return {
        "name": name,
        "title": NAMES[name][at],
        "day": day,
        "today": today(),
        "operating": operating,
        "names": [(code, words[at]) for code, words in NAMES.items()],
        "exports": [(f, f"/api/tables/{name}?{urlencode(asked | {'format': f})}") for f in FORMATS]
        if may_export
        else [],
        "report_style": assets.link("reports.css"),
        "script": assets.link("built/reports.js"),
    }
