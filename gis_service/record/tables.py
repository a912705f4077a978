"""The notice's annexes 1 and 2 as they stood at the end of a day, counted from judgements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.db.queries import statement

Name = Literal["annex1", "annex2"]


@dataclass(frozen=True)
class Line:
    """One line of an annex: ``number`` is None for the county's own."""

    number: int | None
    code: str | None
    name: str
    judged: int
    severe: int
    some: int
    none_found: int
    note: str = ""


@dataclass(frozen=True)
class Annex:
    """An annex of a day: its title, what the lines are of, the lines, and what stands under the table."""

    name: Name
    day: date
    title: str
    of: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    simulated: bool


def annex(connection: Connection, name: Name, day: date) -> Annex:
    """Return an annex as it stood at the end of ``day``, of the houses that the asker may see."""
    county = connection.execute(text(statement("maps.county"))).mappings().one_or_none()
    simulated = bool(connection.execute(text(statement("maps.headline"))).mappings().one()["simulated"])
    own = county["name"] if county else "本县"
    made = _annex1(connection, own, day) if name == "annex1" else _annex2(connection, day)
    title = {
        "annex1": f"{own}自建房安全专项整治技术初步判定信息统计表",
        "annex2": f"{own}自建房安全专项整治技术初步判定行业主管部门信息分布表",
    }[name]
    return Annex(name, day, title, {"annex1": "行政区划", "annex2": "行业主管部门"}[name], *made, simulated)


def _rows(connection: Connection, name: str, day: date) -> list[dict[str, Any]]:
    sql = statement(f"annexes.{name}").replace("{counted}", statement("annexes.counted"))
    return [dict(row) for row in connection.execute(text(sql), {"day": day}).mappings()]


def _line(row: dict[str, Any], number: int | None, name: str) -> Line:
    return Line(number, row["code"], name, row["judged"], row["severe"], row["some"], row["none_found"])


def _annex1(connection: Connection, county: str, day: date) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    rows = _rows(connection, "annex1", day)
    lines = [_line(row, None, county) for row in rows if row["whole"]]
    units = [row for row in rows if not row["whole"] and row["code"] is not None]
    lines += [_line(row, n, row["name"] or row["code"]) for n, row in enumerate(units, start=1)]
    notes = [
        f"另有 {row['judged']:,} 栋没有填报单位（严重 {row['severe']:,}、一定 {row['some']:,}、未发现 {row['none_found']:,}），已计入全县。"
        for row in rows
        if not row["whole"] and row["code"] is None
    ]
    return tuple(lines), tuple(notes)


def _annex2(connection: Connection, day: date) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    rows = _rows(connection, "annex2", day)
    listed = [row for row in rows if row["annex"] is not None]
    lines = tuple(_line(row, n, row["name"]) for n, row in enumerate(listed, start=1))
    notes = [
        f"未列入：{row['name'] if row['code'] else '未明确行业主管部门'} {row['judged']:,} 栋（严重 {row['severe']:,}、"
        f"一定 {row['some']:,}、未发现 {row['none_found']:,}）。"
        for row in rows
        if row["annex"] is None
    ]
    shared = next((row["shared"] for row in rows), 0)
    if shared:
        notes.append(f"{shared:,} 栋由几个部门共管，在各部门分别计数，各行之和因此与附件1不同。")
    return lines, tuple(notes)


def annex_lines(made: Annex) -> list[tuple[Any, ...]]:
    """Return the lines of an annex as the seven columns of its sheet."""
    return [(r.number, r.name, r.judged, r.severe, r.some, r.none_found, r.note or None) for r in made.lines]


def annex_notes(made: Annex) -> list[str]:
    """Return what stands under an annex: the day it is of, what is left out, and that the data are simulated."""
    mark = ["模拟数据。"] if made.simulated else []
    return [f"截至 {made.day}，经营性自建房（含住宅兼经营），按当日有效的初步判定。", *made.notes, *mark]
