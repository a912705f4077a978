"""The pages of bulletins: what is kept, one bulletin, the houses behind a number."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from gis_service.bulletins.count import Cut
from gis_service.bulletins.files import FORMATS
from gis_service.bulletins.lists import SHOWN_MAX, cut_said, said
from gis_service.bulletins.period import KINDS
from gis_service.bulletins.progress import STEPS, STEPS_EN
from gis_service.bulletins.snapshot import Bulletin
from gis_service.bulletins.text import plain
from gis_service.db.day import today
from gis_service.notices.letters import LETTER
from gis_service.settings import get_settings
from web_map import assets


def list_values(
    kept: list[dict[str, Any]], points: list[dict[str, Any]], lang: str, *, may_make: bool
) -> dict[str, Any]:
    """Return what ``bulletins.html`` shows."""
    at = _at(lang)
    now = today()
    month = now.replace(day=1) - timedelta(days=1)
    offered = (
        ("daily", now - timedelta(days=1)),
        ("weekly", now - timedelta(days=now.weekday() + 1)),
        ("monthly", month),
    )
    return {
        "kept": [row | {"made_at": _local(row["made_at"]), "kind_said": KINDS[row["kind"]][at], "href": _page(row["day"], row["kind"], lang)} for row in kept],
        "kinds": [(code, words[at]) for code, words in KINDS.items()],
        "offered": [(KINDS[kind][at], day, _page(day, kind, lang)) for kind, day in offered],
        "today": now,
        "may_make": may_make,
        "bulletin_style": assets.link("bulletins.css"),
        "points": [item | {"said": item[lang if lang == "en" else "zh"]} for item in points],
        "script": assets.link("built/bulletins.js"),
    }  # fmt: skip


def bulletin_values(
    made: Bulletin, sent: list[dict[str, Any]], lang: str, *, may_export: bool, may_remind: bool
) -> dict[str, Any]:
    """Return what ``bulletin.html`` shows: paragraphs and tables with each number's link, who is slow and what was done."""
    at, kind, day = _at(lang), made.period.kind, made.period.day

    def linked(parts: list[Any]) -> list[tuple[str, str | None]]:
        return [_linked(part, kind, day, lang) for part in parts]

    body = made.body
    return {
        "made": made,
        "made_at": _local(made.made_at),
        "body": body,
        "paragraphs": [(one["style"], linked(one["parts"])) for one in body["paragraphs"]],
        "tables": [
            table | {"cells": [[linked(cell if isinstance(cell, list) else [cell]) for cell in row] for row in table["rows"]]}
            for table in body["tables"]
        ],
        "kind_said": KINDS[kind][at],
        "slow": [
            one
            | {
                "parts": linked(one["share"]),
                "step_said": (STEPS, STEPS_EN)[at][one["step"]],
                "proposed_said": LETTER[one["proposed"]][at],
                "reason": f"{STEPS[one['step']]}进度低于各单位中位数和时间进度。",
                "sent": [
                    m | {"kind_said": LETTER[m["kind"]][at]}
                    for m in sent
                    if (m["unit_code"], m["step"]) == (one["unit"], one["step"])
                ],
            }
            for one in body["slow"]
        ],
        "reminders": [(code, words[at]) for code, words in LETTER.items()],
        "exports": [
            (f, f"/api/bulletins/{day}/export?{urlencode({'kind': kind, 'format': f})}") for f in FORMATS
        ]
        if may_export
        else [],
        "others": [(words[at], _page(day, code, lang)) for code, words in KINDS.items() if code != kind],
        "may_remind": may_remind,
        "today": today(),
        "bulletin_style": assets.link("bulletins.css"),
        "script": assets.link("built/bulletins.js"),
    }  # fmt: skip


def houses_values(
    made: Bulletin, cut: Cut, rows: list[dict[str, Any]], matched: int, lang: str, *, may_export: bool
) -> dict[str, Any]:
    """Return what ``bulletin_houses.html`` shows."""
    kind, day = made.period.kind, made.period.day
    asked = {"kind": kind} | cut.query()
    return {
        "title": made.body["title"],
        "back": _page(day, kind, lang),
        "condition": cut_said(cut, made, lang),
        "matched": matched,
        "truncated": matched > len(rows),
        "most": SHOWN_MAX,
        "rows": [row | said(row, lang) | {"heading": row["name"] or row["address"] or row["building_id"]} for row in rows],
        "exports": [
            (f, f"/api/bulletins/{day}/houses/export?{urlencode(asked | {'format': f})}") for f in ("xlsx", "csv")
        ]
        if may_export
        else [],
    }  # fmt: skip


def _at(lang: str) -> int:
    return 1 if lang == "en" else 0


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(ZoneInfo(get_settings().timezone)):%Y-%m-%d %H:%M}"


def _page(day: date, kind: str, lang: str) -> str:
    return f"/bulletins/{day}?{urlencode({'kind': kind} | ({'lang': 'en'} if lang == 'en' else {}))}"


def _linked(part: Any, kind: str, day: date, lang: str) -> tuple[str, str | None]:
    if isinstance(part, str):
        return part, None
    asked = {"kind": kind} | part["cut"] | ({"lang": "en"} if lang == "en" else {})
    return plain(part), f"/bulletins/{day}/houses?{urlencode(asked)}"
