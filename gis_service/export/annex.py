"""The notice's annexes as a workbook of one sheet, in the layout of the notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.properties import PageSetupProperties

from gis_service.export.mark import Mark
from gis_service.files import neutral

JUDGED = "技术初步判定信息已排查数据"
CONCLUSION = "技术初步判定结论"
TIERS = (
    "存在严重安全隐患（需要管控并进行安全鉴定）",
    "存在一定安全隐患（需要安全鉴定）",
    "未发现安全隐患（基本安全）",
)
_THIN = Side(style="thin")
_WIDTHS = (7, 20, 16, 20, 20, 20, 16)


def write_annex(
    title: str, of: str, lines: Sequence[Sequence[Any]], notes: Sequence[str], path: Path, mark: Mark
) -> None:
    """Write an annex to an xlsx file for A4 across.

    Parameters
    ----------
    of
        Heading of the second column: 行政区划 or 行业主管部门.
    lines
        Number (None where a line has none), name, judged, severe, some, none found, remark.
    notes
        What stands under the table.

    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has a sheet
    sheet.title = "附件"
    sheet.append([title])
    sheet.append(["序号", of, JUDGED, CONCLUSION, None, None, "备注"])
    sheet.append([None, None, None, *TIERS, None])
    for line in lines:
        sheet.append([neutral(value) if isinstance(value, str) else value for value in line])
    for merged in ("A1:G1", "A2:A3", "B2:B3", "C2:C3", "D2:F2", "G2:G3"):
        sheet.merge_cells(merged)
    for at, row in enumerate(sheet.iter_rows(min_row=2, max_row=3 + len(lines), max_col=7), start=2):
        for cell in row:
            cell.border = Border(_THIN, _THIN, _THIN, _THIN)
            cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            cell.font = Font(bold=at < 4)
    sheet["A1"].font = Font(bold=True, size=15)
    sheet["A1"].alignment = Alignment(horizontal="center", vertical="center")
    for below, note in enumerate([*notes, mark.note()], start=4 + len(lines)):
        sheet.cell(below, 1, neutral(note)).font = Font(size=9, color="444444")
    sheet.row_dimensions[1].height, sheet.row_dimensions[3].height = 30, 46
    for letter, width in zip("ABCDEFG", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    book.properties.creator = book.properties.lastModifiedBy = mark.account
    book.properties.created = book.properties.modified = mark.at.astimezone(UTC).replace(tzinfo=None)
    book.save(path)
