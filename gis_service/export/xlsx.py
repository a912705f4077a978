"""Tables of figures as a workbook: one sheet a table, with its title, total and notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.files import neutral

if TYPE_CHECKING:
    from gis_service.export.table import Table


def write_tables(tables: list[Table], path: Path, mark: Mark) -> None:
    """Write ``tables`` to an xlsx file, in Chinese, for printing on A4 across."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for table in tables:
        sheet = book.create_sheet(table.title[0].split("（")[0][:31])
        sheet.append([table.title[0]])
        sheet.append([table.of[0], *(zh for _, zh, _ in table.columns)])
        for row in table.rows:
            sheet.append([neutral(row.label), *row.values])
        sheet.append(["合计", *table.total])
        for zh, _ in table.notes:
            sheet.append([zh])
        sheet.append([mark.note()])
        width = len(table.columns) + 1
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)
        sheet["A1"].font = Font(bold=True, size=14)
        for cell in sheet[2]:
            cell.font = Font(bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", fgColor="1F4E79")
            cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        for cell in sheet[len(table.rows) + 3]:
            cell.font = Font(bold=True)
        sheet.column_dimensions["A"].width = 18
        for position in range(2, width + 1):
            sheet.column_dimensions[get_column_letter(position)].width = 13
        sheet.freeze_panes = "B3"
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    mark_book(book, mark)
    book.save(path)
