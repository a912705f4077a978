"""A planner's work over HTTP: draw, select, read why, repeat, compare, download."""

from __future__ import annotations

import io
import json
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
import shapely
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.codelists import ZONE_KIND
from tests.conftest import Database, signed_in

RING = [[107.37, 24.505], [107.38, 24.505], [107.38, 24.515], [107.37, 24.515], [107.37, 24.505]]


def _area(name: str = "县城老街", **more: object) -> dict:
    return {"name": name, "geometry": {"type": "Polygon", "coordinates": [RING]}, **more}


def test_areas(fresh: TestClient, database: Database):
    made = fresh.post("/api/areas", json=_area(note="备注"))
    assert made.status_code == 201, made.text
    area = made.json()
    assert (area["version"], area["note"]) == (1, "备注")
    assert area["area_m2"] == pytest.approx(1_122_000, rel=0.01)
    got = shapely.geometry.shape(area["geometry"])
    assert got.symmetric_difference(shapely.Polygon(RING)).area < 1e-9
    assert fresh.get("/api/areas").json() == [area]
    assert fresh.post("/api/areas", json=_area()).status_code == 409, "the name is taken"

    one = f"/api/areas/{area['area_id']}"
    assert fresh.put(one, json=_area("新名", version=1)).json()["version"] == 2
    late = fresh.put(one, json=_area("又一名", version=1))
    assert late.status_code == 409
    assert late.json()["error"]["details"] == {"version": 2}
    assert fresh.put(one, json=_area("没说版本")).status_code == 409
    assert fresh.get(one).json()["name"] == "新名", "whoever came late changed nothing"
    assert fresh.delete(one).status_code == 204
    assert fresh.delete(one).status_code == 404
    assert fresh.put(one, json=_area("x", version=2)).status_code == 404


def test_selection(client: TestClient, demo_database: Database, tmp_path: Path):
    ask = {
        "any_of": [{"term": "zone", "kind": "school", "buffer_m": 200}],
        "all_of": [{"term": "rule", "name": "hazard"}],
    }
    made = client.post("/api/selections", json=ask)
    assert made.status_code == 201, made.text
    selection = made.json()
    run, total = selection["run_id"], selection["totals"]["total"]
    assert total == demo_database.one("SELECT count(*) FROM gis.selection WHERE run_id = %s", run)
    assert len(selection["items"]) == min(100, total)
    assert selection["truncated"] == (total > 100)
    scores = [item["score"] for item in selection["items"]]
    assert scores == sorted(scores, reverse=True)

    pages = [client.get(f"/api/selections/{run}?limit=40&offset={k}").json()["items"] for k in range(0, total + 40, 40)]
    ids = [item["building_id"] for page in pages for item in page]
    assert len(ids) == len(set(ids)) == total

    first = selection["items"][0]
    why = client.get(f"/api/selections/{run}/buildings/{first['building_id']}").json()
    assert {name: why[name] for name in first} == first
    assert ["优先分", f"{first['score']:g}"] in why["rows"]
    assert len(why["reasons_text"]) == len(why["reasons"]) >= 2
    assert any("学校" in text for text in why["reasons_text"])

    again = client.post(f"/api/selections/{run}/repeat").json()
    difference = client.get(f"/api/selections/{run}/compare/{again['run_id']}").json()
    assert difference["counts"] == {"new": 0, "gone": 0, "changed": 0}

    xlsx = client.get(f"/api/selections/{run}/export?format=xlsx")
    assert openpyxl.load_workbook(io.BytesIO(xlsx.content)).active.max_row == total + 3
    gpkg = client.get(f"/api/selections/{run}/export?format=gpkg")
    (tmp_path / "l.gpkg").write_bytes(gpkg.content)
    assert len(gpd.read_file(tmp_path / "l.gpkg")) == total
    collection = json.loads(client.get(f"/api/selections/{run}/export?format=geojson").content)
    assert len(collection["features"]) == total
    assert "csv" in client.get(f"/api/selections/{run}/export?format=csv").headers["content-disposition"]


def test_a_drawn_area_selects(demo_copy: Database, app: FastAPI):
    with TestClient(app, raise_server_exceptions=False, headers=signed_in(demo_copy)) as client:
        area = client.post("/api/areas", json=_area()).json()
        made = client.post("/api/selections", json={"any_of": [{"term": "area", "area_id": area["area_id"]}]}).json()
    wanted = demo_copy.one(
        "SELECT count(*) FROM gis.building AS b, gis.drawn_area AS a WHERE ST_Intersects(b.geom, a.geom)"
    )
    assert made["totals"]["total"] == wanted > 100


def test_the_defaults(client: TestClient):
    rules = client.get("/api/rules").json()
    assert sum(rules["points"].values()) == 100
    shown = {z["kind"]: z["buffer_m"] for z in rules["zones"]}
    assert set(shown) == set(ZONE_KIND)
    known = {"school": 200, "hospital": 200, "market": 200, "resettlement": 50, "industrial": 100}
    assert known.items() <= shown.items()
    everything = client.post("/api/selections", json={}).json()
    assert set(everything["totals"]["rule"]) == {"key_zone", *(r["name"] for r in rules["rules"])}
