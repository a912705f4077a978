"""Sheets as counties send them: coordinates, headings, delimiters, totals, formulas; read right or refused by the cell."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.ingest.coordinates import parse_column
from gis_service.ingest.headings import normal
from gis_service.ingest.source import read
from gis_service.settings import ROOT
from tests.conftest import Database
from tests.shared import shared_data

EAST, NORTH = 107.37245638, 24.51070667


def _book(path: Path, *rows: list[Any], **more: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in more.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def _one(said: str, axis: str = "x") -> float:
    (value,), faults = parse_column([said], axis, "经度")
    assert not faults, faults
    return value


@pytest.mark.parametrize(
    "said",
    ["107°22'20.843\"", "107°22′20.843″", "107º22’20.843”", "107度22分20.843秒", "107 22 20.843", "107:22:20.843", "107° 22' 20.843\" E",
     "E107°22′20.843″", "东经107°22′20.843″", "东经 107度22分20.843秒", "107°22.34738333'", "107.37245638°", "107.37245638 E",
     "107.37245638°E", "107.37245638度", "107,37245638", "１０７.37245638", "１０７°２２′２０.８４３″", " 107.37245638 ", "+107.37245638",
     "'107.37245638", "1.0737245638E+02", "107.37245638\u00a0"],
)  # fmt: skip
def test_degrees_as_people_write_them(said: str):
    assert _one(said) == pytest.approx(EAST, abs=5e-8)


@pytest.mark.parametrize(
    "said", ["436400", "436,400.00", "436 400.00", "436400.00米", "436400 m", "436400,00", "4.364e5"]
)
def test_metres_as_people_write_them(said: str):
    assert _one(said) == 436400.0
    assert _one("2,712,000.5", "y") == 2712000.5


@pytest.mark.parametrize(("said", "axis", "value"), [("107°22'W", "x", -(107 + 22 / 60)), ("西经107.5", "x", -107.5), ("S24.5", "y", -24.5),
                                                     ("南纬24.5", "y", -24.5), ("北纬24°30′", "y", 24.5), ("-24.5", "y", -24.5)])  # fmt: skip
def test_the_other_halves_of_the_earth(said: str, axis: str, value: float):
    assert _one(said, axis) == pytest.approx(value)


@pytest.mark.parametrize("said", ["107°72'20\"", "107°22'61\"", "桥头", "24.5N", "E107W", "107..3", "12345,6,7", "见附图", "#N/A", "nan", "inf",
                                  "107.37,24.51", "{0}", "True"])  # fmt: skip
def test_what_is_no_coordinate(said: str):
    _, faults = parse_column([said], "x", "经度")
    zh, en = faults[0]
    assert zh.startswith("经度：")
    assert said[:4] in zh or said == "{0}"
    assert "{" not in en.replace("{0}", "")


def test_a_comma_that_may_be_either(tmp_path: Path):
    """The other cells of the column decide; alone it is refused."""
    assert parse_column(["436,400", "436,500.5"], "x", "X")[0] == [436400.0, 436500.5]
    assert parse_column(["107,370", "107,3725"], "x", "X")[0] == [107.370, 107.3725]
    for cells in (["436,400"], ["436,400", "107,3725", "1,436,500"]):
        faults = parse_column(cells, "x", "X")[1]
        assert "without" in faults[0][1]


@settings(deadline=None)  # a busy machine is no fault of the code
@given(
    st.floats(0, 179.9999),
    st.sampled_from(["{d}°{m}′{s:.5f}″", "{d}度{m}分{s:.5f}秒", "{d} {m} {s:.5f}", "E{d}°{m}'{s:.5f}\""]),
)
def test_any_angle(angle: float, form: str):
    d, rest = int(angle), (angle - int(angle)) * 60
    m, s = int(rest), min((rest - int(rest)) * 60, 59.99999)
    assert _one(form.format(d=d, m=m, s=s)) == pytest.approx(angle, abs=1e-8)


@settings(deadline=None)  # a busy machine is no fault of the code
@given(st.text(max_size=30), st.sampled_from("xy"))
def test_no_text_is_a_crash(said: str, axis: str):
    values, faults = parse_column([said], axis, "n")
    assert math.isnan(values[0]) == bool(faults)


@pytest.mark.parametrize(("heading", "plain"), [("经度\n（°）", "经度"), ("*经度", "经度"), ("经度 (E)", "经度"), ("★ 经度：", "经度"), ("经 度", "经度"),
    ("Ｘ坐标", "x坐标"), ("X坐标(m)", "x坐标"), ("【必填】编号", "编号"), ("建筑高度（米）", "建筑高度"), ("建筑高度（cm）", "建筑高度(cm)"), ("Longitude", "longitude"),
    ("building:levels", "building:levels"), ("经度°", "经度")])  # fmt: skip
def test_headings(heading: str, plain: str):
    assert normal(heading) == plain


@pytest.fixture
def county(database: Database) -> Database:
    assert database.cli("import", "boundaries", ROOT / "data" / "boundaries" / "donglan.geojson").code == 0
    return database


def _places(database: Database) -> list[tuple[str, float, float]]:
    return database.ask("SELECT hydrant_id, round(ST_X(ST_Transform(geom, 4490))::numeric, 4)::float, "
                        "round(ST_Y(ST_Transform(geom, 4490))::numeric, 4)::float FROM gis.hydrant ORDER BY 1")  # fmt: skip


@pytest.mark.parametrize("case", ["h1/h1.xlsx", "h2_h4/h2.xlsx", "h2_h4/h4.xlsx", "h3/h3.xlsx", "h6/h6.xlsx", "k1_k13/k1.csv",
                                  "k1_k13/k13.csv", "k10_k11/k10.csv"])  # fmt: skip
def test_hydrants_of_the_cases(county: Database, case: str):
    said = county.cli("import", "hydrants", shared_data(f"cases/{case}"))
    assert said.code == 0, said.err
    stem = Path(case).stem
    assert _places(county) == [(f"{stem}-1", 107.3725, 24.5107)]
    if stem == "h3":
        assert "row 3" in said.err, "the total row is named"
    if stem == "h6":
        assert "Sheet" in said.err, "the sheet that was passed over is named"


def test_metres_with_thousands(county: Database):
    assert county.cli("import", "hydrants", shared_data("cases/k10_k11/k11.csv")).code == 0
    assert county.ask("SELECT ST_X(geom), ST_Y(geom) FROM gis.hydrant") == [
        (pytest.approx(436400, abs=0.01), pytest.approx(2712000, abs=0.01))
    ]


def test_one_row_in_another_notation(county: Database):
    assert county.cli("import", "hydrants", shared_data("cases/k2/k2.csv")).code == 0
    assert [row[0] for row in _places(county)] == ["k2-1", "k2-2", "k2-3"]


def test_two_pairs_of_coordinates_are_asked_about(county: Database):
    """Case n2."""
    path = shared_data("cases/n2/n2.csv")
    said = county.cli("import", "hydrants", path)
    assert (said.code, "--field x=" in said.err, "经度_2" in said.err) == (1, True, True)
    assert county.cli("import", "hydrants", path, "--field", "x=经度_2", "--field", "y=纬度_2").code == 0
    assert _places(county) == [("n2-1", 107.38, 24.52)]
    assert county.cli("import", "hydrants", path, "--field", "x=经度", "--field", "y=纬度").code == 0
    assert _places(county) == [("n2-1", 107.373, 24.511)]


@pytest.mark.parametrize("heads", [["编号", "经度", "纬度", "X", "Y"], ["编号", "lon", "lat", "longitude", "latitude"],
                                   ["编号", "经度", "纬度", "东坐标", "北坐标"]])  # fmt: skip
def test_other_pairs_are_asked_about(tmp_path: Path, heads: list[str]):
    path = _book(tmp_path / "h.xlsx", heads, ["1", 107.37, 24.51, 436400, 2712000])
    with pytest.raises(InputError, match="more than one pair"):
        read(path)
    source = read(path, coordinates={"x": heads[3], "y": heads[4]})
    assert (source.frame.geometry.x[2], source.placed) == (436400, (heads[3], heads[4]))


def test_coordinate_columns_of_any_name(county: Database, tmp_path: Path):
    path = _book(tmp_path / "h.xlsx", ["台账"], ["编号", "位置东", "位置北（度）"], ["1", "107°22′", 24.51])
    assert county.cli("import", "hydrants", path).code == 1
    said = county.cli("import", "hydrants", path, "--field", "x=位置东", "--field", "y=位置北（度）")
    assert said.code == 0, said.err
    assert _places(county) == [("1", 107.3667, 24.51)]
    for wrong in (["x=位置东"], ["x=位置东", "y=没有"], ["wkt=位置东", "x=位置东", "y=编号"]):
        said = county.cli("import", "hydrants", path, *[part for pair in wrong for part in ("--field", pair)])
        assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert "geometries of its own" in county.cli(
        "import", "boundaries", ROOT / "data" / "boundaries" / "donglan.geojson", "--field", "x=a", "--field", "y=b").err  # fmt: skip


def test_rejects_keep_every_column_and_name_the_cell(county: Database, tmp_path: Path):
    """Case k2, with a row that cannot be read."""
    path = _book(tmp_path / "h.xlsx", ["编号", "经度", "纬度", "备注"], ["1", 107.37, 24.51, "a"], ["2", "桥头", 24.51, "b"],
                 ["3", 107.37, None, "c"])  # fmt: skip
    out = tmp_path / "r.csv"
    said = county.cli("import", "hydrants", path, "--rejects", out)
    assert "read 3 = loaded 1 + unchanged 0 + updated 0 + rejected 2" in said.out, said.err
    with out.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(r["row"], r["经度"], r["纬度"], r["备注"]) for r in rows] == [
        ("3", "桥头", "24.51", "b"),
        ("4", "107.37", "", "c"),
    ]
    assert "经度" in rows[0]["reason"]
    assert "桥头" in rows[0]["reason"]
    assert "纬度" in rows[1]["reason"]
    assert not any("draw" in r["remedy"] for r in rows)


@pytest.mark.parametrize("case", ["k8", "k9"])
def test_wkt_and_other_delimiters(county: Database, case: str):
    assert county.cli("import", "buildings", shared_data(f"cases/{case}/{case}.csv")).code == 0
    assert county.ask("SELECT count(*), round(max(ST_Area(geom))) FROM gis.building") == [(3, 100)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "；", "，"])
@pytest.mark.parametrize("quoted", [True, False])
def test_every_delimiter(tmp_path: Path, mark: str, quoted: bool):
    shape = "POLYGON ((107.37 24.51, 107.3701 24.51, 107.3701 24.5101, 107.37 24.51))"
    if mark == "," and not quoted:
        pytest.skip("a comma in a cell needs its quotes")
    cell = f'"{shape}"' if quoted else shape
    (tmp_path / "h.csv").write_text(f"编号{mark}WKT{mark}名称（a,b;c）\n1{mark}{cell}{mark}x\n")
    frame = read(tmp_path / "h.csv").frame
    assert frame["编号"].tolist() == ["1"]
    assert frame.geometry.iloc[0].geom_type == "Polygon"


def test_a_torn_row_is_not_read_askew(tmp_path: Path):
    """Decimal commas in a file of commas: two columns too many, and every column after them is another."""
    (tmp_path / "h.csv").write_text("编号,经度,纬度\n1,107,37,24,51\n2,107.37,24.51\n")
    source = read(tmp_path / "h.csv")
    assert source.faults[2].code == "torn_row"
    assert list(source.faults) == [2]


def test_cells_without_a_heading_are_named(tmp_path: Path):
    source = read(_book(tmp_path / "h.xlsx", ["编号", "经度", "纬度"], ["1", 107.37, 24.51, "extra"]))
    assert any("row 2" in en and "not read" in en for _, en in source.notes)


@pytest.mark.parametrize("word", ["合计", "总计", "小计", "合 计", "Total", "合计："])
def test_total_rows(tmp_path: Path, word: str):
    path = _book(
        tmp_path / "h.xlsx", ["编号", "名称", "经度", "纬度"], ["1", "合计", 107.37, 24.51], [None, word, None, None]
    )
    source = read(path)
    assert source.frame["名称"].tolist() == ["合计"], "a place of that name has coordinates"
    assert any("row 3" in en for _, en in source.notes)


def test_sheets_are_chosen_by_what_they_hold(tmp_path: Path):
    data: list[list[Any]] = [["编号", "经度", "纬度"], ["1", 107.37, 24.51]]
    path = _book(tmp_path / "h.xlsx", ["填表说明"], 台账=data, 字典=[["代码", "含义"], ["1", "x"]])
    source = read(path)
    assert len(source.frame) == 1
    assert any("Sheet" in en and "字典" in en for _, en in source.notes)
    path = _book(tmp_path / "two.xlsx", ["填表说明"], 甲=data, 乙=data)
    with pytest.raises(InputError, match="甲, 乙"):
        read(path)
    assert len(read(path, "乙").frame) == 1
    with pytest.raises(InputError, match="no sheet '丙'"):
        read(path, "丙")


def test_a_ledger_without_coordinates(county: Database):
    said = county.cli("import", "buildings", shared_data("cases/h10/h10.xlsx"))
    assert (said.code, "joining by id is yet to come" in said.err) == (1, True)


def test_formulas_without_values(county: Database, tmp_path: Path):
    said = county.cli("import", "hydrants", shared_data("cases/h9/h9.xlsx"))
    assert said.code == 1
    assert "formula" in said.err
    assert "A2" in said.err
    path = _book(tmp_path / "h.xlsx", ["编号", "经度", "纬度"], ["1", 107.37, 24.51], ['=A2&"b"', 107.37, 24.51])
    with pytest.raises(InputError, match="A3"):
        read(path)


def test_merged_cells(tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (["台账"], ["编号", "村", "位置", None], [None, None, "经度", "纬度"], ["1", "甲村", 107.37, 24.51], ["2", None, 107.38, 24.52],
                ["3", "乙村", 107.39, 24.53]):  # fmt: skip
        book.active.append(row)
    for merged in ("A1:D1", "C2:D2", "A2:A3", "B2:B3", "B4:B5"):
        book.active.merge_cells(merged)
    book.save(tmp_path / "h.xlsx")
    source = read(tmp_path / "h.xlsx")
    assert source.frame.drop(columns="geometry").to_numpy().tolist() == [
        ["1", "甲村", 107.37, 24.51], ["2", "甲村", 107.38, 24.52], ["3", "乙村", 107.39, 24.53]]  # fmt: skip
    assert any("merged" in en for _, en in source.notes)


def test_headings_that_reach_below_the_coordinates(tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (
        ["台账"],
        ["编号", "经度", "纬度", "隐患", None],
        [None, None, None, "严重", "一定"],
        ["1", 107.37, 24.51, "是", None],
    ):
        book.active.append(row)
    for merged in ("A1:E1", "A2:A3", "B2:B3", "C2:C3", "D2:E2"):
        book.active.merge_cells(merged)
    book.save(tmp_path / "h.xlsx")
    source = read(tmp_path / "h.xlsx")
    assert (list(source.frame.columns[:5]), list(source.frame.index)) == (["编号", "经度", "纬度", "严重", "一定"], [4])


def test_a_label_beside_the_table_is_no_heading(tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (["甲镇", "编号", "经度", "纬度"], [None, "1", 107.37, 24.51], [None, "2", 107.38, 24.52]):
        book.active.append(row)
    book.active.merge_cells("A1:A3")
    book.save(tmp_path / "h.xlsx")
    assert read(tmp_path / "h.xlsx").frame["编号"].tolist() == ["1", "2"]


def test_a_merged_key_is_one_id_twice(county: Database, tmp_path: Path):
    book = openpyxl.Workbook()
    for row in (["编号", "经度", "纬度"], ["1", 107.37, 24.51], [None, 107.38, 24.52]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "h.xlsx")
    said = county.cli("import", "hydrants", tmp_path / "h.xlsx")
    assert (said.code, "row 3" in said.err, "that of row 2" in said.err) == (1, True, True)
