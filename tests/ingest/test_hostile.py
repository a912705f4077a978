"""A file can name no other file, and none unpacks without end: every such file is refused in words."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from gis_service.errors import InputError
from gis_service.ingest.gdal import DRIVERS
from gis_service.ingest.source import read
from gis_service.settings import ROOT
from tests.ingest.make import houses, put, zipped


def _vrt(secret: Path) -> str:
    return (f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
            "</OGRVRTDataSource>")  # fmt: skip


def _gdalg(secret: Path) -> str:
    return json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {secret} ! write x"})


def _pipeline(secret: Path) -> str:
    return f"gdal vector pipeline ! read {secret} ! write /vsimem/x"


def _network(_: Path) -> str:
    return "/vsicurl/http://127.0.0.1:9/h.gpkg"


HIDDEN: dict[str, Callable[[Path], str]] = {"vrt": _vrt, "gdalg": _gdalg, "pipeline": _pipeline, "network": _network}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return put(houses(3).assign(name=["SECRET"] * 3), folder / "secret.gpkg")


@pytest.mark.parametrize("suffix", [".kml", ".geojson", ".json", ".csv", ".shp", ".gpkg", ".parquet", ".xlsx"])
@pytest.mark.parametrize("hidden", list(HIDDEN))
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "zip"])
def test_a_file_names_no_other(tmp_path: Path, secret: Path, hidden: str, suffix: str, packed: bool):
    path = tmp_path / f"h{suffix}"
    path.write_text(HIDDEN[hidden](secret))
    if packed:
        with zipfile.ZipFile(tmp_path / "h.zip", "w") as opened:
            opened.write(path, path.name)
        path = tmp_path / "h.zip"
    with pytest.raises(InputError) as refused:
        read(path)
    assert "SECRET" not in refused.value.en


def test_the_bytes_of_a_kind_and_a_vrt_behind(tmp_path: Path, secret: Path):
    """The right first bytes do not open another door: no other driver is asked."""
    for suffix, magic in ((".shp", b"\x00\x00\x27\x0a"), (".gpkg", b"SQLite format 3\0"), (".parquet", b"PAR1")):
        path = tmp_path / f"h{suffix}"
        path.write_bytes(magic + _vrt(secret).encode())
        put(houses(1), tmp_path / "other.shp")
        (tmp_path / "other.dbf").replace(tmp_path / "h.dbf")
        with pytest.raises(InputError):
            read(path)


# GDAL opens its log once a process: what stands in it after one file and not before is of that file.
_READ_AND_TELL = """
import json, pathlib, sys
from gis_service.ingest.source import read

log, told = pathlib.Path(sys.argv[1]), []
for file in map(pathlib.Path, sys.argv[2:]):
    before = len(log.read_text())
    assert len(read(file).frame) == 2
    told.append(log.read_text()[before:].splitlines())
print(json.dumps(told))
"""


def test_the_drivers_in_use(tmp_path: Path):
    """What GDAL says of itself while every kind of file is read: its own driver a file, and none for the others."""
    files = [put(houses(2), tmp_path / f"h{suffix}") for suffix in
             (".shp", ".gpkg", ".gdb", ".geojson", ".kml", ".parquet", ".csv", ".xlsx")]  # fmt: skip
    files.append(zipped([put(houses(2), tmp_path / "z.shp")], tmp_path / "z.zip"))
    log = tmp_path / "gdal.log"
    log.touch()
    said = subprocess.run(
        [sys.executable, "-c", _READ_AND_TELL, str(log), *map(str, files)],
        env={**os.environ, "CPL_DEBUG": "ON", "CPL_LOG": str(log), "PYTHONPATH": str(ROOT)}, check=True, timeout=120,
        capture_output=True, text=True,
    )  # fmt: skip
    told = json.loads(said.stdout)
    assert any(told)
    for file, lines in zip(files, told, strict=True):
        opened = [line for line in lines if "GDALOpen(" in line]
        used = {line.partition(" succeeds as ")[2].rstrip(".") for line in opened}
        wanted = DRIVERS.get(".shp" if file.suffix == ".zip" else file.suffix)
        assert used == ({wanted} if wanted else set()), file.name


def test_no_other_module_opens_data():
    """Whoever reads a file asks ``ingest.source.read``: the readers stand in three modules and nowhere else."""
    opens = {"read_file", "read_dataframe", "read_arrow", "list_layers", "read_info", "read_excel", "read_csv", "open_arrow",
             "load_workbook", "ParquetFile", "read_table", "open_dataset"}  # fmt: skip
    found = {
        str(file.relative_to(ROOT))
        for folder in ("gis_service", "web_map")
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in opens
    }
    allowed = {f"gis_service/ingest/{name}.py" for name in ("gdal", "parquet", "workbook")}
    assert found == allowed


def test_the_process_of_whoever_imports_us_keeps_its_drivers(tmp_path: Path):
    said = subprocess.run(
        [sys.executable, "-c", "import os, sys, pathlib, pyogrio; before = pyogrio.list_drivers(), dict(os.environ); "
         "from gis_service.ingest.source import read; read(pathlib.Path(sys.argv[1])); "
         "print(before == (pyogrio.list_drivers(), dict(os.environ)), pyogrio.get_gdal_config_option('OGR_SKIP'))",
         str(put(houses(1), tmp_path / "h.gpkg"))],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert said.stdout.strip() == "True None"


# --- XML -------------------------------------------------------------------------------------------------------

_KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
_HOUSE = (
    "<Placemark><name>{}</name><ExtendedData><Data name='bld_id'><value>1</value></Data></ExtendedData><Polygon>"
    "<outerBoundaryIs><LinearRing><coordinates>107.37,24.51 107.3701,24.51 107.3701,24.5101 107.37,24.51</coordinates>"
    "</LinearRing></outerBoundaryIs></Polygon></Placemark>"
)
_XXE = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
_LAUGHS = "<!DOCTYPE kml [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10)) + "]>"  # fmt: skip


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "gb18030"])
@pytest.mark.parametrize(
    ("prolog", "name"), [(_XXE, "&x;"), (_LAUGHS, "&a9;"), ("<!DOCTYPE kml SYSTEM 'http://127.0.0.1:9/x.dtd'>", "n")]
)
@pytest.mark.parametrize("padding", [0, 100_000])
def test_no_entities_in_kml(tmp_path: Path, codec: str, prolog: str, name: str, padding: int):
    path = tmp_path / "h.kml"
    declared = {"utf-16": "UTF-16", "gb18030": "GBK"}.get(codec, "UTF-8")
    text = f'<?xml version="1.0" encoding="{declared}"?><!--{"x" * padding}-->{prolog}' + _KML.format(
        _HOUSE.format(name)
    )
    path.write_bytes(text.encode(codec))
    began = time.monotonic()
    with pytest.raises(InputError):
        read(path)
    assert time.monotonic() - began < 5


def test_links_of_a_kml_are_named_and_not_followed(tmp_path: Path, secret: Path):
    link = f"<NetworkLink><Link><href>{secret}</href></Link></NetworkLink>"
    (tmp_path / "both.kml").write_text(_KML.format(link + _HOUSE.format("n")))
    source = read(tmp_path / "both.kml")
    assert len(source.frame) == 1
    assert any("NetworkLink" in en for _, en in source.notes)
    (tmp_path / "only.kml").write_text(_KML.format(link))
    with pytest.raises(InputError, match="links to other files"):
        read(tmp_path / "only.kml")


def test_a_kml_without_end(tmp_path: Path):
    (tmp_path / "deep.kml").write_text("<kml>" + "<Folder>" * 100_000)
    with pytest.raises(InputError):
        read(tmp_path / "deep.kml")
    (tmp_path / "deep.geojson").write_text('{"type": "FeatureCollection", "features": ' + "[" * 500_000)
    with pytest.raises(InputError):
        read(tmp_path / "deep.geojson")


# --- GeoPackages -----------------------------------------------------------------------------------------------


def _alter(path: Path, *statements: str) -> Path:
    connection = sqlite3.connect(path)
    # What the triggers of a GeoPackage call; the statements here touch no geometry.
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        connection.create_function(name, 1, lambda _: None)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path


def test_views_and_triggers_of_a_geopackage(tmp_path: Path):
    path = put(houses(2), tmp_path / "h.gpkg", layer="h")
    _alter(
        path,
        "CREATE TABLE hidden (t TEXT)",
        "CREATE VIEW spy AS SELECT h.fid, h.geom, sqlite_version() AS building_id FROM h",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
        "SELECT 'spy', 'features', 'spy', srs_id FROM gpkg_contents WHERE table_name = 'h'",
        "INSERT INTO gpkg_geometry_columns SELECT 'spy', column_name, geometry_type_name, srs_id, z, m "
        "FROM gpkg_geometry_columns WHERE table_name = 'h'",
        "CREATE TRIGGER t1 AFTER INSERT ON gpkg_ogr_contents BEGIN INSERT INTO hidden VALUES ('ran'); END",
        "CREATE TRIGGER t2 AFTER UPDATE ON gpkg_contents BEGIN INSERT INTO hidden VALUES ('ran'); END",
    )
    before = path.read_bytes()
    source = read(path)
    assert source.frame["building_id"].tolist() == ["H1", "H2"]
    assert any("spy" in en for _, en in source.notes), "the view is named"
    with pytest.raises(InputError, match="is a view"):
        read(path, "spy")
    assert path.read_bytes() == before, "reading writes nothing"


def test_virtual_tables_of_a_geopackage(tmp_path: Path):
    path = put(houses(2), tmp_path / "h.gpkg", layer="h")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR(\"/etc/hosts\")')"
    )
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="virtual table"):
        read(path)


@pytest.mark.parametrize("name", ["x.shp", "x.csv", "x.vrt", "link"])
def test_strange_files_in_a_geodatabase(tmp_path: Path, secret: Path, name: str):
    folder = put(houses(2), tmp_path / "h.gdb")
    assert len(read(folder).frame) == 2
    if name == "link":
        (folder / "a00000099.gdbtable").symlink_to(secret)
    else:
        (folder / name).write_text(_vrt(secret))
    with pytest.raises(InputError, match="no whole file geodatabase"):
        read(folder)


# --- bounds ----------------------------------------------------------------------------------------------------


def test_a_zip_of_zeros(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as opened, opened.open("h.csv", "w") as part:
        for _ in range(200):
            part.write(b"\0" * 1_000_000)
    with pytest.raises(InputError, match="over the limit"):
        read(tmp_path / "bomb.zip")


def test_a_workbook_that_unpacks_to_gigabytes(tmp_path: Path):
    path = put(houses(2), tmp_path / "h.xlsx")
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    # Packed in haste, which is enough: two gigabytes in nine megabytes.
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        for name, data in parts.items():
            with opened.open(name, "w", force_zip64=True) as part:
                part.write(data)
                for _ in range(2_100 if name.endswith("sheet1.xml") else 0):
                    part.write(b" " * 1_000_000)
    assert (tmp_path / "bomb.xlsx").stat().st_size < 10_000_000
    began = time.monotonic()
    with pytest.raises(InputError, match="over the limit"):
        read(tmp_path / "bomb.xlsx")
    assert time.monotonic() - began < 5


def test_a_workbook_of_a_few_bytes_and_many_cells(tmp_path: Path):
    """Each row has one cell, in the last of 16,384 columns."""
    path = put(houses(2), tmp_path / "h.xlsx")
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 20_000))
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["xl/worksheets/sheet1.xml"] = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{rows}</sheetData></worksheet>"
    ).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in parts.items():
            opened.writestr(name, data)
    with pytest.raises(InputError, match="too many cells"):
        read(path)


@pytest.mark.parametrize(
    "part", ["xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize("prolog", [_XXE, _LAUGHS])
def test_no_entities_in_a_workbook(tmp_path: Path, part: str, prolog: str):
    book = openpyxl.Workbook()
    book.active.append(["编号", "经度", "纬度"])
    book.active.append(["1", 107.37, 24.51])
    book.save(tmp_path / "good.xlsx")
    with zipfile.ZipFile(tmp_path / "good.xlsx") as old, zipfile.ZipFile(tmp_path / "h.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, prolog.encode() + data if name == part else data)
    assert len(read(tmp_path / "good.xlsx").frame) == 1
    with pytest.raises(InputError):
        read(tmp_path / "h.xlsx")


def test_a_zip_with_a_link(tmp_path: Path, secret: Path):
    entry = zipfile.ZipInfo("h.gpkg")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as opened:
        opened.writestr(entry, str(secret))
    with pytest.raises(InputError, match="outside itself"):
        read(tmp_path / "link.zip")


@pytest.mark.parametrize("name", ["/vsicurl/http://127.0.0.1:9/h.gpkg", "/vsizip/h.zip/h.gpkg", "https://127.0.0.1:9/h.kml",
                                  "PG:dbname=x", "GPKG:h.gpkg", "zip://h.zip!h.shp"])  # fmt: skip
def test_an_address_is_no_file(name: str):
    with pytest.raises(InputError, match="no file"):
        read(Path(name))


@pytest.mark.parametrize(
    "name", ["a!b.gpkg", "a?b=c.gpkg", "a%20b.gpkg", "h.zip!x.gpkg", "GPKG:a.gpkg", "a b 房屋&'.gpkg"]
)
def test_names_are_only_names(tmp_path: Path, name: str):
    path = put(houses(2), tmp_path / "h.gpkg").rename(tmp_path / name)
    assert len(read(path).frame) == 2
