"""A bulletin as a workbook: its text, its tables as offices lay them out, who is slow; nothing in it knows the clock."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from gis_service.bulletins.progress import STEPS
from gis_service.bulletins.snapshot import Bulletin
from gis_service.bulletins.text import PROPOSED, plain
from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.export.sheets import Sheet, fill, to_print, wide
from gis_service.files import neutral
from gis_service.paper.package import settled

_ACROSS = 8
"""Columns over which the text is merged."""


def workbook(made: Bulletin, mark: Mark) -> bytes:
    """Return a bulletin as xlsx; with the same mark it is the same file, and without it the same content."""
    book = Workbook()
    book.remove(book.worksheets[0])
    body = made.body
    _text(book.create_sheet("通报"), made)
    for table in body["tables"]:
        fill(
            book.create_sheet(table["title"].split("（")[0][:31]),
            _sheet(table["title"], table["headings"], table["rows"], made),
        )
    if body["slow"]:
        headings = ["序号", "填报单位", "事项", "完成率", "各单位中位数", "时间进度", "建议"]
        rows = [
            [str(n), s["name"], STEPS[s["step"]], s["share"], s["median"], s["line"], PROPOSED[s["proposed"]]]
            for n, s in enumerate(body["slow"], start=1)
        ]  # fmt: skip
        fill(book.create_sheet("进展较慢"), _sheet("进展较慢的单位", headings, rows, made))
    mark_book(book, mark)
    out = io.BytesIO()
    book.save(out)
    return settled(out.getvalue())


def _text(sheet: Worksheet, made: Bulletin) -> None:
    body = made.body
    lines = [(body["title"], "title"), *((mark, "mark") for mark in body["marks"]), (body["addressed"], "plain")]
    lines += [(plain(one["parts"]), one["style"]) for one in body["paragraphs"]]
    lines += [(body["signed"], "right"), (body["dated"], "right")]
    lines += [(said, "mark") for said in kept_said(made)]
    width = 11.0
    for number, (said, style) in enumerate(lines, start=1):
        indent = 0 if style in {"title", "mark", "plain", "right"} else 2
        cell = sheet.cell(number, 1, neutral("　" * indent + said))
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=_ACROSS)
        across = {"title": "center", "right": "right"}.get(style, "left")
        cell.alignment = Alignment(horizontal=across, vertical="top", wrap_text=True)
        bold = style in {"title", "heading"}
        cell.font = Font(name="宋体", bold=bold, size={"title": 16, "mark": 9}.get(style, 12))
        # A merged row does not grow by itself: about 43 characters a line.
        sheet.row_dimensions[number].height = (26 if style == "title" else 17) * -(-(wide(said) // 2 + indent) // 43)
    for column in range(1, _ACROSS + 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    to_print(sheet, "portrait", len(lines))


def kept_said(made: Bulletin) -> list[str]:
    """Return what is said of the snapshot at the foot of a file."""
    if made.snapshot_id is None:
        return []
    return [f"快照第 {made.snapshot_id} 号，SHA-256 {made.sha256}"]


def _sheet(title: str, headings: list[str], rows: list[list[Any]], made: Bulletin) -> Sheet:
    return Sheet(title, f"截至{made.body['dated']}", headings, [[_value(cell) for cell in row] for row in rows])


def _value(cell: Any) -> Any:
    """Return a number as a number; a row's own number too."""
    if isinstance(cell, dict):
        return cell.get("said", cell["n"])
    said = plain(cell)
    return int(said) if said.isdecimal() else said or None
