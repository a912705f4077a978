"""Plates: off until switched on, a code that cannot be made up, three things told and no more, counted, rate-limited."""

from __future__ import annotations

import base64
import io
import re

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.api.http import scans
from gis_service.db.engine import transaction
from gis_service.errors import NotFoundError, TooManyError
from gis_service.plates import plates, token
from gis_service.plates.print import holds, print_plates
from tests.cases.conftest import ADMINISTRATOR, PLANNER, TOWNSHIP, step
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, _town, client, town  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def _nobody_looked():
    scans._seen.clear()


@pytest.fixture
def code(town: Database) -> str:  # noqa: F811
    """The code of H1's plate; H1 is severe, its owner known, its use stopped."""
    town.ask(
        "INSERT INTO gis.building_person (building_id, owner_name, telephone) VALUES ('H1', '黄某甲', '13800000000')"
    )
    town.judge("building_id = 'H1'", tier="severe", on="2022-07-01")
    case_id = town.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'")
    step(TOWNSHIP, case_id, "measure", "stop_use", given={"scope": "整栋"})
    step(TOWNSHIP, case_id, "notice", "stop_use", given={"number": "1号"})
    with transaction(PLANNER) as connection:
        (plate,) = plates.make(connection, ["H1"])
    assert plate.telephone is None
    return plate.code


def on(enabled=True, telephone="0778-6320000"):
    with transaction(PLANNER) as connection:
        plates.switch(connection, enabled=enabled, telephone=telephone)


def test_off_until_the_county_switches_it_on(town, client, code):  # noqa: F811
    off = client.get(f"/p/{code}")
    assert off.status_code == 404
    on()
    told = client.get(f"/p/{code}")
    assert told.status_code == 200
    main = re.search("<main.*</main>", told.text, re.DOTALL)[0]
    assert all(part in main for part in ("H1", "停止使用", "0778-6320000"))
    for secret in ("红旗", "江平", "黄某甲", "1380000", "severe", "严重", "镇长", "整栋", "通知"):
        assert secret not in told.text, secret
    assert told.headers["Referrer-Policy"] == "no-referrer"
    assert "stop of use" in client.get(f"/p/{code}?lang=en").text
    on(enabled=False)
    again = client.get(f"/p/{code}")
    # One answer, whatever the reason.
    strange = client.get(f"/p/{token.code_of(b'0' * 16)}")
    assert (again.status_code, strange.status_code) == (404, 404)
    clean = lambda answer: re.sub(r"[0-9a-f-]{20,}", "", answer.text)  # noqa: E731
    assert clean(again) == clean(strange)


def test_counted_by_day_and_not_by_whom(town, client, code):  # noqa: F811
    on()
    for _ in range(3):
        assert client.get(f"/p/{code}").status_code == 200
    client.get(f"/p/{token.code_of(b'1' * 16)}")
    assert town.ask("SELECT building_id, on_day::text, scans FROM gis.plate_scan JOIN gis.plate USING (plate_id)") == [
        ("H1", "2022-09-08", 3)
    ]
    with transaction(ADMINISTRATOR, read_only=True) as connection:
        assert [(r["building_id"], r["scans"]) for r in plates.counted(connection)] == [("H1", 3)]


def test_so_many_a_minute_from_an_address(town, client, code):  # noqa: F811
    on()
    answers = [client.get(f"/p/{code}").status_code for _ in range(scans.MINUTE_MAX + 2)]
    # The clock may have turned to another minute once.
    assert answers.count(200) in range(scans.MINUTE_MAX, scans.MINUTE_MAX + 3)
    scans._seen.clear()
    for second in range(scans.MINUTE_MAX):
        scans.look("10.0.0.1", 600.0 + second)
    with pytest.raises(TooManyError) as refused:
        scans.look("10.0.0.1", 645.0)
    assert refused.value.details["retry_after_s"] == 15
    scans.look("10.0.0.2", 645.0)
    scans.look("10.0.0.1", 660.0)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(min_size=24, max_size=24), st.binary(max_size=40)))
def test_a_code_that_was_not_signed_here_is_none(data):
    import base64

    made = base64.urlsafe_b64encode(data).decode()
    with pytest.raises(NotFoundError):
        token.body_of(made)


@given(st.integers(0, 31), st.sampled_from("ABCXYZabcxyz0189-_"))
@settings(deadline=None)
def test_one_character_more_or_less_and_it_is_none(place, letter):
    body = token.new_body()
    code = token.code_of(body)
    assert token.body_of(code) == body
    changed = code[:place] + letter + code[place + 1 :]
    if changed != code:
        with pytest.raises(NotFoundError):
            token.body_of(changed)


def test_the_code_says_nothing_of_the_house(town, code):  # noqa: F811
    # A long number: two characters are in one of fifty codes by chance.
    number = "YH451224100001000238"
    town.ask(
        "INSERT INTO gis.building (building_id, township_code, geom) "
        "SELECT %s, township_code, ST_Translate(geom, 500, 500) FROM gis.building WHERE building_id = 'H1'", number,
    )  # fmt: skip
    with transaction(PLANNER) as connection:
        made = plates.make(connection, [number, "H1", "U1"])
    assert [p.building_id for p in made] == [number, "H1", "U1"]
    assert made[1].code == code, "printed again it is the same"
    assert len({p.code for p in made}) == 3
    said = made[0].code.encode() + base64.urlsafe_b64decode(made[0].code)
    assert not any(number[k : k + 6].encode() in said for k in range(len(number) - 5))
    assert all(len(p.code) == token.LENGTH for p in made)


def test_who_makes_and_who_switches(town, client, code):  # noqa: F811
    own = signed_in(town, "township", place=TOWN)
    made = client.post("/api/plates", headers=own, json={"houses": ["H1", "H2"]})
    assert made.status_code == 200, made.text
    assert client.post("/api/plates", headers=own, json={"houses": ["U1"]}).status_code == 422
    for who in (signed_in(town, "department", department="police"), signed_in(town, "fire")):
        assert client.post("/api/plates", headers=who, json={"houses": ["H2"]}).status_code == 403
        assert client.post("/api/plates/setting", headers=who, json={"enabled": False}).status_code == 403
        assert client.get("/plates", headers=who).status_code == 200
    assert (
        client.post("/api/plates/setting", headers=own, json={"enabled": True, "telephone": "110"}).status_code == 403
    )
    county = signed_in(town, "planner")
    assert client.post("/api/plates/setting", headers=county, json={"enabled": True}).status_code == 422
    assert (
        client.post(
            "/api/plates/setting", headers=county, json={"enabled": True, "telephone": "<b>110</b>"}
        ).status_code
        == 422
    )
    assert (
        client.post("/api/plates/setting", headers=county, json={"enabled": True, "telephone": "110"}).status_code
        == 201
    )
    for who in (own, county):
        assert client.get("/plates", headers=who).status_code == 200


def test_one_that_is_withdrawn_is_none(town, client, code):  # noqa: F811
    on()
    own, strange = signed_in(town, "township", place=TOWN), signed_in(town, "fire")
    lost = {"house": "H1", "reason": "门牌遗失"}
    assert client.post("/api/plates/withdrawals", headers=strange, json=lost).status_code in {403, 404}
    assert client.get(f"/p/{code}").status_code == 200
    assert client.post("/api/plates/withdrawals", headers=own, json=lost | {"house": "U1"}).status_code == 404
    assert client.post("/api/plates/withdrawals", headers=own, json=lost | {"reason": ""}).status_code == 422
    assert client.post("/api/plates/withdrawals", headers=own, json=lost).status_code == 201
    clean = lambda answer: re.sub(r"[0-9a-f-]{20,}", "", answer.text)  # noqa: E731
    gone, none = client.get(f"/p/{code}"), client.get(f"/p/{token.code_of(b'0' * 16)}")
    assert (gone.status_code, clean(gone)) == (404, clean(none))
    again = client.post("/api/plates/withdrawals", headers=own, json=lost)
    assert again.status_code == 404
    assert "H1" in again.json()["error"]["message"]
    told = town.ask(
        "SELECT object, details FROM gis.audit_trail WHERE action = 'plated' ORDER BY entry_id DESC LIMIT 1"
    )
    assert "withdrawn" in str(told)
    assert "门牌遗失" in str(told)
    assert "门牌遗失" in client.get("/plates", headers=own).text
    with transaction(PLANNER) as connection:
        (plate,) = plates.make(connection, ["H1"])
        (same,) = plates.make(connection, ["H1"])
    assert plate.code == same.code
    assert plate.code != code
    assert client.get(f"/p/{plate.code}").status_code == 200


def test_what_is_printed(town, code):  # noqa: F811
    plate = plates.Plate("H1<b>", code, "0778-6320000")
    with town.active(GIS_PUBLIC_URL="https://gis.example.org/"):
        assert holds(plate) == f"https://gis.example.org/p/{code}"
        made = print_plates([plate] * 9)
    document = pypdfium2.PdfDocument(io.BytesIO(made).getvalue())
    said = document[0].get_textpage().get_text_range()
    assert len(document) == 2, "eight a page"
    assert said.count("H1<b>") == 8
    assert holds(plate) == "H1<b>", "without an address the number alone"
