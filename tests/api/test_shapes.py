"""Shapes made from what a planner points at, measured again by PostGIS in the work CRS."""

from __future__ import annotations

import json
import math

import pytest

from tests.conftest import Database

MIDDLE = (107.372, 24.5105)


def _area(database: Database, geometry: dict) -> float:
    return float(
        database.one(
            "SELECT ST_Area(ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326), 4545))", json.dumps(geometry)
        )
    )


def test_a_circle_is_round_on_the_ground(client, demo_database: Database):
    made = client.post("/api/shapes", json={"of": "circle", "center": MIDDLE, "radius_m": 100}).json()
    exact = 32 * math.sin(2 * math.pi / 64) * 100**2  # a polygon of 64 sides
    assert made["area_m2"] == pytest.approx(exact, rel=1e-4)
    assert _area(demo_database, made["geometry"]) == pytest.approx(exact, rel=1e-3)


def test_a_strip_along_a_line(client, demo_database: Database):
    x, y = MIDDLE
    length = demo_database.one(
        f"SELECT ST_Length(ST_Transform(ST_SetSRID(ST_MakeLine(ST_MakePoint({x}, {y}), ST_MakePoint({x + 0.01}, {y})), 4326), 4545))"
    )
    made = client.post("/api/shapes", json={"of": "line", "line": [[x, y], [x + 0.01, y]], "distance_m": 20}).json()
    ends = 32 * math.sin(2 * math.pi / 64) * 20**2
    assert made["area_m2"] == pytest.approx(length * 40 + ends, rel=1e-3)


def test_round_a_zone_is_what_postgis_buffers(client, demo_database: Database):
    zone = demo_database.one("SELECT zone_id FROM gis.key_zone WHERE kind = 'school' ORDER BY 1 LIMIT 1")
    made = client.post("/api/shapes", json={"of": "zone", "zone_id": zone, "distance_m": 200}).json()
    expected = demo_database.one("SELECT ST_Area(ST_Buffer(geom, 200, 16)) FROM gis.key_zone WHERE zone_id = %s", zone)
    assert made["area_m2"] == pytest.approx(float(expected), rel=1e-3)


def test_along_the_nearest_road(client, demo_database: Database):
    lon, lat, name = demo_database.ask(
        """SELECT ST_X(p), ST_Y(p), name FROM (SELECT ST_Transform(ST_LineInterpolatePoint(ST_GeometryN(geom, 1), 0.5), 4326) AS p,
           name FROM gis.road ORDER BY ST_Length(geom) DESC, road_id LIMIT 1) AS r"""
    )[0]
    answer = client.post("/api/shapes", json={"of": "road", "near": [lon, lat], "distance_m": 50})
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == name
    nowhere = client.post("/api/shapes", json={"of": "road", "near": [108.9, 25.9], "distance_m": 50})
    assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "given",
    [
        {"of": "circle", "center": [107, 24], "radius_m": 0},
        {"of": "circle", "center": [107, 24], "radius_m": 1e9},
        {"of": "circle", "center": [207, 24], "radius_m": 10},
        {"of": "line", "line": [[107, 24]], "distance_m": 10},
        {"of": "line", "line": [[107, 24], [107, 24]], "distance_m": 10},
        {"of": "line", "line": [[107, 24], [107.1, 24]] * 600, "distance_m": 10},
        {"of": "zone", "zone_id": "", "distance_m": 10},
        {"of": "square", "center": [107, 24]},
        {"of": "circle", "center": [107, 24], "radius_m": 10, "more": 1},
    ],
)
def test_what_cannot_be_drawn(client, given: dict):
    answer = client.post("/api/shapes", json=given)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_input"


def test_an_unknown_zone(client):
    for unknown in ("nobody", "a\0b"):
        answer = client.post("/api/shapes", json={"of": "zone", "zone_id": unknown, "distance_m": 10})
        assert answer.status_code == 404


def test_an_area_outside_the_county(client, demo_database: Database):
    ring = [[109, 26], [109.01, 26], [109.01, 26.01], [109, 26]]
    answer = client.post("/api/areas", json={"name": "县外", "geometry": {"type": "Polygon", "coordinates": [ring]}})
    assert answer.status_code == 422
    assert "县域之外" in answer.json()["error"]["message"]
    assert demo_database.one("SELECT count(*) FROM gis.drawn_area WHERE name = '县外'") == 0


def test_a_preview_counts_what_a_run_selects(client, demo_database: Database):
    ask = {"any_of": [{"term": "zone", "kind": "market", "buffer_m": 100}, {"term": "rule", "name": "hazard"}]}
    others = [{"term": "rule", "name": "grade"}]
    seen = client.post("/api/selections/preview", json={**ask, "others": others, "limit": 20}).json()
    made = client.post("/api/selections", json=ask).json()
    assert seen["total"] == made["totals"]["total"]
    assert seen["items"] == made["items"][:20]
    assert seen["any_of"][1] == demo_database.one(
        "SELECT count(*) FROM gis.building WHERE hazard_tier IN ('severe', 'some')"
    )
    assert seen["others"] == [
        demo_database.one("SELECT count(*) FROM gis.building WHERE appraisal_grade IN ('C', 'D')")
    ]
    demo_database.ask("DELETE FROM gis.run WHERE run_id = %s", made["run_id"])


def test_a_preview_in_a_sketch_is_of_the_houses_in_it(client, demo_database: Database):
    x, y = MIDDLE
    ring = [[x, y], [x + 0.005, y], [x + 0.005, y + 0.005], [x, y + 0.005], [x, y]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    seen = client.post(
        "/api/selections/preview", json={"any_of": [{"term": "rule", "name": "hazard"}], "shape": shape, "limit": 500}
    ).json()
    expected = {
        row[0]
        for row in demo_database.ask(
            """SELECT building_id FROM gis.building WHERE hazard_tier IN ('severe', 'some') AND
               ST_Intersects(geom, ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326), 4545))""",
            json.dumps(shape),
        )
    }
    assert len(expected) > 5
    assert {item["building_id"] for item in seen["items"]} == expected
    assert seen["total"] == len(expected)
    assert seen["any_of"] == [len(expected)]


@pytest.mark.parametrize(
    "given",
    [
        {"of": "circle", "center": [0, 0], "radius_m": 100}, {"of": "circle", "center": [-70, 3], "radius_m": 20_000},
        {"of": "line", "line": [[107.3, 24.5], [-107.3, 24.5]], "distance_m": 5},
        {"of": "road", "near": [170, -20], "distance_m": 5},
    ],
)  # fmt: skip
def test_far_away(client, given: dict):
    """A Gauss-Krüger zone folds back on itself: what is drawn in the Atlantic must not come down in the county."""
    answer = client.post("/api/shapes", json=given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert "县域之外" in answer.json()["error"]["message"]
