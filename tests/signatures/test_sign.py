"""Who signs what and in which order; scanned pages; what `ledger verify` finds."""

from __future__ import annotations

import hashlib
import io
from contextlib import contextmanager

import pikepdf
import pytest

from gis_service.attachments import store
from gis_service.db.engine import transaction
from gis_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gis_service.identity import Identity, Role, operator
from gis_service.signatures import sign
from gis_service.signatures.verify import verify
from tests.cases.conftest import photograph
from tests.conftest import signed_in
from tests.record.conftest import TOWN, UNIT
from tests.signatures.conftest import HEAD, LEADER, PLANNER, SECRETARY, TEAM, A, B, C, everything, put, standing


@contextmanager
def refused(kind, zh):
    with pytest.raises(kind) as caught:
        yield
    assert zh in caught.value.zh
    assert caught.value.en != caught.value.zh


def test_in_order_by_whom_is_named(signed_town):
    with refused(ConflictError, "排查小组"):
        put(SECRETARY[A], "secretary", A)
    with refused(ForbiddenError, "team某签字"):
        put(LEADER, "team", A)
    kuang = Identity("kuang", Role.TOWNSHIP, UNIT)
    with refused(ForbiddenError, "还没有指定"), transaction(kuang) as connection:
        sign.sign(connection, sign.New(1, UNIT, C, "team"))
    with pytest.raises(NotFoundError):
        put(TEAM, "team", C)  # not of this unit
    with pytest.raises(NotFoundError):
        put(SECRETARY[B], "secretary", A)  # another village is not seen
    first = put(TEAM, "team", A)
    assert (first["houses"], first["name"], first["account"], str(first["signed_on"])) == (
        2,
        "team某",
        "dui",
        "2022-09-08",
    )
    with refused(ConflictError, "已经签过字"):
        put(TEAM, "team", A)
    put(SECRETARY[A], "secretary", A, sha256=first["content"])
    with refused(ConflictError, "还有 2 个村"):
        put(HEAD, "township", None)
    put(LEADER, "leader", A)
    for who, step in ((TEAM, "team"), (SECRETARY[B], "secretary"), (LEADER, "leader")):
        put(who, step, B)
    put(HEAD, "township", None)
    assert set(standing().values()) == {"stands"}
    with refused(InputError, "环节与范围不符"):
        put(HEAD, "township", A)


def test_several_villages_at_once_each_by_its_own_signature(signed_town, client):
    shown = [{"village_code": code, "sha256": sha256} for code, sha256 in _lists().items()]
    village = {"round_id": 1, "unit_code": TOWN, "step": "leader", "villages": shown}
    headers = signed_in(signed_town, "township", place=TOWN)
    account = signed_town.one("SELECT name FROM gis.account WHERE role = 'township'")
    with transaction(PLANNER) as connection:
        for code in (A, B):
            sign.name_signer(connection, TOWN, code, "leader", "挂某", "副镇长", account)
    for code in (A, B):
        put(TEAM, "team", code)
    put(SECRETARY[A], "secretary", A)
    # All or none, and the village is named.
    early = client.post("/api/signatures/villages", headers=headers, json=village)
    assert early.status_code == 409
    assert B in early.json()["error"]["message"]
    assert not signed_town.one("SELECT count(*) FROM gis.signature WHERE step = 'leader'")
    put(SECRETARY[B], "secretary", B)
    strange = signed_in(signed_town, "township", place=UNIT)
    assert client.post("/api/signatures/villages", headers=strange, json=village).status_code in {403, 404}
    older = village | {"villages": [shown[0], {"village_code": B, "sha256": "0" * 64}]}
    assert client.post("/api/signatures/villages", headers=headers, json=older).status_code == 409
    assert client.get(f"/signatures?unit={TOWN}", headers=headers).text.count("data-sign-all") == 1
    made = client.post("/api/signatures/villages", headers=headers, json=village)
    assert made.status_code == 201, made.text
    rows = made.json()["items"]
    assert [(r["village_code"], r["content"]) for r in rows] == [*_lists().items()]
    assert len({r["digest"] for r in rows}) == 2
    trail = signed_town.ask("SELECT object FROM gis.audit_trail WHERE action = 'signed' ORDER BY entry_id DESC LIMIT 2")
    assert {row[0] for row in trail} == {f"signature {r['signature_id']}" for r in rows}
    assert {state for (place, step), state in standing().items() if step == "leader" and place in (A, B)} == {"stands"}
    assert "data-sign-all" not in client.get(f"/signatures?unit={TOWN}", headers=headers).text
    with transaction(operator(), read_only=True) as connection:
        assert verify(connection).sound


def _lists():
    with transaction(PLANNER, read_only=True) as connection:
        (unit,) = sign.units(connection, 1, TOWN)
        return {v.village_code: v.sha256 for v in unit.villages if v.village_code in (A, B)}


def test_who_opened_an_older_list_does_not_sign_it(signed_town):
    with transaction(TEAM, read_only=True) as connection:
        shown = sign.units(connection, 1, TOWN)[0].villages[0].sha256
    signed_town.ask("UPDATE gis.building SET floors = 9 WHERE building_id = 'H2'")
    with refused(ConflictError, "打开之后有变更"):
        put(TEAM, "team", A, sha256=shown)
    assert signed_town.one("SELECT count(*) FROM gis.signature") == 0
    assert signed_town.one("SELECT count(*) FROM gis.signed_content") == 0


def test_one_person_signs_one_step_of_a_village(signed_town):
    with transaction(PLANNER) as connection:
        sign.name_signer(connection, TOWN, A, "leader", "队长", "副镇长", TEAM.account)
    put(TEAM, "team", A)
    put(SECRETARY[A], "secretary", A)
    with refused(ForbiddenError, "不同的人"):
        put(TEAM, "leader", A)


def test_signed_anew_from_below_after_an_edit(signed_town):
    everything()
    signed_town.ask("UPDATE gis.building SET people = 12 WHERE building_id = 'H1'")
    states = standing()
    assert [states[A, s] for s in ("team", "secretary", "leader")] == ["changed"] * 3
    assert states[TOWN, "township"] == "changed"
    assert states[B, "leader"] == "stands"
    with pytest.raises(ConflictError):
        put(LEADER, "leader", A)
    put(TEAM, "team", A)
    put(SECRETARY[A], "secretary", A)
    put(LEADER, "leader", A)
    assert standing()[TOWN, "township"] == "changed"
    put(HEAD, "township", None)
    assert set(standing().values()) == {"stands"}


def pdf():
    made = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(made)
    return made.getvalue()


def test_from_paper_with_its_scanned_page(signed_town):
    with refused(ForbiddenError, "县级专班"):
        put(TEAM, "team", A, by_paper=True)
    row = put(PLANNER, "team", A, by_paper=True)
    assert standing()[A, "team"] == "scan"
    with refused(ConflictError, "还没有有效签字"):
        put(SECRETARY[A], "secretary", A)
    for bad in (b"%PDF-1.7 broken", b"no picture"):
        with pytest.raises(InputError), transaction(PLANNER) as connection:
            sign.add_page(connection, row["signature_id"], bad)
    with transaction(TEAM) as connection:
        kept = sign.add_page(connection, row["signature_id"], pdf())
    assert [(p["media"], p["account"]) for p in kept["pages"]] == [("application/pdf", "dui")]
    assert standing()[A, "team"] == "stands"
    with pytest.raises(NotFoundError), transaction(SECRETARY[B]) as connection:
        sign.add_page(connection, row["signature_id"], photograph())
    put(SECRETARY[A], "secretary", A)


def proof():
    with transaction(operator(), read_only=True) as connection:
        return verify(connection)


def test_a_sound_county_is_proved(signed_town):
    everything()
    made = proof()
    assert (made.signatures, made.standing, made.findings) == (7, 7, [])


def test_edits_on_record_void_and_are_no_alteration(signed_town):
    everything()
    signed_town.judge("building_id = 'H3'", tier="severe")
    made = proof()
    assert made.sound
    assert {f.kind for f in made.findings} == {"void"}
    assert sum("名册已变更" in f.zh for f in made.findings) == 4


BY_HAND = [
    ("UPDATE gis.building SET floors = 9 WHERE building_id = 'H2'", "房屋 H2 的 floors"),
    ("UPDATE gis.building SET geom = ST_Translate(geom, 1, 0) WHERE building_id = 'H3'", "房屋 H3 的 geom"),
    ("UPDATE gis.judgement SET tier = 'none_found' WHERE building_id = 'H1'", "房屋 H1 的 preliminary"),
    ("UPDATE gis.signature SET name = '他人' WHERE step = 'leader' AND village_code = '451224100001'", "内容与其摘要不符"),
    ("UPDATE gis.signature SET recorded_at = recorded_at - interval '1 day' WHERE step = 'township'", "内容与其摘要不符"),
    ("DELETE FROM gis.signature WHERE step = 'township'", "被删除"),
    ("DELETE FROM gis.signature WHERE step = 'team' AND village_code = '451224100001'", "不在或不是原来那一条"),
    ("UPDATE gis.signed_content SET content = replace(content, '\"H2\"', '\"H9\"') WHERE village_code = '451224100001'", "名册 "),
    ("UPDATE gis.signature SET digest = repeat('0', 64) WHERE step = 'township'", "操作记录里的摘要不同"),
    ("INSERT INTO gis.signature (round_id, unit_code, village_code, step, content, below, houses, name, title, by_paper, signed_on, digest) "
     "SELECT round_id, unit_code, village_code, step, content, below, houses, name, title, by_paper, signed_on, repeat('1', 64) "
     "FROM gis.signature WHERE step = 'township'", "操作记录里没有"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "told"), BY_HAND, ids=range(len(BY_HAND)))
def test_a_row_changed_by_hand_is_found(signed_town, sql, told):
    everything()
    signed_town.ask(f"SET session_replication_role = replica; {sql}", role="postgres")
    made = proof()
    assert not made.sound
    assert any(told in f.zh for f in made.findings if f.kind == "altered"), made.findings
    said = signed_town.cli("ledger", "verify", lang="zh")
    assert said.code == 1
    assert told in said.out


def test_a_scanned_page_changed_on_the_disk_is_found(signed_town):
    row = put(PLANNER, "team", A, by_paper=True)
    with transaction(PLANNER) as connection:
        sha256 = sign.add_page(connection, row["signature_id"], photograph())["pages"][0]["sha256"]
    assert proof().sound
    store.path_of(sha256).write_bytes(photograph("red"))
    assert any("扫描件" in f.zh for f in proof().findings)


def test_at_the_machine(signed_town, tmp_path):
    scan = tmp_path / "page.pdf"
    scan.write_bytes(pdf())
    place = ("--unit", TOWN, "--village", A, "--step", "team")
    assert signed_town.cli("ledger", "signer", *place, "--name", "韦某", "--title", "排查组长").code == 0
    said = signed_town.cli("ledger", "sign", "--round", 1, *place, "--scan", scan)
    assert said.code == 0, said.err
    assert "2 houses" in said.out
    again = signed_town.cli("ledger", "sign", "--round", 1, *place, "--scan", scan)
    assert (again.code, again.err.count("\n")) == (1, 1)
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-")
    refused = signed_town.cli(
        "ledger", "sign", "--round", 1, "--unit", TOWN, "--village", B, "--step", "team", "--scan", bad
    )
    assert refused.code == 1
    assert signed_town.one("SELECT count(*) FROM gis.signature") == 1, "nothing is left of what was refused"
    assert "nothing was altered" in signed_town.cli("ledger", "verify").out


def test_over_the_service(signed_town, client):
    team = signed_in(signed_town, "township", place=TOWN)
    county = signed_in(signed_town, "planner")
    body = {"round_id": 1, "unit_code": TOWN, "village_code": A, "step": "team"}
    assert client.post("/api/signatures", headers=team, json=body).status_code == 403
    account = signed_town.one("SELECT name FROM gis.account WHERE role = 'township'")
    signer = {"unit_code": TOWN, "village_code": A, "step": "team", "name": "韦某", "title": "组长", "account": account}
    assert client.post("/api/signers", headers=team, json=signer).status_code == 403
    assert client.post("/api/signers", headers=county, json=signer).status_code == 201
    made = client.post("/api/signatures", headers=team, json=body)
    assert made.status_code == 201, made.text
    number = made.json()["signature_id"]
    assert client.post("/api/signatures", headers=team, json=body | {"step": "leader"}).status_code in {403, 409}
    text = client.get(f"/api/signatures/{number}/content", headers=county)
    assert hashlib.sha256(text.content).hexdigest() == made.json()["content"]
    sent = client.post(
        f"/api/signatures/{number}/pages", headers=team | {"Content-Type": "application/octet-stream"}, content=pdf()
    )
    assert sent.status_code == 201, sent.text
    page = client.get(f"/api/signatures/{number}/pages/{sent.json()['pages'][0]['sha256']}", headers=county)
    assert page.headers["content-type"] == "application/pdf"
    signed_town.ask("UPDATE gis.building SET people = 3 WHERE building_id = 'H1'")
    assert client.get(f"/api/signatures/{number}", headers=county).json()["changes"] == {"H1": ["people"]}
    states = client.get(f"/api/signatures?round_id=1&unit={TOWN}", headers=county).json()["items"][0]["villages"][0][
        "steps"
    ]
    assert [s["state"] for s in states] == ["changed", "missing", "missing"]
    assert client.get(f"/api/signatures/{number}", headers=signed_in(signed_town, "fire")).status_code == 404
    for address in ("/signatures", f"/signatures/{number}", "/signatures?lang=en", f"/signatures/{number}?lang=en"):
        for who in (county, team):
            assert client.get(address, headers=who).status_code == 200
    proof_ = signed_town.cli("ledger", "verify")
    assert proof_.code == 1
    assert "people of house H1" in proof_.out
