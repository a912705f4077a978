"""OGC API – Features as QGIS reads it: shapes, walks, boxes, filters."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
import shapely
from fastapi.testclient import TestClient

from tests.conftest import Database

# Tables with a geometry that are not published: what is shown of them, other routes show. Where somebody stood is personal.
UNPUBLISHED = {"engine_space", "burn_cluster", "firebreak", "fire_site", "plan_team", "visit"}
# Nothing is drawn and nothing analysed here.
FILLED = ("admin_area", "key_zone", "building", "road", "hydrant", "water_area")
PERSONAL = ("owner", "telephone", "identity")


def _walk(client: TestClient, path: str) -> list[dict]:
    found, seen = [], set()
    while path:
        assert path not in seen, "a next link leads back"
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["numberReturned"] == len(page["features"])
        found += page["features"]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        assert page["truncated"] == bool(following)
        path = ""
        if following:
            parts = urlsplit(following[0])
            assert parts.scheme
            path = f"{parts.path}?{parts.query}"
    return found


def test_landing_and_conformance(client: TestClient):
    landing = client.get("/", headers={"Accept": "application/json"}).json()
    rels = {link["rel"]: link["href"] for link in landing["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(rels)
    for href in rels.values():
        parts = urlsplit(href)
        assert client.get(f"{parts.path}?{parts.query}").status_code == 200, href
    assert (
        "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in client.get("/conformance").json()["conformsTo"]
    )


def test_collections(client: TestClient, demo_database: Database):
    listed = client.get("/collections").json()
    tables = {t for (t,) in demo_database.ask(
        "SELECT f_table_name FROM geometry_columns JOIN pg_tables ON schemaname = f_table_schema AND tablename = f_table_name "
        "WHERE f_table_schema = 'gis'"
    )}  # fmt: skip
    assert {c["id"] for c in listed["collections"]} == tables - UNPUBLISHED, "publish a new table, or name it here"
    for described in listed["collections"]:
        assert client.get(f"/collections/{described['id']}").json() == described
        assert any(link["rel"] == "items" for link in described["links"])
        if described["id"] in FILLED:
            west, south, east, north = described["extent"]["spatial"]["bbox"][0]
            assert 107.0 < west < east < 107.8
            assert 24.1 < south < north < 24.9


@pytest.mark.parametrize(("name", "limit"), [("admin_area", 7), ("key_zone", 20), ("hydrant", 33), ("building", 5000)])
def test_next_links_walk_everything_once(client: TestClient, demo_database: Database, name: str, limit: int):
    found = _walk(client, f"/collections/{name}/items?limit={limit}")
    ids = [f["id"] for f in found]
    assert len(ids) == len(set(ids)) == demo_database.one(f"SELECT count(*) FROM gis.{name}")


def test_offset_pages(client: TestClient):
    whole = [f["id"] for f in client.get("/collections/key_zone/items?limit=30").json()["features"]]
    pieces = [
        f["id"]
        for offset in (0, 10, 20)
        for f in client.get(f"/collections/key_zone/items?limit=10&offset={offset}").json()["features"]
    ]
    assert pieces == whole
    # The next link of an offset page goes on behind it.
    assert [f["id"] for f in _walk(client, "/collections/key_zone/items?limit=50&offset=25")][:5] == whole[25:30]


def test_features_are_geojson_by_rfc_7946(client: TestClient):
    answer = client.get("/collections/building/items?limit=200")
    assert answer.headers["content-type"].startswith("application/geo+json")
    for feature in answer.json()["features"]:
        # 产权性质 is a kind of ownership (national, collective, private) and names nobody.
        assert not any(word in key for key in feature["properties"] if key != "ownership" for word in PERSONAL)
        for part in shapely.get_parts(shapely.geometry.shape(feature["geometry"])):
            assert part.exterior.is_ccw
            assert 107 < part.exterior.coords[0][0] < 108


def test_outlines_that_came_clockwise(fresh: TestClient, database: Database):
    database.ask(
        "INSERT INTO gis.building (building_id, geom) VALUES ('H', ST_ForcePolygonCW(ST_Multi(ST_Difference("
        "ST_MakeEnvelope(436500, 2712000, 436510, 2712010, 4545), "
        "ST_MakeEnvelope(436502, 2712002, 436504, 2712004, 4545)))))"
    )
    (feature,) = fresh.get("/collections/building/items").json()["features"]
    (part,) = shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
    assert part.exterior.is_ccw
    assert [hole.is_ccw for hole in part.interiors] == [False]


def test_one_feature(client: TestClient):
    first = client.get("/collections/building/items?limit=1").json()["features"][0]
    alone = client.get(f"/collections/building/items/{first['id']}").json()
    assert {k: alone[k] for k in first} == first
    assert {link["rel"] for link in alone["links"]} == {"self", "collection"}


def test_bbox(client: TestClient, demo_database: Database):
    box = (107.36, 24.50, 107.39, 24.53)
    wanted = {
        fid
        for (fid,) in demo_database.ask(
            "SELECT fid FROM gis.building WHERE ST_Intersects(ST_Transform(geom, 4490), ST_MakeEnvelope(%s,%s,%s,%s,4490))",
            *box,
        )
    }
    assert len(wanted) > 100
    written = ",".join(map(str, box))
    assert {f["id"] for f in _walk(client, f"/collections/building/items?limit=900&bbox={written}")} == wanted
    six = f"{box[0]},{box[1]},-10,{box[2]},{box[3]},9000"
    assert client.get(f"/collections/building/items?limit=1&bbox={six}").status_code == 200


@pytest.mark.parametrize(
    "box", ["-180,-90,180,90", "0,0,180,90", "73,3,136,54", "100,20,120,30", "107,24,108,25", "-180,-89.9,179.9,89.9"]
)
def test_a_bbox_round_the_county_has_it_all(client: TestClient, demo_database: Database, box: str):
    """Also the whole world, which QGIS asks for and a Gauss-Krüger zone cannot hold."""
    found = _walk(client, f"/collections/key_zone/items?limit=500&bbox={box}")
    assert len(found) == demo_database.one("SELECT count(*) FROM gis.key_zone")


@pytest.mark.parametrize("box", ["-100,30,-90,40", "-10,-80,-5,-70", "0,89,180,90", "120,20,130,30", "0,0,0,0"])
def test_a_bbox_elsewhere_is_empty(client: TestClient, box: str):
    answer = client.get(f"/collections/building/items?limit=5&bbox={box}")
    assert (answer.status_code, answer.json()["features"]) == (200, [])


def test_filters(client: TestClient, demo_database: Database):
    found = _walk(client, "/collections/building/items?limit=50&hazard_tier=severe&use_class=commercial")
    wanted = demo_database.ask("SELECT fid FROM gis.building WHERE hazard_tier = 'severe' AND use_class = 'commercial' "
                               "ORDER BY fid")  # fmt: skip
    assert [f["id"] for f in found] == [fid for (fid,) in wanted]
    assert found
    (town,) = client.get("/collections/admin_area/items?code=451224100").json()["features"]
    assert town["properties"]["name"] == "东兰镇"
    assert client.get("/collections/building/items?building_id=x'%20OR%201=1--").json()["features"] == []


def test_search(client: TestClient):
    items = client.get("/api/search", params={"q": "武篆"}).json()["items"]
    assert items[0]["label"] == "武篆镇"
    assert 107 < items[0]["lon"] < 108
    for q in ("%", "_", "\\", "'", "%%%"):
        assert client.get("/api/search", params={"q": q}).json()["items"] == [], q


def test_openapi(client: TestClient):
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.")
    text = json.dumps(document)
    for path in (
        "/collections/{name}/items",
        "/tiles/{layer}/{z}/{x}/{y}.pbf",
        "/api/selections",
        "/health",
        "/api/areas",
    ):
        assert path in document["paths"]
    ids = [op["operationId"] for item in document["paths"].values() for op in item.values()]
    assert len(ids) == len(set(ids))
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("summary"), (method, path)
            assert "422" in operation["responses"], (method, path)
            body = operation.get("requestBody")
            if body and "application/json" in body["content"]:  # a file is sent as it is
                whole = body["content"]["application/json"]["schema"]
                for one in whole.get("oneOf", [whole]):
                    schema = one["$ref"].rsplit("/", 1)[1]
                    assert document["components"]["schemas"][schema].get("examples"), (method, path, schema)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        node = document
        for step in reference.split("/"):
            node = node[step]
    docs = client.get("/api/docs")
    assert docs.status_code == 200
    assert "https://" not in docs.text, "no content network"


@pytest.mark.parametrize("limit", [5_001, 10_000, 10**30])
def test_more_than_the_most_is_cut(client: TestClient, demo_database: Database, limit: int):
    """Part 1, 7.15.2: a limit above the server's maximum is no error; the next link leads on."""
    answer = client.get(f"/collections/building/items?limit={limit}")
    assert answer.status_code == 200
    assert answer.json()["numberReturned"] == 5_000
    (following,) = [link["href"] for link in answer.json()["links"] if link["rel"] == "next"]
    more = client.get(following).json()
    assert more["numberReturned"] == demo_database.one("SELECT least(5000, count(*) - 5000) FROM gis.building")
    assert not {f["id"] for f in more["features"]} & {f["id"] for f in answer.json()["features"]}


@pytest.mark.parametrize(
    "when",
    ["2022-09-08T00:00:00Z", "2022-09-08", "2022-09-08T00:00:00.5+08:00/..", "../1990-01-01T00:00:00Z", "/2022-12-31"],
)
def test_a_time_selects_nothing_away_where_features_have_none(client: TestClient, when: str):
    asked = {"limit": 20, "datetime": when}
    plain = client.get("/collections/key_zone/items", params={"limit": 20}).json()["features"]
    assert client.get("/collections/key_zone/items", params=asked).json()["features"] == plain


def test_drawn_areas_have_a_time(fresh: TestClient, database: Database):
    moments = ["2022-09-08T00:00:00+00:00", "2022-09-08T23:59:59+00:00", "2022-09-09T00:00:00+00:00"]
    for n, moment in enumerate(moments):
        database.ask(
            "INSERT INTO gis.drawn_area (name, updated_at, geom) VALUES (%s, %s, "
            "ST_Multi(ST_MakeEnvelope(436000, 2712000, 436100, 2712100, 4545)))", str(n), moment,
        )  # fmt: skip
    wanted = {
        "2022-09-08": "01", "2022-09-08T00:00:00Z": "0", "2022-09-08T08:00:00+08:00": "0", "2022-09-08t00:00:00z": "0",
        "../2022-09-08T23:59:58Z": "0", "2022-09-08T23:59:59Z/..": "12", "2022-09-08/2022-09-08": "01",
        "2022-09-08T23:59:60Z/2022-09-09T00:00:00Z": "12", "2023-01-01T00:00:00Z/": "", "/2030-01-01T00:00:00Z": "012",
    }  # fmt: skip
    for when, names in wanted.items():
        found = fresh.get("/collections/drawn_area/items", params={"datetime": when}).json()["features"]
        assert "".join(f["properties"]["name"] for f in found) == names, when
    described = fresh.get("/collections/drawn_area").json()
    assert described["extent"]["temporal"]["interval"] == [[moments[0], moments[-1]]]
    document = fresh.get("/api/openapi.json").json()["paths"]["/collections/{name}/items"]["get"]["parameters"]
    assert {"limit", "bbox", "datetime"} <= {p["name"] for p in document}
