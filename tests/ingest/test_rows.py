"""What becomes of the rows: new, unchanged, updated, rejected, and always all of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_service.ingest.importer import Options, import_file
from tests.conftest import Database
from tests.ingest.make import EAST, NORTH, houses, put, square


def _sum(database: Database) -> tuple[int, ...]:
    return database.ask(
        "SELECT read_rows, loaded, unchanged, updated, rejected FROM gis.import ORDER BY import_id DESC LIMIT 1"
    )[0]


def test_a_changed_row_is_updated_and_recorded(database: Database, tmp_path: Path):
    frame = houses(6)
    assert database.cli("import", "buildings", put(frame, tmp_path / "a.gpkg")).code == 0
    version = database.one("SELECT gis.version_of_data()")
    assert database.ask("SELECT 1 FROM gis.change") == []

    frame.loc[2, "floors"] = 7
    shapes = list(frame.geometry)
    shapes[4] = square(4, 11.0)
    frame = pd.concat([frame.set_geometry(shapes, crs=4545), houses(7).iloc[6:]])
    assert database.cli("import", "buildings", put(frame, tmp_path / "b.gpkg")).code == 0
    assert _sum(database) == (7, 1, 4, 2, 0)
    assert database.one("SELECT gis.version_of_data()") == version + 1
    changes = database.ask("SELECT key, before, after, import_id FROM gis.change ORDER BY key")
    assert [c[0] for c in changes] == ["H3", "H5"]
    assert (changes[0][1]["floors"], changes[0][2]["floors"]) == (3, 7)
    assert changes[1][1]["floors"] == changes[1][2]["floors"]
    assert changes[1][1]["geom"] != changes[1][2]["geom"]
    last = database.one("SELECT max(import_id) FROM gis.import")
    assert {c[3] for c in changes} == {last}
    assert database.ask("SELECT floors, round(ST_Area(geom)) FROM gis.building WHERE building_id IN ('H3', 'H5') "
                        "ORDER BY building_id") == [(7, 100), (1, 121)]  # fmt: skip


def test_the_same_file_twice_changes_nothing(database: Database, tmp_path: Path):
    path = put(houses(30, name=["名"] * 30, people=range(30)), tmp_path / "h.gpkg")
    assert database.cli("import", "buildings", path).code == 0
    before = database.ask("SELECT xmin::text, b::text FROM gis.building AS b ORDER BY fid")
    version = database.one("SELECT gis.version_of_data()")
    assert database.cli("import", "buildings", path).code == 0
    assert _sum(database) == (30, 0, 30, 0, 0)
    assert database.ask("SELECT xmin::text, b::text FROM gis.building AS b ORDER BY fid") == before
    assert database.one("SELECT gis.version_of_data()") == version
    assert database.ask("SELECT 1 FROM gis.change") == []


@pytest.mark.parametrize("column", ["township_code", "village_code"])
def test_twice_with_places_that_the_file_leaves_open(database: Database, tmp_path: Path, column: str):
    """What location filled in is not undone and done again by the next import of the same file."""
    code, level, parent = ("451224100", "township", "451224") if column == "township_code" else (
        "451224100001", "village", "451224100")  # fmt: skip
    area = gpd.GeoDataFrame(
        {"code": [code], "name": ["x"], "level": [level], "parent_code": [parent]},
        geometry=[shapely.box(EAST - 1000, NORTH - 1000, EAST + 1000, NORTH + 1000)], crs=4545,
    )  # fmt: skip
    assert database.cli("import", "boundaries", put(area, tmp_path / "a.gpkg")).code == 0
    path = put(houses(4, **{column: [code, None, "", code]}), tmp_path / "h.gpkg")
    assert database.cli("import", "buildings", path).code == 0
    assert {c for (c,) in database.ask(f"SELECT {column} FROM gis.building")} == {code}
    assert database.cli("import", "buildings", path).code == 0
    assert _sum(database) == (4, 0, 4, 0, 0)
    assert database.ask("SELECT 1 FROM gis.change") == []


def test_columns_that_a_file_lacks_stay_as_they_are(database: Database, tmp_path: Path):
    full = houses(3, name=["甲", "乙", "丙"], people=[1, 2, 3])
    assert database.cli("import", "buildings", put(full, tmp_path / "a.gpkg")).code == 0
    assert database.cli("import", "buildings", put(houses(3), tmp_path / "b.gpkg")).code == 0
    assert _sum(database) == (3, 0, 3, 0, 0)
    assert database.ask("SELECT name, people FROM gis.building ORDER BY building_id") == [
        ("甲", 1),
        ("乙", 2),
        ("丙", 3),
    ]


def test_personal_data_stands_apart(database: Database, tmp_path: Path):
    path = put(houses(2, 户主=["张三", None], 联系电话=["0778-1", "0778-2"]), tmp_path / "h.gpkg")
    assert database.cli("import", "buildings", path).code == 0
    assert database.ask("SELECT building_id, owner_name, telephone FROM gis.building_person ORDER BY 1") == [
        ("H1", "张三", "0778-1"),
        ("H2", None, "0778-2"),
    ]
    assert "张三" not in str(database.ask("SELECT b::text FROM gis.building AS b"))


# --- rejects ---------------------------------------------------------------------------------------------------


def _faulty() -> gpd.GeoDataFrame:
    frame = houses(6).astype({"floors": object}).assign(
        name=["=HYPERLINK(\"http://x\")", "乙", "丙\x01丁", "+1", "戊", "@SUM(A1)"],
        use_class=["飞机场", "经营", "经营", "其他", "经营", "飞机场"],
        seen=pd.to_datetime(["2022-09-08T10:00:00+08:00"] * 6),
    )  # fmt: skip
    frame.loc[3, "building_id"] = "H2"
    return frame


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_rejects_go_to_a_file(database: Database, tmp_path: Path, suffix: str, lang: str):
    path, out = put(_faulty(), tmp_path / "h.parquet"), tmp_path / f"rejects{suffix}"
    said = database.cli("import", "buildings", path, "--rejects", out, lang=lang)
    assert said.code == 0, said.err
    assert _sum(database) == (6, 3, 0, 0, 3)
    assert out.name in said.out
    if suffix == ".csv":
        with out.open(encoding="utf-8-sig", newline="") as opened:
            rows: list[list[Any]] = list(csv.reader(opened))
    else:
        book = openpyxl.load_workbook(out)
        rows = [[c.value for c in row] for row in book.active.iter_rows()]
        assert all(c.data_type != "f" for row in book.active.iter_rows() for c in row)
    heads = ["行号", "编号", "代码", "原因", "处理办法"] if lang == "zh" else ["row", "key", "code", "reason", "remedy"]
    assert rows[0][:5] == heads
    assert [(str(r[0]), r[1], r[2]) for r in rows[1:]] == [
        ("1", "H1", "bad_value"), ("4", "H2", "duplicate_id"), ("6", "H6", "bad_value"),
    ]  # fmt: skip
    assert all(r[3] and r[4] for r in rows[1:])
    name = rows[0].index("name")
    assert [r[name] for r in rows[1:]] == ['\'=HYPERLINK("http://x")', "'+1", "'@SUM(A1)"]
    assert [p.name for p in tmp_path.iterdir() if ".part" in p.name] == []
    stored = database.ask("SELECT row_number, key, code, reason, remedy FROM gis.reject ORDER BY 1")
    assert [s[:3] for s in stored] == [(1, "H1", "bad_value"), (4, "H2", "duplicate_id"), (6, "H6", "bad_value")]
    assert all(s[3] and s[4] for s in stored)


def test_control_characters_in_a_rejected_row(database: Database, tmp_path: Path):
    frame = _faulty().assign(use_class=["经营", "经营", "飞机场", "其他", "经营", "经营"])
    out = tmp_path / "rejects.xlsx"
    said = database.cli("import", "buildings", put(frame, tmp_path / "h.parquet"), "--rejects", out)
    assert said.code == 0, said.err
    assert "丙丁" in [c.value for row in openpyxl.load_workbook(out).active.iter_rows() for c in row]


@pytest.mark.parametrize("name", ["rejects.txt", "gone/rejects.csv"])
def test_a_rejects_file_that_cannot_be_written(database: Database, tmp_path: Path, name: str):
    before = database.counts()
    said = database.cli("import", "buildings", put(_faulty(), tmp_path / "h.parquet"), "--rejects", tmp_path / name)
    assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert database.counts() == before


def test_all_rejected_is_a_refusal(database: Database, tmp_path: Path):
    out = tmp_path / "r.csv"
    path = put(houses(3, use_class=["x", "y", "z"]), tmp_path / "h.gpkg")
    said = database.cli("import", "buildings", path, "--rejects", out)
    assert said.code == 1
    assert out.exists()
    assert database.ask("SELECT 1 FROM gis.import") == []


def test_an_import_is_all_or_nothing(database: Database, tmp_path: Path):
    """A failure after the rows are staged (here: a trigger) leaves no row, no record, no change."""
    assert database.cli("import", "buildings", put(houses(3), tmp_path / "a.gpkg")).code == 0
    database.ask(
        "CREATE FUNCTION gis.stop() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'stop'; END$$;"
        "CREATE TRIGGER stop BEFORE INSERT ON gis.building FOR EACH ROW WHEN (NEW.building_id = 'H5') "
        "EXECUTE FUNCTION gis.stop()"
    )
    before = database.counts()
    frame = houses(6)
    frame.loc[0, "floors"] = 9
    said = database.cli("import", "buildings", put(frame, tmp_path / "b.gpkg"))
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert database.counts() == before


# --- what may be said about a file -----------------------------------------------------------------------------


def test_dry_run_writes_nothing(database: Database, tmp_path: Path):
    path = put(houses(5), tmp_path / "h.gpkg")
    before = database.counts()
    said = database.cli("import", "buildings", path, "--dry-run")
    assert said.code == 0
    assert "read 5 = loaded 5" in said.out
    assert "nothing written" in said.out
    assert database.counts() == before


def test_fields_constants_and_fingerprints(database: Database, tmp_path: Path):
    frame = houses(4).drop(columns="building_id").assign(stockwerke=[1, 2, 3, 4], 层数=[9, 9, 9, 9])
    path = put(frame.drop(columns="floors"), tmp_path / "h.gpkg")
    options = [
        "--field",
        "building_id=@geometry",
        "--field",
        "floors=stockwerke",
        "--field",
        "township_code==451224100",
    ]
    assert database.cli("import", "buildings", path, *options).code == 0
    rows = database.ask("SELECT building_id, floors, township_code FROM gis.building ORDER BY floors")
    assert [r[1:] for r in rows] == [(n, "451224100") for n in (1, 2, 3, 4)]
    assert len({r[0] for r in rows}) == 4
    # The same outlines from another corner and in another order are the same houses.
    turned = frame.drop(columns="floors").iloc[::-1].set_geometry(
        [shapely.Polygon([*list(g.exterior.coords)[2:-1], *list(g.exterior.coords)[:3]]) for g in frame.geometry[::-1]],
        crs=4545,
    )  # fmt: skip
    assert database.cli("import", "buildings", put(turned, tmp_path / "t.gpkg"), *options).code == 0
    assert database.one("SELECT count(*) FROM gis.building") == 4
    assert _sum(database)[1] == 0


@pytest.mark.parametrize(
    ("written", "stored"),
    [("三层", 3), ("3层", 3), ("十二层", 12), ("二十", 20), ("两层", 2), (" 5 ", 5), ("4.0", 4), ("0", None),
     ("-9999", None), ("", None), ("999", None), (None, None), ("三层半", 3), ("2.5", 2), ("2层半", 2), ("3.5", 3),
     ("地上3地下1", 3), ("地下一层地上3层", 3), ("3F", 3), ("未知", None)],
)  # fmt: skip
def test_storeys(database: Database, tmp_path: Path, written: str | None, stored: int | None):
    path = put(houses(2).assign(floors=[written, "1"]), tmp_path / "h.gpkg")
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert database.one("SELECT floors FROM gis.building WHERE building_id = 'H1'") == stored


@pytest.mark.parametrize("written", ["十十", "一二十", "many", "层", "半层", "地下1", "2-3", "地上3地下x"])
def test_storeys_that_are_none(database: Database, tmp_path: Path, written: str):
    said = database.cli("import", "buildings", put(houses(2).assign(floors=["1", written]), tmp_path / "h.gpkg"))
    assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert "row 2" in said.err


def test_sentinel_heights_are_counted(database: Database, tmp_path: Path):
    path = put(houses(6, height_m=[-9999.0, 9.5, -9999.0, 0.0, None, 12.0]), tmp_path / "h.gpkg")
    said = database.cli("import", "buildings", path)
    assert said.code == 0
    assert "3 values of height_m" in said.err
    assert [h for (h,) in database.ask("SELECT height_m FROM gis.building ORDER BY building_id")] == [
        None, 9.5, None, None, None, 12.0,
    ]  # fmt: skip


def test_real_heights(shared_data: Path, database: Database, tmp_path: Path):
    """kochi has 2,035 heights of -9999; its CRS needs a database of its own work SRID, so a part is moved here."""
    frame = gpd.read_parquet(shared_data / "buildings" / "kochi.parquet", columns=["height_m", "geometry"])
    assert (frame["height_m"] == -9999).sum() == 2035
    part = frame[frame["height_m"] == -9999].head(40)
    part = pd.concat([part, frame[frame["height_m"] > 0].head(60)]).to_crs(6672)
    west, south, *_ = part.total_bounds
    part = part.set_geometry(part.translate(EAST - west, NORTH - south)).set_crs(4545, allow_override=True)
    said = database.cli("import", "buildings", put(part, tmp_path / "k.parquet"), "--field", "building_id=@geometry")
    assert said.code == 0, said.err
    assert "40 values of height_m" in said.err
    assert database.one("SELECT count(*) FROM gis.building WHERE height_m IS NULL") == 40


def test_closed_lists_in_the_words_of_the_survey(database: Database, tmp_path: Path):
    frame = houses(3, 房屋用途=["经营性自建房", "住宅兼经营性自建房", "其他自建房"], 经营用途=["农家乐;棋牌室", "批发零售、出租", ""],
                   改扩建内容=["楼顶加层", "加建地下室|楼内建夹层", None], 结构类型=["砖混", "钢筋混凝土", ""],
                   安全隐患=["存在严重安全隐患", "需要安全鉴定", "2"], 鉴定等级=["D", "c", ""], 行业部门=["住建;公安", "", None])  # fmt: skip
    said = database.cli("import", "buildings", put(frame, tmp_path / "h.gpkg"))
    assert said.code == 0, said.err
    assert database.ask(
        "SELECT use_class, business_uses, alterations, structure, hazard_tier, appraisal_grade, departments "
        "FROM gis.building ORDER BY building_id"
    ) == [
        ("commercial", ["catering", "leisure"], ["add_storey"], "masonry", "severe", "D", ["housing", "police"]),
        ("mixed", ["retail", "rental"], ["basement", "mezzanine"], "rc", "some", "C", []),
        ("other", [], [], "unknown", "none_found", "unknown", []),
    ]


def test_hostile_text_is_text(database: Database, tmp_path: Path):
    names = ["'; DROP TABLE gis.building; --", "a\\nb\\N\\.", "tab\there", "<img src=x onerror=alert(1)>", "{%s}$$"]
    path = tmp_path / "h.geojson"
    collection = json.loads(houses(5, name=names).to_crs(4326).to_json())
    path.write_text(json.dumps(collection))
    assert database.cli("import", "buildings", path).code == 0
    stored = [n for (n,) in database.ask("SELECT name FROM gis.building ORDER BY building_id")]
    assert stored == [names[0], names[1], "tabhere", names[3], names[4]]


# --- a property: it always adds up -----------------------------------------------------------------------------

_ROW = st.fixed_dictionaries(
    {
        "building_id": st.sampled_from(["A", "B", "C", "D", "E", None, "", "甲"]),
        "floors": st.sampled_from(["1", "三层", "x", "-9999", None, "200", "201"]),
        "use_class": st.sampled_from(["经营", "其他", "", None, "庙"]),
        "shape": st.sampled_from(["ok", "other", "null", "empty", "point", "eight", "flat", "twin", "yard", "village"]),
    }
)


def _shape(kind: str, k: int) -> shapely.Geometry | None:
    x, y = EAST + 20 * k, NORTH
    return {
        "ok": square(k), "other": square(k, 7.0), "null": None, "empty": shapely.Polygon(), "point": shapely.Point(x, y),
        "eight": shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)]),
        "flat": shapely.Polygon([(x, y), (x + 1, y), (x, y)]), "twin": shapely.affinity.translate(square(0), 0.1, 0.1 * k),
        "yard": square(0, 150.0 + k), "village": shapely.MultiPolygon([square(20 + k), square(40 + k)]),
    }[kind]  # fmt: skip


def test_read_is_the_sum(database: Database, tmp_path: Path):
    seen = {"refused": 0, "loaded": 0, "updated": 0, "rejected": 0}

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(rows=st.lists(_ROW, min_size=1, max_size=8))
    def adds_up(rows: list[dict[str, str | None]]) -> None:
        from gis_service.errors import InputError

        frame = gpd.GeoDataFrame(
            {name: pd.Series([r[name] for r in rows], dtype=object) for name in ("building_id", "floors", "use_class")},
            geometry=[_shape(str(r["shape"]), k) for k, r in enumerate(rows)], crs=4545,
        )  # fmt: skip
        frame.to_parquet(tmp_path / "p.parquet")
        before = database.counts()
        try:
            said = import_file("buildings", tmp_path / "p.parquet", Options(rejects=tmp_path / "r.csv"))
        except InputError:
            assert database.counts() == before
            seen["refused"] += 1
            return
        after = database.counts()
        assert said.read == len(rows) == said.loaded + said.unchanged + said.updated + said.rejected
        assert after["building"] - before["building"] == said.loaded
        assert after["change"] - before["change"] == said.updated
        assert after["reject"] - before["reject"] == said.rejected
        assert (after["version"] > before["version"]) == bool(said.loaded or said.updated)
        for name in ("loaded", "updated", "rejected"):
            seen[name] += getattr(said, name)
        # Once more: nothing is new any longer.
        again = import_file("buildings", tmp_path / "p.parquet", Options(rejects=tmp_path / "r.csv"))
        assert (again.loaded, again.updated, again.rejected) == (0, 0, said.rejected)

    adds_up()
    assert all(seen.values()), f"every outcome occurred: {seen}"
