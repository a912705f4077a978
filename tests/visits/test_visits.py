"""Visits over the service: sent twice they are one, they propose and never write, and what cannot be is said."""

from __future__ import annotations

import io
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.cases.conftest import photograph
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT


def _visit(**more: Any) -> dict[str, Any]:
    return {"visit_id": str(uuid4()), "building_id": "H1", "visited_at": "2022-09-08T09:30:00+08:00"} | more


def _post(client: TestClient, who: dict[str, str], given: dict[str, Any]) -> Any:
    return client.post("/api/visits?lang=en", headers=who, json=given)


@pytest.fixture
def township(town: Database) -> dict[str, str]:
    return signed_in(town, "township", place=TOWN)


def test_sent_twice_it_is_one(town: Database, client: TestClient, township: dict[str, str]):
    kind = {"content-type": "image/jpeg"}
    stored = client.post("/api/attachments?building_id=H1", headers=township | kind, content=photograph("red")).json()
    lon, lat = town.ask(
        "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_SetSRID(ST_MakePoint(436530, 2712005), 4545), 4326) AS p) AS x"
    )[0]
    place = {"lon": lon, "lat": lat, "by": "device", "accuracy_m": 8}
    given = _visit(found="some", note="裂缝", photographs=[stored["sha256"]], position=place, answers={"floors": 4})
    first = _post(client, township, given)
    assert first.status_code == 201, first.text
    row = first.json()
    assert (row["visited_on"], row["account"], row["found"]) == ("2022-09-08", "t.township.451224100", "some")
    assert row["distance_m"] == pytest.approx(20, abs=0.01)
    assert (row["lon"], row["lat"]) == pytest.approx((lon, lat))
    before = town.counts()
    again = _post(client, township, given)
    assert (again.status_code, again.json()) == (200, row)
    assert town.counts() | {"version": 0} == before | {"version": 0}
    other = _post(client, township, given | {"note": "没有裂缝"})
    assert (other.status_code, "has other content" in other.json()["error"]["message"]) == (409, True)
    assert client.get("/api/visits?building_id=H1", headers=township).json()["items"][0]["note"] == "裂缝"
    assert town.ask("SELECT action, object FROM gis.audit_trail WHERE action = 'visited'") == [
        ("visited", f"visit {given['visit_id']}")
    ]


_REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an unknown house": ({"building_id": "H99"}, 404, "no such house"),
    "another's house": ({"building_id": "U1"}, 404, "no such house"),
    "tomorrow": ({"visited_at": "2022-09-09T00:10:00+08:00"}, 422, "in the future"),
    "no time zone": ({"visited_at": "2022-09-08T09:30:00"}, 422, "timezone"),
    "before its round": ({"round": "回头看", "visited_at": "2022-09-07T09:30:00+08:00"}, 422, "before its round began on 2022-09-08"),
    "a round of nothing": ({"round": "nothing"}, 404, "no round"),
    "5 km away": ({"position": {"lon": 107.42, "lat": 24.51}}, 422, "m from the house"),
    "not of this world": ({"position": {"lon": 1e9, "lat": 24.51}}, 422, "lon"),
    "a photograph of nothing": ({"photographs": ["0" * 64]}, 422, "not stored for this house"),
    "a question of nothing": ({"answers": {"colour": "red"}}, 422, "no question 'colour'"),
    "no storeys": ({"answers": {"floors": 0}}, 422, "storeys"),
    "a code of nothing": ({"answers": {"structure": "paper"}}, 422, "no choice 'paper'"),
    "a use of nothing": ({"answers": {"business_uses": ["catering", "casino"]}}, 422, "no choice 'casino'"),
    "before it was built": ({"visited_at": "2004-09-08T09:30:00+08:00"}, 422, "before the house was built"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(_REFUSED))
def test_what_cannot_be(town: Database, client: TestClient, township: dict[str, str], name: str):
    town.ask(
        "INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('回头看', 'look_back', '2022-09-08', '2022-09-16')"
    )
    given, status, sentence = _REFUSED[name]
    answer = _post(client, township, _visit(**given))
    assert (answer.status_code, sentence in answer.json()["error"]["message"]) == (status, True), answer.text
    assert town.one("SELECT count(*) FROM gis.visit") == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 500)])
def test_a_photograph_may_be_tiny(client: TestClient, township: dict[str, str], size: tuple[int, int]):
    held = io.BytesIO()
    Image.new("RGB", size, "white").save(held, "JPEG")
    answer = client.post(
        "/api/attachments?building_id=H1", content=held.getvalue(),
        headers={**township, "Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == size


def test_a_house_that_is_gone(town: Database, client: TestClient, township: dict[str, str]):
    town.ask("UPDATE gis.building SET removed_on = '2022-08-01' WHERE building_id = 'H1'")
    answer = _post(client, township, _visit())
    assert (answer.status_code, "gone since 2022-08-01" in answer.json()["error"]["message"]) == (422, True)


def test_the_township_decides_each_proposal(town: Database, client: TestClient, township: dict[str, str]):
    town.ask("UPDATE gis.building SET floors = 3, people = 5 WHERE building_id = 'H1'")
    answers = {"floors": 4, "people": 12, "business_uses": ["catering"], "structure": "rc"}
    told = _post(client, township, _visit(answers=answers)).json()["proposals"]
    assert [(p["field"], p["before"], p["after"]) for p in told] == [
        ("floors", 3, 4), ("people", 5, 12), ("structure", "unknown", "rc"),
    ]  # fmt: skip
    assert town.one("SELECT floors FROM gis.building WHERE building_id = 'H1'") == 3, "a visit writes nothing"
    numbers = {p["field"]: p["proposal_id"] for p in told}

    def decide(who: dict[str, str], field: str, accepted: bool) -> Any:
        return client.post(
            f"/api/proposals/{numbers[field]}/decision?lang=en", headers=who, json={"accepted": accepted}
        )

    assert decide(signed_in(town, "planner"), "floors", True).status_code == 403
    assert decide(signed_in(town, "auditor"), "floors", True).status_code == 403
    assert decide(signed_in(town, "township", place=UNIT), "floors", True).status_code == 404
    assert decide(township, "floors", True).json()["accepted"] is True
    assert decide(township, "people", False).json()["accepted"] is False
    assert decide(township, "floors", False).status_code == 409
    # The record was changed meanwhile: the visit does not know better.
    town.ask("UPDATE gis.building SET structure = 'steel' WHERE building_id = 'H1'")
    stale = decide(township, "structure", True)
    assert (stale.status_code, "changed since the visit" in stale.json()["error"]["message"]) == (409, True)
    assert decide(township, "structure", False).status_code == 200
    assert town.ask("SELECT floors, people, structure FROM gis.building WHERE building_id = 'H1'") == [(4, 5, "steel")]
    assert client.get("/api/proposals", headers=township).json()["items"] == []
    assert len(client.get("/api/proposals?undecided=false", headers=township).json()["items"]) == 3
    # Who sees which decisions: those of one's own houses.
    from sqlalchemy import text

    from gis_service.db.engine import transaction
    from tests.cases.conftest import OF_UNIT, TOWNSHIP

    for who, rows in ((TOWNSHIP, 3), (OF_UNIT, 0)):
        with transaction(who, read_only=True) as connection:
            assert connection.execute(text("SELECT count(*) FROM gis.proposal_decision")).scalar() == rows


def test_a_house_that_was_pulled_down_is_proposed(town: Database, client: TestClient, township: dict[str, str]):
    told = _post(client, township, _visit(outcome="gone")).json()["proposals"]
    assert [(p["field"], p["after"]) for p in told] == [("removed_on", "2022-09-08")]
    client.post(f"/api/proposals/{told[0]['proposal_id']}/decision", headers=township, json={"accepted": True})
    assert str(town.one("SELECT removed_on FROM gis.building WHERE building_id = 'H1'")) == "2022-09-08"


def test_a_value_that_the_record_does_not_take(town: Database, client: TestClient, township: dict[str, str]):
    """A rule of the table itself refuses what the form let through."""
    told = _post(client, township, _visit(answers={"built_year": 2020})).json()["proposals"]
    town.ask("ALTER TABLE gis.building ADD CHECK (built_year < 2015)")
    answer = client.post(
        f"/api/proposals/{told[0]['proposal_id']}/decision?lang=en", headers=township, json={"accepted": True}
    )
    assert (answer.status_code, "does not take" in answer.json()["error"]["message"]) == (422, True)


@pytest.mark.parametrize(
    ("role", "place", "status"),
    [("village", {"place": "451224100001"}, 201), ("department", {"department": "market_reg"}, 201), ("planner", {}, 201),
     ("fire", {}, 201), ("administrator", {}, 201), ("auditor", {}, 403)],
)  # fmt: skip
def test_who_may_report(town: Database, client: TestClient, role: str, place: dict[str, Any], status: int):
    town.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES ('451224100001', '江平', 'village', '451224100')"
    )
    town.ask("UPDATE gis.building SET village_code = '451224100001' WHERE building_id = 'H1'")
    assert _post(client, signed_in(town, role, **place), _visit()).status_code == status
