"""Joint enforcement over the service: who is on the list and why, and how it empties."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.cases.conftest import TOWNSHIP, open_case, step
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT


@pytest.fixture
def listed(town: Database) -> Database:
    """H1 found open, H2 past the deadline of its appraisal, U1 with a violation; H3 is not operating."""
    town.ask("INSERT INTO gis.round (name, kind, first_day, last_day, filter) VALUES ('整治', 'campaign', '2022-06-01', '2025-06-30', "
             "'{\"use_class\": [\"commercial\"]}')")  # fmt: skip
    town.ask(
        "INSERT INTO gis.round_deadline (round_id, step, due_on) SELECT round_id, 'appraise', '2022-08-31' FROM gis.round"
    )
    town.ask("UPDATE gis.building SET violations = '{construction}' WHERE building_id IN ('U1', 'H3')")
    case_id = open_case(TOWNSHIP, "H1", "operation")["case_id"]
    step(TOWNSHIP, case_id, "stop_business", given={"with_unit": "市场监管局"})
    step(TOWNSHIP, case_id, "check_business", "open", reason="仍在营业")
    return town


def _list(client: TestClient, who: dict[str, str], query: str = "") -> dict[str, list[str]]:
    answer = client.get(f"/api/enforcement-list{query}", headers=who)
    assert answer.status_code == 200, answer.text
    return {row["building_id"]: row["reasons"] for row in answer.json()["items"]}


def _plan(client: TestClient, who: dict[str, str], **more: Any) -> Any:
    body = {"on_day": "2022-09-08", "departments": ["police", "market_reg"], "houses": ["H1", "H2"]} | more
    return client.post("/api/enforcements?lang=en", headers=who, json=body)


def test_who_is_on_the_list(listed: Database, client: TestClient):
    county = signed_in(listed, "planner")
    assert _list(client, county) == {"H1": ["found_open"], "H2": ["no_appraisal"], "U1": ["violation"]}
    assert set(_list(client, county, "?department=police")) == {"H2"}
    assert set(_list(client, county, "?reason=violation")) == {"U1"}
    assert set(_list(client, county, f"?unit={TOWN}")) == {"H1", "H2"}
    assert set(_list(client, signed_in(listed, "township", place=UNIT))) == {"U1"}
    # An appraisal that is passed, and a business that resumed, are off it.
    listed.judge("building_id = 'H2'", grade="B", on="2022-09-01")
    assert set(_list(client, county)) == {"H1", "U1"}
    listed.ask("UPDATE gis.building SET altered_on = '2022-09-05' WHERE building_id = 'H2'")
    assert set(_list(client, county)) == {"H1", "H2", "U1"}, "an appraisal before the alteration passes nothing"


def test_the_list_empties_as_findings_come_in(listed: Database, client: TestClient):
    county = signed_in(listed, "planner")
    made = _plan(client, county)
    assert made.status_code == 201, made.text
    number = made.json()["enforcement_id"]
    assert {i["building_id"]: i["reasons"] for i in made.json()["items"]} == {
        "H1": ["found_open"],
        "H2": ["no_appraisal"],
    }
    assert set(_list(client, county)) == {"H1", "H2", "U1"}, "planned is not done"

    def find(who: dict[str, str], house: str, found: str, **more: Any) -> Any:
        body = {"building_id": house, "found": found} | more
        return client.post(f"/api/enforcements/{number}/findings?lang=en", headers=who, json=body)

    market, police = (signed_in(listed, "department", department=d) for d in ("market_reg", "police"))
    assert find(market, "H1", "absent").status_code == 201
    assert set(_list(client, county)) == {"H1", "H2", "U1"}, "nobody there is to be seen again"
    assert find(market, "H1", "complied", measure="当场拉闸").json()["done"] == 1
    assert find(market, "H2", "complied").status_code == 404, "not its house"
    assert find(police, "H2", "open").status_code == 201
    assert find(police, "H2", "open", photographs=["0" * 64]).status_code == 422
    assert find(signed_in(listed, "auditor"), "H2", "open").status_code == 403
    assert set(_list(client, county)) == {"U1"}
    told = client.get(f"/api/enforcements/{number}", headers=county).json()
    assert (told["houses"], told["done"]) == (2, 2)
    assert (
        client.get(f"/api/enforcements/{number}", headers=signed_in(listed, "township", place=UNIT)).status_code == 404
    )
    # Found open again later, it comes back.
    listed.ask("UPDATE gis.deployment SET today = '2022-09-12'")
    from gis_service.db.day import forget_day

    forget_day()
    step(TOWNSHIP, 1, "check_business", "open", reason="又开门了")
    assert set(_list(client, county)) == {"H1", "U1"}


def test_what_cannot_be_planned(listed: Database, client: TestClient):
    county = signed_in(listed, "planner")
    for more, sentence in (
        ({"houses": ["H3"]}, "H3 is not on the list"), ({"houses": []}, "Choose one house"),
        ({"departments": ["nobody"]}, "A department is not known"), ({"lead": "nobody"}, "A department is not known"),
    ):  # fmt: skip
        answer = _plan(client, county, **more)
        assert (answer.status_code, sentence in answer.json()["error"]["message"]) == (422, True), answer.text
    assert _plan(client, signed_in(listed, "township", place=TOWN)).status_code == 403
    assert _plan(client, signed_in(listed, "auditor")).status_code == 403
    assert listed.one("SELECT count(*) FROM gis.enforcement") == 0
    early = _plan(client, county, on_day="2022-09-09").json()["enforcement_id"]
    answer = client.post(
        f"/api/enforcements/{early}/findings?lang=en", headers=county, json={"building_id": "H1", "found": "open"}
    )
    assert (answer.status_code, "today is 2022-09-08" in answer.json()["error"]["message"]) == (422, True)


def test_pages_and_file(listed: Database, client: TestClient):
    county = signed_in(listed, "planner") | {"accept": "text/html"}
    page = client.get("/enforcement?reason=&unit=&department=", headers=county)
    assert page.status_code == 200
    assert all(words in page.text for words in ("红旗饭店", "停止经营后仍在营业", "安排所选房屋"))
    town_page = client.get(
        "/enforcement", headers=signed_in(listed, "township", place=TOWN) | {"accept": "text/html"}
    ).text
    assert "安排所选房屋" not in town_page
    assert "矿工食堂" not in town_page, "another unit's house"
    number = _plan(client, signed_in(listed, "planner")).json()["enforcement_id"]
    assert "现场情况" in client.get(f"/enforcement/{number}", headers=county).text
    english = client.get(f"/enforcement/{number}?lang=en", headers=county).text
    assert "What was found" in english
    told = client.get("/api/enforcement-list/export?format=csv", headers=county).content.decode("utf-8-sig")
    assert told.count("\n") == 4, told
