"""What cannot be entered: one sentence each, the right status, and nothing left behind."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gis_service.attachments import check, store
from gis_service.settings import get_settings
from tests.cases.conftest import COLLEAGUE, FIRE, PLANNER, TOWNSHIP, open_case, photograph, step
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT


@pytest.fixture
def case(town: Database) -> int:
    """A case of H1 in progress, opened on 2022-07-01 and due on 2022-09-30."""
    town.ask(
        "INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('整治', 'campaign', '2022-06-01', '2025-06-30')"
    )
    town.ask(
        "INSERT INTO gis.round_deadline (round_id, step, due_on) SELECT round_id, 'rectify', '2022-09-30' FROM gis.round"
    )
    town.judge("building_id = 'H1'", tier="severe", on="2022-07-01")
    case_id: int = town.one("SELECT case_id FROM gis.case")
    step(TOWNSHIP, case_id, "start")
    return case_id


_PLAN = {
    "kind": "plan",
    "reason": "加固",
    "responsible": "镇长",
    "until": "2022-09-30",
    "given": {"fenced": True, "no_appraisal_reason": "无"},
}
_REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no such step": ({"kind": "celebrate"}, 422, "no such step"),
    "opened twice": ({"kind": "open", "what": "structure", "reason": "x"}, 422, "no such step"),
    "the future": ({"kind": "start", "on_day": "2022-09-09"}, 409, "is in progress"),
    "a plan of tomorrow": (_PLAN | {"on_day": "2022-09-09"}, 422, "in the future"),
    "before the case": (_PLAN | {"on_day": "2022-06-30"}, 422, "is before 2022-07-01"),
    "a plan without a day": (_PLAN | {"until": None}, 422, "lacks: until"),
    "a plan past the deadline": (_PLAN | {"until": "2022-10-01"}, 422, "after the deadline 2022-09-30"),
    "no fence and no reason": (_PLAN | {"given": {"fenced": False, "no_appraisal_reason": "无"}}, 422, "why it is not fenced"),
    "no appraisal and no reason": (_PLAN | {"given": {"fenced": True}}, 422, "why it is not appraised"),
    "a field of nothing": (_PLAN | {"given": {"fenced": True, "colour": "red"}}, 422, "no field 'colour'"),
    "a field of another step": ({"kind": "measure", "what": "stop_use", "given": {"scope": "x", "people": 3}}, 422, "no field people"),
    "a word for a number": ({"kind": "measure", "what": "evacuate", "given": {"people": "many", "lodging": "x"}}, 422, "whole number"),
    "a word for yes": (_PLAN | {"given": {"fenced": "maybe"}}, 422, "true or false"),
    "the wrong role": ({"kind": "memo", "reason": "x"}, 403, "administrator, planner may"),
    "the fire brigade's": ({"kind": "measure", "what": "seal", "given": {"scope": "x", "number": "1"}}, 403, "administrator, fire"),
    "the wrong state": ({"kind": "return_to_work", "reason": "x"}, 409, "may follow accepted"),
    "works not accepted": ({"kind": "submit_clearance", "what": "works", "given": {"record_changes": False}}, 409, "may follow accepted"),
    "cleared without a basis": ({"kind": "submit_clearance", "given": {"record_changes": False}}, 422, "no such step"),
    "no appraisal to stand on": ({"kind": "submit_clearance", "what": "appraisal", "given": {"record_changes": False}}, 422, "No appraisal of A or B"),
    "no review to stand on": ({"kind": "submit_clearance", "what": "duplicate", "reason": "x", "given": {"record_changes": False}}, 422, "needs a review"),
    "demolished without a photograph": ({"kind": "submit_clearance", "what": "demolished", "given": {"removed_on": "2022-09-01"}}, 422, "photographs"),
    "a photograph of nothing": ({"kind": "stage_acceptance", "reason": "x", "evidence": ["0" * 64]}, 422, "not stored for this house"),
    "who accepts is nobody": ({"kind": "submit_acceptance", "responsible": "police"}, 422, "cannot accept"),
    "approved before it is submitted": ({"kind": "approve_acceptance"}, 409, "Nothing of that kind was submitted"),
    "ended before it began": ({"kind": "measure_end", "refers": 1}, 409, "No measure is in force"),
    "an extension to an earlier day": ({"kind": "ask_extension", "until": "2022-09-30", "reason": "x"}, 422, "not later than"),
    "a correction of another's": ({"kind": "correct", "refers": 999, "reason": "x"}, 422, "999 is no event"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(_REFUSED))
def test_one_sentence(town: Database, client: TestClient, case: int, name: str):
    given, status, sentence = _REFUSED[name]
    before = town.counts()
    answer = client.post(
        f"/api/cases/{case}/events?lang=en", headers=signed_in(town, "township", place=TOWN), json=given
    )
    said = answer.json()["error"]["message"]
    assert (answer.status_code, sentence in said) == (status, True), answer.text
    assert said.count(". ") == 0, said
    assert said.endswith("."), said
    after = {k: v for k, v in town.counts().items() if k not in {"account", "token", "audit_trail"}}
    assert after == {k: v for k, v in before.items() if k in after}


def test_another_s_case_is_not_there(town: Database, client: TestClient, case: int):
    stranger = signed_in(town, "township", place=UNIT)
    nothing = client.post("/api/cases/999999/events", headers=stranger, json={"kind": "start"})
    theirs = client.post(f"/api/cases/{case}/events", headers=stranger, json={"kind": "start"})
    assert (theirs.status_code, theirs.json()) == (nothing.status_code, nothing.json()) == (404, nothing.json())
    assert client.get(f"/api/cases/{case}", headers=stranger).status_code == 404
    assert client.get(f"/cases/{case}", headers=stranger).status_code == 404
    assert client.get("/api/cases", headers=stranger).json()["items"] == []
    assert "红旗饭店" not in client.get("/cases?all_uses=true", headers=stranger).text
    opened = client.post("/api/cases", headers=stranger, json={"building_id": "H1", "kind": "legality", "reason": "x"})
    assert opened.status_code == 404


def test_nobody_reviews_their_own(town: Database, case: int, pictures: dict[str, tuple[str, ...]]):
    from gis_service.errors import ForbiddenError

    step(TOWNSHIP, case, "submit_acceptance", responsible=TOWN)
    with pytest.raises(ForbiddenError, match="their own"):
        step(TOWNSHIP, case, "approve_acceptance")
    with pytest.raises(ForbiddenError, match="named"):
        step(PLANNER, case, "approve_acceptance")
    assert step(COLLEAGUE, case, "approve_acceptance")["state"] == "accepted"
    step(TOWNSHIP, case, "submit_clearance", "works", evidence=pictures["H1"], given={"record_changes": False})
    with pytest.raises(ForbiddenError, match="county"):
        step(COLLEAGUE, case, "return", reason="x")
    row = step(PLANNER, case, "approve_clearance")
    assert (row["state"], row["basis"], row["submission"]) == ("cleared", "works", None)


def test_works_need_two_photographs(town: Database, case: int, pictures: dict[str, tuple[str, ...]]):
    from gis_service.errors import InputError

    step(TOWNSHIP, case, "submit_acceptance", responsible="county")
    step(PLANNER, case, "approve_acceptance")
    for few in (pictures["H1"][:1], (pictures["H1"][0],) * 2):
        with pytest.raises(InputError, match="there are 1"):
            step(TOWNSHIP, case, "submit_clearance", "works", evidence=few, given={"record_changes": False})
    other = hashlib.sha256(photograph("green")).hexdigest()
    with pytest.raises(InputError, match="not stored for this house"):
        step(
            TOWNSHIP,
            case,
            "submit_clearance",
            "works",
            evidence=(*pictures["H1"], other),
            given={"record_changes": False},
        )


def test_an_appraisal_that_is_taken_back_clears_nothing(town: Database, case: int):
    from gis_service.errors import InputError

    town.judge("building_id = 'H1'", grade="B", on="2022-08-01")
    step(TOWNSHIP, case, "submit_clearance", "appraisal", given={"record_changes": False})
    town.ask("INSERT INTO gis.judgement (building_id, kind, grade, judged_on, supersedes) SELECT 'H1', 'appraisal', 'unknown', "
             "'2022-08-02', judgement_id FROM gis.judgement WHERE grade = 'B'")  # fmt: skip
    with pytest.raises(InputError, match="No appraisal"):
        step(PLANNER, case, "approve_clearance")


def test_a_demolished_house_is_gone_when_the_county_agrees(
    town: Database, case: int, pictures: dict[str, tuple[str, ...]]
):
    gone = {"removed_on": "2022-09-05"}
    step(TOWNSHIP, case, "submit_clearance", "demolished", evidence=pictures["H1"][:1], given=gone)
    assert town.one("SELECT removed_on FROM gis.building WHERE building_id = 'H1'") is None
    step(PLANNER, case, "approve_clearance")
    assert str(town.one("SELECT removed_on FROM gis.building WHERE building_id = 'H1'")) == "2022-09-05"


def test_a_hazard_that_comes_back_is_a_new_case(town: Database, case: int):
    town.judge("building_id = 'H1'", grade="A", on="2022-08-01")
    step(TOWNSHIP, case, "submit_clearance", "appraisal", given={"record_changes": False})
    step(PLANNER, case, "approve_clearance")
    # A late entry of a day before the clearance finds nothing new.
    town.ask(
        "INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('H1', 'review', 'some', '2022-09-07')"
    )
    assert town.one("SELECT count(*) FROM gis.case") == 1
    town.judge("building_id = 'H1'", tier="severe", on="2022-09-08")
    assert town.ask("SELECT state, reopens FROM gis.case ORDER BY case_id") == [("cleared", None), ("pending", case)]


def test_a_case_of_a_kind_is_opened_once(town: Database, client: TestClient):
    first = open_case(FIRE, "H3", "fire")["case_id"]
    answer = client.post(
        "/api/cases?lang=en",
        headers=signed_in(town, "fire"),
        json={"building_id": "H3", "kind": "fire", "reason": "again"},
    )
    assert (answer.status_code, f"({first})" in answer.json()["error"]["message"]) == (409, True)
    missing = client.post(
        "/api/cases?lang=en", headers=signed_in(town, "fire"), json={"building_id": "H3", "kind": "fire"}
    )
    assert missing.status_code == 409


_BOMB = photograph("white", (9000, 9000))


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"", 422, "no photograph that can be used"),
        (b"<script>alert(1)</script>", 422, "no photograph that can be used"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422, "no photograph"),
        (photograph()[:400], 422, "whole"),
        (_BOMB, 413, "too many pixels"),
        (b"\xff\xd8" + b"0" * 21_000_000, 413, "larger than 20 MB"),
    ],
    ids=["nothing", "a script", "an svg", "cut off", "81 MP", "21 MB"],
)  # fmt: skip
def test_what_is_no_photograph(town: Database, client: TestClient, content: bytes, status: int, sentence: str):
    answer = client.post(
        "/api/attachments?building_id=H1&lang=en", headers=signed_in(town, "township", place=TOWN) | {"content-type": "image/jpeg"},
        content=content,
    )  # fmt: skip
    assert (answer.status_code, sentence in answer.json()["error"]["message"]) == (status, True), answer.text
    assert town.one("SELECT count(*) FROM gis.attachment") == 0


def test_a_photograph_is_told_without_its_position(town: Database, client: TestClient):
    import io

    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "a phone"
    exif.get_ifd(0x8825)[2] = (24.0, 30.0, 0.0)
    sent = photograph("red", (400, 300), exif=exif)
    who = signed_in(town, "township", place=TOWN)
    row = client.post(
        "/api/attachments?building_id=H1", headers=who | {"content-type": "image/jpeg"}, content=sent
    ).json()
    assert (row["sha256"], row["width"], row["height"]) == (hashlib.sha256(sent).hexdigest(), 400, 300)
    again = client.post("/api/attachments?building_id=H1", headers=who | {"content-type": "image/jpeg"}, content=sent)
    assert (again.status_code, again.json()) == (201, row)
    kept = store.path_of(row["sha256"])
    assert kept.read_bytes() == sent, "the evidence stays as it came"
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert kept.is_relative_to(get_settings().data_dir)
    check.check_waiting()
    shown = client.get(f"/api/attachments/{row['sha256']}?size=200", headers=who)
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.size, dict(image.getexif())) == ((150, 200), {}), "upright, and nothing besides the picture"
    assert b"a phone" not in shown.content
    stranger = signed_in(town, "township", place=UNIT)
    assert client.get(f"/api/attachments/{row['sha256']}", headers=stranger).status_code == 404
    assert client.get("/api/attachments?building_id=H1", headers=stranger).json() == {"items": []}
