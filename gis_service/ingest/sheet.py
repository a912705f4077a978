"""Sheets with coordinates: csv and xlsx, as counties really send them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_service.errors import InputError
from gis_service.ingest.encoding import decode

_X = ("经度", "lon", "lng", "long", "longitude", "x", "东坐标", "横坐标", "easting", "e")
_Y = ("纬度", "lat", "latitude", "y", "北坐标", "纵坐标", "northing", "n")
_WKT = ("wkt", "geometry", "geom", "几何", "图形")
# Excel writes control characters as _x000D_; a literal underscore before such text is written _x005F_.
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_HEADER_SEARCH_ROWS = 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError, KeyError, IndexError, ValueError, OSError)


def read_sheet(path: Path, sheet: str | None, encoding: str) -> tuple[gpd.GeoDataFrame, str | None]:
    """Read a sheet with coordinate columns or a WKT column.

    Returns the frame (index = row number in the sheet, geometry without CRS) and the text encoding (csv only).
    """
    if path.suffix.lower() == ".xlsx":
        rows, used = _xlsx_rows(path, sheet), None
    else:
        rows, used = _csv_rows(path, encoding)
    header_at = _header(rows)
    if header_at is None:
        raise InputError(
            f"{path.name} 里找不到坐标列；需要“经度、纬度”（或 X、Y）两列，或一个 WKT 列。",
            f"{path.name} has no coordinate columns; it needs longitude and latitude (or x and y), or a WKT column.",
        )
    header = [_text(cell) for cell in rows[header_at]]
    width = max((index for index, name in enumerate(header) if name), default=-1) + 1
    names = _unique(header[:width])
    body = [
        (number + 1, list(row[:width]) + [None] * (width - len(row)))
        for number, row in enumerate(rows)
        if number > header_at and any(cell not in (None, "") for cell in row[:width])
    ]
    frame = pd.DataFrame([row for _, row in body], columns=names, dtype=object)
    frame.index = pd.Index([number for number, _ in body], dtype="int64")
    return _located(frame, path), used


def _located(frame: pd.DataFrame, path: Path) -> gpd.GeoDataFrame:
    wkt = _find(frame, _WKT)
    if wkt is not None:
        geometry = shapely.from_wkt(frame[wkt].map(lambda v: None if v is None else str(v)), on_invalid="ignore")
        return gpd.GeoDataFrame(frame.drop(columns=wkt), geometry=np.asarray(geometry, dtype=object))
    x_name, y_name = _find(frame, _X), _find(frame, _Y)
    if x_name is None or y_name is None:  # the header row was chosen because it has them
        raise InputError(f"{path.name} 里找不到坐标列。", f"{path.name} has no coordinate columns.")
    x = pd.to_numeric(frame[x_name], errors="coerce").to_numpy(dtype=float)
    y = pd.to_numeric(frame[y_name], errors="coerce").to_numpy(dtype=float)
    return gpd.GeoDataFrame(frame.drop(columns=[x_name, y_name]), geometry=np.asarray(shapely.points(x, y)))


def _find(frame: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    by_name = {str(column).strip().lower(): str(column) for column in frame.columns}
    return next((by_name[name] for name in names if name in by_name), None)


def _header(rows: list[list[Any]]) -> int | None:
    for number, row in enumerate(rows[:_HEADER_SEARCH_ROWS]):
        names = {_text(cell).strip().lower() for cell in row}
        if names & set(_WKT) or (names & set(_X) and names & set(_Y)):
            return number
    return None


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for position, name in enumerate(names):
        label = name or f"column_{position + 1}"
        seen[label] = seen.get(label, 0) + 1
        result.append(label if seen[label] == 1 else f"{label}_{seen[label]}")
    return result


def _text(cell: Any) -> str:
    return "" if cell is None else str(cell).replace("\n", "").strip()


def _unescape(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), cell).strip()


def _xlsx_rows(path: Path, sheet: str | None) -> list[list[Any]]:
    import openpyxl  # only a workbook needs it

    damaged = InputError(
        f"{path.name} 不是可读的 Excel 工作簿（xlsx），或已损坏；请在 Excel 中另存为 xlsx 或 csv。",
        f"{path.name} is no readable Excel workbook (xlsx), or is damaged; save it again as xlsx or csv.",
    )
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _DAMAGED as error:
        raise damaged from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise InputError(
                f"{path.name} 没有工作表“{sheet}”；有：{'、'.join(book.sheetnames)}。",
                f"{path.name} has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}.",
            )
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        # Some writers claim the dimension A1:XFD2 or none; what is in the rows counts.
        chosen.reset_dimensions()
        return [[_unescape(cell) for cell in row] for row in chosen.iter_rows(values_only=True)]
    except _DAMAGED as error:  # the rows are read only now
        raise damaged from error
    finally:
        book.close()


def _csv_rows(path: Path, encoding: str) -> tuple[list[list[Any]], str]:
    text, used = decode(path.read_bytes(), encoding, path.name)
    if "\0" in text:
        raise InputError(
            f"{path.name} 不是文本表格（含有空字符）。", f"{path.name} is no text table (it has NUL bytes)."
        )
    first_lines = text[:10_000]
    delimiter = max(",\t;|", key=first_lines.count)
    csv.field_size_limit(2**31 - 1)  # one WKT polygon may be long
    rows: list[list[Any]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return rows, used
