"""Every format brings the same houses; text is read in its own encoding; names of ten bytes are understood."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_service.errors import InputError
from gis_service.ingest.dbf import encoding_of
from gis_service.ingest.source import read
from tests.conftest import Database
from tests.ingest.make import houses, put, zipped

CHINESE = ["武篆镇农家乐", "东兰县城老街", "𠮷野家", "三石镇中心小学", "巴畴乡"]


def _survey() -> gpd.GeoDataFrame:
    return houses().rename(columns={"building_id": "房屋编号", "floors": "建筑层数"}).assign(名称=CHINESE)


def _stored(database: Database) -> list[tuple[object, ...]]:
    return database.ask(
        "SELECT building_id, name, floors, round(ST_Area(geom)::numeric, 2)::float FROM gis.building ORDER BY 1"
    )


def _as_zip(path: Path) -> Path:
    return zipped([path], path.with_suffix(".zip"))


def _gdb_zip(path: Path) -> Path:
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as opened:
        for file in path.rglob("*"):
            opened.write(file, f"{path.name}/{file.relative_to(path)}")
    return archive


@pytest.mark.parametrize(
    "name",
    ["h.shp", "h.shp.zip", "h.gpkg", "h.gpkg.zip", "h.geojson", "h.gdb", "h.gdb.zip", "h.kml", "h.parquet", "h.csv",
     "h.xlsx"],
)  # fmt: skip
def test_the_same_houses_from_every_format(database: Database, tmp_path: Path, name: str):
    inner = name.removesuffix(".zip")
    frame = _survey()
    if inner == "h.kml":  # KML has a Name of its own; the rest are typed fields
        frame = frame.rename(columns={"名称": "Name"})
    path = put(frame, tmp_path / inner, **({"encoding": "UTF-8"} if inner == "h.shp" else {}))
    if name.endswith(".zip"):
        path = _gdb_zip(path) if path.is_dir() else _as_zip(path)
    options = ["--crs", "4545"] if inner in {"h.csv", "h.xlsx"} else []
    said = database.cli("import", "buildings", path, *options)
    assert said.code == 0, said.err
    assert "read 5 = loaded 5 + unchanged 0 + updated 0 + rejected 0" in said.out
    wanted = [(f"H{k + 1}", CHINESE[k], k % 4 + 1, 100.0) for k in range(5)]
    assert _stored(database) == [(i, n, f, pytest.approx(a, abs=0.5)) for i, n, f, a in wanted]

    again = database.cli("import", "buildings", path, *options)
    assert "read 5 = loaded 0 + unchanged 5 + updated 0 + rejected 0" in again.out, again.out + again.err


def test_the_right_layer_of_several(database: Database, tmp_path: Path):
    path = put(houses(3), tmp_path / "county.gdb", layer="房屋")
    put(houses(2), path, layer="旧房屋")
    said = database.cli("import", "buildings", path)
    assert said.code == 1
    assert "房屋" in said.err
    assert "旧房屋" in said.err
    assert "--layer" in said.err
    assert "loaded 2" in database.cli("import", "buildings", path, "--layer", "旧房屋").out


@pytest.mark.parametrize(("codec", "cpg"), [("gb18030", None), ("gb18030", "GBK"), ("utf-8", None), ("utf-8", "UTF-8"),
                                            ("gb18030", "UTF-8")])  # fmt: skip
def test_shapefile_text(database: Database, tmp_path: Path, codec: str, cpg: str | None):
    """A .cpg that lies (the last case) does not spoil the text: what it names must decode all of it, strictly."""
    frame = _survey().rename(columns={"建筑层数": "层数"}).assign(名称=["武篆", "东兰老街", "三石", "巴畴", "兰木"])
    path = put(frame, tmp_path / "h.shp", encoding=codec)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # no language id either
    path.with_suffix(".dbf").write_bytes(dbf)
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    assert database.cli("import", "buildings", path).code == 0
    names = [n for (n,) in database.ask("SELECT name FROM gis.building ORDER BY building_id")]
    assert names == ["武篆", "东兰老街", "三石", "巴畴", "兰木"]


def test_field_names_cut_by_the_dbf(database: Database, tmp_path: Path):
    """Ten bytes: three Chinese characters of UTF-8, five of GBK, building_i."""
    frame = houses().rename(columns={"building_id": "自建房编号", "floors": "地上层数"})
    frame = frame.assign(乡镇行政区划代码=["451224100"] * 5, 安全隐患初判=["严重", "一定", "未发现", "", "基本安全"])
    path = put(frame, tmp_path / "utf8.shp", encoding="UTF-8")
    assert "自建房编".encode() not in path.with_suffix(".dbf").read_bytes(), "the file really has cut names"
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    got = database.ask("SELECT building_id, floors, township_code, hazard_tier FROM gis.building ORDER BY 1")
    assert [row[3] for row in got] == ["severe", "some", "none_found", "unjudged", "none_found"]
    assert {row[2] for row in got} == {"451224100"}
    assert [row[1] for row in got] == [1, 2, 3, 4, 1]


def test_a_text_cut_inside_a_character(database: Database, tmp_path: Path):
    """Twenty bytes hold six characters of UTF-8 and a third of the seventh."""
    path = put(houses(1).assign(名称=["东兰县武篆镇农家乐"]), tmp_path / "h.shp", encoding="UTF-8")
    dbf = path.with_suffix(".dbf")
    name = "东兰县武篆镇农家乐".encode()
    dbf.write_bytes(dbf.read_bytes().replace(name, name[:20].ljust(len(name))))
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert database.one("SELECT name FROM gis.building") == "东兰县武篆镇"


@pytest.mark.parametrize(
    ("file", "codec", "text"),
    [("gbk.dbf", "gb18030", "简体国语"), ("gb2312.dbf", "gb18030", "简体国语"), ("utf8.dbf", "utf-8", "国语國語")],
)
def test_real_dbf(shared_data: Path, file: str, codec: str, text: str):
    path = shared_data / "messy" / "dbf_only" / file
    assert encoding_of(path).codec == codec
    assert text.encode(codec)[:4] in path.read_bytes()


def test_big5_is_asked_about_or_told(shared_data: Path, database: Database, tmp_path: Path):
    """Big5 without a word about it may decode as GB18030 nonsense: --encoding must win."""
    path = put(houses(1), tmp_path / "h.shp")
    shutil.copy(shared_data / "messy" / "dbf_only" / "big5.dbf", tmp_path / "h.dbf")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    source = read(path, None, "big5")
    assert source.encoding == "big5"
    assert "繁體國語" in source.frame.iloc[0].astype(str).tolist()
    with pytest.raises(InputError):
        read(path, None, "klingon")


def test_gb18030_without_cpg(shared_data: Path):
    source = read(shared_data / "messy" / "shp_gb18030_no_cpg" / "chinese_poly.shp")
    assert source.encoding == "gb18030"
    assert source.frame["NAME"].tolist() == ["黑龙江省"]


def test_gbk_by_language_id(shared_data: Path):
    source = read(shared_data / "messy" / "shp_gbk_ldid7A" / "chinese.shp")
    assert source.encoding == "gb18030"
    assert source.frame["NAME"].tolist() == ["简体"]


def test_undecodable_text_is_never_replaced(database: Database, tmp_path: Path):
    path = put(_survey().rename(columns={"建筑层数": "层数"}), tmp_path / "h.shp", encoding="UTF-8")
    path.with_suffix(".cpg").unlink(missing_ok=True)
    dbf = path.with_suffix(".dbf").read_bytes()
    # A byte that is neither UTF-8 nor GB18030 in the middle of a name.
    path.with_suffix(".dbf").write_bytes(dbf.replace("武篆".encode(), b"\xff\xff" + b"AAAA"))
    said = database.cli("import", "buildings", path)
    assert said.code == 1
    assert "--encoding" in said.err
    assert database.one("SELECT count(*) FROM gis.building") == 0


@pytest.mark.parametrize("name", ["merged_title_then_header.xlsx", "dimension_XFD2.xlsx", "escaped_x000D.xlsx"])
def test_real_workbooks_have_no_coordinates_and_say_so(shared_data: Path, database: Database, name: str):
    said = database.cli("import", "zones", shared_data / "messy" / "xlsx" / name)
    assert said.code == 1
    assert said.err.count("\n") == 1, said.err
    assert "longitude" in said.err


def test_a_sheet_as_counties_send_it(database: Database, tmp_path: Path):
    """A merged title, a blank line, a header with line breaks, and a claimed width of 16,384 columns."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["东兰县学校一览表"])
    sheet.merge_cells("A1:E1")
    sheet.append([])
    sheet.append(["学校代码", "名称", "类\n别", "经\n度", "纬度"])
    sheet.append(["S1", "东兰县_x000D_高中", "中学", 107.374, 24.511])
    sheet.append([])
    sheet.append([451224001, "武篆小学", "小学", "107.375", "24.512"])
    book.save(tmp_path / "学校.xlsx")
    said = database.cli("import", "zones", tmp_path / "学校.xlsx")
    assert said.code == 0, said.err
    assert "points" in said.err, "a warning about zones that are points"
    got = database.ask("SELECT zone_id, kind, name, GeometryType(geom), round(ST_X(ST_Transform(geom, 4490))::numeric, 6) "
                       "FROM gis.key_zone ORDER BY 1")  # fmt: skip
    assert [(i, k, g) for i, k, _, g, _ in got] == [("451224001", "school", "POINT"), ("S1", "school", "POINT")]
    assert got[1][2].replace("\r", "") == "东兰县高中"
    assert [float(x) for *_, x in got] == [107.375, 107.374]


def test_csv_of_a_chinese_office(database: Database, tmp_path: Path):
    path = tmp_path / "水源.csv"
    path.write_bytes(
        "水源编号;类型;名称;经度;纬度\r\nW1;水塘;一号塘;107.374;24.511\r\nW2;;;107.375;24.511\r\n".encode("gb18030")
    )
    said = database.cli("import", "hydrants", path)
    assert said.code == 0, said.err
    assert database.ask("SELECT hydrant_id, kind, name FROM gis.hydrant ORDER BY 1") == [
        ("W1", "pond", "一号塘"),
        ("W2", "hydrant", None),
    ]


def test_roads(database: Database, tmp_path: Path):
    lines = gpd.GeoDataFrame(
        {"osm_id": ["1", "2"], "highway": ["track", None], "宽度": [4.5, -9999]},
        geometry=[shapely.LineString([(436000, 2712000), (436100, 2712000)]),
                  shapely.MultiLineString([[(436000, 2712100), (436100, 2712100)], [(0, 2712000), (1, 2712000)]])],
        crs=4545,
    )  # fmt: skip
    said = database.cli("import", "roads", put(lines, tmp_path / "r.gpkg"))
    assert said.code == 0, said.err
    assert database.ask("SELECT road_id, class, width_m FROM gis.road ORDER BY 1") == [
        ("1", "track", 4.5),
        ("2", None, None),
    ]


def test_boundaries_take_their_level_from_the_code(shared_data: Path, database: Database):
    """The real outlines carry a code and a name and no level: six digits are a county."""
    said = database.cli("import", "boundaries", shared_data / "admin" / "counties_cgcs2000.geojson")
    assert said.code == 0, said.err
    assert database.one("SELECT count(*) FROM gis.admin_area WHERE level = 'county'") == 21


def test_boundaries_of_an_unclear_level_are_refused(database: Database, tmp_path: Path):
    frame = gpd.GeoDataFrame({"code": ["45122410"], "name": ["x"]}, geometry=[houses(1).geometry[0]], crs=4545)
    said = database.cli("import", "boundaries", put(frame, tmp_path / "b.gpkg"))
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "level" in said.err


def test_a_stem_with_brackets_keeps_its_fingerprint(database: Database, tmp_path: Path):
    """The record of an import holds the digest of what was read, whatever the file is called."""
    one = put(houses(2), tmp_path / "房屋[1].gpkg")
    two = put(houses(3), tmp_path / "copy.shp")
    for part in list(tmp_path.glob("copy.*")):
        part.rename(tmp_path / f"房屋[2]{part.suffix}")
    assert len({read(p).sha256 for p in (one, tmp_path / "房屋[2].shp")}) == 2
    import hashlib

    assert read(tmp_path / "房屋[2].shp").sha256 != hashlib.sha256(b"").hexdigest()
    assert two.name == "copy.shp"


def test_what_gdal_says_is_not_shown(database: Database, tmp_path: Path):
    frame = pd.DataFrame({"房屋编号": ["H1"], "经度": [107.374], "纬度": [24.511]})
    path = tmp_path / "p.xlsx"
    frame.to_excel(path, index=False)
    said = database.process("import", "hydrants", path, "--field", "hydrant_id=房屋编号")
    assert (said.code, "Warning" in said.err) == (0, False), said.err
