"""One error body on every error path, whatever is thrown at the service."""

from __future__ import annotations

import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.api.routes.tiles import LAYERS
from gis_service.db.server import Server
from tests.conftest import Database, open_folder, signed_in

SQUARE = [[[107.37, 24.51], [107.38, 24.51], [107.38, 24.52], [107.37, 24.51]]]
AREA = {"name": "老街", "geometry": {"type": "Polygon", "coordinates": SQUARE}}
FORBIDDEN = ("Traceback", "psycopg", "sqlalchemy", "SELECT", "INSERT", 'File "')


def _is_error(answer, *statuses: int) -> dict:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"]
    assert body["error"]["message"]
    assert isinstance(body["error"]["details"], dict)
    assert not any(word in answer.text for word in FORBIDDEN), answer.text
    return body["error"]


BIG = "9" * 30
HUGE = "9" * 5000
GETS = [
    ("/nothing/here", 404), ("/collections/nope", 404), ("/collections/nope/items", 404), ("/collections/%00/items", 404),
    ("/collections/building/items/0", 404), (f"/collections/building/items/{BIG}", 404),
    (f"/collections/building/items/{HUGE}", 404), ("/collections/building/items/-1", 404),
    ("/collections/building/items/1.5", 404), ("/collections/building/items/%00", 404),
    ("/collections/building/items/٣", 404), ("/collections/building/items/1%27", 404),
    *((f"/collections/building/items?{q}", 422) for q in (
        "limit=0", "limit=-1", f"limit={HUGE}", "limit=NaN", "limit=1.5", "limit=", "offset=-1",
        f"offset={BIG}", "after=-1", f"after={BIG}", "after=x", "bbox=", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=nan,0,1,1",
        "bbox=0,0,inf,1", "bbox=108,25,107,24", "bbox=107,25,108,24", "bbox=-181,0,1,1", "bbox=0,0,1,91", "bbox=1,2,3,4,5",
        "bbox=0,0,1e400,1", "bbox=%00", "colour=red", "owner_name=x", "geom=x", "hazard_tier=%00", "building_id=a%00b",
        "a%00b=c",
    )),
    *((f"/collections/{name}/items?datetime={q}", 400) for name in ("building", "drawn_area") for q in (
        "", "/", "..", "../..", "/..", "soon", "2022", "2022-13-01", "2022-02-30T00:00:00Z", "2022-09-08T00:00:00", "%00",
        "2022-09-08T25:00:00Z", "2022-09-09/2022-09-08", "2022-09-08/2022-09-09/2022-09-10", "0000-01-01", "2022-09-08T00:00:00Z/x",
    )),
    ("/tiles/nope/0/0/0.pbf", 404), ("/tiles/buildings/1/2/0.pbf", 404), ("/tiles/buildings/1/0/2.pbf", 404),
    (f"/tiles/buildings/10/{BIG}/0.pbf", 404), ("/tiles/buildings/23/0/0.pbf", 422), ("/tiles/buildings/-1/0/0.pbf", 422),
    ("/tiles/buildings/1/-1/0.pbf", 422), ("/tiles/buildings/x/0/0.pbf", 422), (f"/tiles/buildings/{HUGE}/0/0.pbf", 422),
    ("/tiles/selection/0/0/0.pbf?run=0", 422), (f"/tiles/selection/0/0/0.pbf?run={BIG}", 422),
    ("/api/search", 422), ("/api/search?q=", 422), ("/api/search?q=%00", 422), (f"/api/search?q={'x' * 101}", 422),
    ("/api/search?q=x&limit=0", 422), ("/api/search?q=x&limit=51", 422),
    ("/api/selections/0", 422), ("/api/selections/999999", 404), (f"/api/selections/{BIG}", 422),
    ("/api/selections/1?limit=0", 422), ("/api/selections/1?offset=-1", 422), ("/api/selections/x", 422),
    ("/api/selections/1/compare/999999", 404), ("/api/selections/1/buildings/nope", 404),
    ("/api/selections/1/buildings/%00", 404), ("/api/selections/999999/export", 404),
    ("/api/selections/1/export?format=exe", 422), ("/api/areas/0", 422), ("/api/areas/999999", 404),
    (f"/api/areas/{BIG}", 422), ("/map/planner?run=999999", 404), ("/map/planner?run=0", 422), (f"/map/planner?run={BIG}", 422),
    ("/static/vendor/../../app.py", 404), ("/static/vendor/%2e%2e/package.json", 404), ("/static/..%2f..%2fpyproject.toml", 404),
    ("/static/nope.js", 404),
]  # fmt: skip


@pytest.mark.parametrize(("path", "status"), GETS, ids=[p[:60] for p, _ in GETS])
def test_get(client: TestClient, path: str, status: int):
    _is_error(client.get(path), status)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path", ["/collections", "/health", "/tiles/buildings/0/0/0.pbf", "/collections/building/items"]
)
def test_methods(client: TestClient, method: str, path: str):
    _is_error(client.request(method, path), 405)


def _area(**changes: object) -> dict:
    return AREA | changes


def _shape(coordinates: object, kind: str = "Polygon") -> dict:
    return _area(geometry={"type": kind, "coordinates": coordinates})


AREAS = [
    {}, [], "x", None, 5, _area(name=""), _area(name=" "), _area(name="a\x00b"), _area(name="x" * 101), _area(name=5),
    _area(name="a\nb\x07"), _area(note="\x00"), _area(note="x" * 2001), _area(extra=1), _area(version=0),
    _area(version=10**30), _area(geometry=None), _shape([]), _shape([[]]), _shape([[[]]]), _shape([[[1]]]),
    _shape([[[107.37, 24.51]]]), _shape([[[107.37, 24.51], [107.38, 24.51]]]), _shape("x"), _shape([["a", "b"]]),
    _shape([[[None, None]] * 4]), _shape([[["107", "24"]] * 4]), _shape({"a": 1}), _shape([[[{}, {}]] * 4]),
    _shape([[[10**400, 24.5], [107.4, 24.5], [107.4, 24.6], [10**400, 24.5]]]),
    _shape([[[1e308, 1e308], [0, 1e308], [1e308, 0], [1e308, 1e308]]]), _shape([[[200, 24], [201, 24], [201, 25], [200, 24]]]),
    _shape([[[107.37, 24.51], [107.38, 24.52], [107.38, 24.51], [107.37, 24.52], [107.37, 24.51]]]),
    _shape([[[107.37, 24.51], [107.37, 24.51], [107.37, 24.51], [107.37, 24.51]]]),
    _shape([[[107.37, 24.51]] * 10_002]), _shape(SQUARE, "Point"), _shape(SQUARE, "GeometryCollection"),
    _shape(SQUARE, "MultiPolygon"),
]  # fmt: skip


@pytest.mark.parametrize("body", AREAS, ids=[json.dumps(b)[:50] for b in AREAS])
def test_areas_that_are_none(client: TestClient, demo_database: Database, body: object):
    _is_error(client.post("/api/areas", json=body), 422)
    assert demo_database.one("SELECT count(*) FROM gis.drawn_area") == 0


RAW = [
    b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b'{"name": "\\ud800"}', b'{"\\ud800": 1}', b'{"name": "a", "name": 1e999}',
    json.dumps(AREA).replace("107.37", "NaN").encode(), json.dumps(AREA).replace("107.37", "Infinity").encode(),
    json.dumps(AREA).replace("\\u8001", "\\ud800").encode(), b'{"\\ud800\\ud800": {"a": "\\udfff"}}',
]  # fmt: skip


@pytest.mark.parametrize("body", RAW, ids=[repr(b[:30]) for b in RAW])
def test_bodies_that_are_none(client: TestClient, demo_database: Database, body: bytes):
    for path in ("/api/areas", "/api/selections"):
        if path == "/api/selections" and body == b"":
            continue
        _is_error(client.post(path, content=body, headers={"Content-Type": "application/json"}), 400, 413, 422)
    assert demo_database.one("SELECT count(*) FROM gis.drawn_area") == 0


ASKS = [
    {"any_of": [{"term": "zone", "kind": "school", "buffer_m": b}]} for b in (-1, 5001, 10**400, "x", None)
] + [
    {"any_of": [{"term": "zone", "kind": "temple", "buffer_m": 5}]}, {"any_of": [{"term": "rule", "name": "x"}]},
    {"any_of": [{"term": "area", "area_id": 10**30}]}, {"any_of": [{"term": "area", "area_id": 0}]}, {"any_of": [{"term": "?"}]},
    {"any_of": [{}]}, {"any_of": "x"}, {"any_of": [{"term": "rule", "name": "hazard"}] * 51}, {"min_floors": 0},
    {"min_people": 10**9}, {"unknown": 1}, {"any_of": [{"term": "rule", "name": "hazard", "sql": "1=1"}]},
]  # fmt: skip


@pytest.mark.parametrize("ask", ASKS, ids=[json.dumps(a)[:60] for a in ASKS])
def test_asks_that_are_none(client: TestClient, demo_database: Database, ask: dict):
    before = demo_database.one("SELECT count(*) FROM gis.run")
    _is_error(client.post("/api/selections", json=ask), 422)
    assert demo_database.one("SELECT count(*) FROM gis.run") == before


def test_an_area_that_is_not_there(client: TestClient):
    _is_error(client.post("/api/selections", json={"any_of": [{"term": "area", "area_id": 77}]}), 404)


def test_both_languages(client: TestClient):
    path = "/collections/nope"
    assert "没有" in _is_error(client.get(path), 404)["message"]
    assert "no such" in _is_error(client.get(f"{path}?lang=en"), 404)["message"]


def test_nothing_in_an_empty_database_is_a_500(fresh: TestClient):
    for path in ("/", "/map/planner", "/map/planner/offline", "/map/fire"):
        said = fresh.get(path, headers={"Accept": "text/html"})
        assert said.status_code == 404
        # A person reads a sentence, a program the one body.
        assert "gis-service" in said.text
        assert "<h1>" in said.text
    for path in ("/map/planner", "/map/planner/offline", "/map/fire"):
        _is_error(fresh.get(path), 404)
    for path in (
        "/collections",
        "/collections/building/items",
        "/health",
        "/api/areas",
        "/api/rules",
        "/api/search?q=x",
    ):
        assert fresh.get(path).status_code == 200, path
    for layer in LAYERS:
        for zoom in (0, 16):
            answer = fresh.get(f"/tiles/{layer}/{zoom}/0/0.pbf")
            assert (answer.status_code, answer.content) == (200, b""), layer


def test_the_database_stopped(app: FastAPI):
    """Every path says 503 in the one body while the database is away, and goes on when it is back."""
    from gis_service.db.ready import prepare

    with open_folder() as folder:
        alone = Server(folder)
        try:
            with Database(alone, "gis").active():
                prepare()
                headers = signed_in(Database(alone, "gis"))
                with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
                    assert client.get("/health").json()["status"] == "ok"
                    alone.stop()
                    for path in ("/health", "/collections", "/tiles/buildings/0/0/0.pbf", "/api/areas", "/map/planner"):
                        assert _is_error(client.get(path), 503)["code"] == "unavailable", path
                    _is_error(client.post("/api/areas", json=AREA), 503)
                    alone.start()
                    assert client.get("/health").status_code == 200
        finally:
            alone.remove()
