"""The six steps: said by the unit or by the county, with proof; what the record says stands beside it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import Database, signed_in
from tests.paper import office
from tests.record.conftest import TOWN, UNIT


def _cells(client: TestClient, who: dict[str, str], day: str = "2022-09-08") -> dict[str, list[Any]]:
    answer = client.get(f"/api/tables/steps/rows?day={day}", headers=who)
    assert answer.status_code == 200, answer.text
    return {row[1]: row[2:] for row in answer.json()["sheets"][0]["rows"]}


def test_said_taken_back_and_by_whom(town: Database, client: TestClient):
    town.judge("building_id IN ('H1', 'U1')", tier="none_found", on="2022-09-01")
    own, county = signed_in(town, "township", place=TOWN), signed_in(town, "planner")
    said = {"unit_code": TOWN, "step": "team", "done_on": "2022-06-10", "proof": "东镇发〔2022〕5号"}
    assert client.post("/api/work-steps", headers=own, json=said).status_code == 201
    assert client.post("/api/work-steps", headers=county, json=said | {"unit_code": UNIT}).status_code == 201
    cells = _cells(client, county)
    assert cells["东兰镇"][:2] == ["2022-06-10；东镇发〔2022〕5号", "未报"]
    assert cells["东兰镇"][3] == "未报；档案 1/2", "of two operating houses one is judged"
    assert cells["示例矿区管理处"][3] == "未报；档案 1/1"
    assert _cells(client, county, "2022-06-09")["东兰镇"][0] == "未报", "not yet on that day"
    assert set(_cells(client, own)) == {"东兰镇"}
    police = _cells(client, signed_in(town, "department", department="police"))
    assert {cells[0] for cells in police.values()} == {"未报"}, "what a unit said of itself is not a department's"
    assert (
        client.post("/api/work-steps", headers=own, json=said | {"done_on": None, "proof": "误报"}).status_code == 201
    )
    assert _cells(client, county)["东兰镇"][0] == "未报"
    for who, change, status, words in (
        (own, {"unit_code": UNIT}, 403, "Your account may not record the steps of this unit."),
        (county, {"unit_code": "451224999"}, 422, "There is no unit 451224999; take one of the list."),
        (
            own,
            {"done_on": "2022-09-09"},
            422,
            "2022-09-09 has not come (today is 2022-09-08); give the day it was done.",
        ),
        (signed_in(town, "department", department="police"), {}, 403, None),
        (signed_in(town, "auditor"), {}, 403, None),
    ):
        refused = client.post("/api/work-steps?lang=en", headers=who, json=said | change)
        assert refused.status_code == status, refused.text
        assert words is None or refused.json()["error"]["message"] == words


def test_pages(town: Database, client: TestClient):
    own = signed_in(town, "township", place=TOWN) | {"accept": "text/html"}
    for name in ("annex1", "annex2", "statistics", "steps"):
        page = client.get(f"/tables?name={name}", headers=own)
        assert page.status_code == 200, page.text
        assert "示例矿区管理处" not in page.text or name == "annex1", name
    assert 'id="step-form"' in client.get("/tables?name=steps", headers=own).text
    assert (
        'id="step-form"'
        not in client.get("/tables?name=steps", headers=signed_in(town, "auditor") | {"accept": "text/html"}).text
    )
    assert client.get("/tables?name=annex9", headers=own).status_code == 422


def test_each_step_leads_to_its_proof(town: Database, client: TestClient):
    """A page of ours that a proof names, what the system has of a step, and the houses behind its shares."""
    county, own = signed_in(town, "planner"), signed_in(town, "township", place=TOWN)
    proof = "县府办〔2022〕3号 <b>；/bulletins/2022-09-07?kind=weekly，/account javascript:alert(1)"
    said = {"unit_code": TOWN, "step": "publicity", "done_on": "2022-07-01", "proof": proof}
    assert client.post("/api/work-steps", headers=own, json=said).status_code == 201
    pages = {
        who: client.get("/tables?name=steps", headers=headers | {"accept": "text/html"}).text
        for who, headers in (("own", own), ("county", county))
    }
    cells = [
        re.findall(r'href="([^"]+)"', re.search(r"<tbody>(.*?)</tbody>", page, re.S)[1]) for page in pages.values()
    ]
    for links in cells:
        assert "/bulletins/2022-09-07?kind=weekly" in links
        assert f"/signatures?unit={TOWN}" in links
        assert not [link for link in links if "account" in link or "script" in link]
        for link in links:
            if "/houses" not in link and "weekly" not in link:
                answer = client.get(html.unescape(link), headers=own | {"accept": "text/html"})
                assert answer.status_code == 200, link
    assert "<b>" not in pages["own"].split("<tbody>")[1]
    # A township's own page names no list that the county has to make first.
    assert not [link for link in cells[0] if "/houses" in link]
    houses = [html.unescape(link) for link in cells[1] if "/houses" in link and TOWN in link]
    shares = re.findall(r">(\d+)</a>/<a [^>]*>(\d+)</a>", pages["county"])
    assert len(houses) == 4
    for link, number in zip(houses, [n for pair in shares[:2] for n in pair], strict=True):
        path, query = link.split("?")
        assert client.get(f"/api{path}?{query}", headers=county).json()["matched"] == int(number), link


@pytest.mark.parametrize("suffix", ["xlsx", "pdf"])
@pytest.mark.parametrize("name", ["annex1", "annex2", "statistics", "steps"])
def test_downloads(town: Database, client: TestClient, name: str, suffix: str):
    own = signed_in(town, "township", place=TOWN)
    answer = client.get(f"/api/tables/{name}?format={suffix}&day=2022-09-07", headers=own)
    assert answer.status_code == 200, answer.text
    assert answer.content[:4] == {"xlsx": b"PK\x03\x04", "pdf": b"%PDF"}[suffix]
    if suffix == "pdf":
        text = "".join(office.words(answer.content))
        assert "2022年9月7日" in text
        assert ("示例矿区管理处" in text) == (name == "annex1"), "another's house is counted nowhere"
    assert client.get(f"/api/tables/{name}?format={suffix}&day=2022-09-09", headers=own).status_code == 422
