"""Write a list of places to a file whose extension says the format.

GeoJSON is in EPSG:4326 (RFC 7946); GeoPackage and GeoParquet keep the work SRID; csv and xlsx have the middle of each
place as longitude and latitude. A file appears whole or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.properties import PageSetupProperties

from gis_service.errors import InputError
from gis_service.export.mark import Mark
from gis_service.export.rows import MARK_HEADINGS, mark_book
from gis_service.files import neutral, replacing

_WIDTH_MAX = 60
_HEAD_ROW = 3


def write_places(
    frame: gpd.GeoDataFrame, path: Path, *, title: str, headings: dict[str, str], mark: Mark, said: str = ""
) -> None:
    """Write ``frame`` to ``path``.

    Parameters
    ----------
    frame
        Places in the work CRS; lists in cells become text joined by ``；`` in sheets and stay lists in GeoJSON.
    title
        Name of the sheet and of the layer.
    headings
        Chinese heading of each column, for sheets.
    mark
        Who exports, and when; it goes into the file.
    said
        What the list asks for, in a sentence; it stands under the title of a sheet, and beside the data elsewhere.

    Raises
    ------
    InputError
        The extension names no format, or the folder does not exist.

    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"不能写“{path.suffix or path.name}”；请用 {'、'.join(_WRITERS)}。",
            f"Cannot write {path.suffix or path.name!r}; use one of {', '.join(_WRITERS)}.",
        )
    with replacing(path) as partial:
        writer(frame, partial, _Words(title, said, headings), mark)


@dataclass(frozen=True)
class _Words:
    """What a file says besides its rows."""

    title: str
    said: str
    headings: dict[str, str]


def _flat(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return "；".join(str(item) for item in value)
    return value


def _table(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    middle = frame.geometry.representative_point().to_crs(4490)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    for name in table.columns:
        if table[name].dtype == object:
            table[name] = table[name].map(_flat)
    table["lon"] = middle.x.round(7)
    table["lat"] = middle.y.round(7)
    return table


def _write_csv(frame: gpd.GeoDataFrame, path: Path, words: _Words, mark: Mark) -> None:
    table = _table(frame).rename(columns=words.headings)
    table[MARK_HEADINGS[0]], table[MARK_HEADINGS[1]] = mark.account, mark.time
    table.map(neutral).to_csv(path, index=False, encoding="utf-8-sig", quoting=csv.QUOTE_ALL)


def _write_xlsx(frame: gpd.GeoDataFrame, path: Path, words: _Words, mark: Mark) -> None:
    """Write a sheet to print: title, what it lists and how many, then the rows; A4 across, as wide as the paper."""
    table = _table(frame)
    headings = [words.headings.get(str(name), str(name)) for name in table.columns]
    book = Workbook()
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new workbook has a sheet
    sheet.title = words.title[:31]
    sheet.append([neutral(words.title)])
    sheet.append([neutral(f"{words.said}共 {len(table):,} 栋。{mark.note()}。")])
    sheet.append(headings)
    for row in table.itertuples(index=False, name=None):
        sheet.append([_cell(value) for value in row])
    last = get_column_letter(len(headings))
    for row_number, font in ((1, Font(bold=True, size=14)), (2, Font(color="444444"))):
        sheet.merge_cells(f"A{row_number}:{last}{row_number}")
        sheet.cell(row_number, 1).font = font
        sheet.cell(row_number, 1).alignment = Alignment(vertical="center", wrap_text=True)
    sheet.row_dimensions[2].height = 32
    for cell in sheet[_HEAD_ROW]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="1F4E79")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
    for position, name in enumerate(table.columns, start=1):
        longest = max([len(headings[position - 1]) * 2, *(_shown(v) for v in table[name].head(200))])
        sheet.column_dimensions[get_column_letter(position)].width = min(_WIDTH_MAX, longest + 2)
        if longest > _WIDTH_MAX:
            for (cell,) in sheet.iter_rows(min_row=_HEAD_ROW + 1, min_col=position, max_col=position):
                cell.alignment = Alignment(vertical="top", wrap_text=True)
    sheet.freeze_panes = f"B{_HEAD_ROW + 1}"
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{last}{len(table) + _HEAD_ROW}"
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.oddFooter = HeaderFooterItem(center=_HeaderFooterPart("第 &P 页，共 &N 页"))
    mark_book(book, mark)
    book.save(path)


def _cell(value: Any) -> Any:
    if value is None or (not isinstance(value, (str, bool)) and pd.isna(value)):
        return None
    return neutral(value)


def _shown(value: Any) -> int:
    return sum(2 if ord(c) > 0x2E80 else 1 for c in str(value))


def _write_geojson(frame: gpd.GeoDataFrame, path: Path, words: _Words, mark: Mark) -> None:
    degrees = frame.to_crs(4326)
    # RFC 7946, 3.1.6: exterior rings counterclockwise; rounding turns them the other way.
    degrees.geometry = shapely.orient_polygons(degrees.geometry.set_precision(1e-7).to_numpy())
    collection = json.loads(degrees.to_json(na="null", drop_id=True, show_bbox=False, to_wgs84=False))
    collection.pop("crs", None)  # RFC 7946 knows WGS 84 only
    collection["name"] = words.title
    collection["exported"] = {"account": mark.account, "at": mark.time, "conditions": words.said}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")


def _write_gpkg(frame: gpd.GeoDataFrame, path: Path, words: _Words, mark: Mark) -> None:
    flat = frame.copy()
    for name in flat.columns.drop(flat.geometry.name):
        if flat[name].dtype == object:
            flat[name] = flat[name].map(_flat)
    said = {"EXPORTED_BY": mark.account, "EXPORTED_AT": mark.time, "CONDITIONS": words.said}
    flat.to_file(path, layer=words.title, driver="GPKG", engine="pyogrio", dataset_metadata=said)


def _write_parquet(frame: gpd.GeoDataFrame, path: Path, words: _Words, mark: Mark) -> None:
    marked = frame.copy(deep=False)
    marked.attrs = {"exported_by": mark.account, "exported_at": mark.time, "conditions": words.said}
    marked.to_parquet(path)


_WRITERS: dict[str, Callable[[gpd.GeoDataFrame, Path, _Words, Mark], None]] = {
    ".geojson": _write_geojson,
    ".gpkg": _write_gpkg,
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
    ".csv": _write_csv,
}
