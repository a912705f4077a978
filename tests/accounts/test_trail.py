"""The audit trail: written before the answer, appended only, and a chain that shows every cut."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2
import pytest

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action, Source
from gis_service.db.engine import get_engine, transaction
from gis_service.db.server import Server
from gis_service.identity import Identity, Role, operator
from tests.accounts.conftest import PAGE
from tests.conftest import Database, cloned, signed_in


def _fill(database: Database) -> Database:
    for k in range(10):
        audit_log.record(
            Identity(f"谁{k}", Role.TOWNSHIP, "451224100") if k % 2 else "?", Action.SELECTED, f"run {k}: 3:a,-,",
            source=Source(None if k % 3 else f"r{k}", "::1"), n=k, text='"\\\u2028<', list=["一", None, 1.5], none=None,
        )  # fmt: skip
    return database


@pytest.fixture
def ten(database: Database) -> Database:
    """Ten entries with whatever a text may hold."""
    return _fill(database)


@pytest.fixture(scope="module")
def _sealed(server: Server, template: str) -> Iterator[Database]:
    with cloned(server, template) as made:
        yield _fill(made)


@pytest.fixture
def sealed(_sealed: Database) -> Iterator[Database]:
    """Ten such entries for all tests in which nobody may change anything."""
    with _sealed.active():
        yield _sealed


def _verify(head: str | None = None) -> audit_log.Verdict:
    with transaction(operator(), read_only=True) as connection:
        return audit_log.verify(connection, head)


def _forge(database: Database, sql: str) -> None:
    """What only somebody with the superuser's rights can do."""
    database.ask(f"SET session_replication_role = replica; {sql}", role="postgres")


def test_sound(ten: Database):
    verdict = _verify()
    assert (verdict.entries, verdict.faults) == (10, [])
    assert verdict.head == ten.one("SELECT hash FROM gis.audit_trail WHERE entry_id = 10")
    audit_log.record("x", Action.SELECTED)
    assert _verify(verdict.head).faults == [], "a head kept elsewhere is still in the chain"


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE gis.audit_trail SET account = 'somebody else' WHERE entry_id = 4", {4}),
        ("UPDATE gis.audit_trail SET at = at + interval '1 us' WHERE entry_id = 4", {4}),
        ("UPDATE gis.audit_trail SET details = '{}' WHERE entry_id = 4", {4}),
        ("UPDATE gis.audit_trail SET address = NULL WHERE entry_id = 4", {4}),
        ("UPDATE gis.audit_trail SET hash = repeat('a', 64) WHERE entry_id = 4", {4, 5}),
        ("DELETE FROM gis.audit_trail WHERE entry_id = 4", {4}),
        ("DELETE FROM gis.audit_trail WHERE entry_id BETWEEN 4 AND 6", {4}),
        ("DELETE FROM gis.audit_trail WHERE entry_id = 1", {1}),
        ("DELETE FROM gis.audit_trail WHERE entry_id = 10", {10}),
        ("DELETE FROM gis.audit_trail WHERE entry_id > 7", {8}),
        ("DELETE FROM gis.audit_trail", {1}),
        ("DELETE FROM gis.audit_head", {0, 1}),
        ("INSERT INTO gis.audit_trail SELECT 11, at, account, role, place, action, object, details, request_id, address, "
         "hash, hash FROM gis.audit_trail WHERE entry_id = 10", {11}),
        ("DELETE FROM gis.audit_trail WHERE entry_id = 4; UPDATE gis.audit_trail SET entry_id = entry_id - 1 WHERE entry_id > 4; "
         "UPDATE gis.audit_head SET entries = 9", {4}),
    ],
)  # fmt: skip
def test_every_cut_shows(ten: Database, sql: str, where: set[int]):
    _forge(ten, sql)
    faults = _verify().faults
    assert where <= {fault.entry_id for fault in faults}
    said = ten.cli("audit-trail", "verify")
    assert said.code == 1
    assert "not sound" in said.err
    assert faults[0].en in said.err


def test_a_whole_new_chain_shows_by_the_head_that_was_kept(ten: Database):
    kept = ten.cli("audit-trail", "verify").out.splitlines()[-1]
    assert kept == _verify().head
    _forge(ten, "TRUNCATE gis.audit_trail; UPDATE gis.audit_head SET entries = 0, hash = repeat('0', 64)")
    audit_log.record("forger", Action.SELECTED)
    assert _verify().faults == [], "within itself the forged chain is sound: that is what the kept head is for"
    assert ten.cli("audit-trail", "verify").code == 0
    assert ten.cli("audit-trail", "verify", "--head", kept).code == 1


@pytest.mark.parametrize("role", ["gis_owner", "gis_service", "postgres"])
@pytest.mark.parametrize(
    "sql",
    ["UPDATE gis.audit_trail SET account = account", "DELETE FROM gis.audit_trail", "TRUNCATE gis.audit_trail",
     "UPDATE gis.audit_head SET entries = 0", "DELETE FROM gis.audit_head", "TRUNCATE gis.audit_head"],
)  # fmt: skip
def test_nobody_changes_it_by_a_slip(sealed: Database, role: str, sql: str):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        sealed.ask(sql, role=role)
    assert _verify().faults == []


@pytest.mark.parametrize("role", [r.database_role for r in Role])
def test_who_reads_it(sealed: Database, role: str):
    sql = f"SET ROLE {role}; SELECT count(*) FROM gis.audit_trail"
    if role in {"gis_administrator", "gis_auditor"}:
        assert sealed.one(sql, role="postgres") == 10
    else:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            sealed.ask(sql, role="postgres")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        sealed.ask(f"SET ROLE {role}; INSERT INTO gis.audit_head VALUES (true, 0, '')", role="postgres")


def test_many_at_once_are_one_chain(database: Database):
    def write(k: int) -> None:
        for n in range(10):
            audit_log.record(f"t{k}", Action.SELECTED, str(n))

    threads = [threading.Thread(target=write, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    verdict = _verify()
    assert (verdict.entries, verdict.faults) == (60, [])


def test_an_action_and_its_entry_are_one(database: Database):
    with get_engine("service").connect() as connection:
        audit_log.append(connection, "x", Action.SELECTED)
        connection.rollback()
    assert _verify().entries == 0


def test_the_person_is_read_after_it_is_written_down(county: Database, browser_of: Any):
    client = browser_of()
    headers = signed_in(county, "township", place="451224100", person=True)
    said = client.get("/api/buildings/H1/person", headers=headers)
    assert said.json() == {
        "building_id": "H1", "owner_name": "韦某", "telephone": "13800000000", "identity_number": "452701199001010011",
    }  # fmt: skip
    assert county.ask("SELECT account, object, place FROM gis.audit_trail WHERE action = 'person_read'") == [
        ("t.township.451224100.p", "H1", "451224100")
    ]
    assert "韦某" not in county.one("SELECT string_agg(t::text, ' ') FROM gis.audit_trail AS t")
    foreign, unknown = (client.get(f"/api/buildings/{i}/person", headers=headers) for i in ("H2", "H9"))
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 404
    for role, more in (
        ("township", {"place": "451224100", "person": False}), ("fire", {}), ("auditor", {}), ("department", {"department": "fire"}),
    ):  # fmt: skip
        assert client.get("/api/buildings/H1/person", headers=signed_in(county, role, **more)).status_code == 403, role
    # Where it cannot be written down it is not read.
    county.ask("REVOKE EXECUTE ON FUNCTION gis.record FROM gis_service", role="postgres")
    refused = client.get("/api/buildings/H1/person", headers=headers)
    assert refused.status_code == 500
    assert "韦某" not in refused.text


def test_what_is_written(county: Database, browser_of: Any):
    client = browser_of()
    client.headers.update(signed_in(county, "planner"))
    area = {
        "name": "老街",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[107.37, 24.5], [107.38, 24.5], [107.38, 24.51], [107.37, 24.5]]],
        },
    }
    made = client.post("/api/areas", json=area).json()
    assert client.put(f"/api/areas/{made['area_id']}", json=area | {"version": 1}).status_code == 200
    assert client.put(f"/api/areas/{made['area_id']}", json=area | {"version": 1}).status_code == 409
    assert client.delete(f"/api/areas/{made['area_id']}").status_code == 204
    run = client.post("/api/selections", json={"any_of": [{"term": "rule", "name": "hazard"}]}).json()["run_id"]
    client.post(f"/api/selections/{run}/repeat")
    for suffix in ("xlsx", "csv", "geojson", "gpkg"):
        answer = client.get(f"/api/selections/{run}/export?format={suffix}")
        assert answer.status_code == 200
        assert "t.planner-2" in answer.headers["content-disposition"], "account and time stand in the name"
    told = county.ask("SELECT action, account, length(request_id) > 7 FROM gis.audit_trail ORDER BY entry_id")
    wanted = ["area_drawn", "area_changed", "area_deleted", "selected", "selected", *["exported"] * 4]
    assert told == [(action, "t.planner", True) for action in wanted]
    assert _verify().faults == []


def test_search(ten: Database, browser_of: Any, tmp_path: Path):
    client = browser_of()
    client.headers.update(signed_in(ten, "auditor"))
    first = client.get("/api/audit-trail?limit=4").json()
    assert first["truncated"]
    assert [e["entry_id"] for e in first["items"]] == [10, 9, 8, 7]
    rest = client.get("/api/audit-trail?before=7").json()
    assert [e["entry_id"] for e in rest["items"]] == [6, 5, 4, 3, 2, 1]
    assert not rest["truncated"]
    assert [e["entry_id"] for e in client.get("/api/audit-trail", params={"account": "谁3"}).json()["items"]] == [4]
    assert client.get("/api/audit-trail?action=exported").json()["items"] == []
    assert client.get("/api/audit-trail?until=2020-01-01T00:00:00").json()["items"] == []
    assert len(client.get("/api/audit-trail?since=2020-01-01T00:00:00Z").json()["items"]) == 10
    for bad in ("action=x", "since=x", "before=0", f"before={'9' * 30}", "limit=0", "limit=1001", "account=%00"):
        assert client.get(f"/api/audit-trail?{bad}").status_code == 422, bad
    page = client.get("/audit-trail?since=2020-01-01&account=x%3Cscript%3E", headers=PAGE)
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "没有符合条件的记录" in page.text
    assert "请写成" in client.get("/audit-trail?since=yesterday", headers=PAGE).text
    for role, place in (("planner", None), ("township", "451224100")):
        if role == "township":
            ten.ask("INSERT INTO gis.admin_area (code, name, level) VALUES ('451224100', '东兰镇', 'township')")
        headers = signed_in(ten, role, place=place)
        assert client.get("/api/audit-trail", headers=headers).status_code == 403
        assert client.get("/audit-trail", headers=headers).status_code == 403

    for suffix in ("csv", "xlsx"):
        out = tmp_path / f"t.{suffix}"
        said = ten.cli("audit-trail", "search", "--action", "selected", "--out", out)
        assert (said.code, "10 entries" in said.out) == (0, True), said.err
        if suffix == "csv":
            with out.open(encoding="utf-8-sig", newline="") as opened:
                rows: list[Any] = list(csv.reader(opened))
            assert rows[0][-2:] == ["导出账号", "导出时间"]
            assert rows[1][-2].startswith("cli:")
        else:
            book = openpyxl.load_workbook(out)
            rows = list(book["操作记录"].values)
            assert book["导出信息"]["B1"].value.startswith("cli:")
        assert len(rows) == 11
    assert ten.cli("audit-trail", "search", "--out", tmp_path / "t.pdf").code == 1
    assert ten.cli("audit-trail", "search", "--since", "2026-13-01").code == 2
    assert "谁3" in ten.cli("audit-trail", "search", "--account", "谁3").out
