"""A house on paper (一栋一册): its record, its plan, what was judged and done, in order of time; A4 as PDF."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER
from gis_service.db.day import simulated_day
from gis_service.db.queries import statement
from gis_service.export.mark import Mark
from gis_service.facts import house as facts
from gis_service.record.house import Dossier, deadlines_said, dossier
from gis_service.sheet.draw import Drawing, Ink
from gis_service.sheet.print import pdf

PLAN_MM = (84.0, 62.0)
_OWN = Ink(fill="#1f4e79", stroke="#0b2a47", width_mm=0.5)
_OTHER = Ink(fill="#e6e2d8", stroke="#8b8577", width_mm=0.15)
_ROAD = Ink(stroke="#b9b2a3", width_mm=1.2)


def around(connection: Connection, building_id: str) -> tuple[Any, Any]:
    """Return the outlines of a house, and of its neighbours, in the work CRS; none where it is not the asker's."""
    rows = _all(connection, "record.around_house", building_id)
    outlines = np.array([shapely.from_wkb(bytes(row["geom"])) for row in rows], dtype=object)
    own = np.array([row["own"] for row in rows], dtype=bool)
    return outlines[own], outlines[~own]


def plan(connection: Connection, building_id: str) -> str:
    """Return a plan of the house among its neighbours as SVG, about 60 m round it."""
    own, others = around(connection, building_id)
    west, south, east, north = shapely.total_bounds(own)
    drawing = Drawing.fit((west - 12, south - 12, east + 12, north + 12), *PLAN_MM)
    roads = [shapely.from_wkb(bytes(row["geom"])) for row in _all(connection, "record.roads_near_house", building_id)]
    drawing.draw(np.array(roads, dtype=object), _ROAD)
    drawing.draw(others, _OTHER)
    drawing.draw(own, _OWN)
    svg, _ = drawing.svg()
    return svg


def read_sheet_data(connection: Connection, building_id: str, day: date, mark: Mark) -> dict[str, Any]:
    """Return what the sheet of a house shows of what the asker may see.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's to see.

    """
    made = dossier(connection, building_id, day)
    return values(made, plan(connection, building_id), mark)


def values(made: Dossier, svg: str, mark: Mark) -> dict[str, Any]:
    """Return what the template says of a dossier."""
    row = made.row
    fixed = simulated_day()
    return {
        "maps": {"plan": svg},
        "title": row["name"] or row["address"] or row["building_id"],
        "deadlines": deadlines_said(made, "zh"),
        "row": row,
        "tier": HAZARD_TIER[row["hazard_tier"]],
        "grade": APPRAISAL_GRADE[row["appraisal_grade"]],
        "verdict": made.verdict,
        "groups": made.groups,
        "reasons": made.reasons,
        "fire": fire_lines(made, zh=True),
        "events": made.events,
        "sources": made.sources,
        "simulated_day": None if fixed is None else str(fixed),
        "made_at": f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
        "account": mark.account,
    }


def fire_lines(made: Dossier, *, zh: bool) -> list[tuple[str, str]]:
    """Return how a hose comes to the house, and the alleys beside it: label and value."""
    if made.reach is None:
        return []
    reach = made.reach
    lines = [
        (facts.REACH[name].label(zh=zh), facts.said(reach, name, zh=zh))
        for name in ("cluster", "hose_m", "depth", "nearest_gap_m")
    ]
    names = {"handshake": "手牵手", "sky_line": "一线天", "narrow": "消防车不可通行", "touching": "贴面"}
    alleys = [
        f"{names.get(a['class'], a['class']) if zh else a['class']} #{a['alley_id']}：{a['mean_width_m']:.1f} m × {a['length_m']:.0f} m"
        for a in made.alleys
    ]
    if alleys:
        lines.append(("旁边的巷道" if zh else "alleys beside it", ("；" if zh else "; ").join(alleys)))
    return [(label, value) for label, value in lines if value]


def print_house(values_: dict[str, Any]) -> bytes:
    """Return the PDF of what ``read_sheet_data`` found; needs no database."""
    return pdf("house.html", **values_)


def _all(connection: Connection, name: str, building_id: str) -> list[dict[str, Any]]:
    return [dict(r) for r in connection.execute(text(statement(name)), {"building_id": building_id}).mappings()]
