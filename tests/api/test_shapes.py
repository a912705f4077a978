"""Shapes made from what a planner points at, beside what the database measures."""

from __future__ import annotations

import json
import math

import pytest
import shapely
from fastapi.testclient import TestClient

from tests.conftest import Database


def _area_m2(database: Database, geometry: dict) -> float:
    asked = "SELECT ST_Area(ST_Transform(ST_GeomFromGeoJSON(%s), 4545))"
    return database.one(asked, json.dumps(geometry))


def test_each_kind(client: TestClient, demo_database: Database):
    lon, lat, name = demo_database.ask(
        "SELECT ST_X(p), ST_Y(p), name FROM (SELECT ST_Transform(ST_PointN(ST_GeometryN(geom, 1), 1), 4326) AS p, name "
        "FROM gis.road ORDER BY road_id LIMIT 1) AS r"
    )[0]
    zone, zone_name = demo_database.ask("SELECT zone_id, name FROM gis.key_zone ORDER BY zone_id LIMIT 1")[0]
    made = {}
    for given in (
        {"of": "circle", "center": [lon, lat], "radius_m": 300},
        {"of": "line", "line": [[lon, lat], [lon + 0.01, lat]], "distance_m": 50},
        {"of": "road", "near": [lon, lat], "distance_m": 50},
        {"of": "zone", "zone_id": zone, "distance_m": 100},
    ):
        answer = client.post("/api/shapes", json=given)
        assert answer.status_code == 200, answer.text
        made[given["of"]] = answer.json()
        assert answer.json()["area_m2"] == pytest.approx(_area_m2(demo_database, answer.json()["geometry"]), rel=1e-4)
    assert made["circle"]["area_m2"] == pytest.approx(math.pi * 300**2, rel=0.01)
    assert made["zone"]["name"] == zone_name
    road = shapely.geometry.shape(made["road"]["geometry"])
    assert road.covers(shapely.Point(lon, lat))
    whole = demo_database.one(
        "SELECT ST_Area(ST_Buffer(geom, 50, 16)) FROM gis.road ORDER BY ST_Distance(geom, ST_Transform("
        "ST_SetSRID(ST_MakePoint(%s, %s), 4326), 4545)), road_id LIMIT 1", lon, lat,
    )  # fmt: skip
    assert made["road"]["area_m2"] == pytest.approx(whole, rel=1e-3)
    assert made["road"]["name"] == name or name is None


@pytest.mark.parametrize(
    "given",
    [
        {"of": "circle", "center": [0, 0], "radius_m": 100}, {"of": "circle", "center": [-70, 3], "radius_m": 20_000},
        {"of": "line", "line": [[107.3, 24.5], [-107.3, 24.5]], "distance_m": 5},
        {"of": "road", "near": [170, -20], "distance_m": 5},
    ],
)  # fmt: skip
def test_far_away(client: TestClient, given: dict):
    """A Gauss-Krüger zone folds back on itself: what is drawn in the Atlantic must not come down in the county."""
    answer = client.post("/api/shapes", json=given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert "县域之外" in answer.json()["error"]["message"]


def test_no_road_near(client: TestClient):
    answer = client.post("/api/shapes", json={"of": "road", "near": [108.9, 25.9], "distance_m": 5})
    assert answer.status_code == 404
