"""Tiers and grades of a file become judgements; the survey's columns are read; what came from where is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from tests.conftest import Database


def _file(folder: Path, rows: list[dict[str, Any]], name: str = "houses.parquet", *, simulated: bool = True) -> Path:
    frame = gpd.GeoDataFrame(
        pd.DataFrame(rows).assign(simulated=simulated),
        geometry=[shapely.box(436100 + 20 * k, 2712100, 436110 + 20 * k, 2712110) for k in range(len(rows))],
        crs=4545,
    )
    frame.to_parquet(folder / name)
    return folder / name


def test_a_tier_becomes_a_judgement_and_the_same_file_changes_nothing(town: Database, tmp_path: Path):
    rows: list[dict[str, Any]] = [
        {"房屋编号": "A", "初步判定": "存在一定安全隐患", "判定时间": "2022年7月1日", "鉴定等级": "C", "鉴定时间": "2022/8/2",
         "鉴定机构名称": "某鉴定中心（模拟）", "判定单位": "技术组（模拟）"},
        {"房屋编号": "B", "初步判定": "严重", "判定时间": None, "鉴定等级": "B", "鉴定时间": None, "鉴定机构名称": None,
         "判定单位": None},
        {"房屋编号": "C", "初步判定": "未判定", "判定时间": None, "鉴定等级": None, "鉴定时间": None, "鉴定机构名称": None,
         "判定单位": None},
    ]  # fmt: skip
    file = _file(tmp_path, rows)
    said = town.cli("import", "buildings", file)
    assert said.code == 0, said.err
    number = town.one("SELECT max(import_id) FROM gis.import")
    got = town.ask(
        "SELECT j.building_id, j.kind, coalesce(tier, grade), judged_on::text, source, judge_unit, i.name, i.listed "
        "FROM gis.judgement AS j LEFT JOIN gis.institution AS i USING (institution_id) ORDER BY 1, 2"
    )
    unit, where = "技术组（模拟）", "某鉴定中心（模拟）"
    assert got == [
        ("A", "appraisal", "C", "2022-08-02", f"import {number}", unit, where, False),
        ("A", "preliminary", "some", "2022-07-01", f"import {number}", unit, None, None),
        ("B", "appraisal", "B", "2022-09-08", f"import {number}", None, None, None),
        ("B", "preliminary", "severe", "2022-09-08", f"import {number}", None, None, None),
    ]
    tiers = "SELECT building_id, hazard_tier, appraisal_grade FROM gis.building WHERE building_id < 'D' ORDER BY 1"
    assert town.ask(tiers) == [("A", "some", "C"), ("B", "severe", "B"), ("C", "unjudged", "unknown")]
    assert "name no institution" in said.err
    again = town.cli("import", "buildings", file)
    assert "loaded 0 + unchanged 3 + updated 0 + rejected 0" in again.out
    assert town.one("SELECT count(*) FROM gis.judgement") == 4
    # Another tier of the same day, and nothing else: one house is updated.
    rows[1]["初步判定"] = "一定"
    other = town.cli("import", "buildings", _file(tmp_path, rows))
    assert "loaded 0 + unchanged 2 + updated 1 + rejected 0" in other.out
    assert town.ask(tiers)[1] == ("B", "some", "B")
    assert town.ask("SELECT import_id - %s, row_number, is_new FROM gis.import_row WHERE building_id = 'B' ORDER BY 1", number) == [
        (0, 2, True), (2, 2, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "built", "code", "words"),
    [
        ("2022-06-30", None, "older_judgement", "is older than what is in force (severe of 2022-07-01)"),
        ("2022-09-09", None, "future_judgement", "is in the future (today is 2022-09-08)"),
        ("2022-08-01", 2023, "judged_before_built", "is from before the house was built (2023)"),
    ],
)
def test_what_cannot_be_taken_is_rejected_and_kept(
    town: Database, tmp_path: Path, day: str, built: int | None, code: str, words: str
):
    town.judge("building_id = 'H2'", "severe", on="2022-07-01")
    file = _file(tmp_path, [
        {"building_id": "H2", "hazard_tier": "none_found", "judged_on": day, "built_year": built, "floors": 9},
        {"building_id": "N", "hazard_tier": "some", "judged_on": "2022-09-01", "built_year": None, "floors": 2},
    ])  # fmt: skip
    before = town.counts()
    refused = town.cli("import", "buildings", file)
    assert (refused.code, refused.err.count("\n")) == (1, 1), refused.err
    assert words in refused.err
    assert town.counts() == before, "nothing is half-written"
    said = town.cli("import", "buildings", file, "--rejects", tmp_path / "rejects.csv")
    assert said.code == 0, said.err
    assert town.ask("SELECT row_number, key, code FROM gis.reject") == [(1, "H2", code)]
    assert town.ask("SELECT hazard_tier, floors FROM gis.building WHERE building_id = 'H2'") == [("severe", None)]
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'N'") == "some"
    assert code in (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig")


def test_the_survey_is_read_by_the_names_of_the_platform(town: Database, tmp_path: Path):
    file = _file(tmp_path, [
        {"房屋编号": "A", "所在区域": "城中村；学校周边", "土地性质": "宅基地", "建成时间": "1998年", "建筑面积": "210.5㎡",
         "设计方式": "标准图集", "建造方式": "建筑工匠", "已取得的行政许可": "宅基地批准书、乡村建设规划许可", "经营证照": "营业执照",
         "违法情况": "无", "地质灾害": "切坡建房", "消防隐患": "道路狭窄消防车无法通行", "产权性质": "共有", "改扩建时间": "2015.3.1"},
        {"房屋编号": "B", "所在区域": None, "土地性质": None, "建成时间": "1991-2000", "建筑面积": None, "设计方式": None,
         "建造方式": None, "已取得的行政许可": None, "经营证照": None, "违法情况": None, "地质灾害": None, "消防隐患": None,
         "产权性质": None, "改扩建时间": None},
    ])  # fmt: skip
    said = town.cli("import", "buildings", file)
    assert said.code == 0, said.err
    assert "not used" not in said.err
    columns = (
        "declared_areas, land, built_year, area_m2, design, builder, permits, licences, violations, geohazards, "
        "fire_hazards, ownership, altered_on::text, unit_code"
    )
    full, bare = town.ask(f"SELECT {columns} FROM gis.building WHERE building_id IN ('A', 'B') ORDER BY building_id")
    assert full == (
        ["urban_village", "school"], "collective_homestead", 1998, 210.5, "standard", "craftsman",
        ["homestead", "rural_planning"], ["business"], [], ["cut_slope"], ["narrow_road"], "joint", "2015-03-01", "451224100",
    )  # fmt: skip
    assert bare == (None,) * 13 + ("451224100",), "what is not surveyed is null, and 无 is an empty list"


def test_a_county_s_own_value_is_a_row(town: Database, tmp_path: Path):
    file = _file(tmp_path, [{"building_id": "A", "land": "林场用地", "business_uses": ["网约房", "餐饮饭店"]}])
    refused = town.cli("import", "buildings", file)
    assert refused.code == 1
    assert "is not known" in refused.err
    assert town.cli("record", "code", "land", "forest", "林场用地", "forest farm").code == 0
    assert town.cli("record", "code", "business_uses", "homestay", "网约房", "online lodging").code == 0
    said = town.cli("import", "buildings", file)
    assert said.code == 0, said.err
    assert town.ask("SELECT land, business_uses FROM gis.building WHERE building_id = 'A'") == [
        ("forest", ["homestay", "catering"])
    ]
    twice = town.cli("record", "code", "land", "forest", "x", "y")
    assert (twice.code, twice.err.count("\n")) == (1, 1)


def test_a_unit_s_houses_are_found_by_where_they_lie(town: Database, tmp_path: Path):
    frame = gpd.GeoDataFrame(
        {"building_id": ["in", "out", "said"], "unit_code": [None, None, "451224U01"]},
        geometry=[shapely.box(x, 2712300, x + 8, 2712308) for x in (436850, 436300, 436400)],
        crs=4545,
    )
    frame.to_parquet(tmp_path / "u.parquet")
    said = town.cli("import", "buildings", tmp_path / "u.parquet")
    assert said.code == 0, said.err
    units = "SELECT building_id, unit_code, unit_source FROM gis.building WHERE building_id IN ('in', 'out', 'said') ORDER BY 1"
    wanted = [("in", "451224U01", "found"), ("out", "451224100", None), ("said", "451224U01", "given")]
    assert town.ask(units) == wanted
    assert "updated 0" in town.cli("import", "buildings", tmp_path / "u.parquet").out
    # The unit's outline moves away: what was found goes back to its township, what a file gave stays.
    area = gpd.GeoDataFrame(
        {"code": ["451224U01"], "name": ["示例矿区管理处"], "level": ["unit"], "parent_code": ["451224"]},
        geometry=[shapely.box(435100, 2711100, 435200, 2711200)], crs=4545,
    )  # fmt: skip
    area.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    assert town.cli("import", "boundaries", tmp_path / "a.gpkg").code == 0
    assert town.ask(units) == [("in", "451224100", None), *wanted[1:]]


def test_real_houses_live_on_the_real_day(town: Database, tmp_path: Path):
    """A demo's day ends with the first real house; GIS_TODAY is kept to whatever the data are."""
    day = "SELECT gis.today() = (now() AT TIME ZONE 'Asia/Shanghai')::date"
    assert not town.one(day)
    file = _file(tmp_path, [{"building_id": "R", "hazard_tier": "some"}], simulated=False)
    assert town.cli("import", "buildings", file).code == 0
    assert town.one(day)
    assert town.one("SELECT judged_on = gis.today() FROM gis.judgement")
    other = _file(tmp_path, [{"building_id": "R", "hazard_tier": "severe"}], "o.parquet", simulated=False)
    late = town.cli("import", "buildings", other, GIS_TODAY="2022-10-01")
    assert late.code == 0
    assert town.ask("SELECT judged_on::text, tier FROM gis.judgement ORDER BY judgement_id DESC LIMIT 1") == [
        ("2022-10-01", "severe")
    ]
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'R'") == "some", (
        "the later day is in force"
    )
    assert (
        town.cli("tables", "annex1", "--day", "2022-10-02", "--out", tmp_path / "a.xlsx", GIS_TODAY="2022-10-01").code
        == 1
    )
