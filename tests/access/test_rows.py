"""Every table as every asker: exactly the rows of the superuser's filter, no more and no less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.identity import Identity, Role
from tests.access.witness import (
    _KEYS,
    BOUND,
    COUNTY,
    ELSEWHERE,
    EMPTY,
    EVERYBODY,
    FIRE,
    FOR_ALL,
    PLANNER,
    TABLES,
    TOWN,
    VILLAGE,
    Witness,
    name,
)
from tests.conftest import Database, cloned

# Runs of others come and go while these tests run; they have tests of their own.
_RESULTS = [t for t in TABLES if t != "selection"]


def _seen(asker: Identity, table: str) -> set[object]:
    with transaction(asker, read_only=True) as connection:
        return set(connection.execute(text(f"SELECT {_KEYS.get(table, 'fid')} FROM gis.{table}")).scalars())


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
def test_every_table(county: Database, asker: Identity):
    witness = Witness(county, asker)
    for table in _RESULTS:
        wanted = witness.keys(table)
        assert _seen(asker, table) == wanted, table
        if asker in COUNTY or table in FOR_ALL:
            # No table of the demo is empty; one that is new may be, until the demo has some of it.
            assert wanted or county.one(f"SELECT count(*) FROM gis.{table}", role="postgres") == 0, table
        if asker in EMPTY and table not in FOR_ALL:
            assert not wanted, table


def test_every_table_that_the_bound_may_read_has_a_witness(county: Database):
    readable = {
        table
        for (table,) in county.ask(
            "SELECT DISTINCT tablename FROM pg_tables, unnest(ARRAY['gis_township', 'gis_village', 'gis_department']) AS r "
            "WHERE schemaname = 'gis' AND has_any_column_privilege(r, format('gis.%I', tablename), 'SELECT')",
            role="postgres",
        )
    }
    assert readable == {*TABLES, *ELSEWHERE}, "say in tests/access/witness.py which rows of a new table each asker sees"


@pytest.mark.parametrize("asker", BOUND, ids=name)
def test_the_bound_see_something_and_not_all(county: Database, asker: Identity):
    whole = county.one("SELECT count(*) FROM gis.building", role="postgres")
    assert 0 < len(_seen(asker, "building")) == len(Witness(county, asker).houses()) < whole / 2
    assert _seen(asker, "cluster")
    assert _seen(asker, "alley")


@pytest.mark.parametrize("asker", [*BOUND, *EMPTY], ids=name)
def test_the_county_s_selection_is_one_s_own_part_of_it(county: Database, asker: Identity):
    run = county.one(
        "SELECT min(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL", role="postgres"
    )
    assert {k for k in _seen(asker, "selection") if str(k).startswith(f"{run}/")} == Witness(county, asker).selected(
        run
    )


@pytest.fixture(scope="module")
def owned(server: Server, demo: str) -> Iterator[Database]:
    """A copy of the demo county in which every house has an owner; one for all askers, who only read."""
    with cloned(server, demo) as made:
        made.ask("INSERT INTO gis.building_person SELECT building_id, '户主' FROM gis.building ON CONFLICT DO NOTHING")
        yield made


@pytest.fixture
def people(owned: Database) -> Iterator[Database]:
    """The copy, in use: other tests of this file turn to another county in between."""
    with owned.active():
        yield owned


@pytest.mark.parametrize("asker", EVERYBODY, ids=name)
@pytest.mark.parametrize("privileged", [True, False])
def test_personal_data_is_a_privilege(people: Database, asker: Identity, privileged: bool):
    asker = Identity(asker.account, asker.role, asker.place, asker.department, person=privileged)
    sql = "SELECT building_id FROM gis.building_person"
    if asker.role in {Role.FIRE, Role.DEPARTMENT, Role.AUDITOR}:
        with pytest.raises(DBAPIError, match="permission denied"), transaction(asker, read_only=True) as connection:
            connection.execute(text(sql))
        return
    with transaction(asker, read_only=True) as connection:
        seen = set(connection.execute(text(sql)).scalars())
    bare = Identity(asker.account, asker.role, asker.place, asker.department)
    assert seen == (Witness(people, bare).houses() if privileged else set())


@pytest.mark.parametrize("table", ["import", "reject", "change", "migration"])
def test_records_are_for_few(county: Database, table: str):
    for asker in (TOWN, VILLAGE, FIRE):
        with pytest.raises(DBAPIError, match="permission denied"), transaction(asker) as connection:
            connection.execute(text(f"SELECT count(*) FROM gis.{table}"))


_WRITES = {
    "a run in another's name": "INSERT INTO gis.run (kind, parameters, data_version, code_version, account) "
    "VALUES ('selection', '{}', 0, '0', 'anna')",
    "a run of another place": "INSERT INTO gis.run (kind, parameters, data_version, code_version, place) "
    "VALUES ('selection', '{}', 0, '0', '451224201')",
    "a density run": "INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('density', '{}', 0, '0')",
    "a row in the county's run": "INSERT INTO gis.selection SELECT (SELECT min(run_id) FROM gis.run WHERE "
    "kind = 'selection'), building_id, 1, '[{}]' FROM gis.building LIMIT 1",
    "a house": "UPDATE gis.building SET name = 'x'",
    "a house's removal": "DELETE FROM gis.building",
    "an area": "INSERT INTO gis.drawn_area (name, geom) SELECT 'x', geom FROM gis.drawn_area LIMIT 1",
    "an area's removal": "DELETE FROM gis.drawn_area",
    "policies off": "ALTER TABLE gis.building DISABLE ROW LEVEL SECURITY",
    "another's role": "SET LOCAL ROLE gis_owner",
}


@pytest.mark.parametrize("what", _WRITES)
def test_a_township_cannot_write(county: Database, what: str):
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security|must be owner"), transaction(TOWN) as c:
        c.execute(text(_WRITES[what]))


def test_a_township_selects_its_own_houses_and_no_others(county: Database):
    start = (
        "INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('selection', '{}', 0, '0') "
        "RETURNING run_id, account, role, place"
    )
    put = "INSERT INTO gis.selection VALUES (:run, :house, 1, '[{}]')"
    mine = county.one("SELECT min(building_id) FROM gis.building WHERE township_code = %s", TOWN.place, role="postgres")
    other = county.one(
        "SELECT min(building_id) FROM gis.building WHERE township_code <> %s", TOWN.place, role="postgres"
    )
    with transaction(TOWN) as connection:
        run, *made_by = connection.execute(text(start)).one()
        assert made_by == ["town", "gis_township", TOWN.place]
        connection.execute(text(put), {"run": run, "house": mine})
        with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
            connection.execute(text(put), {"run": run, "house": other})
        connection.execute(text("UPDATE gis.run SET finished_at = now() WHERE run_id = :run"), {"run": run})
        with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
            connection.execute(text(put), {"run": run, "house": mine + "x"})
    count = "SELECT count(*) FROM gis.selection WHERE run_id = :run"
    runs = "SELECT count(*) FROM gis.run WHERE run_id = :run"
    for asker, seen in ((TOWN, 1), (PLANNER, 1), (FIRE, 1), (VILLAGE, 0), (BOUND[1], 0), (BOUND[3], 0)):
        with transaction(asker, read_only=True) as connection:
            assert connection.execute(text(count), {"run": run}).scalar_one() == seen, asker
            assert connection.execute(text(runs), {"run": run}).scalar_one() == seen, asker
    county.ask("DELETE FROM gis.run WHERE run_id = %s", run)
