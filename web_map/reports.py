"""The page of the tables by unit: the annexes, statistics, the six steps."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlencode

from gis_service.bulletins.progress import SHARES
from gis_service.db.day import today
from gis_service.tables.sheets import FORMATS, NAMES, Made
from gis_service.tables.steps import RECORDED, STEPS, Unit
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


def steps_values(
    units: list[Unit], day: date, lang: str, *, may_export: bool, may_say: bool, may_count: bool
) -> dict[str, Any]:
    """Return what ``tables.html`` shows of the six steps; with ``may_count`` the record's shares open their houses."""
    at = 1 if lang == "en" else 0
    return {
        "sheets": [],
        "units": [
            {
                "code": unit.code,
                "name": unit.name,
                "steps": {
                    step: vars(one)
                    | {
                        "proof": proof_parts(one.proof or ""),
                        "houses": _houses(step, unit.code, day, lang) if may_count and one.share else [],
                        "lists": _lists(step, unit.code, lang),
                    }
                    for step, one in unit.steps.items()
                },
            }
            for unit in units
        ],
        "steps": [(code, words[at]) for code, words in STEPS.items()],
        "may_say": may_say,
    } | _frame("steps", day, lang, operating=True, may_export=may_export)


_PAGE = re.compile(
    r"(/(?:bulletins|tables|signatures|cases|house|enforcement|notices|plans)(?![\w-])[^\s，。；、）]*)", re.ASCII
)


def proof_parts(proof: str) -> list[tuple[str, str | None]]:
    """Return a proof in pieces, each with its address where it names a page of this service."""
    pieces = _PAGE.split(proof)
    return [(piece, piece if n % 2 else None) for n, piece in enumerate(pieces) if piece]


def _houses(step: str, unit: str, day: date, lang: str) -> list[str]:
    """Return the addresses of the houses of a share: those that are done, and all."""
    cuts = SHARES[RECORDED[step]]
    more = {"kind": "daily"} | ({"lang": "en"} if lang == "en" else {})
    return [f"/bulletins/{day}/houses?{urlencode(more | cut.and_(unit=unit).query())}" for cut in cuts]


_LISTS: dict[str, tuple[tuple[str, str, str, dict[str, str]], ...]] = {
    "survey": (("签字确认", "sign-off", "/signatures", {}),),
    "sort": (("隐患台账", "ledger", "/cases", {"kind": "structure"}),),
    "control": (("未管控", "without control", "/cases", {"uncontrolled": "true"}),),
}
"""What the system itself has of a step: words in both languages, page, and filters besides the unit."""


def _lists(step: str, unit: str, lang: str) -> list[tuple[str, str]]:
    more = {"unit": unit} | ({"lang": "en"} if lang == "en" else {})
    return [
        (en if lang == "en" else zh, f"{page}?{urlencode(more | asked)}")
        for zh, en, page, asked in _LISTS.get(step, ())
    ]


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
