"""Clusters over HTTP: the ranked list, facts, patrol, widths and records, against SQL of our own."""

from __future__ import annotations

import io
from collections.abc import Iterator

import openpyxl
import psycopg2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.analysis.command import analyse
from gis_service.db.server import Server
from gis_service.density.params import Params
from tests import town
from tests.conftest import Database, cloned, signed_in

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def built(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the small town, analysed: one cluster."""
    with cloned(server, template) as made:
        town.build(made, tmp_path_factory.mktemp("town"))
        yield made.name


@pytest.fixture
def database(server: Server, built: str) -> Iterator[Database]:
    """A copy of the town for one test to change."""
    with cloned(server, built) as made:
        yield made


@pytest.fixture
def place(fresh: TestClient) -> TestClient:
    """The service over the town."""
    return fresh


@pytest.fixture(scope="module")
def town_seen(server: Server, built: str) -> Iterator[Database]:
    """One copy of the town for all tests that change nothing in it."""
    with cloned(server, built) as made:
        yield made


@pytest.fixture
def seen(town_seen: Database, app: FastAPI) -> Iterator[TestClient]:
    """The service over that copy."""
    with town_seen.active(), TestClient(app, raise_server_exceptions=False, headers=signed_in(town_seen)) as made:
        yield made


def _fault(answer) -> str:
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    return error["message"]


def test_the_list_is_ranked_and_capped(seen: TestClient, town_seen: Database):
    said = seen.get("/api/clusters").json()
    rows = town_seen.ask("SELECT cluster_id, score, buildings FROM gis.cluster ORDER BY score DESC, cluster_id")
    assert [(i["cluster_id"], i["score"], i["buildings"]) for i in said["items"]] == rows
    assert (said["total"], said["truncated"], said["records_without_cluster"]) == (1, False, [])
    west, south, east, north = said["items"][0]["bbox"]
    assert west < said["items"][0]["lon"] < east
    assert south < said["items"][0]["lat"] < north
    assert seen.get("/api/clusters?offset=1").json()["items"] == []
    assert seen.get("/api/clusters?class=unreached").json()["total"] == town_seen.one(
        "SELECT count(*) FROM gis.cluster WHERE unreached > 0"
    )
    assert seen.get("/api/clusters?township=451224999").json()["total"] == 0
    for wild in ("%", "_", "\\", "%00", "' OR 1=1 --"):
        assert seen.get("/api/clusters", params={"q": f"zz{wild}"}).json()["total"] == 0


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "offset=-1", "class=wide", "township=1", "run=0", "run=x", "q=" + "x" * 101]
)
def test_what_cannot_be_asked(seen: TestClient, query: str):
    assert seen.get(f"/api/clusters?{query}").status_code == 422


def test_facts_of_one(seen: TestClient):
    said = seen.get("/api/clusters/1?lang=en").json()
    assert dict(said["rows"])["buildings"] == "24"
    assert said["reasons"]
    assert seen.get("/api/clusters/2").status_code == 404
    assert "没有第 2 号连片区" in _fault(seen.get("/api/clusters/2"))
    assert seen.get("/api/clusters/1?run=99").status_code == 404
    assert seen.get("/api/clusters/0").status_code == 422


def test_no_run_says_what_to_do(server: Server, template: str, app: FastAPI):
    with cloned(server, template) as empty, TestClient(app, headers=signed_in(empty)) as client:
        assert "gis-service analyze" in _fault(client.get("/api/clusters"))
        assert client.get("/api/gaps/widths").status_code == 404


def test_the_patrol_comes_through_every_alley(seen: TestClient, town_seen: Database):
    said = seen.get("/api/clusters/1/patrol").json()
    alleys = {a for (a,) in town_seen.ask("SELECT alley_id FROM gis.alley WHERE cluster_id = 1")}
    steps = [f["properties"] for f in said["features"] if f["properties"]["what"] == "step"]
    assert {s["alley_id"] for s in steps if s["kind"] == "alley"} == alleys
    assert [s["step"] for s in steps] == list(range(1, len(steps) + 1))
    metres = town_seen.one("SELECT sum(ST_Length(geom)) FROM gis.alley WHERE cluster_id = 1")
    assert said["alley_m"] == pytest.approx(metres, abs=0.1)
    assert said["length_m"] == pytest.approx(
        sum(said[f"{k}_m"] for k in ("alley", "again", "across", "direct")), abs=0.5
    )
    staging = [f for f in said["features"] if f["properties"]["what"] == "staging"]
    assert staging
    for feature in staging:
        lon, lat = feature["geometry"]["coordinates"]
        assert town_seen.one(
            "SELECT ST_Covers(ST_Buffer(geom, 0.05), ST_Buffer(ST_Transform(ST_SetSRID(ST_MakePoint(%s, %s), 4326), 4545), 1.9)) "
            "FROM gis.engine_space WHERE cluster_id = 1", lon, lat,
        )  # fmt: skip


@pytest.mark.parametrize("width", [0.5, 0.8, 1.0, 1.5, 4.0])
def test_widths_add_up_to_what_the_slider_says(seen: TestClient, town_seen: Database, width: float):
    said = seen.get("/api/gaps/widths").json()
    step = round(width * 10)
    gaps = sum(row["gaps"] for row in said["gaps"] if row["step"] <= step)
    metres = sum(row["metres"] for row in said["gaps"] if row["step"] <= step)
    houses = sum(row["houses"] for row in said["houses"] if row["step"] <= step)
    counted = town_seen.ask(
        "SELECT count(*), coalesce(sum(length_m), 0) FROM gis.gap WHERE mean_width_m <= %s + 0.005", width
    )[0]
    along = town_seen.one(
        "SELECT count(DISTINCT b) FROM gis.gap, LATERAL (VALUES (building_a), (building_b)) AS s (b) "
        "WHERE mean_width_m <= %s + 0.005",
        width,
    )
    assert gaps == counted[0]
    assert metres == pytest.approx(counted[1], abs=1)
    assert houses == along


def test_widths_are_of_the_data_as_they_stand(place: TestClient, database: Database):
    def counted() -> int:
        return sum(row["gaps"] for row in place.get("/api/gaps/widths").json()["gaps"])

    before = counted()
    assert counted() == before > 1
    database.ask("DELETE FROM gis.gap WHERE ctid = (SELECT min(ctid) FROM gis.gap WHERE mean_width_m > 0)")
    assert counted() == before - 1


def test_plans_are_versions(place: TestClient):
    plan = {"dated": "2022-08-01", "unit": "大队", "body": EVIL, "number": "消〔2022〕1号"}
    assert place.post("/api/clusters/1/plans", json=plan).json() == {"version": 1}
    second = place.post("/api/clusters/1/plans", json=plan | {"body": "第二版"})
    assert second.status_code == 409
    assert "第 1 版" in _fault(second)
    assert place.post("/api/clusters/1/plans", json=plan | {"body": "第二版", "based_on": 1}).json() == {"version": 2}
    items = place.get("/api/clusters/1/plans").json()["items"]
    assert [(i["version"], i["body"]) for i in items] == [(2, "第二版"), (1, EVIL)]


def test_a_correction_is_a_further_row(place: TestClient, database: Database):
    first = place.post("/api/clusters/1/drills", json={"dated": "2022-08-01", "result": "passed"}).json()["drill_id"]
    fixed = {"dated": "2022-08-01", "result": "failed", "corrects": first, "note": "两条水带不够长"}
    assert place.post("/api/clusters/1/drills", json=fixed).status_code == 201
    assert place.post("/api/clusters/1/drills", json=fixed).status_code == 409
    assert place.post("/api/clusters/1/drills", json=fixed | {"corrects": 999}).status_code == 422
    items = place.get("/api/clusters/1/drills").json()["items"]
    assert [(i["result"], i["corrected"]) for i in items] == [("failed", False), ("passed", True)]
    assert database.one("SELECT count(*) FROM gis.fire_drill") == 2


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("plans", {"dated": "2022-08-01", "unit": "大队"}),
        ("plans", {"dated": "2022-08-01", "unit": "  ", "body": "x"}),
        ("plans", {"dated": "2022-08-01", "unit": "大队", "body": "x" * 20_001}),
        ("plans", {"dated": "2022-08-01", "unit": "大队", "body": "a\x00b"}),
        ("drills", {"dated": "2099-01-01", "result": "passed"}),
        ("drills", {"dated": "1999-12-31", "result": "passed"}),
        ("drills", {"dated": "yesterday", "result": "passed"}),
        ("drills", {"dated": "2022-08-01", "result": "fine"}),
        ("drills", {"dated": "2022-08-01", "result": "passed", "account": "another"}),
        ("patrols", {"dated": "2022-08-01", "unit": "13812345678"}),
        ("patrols", {"dated": "2022-08-01", "unit": "中队", "found": "x" * 2001}),
        ("patrols", []),
    ],
)
def test_records_that_cannot_be_kept(seen: TestClient, town_seen: Database, kind: str, given: object):
    answer = seen.post(f"/api/clusters/1/{kind}", json=given)
    assert answer.status_code == 422
    assert _fault(answer)
    assert seen.get(f"/api/clusters/1/{kind}").json()["items"] == []
    assert town_seen.one("SELECT count(*) FROM gis.fire_site") == 0


def test_records_of_no_cluster(seen: TestClient):
    given = {"dated": "2022-08-01", "unit": "中队"}
    assert seen.post("/api/clusters/7/patrols", json=given).status_code == 404
    assert seen.get("/api/clusters/7/plans").status_code == 404


def test_records_outlive_their_run(place: TestClient, database: Database):
    """A further run numbers clusters anew: records follow the outline, and are told where there is none any more."""
    assert (
        place.post("/api/clusters/1/patrols", json={"dated": "2022-08-01", "unit": "中队", "found": "堵巷"}).status_code
        == 201
    )
    analyse(Params())
    run = database.one("SELECT max(run_id) FROM gis.run WHERE kind = 'density'")
    said = place.get(f"/api/clusters/1/patrols?run={run}").json()
    assert [i["found"] for i in said["items"]] == ["堵巷"]
    assert said["sites"][0]["share"] == pytest.approx(1.0)
    # Two clusters now: the eastern one has most of the site.
    database.ask("UPDATE gis.cluster SET geom = ST_Multi(ST_Intersection(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4545))) "
                 "WHERE run_id = %s", town.X + 25, town.Y - 50, town.X + 200, town.Y + 200, run)  # fmt: skip
    database.ask(
        "INSERT INTO gis.cluster (run_id, cluster_id, buildings, footprint_m2, coverage, alley_m, sky_line_m, handshake_m, "
        "score, score_parts, geom) SELECT run_id, 2, 10, 1, 1, 0, 0, 0, 1, '{}', ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4545)) "
        "FROM gis.cluster WHERE run_id = %s", town.X, town.Y, town.X + 24, town.Y + 40, run,
    )  # fmt: skip
    assert len(place.get("/api/clusters/1/patrols").json()["items"]) == 1
    assert place.get("/api/clusters/2/patrols").json()["items"] == []
    database.ask("DELETE FROM gis.cluster WHERE run_id = %s", run)
    assert [s["site_id"] for s in place.get("/api/clusters").json()["records_without_cluster"]] == [1]


def test_nobody_changes_a_record(place: TestClient, database: Database):
    place.post("/api/clusters/1/drills", json={"dated": "2022-08-01", "result": "passed"})
    for role in ("gis_fire", "gis_administrator", "gis_planner"):
        for sql in ("UPDATE gis.fire_drill SET result = 'failed'", "DELETE FROM gis.fire_drill"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                database.ask(f"SET ROLE {role}; {sql}", role="gis_service")


def test_the_sheet_over_http(seen: TestClient):
    answer = seen.get("/map/fire/1/sheet.pdf?paper=A3")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="fire-1-A3-' in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
    assert seen.get("/map/fire/9/sheet.pdf").status_code == 404
    assert seen.get("/map/fire/1/sheet.pdf?paper=A0").status_code == 422


def test_the_county_page_is_small(seen: TestClient):
    answer = seen.get("/map/fire", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert len(answer.content) < 300_000
    for z, x, y in ((5, 25, 13), (14, 13078, 6990)):
        assert seen.get(f"/tiles/clusters/{z}/{x}/{y}.pbf").status_code == 200


def test_what_is_due_and_what_was_recorded(place: TestClient, database: Database):
    """A cluster is due until somebody walks it; a correction counts in place of what it corrects; the file says it."""
    due = "/api/clusters?walked_before=2022-09-01"
    (one,) = place.get(due).json()["items"]
    assert (one["last_patrol"], one["record"]) == (None, "巡查 无 · 预案 无 · 演练 无")
    made = place.post("/api/clusters/1/patrols", json={"dated": "2022-09-02", "unit": "中队"}).json()["patrol_id"]
    assert place.get(due).json() | {"run_id": 0, "offset": 0} == {
        "run_id": 0, "total": 0, "offset": 0, "truncated": False, "items": [], "records_without_cluster": [],
    }  # fmt: skip
    given = {"dated": "2022-08-02", "unit": "中队", "corrects": made}
    assert place.post("/api/clusters/1/patrols", json=given).status_code == 201
    place.post("/api/clusters/1/plans", json={"dated": "2022-07-01", "unit": "大队", "body": "先断电"})
    (one,) = place.get(due).json()["items"]
    assert one["record"] == "巡查 2022-08-02 · 预案 2022-07-01 · 演练 无"
    assert place.get("/api/clusters/1/patrols").json()["items"][0]["account"].startswith("t.administrator")
    book = openpyxl.load_workbook(io.BytesIO(place.get("/api/clusters/export?walked_before=2022-09-01").content))
    heads, row = ([cell.value for cell in line] for line in book.worksheets[0].iter_rows())
    told = dict(zip(heads, row, strict=True))
    assert (told["序位"], told["栋数"], told["最近巡查"], told["预案日期"], told["最近演练"]) == (
        1, 24, "2022-08-02", "2022-07-01", None,
    )  # fmt: skip
    assert place.get("/api/clusters?walked_before=x").status_code == 422
