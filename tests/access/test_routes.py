"""Collections, selections, exports, counts, searches and pages as every asker, over the service."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import geopandas as gpd
import pytest

from gis_service.api.http.authorisation import allow, public, unruled
from gis_service.db.engine import transaction
from gis_service.db.places import PLACES
from gis_service.identity import Identity, Right
from tests.access.conftest import Ask
from tests.access.witness import (
    BOUND,
    COUNTY,
    EMPTY,
    EVERYBODY,
    FIRE,
    HEALTH,
    NOWHERE,
    PLANNER,
    POLICE,
    TOWN,
    VILLAGE,
    Witness,
    name,
)
from tests.conftest import Database

_COLLECTIONS = tuple(place.name for place in PLACES.values() if not place.for_all)
_SOME = "107.36,24.49,107.39,24.53"
# Two neighbouring townships that share clusters, and so gaps.
_PAGE = {"accept": "text/html"}


def _walk(client: Any, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    following: str | None = address
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["features"]
        following = next((x["href"] for x in page["links"] if x["rel"] == "next"), None)
    return found


@pytest.mark.parametrize("asker", [*BOUND, *EMPTY], ids=name)
def test_a_walk_through_every_collection(county: Database, ask_as: Ask, asker: Identity):
    witness = Witness(county, asker)
    houses = witness.houses()
    with ask_as(asker) as client:
        for collection in _COLLECTIONS:
            found = _walk(client, f"/collections/{collection}/items?limit=5000")
            assert {f["id"] for f in found} == witness.keys(collection), collection
            assert len(found) == len({f["id"] for f in found})
            if collection == "gap":
                told = {f["properties"][k] for f in found for k in ("building_a", "building_b")} - {None}
                assert told <= houses, "a neighbour's number is told"
                assert all(f["properties"]["building_a"] or f["properties"]["building_b"] for f in found)


_in_some: dict[str, set[object]] = {}


def _inside(county: Database, collection: str) -> set[object]:
    """The keys of all rows within the box, whoever sees them: asked once."""
    if collection not in _in_some:
        west, south, east, north = map(float, _SOME.split(","))
        key = "area_id" if collection == "drawn_area" else "fid"
        _in_some[collection] = {
            k
            for (k,) in county.ask(
                f"SELECT {key} FROM gis.{collection} WHERE ST_DWithin(geom, ST_Transform("
                "ST_Segmentize(ST_MakeEnvelope(%s, %s, %s, %s, 4326), 0.5), 4545), 0)",
                west, south, east, north, role="postgres",
            )
        }  # fmt: skip
    return _in_some[collection]


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
def test_a_bbox_of_every_collection(county: Database, ask_as: Ask, asker: Identity):
    witness = Witness(county, asker)
    with ask_as(asker) as client:
        for collection in _COLLECTIONS:
            inside = _inside(county, collection)
            found = _walk(client, f"/collections/{collection}/items?limit=5000&bbox={_SOME}")
            assert {f["id"] for f in found} == inside & witness.keys(collection), collection


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
def test_the_extent_is_of_one_s_own(county: Database, ask_as: Ask, asker: Identity):
    keys = Witness(county, asker).keys("building")
    with ask_as(asker) as client:
        described = client.get("/collections/building").json()
    if not keys:
        assert "extent" not in described
        return
    box = county.ask(
        "SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (SELECT ST_Extent(ST_Transform(geom, 4326)) AS e "
        "FROM gis.building WHERE fid = ANY (%s)) AS x", list(keys), role="postgres",
    )[0]  # fmt: skip
    assert described["extent"]["spatial"]["bbox"] == [pytest.approx(box)]


def _others(county: Database, asker: Identity) -> dict[str, Any]:
    """One of each thing that is somebody else's."""
    mine = Witness(county, asker)
    found = {}
    for table in ("building", "cluster", "alley", "gap", "building_density"):
        keys = county.ask(f"SELECT fid FROM gis.{table} ORDER BY md5(fid::text) LIMIT 2000", role="postgres")
        found[table] = next(k for (k,) in keys if k not in mine.keys(table))
    houses = mine.houses()
    ids = county.ask("SELECT building_id FROM gis.building ORDER BY md5(building_id) LIMIT 5000", role="postgres")
    found["house"] = next(h for (h,) in ids if h not in houses)
    clusters = mine.keys("cluster")
    ids = county.ask("SELECT fid, cluster_id FROM gis.cluster ORDER BY md5(fid::text)", role="postgres")
    found["cluster_id"] = next(c for fid, c in ids if fid not in clusters)
    return found


def _told(answer: Any, asked: object) -> tuple[int, str, dict[str, str]]:
    headers = {k: v for k, v in answer.headers.items() if k.lower() not in {"x-request-id", "date"}}
    headers.pop("content-security-policy", None)  # a nonce of its own each time
    return answer.status_code, answer.text.replace(str(asked), "…"), {**headers, "content-length": ""}


@pytest.mark.parametrize("asker", BOUND, ids=name)
def test_another_s_answers_like_nothing(county: Database, ask_as: Ask, asker: Identity):
    others = _others(county, asker)
    run = county.one(
        "SELECT min(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    with transaction(BOUND[1] if asker is TOWN else TOWN) as connection:
        from sqlalchemy import text

        foreign = connection.execute(
            text("INSERT INTO gis.run (kind, parameters, data_version, code_version) "
                 "VALUES ('selection', '{\"any_of\": [], \"all_of\": [], \"none_of\": []}', 0, '0') RETURNING run_id")
        ).scalar_one()  # fmt: skip
    nothing = 999_999_999
    pairs: list[tuple[str, Any, Any]] = [
        (f"/collections/{t}/items/{{}}", others[t], nothing) for t in ("building", "cluster", "alley", "gap")
    ]
    pairs += [
        ("/collections/building/items?building_id={}", others["house"], "nobody-1"),
        ("/collections/gap/items?building_a={}", others["house"], "nobody-1"),
        ("/collections/gap/items?building_b={}", others["house"], "nobody-1"),
        ("/collections/building_density/items?building_id={}", others["house"], "nobody-1"),
        (f"/api/selections/{run}/buildings/{{}}", others["house"], "nobody-1"),
        ("/api/buildings/{}", others["house"], "nobody-1"),
        ("/api/search?q={}", others["house"], "nobody-1"),
        ("/map/fire/{}", others["cluster_id"], nothing),
        ("/map/fire/{}/offline", others["cluster_id"], nothing),
        ("/api/selections/{}", foreign, nothing),
        ("/api/selections/{}/export", foreign, nothing),
        (f"/api/selections/{run}/compare/{{}}", foreign, nothing),
        ("/map/planner?run={}", foreign, nothing),
    ]
    try:
        with ask_as(asker) as client:
            for address, theirs, unknown in pairs:
                one, two = (client.get(address.format(k)) for k in (theirs, unknown))
                assert _told(one, theirs) == _told(two, unknown), address
                if "?" not in address or "run=" in address:
                    assert one.status_code == 404, (address, one.text[:300])
    finally:
        county.ask("DELETE FROM gis.run WHERE run_id = %s", foreign)


@pytest.mark.parametrize("asker", [TOWN, BOUND[1], POLICE, HEALTH], ids=name)
def test_a_selection_is_the_county_s_cut_to_one_s_own(county: Database, ask_as: Ask, asker: Identity):
    """A house's reasons hang on the house and the zones alone: the county's list, filtered, is the answer."""
    whole = county.one(
        "SELECT min(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    rows = county.ask("SELECT building_id, score FROM gis.selection WHERE run_id = %s", whole, role="postgres")
    mine = Witness(county, asker).houses()
    wanted = {h: s for h, s in rows if h in mine}
    with ask_as(asker) as client:
        made = client.post("/api/selections", json={})
        assert made.status_code == 201, made.text
        run = made.json()["run_id"]
        try:
            read = client.get(f"/api/selections/{run}?limit=5000").json()
            assert {i["building_id"]: i["score"] for i in read["items"]} == wanted
            for number in (run, whole):
                totals = client.get(f"/api/selections/{number}").json()["totals"]
                assert totals["total"] == len(wanted)
                assert sum(totals["township"].values()) == len(wanted)
                told = csv.DictReader(
                    io.StringIO(client.get(f"/api/selections/{number}/export?format=csv").content.decode("utf-8-sig"))
                )
                assert {row["房屋编号"] for row in told} == set(wanted)
            with ask_as(PLANNER) as planner:
                assert planner.get("/map/planner", headers=_PAGE).text.count(f"run={run}") == 0, (
                    "a township's list is not shown for the county's"
                )
        finally:
            county.ask("DELETE FROM gis.run WHERE run_id = %s", run)


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
def test_counts_add_up_to_one_s_own(county: Database, ask_as: Ask, asker: Identity):
    with ask_as(asker) as client:
        tables = client.get("/api/figures").json()["tables"]
    overview = next(t for t in tables if t["name"] == "overview")
    total = dict(zip((c["id"] for c in overview["columns"]), overview["total"], strict=True))
    witness = Witness(county, asker)
    assert total["houses"] == len(witness.houses())
    assert total["clusters"] == len(witness.keys("cluster"))
    run = county.one(
        "SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    assert total["priority"] == len(witness.selected(run))


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
def test_pages_open_for_everybody(county: Database, ask_as: Ask, asker: Identity):
    with ask_as(asker) as client:
        for address in ("/map/planner", "/map/fire", "/map/planner/offline", "/collections", "/api/areas", "/"):
            if address == "/" and asker is NOWHERE:
                continue  # its own map is of a township that is not there
            answer = client.get(address, headers=_PAGE)
            assert answer.status_code == 200, (address, answer.text[:300])
    clusters = Witness(county, asker).keys("cluster")
    with ask_as(asker) as client:
        listed = client.get("/api/clusters?limit=1").json()
    assert listed["total"] == len(clusters)


def test_a_cluster_across_a_border(county: Database, ask_as: Ask):
    """Outline and figures whole; of the houses only one's own, on the page and in the offline file."""
    run, cluster, villages = county.ask(
        "SELECT run_id, cluster_id, village_codes FROM gis.cluster WHERE cardinality(village_codes) > 1 "
        "ORDER BY buildings DESC LIMIT 1", role="postgres",
    )[0]  # fmt: skip
    members = county.ask(
        "SELECT building_id, village_code FROM gis.building_density JOIN gis.building USING (building_id) "
        "WHERE run_id = %s AND cluster_id = %s", run, cluster, role="postgres",
    )  # fmt: skip
    for code in villages:
        asker = Identity("t", VILLAGE.role, code)
        with ask_as(asker) as client:
            for address in (f"/map/fire/{cluster}", f"/map/fire/{cluster}/offline"):
                page = client.get(address, headers=_PAGE)
                assert page.status_code == 200
                # Whatever stands between two quotes: the page is looked through once, not once a house.
                told = set(re.findall(r'(?="([^"]{1,100})")', page.text))
                for house, place in members:
                    assert (house in told) == (place == code), (address, house)
            (figure,) = client.get(f"/collections/cluster/items?run_id={run}&cluster_id={cluster}").json()["features"]
            assert figure["properties"]["buildings"] == len(members)


@pytest.mark.parametrize("asker", [*BOUND, *EMPTY], ids=name)
def test_search_finds_one_s_own(county: Database, ask_as: Ask, asker: Identity):
    houses = Witness(county, asker).houses()
    with ask_as(asker) as client:
        for q in ("店", "房", "451224"):
            found = client.get("/api/search", params={"q": q, "limit": 50}).json()["items"]
            assert {i["key"] for i in found if i["what"] == "building"} <= houses


_REFUSED = {
    FIRE: [("POST", "/api/accounts")],
    POLICE: [("POST", "/api/areas")],
    TOWN: [("POST", "/api/areas"), ("DELETE", "/api/areas/1")],
    VILLAGE: [("POST", "/api/areas"), ("POST", "/api/selections"), ("POST", "/api/selections/1/repeat")],
    COUNTY[3]: [("POST", "/api/areas"), ("POST", "/api/selections"), ("DELETE", "/api/areas/1")],
}


@pytest.mark.parametrize("asker", _REFUSED, ids=name)
def test_a_closed_door_says_so(ask_as: Ask, asker: Identity):
    body = {"name": "x", "geometry": {"type": "Polygon", "coordinates": []}}
    with ask_as(asker) as client:
        for method, address in _REFUSED[asker]:
            answer = client.request(method, address, json=body if "areas" in address else {})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), address


def test_every_route_has_a_rule(app: Any):
    from fastapi import APIRouter, Depends, FastAPI
    from fastapi.staticfiles import StaticFiles

    assert unruled(app) == []
    other = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    router = APIRouter()
    ruled = APIRouter(dependencies=[Depends(allow(Right.READ))])
    for r in (router, ruled):
        r.get(f"/{id(r)}")(lambda: None)
    other.get("/open", dependencies=[Depends(public)])(lambda: None)
    other.get("/forgotten")(lambda: None)
    other.include_router(ruled)
    other.include_router(router, prefix="/also")
    other.mount("/files", StaticFiles(directory="."))
    assert unruled(other) == ["/forgotten", f"/also/{id(router)}", "/files"]
    assert "/openapi.json" in unruled(FastAPI())


def test_an_export_to_a_geopackage(county: Database, ask_as: Ask, tmp_path: Any):
    whole = county.one(
        "SELECT min(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    wanted = {str(k).split("/", 1)[1] for k in Witness(county, VILLAGE).selected(whole)}
    with ask_as(VILLAGE) as client:
        (tmp_path / "a.gpkg").write_bytes(client.get(f"/api/selections/{whole}/export?format=gpkg").content)
        listed = client.get(f"/api/figures/list?township={VILLAGE.place[:9]}&format=csv").content.decode("utf-8-sig")
    assert set(gpd.read_file(tmp_path / "a.gpkg")["building_id"]) == wanted
    assert {r["房屋编号"] for r in csv.DictReader(io.StringIO(listed))} <= Witness(county, VILLAGE).houses()
