"""Judgements by hand, over the service and the command line: who may, what is refused, what stays visible."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT


def _post(client: TestClient, who: dict[str, str], **given: Any) -> Any:
    return client.post("/api/judgements?lang=en", headers=who, json=given)


def test_the_row_that_stands_comes_back(town: Database, client: TestClient):
    town.ask(
        "INSERT INTO gis.round (name, kind, first_day, last_day, filter) VALUES "
        "('整治', 'campaign', '2022-06-01', '2025-06-30', '{}'), "
        "('回头看', 'look_back', '2022-09-01', '2022-09-16', '{\"use_class\": [\"mixed\", \"commercial\"]}')"
    )
    version = town.one("SELECT gis.version_of_data()")
    who = signed_in(town, "township", place=TOWN)
    answer = _post(client, who, building_id="H1", tier="some", judged_on="2022-09-02", judge_unit="技术组")
    assert answer.status_code == 201, answer.text
    row = answer.json()
    assert (row["tier"], row["judged_on"], row["source"], row["round"], row["account"]) == (
        "some", "2022-09-02", "entered", "回头看", "t.township.451224100",
    )  # fmt: skip
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'H1'") == "some"
    assert town.one("SELECT gis.version_of_data()") > version, "tiles are drawn anew"
    # Of two rounds the one that began last; a house that is not operating is in the other alone.
    assert _post(client, who, building_id="H3", tier="some", judged_on="2022-09-02").json()["round"] == "整治"
    assert town.ask("SELECT action, object FROM gis.audit_trail WHERE action = 'judged' ORDER BY entry_id LIMIT 1") == [
        ("judged", f"judgement {row['judgement_id']}")
    ]


def test_a_grade_by_no_institution_is_taken_with_a_warning_that_stays(town: Database, client: TestClient):
    who = signed_in(town, "planner")
    bare = _post(client, who, building_id="H1", kind="appraisal", grade="B", judged_on="2022-09-01")
    assert (bare.status_code, bare.json()["warnings"]) == (201, ["no institution is named"])
    named = _post(
        client, who, building_id="H2", kind="appraisal", grade="B", judged_on="2022-09-01", institution="无名所"
    )
    assert named.json()["warnings"] == ["the institution is not on the list"]
    page = client.get("/house/H1", headers={**who, "accept": "text/html"})
    assert "没有写明鉴定机构" in page.text
    town.ask("INSERT INTO gis.institution (name) VALUES ('名录内机构')")
    listed = _post(client, who, building_id="H3", kind="appraisal", grade="D", institution="名录内机构")
    assert listed.json()["warnings"] == []
    found = client.get("/api/institutions", headers=who).json()["items"]
    assert {(i["name"], i["listed"], i["reports"], i["d"]) for i in found} == {
        ("名录内机构", True, 1, 1), ("无名所", False, 1, 0),
    }  # fmt: skip


_REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "the future": ({"building_id": "H1", "tier": "some", "judged_on": "2022-09-09"}, 422, "in the future"),
    "before it was built": ({"building_id": "H1", "tier": "some", "judged_on": "2004-12-31"}, 422, "before the house was built (2005)"),
    "older than in force": ({"building_id": "H2", "tier": "some", "judged_on": "2022-06-30"}, 422, "older than what is in force"),
    "an unknown tier": ({"building_id": "H1", "tier": "awful"}, 422, "no tier; use one of severe"),
    "an unknown grade": ({"building_id": "H1", "kind": "appraisal", "grade": "E"}, 422, "no grade; use one of A"),
    "a grade that judges": ({"building_id": "H1", "grade": "C"}, 422, "a preliminary judgement and a review have a tier"),
    "nothing": ({"building_id": "H1", "tier": "unjudged"}, 422, "are no judgement"),
    "no such house": ({"building_id": "H9", "tier": "some"}, 404, "no such house"),
    "no such round": ({"building_id": "H1", "tier": "some", "round": "春"}, 404, "no round"),
    "a correction without a reason": ({"building_id": "H2", "tier": "some", "supersedes": 1}, 422, "give a reason"),
    "a correction of nothing": ({"building_id": "H2", "tier": "some", "supersedes": 99, "reason": "x"}, 404, "no judgement 99"),
    "another house's": ({"building_id": "H1", "tier": "some", "supersedes": 1, "reason": "x"}, 422, "not a preliminary of this house"),
}  # fmt: skip


@pytest.mark.parametrize("what", _REFUSED)
def test_what_is_refused(town: Database, client: TestClient, what: str):
    town.judge("building_id = 'H2'", "severe", on="2022-07-01")
    given, status, words = _REFUSED[what]
    before = town.one("SELECT count(*) FROM gis.judgement")
    answer = _post(client, signed_in(town, "planner"), **given)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]
    assert town.one("SELECT count(*) FROM gis.judgement") == before


def test_late_entries_and_corrections(town: Database, client: TestClient):
    who = signed_in(town, "planner")
    first = _post(client, who, building_id="H2", tier="severe", judged_on="2022-07-01").json()["judgement_id"]
    late = _post(client, who, building_id="H2", tier="some", judged_on="2022-06-01", late=True)
    assert late.status_code == 201
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'H2'") == "severe"
    mended = _post(
        client, who, building_id="H2", tier="none_found", judged_on="2022-07-01", supersedes=first, reason="误判"
    )
    assert mended.status_code == 201
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'H2'") == "none_found"
    twice = _post(client, who, building_id="H2", tier="some", judged_on="2022-07-01", supersedes=first, reason="误判")
    assert (twice.status_code, f"({mended.json()['judgement_id']})" in twice.json()["error"]["message"]) == (409, True)
    back = _post(client, who, building_id="H2", tier="unjudged", judged_on="2022-07-01",
                 supersedes=mended.json()["judgement_id"], reason="撤回")  # fmt: skip
    assert back.status_code == 201
    assert town.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'H2'") == "unjudged"
    items = client.get("/api/judgements?building_id=H2", headers=who).json()["items"]
    assert [(i["tier"], i["in_force"], i["superseded_by"] is not None) for i in items] == [
        ("some", False, False), ("severe", False, True), ("none_found", False, True), ("unjudged", True, False),
    ]  # fmt: skip


def test_who_may(town: Database, client: TestClient):
    others: tuple[tuple[str, dict[str, Any]], ...] = (
        ("fire", {}), ("auditor", {}), ("village", {"place": "451224100001"}), ("department", {"department": "police"}),
    )  # fmt: skip
    for role, more in others:
        if role == "village":
            town.ask("INSERT INTO gis.admin_area (code, name, level) VALUES ('451224100001', '村', 'village')")
        assert _post(client, signed_in(town, role, **more), building_id="H1", tier="some").status_code == 403, role
    unit, other = signed_in(town, "township", place=UNIT), signed_in(town, "township", place=TOWN)
    assert _post(client, unit, building_id="U1", tier="some").status_code == 201
    assert _post(client, other, building_id="U1", tier="some").status_code == 404, (
        "a unit's house is not the township's"
    )
    assert _post(client, unit, building_id="H1", tier="some").status_code == 404


def test_a_township_confirms_what_another_entered(town: Database, client: TestClient):
    planner, own = signed_in(town, "planner"), signed_in(town, "township", place=TOWN)
    number = _post(client, planner, building_id="H1", tier="some").json()["judgement_id"]
    assert client.post(f"/api/judgements/{number}/confirm", headers=planner).status_code == 403, "the county does not"
    assert (
        client.post(f"/api/judgements/{number}/confirm", headers=signed_in(town, "township", place=UNIT)).status_code
        == 404
    )
    done = client.post(f"/api/judgements/{number}/confirm", headers=own)
    assert (done.status_code, done.json()["confirmed_by"]) == (200, "t.township.451224100")
    assert client.post(f"/api/judgements/{number}/confirm", headers=own).status_code == 409
    mine = _post(client, own, building_id="H1", tier="severe").json()["judgement_id"]
    assert client.post(f"/api/judgements/{mine}/confirm", headers=own).status_code == 403, "nobody confirms his own"


def test_by_the_command_line(town: Database):
    said = town.cli("record", "judge", "H1", "--kind", "appraisal", "--grade", "C", "--on", "2022-09-01")
    assert (said.code, "no institution is named" in said.err) == (0, True), said.err
    assert town.one("SELECT account FROM gis.judgement").startswith("cli:")
    for arguments in (
        ("H1", "--tier", "mild"),
        ("H1", "--tier", "some", "--on", "2022-10-01"),
        ("nobody", "--tier", "some"),
    ):
        refused = town.cli("record", "judge", *arguments)
        assert (refused.code, refused.err.count("\n")) == (1, 1), refused.err
    found = town.cli("record", "find", "江平社区", "1号")
    assert found.out.splitlines() == ["H1\t红旗饭店\t东兰镇\t江平社区1号"]


def test_rounds_by_the_command_line(town: Database):
    assert town.cli("round", "open", "--notice", "donglan").code == 0
    listed = town.cli("round", "list").out
    assert all(day in listed for day in ("2022-06-30", "2025-06-30", "2022-09-16", "2022-09-25", "2022-09-30"))
    assert "(all are there)" in town.cli("round", "open", "--notice", "donglan").out
    backwards = town.cli("round", "open", "倒", "--first", "2022-09-02", "--last", "2022-09-01")
    assert (backwards.code, backwards.err) == (
        1, "The round ends on 2022-09-01, before it begins on 2022-09-02; correct one of the days.\n",
    )  # fmt: skip
    early = town.cli("round", "open", "早", "--first", "2022-09-02", "--deadline", "judge=2022-09-01")
    assert (early.code, "before the round begins" in early.err) == (1, True)
    assert town.cli("round", "open", "体检", "--kind", "checkup", "--first", "2022-09-01", "--operating",
                    "--deadline", "judge=2022-12-31").code == 0  # fmt: skip
    assert town.cli("round", "close", "体检").code == 0
    assert town.cli("round", "close", "体检").code == 1
    assert town.one("SELECT closed_on::text FROM gis.round WHERE name = '体检'") == "2022-09-08"
