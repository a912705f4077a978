"""A what-if list is its author's: pages, townships, files and prints of the county stay as they were."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.identity import Identity, Role, operator
from gis_service.selection.published import ensure_published
from gis_service.sheet.township import read_sheet_data
from tests.conftest import Database, signed_in

TOWN = "451224100"
HAZARD = {"any_of": [{"term": "rule", "name": "hazard"}]}
NOBODY = {"any_of": [{"term": "rule", "name": "people"}], "min_people": 100_000}
_PAGES = ("/", f"/map/township/{TOWN}", f"/map/township/{TOWN}/offline", "/map/planner/offline", "/map/fire")
_TILES = ("/tiles/selection/9/408/219.pbf", "/tiles/selection/14/13077/7039.pbf")
_CHANGES = re.compile(
    r'nonce[-=]"?[\w-]+"?|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?|"id": ?"[0-9a-f]{32}"|_[0-9a-f]{32}|<!-- [0-9a-f]* -->'
)


@pytest.fixture
def county(demo_database: Database, client: TestClient) -> Iterator[int]:
    """The number of the county's list; what a test adds goes."""
    yield demo_database.one("SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL")
    demo_database.ask("DELETE FROM gis.run WHERE published_at IS NULL AND kind = 'selection'")


def _cells(content: bytes) -> dict[str, str]:
    """All sheets of a workbook and their names, as they stand in the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        told = [name for name in book.namelist() if re.match("xl/(worksheets/|sharedStrings|workbook.xml$)", name)]
        assert len(told) > 2
        return {name: _CHANGES.sub("", book.read(name).decode()) for name in told}


def _seen(client: TestClient, house: str) -> dict[str, Any]:
    """All that is shown of the county's list, without times and what is made anew for each answer."""
    html = {"Accept": "text/html"}
    seen: dict[str, Any] = {p: _CHANGES.sub("", client.get(p, headers=html).text) for p in _PAGES}
    seen |= {p: client.get(p).content for p in _TILES}
    seen |= {
        p: client.get(p).json() for p in ("/api/figures", f"/api/figures?township={TOWN}", f"/api/buildings/{house}")
    }
    files = ("/api/figures/export", f"/api/figures/list?township={TOWN}", f"/api/figures/export?township={TOWN}")
    seen |= {p: _cells(client.get(p).content) for p in files}
    with transaction(Identity("wall", Role.TOWNSHIP, TOWN), read_only=True) as connection:
        wall = read_sheet_data(connection, TOWN, Mark("wall"))
    seen["wall"] = _CHANGES.sub("", repr({k: v for k, v in wall.items() if not hasattr(v, "tile")}))
    return seen


def test_nothing_of_the_county_s_changes(client: TestClient, demo_database: Database, county: int):
    """A draft with other conditions is made, then one of no houses."""
    house = demo_database.one(
        "SELECT building_id FROM gis.selection WHERE run_id = %s ORDER BY score, building_id LIMIT 1", county
    )
    hazards = demo_database.one("SELECT count(*) FROM gis.building WHERE hazard_tier IN ('severe', 'some')")
    before = _seen(client, house)
    for asked, houses in ((HAZARD, hazards), (NOBODY, 0)):
        made = client.post("/api/selections", json=asked)
        assert made.status_code == 201
        assert made.json()["draft"] is True
        assert made.json()["totals"]["total"] == houses
        after = _seen(client, house)
        for what, told in before.items():
            assert after[what] == told, (what, asked)
    assert f"第 {county} 号" in before[f"/map/township/{TOWN}"]


def test_the_author_and_the_county_see_it_and_others_do_not(
    client: TestClient, app: FastAPI, demo_database: Database, county: int, tmp_path: Path
):
    made = client.post("/api/selections", json=HAZARD | {"name": "隐患复核"}).json()
    run = made["run_id"]
    assert (made["name"], made["sentence"]) == ("隐患复核", "全部房屋；符合任一：重点问题：安全隐患。")
    assert f"第 {county} 号名单" in client.get("/map/planner").text, "without a number: the published one"
    own = client.get(f"/map/planner?run={run}").text
    assert f"第 {run} 号名单“隐患复核”" in own
    assert "草稿：不是全县的名单" in own
    assert "草稿" not in client.get(f"/map/planner?run={county}").text.split("<script")[0].split("</header>")[0]
    bound: tuple[tuple[str, dict[str, Any]], ...] = (
        ("planner", {}), ("township", {"place": TOWN}), ("department", {"department": "police"})
    )  # fmt: skip
    for role, place in bound:
        with TestClient(app, headers=signed_in(demo_database, role, **place)) as other:
            assert f"第 {county} 号名单" in other.get("/map/planner").text
            listed = {one["run_id"] for one in other.get("/api/selections").json()["items"]}
            assert (run in listed, county in listed) == (role == "planner", True)
            assert other.get(f"/api/selections/{run}").status_code == (200 if role == "planner" else 404)
    said = demo_database.cli("map", "planner", "--out", tmp_path / "m.html", lang="zh")
    assert said.code == 0, said.err
    assert f"第 {county} 号名单" in (tmp_path / "m.html").read_text()
    rules = client.get("/api/rules").json()
    terms = [{"term": "rule", "name": r["name"]} for r in rules["rules"]][::-1] + rules["zones"][::-1]
    again = client.post("/api/selections", json={"any_of": terms}).json()
    assert again["draft"] is True, "the default conditions make no list the county's either"


def test_a_list_narrowed(client: TestClient, demo_database: Database, county: int):
    """Every filter against the database's own count, alone and together; the file holds what the page shows."""
    whole = demo_database.one("SELECT count(*) FROM gis.selection WHERE run_id = %s", county)
    village = demo_database.one("SELECT code FROM gis.admin_area WHERE level = 'village' ORDER BY code LIMIT 1")
    asked: tuple[tuple[str, str], ...] = (
        ("operating=true", "b.use_class IN ('commercial', 'mixed')"), (f"township={TOWN}", f"b.unit_code = '{TOWN}'"),
        (f"village={village}", f"b.village_code = '{village}'"), ("tier=severe", "b.hazard_tier = 'severe'"),
        ("min_score=40", "s.score >= 40"), ("q=0012", "b.building_id LIKE '%%0012%%' OR b.name LIKE '%%0012%%'"),
        (f"operating=true&tier=some&township={TOWN}",
         f"b.use_class IN ('commercial', 'mixed') AND b.hazard_tier = 'some' AND b.unit_code = '{TOWN}'"),
    )  # fmt: skip
    for question, condition in asked:
        wanted = demo_database.one(
            "SELECT count(*) FROM gis.selection AS s JOIN gis.building AS b USING (building_id) "
            f"WHERE s.run_id = %s AND ({condition})", county,
        )  # fmt: skip
        found = client.get(f"/api/selections/{county}?{question}&limit=7").json()
        assert (found["shown"], found["totals"]["total"]) == (wanted, whole), question
        assert 0 < found["shown"] < whole, question
        assert len(found["items"]) == min(7, wanted)
    book = client.get(f"/api/selections/{county}/export?format=xlsx&tier=severe&operating=true").content
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert sheet is not None
    assert sheet.max_row == 3 + client.get(f"/api/selections/{county}?tier=severe&operating=true").json()["shown"]
    assert "只列经营性房屋、存在严重安全隐患。" in str(sheet["A2"].value)
    for wild in ("%", "_", "\\", "'"):
        assert client.get(f"/api/selections/{county}", params={"q": wild}).json()["shown"] == 0, wild


def test_what_a_house_must_be(client: TestClient, county: int):
    """The sentence says it, and what is no condition is refused in words."""
    ask = {
        "any_of": [{"term": "zone", "kind": "school", "buffer_m": 100}],
        "all_of": [{"term": "house", "name": "operating"}, {"term": "house", "name": "unit_code", "values": [TOWN]},
                   {"term": "house", "name": "floors", "low": 3}],
        "none_of": [{"term": "rule", "name": "grade"}],
    }  # fmt: skip
    found = client.post("/api/selections/preview", json=ask).json()
    assert found["total"] > 0
    assert found["sentence"] == (
        "经营性房屋；须同时符合：乡镇为东兰镇、3 层及以上；符合任一：学校周边 100 米；排除：重点问题：危房。"
    )
    english = client.post("/api/selections/preview?lang=en", json=ask).json()["sentence"]
    assert english.startswith("Operating houses, meeting all of: township 东兰镇, 3 storeys or more; ")
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({"name": "colour", "values": ["red"]}, "colour"), ({"name": "floors"}, "没有给出范围"),
        ({"name": "floors", "low": 5, "high": 2}, "最小值 5 大于最大值 2"), ({"name": "hazard_tier"}, "没有选任何一项"),
        ({"name": "hazard_tier", "values": ["bad"]}, "没有“bad”"), ({"name": "unit_code", "values": ["9"]}, "没有代码为 9"),
    )  # fmt: skip
    for term, said in bad:
        answer = client.post("/api/selections/preview", json={"all_of": [{"term": "house"} | term]})
        assert answer.status_code == 422, term
        assert said in answer.json()["error"]["message"], term


def test_publishing_and_withdrawing(demo_copy: Database, app: FastAPI, tmp_path: Path):
    """Pages, townships and files follow the published list, and say so where there is none."""
    with transaction(operator()) as connection:
        ensure_published(connection)
    with TestClient(app, headers=signed_in(demo_copy)) as client:
        county = client.get("/api/selections").json()["items"][0]
        assert county["published_at"]
        run = client.post("/api/selections", json=HAZARD).json()["run_id"]
        made = client.post(f"/api/selections/{run}/publish").json()
        assert (made["draft"], made["run_id"]) == (False, run)
        first, *others = client.get("/api/selections").json()["items"]
        assert first["run_id"] == run
        assert not any(one["published_at"] for one in others)
        assert next(one for one in others if one["run_id"] == county["run_id"])["withdrawn_at"]
        for page in ("/map/planner", f"/map/township/{TOWN}"):
            assert f"第 {run} 号" in client.get(page).text, page
        again = client.post(f"/api/selections/{county['run_id']}/withdraw")
        assert again.status_code == 409
        assert "没有发布" in again.json()["error"]["message"]
        assert client.post("/api/selections/999999/publish").status_code == 404
        assert client.post(f"/api/selections/{run}/withdraw").json()["draft"] is True
        assert "尚未发布名单" in client.get("/map/planner").text
        assert "尚未发布名单" in client.get(f"/map/township/{TOWN}").text
        assert client.get(_TILES[1]).content == b""
        assert client.get("/map/planner/offline").status_code == 404
    assert demo_copy.cli("map", "planner", "--out", tmp_path / "m.html").err.startswith("No list is published")
    assert demo_copy.cli("runs", "publish", run).code == 0
    assert "published" in demo_copy.cli("runs").out.splitlines()[0]
    assert demo_copy.cli("runs", "publish", 999_999).err == "There is no selection run 999999.\n"
    done = demo_copy.ask(
        "SELECT action, object FROM gis.audit_trail WHERE action IN ('published', 'withdrawn') ORDER BY 1, 2"
    )
    assert done == [("published", f"run {run}"), ("published", f"run {run}"), ("withdrawn", f"run {run}")]


def test_who_may_publish(app: FastAPI, demo_database: Database, county: int):
    bound: tuple[tuple[str, dict[str, Any]], ...] = (
        ("fire", {}), ("township", {"place": TOWN}), ("department", {"department": "police"}), ("auditor", {})
    )  # fmt: skip
    for role, place in bound:
        with TestClient(app, headers=signed_in(demo_database, role, **place)) as other:
            for deed in ("publish", "withdraw"):
                assert other.post(f"/api/selections/{county}/{deed}").status_code == 403, role
    with TestClient(app, headers=signed_in(demo_database, "township", place=TOWN)) as town:
        own = town.post("/api/selections", json=HAZARD).json()["run_id"]
    with TestClient(app, headers=signed_in(demo_database)) as planner:
        refused = planner.post(f"/api/selections/{own}/publish")
        assert refused.status_code == 409
        assert "不是全县的" in refused.json()["error"]["message"]
