"""The rows of a large sheet, written as they stand in the file: several times as fast as cell by cell with openpyxl.

openpyxl lays the sheet out (title, headings, widths, print); what follows under that are rows of plain values. A text is
written as a text, whatever it looks like: never as a formula.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.worksheet import Worksheet

from gis_service.files import neutral

_TEXT_MAX = 32_767
"""Letters that a cell can hold."""
_DATES = (datetime, date, time, timedelta)
_WRAPPED = Alignment(vertical="top", wrap_text=True)
_BATCH = 1_000


def save(book: Workbook, rows: Collection[Sequence[Any]], path: Path, wrapped: Collection[int] = ()) -> None:
    """Save ``book`` with ``rows`` under what its first sheet holds; lines are broken in the columns ``wrapped`` (from 1)."""
    sheet = book.worksheets[0]
    first, width = sheet.max_row + 1, max(sheet.max_column, *map(len, rows), 1)
    cells = _Cells(sheet, width, wrapped)
    laid_out = io.BytesIO()
    book.save(laid_out)
    with ZipFile(laid_out) as made, ZipFile(path, "w", ZIP_DEFLATED) as whole:
        for part in made.infolist():
            content = made.read(part)
            if part.filename != "xl/worksheets/sheet1.xml":
                whole.writestr(part, content)
                continue
            last = f"{get_column_letter(width)}{first + len(rows) - 1}"
            content = re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="A1:{last}"'.encode(), content, count=1)
            before, end, after = content.partition(b"</sheetData>")
            with whole.open(part.filename, "w") as opened:
                opened.write(before)
                for batch in cells.lines(rows, first):
                    opened.write(batch.encode())
                opened.write(end + after)


class _Cells:
    """Values as cells of one sheet."""

    def __init__(self, sheet: Worksheet, width: int, wrapped: Collection[int]) -> None:
        self._letters = [get_column_letter(column) for column in range(1, width + 1)]
        self._wrap = [column in wrapped for column in range(1, width + 1)]
        self._styles: dict[tuple[type | None, bool], str] = {}
        # Before the book is saved: it holds the styles.
        samples: tuple[Any, ...] = (None, datetime(2000, 1, 1), date(2000, 1, 1), time(), timedelta())
        for sample in samples:
            for wrap in (False, True):
                cell = WriteOnlyCell(sheet, sample)
                if wrap:
                    cell.alignment = _WRAPPED
                kind = None if sample is None else type(sample)
                self._styles[kind, wrap] = f' s="{cell.style_id}"' if cell.style_id else ""

    def lines(self, rows: Iterable[Sequence[Any]], first: int) -> Iterator[str]:
        """Yield the rows as XML, some at a time; ``first`` is the number of the first."""
        batch = []
        for number, row in enumerate(rows, start=first):
            cells = [
                self._cell(value, f"{letter}{number}", wrap)
                for value, letter, wrap in zip(row, self._letters, self._wrap, strict=False)
                if value is not None
            ]
            batch.append(f'<row r="{number}">{"".join(cells)}</row>')
            if len(batch) == _BATCH:
                yield "".join(batch)
                batch.clear()
        yield "".join(batch)

    def _cell(self, value: Any, at: str, wrap: bool) -> str:
        if isinstance(value, str):
            text = escape(neutral(value)[:_TEXT_MAX])
            if not text:
                return ""
            blank = ' xml:space="preserve"' if text != text.strip() else ""
            return f'<c r="{at}"{self._styles[None, wrap]} t="inlineStr"><is><t{blank}>{text}</t></is></c>'
        if isinstance(value, bool | np.bool_):
            return f'<c r="{at}"{self._styles[None, wrap]} t="b"><v>{int(value)}</v></c>'
        if isinstance(value, _DATES):
            kind = next(kind for kind in _DATES if isinstance(value, kind))
            return f'<c r="{at}"{self._styles[kind, wrap]}><v>{_serial(value)}</v></c>'
        if not isinstance(value, int | float | Decimal | np.number):
            raise TypeError(f"no cell holds a {type(value).__name__}")
        if not math.isfinite(value):
            return ""
        return f'<c r="{at}"{self._styles[None, wrap]}><v>{value}</v></c>'


def _serial(moment: Any) -> float:
    """Return a day, an hour or a span as the number that stands for it in a sheet."""
    return to_excel(moment)  # type: ignore[no-any-return, no-untyped-call]
