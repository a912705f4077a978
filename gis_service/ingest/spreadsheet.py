"""Sheets with coordinates: csv and xlsx, as counties really send them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InputError
from gis_service.ingest.coordinates import parse_column
from gis_service.ingest.encoding import decode
from gis_service.ingest.geometry import Fault
from gis_service.ingest.headings import Placed, find_coordinates, find_heading, headings, no_coordinates
from gis_service.ingest.layer import Layer
from gis_service.ingest.shapes import from_texts, without_measures
from gis_service.ingest.values import Sentence, is_missing
from gis_service.ingest.workbook import Rows, read_rows

SHEETS = (".csv", ".xlsx")
_HEADING_ROWS = 2
"""So many rows below its first can belong to a heading."""
_TOTALS = {"合计", "总计", "小计", "共计", "累计", "总数", "total", "sum", "subtotal"}
# Outside quotes and brackets: the commas of a WKT part no columns.
_INSIDE = re.compile(r'"[^"]*"|\([^()]*\)|（[^（）]*）')


def read_sheet(path: Path, sheet: str | None, encoding: str, named: Mapping[str, str]) -> Layer:
    """Read a sheet with coordinate columns or a WKT column; rows are numbered as the sheet shows them.

    Parameters
    ----------
    named
        The columns of the coordinates where the user says them: ``x`` and ``y``, or ``wkt``.

    Raises
    ------
    InputError
        The file is damaged, has no coordinates, or it is not evident which sheet or columns are meant.

    """
    if path.suffix.lower() == ".xlsx":
        rows, notes, used = *_choose(path, read_rows(path, sheet), named), None
    else:
        rows, used = _csv_rows(path, encoding)
        plain = used[0] in {"utf-8", "utf-8-sig"}
        notes = [] if plain else [(f"文字编码：{used[0]}{used[1]}", f"text encoding: {used[0]}{used[2]}")]
    at = find_heading(rows.cells, named)
    if at is None:
        raise no_coordinates(path.name)
    at, names, placed = _head(rows, at, named, path.name)
    _refuse_uncached(path, rows)
    notes += _fill(rows, at)
    body = _body(rows, at, len(names))
    beyond = _beyond(rows, at, len(names), is_text=used is not None)
    frame = pd.DataFrame([row for _, row in body], columns=names, dtype=object)
    frame.index = pd.Index([number for number, _ in body], dtype="int64")
    frame, totals = _without_totals(frame, placed)
    layer = _located(frame, placed, path.name)
    layer.encoding = used[0] if used else None
    layer.notes = [*notes, *beyond[0], *totals, *layer.notes]
    layer.faults |= beyond[1]
    layer.placed = placed.columns
    return layer


def read_list(path: Path) -> pd.DataFrame:
    """Read a short list without places: csv or xlsx, its first row the headings.

    Returns
    -------
    One row each, numbered as the sheet shows them; an empty cell is None.

    Raises
    ------
    InputError
        The file is damaged or of another kind, its encoding is unknown, a row is torn, or it has no rows.

    """
    suffix = path.suffix.lower()
    if suffix not in SHEETS:
        raise InputError(f"{path.name} 须为 csv 或 xlsx。", f"{path.name} must be csv or xlsx.")
    sheets = read_rows(path, None) if suffix == ".xlsx" else [_csv_rows(path, "")[0]]
    rows = sheets[0] if sheets else Rows(path.stem, [])
    _refuse_uncached(path, rows)
    at = next((k for k, row in enumerate(rows.cells) if any(cell not in (None, "") for cell in row)), 0)
    names = headings(rows.cells, at) if rows.cells else []
    for number, fault in _beyond(rows, at, len(names), is_text=suffix == ".csv")[1].items():
        raise InputError(
            f"{path.name} 第 {number} 行：{fault.reason[0]}；{fault.remedy[0]}。",
            f"Row {number} of {path.name}: {fault.reason[1]}; {fault.remedy[1]}.",
        )
    body = _body(rows, at, len(names))
    if not body:
        raise InputError(f"{path.name} 里一行数据也没有。", f"{path.name} has no rows.")
    cells = [[None if is_missing(cell) else cell for cell in row] for _, row in body]
    return pd.DataFrame(cells, columns=names, index=[number for number, _ in body], dtype=object)


def _head(rows: Rows, at: int, named: Mapping[str, str], file: str) -> tuple[int, list[str], Placed]:
    """Return the last row of the headings, the names of the columns, and those of the coordinates.

    Headings merged downwards (编号 beside 隐患 over 严重, 一定) reach below the row that names the coordinates.
    """
    names = headings(rows.cells, at)
    placed = find_coordinates(names, named, file)
    where = [names.index(name) for name in placed.columns]
    last = max((bottom for _, top, bottom in rows.merged if top <= at < bottom <= at + _HEADING_ROWS), default=at)
    below = rows.cells[at + 1 : last + 1]
    if not below or any(row[k] not in (None, "") for row in below for k in where if k < len(row)):
        return at, names, placed
    names = headings(rows.cells, last)
    return last, names, find_coordinates(names, named, file)


def _choose(path: Path, sheets: list[Rows], named: Mapping[str, str]) -> tuple[Rows, list[Sentence]]:
    """Return the only sheet that has coordinates, and a note that names those passed over."""
    with_coordinates = [rows for rows in sheets if find_heading(rows.cells, named) is not None]
    if len(with_coordinates) > 1:
        names = [rows.name for rows in with_coordinates]
        raise InputError(
            f"{path.name} 有多个带坐标的工作表：{'、'.join(names)}；请用 --layer 指定一个。",
            f"{path.name} has several sheets with coordinates: {', '.join(names)}; name one with --layer.",
        )
    if not with_coordinates:
        for rows in sheets:
            _refuse_uncached(path, rows)
        raise no_coordinates(path.name, "、".join(rows.name for rows in sheets))
    (chosen,) = with_coordinates
    others = [rows.name for rows in sheets if rows is not chosen]
    if not others:
        return chosen, []
    return chosen, [
        (
            f"读取工作表“{chosen.name}”；没有坐标、未读取的工作表：{'、'.join(others)}",
            f"the sheet {chosen.name!r} was read; without coordinates and not read: {', '.join(others)}",
        )
    ]


def _body(rows: Rows, at: int, width: int) -> list[tuple[int, list[Any]]]:
    return [
        (number + 1, list(row[:width]) + [None] * (width - len(row)))
        for number, row in enumerate(rows.cells)
        if number > at and any(cell not in (None, "") for cell in row[:width])
    ]


def _fill(rows: Rows, at: int) -> list[Sentence]:
    """Give each row of cells merged downwards their value, below the headings."""
    filled = set()
    for column, top, bottom in rows.merged:
        first = rows.cells[top] if at < top < len(rows.cells) else []
        if column < len(first) and first[column] not in (None, ""):
            for row in rows.cells[top + 1 : bottom + 1]:
                row.extend([None] * (column + 1 - len(row)))
                row[column] = first[column]
            filled.add(top + 1)
    if not filled:
        return []
    where = "、".join(str(row) for row in sorted(filled)[:5])
    return [
        (
            f"合并单元格的值用于其中每一行（从第 {where} 行起等 {len(filled):,} 处）",
            f"the value of merged cells counts for each of their rows ({len(filled):,} places, from row {where})",
        )
    ]


def _beyond(rows: Rows, at: int, width: int, *, is_text: bool) -> tuple[list[Sentence], dict[int, Fault]]:
    """Tell of cells to the right of all headings: in a text their row is torn, in a workbook they are not read."""
    long = [n for n, row in enumerate(rows.cells) if n > at and any(cell not in (None, "") for cell in row[width:])]
    if not long:
        return [], {}
    if is_text:
        reason = (f"这一行有多于 {width} 列", f"the row has more than {width} columns")
        remedy = ("含逗号的内容请加引号", "put quotes round what contains the separator")
        return [], {number + 1: Fault("torn_row", reason, remedy) for number in long}
    return [
        (
            f"表头右侧没有列名的单元格未读取（{len(long):,} 行，例如第 {long[0] + 1} 行）",
            f"cells to the right of all headings were not read ({len(long):,} rows, such as row {long[0] + 1})",
        )
    ], {}


def _refuse_uncached(path: Path, rows: Rows) -> None:
    if not rows.uncached:
        return
    where = "、".join(rows.uncached[:3])
    raise InputError(
        f"{path.name} 有 {len(rows.uncached):,} 个公式单元格没有计算结果（{where}）；请用 Excel 或 WPS 打开并保存一次，"
        "或粘贴为数值。",
        f"{path.name} has {len(rows.uncached):,} formula cells without a value ({where}); open it in Excel or WPS and save "
        "it, or paste the values.",
    )


def _without_totals(frame: pd.DataFrame, placed: Placed) -> tuple[pd.DataFrame, list[Sentence]]:
    """Return the frame without rows of sums: they say so and have no coordinates."""
    blank = frame[frame[list(placed.columns)].map(lambda cell: cell is None or not str(cell).strip()).all(axis=1)]
    says = blank.map(lambda cell: isinstance(cell, str) and re.sub(r"\s|[:：]", "", cell).lower() in _TOTALS).any(
        axis=1
    )
    totals = blank.index[says.to_numpy(dtype=bool)]
    if not len(totals):
        return frame, []
    shown = "、".join(str(row) for row in totals[:5])
    more = "…" if len(totals) > 5 else ""
    return frame.drop(index=totals), [
        (f"第 {shown}{more} 行是合计行，不作为数据读取", f"row {shown}{more} is a total and no data: not read")
    ]


def _located(frame: pd.DataFrame, placed: Placed, file: str) -> Layer:
    if placed.wkt is not None:
        geometry, by_position, srids = from_texts(frame[placed.wkt].tolist())
        points, owners = shapely.get_coordinates(geometry, return_index=True)
        for position in np.unique(owners[~np.isfinite(points).all(axis=1)]):
            by_position[int(position)] = _bad_cell(
                (f"{placed.wkt}：含有无效数字", f"{placed.wkt}: a number is not finite")
            )
        for position in np.flatnonzero(shapely.is_missing(geometry) | shapely.is_empty(geometry)):
            empty = (f"{placed.wkt}：没有图形", f"{placed.wkt}: there is no geometry")
            by_position.setdefault(int(position), Fault("empty_geometry", empty, _FILL))
        crs = _crs_of(srids, file)
    else:
        x_name, y_name = str(placed.x), str(placed.y)
        x, bad_x = parse_column(frame[x_name].tolist(), "x", x_name)
        y, bad_y = parse_column(frame[y_name].tolist(), "y", y_name)
        by_position = {position: _bad_cell(said) for position, said in (bad_y | bad_x).items()}
        geometry, crs = np.asarray(shapely.points(x, y), dtype=object), None
    geometry, notes = without_measures(geometry)
    faults = {int(frame.index[position]): fault for position, fault in by_position.items()}
    return Layer(gpd.GeoDataFrame(frame, geometry=geometry), crs, notes=notes, faults=faults)


_CORRECT: Sentence = ("请更正该单元格", "correct the cell")
_FILL: Sentence = ("请补填该单元格", "fill the cell in")


def _bad_cell(reason: Sentence) -> Fault:
    return Fault("bad_coordinates", reason, _CORRECT)


def _crs_of(srids: set[int], file: str) -> CRS | None:
    if len(srids) > 1:
        said = "、".join(map(str, sorted(srids)))
        raise InputError(
            f"{file} 的图形写有不同的坐标系（SRID {said}）；请分成几个文件导入。",
            f"The geometries of {file} are in different CRSs (SRID {said}); import them as several files.",
        )
    try:
        return CRS.from_epsg(srids.pop()) if srids else None
    except CRSError as error:
        raise InputError(
            f"{file} 的图形写有不认识的坐标系编号（SRID）；请用 --crs 指定坐标系并去掉它。",
            f"The geometries of {file} name an unknown SRID; take it out and name the CRS with --crs.",
        ) from error


def _csv_rows(path: Path, encoding: str) -> tuple[Rows, tuple[str, str, str]]:
    said, used = decode(path.read_bytes(), encoding, path.name)
    if "\0" in said:
        raise InputError(
            f"{path.name} 不是文本表格（含有空字符）。", f"{path.name} is no text table (it has NUL bytes)."
        )
    csv.field_size_limit(2**31 - 1)  # one WKT polygon may be long
    lines = io.StringIO(said, newline="")
    cells: list[list[Any]] = list(csv.reader(lines, delimiter=_delimiter(said)))
    return Rows(path.stem, cells), used


def _delimiter(said: str) -> str:
    """Return what parts the columns of the first line that names coordinates, else of the first lines."""
    lines = [line for line in said[:20_000].splitlines()[:20] if line.strip()]
    counts = []
    for line in lines:
        bare = _INSIDE.sub("", line)
        counts.append({mark: bare.count(mark) for mark in ",\t;|，；"})
        for mark in sorted(counts[-1], key=lambda m: -counts[-1][m]):
            if counts[-1][mark] and find_heading([line.split(mark)], {}) is not None:
                return mark
    return max(",\t;|，；", key=lambda mark: sum(count[mark] for count in counts), default=",")
