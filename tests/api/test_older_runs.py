"""Lists that were made before: by other rules, without a limit of today. They open, and can be made again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection.rules import RULES
from gis_service.selection.select import run_selection
from gis_service.selection.terms import Ask, RuleTerm
from tests.conftest import Database
from tests.selection.test_rules import OLDER


@pytest.fixture
def older(demo_database: Database, client: TestClient) -> Iterator[int]:
    """A list whose parameters and reasons are of another time."""
    with transaction(operator()) as connection:
        run_id = run_selection(connection, Ask((RuleTerm("grade"),))).run_id
    demo_database.ask("UPDATE gis.run SET parameters = %s::jsonb WHERE run_id = %s", json.dumps(OLDER), run_id)
    reason = json.dumps([{"rule": "thatched", "version": 3, "value": ["reed"], "points": 7.0}])
    demo_database.ask("UPDATE gis.selection SET reasons = %s::jsonb WHERE run_id = %s", reason, run_id)
    yield run_id
    demo_database.ask("DELETE FROM gis.run WHERE published_at IS NULL AND kind = 'selection'")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("page", ["/map/planner", "/map/planner/offline"])
def test_the_page_opens_and_says_the_versions(client: TestClient, older: int, page: str, lang: str):
    answer = client.get(page, params={"run": older, "lang": lang}, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    text = answer.text
    wanted = (
        (f"{RULES['hazard'].zh}（第 0 版", "thatched（第 3 版", "在该名单中为第 0 版，现为第", "temple")
        if lang == "zh"
        else (f"{RULES['hazard'].en} (version 0", "thatched (version 3", "version 0 in that list", "temple")
    )
    for words in wanted:
        assert words in text, words


def test_the_list_and_its_file(client: TestClient, older: int):
    listed = client.get(f"/api/selections/{older}", params={"limit": 1}).json()
    assert listed["items"][0]["reasons_text"] == ["thatched（reed，+7分）"]
    assert client.get(f"/api/selections/{older}/export", params={"format": "csv"}).status_code == 200


def test_it_is_made_again_and_says_what_differs(client: TestClient, demo_database: Database, older: int):
    answer = client.post(f"/api/selections/{older}/repeat")
    assert answer.status_code == 201
    made = answer.json()
    assert [words for words in ("temple", "version 0", "thatched", "rainfall") if words in repr(made["changes"])] != []
    assert len(made["changes"]) == 4
    stored = demo_database.one("SELECT parameters FROM gis.run WHERE run_id = %s", made["run_id"])
    hazard = next(term for term in stored["any_of"] if term.get("name") == "hazard")
    assert hazard["version"] == RULES["hazard"].version
    assert client.post(f"/api/selections/{made['run_id']}/repeat").json()["changes"] == []
    said = demo_database.cli("runs", "repeat", str(older))
    assert said.code == 0
    assert re.search("was at version 0", said.err)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_rule_that_is_not_there_is_refused_by_name(client: TestClient, lang: str):
    body = {"any_of": [{"term": "rule", "name": "thatched"}]}
    answer = client.post("/api/selections", params={"lang": lang}, json=body)
    assert answer.status_code == 422
    assert ("没有规则“thatched”" if lang == "zh" else "There is no rule 'thatched'") in answer.json()["error"][
        "message"
    ]


def test_the_english_page_has_english_titles_and_sources(client: TestClient):
    text = client.get("/map/planner", params={"lang": "en"}, headers={"Accept": "text/html"}).text
    for rule in RULES.values():
        assert rule.en in text
        assert rule.zh not in text
