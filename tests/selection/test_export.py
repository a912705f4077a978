"""Lists as files: every format opens again with the same houses; GeoJSON by RFC 7946; no formula gets through."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely

from tests.conftest import Database, cloned

_EVIL = '=HYPERLINK("http://x","y")'
_FORMATS = ("xlsx", "csv", "geojson", "gpkg", "parquet")


@pytest.fixture(scope="module")
def listed(server, template: str, tmp_path_factory) -> dict[str, Path]:
    """One selection written in every format: clockwise outlines as shapefiles have them, a hole, names that bite."""
    folder = tmp_path_factory.mktemp("lists")
    with cloned(server, template) as database:
        database.ask(
            """
            INSERT INTO gis.building (building_id, name, address, floors, people, business_uses, geom)
            SELECT 'H' || n, CASE n WHEN 1 THEN %s WHEN 2 THEN '+86' WHEN 3 THEN '@x' ELSE '房屋' || n END,
                   CASE n WHEN 4 THEN '一' || chr(9) || '二' END, CASE WHEN n < 5 THEN n END, NULL,
                   CASE n WHEN 5 THEN '{catering,retail}'::text[] ELSE '{}' END,
                   ST_ForcePolygonCW(ST_Multi(ST_Difference(
                       ST_MakeEnvelope(436500 + 20 * n, 2712000, 436510 + 20 * n, 2712010, 4545),
                       ST_MakeEnvelope(436502 + 20 * n, 2712002, 436504 + 20 * n, 2712004, 4545))))
            FROM generate_series(1, 6) AS n
            """,
            _EVIL,
        )
        database.judge("true", "some")
        files = {}
        for suffix in _FORMATS:
            files[suffix] = folder / f"名单.{suffix}"
            said = database.cli("select", "--rule", "hazard", "--out", files[suffix])
            assert said.code == 0, said.err
            assert "6 buildings" in said.out
    assert sorted(p.name for p in folder.iterdir()) == sorted(p.name for p in files.values()), "no half files"
    return files


def _rows(path: Path) -> list[list[object]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as opened:
            return [list(row) for row in csv.reader(opened)]
    return [[c.value for c in row] for row in openpyxl.load_workbook(path).active.iter_rows(min_row=3)]


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_sheets(listed: dict[str, Path], suffix: str):
    heads, *rows = _rows(listed[suffix])
    assert heads[:3] == ["序号", "房屋编号", "名称"]
    assert {"优先分", "选取原因", "安全隐患", "经度", "纬度"} <= set(heads)
    assert [r[1] for r in rows] == ["H1", "H2", "H3", "H4", "H5", "H6"]
    assert [r[2] for r in rows][:3] == [f"'{_EVIL}", "'+86", "'@x"]
    at = {name: k for k, name in enumerate(heads)}
    assert [str(r[at["层数"]] or "") for r in rows] == ["1", "2", "3", "4", "", ""]
    assert rows[4][at["经营用途"]] == "餐饮饭店；批发零售"
    assert "存在一定安全隐患" in str(rows[0][at["选取原因"]])
    assert float(str(rows[0][at["经度"]])) == pytest.approx(107.3737, abs=1e-3)
    assert float(str(rows[0][at["纬度"]])) == pytest.approx(24.5107, abs=1e-3)
    if suffix == "xlsx":
        cells = [c for row in openpyxl.load_workbook(listed[suffix]).active.iter_rows() for c in row]
        assert not [c.coordinate for c in cells if c.data_type == "f"]


def test_a_sheet_is_ready_to_print(listed: dict[str, Path]):
    sheet = openpyxl.load_workbook(listed["xlsx"]).active
    assert sheet["A1"].value == "优先排查名单"
    said = sheet["A2"].value
    assert "全部房屋；符合任一：重点问题：安全隐患。" in said
    assert "共 6 栋。" in said
    assert re.search(r"导出：cli:.+，\d{4}-\d\d-\d\d \d\d:\d\d。", said), "who, and when by the county's clock"
    assert sheet.print_title_rows == "$3:$3"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape",
        1,
        0,
    )
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.auto_filter.ref.startswith("A3:")


def test_geojson_by_rfc_7946(listed: dict[str, Path]):
    collection = json.loads(listed["geojson"].read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    assert len(collection["features"]) == 6
    for feature in collection["features"]:
        assert feature["properties"]["floors"] is None or isinstance(feature["properties"]["floors"], int)
        parts = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
        assert sum(len(p.interiors) for p in parts) == 1
        for part in parts:
            assert part.exterior.is_ccw, "exterior rings are counterclockwise"
            assert not any(hole.is_ccw for hole in part.interiors), "holes are clockwise"
            assert 107.3 < part.centroid.x < 107.5
            assert 24.4 < part.centroid.y < 24.6
    evil = collection["features"][0]["properties"]["name"]
    assert evil == _EVIL, "a program's format keeps the text as it is"
    assert isinstance(collection["features"][0]["properties"]["reasons"], list)


@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_layers_keep_the_work_srid(listed: dict[str, Path], suffix: str):
    path = listed[suffix]
    frame = gpd.read_parquet(path) if suffix == "parquet" else gpd.read_file(path, engine="pyogrio")
    assert frame.crs.to_epsg() == 4545
    assert frame["building_id"].tolist() == ["H1", "H2", "H3", "H4", "H5", "H6"]
    assert frame.area.round(6).tolist() == [96.0] * 6
    assert frame["name"].iloc[0] == _EVIL


def test_what_cannot_be_written(database: Database, tmp_path: Path):
    database.ask(
        "INSERT INTO gis.building (building_id, geom) VALUES ('H', "
        "ST_Multi(ST_MakeEnvelope(436500, 2712000, 436510, 2712010, 4545)))"
    )
    database.judge("true", "some")
    for name in ("list.docx", "list", "gone/list.csv"):
        said = database.cli("select", "--rule", "hazard", "--out", tmp_path / name)
        assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert database.one("SELECT count(*) FROM gis.run") == 0, "no run is kept of a list that nobody got"


@pytest.mark.parametrize("suffix", _FORMATS)
def test_an_empty_list_is_a_list(database: Database, tmp_path: Path, suffix: str):
    said = database.cli("select", "--rule", "hazard", "--out", tmp_path / f"none.{suffix}")
    assert said.code == 0, said.err
    assert "0 buildings" in said.out
    assert (tmp_path / f"none.{suffix}").stat().st_size > 0
    if suffix in {"csv", "xlsx"}:
        assert _rows(tmp_path / f"none.{suffix}")[0][0] == "序号"
    elif suffix == "geojson":
        assert json.loads((tmp_path / "none.geojson").read_text())["features"] == []


def test_terms_on_the_command_line(demo_database: Database, tmp_path: Path):
    out = tmp_path / "a.csv"
    said = demo_database.process("select", "--zone", "school=100", "--rule", "hazard", "--within", "东兰镇",
                                 "--without", "zone:market=50", "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    rows = _rows(out)
    assert len(rows) > 10
    assert {r[rows[0].index("乡镇")] for r in rows[1:]} == {"东兰镇"}
    assert f"{len(rows) - 1:,} buildings" in said.out
    for bad in (["--zone", "school=x"], ["--zone", "temple=5"], ["--rule", "nope"], ["--area", "无此地"],
                ["--without", "nonsense"]):  # fmt: skip
        answer = demo_database.cli("select", *bad, "--out", tmp_path / "b.csv")
        assert (answer.code, answer.err.count("\n")) == (1, 1), (bad, answer)
    assert demo_database.cli("select", "--min-floors", "0", "--out", out).code == 2
