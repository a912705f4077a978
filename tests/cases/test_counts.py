"""The counts above the ledger are those of the rows below it, whoever asks and whatever is asked."""

from __future__ import annotations

from collections import Counter

import pytest

from gis_service.cases import counts, find
from gis_service.db.engine import transaction
from gis_service.identity import Identity
from tests.cases.conftest import ADMINISTRATOR, DEPARTMENT, OF_UNIT, PLANNER, TOWNSHIP, VILLAGE, open_case, step
from tests.conftest import Database
from tests.record.conftest import TOWN, UNIT

_FILTERS = [
    find.Filter(), find.Filter(kind="legality"), find.Filter(operating=True), find.Filter(unit=TOWN),
    find.Filter(tier="severe"), find.Filter(unit=TOWN, kind="structure", operating=True),
]  # fmt: skip
_ASKERS = (ADMINISTRATOR, PLANNER, TOWNSHIP, OF_UNIT, DEPARTMENT, VILLAGE)


def _strike_off(case_id: int, by: Identity, evidence: tuple[str, ...]) -> None:
    said = {"reason": "已搬离", "given": {"record_changes": False}, "evidence": evidence}
    step(by, case_id, "submit_clearance", "moved_away", **said)
    step(PLANNER, case_id, "approve_clearance")


@pytest.fixture
def ledger(town: Database, pictures: dict[str, tuple[str, ...]]) -> Database:
    """Cases of four houses, some of them struck off."""
    town.ask("UPDATE gis.building SET village_code = '451224100001' WHERE building_id IN ('H1', 'H2')")
    town.judge("building_id IN ('H1', 'H3')", tier="severe", on="2022-07-01")
    town.judge("building_id = 'U1'", tier="some", on="2022-07-01")
    open_case(TOWNSHIP, "H2", "legality")
    for house, by in (("H1", TOWNSHIP), ("H3", TOWNSHIP), ("U1", OF_UNIT)):
        _strike_off(town.one("SELECT case_id FROM gis.case WHERE building_id = %s", house), by, pictures[house])
    return town


def _compare(who: Identity) -> int:
    total = 0
    for asked in _FILTERS:
        with transaction(who, read_only=True) as connection:
            rows = find.listed(connection, asked, 100).rows
            found = find.counts(connection, asked)
        assert {state: c["cases"] for state, c in found.items()} == dict(Counter(r["state"] for r in rows)), (
            who,
            asked,
        )
        assert sum(c["overdue"] for c in found.values()) == sum(bool(r["overdue"]) for r in rows)
        assert sum(c["waiting"] for c in found.values()) == sum(r["submission"] is not None for r in rows)
        total += len(rows)
    return total


def test_counts_are_those_of_the_rows(ledger: Database, monkeypatch: pytest.MonkeyPatch):
    assert {who.account: _compare(who) > 0 for who in _ASKERS} == {who.account: True for who in _ASKERS}
    # They follow their houses: to another unit, use, village, tier, departments.
    ledger.ask("UPDATE gis.building SET unit_code = %s, village_code = NULL, use_class = 'other', departments = '{police}' "
               "WHERE building_id = 'H1'", UNIT)  # fmt: skip
    ledger.judge("building_id = 'H3'", tier="none_found", on="2022-08-01")
    before = [_compare(who) for who in _ASKERS]
    assert counts.add_up() == 0, "few rows are left alone"
    monkeypatch.setattr(counts, "_MANY", 1)
    rows = ledger.one("SELECT count(*) FROM gis.cleared_count")
    assert counts.add_up() > 0
    assert ledger.one("SELECT count(*) FROM gis.cleared_count") == 3 < rows
    assert [_compare(who) for who in _ASKERS] == before


def test_pages_hang_together(ledger: Database):
    """Whatever a page's length and place, it is a piece of the one list, which what was struck off ends."""
    sql = (
        "SELECT case_id FROM gis.case JOIN gis.building AS b USING (building_id) WHERE %s IS NULL OR b.unit_code = %s "
        "ORDER BY state = 'cleared', state = 'accepted', deadline, case_id"
    )
    for unit in (None, TOWN):
        whole = [row[0] for row in ledger.ask(sql, unit, unit)]
        states = [ledger.one("SELECT state FROM gis.case WHERE case_id = %s", case_id) for case_id in whole]
        assert "cleared" in states
        assert states[0] != "cleared"
        for limit in range(1, len(whole) + 2):
            for offset in range(len(whole) + 2):
                with transaction(ADMINISTRATOR, read_only=True) as connection:
                    found = find.listed(connection, find.Filter(unit=unit), limit, offset)
                assert [row["case_id"] for row in found.rows] == whole[offset : offset + limit], (limit, offset)
                assert found.truncated == (len(whole) > offset + limit)


def test_nobody_writes_them(ledger: Database):
    import psycopg2

    for role in ("gis_administrator", "gis_planner", "gis_township"):
        for sql in ("UPDATE gis.cleared_count SET cases = 0", "DELETE FROM gis.cleared_count"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                ledger.ask(f"SET ROLE {role}; {sql}", role="postgres")
