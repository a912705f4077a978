"""The gates that close by themselves: a table without a policy, a function that lends its rights, a role above them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_service.db.engine import transaction, work_srid
from tests.access.witness import TOWN
from tests.conftest import Database

_TABLES = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'gis' AND c.relkind IN ('r', 'p') AND (
    NOT c.relrowsecurity OR NOT c.relforcerowsecurity
    OR NOT EXISTS (SELECT FROM pg_policies AS p WHERE p.schemaname = 'gis' AND p.tablename = c.relname
                   AND 'gis_owner' = ANY (p.roles) AND p.cmd = 'ALL' AND p.qual = 'true' AND p.with_check = 'true')
    OR NOT EXISTS (SELECT FROM pg_policies AS p WHERE p.schemaname = 'gis' AND p.tablename = c.relname
                   AND p.roles <> '{gis_owner}')
    -- Asked through functions of one question each, and granted to nobody (tests/accounts/test_people.py).
    -- ``analysed``: what a run saw, the owner's alone.
    AND c.relname NOT IN ('session', 'token', 'sign_in_attempt', 'known_browser', 'analysed'))
"""
# A view reads with its owner's rights, past the policies of whoever asks, unless it says otherwise.
_VIEWS = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'gis' AND (c.relkind = 'm' OR c.relkind = 'v'
                             AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false))
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'gis' AND p.prosecdef
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search\\_path=%')
"""
_ROLES = """
SELECT r.rolname FROM pg_roles AS r WHERE r.rolname LIKE 'gis\\_%' AND (
    r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
    OR r.rolname <> 'gis_owner' AND (
        pg_has_role(r.oid, 'gis_owner', 'MEMBER')
        OR EXISTS (SELECT FROM pg_class AS c WHERE c.relowner = r.oid)
        -- Nobody can be the keeper; its functions keep houses in step with the judgements, and cases with their events.
        OR EXISTS (SELECT FROM pg_proc AS p WHERE p.proowner = r.oid
                   AND NOT (r.rolname = 'gis_keeper' AND p.proname IN ('keep_judgements', 'keep_case', 'open_cases',
                                                                           'place_visit', 'follow_visit', 'apply_decision', 'keep_signature', 'count_cleared', 'move_cleared')))))
"""
_PUBLIC = "SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'gis' AND 'public' = ANY (roles)"


def _faults(database: Database, sql: str) -> list[tuple[Any, ...]]:
    return database.ask(sql, role="postgres")


def test_every_table_is_under_forced_policies(database: Database):
    assert _faults(database, _TABLES) == []
    database.ask("CREATE TABLE gis.forgotten (n int)")
    assert _faults(database, _TABLES) == [("forgotten",)]
    database.ask("ALTER TABLE gis.forgotten ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    assert _faults(database, _TABLES) == [("forgotten",)], "without a policy it is as good as lost"
    database.ask("CREATE POLICY owner ON gis.forgotten TO gis_owner USING (true) WITH CHECK (true)")
    database.ask("CREATE POLICY all_ ON gis.forgotten FOR SELECT TO gis_planner USING (true)")
    assert _faults(database, _TABLES) == []
    assert _faults(database, _PUBLIC) == []


def test_no_view_and_no_function_lends_its_owners_rights(database: Database):
    assert _faults(database, _VIEWS) == []
    assert _faults(database, _FUNCTIONS) == []
    database.ask("CREATE VIEW gis.leak AS SELECT * FROM gis.building")
    database.ask("CREATE FUNCTION gis.lend() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    assert (_faults(database, _VIEWS), _faults(database, _FUNCTIONS)) == ([("leak",)], [("gis.lend()",)])


def test_no_role_stands_above_the_policies(database: Database):
    assert _faults(database, _ROLES) == []
    known = {r for (r,) in database.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE 'gis\\_%%'")}
    assert len(known) >= 9


def test_the_spatial_index_stays_in_use_under_policies(database: Database):
    marked = "SELECT bool_and(proleakproof) FROM pg_proc WHERE proname = 'geometry_overlaps'"
    assert database.one(marked, role="postgres")
    assert "slow" not in database.cli("db", "status").out
    # An upgrade of PostGIS makes the function anew.
    database.ask("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF", role="postgres")
    assert "slow" in database.cli("db", "status").out
    assert database.cli("db", "migrate").code == 0
    assert database.one(marked, role="postgres")


def test_an_account_that_is_no_superuser(database: Database, tmp_path: Path):
    """What a county's own server may give: nothing fails, the mark stays away, a backup leaves nothing out."""
    database.ask("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF", role="postgres")
    database.ask(
        "INSERT INTO gis.building (building_id, geom) VALUES ('b', ST_Multi(ST_MakeEnvelope(436000, 0, 436001, 1, 4545)))"
    )
    given = database.url("gis_owner")
    answer = database.cli("db", "migrate", DATABASE_URL=given)
    assert answer.code == 0, answer.err
    assert "slow" in database.cli("db", "status", DATABASE_URL=given).out
    answer = database.cli("db", "backup", tmp_path / "a.dump", DATABASE_URL=given)
    assert answer.code == 0, answer.err
    before = database.counts()
    database.ask("DELETE FROM gis.building")
    assert database.cli("db", "restore", tmp_path / "a.dump", "--yes").code == 0
    # The restore itself is written into the trail.
    after = before | {"audit_trail": before["audit_trail"] + 1}
    assert database.counts() | {"version": 0} == after | {"version": 0}


def test_the_service_by_a_weaker_address(database: Database):
    """The serving process can hold an address that is not the owner's."""
    addresses = {"DATABASE_URL": database.url("postgres"), "GIS_SERVICE_DATABASE_URL": database.url("gis_service")}
    with database.active(**addresses):
        assert work_srid() == 4545
        with transaction(TOWN, read_only=True) as connection:
            assert connection.execute(text("SELECT session_user, current_user")).one() == (
                "gis_service",
                "gis_township",
            )
        with pytest.raises(DBAPIError, match="permission denied"), transaction(TOWN) as connection:
            connection.execute(text("SET LOCAL ROLE gis_owner"))
