"""A house's file (一栋一册) as a document that an office can write on: docx; what it says is the sheet's."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import shapely
from PIL import Image, ImageDraw
from sqlalchemy import Connection

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER
from gis_service.db.day import simulated_day
from gis_service.paper import docx
from gis_service.paper.blocks import Block, Cell, Document, Picture, Table, Text
from gis_service.record.business import Reason
from gis_service.record.house import Dossier, deadlines_said
from gis_service.sheet.house import around, fire_lines

_PIXELS = (1000, 700)
_WIDTH_MM = 95.0
_MARGIN_M = 12.0


def plan_png(connection: Connection, building_id: str) -> bytes:
    """Return the house among its neighbours as PNG; north is up, its width 12 m more than the house on each side."""
    own, others = around(connection, building_id)
    west, south, east, north = shapely.total_bounds(own) + np.array([-1, -1, 1, 1]) * _MARGIN_M
    scale = min(_PIXELS[0] / (east - west), _PIXELS[1] / (north - south))
    middle = ((west + east) / 2, (south + north) / 2)
    image = Image.new("RGB", _PIXELS, "white")
    drawing = ImageDraw.Draw(image)
    for outlines, fill, line in ((others, "#e6e2d8", "#8b8577"), (own, "#1f4e79", "#0b2a47")):
        for part in shapely.get_parts(outlines):
            ring = (shapely.get_coordinates(part.exterior) - middle) * [scale, -scale] + np.array(_PIXELS) / 2
            drawing.polygon([tuple(map(float, point)) for point in ring], fill=fill, outline=line, width=2)
    drawing.rectangle((0, 0, _PIXELS[0] - 1, _PIXELS[1] - 1), outline="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def document(made: Dossier, picture: bytes) -> Document:
    """Return the file of a house as a document, as of the day of its dossier."""
    row = made.row
    marks = ["内部资料"] + (["模拟数据"] if row["simulated"] else [])
    if simulated_day() is not None:
        marks.append(f"模拟日期 {made.verdict.day}")
    blocks: list[Block] = [
        Text("自建房一栋一册", "title"),
        Text(f"{row['name'] or row['address'] or row['building_id']}（{row['building_id']}）", "number"),
        Text(f"截至 {made.verdict.day}　{'　'.join(marks)}", "note", "center"),
        Text("一、判定和使用", "heading"),
        _pairs([
            ("填报单位", row["unit"] or row["unit_code"] or "—"),
            ("村（社区）", row["village"] or "—"),
            ("初步判定", HAZARD_TIER[row["hazard_tier"]]),
            ("鉴定等级", APPRAISAL_GRADE[row["appraisal_grade"]]),
            ("能否用作经营", "\n".join([made.verdict.said("zh"), *map(_reason, made.verdict.reasons)])),
        ]),
        Picture(picture, _WIDTH_MM, "位置图（上北下南）"),
        Text("二、房屋信息", "heading"),
    ]  # fmt: skip
    for group in made.groups:
        blocks += [Text(group["title"], "caption"), _pairs([(line["label"], line["value"]) for line in group["lines"]])]
    fire = fire_lines(made, zh=True)
    if fire:
        blocks += [Text("三、消防", "heading"), _pairs(fire)]
    blocks.append(Text("四、经过" if fire else "三、经过", "heading"))
    blocks.append(_events(made))
    deadlines = deadlines_said(made, "zh")
    if deadlines:
        blocks += [
            Text(f"期限：{day} {step}{'（已过）' if over else ''} {of}", "note") for day, step, of, over in deadlines
        ]
    blocks += [Text(f"来源：{source}", "note") for source in made.sources]
    return Document(f"{row['building_id']} 一栋一册", blocks, str(made.verdict.day))


def _reason(reason: Reason) -> str:
    return f"· {reason.zh}" + (f"〔{reason.clause}〕" if reason.clause else "")


def _pairs(lines: list[tuple[str, Any]]) -> Table:
    rows = [[Cell(label, head=True), Cell(str(value), align="left")] for label, value in lines]
    return Table(rows or [["—", "—"]], (40, 116), head_rows=0)


def _events(made: Dossier) -> Table:
    rows: list[list[Cell | str]] = [["日期", "事项", "说明"]]
    for event in made.events:
        title = event.title + (f"（第 {event.number} 号）" if event.number else "")
        marks = f"［{'；'.join(event.marks)}］" if event.marks else ""
        said = "\n".join((*event.lines, marks)).strip()
        rows.append([event.when, Cell(title, align="left"), Cell(said, align="left")])
    if len(rows) == 1:
        rows.append([Cell("尚无记录", across=3)])
    return Table(rows, (26, 55, 75))


def print_dossier(made: Dossier, picture: bytes) -> bytes:
    """Return the docx; needs no database."""
    return docx.write(document(made, picture))
