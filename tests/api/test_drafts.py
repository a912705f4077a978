"""A what-if list is its author's: pages, townships, files and prints of the county stay as they were."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.identity import Identity, Role
from gis_service.sheet.township import read_sheet_data
from tests.conftest import Database, signed_in

TOWN = "451224100"
HAZARD = {"any_of": [{"term": "rule", "name": "hazard"}]}
NOBODY = {"any_of": [{"term": "rule", "name": "people"}], "min_people": 100_000}
_PAGES = ("/", f"/map/township/{TOWN}", f"/map/township/{TOWN}/offline", "/map/planner/offline", "/map/fire")
_TILES = ("/tiles/selection/9/408/219.pbf", "/tiles/selection/14/13077/7039.pbf")
_CHANGES = re.compile(r'nonce[-=]"?[\w-]+"?|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?|"id": ?"[0-9a-f]{32}"|_[0-9a-f]{32}')


@pytest.fixture
def county(demo_database: Database, client: TestClient) -> Iterator[int]:
    """The number of the county's list; what a test adds goes."""
    yield demo_database.one("SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND NOT draft")
    demo_database.ask("DELETE FROM gis.run WHERE draft")


def _cells(content: bytes) -> str:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return _CHANGES.sub("", repr([(sheet.title, list(sheet.values)) for sheet in book if sheet.title != "导出信息"]))


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


@pytest.mark.parametrize("asked", [HAZARD, NOBODY], ids=["other conditions", "no houses"])
def test_nothing_of_the_county_s_changes(
    client: TestClient, demo_database: Database, county: int, asked: dict[str, Any]
):
    house = demo_database.one(
        "SELECT building_id FROM gis.selection WHERE run_id = %s ORDER BY score, building_id LIMIT 1", county
    )
    before = _seen(client, house)
    made = client.post("/api/selections", json=asked)
    assert made.status_code == 201
    assert made.json()["draft"] is True
    assert made.json()["totals"]["total"] == (0 if asked is NOBODY else demo_database.one(
        "SELECT count(*) FROM gis.building WHERE hazard_tier IN ('severe', 'some')"))  # fmt: skip
    after = _seen(client, house)
    for what, told in before.items():
        assert after[what] == told, what
    assert f"第 {county} 号" in before[f"/map/township/{TOWN}"]


def test_the_author_sees_it_and_others_do_not(
    client: TestClient, app: FastAPI, demo_database: Database, county: int, tmp_path: Path
):
    run = client.post("/api/selections", json=HAZARD).json()["run_id"]
    own = client.get("/map/planner").text
    assert f"第 {run} 号选取" in own
    assert "试算" in own
    assert f"/map/planner?run={county}" in own
    assert "试算" not in client.get(f"/map/planner?run={county}").text.split("<script")[0].split("</header>")[0]
    bound: tuple[tuple[str, dict[str, Any]], ...] = (
        ("planner", {}), ("township", {"place": TOWN}), ("department", {"department": "police"})
    )  # fmt: skip
    for role, place in bound:
        with TestClient(app, headers=signed_in(demo_database, role, **place)) as other:
            page = other.get("/map/planner").text
            assert f"第 {county} 号选取" in page
            assert f'"run_id":{run},' not in page, "not offered for comparing either"
            assert other.get(f"/api/selections/{run}").status_code == (200 if role == "planner" else 404)
    # The command line makes the county's map; the same conditions in another order are the county's list.
    said = demo_database.cli("map", "planner", "--out", tmp_path / "m.html", lang="zh")
    assert said.code == 0, said.err
    assert f"第 {county} 号选取" in (tmp_path / "m.html").read_text()
    rules = client.get("/api/rules").json()
    terms = [{"term": "rule", "name": r["name"]} for r in rules["rules"]][::-1] + rules["zones"][::-1]
    again = client.post("/api/selections", json={"any_of": terms}).json()
    assert again["draft"] is False
    assert f"第 {again['run_id']} 号选取" in client.get("/map/planner").text, (
        "a newer list of the county's goes before a draft"
    )
    demo_database.ask("DELETE FROM gis.run WHERE run_id = %s", again["run_id"])
