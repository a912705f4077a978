"""What a list counts, kept between the pages of it: never another's eyes' counts, never those of data that changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from gis_service.db.engine import transaction
from gis_service.identity import Identity, Role, operator
from gis_service.selection.select import latest_run, totals
from tests.conftest import Database

_TOWNSHIP = Identity("t", Role.TOWNSHIP, place="451224100")


@pytest.fixture
def run_id(demo_copy: Database) -> int:
    """The published list of a database of this test's own."""
    with transaction(operator(), read_only=True) as connection:
        found = latest_run(connection)
    assert found is not None
    return found


@pytest.fixture
def asked(demo_copy: Database) -> Iterator[list[str]]:
    """The statements that expand the reasons of a list: the dear ones."""
    said: list[str] = []
    with transaction(operator(), read_only=True) as connection:
        engine = connection.engine

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "jsonb_array_elements" in statement:
            said.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)


def _totals(identity: Identity, run_id: int) -> dict[str, object]:
    with transaction(identity, read_only=True) as connection:
        return totals(connection, run_id, identity.scope)


def _counted(database: Database, run_id: int, condition: str = "true") -> tuple[int, Counter[str], Counter[str]]:
    """Count in Python what the database has: houses, houses of each rule, houses of each kind of zone."""
    rows = database.ask(
        f"SELECT s.reasons FROM gis.selection AS s JOIN gis.building AS b USING (building_id) WHERE s.run_id = %s AND {condition}",
        run_id,
    )
    rules = Counter(rule for (reasons,) in rows for rule in {r["rule"] for r in reasons})
    kinds = Counter(kind for (reasons,) in rows for kind in {r["kind"] for r in reasons if r["rule"] == "key_zone"})
    return len(rows), rules, kinds


def test_counted_once_and_right(demo_copy: Database, run_id: int, asked: list[str]):
    first = _totals(operator(), run_id)
    assert asked, "counted at the server"
    once = len(asked)
    assert _totals(operator(), run_id) == first
    assert len(asked) == once
    total, rules, kinds = _counted(demo_copy, run_id)
    assert (first["total"], first["rule"], first["zone_kind"]) == (total, rules, kinds)
    assert total > 100


def test_a_township_has_its_own(demo_copy: Database, run_id: int):
    county, township = _totals(operator(), run_id), _totals(_TOWNSHIP, run_id)
    total, rules, kinds = _counted(demo_copy, run_id, "b.unit_code = '451224100'")
    assert (township["total"], township["rule"], township["zone_kind"]) == (total, rules, kinds)
    assert 0 < total < county["total"]  # type: ignore[operator]


def test_counted_anew_when_houses_change(demo_copy: Database, run_id: int):
    before = _totals(operator(), run_id)["township"]
    assert isinstance(before, dict)
    demo_copy.ask("UPDATE gis.admin_area SET name = '改名镇' WHERE code = '451224100'")
    after = _totals(operator(), run_id)["township"]
    assert isinstance(after, dict)
    assert after == {("改名镇" if name == "东兰镇" else name): houses for name, houses in before.items()} != before
