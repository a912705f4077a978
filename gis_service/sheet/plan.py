"""Day sheets of a plan: one team and one day on A4, to work with in the field; PDF and xlsx."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import numpy as np
import segno
import shapely
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER, STRUCTURE, USE_CLASS
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.facts import house
from gis_service.facts.symbols import TIER_MARK, team_color
from gis_service.files import neutral
from gis_service.inspection.model import URGENCY, clock
from gis_service.inspection.stored.export import URGENCY_NOTE, told, with_days_of
from gis_service.inspection.stored.read import STATES, Stored, read_plan
from gis_service.selection.reasons import phrases
from gis_service.settings import get_settings
from gis_service.sheet.draw import Drawing, Ink, Label
from gis_service.sheet.print import pdf

SHEETS_MAX = 31
"""Sheets at once: a team for a month; each takes about a second."""
_MAP_MM = (182.0, 100.0)
_PART_MM = (89.5, 72.0)
_PARTS_MAX = 2
_MARK_MM = 4.2
"""Size of a number on the map: houses nearer to each other than that need a larger map."""
_ROAD = Ink(stroke="#b9b2a3", width_mm=0.5)
_OTHER = Ink(fill="#eceae4", stroke="#c8c4ba", width_mm=0.08)
_AROUND_M = 40.0
_WEEK = "一二三四五六日"
# What to look at, by why a house is on the list: the Ministry's technical points (2022), in words of our own.
_LOOK = {
    "hazard": "核对已判隐患：裂缝、倾斜、沉降有无发展，是否已停用、撤离、围护",
    "grade": "核对鉴定结论落实情况：C、D 级是否已处置",
    "floors": "层数、加层；底层大空间、砖柱",
    "people": "使用人数、疏散出口和楼梯",
    "alteration": "加层、拆墙、开洞、夹层等改扩建痕迹及受力构件",
    "key_use": "经营用途、人员聚集、消防设施、门窗护栏能否开启",
    "key_zone": "与重点场所相邻面：外墙、悬挑、女儿墙、广告牌",
    "area": "按重点区域要求逐项核对",
}
_ALWAYS = "墙、柱、梁、楼板裂缝和变形；地基沉降；用电用气；逃生通道"


def read_sheet_data(
    connection: Connection, plan_id: int, version: int | None, team: str | None, day: date | None, mark: Mark
) -> dict[str, Any]:
    """Return what the day sheets of a plan show: of a team and day, of a team, of a day, or of all.

    Raises
    ------
    NotFoundError
        There is no such plan, or it has no stop there that is the asker's to see.
    InputError
        That would be more than ``SHEETS_MAX`` sheets.

    """
    stored = with_days_of(connection, read_plan(connection, plan_id, version))
    rows = told(connection, plan_id, stored.head["version"], team, day)
    if not rows:
        raise NotFoundError("这个组这一天没有排查的房屋。", "There are no stops of that team on that day.")
    days: dict[tuple[str, date], list[dict[str, Any]]] = {}
    for row in rows:
        days.setdefault((row["team"], row["day"]), []).append(row)
    if len(days) > SHEETS_MAX:
        raise InputError(
            f"共 {len(days)} 张排查单，一次至多 {SHEETS_MAX} 张；请选一个组或一天。",
            f"That is {len(days)} sheets, at most {SHEETS_MAX} at once; choose a team or a day.",
        )
    positions = {t.name: k for k, t in enumerate(stored.teams, start=1)}
    made = [
        _sheet(connection, stored, key, some, positions[key[0]])
        for key, some in sorted(days.items(), key=lambda d: (positions[d[0][0]], d[0][1]))
    ]
    return {
        "name": stored.head["name"],
        "plan": f"第 {plan_id} 号计划第 {stored.head['version']} 版（{STATES[stored.head['state']]}）",
        "sheets": made,
        "simulated": any(row["simulated"] for row in rows),
        "note": URGENCY_NOTE,
        "public": bool(get_settings().public_url),
        "mark": mark,
    }


def _sheet(
    connection: Connection, stored: Stored, key: tuple[str, date], rows: Sequence[Mapping[str, Any]], position: int
) -> dict[str, Any]:
    team, day = key
    known, r = stored.team(team), stored.rounds.get(key)
    maps = _maps(connection, rows, position)
    work = None if r is None else r.minutes + round(r.travel_s / 60)
    return {
        "team": team, "number": position, "color": team_color(position), "members": known.members or "",
        "day": f"{day.year} 年 {day.month} 月 {day.day} 日（星期{_WEEK[day.weekday()]}）", "date": day,
        "stops": len(rows), "hours": stored.conditions.shift, "back": clock(r.ends_s) if r else "",
        "work": f"{work // 60} 小时 {work % 60} 分" if work is not None else "",
        "travel": f"{r.travel_m / 1000:.1f} 千米" if r else "", "maps": maps,
        "rows": [_line(row) for row in rows],
    }  # fmt: skip


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    rules = list(dict.fromkeys(str(reason["rule"]) for reason in row["reasons"] or []))
    facts = [
        USE_CLASS[row["use_class"]], f"{row['floors']} 层" if row["floors"] else "层数不详", STRUCTURE[row["structure"]],
        f"{row['people']} 人" if row["people"] else "",
    ]  # fmt: skip
    return {
        "seq": row["seq"], "id": row["building_id"], "title": house.title(row), "arrive": f"{row['arrive']:%H:%M}",
        "place": " ".join(p for p in (row["township"], row["village"]) if p), "address": row["address"] or "",
        "facts": "，".join(f for f in facts if f), "tier": HAZARD_TIER[row["hazard_tier"]],
        "sign": TIER_MARK.get(row["hazard_tier"], ""), "urgency": URGENCY[row["urgency"]],
        "due": f"{row['due'].month} 月 {row['due'].day} 日前" if row["due"] else "",
        "why": phrases(row["reasons"], "zh")[:3] or ["在所选范围内"],
        "look": [*[_LOOK[rule] for rule in rules if rule in _LOOK][:3], _ALWAYS],
        "done": row["done"], "qr": qr(row["building_id"]),
    }  # fmt: skip


def link_of(building_id: str) -> str:
    """Return what a QR code of a house holds: the address of its page, or its number where no address is known."""
    base = get_settings().public_url
    return f"{base.rstrip('/')}/house/{quote(building_id, safe='')}" if base else building_id


def qr(building_id: str) -> str:
    """Return the QR code of a house as SVG."""
    out = io.BytesIO()
    segno.make(link_of(building_id), error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, svgns=True)
    return out.getvalue().decode()


def _maps(connection: Connection, rows: Sequence[Mapping[str, Any]], position: int) -> list[tuple[str, int]]:
    """Draw a team's day to scale; what stands too close together for its numbers is drawn again, larger, below."""
    shapes = np.asarray(shapely.from_wkb([bytes(row["geom"]) for row in rows]), dtype=object)
    whole = Drawing.fit(_around(shapes), *_MAP_MM)
    frames: list[Drawing] = []
    for group in _crowds(whole, shapes):
        part = Drawing.fit(_around(shapes[group]), *_PART_MM)
        if part.scale * 2 <= whole.scale and len(frames) < _PARTS_MAX:
            frames.append(part)
    out = []
    for k, drawing in enumerate([whole, *frames]):
        _draw(connection, drawing, shapes, rows, position)
        if k == 0:
            for n, part in enumerate(frames, start=1):
                frame = shapely.box(*part.frame)
                drawing.draw([shapely.boundary(frame)], Ink(stroke="#b10dc9", width_mm=0.4))
                west, _, _, north = frame.bounds
                drawing.label([Label(west, north + 2.2 / drawing.mm, f"详图{n}", 2.6, "#7d0a8e", "bold", 10_000)])
        out.append((drawing.svg()[0], drawing.scale))
    return out


def _around(shapes: Any) -> tuple[float, float, float, float]:
    west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
    return west - _AROUND_M, south - _AROUND_M, east + _AROUND_M, north + _AROUND_M


def _crowds(drawing: Drawing, shapes: Any) -> list[list[int]]:
    """Return groups of houses whose numbers would cover one another on the map, the largest first."""
    at = drawing.paper(shapely.get_coordinates(shapely.point_on_surface(shapes)))
    left, groups = set(range(len(at))), []
    while left:
        group = {left.pop()}
        edge = set(group)
        while edge:
            k = edge.pop()
            near = {j for j in left if float(np.hypot(*(at[j] - at[k]))) < _MARK_MM}
            left -= near
            group |= near
            edge |= near
        if len(group) > 1:
            groups.append(sorted(group))
    return sorted(groups, key=lambda g: (-len(g), g))


def _draw(
    connection: Connection, drawing: Drawing, shapes: Any, rows: Sequence[Mapping[str, Any]], position: int
) -> None:
    """Draw houses with their numbers, the way between them, roads and other houses."""
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
    values = dict(zip(("west", "south", "east", "north"), map(float, drawing.frame), strict=True))
    for name, ink in (("sheet_roads", _ROAD), ("sheet_houses", _OTHER)):
        if name == "sheet_houses" and drawing.scale > 12_000:
            continue  # smaller than a printed dot
        found = connection.execute(text(statement(f"plans.{name}")), values).scalars().all()
        if found:
            drawing.draw(np.asarray(shapely.from_wkb([bytes(f) for f in found]), dtype=object), ink)
    color = team_color(position)
    drawing.draw(shapes, Ink(fill=color, stroke="#000000", width_mm=0.1))
    if len(middles) > 1:
        line = shapely.LineString(middles)
        drawing.draw([line], Ink(stroke=color, width_mm=0.35, dash="1.4 0.9"))
        drawing.arrows(line, Ink(stroke=color))
    for (x, y), row in zip(middles, rows, strict=True):
        hazard = row["hazard_tier"] in TIER_MARK
        drawing.mark(
            float(x), float(y), str(row["seq"]), fill=color, shape="square" if hazard else "round", size_mm=_MARK_MM
        )
    drawing.label(
        [
            Label(float(x), float(y), house.title(row), 1.9, "#000000", "normal", 10)
            for (x, y), row in zip(middles, rows, strict=True)
            if row["name"]
        ]
    )


def print_sheets(values: Mapping[str, Any]) -> bytes:
    """Return the PDF of what ``read_sheet_data`` found; takes seconds and needs no database."""
    maps: dict[str, str] = {}
    for k, sheet in enumerate(values["sheets"]):
        maps |= {f"map{k}-{n}": svg for n, (svg, _) in enumerate(sheet["maps"])}
        maps |= {f"qr{k}-{row['seq']}": row["qr"] for row in sheet["rows"]}
    return pdf(
        "plan.html", maps, **{"exported": values["mark"].note(), **{k: v for k, v in values.items() if k != "mark"}}
    )


_THIN = Side(style="thin", color="666666")
_BOX = Border(_THIN, _THIN, _THIN, _THIN)
_COLUMNS = (
    ("序", 5), ("到达", 7), ("房屋编号", 18), ("名称", 14), ("地址", 18), ("隐患", 7), ("基本情况", 16), ("为什么去", 30),
    ("看什么", 34), ("现场情况", 24), ("判断", 9), ("户主签字", 11),
)  # fmt: skip


def workbook(values: Mapping[str, Any]) -> bytes:
    """Return the day sheets as a workbook, one sheet a team and day, to be filled in and printed."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for one in values["sheets"]:
        sheet = book.create_sheet(
            f"{one['number']}-{one['team']}-{one['date']:%m%d}"[:31].translate(str.maketrans("[]:*?/\\", "_______"))
        )
        sheet.append(
            [
                neutral(
                    f"{one['team']} {one['day']} 排查单（{one['stops']} 栋）{'　模拟数据' if values['simulated'] else ''}"
                )
            ]
        )
        sheet.append(
            [
                neutral(
                    f"{values['name']} {values['plan']}　成员：{one['members'] or '＿＿＿＿＿＿'}　{one['hours']}　预计 {one['back']} 返回　路程 {one['travel']}"
                )
            ]
        )
        sheet.append([name for name, _ in _COLUMNS])
        for row in one["rows"]:
            sheet.append(
                [
                    row["seq"], row["arrive"], neutral(row["id"]), neutral(row["title"]), neutral(f"{row['place']} {row['address']}"),
                    row["tier"], row["facts"], neutral("；".join(row["why"])), "；".join(row["look"]), None, None, None,
                ]
            )  # fmt: skip
        for line in (1, 2):
            sheet.merge_cells(start_row=line, start_column=1, end_row=line, end_column=len(_COLUMNS))
        sheet["A1"].font = Font(bold=True, size=14)
        for k, (_, width) in enumerate(_COLUMNS, start=1):
            sheet.column_dimensions[sheet.cell(3, k).column_letter].width = width
        for cells in sheet.iter_rows(min_row=3):
            for cell in cells:
                cell.border = _BOX
                cell.alignment = Alignment(wrap_text=True, vertical="top")
        for cell in sheet[3]:
            cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E9E9E9")
        sheet.append([])
        sheet.append([values["note"]])
        sheet.freeze_panes, sheet.print_title_rows = "A4", "1:3"
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    mark_book(book, values["mark"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
