"""A whole plan as a file: a workbook to work with, a GeoPackage for QGIS and QField, GeoJSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from pyproj import CRS
from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER, USE_CLASS
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.facts.symbols import team_color
from gis_service.files import neutral, replacing
from gis_service.inspection.geopackage import layers
from gis_service.inspection.geopackage import write as write_layers
from gis_service.inspection.model import URGENCY, Round, Stop
from gis_service.inspection.planner import Plan
from gis_service.inspection.stored.qfield import FORM_COLUMNS, add_styles
from gis_service.inspection.stored.read import STATES, Stored, read_plan, with_days
from gis_service.selection.reasons import phrases

_HEAD = PatternFill("solid", fgColor="1F4E79")
_WHITE = Font(bold=True, color="FFFFFF")
_THIN = Side(style="thin", color="9AA5B1")
_BOX = Border(_THIN, _THIN, _THIN, _THIN)
STOPS_MAX = 1_000_000
URGENCY_NOTE = "缓急顺序（严重、一定、经营性未判定、其他）为本系统的排查顺序；文件中的先急后缓是对整治的要求。"
COLUMNS = (
    ("组", 9), ("日期", 12), ("序", 5), ("到达", 7), ("离开", 7), ("房屋编号", 22), ("名称", 18), ("乡镇", 10), ("村（社区）", 12),
    ("地址", 22), ("缓急", 12), ("安全隐患", 10), ("用途", 12), ("列入原因", 60), ("期限", 12), ("用时（分）", 9),
    ("路程（米）", 9), ("指定", 7), ("已排查", 7), ("模拟数据", 9),
)  # fmt: skip


def told(
    connection: Connection, plan_id: int, version: int, team: str | None = None, day: date | None = None,
    limit: int = STOPS_MAX,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return stops as people are told of them, in order: columns of ``plans.told``, ``geom`` as WKB in the work SRID."""
    values = {"plan_id": plan_id, "version": version, "team": team, "day": day, "limit": limit}
    return [dict(row) for row in connection.execute(text(statement("plans.told")), values).mappings()]


def write_plan(connection: Connection, plan_id: int, version: int | None, path: Path, mark: Mark) -> int:
    """Write a version of a plan to ``path``; return how many stops it has.

    Raises
    ------
    InputError
        The extension names no format.
    NotFoundError
        There is no such plan.

    """
    writer = {".xlsx": _write_xlsx, ".gpkg": _write_gpkg, ".geojson": _write_geojson}.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"不能写“{path.suffix or path.name}”；请用 .xlsx、.gpkg、.geojson。",
            f"Cannot write {path.suffix or path.name!r}; use .xlsx, .gpkg or .geojson.",
        )
    stored = read_plan(connection, plan_id, version)
    rows = told(connection, plan_id, stored.head["version"])
    left = _unplanned(connection, stored)
    writer(with_days_of(connection, stored), rows, left, path, mark)
    return len(rows)


def with_days_of(connection: Connection, stored: Stored) -> Stored:
    """Add each day's round: as stored where the asker reads it, else counted from the stops that the asker sees."""
    may = connection.execute(text("SELECT has_table_privilege('gis.plan_day', 'SELECT')")).scalar_one()
    if may:
        return with_days(connection, stored)
    stored.whole = False
    for seat in stored.seats.values():
        v = seat.visit
        key = v.team, v.day
        old = stored.rounds.get(key) or Round(v.team, v.day, 0, 0, 0, 0.0, (), 0)
        stored.rounds[key] = Round(
            v.team, v.day, old.stops + 1, old.minutes + v.stop.minutes, 0, old.travel_m + v.travel_m, (),
            max(old.ends_s, v.leave_s),
        )  # fmt: skip
    return stored


def _unplanned(connection: Connection, stored: Stored) -> list[dict[str, Any]]:
    values = {"plan_id": stored.head["plan_id"], "version": stored.head["version"], "limit": STOPS_MAX}
    return [dict(row) for row in connection.execute(text(statement("plans.unplanned")), values).mappings()]


def title_of(stored: Stored) -> str:
    """Return what a plan is called on paper and in files."""
    head = stored.head
    return f"{head['name']}（第 {head['plan_id']} 号计划第 {head['version']} 版，{STATES[head['state']]}）"


def figures_of(stored: Stored, *, zh: bool = True) -> list[tuple[str, str]]:
    """Return the figures of a plan as label and value: what it is, and whether it is worth it.

    Who sees only the stops of a place is told of those.
    """
    f, worth = stored.figures(), stored.lift()
    said = [
        ("组数" if zh else "teams", f"{f['teams']}"),
        ("栋数" if zh else "stops", f"{f['stops']:,}"),
        ("天数" if zh else "days", f"{f['days']:,}"),
    ]
    if not stored.whole:
        return said
    least = f["lower_bound_team_days"]
    said += [
        (
            "组日" if zh else "team-days",
            f"{len(stored.rounds):,}" + (f"（不少于 {least:,}）" if zh else f" (at least {least:,})"),
        ),
        ("各组相差" if zh else "teams apart", f"{f['balance_stops']} {'栋' if zh else 'stops'}"),
        ("路程" if zh else "travel", f"{float(f['travel_m'] or 0) / 1000:,.1f} {'千米' if zh else 'km'}"),
        ("路上时间占比" if zh else "share of time on the way", f"{100 * float(f['travel_share'] or 0):.2f} %"),
        ("拆分的村" if zh else "villages split", f"{f['villages_split']}"),
        ("范围重叠的组对" if zh else "pairs of teams that overlap", f"{100 * float(f['overlap_share'] or 0):.2f} %"),
    ]
    label = "前四分之一发现的隐患" if zh else "hazards found in the first quarter"
    if worth is None:
        nothing = "尚无编排之后的判定，未能计算" if zh else "no judgement since it was made"
        return [*said, (label, nothing)]
    found = f"{100 * worth.lift:.2f} % ({100 * worth.low:.2f}–{100 * worth.high:.2f} %)"
    chance = f"{100 * worth.random:.2f} % ({100 * worth.random_low:.2f}–{100 * worth.random_high:.2f} %)"
    return [*said, (label, f"{found}；随机顺序 {chance}" if zh else f"{found}; in random order {chance}")]


def stop_cells(row: Mapping[str, Any]) -> list[Any]:
    """Return a stop as the cells of ``COLUMNS``."""
    held = (
        "组、日" if row["pin_team"] and row["pin_day"] else "组" if row["pin_team"] else "日" if row["pin_day"] else ""
    )
    return [
        row["team"], row["day"], row["seq"], f"{row['arrive']:%H:%M}", f"{row['leave']:%H:%M}", row["building_id"],
        row["name"], row["township"], row["village"], row["address"], URGENCY[row["urgency"]],
        HAZARD_TIER[row["hazard_tier"]], USE_CLASS[row["use_class"]], "；".join(phrases(row["reasons"], "zh")), row["due"],
        row["minutes"], round(row["travel_m"]), held, "是" if row["done"] else "", "模拟" if row["simulated"] else "",
    ]  # fmt: skip


def _write_xlsx(stored: Stored, rows: list[dict[str, Any]], left: list[Any], path: Path, mark: Mark) -> None:
    book = Workbook()
    first = book.active
    assert first is not None  # noqa: S101 - a new workbook has a sheet
    first.title = "汇总"
    _summary(first, stored, rows, mark)
    _calendar(book.create_sheet("各组各日"), stored)
    _table(book.create_sheet("明细"), [stop_cells(row) for row in rows], COLUMNS)
    if left:
        _table(
            book.create_sheet("未排入"), [[u["building_id"], u["name"], u["reason"]] for u in left],
            (("房屋编号", 22), ("名称", 20), ("原因", 60)),
        )  # fmt: skip
    mark_book(book, mark)
    with replacing(path) as partial:
        book.save(partial)


def _summary(sheet: Any, stored: Stored, rows: Sequence[Mapping[str, Any]], mark: Mark) -> None:
    lines: list[tuple[str, str]] = [("计划", title_of(stored)), *figures_of(stored)]
    c = stored.conditions
    lines += [
        ("期间", f"{c.start} 起" + (f"，{c.deadline} 止" if c.deadline else "")),
        ("班次", f"{c.shift}" + (f"，午休 {c.lunch}" if c.lunch else "")),
        ("每组每日", f"至多 {c.per_day} 栋，每栋 {c.minutes} 分钟"),
    ]
    if any(row["simulated"] for row in rows):
        lines.append(("数据", "模拟数据"))
    for fault in stored.broken()[:50] if stored.whole else []:
        lines.append(("未守住" if fault.hard else "让步", fault.zh))
    lines += [("说明", URGENCY_NOTE), ("导出", mark.note())]
    for label, value in lines:
        sheet.append([label, neutral(value)])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True)
        sheet.cell(sheet.max_row, 2).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 22
    sheet.column_dimensions["B"].width = 90
    _page(sheet, "portrait")


def _calendar(sheet: Any, stored: Stored) -> None:
    """Write teams by days: stops, and hours in all below them."""
    days = sorted({day for _, day in stored.rounds})
    sheet.append(["组", *days, "合计"])
    for k, team in enumerate(stored.teams, start=1):
        mine = [stored.rounds.get((team.name, day)) for day in days]
        sheet.append([neutral(team.name), *(r.stops if r else None for r in mine), sum(r.stops for r in mine if r)])
        cell = sheet.cell(sheet.max_row, 1)
        cell.fill, cell.font = PatternFill("solid", fgColor=team_color(k)[1:]), _WHITE
    total = [sum(r.stops for (_, d), r in stored.rounds.items() if d == day) for day in days]
    sheet.append(["合计", *total, sum(total)])
    for row in sheet.iter_rows():
        for cell in row:
            cell.border = _BOX
    for cell in sheet[1]:
        cell.fill, cell.font = _HEAD, _WHITE
        cell.number_format = "m/d"
        cell.alignment = Alignment(horizontal="center")
    sheet.column_dimensions["A"].width = 12
    for k in range(2, len(days) + 3):
        sheet.column_dimensions[get_column_letter(k)].width = 6.5
    sheet.freeze_panes = "B2"
    _page(sheet, "landscape")


def _table(sheet: Any, rows: Sequence[Sequence[Any]], columns: Sequence[tuple[str, int]]) -> None:
    sheet.append([name for name, _ in columns])
    for row in rows:
        sheet.append([neutral(value) for value in row])
    for cell in sheet[1]:
        cell.fill, cell.font = _HEAD, _WHITE
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    for k, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(k)].width = width
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    _page(sheet, "landscape")


def _page(sheet: Any, orientation: str) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = orientation, 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def as_plan(stored: Stored, left: Sequence[Mapping[str, Any]]) -> Plan:
    """Return a stored version as a pure plan, with each day's points in order."""
    visits = stored.visits
    rounds = []
    for (team, day), r in sorted(stored.rounds.items(), key=lambda pair: pair[0]):
        places = [(v.stop.x, v.stop.y) for v in visits if v.team == team and v.day == day]
        if not places:
            continue
        home = stored.team(team).start or places[0]
        rounds.append(Round(team, day, r.stops, r.minutes, r.travel_s, r.travel_m, (home, *places, home), r.ends_s))
    unplanned = [(Stop(u["building_id"], 0, 0, 1), u["reason"]) for u in left]
    kept = stored.head["summary"].get("kept")
    return Plan(
        stored.teams, visits, rounds, unplanned, [(b.zh, b.en) for b in stored.broken()], stored.figures(), stored.lift(),
        tuple(kept) if kept else None,
    )  # fmt: skip


def _write_gpkg(stored: Stored, rows: list[dict[str, Any]], left: list[Any], path: Path, mark: Mark) -> None:
    crs = CRS.from_epsg(work_srid())
    parameters = dict(stored.head["parameters"]) | {"plan": stored.head["plan_id"], "version": stored.head["version"]}
    tables = layers(
        as_plan(stored, left), crs, seconds=float(stored.head["summary"].get("seconds", 0)), parameters=parameters
    )
    tables["stops"] = _for_the_field(tables["stops"], rows)
    tables["summary"]["exported_by"], tables["summary"]["exported_at"] = mark.account, mark.time
    with replacing(path) as partial:
        write_layers(tables, partial)
        add_styles(partial, [team.name for team in stored.teams])


def _for_the_field(stops: pd.DataFrame, rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Add the house, why it is on the list, and the columns that are filled in before it."""
    known = pd.DataFrame(
        {
            "stop_id": [row["building_id"] for row in rows],
            "done": [bool(row["done"]) for row in rows],
            "due": [row["due"].isoformat() if row["due"] else None for row in rows],
            "name": [row["name"] for row in rows],
            "address": [row["address"] for row in rows],
            "township": [row["township"] for row in rows],
            "village": [row["village"] for row in rows],
            "village_code": [row["village_code"] for row in rows],
            "hazard_tier": [row["hazard_tier"] for row in rows],
            "use_class": [row["use_class"] for row in rows],
            "floors": pd.array([row["floors"] for row in rows], dtype="Int32"),
            "reasons": ["；".join(phrases(row["reasons"], "zh")) for row in rows],
            "simulated": [bool(row["simulated"]) for row in rows],
        }
    )
    made = stops.merge(known, on="stop_id", how="left", validate="1:1")
    for name in ("due", "name", "address", "township", "village", "village_code", "hazard_tier", "use_class"):
        made[name] = made[name].astype(object)
    for name in FORM_COLUMNS:
        made[name] = pd.Series([None] * len(made), dtype=object)
    frame: pd.DataFrame = gpd.GeoDataFrame(made, geometry="geometry", crs=stops.crs)
    return frame


def _write_geojson(stored: Stored, rows: list[dict[str, Any]], left: list[Any], path: Path, mark: Mark) -> None:
    middles = shapely.point_on_surface(shapely.from_wkb([bytes(row["geom"]) for row in rows]))
    degrees = gpd.GeoSeries(middles, crs=work_srid()).to_crs(4326)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(point.x, 7), round(point.y, 7)]},
            "properties": _properties(row),
        }
        for row, point in zip(rows, degrees, strict=True)
    ]
    head = stored.head
    collection = {
        "type": "FeatureCollection", "name": title_of(stored), "plan_id": head["plan_id"], "version": head["version"],
        "state": head["state"], "figures": stored.figures(), "unplanned": left,
        "exported": {"account": mark.account, "at": mark.time}, "features": features,
    }  # fmt: skip
    with replacing(path) as partial:
        partial.write_text(json.dumps(collection, ensure_ascii=False, default=str), encoding="utf-8")


def _properties(row: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "building_id",
        "team",
        "seq",
        "minutes",
        "urgency",
        "pinned",
        "done",
        "name",
        "township",
        "village",
        "simulated",
    )
    return {name: row[name] for name in names} | {
        "day": row["day"].isoformat(), "arrive": f"{row['arrive']:%H:%M}", "leave": f"{row['leave']:%H:%M}",
        "travel_m": round(row["travel_m"], 2), "due": row["due"].isoformat() if row["due"] else None,
        "reasons": phrases(row["reasons"], "zh"),
    }  # fmt: skip
