"""Sheets as offices lay them out: title merged over the table, the day at the right, boxes, A4 across with its head repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from gis_service.files import neutral

_THIN = Side(style="thin")
_BOX = Border(_THIN, _THIN, _THIN, _THIN)
_HEAD_ROW = 3


@dataclass(frozen=True)
class Sheet:
    """A table to be printed: its title, the day it is of, headings, rows of texts and numbers, and what stands under it."""

    title: str
    until: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str | int | None]]
    notes: Sequence[str] = ()


def fill(sheet: Worksheet, made: Sheet) -> None:
    """Write a table to an empty worksheet: title, day, headings in row 3, rows, notes."""
    width = len(made.headings)
    sheet.append([neutral(made.title)])
    sheet.append([made.until])
    sheet.append(list(made.headings))
    for row in made.rows:
        sheet.append([neutral(value) for value in row])
    for number in (1, 2):
        sheet.merge_cells(start_row=number, start_column=1, end_row=number, end_column=width)
    sheet["A1"].font = Font(name="宋体", bold=True, size=15)
    sheet["A1"].alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet["A2"].alignment = Alignment(horizontal="right")
    sheet.row_dimensions[1].height, sheet.row_dimensions[_HEAD_ROW].height = 30, 34
    last = _HEAD_ROW + len(made.rows)
    for number in range(_HEAD_ROW, last + 1):
        for column in range(1, width + 1):
            cell = sheet.cell(number, column)
            cell.border = _BOX
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            cell.font = Font(name="宋体", bold=number == _HEAD_ROW)
    for number, note in enumerate(made.notes, start=last + 1):
        sheet.cell(number, 1, neutral(note)).font = Font(size=9, color="444444")
    for column, heading in enumerate(made.headings, start=1):
        longest = max([len(heading) * 1.2, *(wide(str(row[column - 1] or "")) for row in made.rows)])
        sheet.column_dimensions[get_column_letter(column)].width = min(max(longest + 2, 7), 24)
    sheet.freeze_panes = f"C{_HEAD_ROW + 1}"
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    to_print(sheet, "landscape", last + len(made.notes))


def to_print(sheet: Worksheet, orientation: Literal["portrait", "landscape"], rows: int) -> None:
    """Set a worksheet for A4, as wide as the paper, its pages numbered."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = orientation, 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页"))
    sheet.print_area = f"A1:{get_column_letter(sheet.max_column)}{rows}"


def wide(said: Any) -> int:
    """Return how many narrow characters wide a text is: a Chinese one is two."""
    return sum(2 if ord(c) > 0x2E80 else 1 for c in str(said))
