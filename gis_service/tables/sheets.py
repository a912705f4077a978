"""Every table that the county prints, by name: made for a day, shown on its page, written as xlsx and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import InputError
from gis_service.export.annex import CONCLUSION, JUDGED, TIERS, write_annex
from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.export.sheets import Sheet, fill, wide
from gis_service.export.table import Table
from gis_service.files import replacing
from gis_service.paper import pdf as paper_pdf
from gis_service.paper.blocks import Block, Cell, Document, NewPaper, Text
from gis_service.paper.blocks import Table as PaperTable
from gis_service.record import tables as annexes
from gis_service.tables.statistics import statistics
from gis_service.tables.steps import STEPS, progress

Name = Literal["annex1", "annex2", "statistics", "steps"]
NAMES: dict[str, tuple[str, str]] = {
    "annex1": ("附件1 技术初步判定信息统计表", "Annex 1: preliminary judgements by unit"),
    "annex2": ("附件2 行业主管部门信息分布表", "Annex 2: preliminary judgements by department"),
    "statistics": ("分类统计表", "Statistics"),
    "steps": ("六步工作法进展表", "Progress of the six steps"),
}
FORMATS = ("xlsx", "pdf")
_ACROSS_MM = 225.0


@dataclass(frozen=True)
class Made:
    """A named table of a day: its sheets in Chinese as they are printed, and for a page the tables of counts."""

    name: str
    title: str
    day: date
    sheets: Sequence[Sheet]
    counts: Sequence[Table] = ()
    annex: annexes.Annex | None = None


def make(connection: Connection, name: Name, day: date, *, operating: bool) -> Made:
    """Return a table as it stood at the end of a day, of the houses that the asker may see.

    ``operating`` is for statistics; the annexes and the steps are of operating houses by their own rules.
    """
    until = f"截至{day.year}年{day.month}月{day.day}日"
    county = connection.execute(text(statement("maps.county"))).mappings().first()
    own = county["name"] if county else "全县"
    simulated = bool(connection.execute(text(statement("maps.headline"))).mappings().one()["simulated"])
    mark = ["模拟数据。"] if simulated else []
    if name in {"annex1", "annex2"}:
        made = annexes.annex(connection, "annex1" if name == "annex1" else "annex2", day)
        headings = ["序号", made.of, JUDGED, *TIERS, "备注"]
        sheet = Sheet(made.title, until, headings, annexes.annex_lines(made), annexes.annex_notes(made))
        return Made(name, made.title, day, [sheet], annex=made)
    if name == "steps":
        return Made(name, f"{own}自建房排查“六步工作法”进展表", day, [_steps(connection, own, day, until, mark)])
    of = "经营性自建房" if operating else "全部自建房"
    tables = statistics(connection, day, operating=operating)
    title = f"{own}{of}分类统计表"
    return Made(name, title, day, [_sheet(table, own, of, until, mark) for table in tables], tables)


def _sheet(table: Table, county: str, of: str, until: str, mark: list[str]) -> Sheet:
    rows: list[list[str | int | None]] = [[None, county, *table.total]]
    rows += [[n, row.label, *row.values] for n, row in enumerate(table.rows, start=1)]
    headings = ["序号", "填报单位", *(zh for _, zh, _ in table.columns)]
    return Sheet(
        f"{county}{of}{table.title[0]}统计表（单位：栋）",
        until,
        headings,
        rows,
        [*(zh for zh, _ in table.notes), *mark],
    )


def _steps(connection: Connection, county: str, day: date, until: str, mark: list[str]) -> Sheet:
    rows: list[list[str | int | None]] = []
    for n, unit in enumerate(progress(connection, day), start=1):
        cells = []
        for one in unit.steps.values():
            said = [str(one.done_on), one.proof or ""] if one.done_on else ["未报"]
            said += [f"档案 {one.share.done}/{one.share.total}"] if one.share is not None else []
            cells.append("；".join(said))
        rows.append([n, unit.name, *cells])
    notes = [
        "各步骤为单位填报的完成日期和证明材料；“档案”为系统按判定和管控记录统计的完成数和任务数（全面摸底：已初步判定的经营性自建房；初步风险管控：已管控或已整治的经营性隐患房屋）。"
    ]
    return Sheet(
        f"{county}自建房排查“六步工作法”进展表",
        until,
        ["序号", "填报单位", *(zh for zh, _ in STEPS.values())],
        rows,
        [*notes, *mark],
    )


def check_format(path: Path) -> None:
    """Refuse a file whose extension names no format of tables.

    Raises
    ------
    InputError
        With the formats there are.

    """
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise InputError(
            f"{path.name}：统计表请用 .xlsx 或 .pdf。", f"{path.name}: a table ends in .xlsx or .pdf."
        )  # fmt: skip


def write(made: Made, path: Path, mark: Mark) -> None:
    """Write a table; the file appears whole or not at all."""
    check_format(path)
    with replacing(path) as partial:
        if path.suffix.lower() == ".pdf":
            partial.write_bytes(printed(made, mark))
        elif made.annex is not None:
            a = made.annex
            write_annex(a.title, a.of, annexes.annex_lines(a), annexes.annex_notes(a), partial, mark)
        else:
            _write_book(made, partial, mark)


def _write_book(made: Made, path: Path, mark: Mark) -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    names = [table.title[0] for table in made.counts] or ["进展表"]
    for name, sheet in zip(names, made.sheets, strict=True):
        fill(book.create_sheet(name), sheet)
    book.properties.created = book.properties.modified = mark.at.astimezone(UTC).replace(tzinfo=None)
    mark_book(book, mark)
    book.save(path)


def printed(made: Made, mark: Mark | None = None) -> bytes:
    """Return a table as PDF, a page a sheet; without a mark it is to be stamped as it leaves."""
    return paper_pdf.write(_document(made, mark))


def _document(made: Made, mark: Mark | None) -> Document:
    blocks: list[Block] = []
    for n, sheet in enumerate(made.sheets):
        blocks += [NewPaper()] if n else []
        blocks += [Text(sheet.title, "caption"), Text(sheet.until, "note", "right"), _table(sheet)]
        blocks += [Text(note, "note") for note in (*sheet.notes, *([mark.note()] if mark else []))]
    return Document(
        title=made.title,
        blocks=blocks,
        made_on=str(made.day),
        author=mark.account if mark else "",
        landscape=True,
        numbered=False,
    )


def _table(sheet: Sheet) -> PaperTable:
    cells = [[Cell(heading, head=True) for heading in sheet.headings]]
    if sheet.headings[3:6] == list(TIERS):
        merged = [
            Cell("序号", down=2, head=True),
            Cell(sheet.headings[1], down=2, head=True),
            Cell(JUDGED, down=2, head=True),
        ]
        cells = [
            [*merged, Cell(CONCLUSION, across=3, head=True), Cell("备注", down=2, head=True)],
            [Cell(t, head=True) for t in TIERS],
        ]
    heads = len(cells)
    cells += [[Cell("" if value is None else str(value)) for value in row] for row in sheet.rows]
    # Each column by its longest word, within the text's width across.
    needs = [
        min(max(wide(heading) / 2, *(wide("" if row[k] is None else row[k]) for row in sheet.rows), 4), 20)
        for k, heading in enumerate(sheet.headings)
    ] if sheet.rows else [8] * len(sheet.headings)  # fmt: skip
    scale = _ACROSS_MM / sum(needs)
    return PaperTable(cells, [need * scale for need in needs], head_rows=heads)
