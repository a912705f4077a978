"""The page of an inspection plan: territories and days on a map, teams by days in a table, stops to move."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection

from gis_service.codelists import HAZARD_TIER
from gis_service.db.engine import work_srid
from gis_service.errors import NotFoundError
from gis_service.facts import house
from gis_service.facts.symbols import TIER_MARK, team_color
from gis_service.inspection.calendar import works
from gis_service.inspection.model import URGENCY, seconds
from gis_service.inspection.stored import edit
from gis_service.inspection.stored.export import URGENCY_NOTE, figures_of, told, with_days_of
from gis_service.inspection.stored.read import STATES, Stored, read_plan
from gis_service.selection.reasons import phrases
from web_map.frame import Page
from web_map.layers import FeatureLayer
from web_map.layers.features import feature, leaflet_shapes, to_degrees
from web_map.layers.palette import fill
from web_map.parts import attribution, boundaries_of, county_of, drawn, extent_of, ground_layers, read, with_ground

_DAYS_MAX = 90
_HULL_M = 12.0
STATES_EN = {"making": "being made", "failed": "failed", "draft": "draft", "published": "published"}


def plan_page(
    connection: Connection, plan_id: int, version: int | None, team: str | None, *, offline: bool, lang: str = "zh",
    may_plan: bool = False,
) -> Page:  # fmt: skip
    """Return the page of a version of a plan; of one team where one is named.

    Raises
    ------
    NotFoundError
        There is no such plan or team, or no stop of it is the asker's to see.

    """
    zh = lang == "zh"
    stored = with_days_of(connection, read_plan(connection, plan_id, version))
    teams = [stored.team(team)] if team else stored.teams
    srid = work_srid()
    rows = told(connection, plan_id, stored.head["version"], team)
    if team and not rows:
        raise NotFoundError(f"“{team}”没有您可以查看的房屋。", f"Team {team!r} has no stops that are yours to see.")
    boundaries = boundaries_of(connection, srid)
    county = county_of(connection)
    middles = to_degrees(
        shapely.point_on_surface(shapely.from_wkb([bytes(row["geom"]) for row in rows])), srid
    ) if rows else np.empty(0, object)  # fmt: skip
    positions = {t.name: k for k, t in enumerate(stored.teams, start=1)}
    hulls = _territories(stored, [t.name for t in teams])
    territories = [
        feature(shape, {"team": t.name, "label": f"{positions[t.name]} {t.name}"}, key=f"team-{positions[t.name]}")
        for t, shape in zip(teams, leaflet_shapes(to_degrees(np.array(hulls, dtype=object), srid)), strict=True)
        if shape.c is not None
    ]
    styles = {t.name: fill(team_color(positions[t.name]), 0.12, 2) for t in teams}
    keys = [
        {
            "name": f"{positions[t.name]} {t.name}",
            "style": fill(team_color(positions[t.name]), 1),
            "mark": str(positions[t.name]),
        }
        for t in teams
    ]
    layers = [
        *ground_layers(connection, boundaries, srid, lang=lang, tiled=None if offline else with_ground()),
        FeatureLayer(
            "各组范围" if zh else "Territories",
            territories,
            {"by": "team", "values": styles, "fallback": fill("#5a6675", 0.1)},
            keys,
            identifier="territories",
            lang=lang,
        ),
    ]
    config: dict[str, Any] = {
        "attribution": attribution(county, zh=zh),
        "plan": _data(connection, stored, teams, rows, middles, zh=zh, offline=offline, may_plan=may_plan),
    }
    if offline:
        config["places"] = [
            {"label": f"{row['seq']} {house.title(row)} {row['building_id']}", "c": [round(p.y, 6), round(p.x, 6)], "zoom": 18}
            for row, p in zip(rows, middles, strict=True)
        ]  # fmt: skip
    else:
        config["search"] = f"/api/search?lang={lang}&q="
    return Page(
        title=stored.head["name"] + (f" · {team}" if team else ""),
        subtitle=_subtitle(stored, county, zh=zh),
        bounds=_bounds(middles) or extent_of(connection),
        config=config,
        layers=drawn(layers),
        bundle="plan",
        notes=_notes(stored, zh=zh),
        simulated=any(row["simulated"] for row in rows),
        lang=lang,
        links=[] if offline else [("English" if zh else "中文", "?lang=en" if zh else "?lang=zh")],
        styles=("plan.css",),
        current="/plans",
    )


def _territories(stored: Stored, teams: list[str]) -> list[Any]:
    """Return the ground of each team, in the work CRS: what is nearer to its houses than to others', within its hull."""
    seats = list(stored.seats.values())
    owner = np.array([s.visit.team for s in seats])
    xy = np.array([(s.visit.stop.x, s.visit.stop.y) for s in seats]).reshape(-1, 2)
    # Houses in one spot would have no cell of their own.
    _, first = np.unique(np.round(xy, 1), axis=0, return_index=True)
    cells = np.full(len(xy), None, dtype=object)
    if len(first) > 2:
        frame = shapely.buffer(shapely.envelope(shapely.multipoints(xy)), _HULL_M)
        cells[first] = shapely.get_parts(
            shapely.voronoi_polygons(shapely.multipoints(xy[first]), extend_to=frame, ordered=True)
        )
    out = []
    for team in teams:
        mine = owner == team
        if not mine.any():
            out.append(shapely.Polygon())
            continue
        hull = shapely.buffer(shapely.convex_hull(shapely.multipoints(xy[mine])), _HULL_M, quad_segs=4)
        known = [c for c in cells[mine] if c is not None]
        shape = shapely.intersection(shapely.union_all(known), hull) if known else hull
        out.append(shape if shape.geom_type in {"Polygon", "MultiPolygon"} else hull)
    return out


def _bounds(middles: Any) -> tuple[float, float, float, float] | None:
    if not len(middles):
        return None
    west, south, east, north = (float(v) for v in shapely.total_bounds(middles))
    pad = max(0.002, 0.04 * max(east - west, north - south))
    return south - pad, west - pad, north + pad, east + pad


def _subtitle(stored: Stored, county: Any, *, zh: bool) -> str:
    head, name = stored.head, county["name"] if county else ""
    at = head["changed_at"].astimezone()
    if zh:
        return (
            f"{name} 第 {head['plan_id']} 号计划 · 第 {head['version']} 版（{STATES[head['state']]}）· {at:%m-%d %H:%M}"
        )
    return f"{name} plan {head['plan_id']} · version {head['version']} ({STATES_EN[head['state']]}) · {at:%m-%d %H:%M}"


def _notes(stored: Stored, *, zh: bool) -> list[str]:
    c = stored.conditions
    notes = []
    if zh:
        notes.append(
            f"每组每日至多 {c.per_day} 栋，每栋 {c.minutes} 分钟，班次 {c.shift}"
            + (f"，午休 {c.lunch}" if c.lunch else "")
            + "。"
        )
        notes.append("行车、步行时间" + ("按道路计算。" if c.roads else "按直线乘绕行系数计算。"))
        notes.append(URGENCY_NOTE)
    else:
        notes.append(
            f"At most {c.per_day} stops a team and day, {c.minutes} min each, shift {c.shift}, lunch {c.lunch or 'none'}."
        )
        notes.append("The order of urgency is this system's order of inspection; the notices' is of rectification.")
    notes.extend(
        f"{year} 年放假安排未知，只按星期计算。" if zh else f"Holidays of {year} are not known."
        for year in stored.head["summary"].get("unknown_years", [])
    )
    return notes


def days_of(stored: Stored) -> list[date]:
    """Return the days of a plan's table: those that are used, and working days from its start to a week after its end."""
    used = {s.visit.day for s in stored.seats.values()}
    if not used:
        return []
    last = max(used) + timedelta(7)
    if stored.conditions.deadline:
        last = max(*used, min(last, stored.conditions.deadline))
    day, days = min(stored.conditions.start, *used), set(used)
    while day <= last and len(days) < _DAYS_MAX:
        if works(day, stored.terms):
            days.add(day)
        day += timedelta(1)
    return sorted(days)


def _data(
    connection: Connection, stored: Stored, teams: list[Any], rows: list[dict[str, Any]], middles: Any, *, zh: bool,
    offline: bool, may_plan: bool,
) -> dict[str, Any]:  # fmt: skip
    head = stored.head
    positions = {t.name: k for k, t in enumerate(stored.teams, start=1)}
    srid = work_srid()
    placed = [t for t in teams if t.start is not None]
    starts: Any = to_degrees(np.array([shapely.Point(t.start) for t in placed], dtype=object), srid) if placed else []
    homes = {t.name: [round(point.y, 6), round(point.x, 6)] for t, point in zip(placed, starts, strict=True)}
    versions = read(connection, "plans.versions", plan_id=head["plan_id"]) if not offline else []
    return {
        "id": head["plan_id"], "version": head["version"], "revision": head["revision"], "state": head["state"],
        "newest": head["newest"], "may": may_plan and not offline and head["version"] == head["newest"], "offline": offline,
        "per_day": stored.conditions.per_day, "closes_s": seconds(stored.terms.shift[1]),
        "start": stored.conditions.start.isoformat(),
        "teams": [
            {
                "name": t.name, "n": positions[t.name], "color": team_color(positions[t.name]), "home": homes.get(t.name),
                "members": t.members, "per_day": t.per_day or stored.conditions.per_day,
            }
            for t in teams
        ],
        "days": [d.isoformat() for d in days_of(stored)],
        "off": [[t.name, d.isoformat()] for t in teams for d in days_of(stored) if not t.is_there(d) or not works(d, stored.terms)],
        "cells": edit.days_of(stored, [k for k in stored.rounds if k[0] in {t.name for t in teams}]),
        "stops": [_stop(row, p, zh=zh, offline=offline) for row, p in zip(rows, middles, strict=True)],
        "tiers": {"1": TIER_MARK["severe"], "2": TIER_MARK["some"], "3": "营" if zh else "op"},
        "urgency": URGENCY, "broken": [b.as_dict() for b in _faults(stored, teams)],
        "whole": stored.whole,
        "figures": figures_of(stored, zh=zh) if stored.seats else [],
        "kept": head["summary"].get("kept") if stored.whole else None,
        "unplanned": read(connection, "plans.unplanned", plan_id=head["plan_id"], version=head["version"], limit=500),
        "refusal": head["refusal"],
        "versions": [
            {
                "version": v["version"], "state": v["state"], "origin": v["origin"], "by": v["made_by"],
                "at": v["made_at"].astimezone().strftime("%m-%d %H:%M"), "in_force": v["in_force"], "refusal": v["refusal"],
                "kept": v["summary"].get("kept"),
            }
            for v in versions
        ],
    }  # fmt: skip


def _faults(stored: Stored, teams: list[Any]) -> list[Any]:
    """Return what does not hold of the plan; on a team's own map what is of that team."""
    if not stored.seats or not stored.whole:
        return []
    found = stored.broken()
    if len(teams) < len(stored.teams):
        found = [b for b in found if any(f"/{t.name}/" in f"{b.key}/" for t in teams)]
    return found[:200]


def _stop(row: dict[str, Any], point: Any, *, zh: bool, offline: bool) -> dict[str, Any]:
    made = {
        "id": row["building_id"], "c": [round(point.y, 6), round(point.x, 6)], "team": row["team"],
        "day": row["day"].isoformat(), "seq": row["seq"], "u": row["urgency"], "arrive": f"{row['arrive']:%H:%M}",
        "leave": f"{row['leave']:%H:%M}", "pin": [row["pin_team"], row["pin_day"]], "done": row["done"],
        "title": house.title(row), "min": row["minutes"], "place": row["village"] or row["township"] or "",
    }  # fmt: skip
    if row["due"]:
        made["due"] = row["due"].isoformat()
    if offline:
        lang = "zh" if zh else "en"
        made["why"] = phrases(row["reasons"], lang)
        made["rows"] = house.facts(row, zh=zh, columns=house.HOUSE)["rows"]
        made["tier"] = HAZARD_TIER[row["hazard_tier"]] if zh else row["hazard_tier"]
    return made
