"""Every bad input of the issue: exit status 1, one clear sentence with the row and the remedy, nothing loaded."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from shapely import LineString, Point

from tests.conftest import Database
from tests.ingest.make import EAST, NORTH, houses, many_vertices, put, square, zipped


@dataclass(frozen=True)
class Case:
    """One bad file: how it is made, what the sentences must name, and the options of the command."""

    name: str
    make: Callable[[Path], Path]
    zh: tuple[str, ...]
    en: tuple[str, ...]
    options: tuple[str, ...] = ()
    kind: str = "buildings"


def _bytes(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _folder(folder: Path) -> Path:
    (folder / "x.gpkg").mkdir()
    return folder / "x.gpkg"


def _frame(name: str, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame | None]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        frame = houses()
        return put(frame if (changed := change(frame)) is None else changed, folder / name)

    return make


def _with(position: int, geometry: shapely.Geometry | None) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    def change(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        shapes = list(frame.geometry)
        shapes[position] = geometry
        return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))

    return change


def _no_crs_metres(folder: Path) -> Path:
    # Metres with no zone number; without a county in the database nothing tells the central meridian.
    path = put(houses(), folder / "unknown.shp")
    path.with_suffix(".prj").unlink()
    return path


def _no_crs_degrees_abroad(folder: Path) -> Path:
    frame = houses().set_crs(4326, allow_override=True)
    path = put(frame.set_geometry([shapely.box(2.3, 48.8, 2.301, 48.801)] * 5), folder / "paris.shp")
    path.with_suffix(".prj").unlink()
    return path


def _in_the_sea(folder: Path) -> Path:
    frame = houses().set_geometry([shapely.box(0.1 * k, 0.1, 0.1 * k + 0.01, 0.11) for k in range(5)], crs=4326)
    return put(frame, folder / "sea.gpkg")


def _wrong_zone(folder: Path) -> Path:
    # Coordinates of zone 36 (108E) under the label of EPSG:4547 (114E), as public repositories have it.
    return put(houses().set_crs(4547, allow_override=True), folder / "zone.gpkg")


def _degrees_that_are_metres(folder: Path) -> Path:
    return put(houses().set_crs(4490, allow_override=True), folder / "metres.gpkg")


def _metres_that_are_degrees(folder: Path) -> Path:
    return put(houses().to_crs(4490).set_crs(4545, allow_override=True), folder / "degrees.gpkg")


def _mixed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = list(frame.geometry)
    shapes[1] = Point(EAST, NORTH)
    shapes[3] = LineString([(EAST, NORTH), (EAST + 5, NORTH)])
    return frame.set_geometry(gpd.GeoSeries(shapes, crs=frame.crs))


def _duplicate(frame: gpd.GeoDataFrame) -> None:
    frame.loc[3, "building_id"] = "H2"


def _truncated_zip(folder: Path) -> Path:
    archive = zipped([put(houses(200), folder / "h.shp")], folder / "cut.zip")
    archive.write_bytes(archive.read_bytes()[:-200])
    return archive


def _damaged_zip(folder: Path) -> Path:
    archive = zipped([put(houses(200), folder / "h.shp")], folder / "bad.zip")
    data = bytearray(archive.read_bytes())
    data[200:260] = bytes(60)
    archive.write_bytes(data)
    return archive


def _slip(entry: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        inner = put(houses(), folder / "inner.geojson")
        with zipfile.ZipFile(folder / "slip.zip", "w") as opened:
            opened.write(inner, "a.geojson")
            opened.writestr(entry, b"owned")
        return folder / "slip.zip"

    return make


def _link_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "link.zip", "w") as opened:
        entry = zipfile.ZipInfo("houses.geojson")
        entry.external_attr = 0o120777 << 16
        opened.writestr(entry, "/etc/passwd")
    return folder / "link.zip"


def _clashing_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "clash.zip", "w") as opened:
        opened.writestr("a", b"file")
        opened.writestr("a/houses.geojson", b"{}")
    return folder / "clash.zip"


def _zip_of(*names: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "several.zip", "w") as opened:
            for name in names:
                opened.writestr(name, b"{}")
        return folder / "several.zip"

    return make


def _truncated(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = put(houses(300), folder / name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
        return path

    return make


def _empty_layer(name: str) -> Callable[[Path], Path]:
    return _frame(name, lambda frame: frame.iloc[:0])


def _nan_gpkg(folder: Path) -> Path:
    """A GeoPackage whose second polygon has a NaN: writers refuse to make one, so the bytes are set by hand."""
    path = put(houses(), folder / "nan.gpkg")
    with sqlite3.connect(path) as db:
        for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{trigger}"')
        (blob,) = db.execute("SELECT geom FROM nan WHERE building_id = 'H2'").fetchone()
        at = blob.rindex(struct.pack("<d", shapely.get_coordinates(square(1))[2][0]))
        db.execute(
            "UPDATE nan SET geom = ? WHERE building_id = 'H2'",
            (blob[:at] + struct.pack("<d", float("nan")) + blob[at + 8 :],),
        )
    db.close()
    return path


def _nan_csv(folder: Path) -> Path:
    path = folder / "nan.csv"
    path.write_text(
        "school,name,经度,纬度,类型\nS1,一小,107.374,24.511,学校\nS2,二小,NaN,24.511,学校\nS3,三小,abc,24.5,学校\n"
    )
    return path


def _broken_xlsx(folder: Path) -> Path:
    source = put(houses(), folder / "good.xlsx")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(folder / "broken.xlsx", "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry, data[: len(data) // 2] if "sheet1" in entry.filename else data)
    return folder / "broken.xlsx"


def _bad_encoding(folder: Path) -> Path:
    path = folder / "bytes.csv"
    path.write_bytes(b"building_id,wkt\n" + b"\xff\xfe\x81"[::-1] + b"\x81\xff,POINT(0 0)\n")
    return path


def _use(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.assign(use_class=["经营性", "自住", "飞机场", "其他", "经营"])


CASES = [
    *(
        Case(f"empty_{suffix[1:]}", _bytes(f"nothing{suffix}", b""), (f"nothing{suffix}", "空文件", "重新导出"),
             (f"nothing{suffix}", "empty file", "export it again"))
        for suffix in (".shp", ".gpkg", ".geojson", ".kml", ".parquet", ".csv", ".xlsx", ".zip")
    ),
    *(
        Case(f"no_rows_{name}", _empty_layer(name), (name, "一行数据也没有"), (name, "no rows"))
        for name in ("none.gpkg", "none.shp", "none.parquet")
    ),
    Case("no_rows_geojson", _bytes("none.geojson", b'{"type":"FeatureCollection","features":[]}'), ("none.geojson",),
         ("none.geojson",)),
    Case("no_crs_metres", _no_crs_metres, ("没有坐标系说明", "中央经线", "--crs"), ("no CRS", "central meridian", "--crs")),
    Case("no_crs_abroad", _no_crs_degrees_abroad, ("没有坐标系说明", "--crs"), ("no CRS", "--crs")),
    Case("in_the_sea", _in_the_sea, ("经度 0.2", "--crs"), ("0.2", "--crs")),
    Case("wrong_zone", _wrong_zone, ("EPSG:4547", "--crs"), ("114", "--crs")),
    Case("metres_as_degrees", _degrees_that_are_metres, ("是米", "--crs"), ("are metres", "--crs")),
    Case("degrees_as_metres", _metres_that_are_degrees, ("像经纬度", "--crs"), ("look like degrees", "--crs")),
    Case("unknown_crs", _frame("a.gpkg", lambda f: f), ("EPSG:99999",), ("EPSG:99999",), ("--crs", "EPSG:99999")),
    Case("mixed_types", _frame("mixed.gpkg", _mixed), ("第 2 行", "Point", "轮廓", "另有 1 行"),
         ("row 2", "Point", "outlines", "1 more")),
    Case("points", _frame("points.gpkg", lambda f: f.set_geometry(f.centroid)), ("第 1 行", "Point", "轮廓"),
         ("row 1", "Point", "outlines")),
    Case("null_geometry", _frame("null.gpkg", _with(2, None)), ("第 3 行", "图形为空", "补画"),
         ("row 3", "empty or missing", "draw or delete")),
    Case("empty_geometry", _frame("void.gpkg", _with(2, shapely.Polygon())), ("第 3 行", "图形为空"),
         ("row 3", "empty or missing")),
    Case("all_empty", _frame("void.parquet", lambda f: f.set_geometry([None] * 5, crs=4545)), ("5 行", "第 1 行"),
         ("5 rows", "row 1")),
    Case("nan_coordinates", _nan_gpkg, ("第 2 行", "坐标不是有效数字"), ("row 2", "not a finite number")),
    Case("nan_in_a_sheet", _nan_csv, ("第 3 行", "另有 1 行"), ("row 3", "1 more"), ("--field", "zone_id=school"), "zones"),
    Case("inf_coordinates", _frame("inf.parquet", _with(1, shapely.Polygon([(EAST, NORTH), (float("inf"), NORTH),
         (EAST, NORTH + 9)]))), ("第 2 行", "坐标不是有效数字"), ("row 2", "not a finite number")),
    Case("flat", _frame("flat.gpkg", _with(4, shapely.Polygon([(EAST, NORTH), (EAST + 1, NORTH), (EAST, NORTH)]))),
         ("第 5 行", "面积"), ("row 5", "area")),
    Case("duplicate_id", _frame("twice.gpkg", _duplicate), ("第 4 行", "H2", "第 2 行", "改正"),
         ("row 4", "H2", "row 2", "correct")),
    Case("missing_id_column", _frame("noid.gpkg", lambda f: f.drop(columns="building_id")),
         ("building_id", "--field building_id=", "@geometry"), ("building_id", "--field building_id=", "@geometry")),
    Case("missing_id", _frame("gap.gpkg", lambda f: f.assign(building_id=["H1", None, "H3", "", "H5"])),
         ("第 2 行", "缺少 building_id", "补填"), ("row 2", "building_id is missing", "fill it in")),
    Case("unknown_use", _frame("use.gpkg", _use), ("第 3 行", "飞机场", "住宅兼经营", "更正"),
         ("row 3", "飞机场", "commercial", "correct the cell")),
    Case("storeys_no_number", _frame("floors.gpkg", lambda f: f.assign(floors=["1", "二", "二十三四", "x", "三层"])),
         ("第 3 行", "floors", "另有 1 行"), ("row 3", "floors", "1 more")),
    Case("people_negative", _frame("people.gpkg", lambda f: f.assign(people=[1, 2, 3, 4, -5])),
         ("第 5 行", "people", "-5"), ("row 5", "people", "-5")),
    Case("zone_kind_unknown", _frame("kind.gpkg", lambda f: f.assign(kind=["学校", "市场", "庙", "医院", "学校"])),
         ("第 3 行", "庙", "集贸市场"), ("row 3", "庙", "market"), ("--field", "zone_id=building_id"), "zones"),
    Case("unknown_field_option", _frame("a.gpkg", lambda f: f), ("colour", "floors"), ("colour", "floors"),
         ("--field", "colour=floors")),
    Case("unknown_column_option", _frame("a.gpkg", lambda f: f), ("没有列", "stockwerke"), ("no column", "stockwerke"),
         ("--field", "floors=stockwerke")),
    Case("unknown_layer", _frame("a.gpkg", lambda f: f), ("没有这个图层",), ("no such layer",), ("--layer", "zzz")),
    Case("zip_truncated", _truncated_zip, ("cut.zip", "损坏", "重新"), ("cut.zip", "damaged", "again")),
    Case("zip_damaged", _damaged_zip, ("bad.zip",), ("bad.zip",)),
    *(
        Case(f"zip_slip_{n}", _slip(entry), ("slip.zip", "包外", "重新压缩"), ("slip.zip", "outside itself", "again"))
        for n, entry in enumerate(("../owned.txt", "/tmp/owned.txt", "x/../../owned.txt", "..\\owned.txt", "C:\\owned"))
    ),
    Case("zip_link", _link_zip, ("link.zip", "包外"), ("link.zip", "outside itself")),
    Case("zip_clash", _clashing_zip, ("clash.zip",), ("clash.zip",)),
    Case("zip_several", _zip_of("a.geojson", "b.geojson"), ("a.geojson", "b.geojson", "逐个"), ("a.geojson", "one by one")),
    Case("zip_nothing", _zip_of("readme.txt"), ("没有可导入",), ("no data",)),
    *(
        Case(f"truncated_{name.split('.')[1]}", _truncated(name), (name,), (name,))
        for name in ("cut.gpkg", "cut.geojson", "cut.parquet", "cut.kml", "cut.xlsx")
    ),
    Case("broken_xlsx", _broken_xlsx, ("broken.xlsx",), ("broken.xlsx",)),
    *(
        Case(f"not_{suffix[1:]}", _bytes(f"fake{suffix}", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 nothing of the kind"),
             (f"fake{suffix}",), (f"fake{suffix}",))
        for suffix in (".shp", ".gpkg", ".geojson", ".kml", ".parquet", ".xlsx", ".zip", ".csv")
    ),
    Case("gpkg_called_geojson", lambda folder: put(houses(), folder / "a.gpkg").rename(folder / "a.geojson"),
         ("a.geojson", "不是 .geojson", "改名"), ("a.geojson", "not what its name says", "rename")),
    Case("unknown_kind_of_file", _bytes("plan.dwg", b"AC1027"), (".dwg", "gpkg"), (".dwg", "gpkg")),
    Case("no_such_file", lambda folder: folder / "gone.shp", ("找不到文件",), ("no file",)),
    Case("a_folder", _folder, ("文件夹",), ("folder",)),
    Case("sheet_without_coordinates", _bytes("list.csv", "房屋编号,层数\nH1,3\n".encode()), ("经度", "WKT"), ("longitude", "WKT")),
    Case("bytes_of_no_encoding", _bad_encoding, ("编码", "--encoding"), ("encoding", "--encoding")),
    Case("no_geometry_at_all", _bytes("flat.geojson", json.dumps({"type": "FeatureCollection", "features": [
         {"type": "Feature", "properties": {"building_id": "H1"}, "geometry": None}]}).encode()), ("图形为空", "补画"),
         ("empty or missing", "draw or delete")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(shared_database: Database, tmp_path: Path, case: Case):
    path = case.make(tmp_path)
    before = shared_database.counts()
    for lang, wanted in (("zh", case.zh), ("en", case.en)):
        said = shared_database.cli("import", case.kind, path, *case.options, lang=lang)
        assert said.code == 1, said
        assert said.out == ""
        assert said.err.endswith("\n")
        assert said.err.count("\n") == 1, f"one sentence: {said.err!r}"
        assert len(said.err) < 700
        for part in wanted:
            assert part in said.err, said.err
        assert not any(word in said.err for word in ("Traceback", "psycopg", "pyogrio", "Error", "internal")), said.err
    assert shared_database.counts() == before
    assert not Path("/tmp/owned.txt").exists()
    assert not (tmp_path.parent / "owned.txt").exists()


def test_ten_million_vertices(shared_database: Database, tmp_path: Path):
    frame = houses(2)
    frame = frame.set_geometry([many_vertices(10_000_000), square(1)], crs=4545)
    path = put(frame, tmp_path / "large.parquet")
    before = shared_database.counts()
    said = shared_database.cli("import", "buildings", path)
    # A slow machine is told what is being done ("… …") before the one sentence.
    assert (said.code, sum(not line.endswith("…") for line in said.err.splitlines())) == (1, 1)
    assert "row 1" in said.err
    assert "10,000,001 vertices" in said.err
    assert "simplify" in said.err
    assert shared_database.counts() == before


def test_a_process_says_it_the_same_way(shared_database: Database, tmp_path: Path):
    """Once in a process of its own: the exit status and the streams are the shell's."""
    path = put(houses().set_geometry([Point(EAST, NORTH)] * 5), tmp_path / "p.gpkg")
    said = shared_database.process("import", "buildings", path, lang="zh")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "房屋需要轮廓" in said.err
    assert shared_database.process("import", "buildings", path, "--datum", "mars").code == 2
    assert shared_database.process("import", "buildings", path, "--field", "nonsense").code == 2
    assert shared_database.process("import", "ufos", path).code == 2


def test_self_crossing_outlines_are_mended_and_counted(database: Database, tmp_path: Path):
    x, y = EAST, NORTH
    eight = shapely.Polygon([(x, y), (x + 10, y + 10), (x + 10, y), (x, y + 10)])
    path = put(_with(1, eight)(houses()), tmp_path / "eight.gpkg")
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert "1 invalid geometries" in said.err
    assert "read 5 = loaded 5" in said.out
    area, valid = database.ask("SELECT ST_Area(geom), ST_IsValid(geom) FROM gis.building WHERE building_id = 'H2'")[0]
    assert valid
    assert area == pytest.approx(50, abs=1e-6), "both lobes are kept"


def test_refused_in_the_sea_of_a_known_county(database: Database, tmp_path: Path):
    county = gpd.GeoDataFrame(
        {"code": ["451224"], "name": ["东兰县"], "level": ["county"]}, geometry=[shapely.box(107.0, 24.2, 107.7, 24.8)],
        crs=4490,
    )  # fmt: skip
    assert database.cli("import", "boundaries", put(county, tmp_path / "c.gpkg")).code == 0
    said = database.cli("import", "buildings", _in_the_sea(tmp_path))
    assert said.code == 1
    assert "km from the county" in said.err
    # Next door but one: valid in the work CRS, and still not here.
    away = houses().set_geometry(houses().translate(150_000, 0), crs=4545)
    said = database.cli("import", "buildings", put(away, tmp_path / "away.gpkg"))
    assert said.code == 1
    assert "km from the county" in said.err
