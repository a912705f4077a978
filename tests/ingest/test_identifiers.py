"""An identifier is text from the first byte: in the database as it stands in the file, or refused with the reason."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.ingest.importer import Options, import_file
from gis_service.ingest.source import read
from gis_service.ingest.values import BadValueError, identifier
from tests.conftest import Database
from tests.ingest.make import houses, put, square
from tests.shared import shared_data

LONG = (451224101002000123, 451224101002000124, 451224101002000125)
"""Three neighbours that are one double."""


def _ids(database: Database) -> list[str]:
    return [i for (i,) in database.ask('SELECT building_id FROM gis.building ORDER BY building_id COLLATE "C"')]


def test_long_numbers_with_a_gap(database: Database, tmp_path: Path):
    """Case i1: through floating point three houses were one, and a known house was overwritten by another."""
    out = tmp_path / "r.csv"
    said = database.cli("import", "buildings", shared_data("cases/i1/i1.gpkg"), "--rejects", out)
    assert "read 4 = loaded 3 + unchanged 0 + updated 0 + rejected 1" in said.out, said.err
    assert _ids(database) == [str(n) for n in LONG]
    assert "building_id is missing" in out.read_text(encoding="utf-8-sig")


def test_nineteen_digits_in_geojson(database: Database, tmp_path: Path):
    """Case i2."""
    said = database.cli("import", "buildings", shared_data("cases/i2/i2.geojson"), "--rejects", tmp_path / "r.csv")
    assert said.code == 0, said.err
    assert _ids(database) == ["4512241010020001230", "4512241010020001237"]


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".gdb", ".parquet", ".geojson", ".kml", ".csv"])
def test_every_kind_of_file_keeps_them(tmp_path: Path, suffix: str):
    frame = houses(4).drop(columns="building_id").assign(编号=pd.array([*LONG, None], dtype="Int64"))
    if suffix == ".kml":
        frame["编号"] = frame["编号"].astype("string")
    # Older geodatabases have no whole numbers of 64 bits: GDAL would write doubles.
    more = {"TARGET_ARCGIS_VERSION": "ARCGIS_PRO_3_2_OR_LATER"} if suffix == ".gdb" else {}
    path = put(frame, tmp_path / f"h{suffix}", **more)
    column = read(path).frame["编号"]
    parse = identifier(100)
    assert [parse(value) for value in column.tolist()[:3]] == [str(n) for n in LONG]
    assert column.isna().iloc[3] or not str(column.iloc[3]).strip()


def test_a_wide_number_of_a_dbf(tmp_path: Path):
    """N(20,0) is wider than any whole number of GDAL; what its bytes say is kept."""
    path = put(houses(2).assign(code=["4" * 18, "5" * 18]), tmp_path / "h.shp", encoding="UTF-8")
    dbf = path.with_suffix(".dbf")
    data = bytearray(dbf.read_bytes())
    at = data.index(b"code\0")
    width = data[at + 16]
    data[at + 11 : at + 12] = b"N"
    for k, digits in enumerate(("45122410100200012345", "45122410100200012346")):
        old = data.index((b"4", b"5")[k] * 18)
        data[old : old + 20] = digits.encode()
    assert width >= 20
    dbf.write_bytes(data)
    assert [v.strip() for v in read(path).frame["code"]] == ["45122410100200012345", "45122410100200012346"]


def test_more_digits_than_any_integer_has(tmp_path: Path):
    text = json.dumps(
        {"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"编号": 10**24 + k, "n": None if k else 1},
             "geometry": {"type": "Point", "coordinates": [107.37, 24.51]}} for k in range(3)]}
    )  # fmt: skip
    (tmp_path / "h.geojson").write_text(text)
    assert read(tmp_path / "h.geojson").frame["编号"].tolist() == [10**24, 10**24 + 1, 10**24 + 2]


def test_a_decimal_column_of_parquet(tmp_path: Path):
    numbers = [Decimal(10**20), Decimal(10**20 + 1), None]
    table = pa.table({
        "building_id": pa.array(numbers, pa.decimal128(38, 0)),
        "geometry": shapely.to_wkb([square(0), square(1), square(2)]),
    })  # fmt: skip
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
    }
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "h.parquet")
    parse = identifier(100)
    assert [parse(v) for v in read(tmp_path / "h.parquet").frame["building_id"][:2]] == [str(10**20), str(10**20 + 1)]


@pytest.mark.parametrize(
    ("case", "why"), [("x1", "more than 15 digits"), ("x2", "more than 15 digits"), ("x3", "scientific")]
)
def test_numbers_that_a_workbook_rounded(database: Database, case: str, why: str):
    said = database.cli("import", "buildings", shared_data(f"cases/{case}/{case}.xlsx"))
    assert said.code == 1
    assert why in said.err
    assert _ids(database) == []


@pytest.mark.parametrize("value", [451224101002000123, 1e15, 4.5e17, -(10**16)])
@pytest.mark.parametrize("column", ["building_id", "township_code", "village_code"])
def test_number_cells_of_any_code(database: Database, tmp_path: Path, column: str, value: float):
    book = openpyxl.Workbook()
    book.active.append(["building_id", "wkt", column if column != "building_id" else "other"])
    shape = square(0).wkt
    book.active.append([value, shape, 1] if column == "building_id" else ["H1", shape, value])
    book.save(tmp_path / "h.xlsx")
    said = database.cli("import", "buildings", tmp_path / "h.xlsx", "--crs", "4545")
    assert (said.code, "more than 15 digits" in said.err) == (1, True), said.err


def test_what_else_a_workbook_makes_of_an_id(tmp_path: Path):
    """Zeros that only the format shows are kept; a date that was 1-2 is refused; fifteen digits are exact."""
    book = openpyxl.Workbook()
    book.active.append(["编号", "经度", "纬度"])
    for value in (123, 451224101002001, datetime.datetime(2026, 1, 2), 7.5, "#N/A", "00042"):
        book.active.append([value, 107.37, 24.51])
    book.active["A2"].number_format = "00000"
    book.save(tmp_path / "h.xlsx")
    parse, values = identifier(100), read(tmp_path / "h.xlsx").frame["编号"].tolist()
    assert [parse(v) for v in (values[0], values[1], values[5])] == ["00123", "451224101002001", "00042"]
    for value, why in ((values[2], "date"), (values[3], "decimal"), (values[4], "error")):
        with pytest.raises(BadValueError, match=why):
            parse(value)


@pytest.mark.parametrize("said", ["4.51E+17", "4.51224E+17", "4e+5", " 1.2e10 ", "4.5E17", "-1.E+3"])
def test_scientific_notation_is_no_id(said: str):
    with pytest.raises(BadValueError, match="scientific"):
        identifier(100)(said)


@pytest.mark.parametrize("said", ["1E5", "3E12", "E5", "12-3", "A.5E", "1.5", "0e", "４５１Ｅ"])
def test_what_only_looks_like_it(said: str):
    assert identifier(100)(said) == said


_DIGITS = st.text("0123456789", min_size=1, max_size=25)
_IDS = st.one_of(
    _DIGITS,
    st.integers(0, 2**63 - 1).map(str),
    st.text("０１２３４５６７８９", min_size=1, max_size=19),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=20),
    st.tuples(_DIGITS, _DIGITS).map(" ".join),
)


def _tell_their_encoding(ids: list[str | None]) -> bool:
    """Whether a csv of these ids, in UTF-8, can be told from one in GB18030: ``ġ`` alone has the bytes of 摹."""
    text = "".join(i or "" for i in ids)
    try:
        text.encode().decode("gb18030")
    except UnicodeDecodeError:
        return True
    return text.isascii() or any("\u4e00" <= c <= "\u9fff" for c in text)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ids=st.lists(st.one_of(_IDS, st.none()), min_size=2, max_size=8),
    known=st.lists(_IDS, max_size=3),
    suffix=st.sampled_from([".gpkg", ".geojson", ".csv", ".xlsx", ".parquet"]),
)
@example(ids=["451224101002000123", "451224101002000124", None], known=["451224101002000128"], suffix=".gpkg")
@example(ids=["007", "7", "7.0", " 7"], known=["7"], suffix=".csv")
@example(ids=["0", "ġ"], known=[], suffix=".geojson")
def test_whatever_is_imported(database: Database, tmp_path: Path, ids: list[str | None], known: list[str], suffix: str):
    """Read = loaded + unchanged + updated + rejected; no row changes that the file does not name; ids to the letter."""
    database.clear()
    first = houses(len(set(known))).assign(building_id=list(dict.fromkeys(known)), floors=99)
    if len(first):
        import_file("buildings", put(first, tmp_path / "known.gpkg"), Options(rejects=tmp_path / "r0.csv"))
    before = dict(database.ask("SELECT building_id, b::text FROM gis.building AS b"))
    if suffix == ".csv":
        assume(_tell_their_encoding(ids))
    frame = houses(len(ids)).assign(building_id=ids, floors=1)
    path = put(frame, tmp_path / f"h{suffix}")
    options = Options(crs="4545" if suffix in {".csv", ".xlsx"} else None, rejects=tmp_path / "r.csv")
    named = {i.strip() for i in ids if i is not None and i.strip()}
    try:
        done = import_file("buildings", path, options)
    except InputError:  # nothing at all was left to import
        assert dict(database.ask("SELECT building_id, b::text FROM gis.building AS b")) == before
        return
    assert done.read == done.loaded + done.unchanged + done.updated + done.rejected == len(ids)
    after = dict(database.ask("SELECT building_id, b::text FROM gis.building AS b"))
    assert set(after) <= named | set(before), "every id stands in the file letter by letter"
    for key, row in before.items():
        if key not in named:
            assert after[key] == row, "a row that the file does not name"
    assert len(set(after) - set(before)) == done.loaded


def test_mixed_numbers_and_texts_of_one_column(database: Database, tmp_path: Path):
    """A whole number, a double and a text that are equal to a program are not the same in a file."""
    frame = houses(3).assign(building_id=["A", "B", "C"])
    path = put(frame, tmp_path / "h.geojson")
    text = path.read_text()
    for letter, written in (("A", "450000000000000000"), ("B", "4.5e17"), ("C", '"450000000000000001"')):
        text = text.replace(f'"{letter}"', written)
    path.write_text(text)
    said = database.cli("import", "buildings", path, "--rejects", tmp_path / "r.csv")
    assert "read 3 = loaded 2 + unchanged 0 + updated 0 + rejected 1" in said.out, said.err
    assert _ids(database) == ["450000000000000000", "450000000000000001"]


def test_columns_without_gaps_stay_numbers(tmp_path: Path):
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=[square(0), square(1)], crs=4545)
    assert read(put(frame, tmp_path / "a.gpkg")).frame["a"].dtype == "int64"
