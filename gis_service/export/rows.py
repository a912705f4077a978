"""Write plain rows to csv or xlsx: no formula gets through, and the file says who made it and when."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.files import neutral, replacing

if TYPE_CHECKING:
    from openpyxl import Workbook

MARK_HEADINGS = ("导出账号", "导出时间")


def write_rows(headings: Sequence[str], rows: Iterable[Sequence[Any]], path: Path, *, title: str, mark: Mark) -> None:
    """Write ``rows`` under ``headings``; a file appears whole or not at all.

    Raises
    ------
    InputError
        The extension is neither csv nor xlsx, or the folder does not exist.

    """
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise InputError(f"{path.name}：请用 .csv 或 .xlsx。", f"{path.name}: write a .csv or .xlsx file.")
    with replacing(path) as partial:
        if path.suffix.lower() == ".csv":
            with partial.open("w", encoding="utf-8-sig", newline="") as opened:
                writer = csv.writer(opened, quoting=csv.QUOTE_ALL)
                writer.writerow([*headings, *MARK_HEADINGS])
                writer.writerows([*map(neutral, row), mark.account, mark.time] for row in rows)
        else:
            from openpyxl import Workbook  # most commands that may write a file print to the terminal

            book = Workbook(write_only=True)
            sheet = book.create_sheet(title[:31])
            sheet.append(list(headings))
            for row in rows:
                sheet.append([neutral(value) for value in row])
            mark_book(book, mark)
            book.save(partial)


def mark_book(book: Workbook, mark: Mark) -> None:
    """Write who exported into a workbook: its properties, and a sheet of its own at the end."""
    book.properties.creator = book.properties.lastModifiedBy = mark.account
    # A workbook's properties have no time zone: they are in UTC.
    book.properties.created = book.properties.modified = mark.at.astimezone(UTC).replace(tzinfo=None)
    sheet = book.create_sheet("导出信息")
    sheet.append(["导出账号", mark.account])
    sheet.append(["导出时间", mark.time])
