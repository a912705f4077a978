"""Write a sheet to fill in: headings with notes, drop-downs, cells as text; and one that comes back with its faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from gis_service.export.mark import Mark
from gis_service.export.rows import mark_book
from gis_service.files import neutral, replacing
from gis_service.forms.columns import NAMES, Column, Name

ROWS_MAX = 5_000
"""Rows of a sheet: a township's month. The drop-downs reach so far."""
FAULT = "不能导入的原因"
_HEAD = PatternFill("solid", fgColor="1F4E79")
_NEEDED = PatternFill("solid", fgColor="A11D1D")
_WHITE = Font(color="FFFFFF", bold=True)
_LISTS = "选项"


def write_form(
    name: Name, columns: Sequence[Column], rows: Sequence[Sequence[Any]], path: Path, mark: Mark,
    faults: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Write a sheet.

    Parameters
    ----------
    rows
        Cells that stand already, in the columns' order.
    faults
        Of each row why it cannot be used, empty where it can; they stand in a last column.

    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    sheet.title = NAMES[name]
    lists = book.create_sheet(_LISTS)
    # A list in a formula breaks the file from 255 characters on: the words stand in a sheet of their own, hidden.
    lists.sheet_state = "hidden"
    for n, column in enumerate(columns, start=1):
        letter = get_column_letter(n)
        head = sheet.cell(1, n, column.heading)
        head.fill, head.font = (_NEEDED if column.needed else _HEAD), _WHITE
        head.comment = Comment(f"{'必填。' if column.needed else ''}{column.note}", "gis-service")
        sheet.column_dimensions[letter].width = 24 if column.name in {"building_id", "step", "reason"} else 16
        if column.kind in {"line", "text"} and not column.choices:
            # A number of a house keeps its zeros.
            sheet.column_dimensions[letter].number_format = "@"
        if column.choices:
            _drop_down(sheet, lists, column, letter, n)
    for number, row in enumerate(rows, start=2):
        for n, value in enumerate(row, start=1):
            cell = sheet.cell(number, n, neutral(value))
            if isinstance(value, str):
                cell.number_format = "@"
    if faults is not None:
        at = len(columns) + 1
        head = sheet.cell(1, at, FAULT)
        head.fill, head.font = _NEEDED, _WHITE
        sheet.column_dimensions[get_column_letter(at)].width = 60
        for number, fault in enumerate(faults, start=2):
            sheet.cell(number, at, fault or None)
    sheet.freeze_panes = "A2"
    mark_book(book, mark)
    with replacing(path) as partial:
        book.save(partial)


def _drop_down(sheet: Any, lists: Any, column: Column, letter: str, n: int) -> None:
    for k, word in enumerate(column.choices.values(), start=1):
        lists.cell(k, n, word)
    rule = DataValidation(
        "list", formula1=f"={_LISTS}!${letter}$1:${letter}${len(column.choices)}", allow_blank=True,
        # Several words in one cell are no entry of the list.
        showErrorMessage=not column.many,
    )  # fmt: skip
    rule.errorTitle, rule.error = column.heading, "请从列表中选择"
    rule.add(f"{letter}2:{letter}{ROWS_MAX + 1}")
    sheet.add_data_validation(rule)
