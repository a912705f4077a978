"""Notices: issued all or none, printed with owners by privilege alone, served with a photograph, listed by department."""

from __future__ import annotations

import io

import docx as python_docx
import pytest

from gis_service.db.engine import transaction
from gis_service.notices.texts import BLANK
from tests.cases.conftest import ADMINISTRATOR, photographs
from tests.conftest import signed_in
from tests.notices.conftest import done
from tests.paper.office import pages, words
from tests.record.conftest import TOWN

ASK = {"kind": "appraise", "houses": ["H1", "H2"], "number": "东自建房通〔2022〕", "first": 7, "until": "2022-09-25"}


def text_of(content):
    document = python_docx.Document(io.BytesIO(content))
    return "\n".join(
        [p.text for p in document.paragraphs] + [c.text for t in document.tables for r in t.rows for c in r.cells]
    )


def listed(client, who, query=""):
    answer = client.get(f"/api/notices{query}", headers=who)
    assert answer.status_code == 200, answer.text
    return {row["building_id"]: row for row in answer.json()["items"]}, answer.json()["departments"]


def test_issued_printed_served_and_listed(noticed, client, tmp_path):
    who = signed_in(noticed, "township", place=TOWN, person=True)
    before, departments = listed(client, who)
    assert set(before) == {"H1", "H2"}, "H3 is not operating, U1 is another's"
    assert departments == [
        {"department": d, "houses": 1, "notified": 0, "served": 0} for d in ("health", "market_reg", "police")
    ]
    job = done(client, who, client.post("/api/notices", headers=who, json=ASK))
    assert (job["state"], job["result"]["notices"], job["result"]["blank"]) == ("done", 2, ["H2"])
    assert any("H2" in line["said"] for line in job["log"])
    file = client.get(job["file"], headers=who)
    said = text_of(file.content)
    assert "黄某甲：" in said
    assert f"{BLANK}：" in said
    assert "13800000000" not in said
    assert all(
        part in said
        for part in ("东自建房通〔2022〕7号", "东自建房通〔2022〕8号", "2022年9月25日", "东兰镇人民政府", "送达回证")
    )
    assert "{{" not in said
    set_ = pages(file.content, tmp_path)
    assert len(set_) == 4, "a page a notice, a page a receipt"
    assert "红旗饭店" in said or "江平社区1号" in set_[0]
    # A case's notice is its event; a house without one has its own.
    kinds = noticed.ask(
        "SELECT building_id, kind, number, case_id IS NULL, due_on::text FROM gis.notice ORDER BY notice_id"
    )
    assert kinds == [("H1", "appraise", "东自建房通〔2022〕7号", False, "2022-09-25"),
                     ("H2", "appraise", "东自建房通〔2022〕8号", True, "2022-09-25")]  # fmt: skip
    read = noticed.ask("SELECT details ->> 'houses' FROM gis.audit_trail WHERE action = 'person_read'")
    assert read == [('["H1"]',)]
    # Served: a photograph at least, of that house, not before it was issued.
    with transaction(ADMINISTRATOR) as connection:
        shots = {h: photographs(connection, h, color) for h, color in (("H1", "red"), ("H2", "blue"))}
    for number, house in zip(job["result"]["ids"], ("H1", "H2"), strict=True):
        service = {"served_on": "2022-09-08", "receipt": list(shots[house])}
        address = f"/api/notices/{number}/service"
        assert client.post(address, headers=who, json=service | {"receipt": []}).status_code == 422
        other = list(shots["H2" if house == "H1" else "H1"])
        for wrong in ({"receipt": other}, {"served_on": "2022-09-07"}, {"served_on": "2022-09-09"}):
            refused = client.post(address, headers=who, json=service | wrong)
            assert refused.status_code == 422, (house, wrong, refused.text)
        assert client.post(address, headers=who, json=service).status_code == 201
        assert client.post(address, headers=who, json=service).status_code == 409
    after, departments = listed(client, who)
    assert [(str(r["served_on"]), r["receipt"]) for r in after.values()] == [
        ("2022-09-08", list(shots["H1"])),
        ("2022-09-08", list(shots["H2"])),
    ]
    assert {(d["notified"], d["served"]) for d in departments} == {(1, 1)}
    assert listed(client, who, "?state=none")[0] == {}
    assert set(listed(client, who, "?department=police&state=served")[0]) == {"H2"}
    export = client.get("/api/notices/export?format=csv", headers=who)
    assert "已送达" in export.content.decode("utf-8-sig")
    assert "黄某甲" not in export.content.decode("utf-8-sig")


def test_pdf_says_the_same(noticed, client):
    who = signed_in(noticed, "township", place=TOWN, person=True)
    job = done(client, who, client.post("/api/notices", headers=who, json=ASK | {"format": "pdf"}))
    made = words(client.get(job["file"], headers=who).content)
    assert len(made) == 4
    assert "黄某甲：" in made[0]
    assert "房屋安全鉴定通知书东自建房通〔2022〕7号" in made[0]
    assert made[1].startswith("送达回证")
    again = done(
        client,
        who,
        client.post("/api/notices/print", headers=who, json={"ids": job["result"]["ids"], "format": "docx"}),
    )
    assert "东自建房通〔2022〕8号" in text_of(client.get(again["file"], headers=who).content)
    assert noticed.one("SELECT count(*) FROM gis.notice") == 2


def test_owner_only_by_privilege(noticed, client):
    plain = signed_in(noticed, "township", place=TOWN)
    job = done(client, plain, client.post("/api/notices", headers=plain, json=ASK))
    assert job["result"]["blank"] == ["H1", "H2"]
    assert "黄某甲" not in text_of(client.get(job["file"], headers=plain).content)
    assert noticed.one("SELECT count(*) FROM gis.audit_trail WHERE action = 'person_read'") == 0
    may = signed_in(noticed, "township", place=TOWN, person=True)
    asked = {"ids": job["result"]["ids"]}
    with_owner = done(client, may, client.post("/api/notices/print", headers=may, json=asked))
    # The administrator sees every job, and not what it names.
    for other in (signed_in(noticed, "administrator", person=True), signed_in(noticed, "administrator")):
        refused = client.get(with_owner["file"], headers=other)
        assert refused.status_code == 403, refused.text
    assert client.get(with_owner["file"], headers=may).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"houses": []}, "1 到 500"),
        ({"houses": ["H1", "nowhere"]}, "nowhere"),
        ({"houses": ["H1", "U1"]}, "U1"),
        ({"until": None}, "期限"),
        ({"kind": "stop_use", "houses": ["H1", "H2"]}, "H2 等 1 栋"),
        ({"until": "2022-09-01"}, "期限 2022-09-01 早于"),
    ],
)
def test_refused_in_one_sentence_and_nothing_left(noticed, client, wrong, told):
    who = signed_in(noticed, "township", place=TOWN, person=True)
    job = done(client, who, client.post("/api/notices", headers=who, json=ASK | wrong))
    assert job["state"] == "failed"
    assert told in job["said"]
    assert job["file"] is None
    assert noticed.one("SELECT count(*) FROM gis.notice") == 0


def test_a_number_is_used_once_and_only_who_may_issues(noticed, client):
    who = signed_in(noticed, "township", place=TOWN)
    done(client, who, client.post("/api/notices", headers=who, json=ASK))
    again = done(client, who, client.post("/api/notices", headers=who, json=ASK | {"houses": ["H2"], "first": 8}))
    assert "8号”已经用过" in again["said"]
    for role in ("fire", "planner"):
        other = signed_in(noticed, role)
        assert (
            "您的账号不能发"
            in done(client, other, client.post("/api/notices", headers=other, json=ASK | {"first": 20}))["said"]
        )
    village = signed_in(noticed, "village", place="451224100001")
    assert client.post("/api/notices", headers=village, json=ASK).status_code == 403
    office = signed_in(noticed, "department", department="police")
    job = done(client, office, client.post("/api/notices", headers=office, json=ASK | {"houses": ["H2"], "first": 30}))
    assert job["result"]["blank"] == ["H2"]
    assert "县公安局" in text_of(client.get(job["file"], headers=office).content)


def test_letters_to_units(noticed, client):
    county, town = signed_in(noticed, "planner"), signed_in(noticed, "township", place=TOWN)
    letter = {
        "kind": "remind",
        "unit_code": TOWN,
        "number": "函〔2022〕1号",
        "reason": "进度慢于中位数。",
        "due_on": "2022-09-20",
    }
    assert client.post("/api/letters", headers=town, json=letter).status_code == 403
    assert client.post("/api/letters", headers=county, json=letter | {"due_on": None}).status_code == 422
    assert client.post("/api/letters", headers=county, json=letter | {"unit_code": "451224999"}).status_code == 422
    made = client.post("/api/letters", headers=county, json=letter)
    assert made.status_code == 201, made.text
    number = made.json()["letter_id"]
    said = text_of(client.get(f"/api/letters/{number}/docx", headers=town).content)
    assert all(
        part in said
        for part in ("东兰镇：", "进度慢于中位数。", "2022年9月20日", "东兰县自建房安全专项整治工作领导小组办公室")
    )
    assert "约谈" not in said
    assert (
        client.get(f"/api/letters/{number}/pdf", headers=signed_in(noticed, "township", place="451224U01")).status_code
        == 404
    )
    assert client.post(f"/api/letters/{number}/done", headers=county, json={"done_on": "2022-09-09"}).status_code == 422
    assert (
        client.post(f"/api/letters/{number}/done", headers=county, json={"done_on": "2022-09-08"}).json()["done_on"]
        == "2022-09-08"
    )
    assert client.post(f"/api/letters/{number}/done", headers=county, json={"done_on": "2022-09-08"}).status_code == 409
    talk = letter | {"kind": "talk", "due_on": None, "meeting": "9月12日9时，县住建局三楼", "number": "约〔2022〕1号"}
    number = client.post("/api/letters", headers=county, json=talk).json()["letter_id"]
    assert "9月12日9时，县住建局三楼" in "".join(
        words(client.get(f"/api/letters/{number}/pdf", headers=county).content)
    )


def test_the_page_for_each(noticed, client):
    askers = {
        "administrator": {}, "planner": {}, "fire": {}, "auditor": {}, "department": {"department": "police"},
        "township": {"place": TOWN}, "village": {"place": "451224100001"},
    }  # fmt: skip
    for role, more in askers.items():
        who = signed_in(noticed, role, place=more.get("place"), department=more.get("department"))
        for query in ("", "?kind=stop_use", "?lang=en", "?state=none&department=police&unit="):
            answer = client.get(f"/notices{query}", headers=who)
            assert answer.status_code == 200, (role, query, answer.text[:300])
        issues = role in {"administrator", "department", "township"}
        assert ("发出并打印" in client.get("/notices", headers=who).text) == issues
