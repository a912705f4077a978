"""The form of a visit, for a phone: a small map drawn from outlines, and all that the page's script needs to work alone."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER, LISTS, USE_CLASS
from gis_service.db.day import day
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.visits.answers import ON_SITE, OUTCOME, QUESTIONS
from web_map import assets
from web_map.frame import script_json


def visit_values(connection: Connection, building_id: str, lang: str) -> dict[str, Any]:
    """Return what ``visit.html`` shows of a house to whoever stands before it.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's to see.

    """
    zh = lang != "en"
    row = None
    if "\0" not in building_id:
        found = (
            connection.execute(text(statement("record.house")), {"building_id": building_id}).mappings().one_or_none()
        )
        row = None if found is None else dict(found)
    if row is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    around = connection.execute(text(statement("visits.around")), {"building_id": building_id}).mappings()
    now = day()
    return {
        "house": row,
        "heading": row["name"] or row["address"] or row["building_id"],
        "tier": HAZARD_TIER[row["hazard_tier"]] if zh else row["hazard_tier"],
        "outcomes": [(code, words[0 if zh else 1]) for code, words in OUTCOME.items()],
        "found": [(code, HAZARD_TIER[code] if zh else code) for code in ("severe", "some", "none_found")],
        "questions": [_question(name, row, zh=zh) for name in ON_SITE],
        "data": script_json(
            {
                "house": building_id,
                "simulated_day": str(now.value) if now.simulated else None,
                "center": [row["lon"], row["lat"]],
                "outlines": [{"own": r["own"], "geometry": json.loads(r["geom"])} for r in around],
            }
        ),
        "script": assets.link("built/visit.js"),
        "visit_style": assets.link("visit.css"),
    }


def _question(name: str, row: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    question = QUESTIONS[name]
    words = USE_CLASS if name == "use_class" else LISTS.get(name, {})
    return {
        "name": name,
        "label": question.zh if zh else question.en,
        "kind": question.kind,
        "least": question.least,
        "most": question.most,
        "value": row[name],
        "surveyed": row[name] is not None,
        "choices": [(code, word if zh else code.replace("_", " ")) for code, word in words.items()],
    }
