"""The page of a house: everything of one house, in order of time, for who may see it; found by parts of what it is called."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi.testclient import TestClient

from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT

_PAGE = {"accept": "text/html"}


def test_everything_in_order_of_time(town: Database, client: TestClient):
    town.ask("UPDATE gis.building SET altered_on = '2015-03-01', alterations = '{add_storey}' WHERE building_id = 'H1'")
    town.judge("building_id = 'H1'", "severe", on="2022-07-01")
    town.judge("building_id = 'H1'", "some", on="2022-08-01")
    town.judge("building_id = 'H1'", grade="C", on="2022-08-20")
    town.cli("round", "open", "--notice", "donglan")
    page = client.get("/house/H1", headers={**signed_in(town, "planner"), **_PAGE})
    assert page.status_code == 200
    text = page.text
    assert "模拟日期 2022-09-08" in text
    days = re.findall(r"<time>([^<]+)</time>", text)
    assert days == ["2005", "2015-03-01", "2022-07-01", "2022-07-01", "2022-08-01", "2022-08-20"]
    assert "第 1 号案件（结构安全）：立案：结构安全" in text, "what was found on the first of July is a case"
    assert text.count('class="judgement preliminary in_force"') == 1
    assert "鉴定为 C 级危房" in text
    assert "2022-09-25 安全鉴定" in text
    assert "红旗饭店" in text
    assert "江平社区1号" in text
    assert "未调查" in text, "what nobody asked is said to be so"
    assert "<svg" in text
    english = client.get("/house/H1?lang=en", headers={**signed_in(town, "planner"), **_PAGE}).text
    assert "May it be used for business?" in english
    assert "能否" not in english


def test_for_whom(town: Database, client: TestClient):
    own, unit = signed_in(town, "township", place=TOWN), signed_in(town, "township", place=UNIT)
    assert client.get("/house/H1", headers={**own, **_PAGE}).status_code == 200
    assert client.get("/house/U1", headers={**own, **_PAGE}).status_code == 404
    assert client.get("/house/U1", headers={**unit, **_PAGE}).status_code == 200
    assert (
        client.get("/house/H1", headers={**signed_in(town, "department", department="police"), **_PAGE}).status_code
        == 404
    )
    assert (
        client.get("/house/H2", headers={**signed_in(town, "department", department="police"), **_PAGE}).status_code
        == 200
    )
    assert client.get("/house/H1", headers=_PAGE, follow_redirects=False).status_code == 303
    assert 'id="judge-form"' not in client.get("/house/H1", headers={**signed_in(town, "auditor"), **_PAGE}).text


def test_found_by_parts(town: Database, client: TestClient):
    who = signed_in(town, "planner")

    def found(words: str) -> list[str]:
        return [
            item["building_id"] for item in client.get("/api/houses", params={"q": words}, headers=who).json()["items"]
        ]

    assert found("红旗") == ["H1"]
    assert found("江平") == ["H1", "H2"]
    assert found("江平 2号") == ["H2"]
    assert found("h3") == ["H3"]
    assert found("1号") == ["H1", "U1"]
    assert found("100%") == found("_") == found("   ") == []
    unit = signed_in(town, "township", place=UNIT)
    assert [i["building_id"] for i in client.get("/api/houses?q=1号", headers=unit).json()["items"]] == ["U1"]
    page = client.get("/house?q=江平", headers={**who, **_PAGE}).text
    assert page.count('href="/house/H') == 2


def test_names_that_bite(town: Database, client: TestClient):
    evil = "</script><script>alert(1)</script>'\"&<b>"
    town.ask("UPDATE gis.building SET name = %s, address = %s WHERE building_id = 'H1'", evil, evil)
    town.ask("INSERT INTO gis.judgement (building_id, kind, tier, judged_on, judge, reason) "
             "VALUES ('H1', 'preliminary', 'some', '2022-09-01', %s, %s)", evil, evil)  # fmt: skip
    who = signed_in(town, "planner")
    for address in ("/house/H1", "/house?q=alert"):
        text = client.get(address, headers={**who, **_PAGE}).text
        assert "<script>alert" not in text
        assert "<b>" not in text


def test_where_a_value_came_from(town: Database, client: TestClient, tmp_path: Path):
    import geopandas as gpd
    import shapely

    frame = gpd.GeoDataFrame(
        {"building_id": ["N", "M"], "floors": [3, 2], "address": ["新街1号", "新街2号"]},
        geometry=[shapely.box(436300 + 20 * k, 2712200, 436310 + 20 * k, 2712210) for k in range(2)], crs=4545,
    )  # fmt: skip
    frame.to_parquet(tmp_path / "一.parquet")
    assert town.cli("import", "buildings", tmp_path / "一.parquet").code == 0
    frame["floors"] = [4, 2]
    frame.iloc[::-1].to_parquet(tmp_path / "二.parquet")
    assert town.cli("import", "buildings", tmp_path / "二.parquet").code == 0
    text = client.get("/house/N", headers={**signed_in(town, "planner"), **_PAGE}).text
    assert re.search(r"<dd>4 <a class=\"source\" href=\"#source-2\">", text), "the storeys are the second file's"
    assert re.search(r"<dd>新街1号 <a class=\"source\" href=\"#source-1\">", text)
    assert re.search(r"一\.parquet，第 1 行，cli:", text)
    assert re.search(r"二\.parquet，第 2 行，cli:", text)
    # Whom files do not concern is told the row and no file.
    told = client.get("/house/N", headers={**signed_in(town, "township", place=TOWN), **_PAGE}).text
    assert "parquet" not in told
    assert "第 1 行" in told


def test_the_sheet(town: Database, tmp_path: Path):
    out = tmp_path / "h.pdf"
    said = town.cli("sheet", "house", "H1", "--out", out)
    assert said.code == 0, said.err
    assert out.read_bytes()[:5] == b"%PDF-"
    missing = town.cli("sheet", "house", "H9", "--out", tmp_path / "x.pdf")
    assert (missing.code, missing.err.count("\n")) == (1, 1)
    assert town.cli("sheet", "H1", "--out", out).code == 2


def test_a_house_that_is_gone_is_on_no_current_list(town: Database, client: TestClient, tmp_path: Path):
    town.judge("building_id IN ('H1', 'H2')", "severe", on="2022-08-01")
    town.ask("UPDATE gis.building SET removed_on = '2022-09-01' WHERE building_id = 'H1'")
    who = signed_in(town, "planner")
    assert town.cli("select", "--rule", "hazard", "--out", tmp_path / "l.csv").code == 0
    assert "H1" not in (tmp_path / "l.csv").read_text(encoding="utf-8-sig")
    tables = client.get("/api/figures", headers=who).json()["tables"]
    assert next(t for t in tables if t["name"] == "overview")["total"][0] == 3
    page = client.get("/house/H1", headers={**who, **_PAGE}).text
    assert "已拆除" in page
    # A figure of a day before still has it.
    assert town.one(
        "SELECT count(*) FROM gis.building AS b CROSS JOIN LATERAL gis.in_force(b.building_id, '{preliminary}', '2022-08-31') "
        "AS j WHERE removed_on IS NULL OR removed_on > '2022-08-31'"
    ) == 2  # fmt: skip


def test_units_in_figures_maps_and_accounts(town: Database, client: TestClient):
    who = signed_in(town, "planner")
    overview = client.get("/api/figures", headers=who).json()["tables"][0]
    assert {row["code"]: row["values"][0] for row in overview["rows"]} == {TOWN: 3, UNIT: 1}
    unit = signed_in(town, "township", place=UNIT)
    page = client.get(f"/map/township/{UNIT}", headers={**unit, **_PAGE})
    assert page.status_code == 200
    assert "示例矿区管理处" in page.text
    assert client.get(f"/map/township/{TOWN}", headers={**unit, **_PAGE}).status_code == 404
    items = client.get("/collections/building/items", headers=unit).json()["features"]
    assert [f["properties"]["building_id"] for f in items] == ["U1"]
