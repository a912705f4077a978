"""Work lists against a count by hand: whose they are, what is due on which day, and who says who works where."""

from __future__ import annotations

import io
import uuid
from typing import Any

import openpyxl
import pytest
from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.record import judge
from tests.cases.conftest import TOWNSHIP, open_case, step
from tests.conftest import Database, account_of, signed_in
from tests.duties.conftest import EAST, VILLAGE, WEST
from tests.record.conftest import TOWN, UNIT


def _work(client: TestClient, who: dict[str, str], query: str = "") -> set[tuple[str, str, str]]:
    answer = client.get(f"/api/work{query}", headers=who)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found = {(row["kind"], row["building_id"], row["due_on"]) for row in body["items"]}
    if not query:
        for kind, count in body["counts"].items():
            assert count["number"] == sum(k == kind for k, _, _ in found)
    return found


def _visit(database: Database, house: str, day: str, outcome: str = "visited") -> None:
    database.ask(
        "INSERT INTO gis.visit (visit_id, building_id, visited_at, outcome, digest, account) "
        "VALUES (%s, %s, %s, %s, repeat('0', 64), 'cun')",
        str(uuid.uuid4()), house, f"{day} 02:00+00", outcome,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tier", "days"), [("severe", 7), ("some", 30), ("none_found", 365)]
)  # fmt: skip
def test_a_patrol_is_due_so_many_days_after_the_last_look(grid: Database, client: TestClient, tier: str, days: int):
    county = signed_in(grid, "planner")
    grid.judge("building_id = 'H1'", tier, on="2020-01-01")
    today = grid.one("SELECT gis.today()")
    due = {("patrol", "H1", str(today))}
    for last, expected in ((days - 1, set()), (days, due)):
        day = grid.one("SELECT (gis.today() - %s)::text", last)
        grid.ask("SET LOCAL session_replication_role = replica; DELETE FROM gis.visit", role="postgres")
        _visit(grid, "H1", day)
        assert _work(client, county, "?kind=patrol") == expected, last
    # Nobody was there: not a look.
    _visit(grid, "H1", str(today), "absent")
    assert _work(client, county, "?kind=patrol") == due


def test_a_measure_that_names_its_days_goes_before_and_what_is_struck_off_is_like_others(
    grid: Database, client: TestClient
):
    county = signed_in(grid, "planner")
    grid.judge("building_id = 'H1'", "severe", on="2022-09-05")
    case_id = grid.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'")
    assert _work(client, county, "?kind=patrol") == set()
    step(TOWNSHIP, case_id, "measure", "monitor", given={"patrol_days": 1})
    assert _work(client, county, "?kind=patrol") == {("patrol", "H1", "2022-09-06")}
    grid.ask(
        "SET LOCAL session_replication_role = replica; UPDATE gis.case SET state = 'cleared', basis = 'works'; "
        "DELETE FROM gis.case_event WHERE kind = 'measure'", role="postgres",
    )  # fmt: skip
    grid.ask("UPDATE gis.deployment SET today = '2023-09-04'")
    assert _work(client, county, "?kind=patrol") == set(), "a year, as of houses where nothing was found"
    grid.ask("UPDATE gis.deployment SET today = '2023-09-05'")
    assert _work(client, county, "?kind=patrol") == {("patrol", "H1", "2023-09-05")}


def test_a_stopped_business_is_checked_every_few_days(grid: Database, client: TestClient):
    county = signed_in(grid, "planner")
    case_id = open_case(TOWNSHIP, "H1", "operation")["case_id"]
    step(TOWNSHIP, case_id, "stop_business", given={"with_unit": "市场监管局"})
    assert _work(client, county, "?kind=check") == set()
    grid.ask("UPDATE gis.deployment SET today = '2022-09-11'")
    assert _work(client, county, "?kind=check") == {("check", "H1", "2022-09-11")}
    step(TOWNSHIP, case_id, "check_business", "open", reason="仍在营业")
    assert _work(client, county, "?kind=check") == set(), "it was looked at"
    grid.ask("UPDATE gis.deployment SET today = '2022-09-20'")
    assert _work(client, county, "?kind=check") == {("check", "H1", "2022-09-14")}


def test_controls_overdue_reviews(grid: Database, client: TestClient):
    county, town = signed_in(grid, "planner"), signed_in(grid, "township", place=TOWN)
    grid.judge("building_id = 'H1'", "severe", on="2022-09-08")
    assert ("control", "H1", "2022-09-08") in _work(client, county)
    case_id = grid.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'")
    step(TOWNSHIP, case_id, "start")
    step(TOWNSHIP, case_id, "submit_acceptance", responsible=TOWN)
    assert ("review", "H1", "2022-09-08") in _work(client, town), "its own review"
    assert ("review", "H1", "2022-09-08") not in _work(client, county), "not the county's"
    grid.ask(
        "SET LOCAL session_replication_role = replica; UPDATE gis.case SET deadline = '2022-09-07'", role="postgres"
    )
    assert ("overdue", "H1", "2022-09-07") in _work(client, county)


def test_work_is_of_one_s_places(grid: Database, client: TestClient):
    """A cell by where the house stands; what is given goes before the account's own place; row security holds."""
    grid.judge("true", "severe", on="2022-08-01")
    county, town = signed_in(grid, "planner"), signed_in(grid, "township", place=TOWN)

    def houses(who: dict[str, str], query: str = "?kind=patrol") -> set[str]:
        return {house for _, house, _ in _work(client, who, query)}

    assert houses(county) == {"H1", "H2", "H3", "U1"}
    assert houses(county, f"?kind=patrol&place={WEST}") == {"H1", "H2"}
    assert houses(county, f"?kind=patrol&place={EAST}") == {"H3"}
    assert houses(county, f"?kind=patrol&place={UNIT}") == {"U1"}
    assert houses(town) == {"H1", "H2", "H3"}
    assert houses(town, f"?kind=patrol&place={UNIT}") == set(), "another's"
    worker = signed_in(grid, "village", place=VILLAGE)
    name = account_of(grid, "village", place=VILLAGE).name
    assert houses(worker) == {"H1", "H2", "H3"}
    made = client.post(
        "/api/duties", headers=town, json={"account": name, "kind": "grid", "place": WEST, "name": "网格员甲"}
    )
    assert made.status_code == 201, made.text
    assert houses(worker) == {"H1", "H2"}
    ended = {"account": name, "kind": "grid", "place": WEST, "name": "网格员甲", "holds": False}
    assert client.post("/api/duties", headers=town, json=ended).status_code == 201
    assert houses(worker) == {"H1", "H2", "H3"}
    police = signed_in(grid, "department", department="police")
    assert houses(police) == {"H2"}


def test_who_may_say_who_works_where(grid: Database, client: TestClient):
    name = account_of(grid, "village", place=VILLAGE).name

    def give(who: dict[str, str], **more: Any) -> Any:
        body = {"account": name, "kind": "grid", "place": WEST, "name": "甲"} | more
        return client.post("/api/duties?lang=en", headers=who, json=body)

    county, town, other = (
        signed_in(grid, "planner"), signed_in(grid, "township", place=TOWN), signed_in(grid, "township", place=UNIT)
    )  # fmt: skip
    assert give(county).status_code == 201
    assert give(town, place=VILLAGE).status_code == 201
    for who in (other, signed_in(grid, "fire"), signed_in(grid, "village", place=VILLAGE)):
        refused = give(who)
        assert refused.status_code == 403, refused.text
    assert give(town, place=UNIT).status_code == 403
    assert "no place of code" in give(county, place="999").json()["error"]["message"]
    assert "no account" in give(county, account="nobody").json()["error"]["message"]
    seen = {row["place"] for row in client.get("/api/duties", headers=town).json()["items"]}
    assert seen == {WEST, VILLAGE}
    assert client.get("/api/duties", headers=other).json()["items"] == []


def test_a_visit_that_led_to_severe_is_marked(grid: Database, client: TestClient):
    county = signed_in(grid, "planner")
    _visit(grid, "H2", "2022-09-01")
    visit = grid.one("SELECT visit_id::text FROM gis.visit")
    with transaction(operator()) as connection:
        judge.enter(connection, judge.New("H2", "preliminary", tier="severe", judge="技术员", visit_id=visit))
        judge.enter(connection, judge.New("H1", "preliminary", tier="severe", judge="技术员"))
    rows = client.get("/api/rewards", headers=county).json()["items"]
    assert [(row["building_id"], row["account"]) for row in rows] == [("H2", "cun")]


def test_days_are_the_administrator_s(grid: Database, client: TestClient):
    sent = {"days": 5, "source": "县文件"}
    assert client.put("/api/patrol-rules/severe", headers=signed_in(grid, "planner"), json=sent).status_code == 403
    assert client.put("/api/patrol-rules/severe", headers=signed_in(grid), json=sent).status_code == 204
    told = grid.cli("work", "patrols")
    assert "severe: 5 days  县文件" in told.out, told
    assert grid.cli("work", "patrols", "severe").code == 2


def test_the_list_as_a_file_and_at_the_machine(grid: Database, client: TestClient, tmp_path: Any):
    grid.judge("building_id = 'H1'", "severe", on="2022-08-01")
    county = signed_in(grid, "planner")
    wanted = {(kind, house) for kind, house, _ in _work(client, county)}
    answer = client.get("/api/work/export", headers=county)
    assert answer.status_code == 200, answer.text
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.values)[1:]
    assert len(rows) == len(wanted)
    assert {row[1] for row in rows} == {"H1"}
    told = grid.cli("work", "list", "--place", WEST, "--out", tmp_path / "work.csv")
    assert told.code == 0, told.err
    assert "patrol due: 1 (1 severe)" in told.out
    assert (tmp_path / "work.csv").read_text(encoding="utf-8-sig").count("H1") == len(wanted)


def test_the_page(grid: Database, client: TestClient):
    grid.judge("true", "severe", on="2022-08-01")
    grid.ask("UPDATE gis.building SET name = '<img src=x onerror=alert(1)>' WHERE building_id = 'H1'")
    for role, place in (("planner", None), ("township", TOWN), ("village", VILLAGE)):
        answer = client.get("/work", headers={**signed_in(grid, role, place=place), "Accept": "text/html"})
        assert answer.status_code == 200, answer.text
        assert "<img src=x" not in answer.text
        assert "巡查到期" in answer.text
        assert ("duty-form" in answer.text) == (role != "village")
