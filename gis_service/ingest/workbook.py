"""The rows of an Excel workbook (xlsx), as its sheets show them and no further than is safe."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from gis_service.errors import InputError
from gis_service.ingest.archive import check_bounds
from gis_service.ingest.markup import check_prolog

# A county's largest ledger (80,000 rows of 60 columns) unpacks to about 0.3 GB.
_UNPACKED_MAX = 1 * 1024**3
_CELLS_MAX = 60_000_000
# A number cell is a double: its digits beyond the fifteenth are not those that were typed (ECMA-376, 18.18.11).
_TRUE_DIGITS = 10**15
# Excel writes control characters as _x000D_; a literal underscore before such text is written _x005F_.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PADDED = re.compile(r"0{2,}")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell [^>]*?ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\"")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError, KeyError, IndexError, ValueError, OSError,
            NotImplementedError, RuntimeError, TypeError, AttributeError)  # fmt: skip


@dataclass
class Rows:
    """The rows of one sheet, from its first, and what was read otherwise than it stands."""

    name: str
    cells: list[list[Any]]
    merged: list[tuple[int, int, int]] = field(default_factory=list)
    """Cells merged downwards: column, first row and last row, from 0."""
    uncached: list[str] = field(default_factory=list)
    """Addresses of formulas without a value: whoever wrote the workbook did not compute it."""


def read_rows(path: Path, only: str | None) -> list[Rows]:
    """Return the rows of all sheets that have any, or of the one called ``only``.

    Numbers of sixteen digits and more are floats, whatever was typed: nobody may take them for exact.

    Raises
    ------
    InputError
        The file is damaged, unpacks to more than any ledger has, or has no such sheet.

    """
    with _opened(path) as book:
        names = [sheet.title for sheet in book.worksheets]
        if only is not None and only not in names:
            raise InputError(
                f"{path.name} 没有工作表“{only}”；有：{'、'.join(names)}。",
                f"{path.name} has no sheet {only!r}; it has {', '.join(names)}.",
            )
        chosen = [sheet for sheet in book.worksheets if only in (None, sheet.title)]
        rows = [_rows(path, sheet) for sheet in chosen]
    with_formulas = [r for r, sheet in zip(rows, chosen, strict=True) if _FORMULA.search(_xml(path, sheet))]
    if with_formulas:
        _find_uncached(path, with_formulas)
    return [r for r in rows if r.cells]


@contextmanager
def _opened(path: Path, *, values: bool = True) -> Iterator[Any]:
    import openpyxl  # only a workbook needs it

    _check(path)
    book = None
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=values, keep_links=False)
        yield book
    except _DAMAGED as error:  # the rows are read only when they are asked for
        raise _unreadable(path) from error
    finally:
        if book is not None:
            book.close()


def _unreadable(path: Path) -> InputError:
    return InputError(
        f"{path.name} 不是可读的 Excel 工作簿（xlsx），或已损坏；请在 Excel 中另存为 xlsx 或 csv。",
        f"{path.name} is no readable Excel workbook (xlsx), or is damaged; save it again as xlsx or csv.",
    )


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as opened:
            check_bounds(path, opened.infolist(), _UNPACKED_MAX)
            for entry in opened.infolist():
                if entry.filename.lower().endswith((".xml", ".rels")):
                    with opened.open(entry) as part:
                        check_prolog(part.read(65_536), path.name)
    except _DAMAGED as error:
        raise _unreadable(path) from error


def _rows(path: Path, sheet: Any) -> Rows:
    from openpyxl.cell.read_only import EMPTY_CELL

    # Some writers claim the dimension A1:XFD2 or none; what is in the rows counts.
    sheet.reset_dimensions()
    result = Rows(sheet.title, [])
    touched = 0
    for row in sheet.iter_rows():
        touched += len(row) + 1
        if touched > _CELLS_MAX:
            raise InputError(
                f"{path.name} 的工作表“{sheet.title}”铺开的单元格过多；请把表格复制到新工作簿再导入。",
                f"The sheet {sheet.title!r} of {path.name} spreads over too many cells; copy the table to a new workbook.",
            )
        # A sheet may have a cell at the end of a wide row alone: what fills it up to there is not looked at.
        values = [None if cell is EMPTY_CELL else _value(cell) for cell in row]
        while values and values[-1] in (None, ""):
            values.pop()
        result.cells.append(values)
    while result.cells and not result.cells[-1]:
        result.cells.pop()
    result.merged = _merged(_xml(path, sheet))
    return result


def _value(cell: Any) -> Any:
    value = cell.value
    if isinstance(value, str):
        return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), value).strip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) >= _TRUE_DIGITS:
            return float(value)
        # 00123 is shown by a format of zeros: the number alone would lose them.
        if isinstance(value, int) and value >= 0 and _PADDED.fullmatch(cell.number_format):
            return str(value).zfill(len(cell.number_format))
    return value


def _xml(path: Path, sheet: Any) -> bytes:
    try:
        with zipfile.ZipFile(path) as opened:
            return opened.read(sheet._worksheet_path)
    except _DAMAGED as error:
        raise _unreadable(path) from error


def _merged(xml: bytes) -> list[tuple[int, int, int]]:
    from openpyxl.utils.cell import range_boundaries

    edges = [range_boundaries(found.decode()) for found in _MERGED.findall(xml)]
    return [
        (int(left or 1) - 1, int(top or 1) - 1, int(bottom or 1) - 1)
        for left, top, right, bottom in edges
        if left == right and top != bottom
    ]


def _find_uncached(path: Path, sheets: list[Rows]) -> None:
    with _opened(path, values=False) as book:
        for rows in sheets:
            sheet = book[rows.name]
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows()):
                for cell in row:
                    if isinstance(cell.value, str) and cell.data_type == "f":
                        known = rows.cells[number] if number < len(rows.cells) else []
                        if cell.column > len(known) or known[cell.column - 1] is None:
                            rows.uncached.append(cell.coordinate)
