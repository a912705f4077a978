"""Frozen once: what is entered later stands in the next; who may freeze, who reads what; who is slow and what was done."""

from __future__ import annotations

import hashlib
import threading
from datetime import date
from typing import Any

import pytest
import rfc8785
from fastapi.testclient import TestClient

from gis_service.bulletins.count import Cut
from gis_service.bulletins.snapshot import bulletin
from gis_service.bulletins.text import plain
from gis_service.db.engine import transaction
from gis_service.errors import ConflictError
from gis_service.identity import operator
from tests.cases.conftest import TOWNSHIP, step
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT

DAY = date(2022, 9, 6)


def _said(body: dict[str, Any]) -> str:
    return "\n".join(plain(one["parts"]) for one in body["paragraphs"])


def _read(client: TestClient, who: dict[str, str], day: date | str, kind: str = "daily") -> Any:
    answer = client.get(f"/api/bulletins/{day}?kind={kind}&lang=en", headers=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_frozen_once_and_late_entries_stand_in_the_next(counted: Database, client: TestClient):
    county = signed_in(counted, "planner")
    first = _read(client, county, DAY)
    assert first["kept"]
    assert "技术初步判定2栋" in _said(first["body"])
    # H2 was judged on the fifth, and somebody enters it on the eighth.
    counted.judge("building_id = 'H2'", tier="none_found", on="2022-09-05")
    step(
        TOWNSHIP, counted.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'"), "start", on_day=date(2022, 9, 7)
    )
    again = _read(client, county, DAY)
    assert again == first, "never recounted"
    following = _read(client, county, "2022-09-07")
    said = _said(following["body"])
    assert "技术初步判定3栋" in said
    assert "与2022年9月6日的通报相比，新增存在安全隐患0栋，新完成整治0栋，新开工整治1栋（东兰镇1栋）" in said
    assert "补录、更正9月6日及以前情况的1栋（东兰镇1栋）" in said
    assert following["body"]["last"] == {"day": "2022-09-06", "sha256": first["sha256"]}
    late = client.get("/api/bulletins/2022-09-07/houses?late=true", headers=county).json()
    assert [row["building_id"] for row in late["items"]] == ["H2"]
    changed = client.get("/api/bulletins/2022-09-07/houses?changed=true&status=working", headers=county).json()
    assert [(row["building_id"], row["before"]) for row in changed["items"]] == [("H1", "untouched")]


def test_a_day_that_is_not_over_is_made_marked_and_not_kept(counted: Database, client: TestClient, tmp_path: Any):
    county = signed_in(counted, "planner")
    made = _read(client, county, "2022-09-08")
    assert not made["kept"]
    assert any("未固化，不留存" in mark for mark in made["body"]["marks"])
    out = tmp_path / "b.docx"
    told = counted.cli("bulletin", "--out", out)
    assert told.code == 0, told.err
    assert "is not over: not frozen" in told.out
    assert not _read(client, county, "2022-09-01", "monthly")["kept"], "the month is not over"
    assert counted.one("SELECT count(*) FROM gis.snapshot") == 0
    refused = client.get("/api/bulletins/2022-09-09?lang=en", headers=county)
    assert refused.status_code == 404
    assert refused.json()["error"]["message"] == "2022-09-09 has not come: there is no bulletin of it."
    for day in ("9999-12-31", "0001-01-01", "1999-12-31"):
        for kind in ("daily", "weekly", "monthly"):
            assert client.get(f"/api/bulletins/{day}?kind={kind}", headers=county).status_code == 404
    for arguments, words in ((("--day", "2022-09-09"), "is in the future"), (("--day", "x"), "is no date")):
        told = counted.cli("bulletin", *arguments, "--out", out)
        assert (told.code, told.err.count("\n")) == (1, 1)
        assert words in told.err
    told = counted.cli("bulletin", "--out", tmp_path / "b.txt")
    assert (told.code, told.err) == (1, "b.txt: a bulletin ends in .docx, .pdf, .xlsx.\n")


def test_who_freezes_and_who_reads_what(counted: Database, client: TestClient):
    town = signed_in(counted, "township", place=TOWN)
    unit = signed_in(counted, "township", place=UNIT)
    others = [town, unit, signed_in(counted, "department", department="police"), signed_in(counted, "auditor")]
    for who in others:
        refused = client.get(f"/api/bulletins/{DAY}?lang=en", headers=who)
        assert refused.status_code == 404, refused.text
        assert "frozen when the county's office opens it" in refused.json()["error"]["message"]
    assert counted.one("SELECT count(*) FROM gis.snapshot") == 0
    kept = _read(client, signed_in(counted, "planner"), DAY)
    for who in others:
        assert _read(client, who, DAY)["body"] == kept["body"], "a bulletin goes to everybody"

    def houses(who: dict[str, str]) -> set[str]:
        found = client.get(f"/api/bulletins/{DAY}/houses?tier=any", headers=who)
        return {row["building_id"] for row in found.json()["items"]}

    assert houses(others[3]) == {"H1", "U1"}
    assert houses(town) == {"H1"}
    assert houses(unit) == {"U1"}
    assert houses(others[2]) == set()
    for path in (f"/bulletins/{DAY}", f"/bulletins/{DAY}/houses?tier=any", "/bulletins"):
        page = client.get(path, headers=town | {"accept": "text/html"})
        assert page.status_code == 200
        assert "U1" not in page.text
    exported = client.get(f"/api/bulletins/{DAY}/houses/export?format=csv", headers=town)
    assert exported.status_code == 200
    assert "U1" not in exported.text
    assert "H1" in exported.text


def test_the_hash_is_that_of_rfc_8785(counted: Database):
    """The standard library's JSON of what a snapshot holds is RFC 8785's, names of every kind among it."""
    counted.ask("UPDATE gis.admin_area SET name = %s WHERE code = %s", 'a"\\/b\x7f\u2028\U00020bb7é\t', TOWN)
    who = operator()
    with transaction(who) as connection:
        made = bulletin(connection, who, "monthly", date(2022, 8, 6))
    whole: Any = {
        "kind": "monthly",
        "day": "2022-08-31",
        "body": made.body,
        "houses": [h.as_row() for h in made.houses],
    }
    assert made.sha256 == hashlib.sha256(rfc8785.dumps(whole)).hexdigest()
    assert counted.one("SELECT sha256 FROM gis.snapshot") == made.sha256


def test_two_are_the_first_to_ask(counted: Database):
    who, found, start = operator(), [], threading.Barrier(2)

    def ask() -> None:
        start.wait()
        with transaction(who) as connection:
            found.append(bulletin(connection, who, "daily", DAY))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [made.snapshot_id for made in found] == [found[0].snapshot_id] * 2
    assert found[0].sha256 == found[1].sha256
    assert counted.one("SELECT count(*) FROM gis.snapshot") == 1


@pytest.mark.parametrize("table", ["snapshot SET body = jsonb_set(body, '{dated}', '\"2022年9月5日\"')",
                                   "snapshot_house SET status = 'done' WHERE building_id = 'H1'"])  # fmt: skip
def test_what_was_changed_by_hand_is_found(counted: Database, table: str):
    who = operator()
    with transaction(who) as connection:
        made = bulletin(connection, who, "daily", DAY)
    counted.ask(f"SET LOCAL session_replication_role = replica; UPDATE gis.{table}", role="postgres")
    with (
        transaction(who) as connection,
        pytest.raises(ConflictError, match=f"Snapshot {made.snapshot_id} .* SHA-256 differs"),
    ):
        bulletin(connection, who, "daily", DAY)


def test_who_is_slow_and_what_was_done_about_it(counted: Database, client: TestClient):
    """Of two units one controlled its house: the other is below the median and behind the line."""
    county = signed_in(counted, "planner")
    case_id = counted.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'")
    step(TOWNSHIP, case_id, "measure", "stop_use", on_day=date(2022, 9, 2), given={"scope": "整栋"})

    def slow(day: str) -> list[tuple[str, str, str]]:
        return [(s["unit"], s["step"], s["proposed"]) for s in _read(client, county, day)["body"]["slow"]]

    # H2 is not judged, and that step's deadline is past; nobody rectified anything, and nobody is below the median there.
    assert slow("2022-09-05") == [(TOWN, "judge", "talk"), (UNIT, "control", "remind")]
    letter = {
        "unit_code": UNIT,
        "step": "control",
        "kind": "remind",
        "number": "东自建函〔2022〕3号",
        "reason": "管控进度慢。",
        "issued_on": "2022-09-06",
        "due_on": "2022-09-10",
    }
    answer = client.post("/api/letters", headers=county, json=letter)
    assert answer.status_code == 201, answer.text
    assert slow("2022-09-06")[1][2] == "remind", "the day of the letter itself"
    assert "建议发函提醒（9月6日已发函提醒）" in _said(_read(client, county, "2022-09-06")["body"])
    assert slow("2022-09-07") == [(TOWN, "judge", "talk"), (UNIT, "control", "talk")], "the letter did not help"
    page = client.get("/bulletins/2022-09-05", headers=county | {"accept": "text/html"})
    assert "东自建函〔2022〕3号" in page.text, "that it was done is shown with what was proposed"
    refused = client.post("/api/letters?lang=en", headers=county, json=letter | {"issued_on": "2022-09-09"})
    assert refused.status_code == 422
    assert "2022-09-09 has not come (today is 2022-09-08)" in refused.json()["error"]["message"]
    assert len(client.get("/api/letters", headers=signed_in(counted, "township", place=UNIT)).json()["items"]) == 1
    for who in (signed_in(counted, "township", place=TOWN), signed_in(counted, "department", department="police")):
        assert client.get("/api/letters", headers=who).json()["items"] == []


def test_ranks_and_points(counted: Database, client: TestClient):
    """The week's ranks by mean rate, the month's points by the county's table, both worked out by hand."""
    county = signed_in(counted, "planner")
    counted.ask("UPDATE gis.deployment SET today = '2022-10-03'")
    counted.judge("building_id = 'U1'", grade="C", on="2022-09-03")
    week = _read(client, county, "2022-09-08", "weekly")
    assert week["day"] == "2022-09-11"
    # The town: 1 of 2 judged, 0 of 1 controlled, 0 of 2 appraised, 0 of 1 rectified; the unit: 1/1, 0/1, 1/1, 0/1.
    table = next(t for t in week["body"]["tables"] if t["name"] == "ranking")
    assert [[row[0], row[1], row[6], row[7]] for row in table["rows"]] == [
        ["1", "示例矿区管理处", "50.00%", "—"], ["2", "东兰镇", "12.50%", "—"],
    ]  # fmt: skip
    following = _read(client, county, "2022-09-14", "weekly")
    assert [row[7] for row in following["body"]["tables"][1]["rows"]] == ["1", "2"], "last week's ranks"
    month = _read(client, county, "2022-09-01", "monthly")
    assert month["day"] == "2022-09-30"
    table = next(t for t in month["body"]["tables"] if t["name"] == "assessment")
    scores = {row[1]: [plain(cell) for cell in row[2:]] for row in table["rows"]}
    # 20 × 1/2, 25 × 0, 15 × 0, 30 × 0, and 10: nothing is past 2022-09-30 on that day.
    assert scores == {
        "示例矿区管理处": ["20.00", "0.00", "15.00", "0.00", "10.00", "45.00"],
        "东兰镇": ["10.00", "0.00", "0.00", "0.00", "10.00", "20.00"],
    }
    wanted = {"judge": 50, "control": 50, "appraise": 0, "rectify": 0, "overdue": 0}
    for given, words in (
        (wanted | {"judge": 40}, "The points add up to 90; make them 100."),
        ({"judge": 100}, "Give points for each of"),
    ):
        refused = client.post("/api/assessment?lang=en", headers=county, json={"points": given})
        assert refused.status_code == 422
        assert words in refused.json()["error"]["message"]
    assert (
        client.post(
            "/api/assessment", headers=signed_in(counted, "township", place=UNIT), json={"points": wanted}
        ).status_code
        == 403
    )
    assert client.post("/api/assessment", headers=county, json={"points": wanted}).status_code == 200
    assert _read(client, county, "2022-09-01", "monthly") == month, "what is frozen keeps its points"
    with transaction(operator()) as connection:
        later = bulletin(connection, operator(), "monthly", date(2022, 10, 1))
    assert next(t for t in later.body["tables"] if t["name"] == "assessment")["headings"][2] == "初步判定完成率（50分）"


def test_a_house_that_is_gone_is_named_where_it_was_entered_late(counted: Database):
    """Demolished before the day and entered after it: it is counted as entered late, and as nothing else."""
    who = operator()
    with transaction(who) as connection:
        bulletin(connection, who, "daily", DAY)
    counted.ask("UPDATE gis.building SET removed_on = '2022-09-04' WHERE building_id = 'H2'")
    with transaction(who) as connection:
        made = bulletin(connection, who, "daily", date(2022, 9, 7))
    assert [h.building_id for h in made.listed(Cut(late=True))] == ["H2"]
    assert {h.building_id for h in made.listed(Cut(use="operating", stands=True))} == {"H1", "U1"}
