"""The real catalogue: models, geometry columns, indexes, what the service role may do."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import psycopg2
import pytest
from geoalchemy2 import Geometry
from sqlalchemy import ARRAY

from gis_service.db.engine import admin_connection, forget_connections, get_engine, work_srid
from gis_service.db.models import Base
from gis_service.db.places import PLACES
from gis_service.db.server import Server
from gis_service.ingest.fields import KINDS
from gis_service.settings import Settings
from tests import links
from tests.conftest import Database, cloned

TABLES = {table.name: table for table in Base.metadata.sorted_tables}


@pytest.fixture(scope="module")
def database(server: Server, template: str) -> Iterator[Database]:
    """One empty, migrated database for all tests of this file: they look, and what they try is refused."""
    with cloned(server, template) as made:
        before = made.counts()
        yield made
        assert made.counts() == before


@pytest.mark.parametrize("name", sorted(TABLES))
def test_models_are_the_tables(database: Database, name: str):
    real = {
        column: (nullable == "YES", type_)
        for column, nullable, type_ in database.ask(
            "SELECT a.attname, CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END, format_type(a.atttypid, a.atttypmod) "
            "FROM pg_attribute AS a WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped",
            f"gis.{name}",
        )
    }
    model = {column.name: (bool(column.nullable), _type(column.type)) for column in TABLES[name].columns}
    assert model == real
    keys = {
        k
        for (k,) in database.ask(
            "SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid "
            "AND a.attnum = ANY (i.indkey) WHERE i.indrelid = %s::regclass AND i.indisprimary",
            f"gis.{name}",
        )
    }
    assert {column.name for column in TABLES[name].primary_key} == keys


def _type(declared: object) -> str:
    if isinstance(declared, Geometry):
        kinds = {"MULTIPOLYGON": "MultiPolygon", "MULTILINESTRING": "MultiLineString", "POINT": "Point",
                 "GEOMETRY": "Geometry"}  # fmt: skip
        return f"geometry({kinds[str(declared.geometry_type)]},{work_srid()})"
    if isinstance(declared, ARRAY):
        return f"{_type(declared.item_type)}[]"
    names = {"TEXT": "text", "BIGINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint", "BOOLEAN": "boolean", "DATE": "date",
             "FLOAT": "double precision", "DOUBLE": "double precision", "JSONB": "jsonb", "TIMESTAMP": "timestamp with time zone"}  # fmt: skip
    return names[str(declared).split()[0].upper()]


def test_the_tables_of_the_contract_are_there(database: Database):
    tables = {t for (t,) in database.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'gis'")}
    contract = {"admin_area", "key_zone", "building", "road", "hydrant", "run", "selection"}
    assert contract <= set(TABLES) <= tables


def test_an_import_is_of_a_kind_that_there_is(database: Database):
    """Every kind of file can be recorded, and nothing else; the ledger's place is kept for it."""
    check = database.one(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'gis.import'::regclass AND contype = 'c' "
        "AND conname = 'import_kind_check'"
    )
    assert set(re.findall(r"'(\w+)'", check)) == {*KINDS, "ledger"}, "a migration must allow the kind in gis.import"


def test_every_kind_of_file_fills_a_published_table():
    assert {kind.table for kind in KINDS.values()} <= set(PLACES)


def test_every_geometry_has_the_work_srid_and_an_index(database: Database):
    columns = database.ask(
        "SELECT f_table_name, f_geometry_column, srid, type FROM geometry_columns WHERE f_table_schema = 'gis'"
    )
    assert len(columns) >= 6
    for table, column, srid, kind in columns:
        assert srid == 4545, (table, column)
        assert kind != "GEOMETRY" or table == "key_zone", (table, kind)
        indexed = database.ask(
            "SELECT 1 FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am ON pg_am.oid = c.relam "
            "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
            "WHERE i.indrelid = %s::regclass AND a.attname = %s AND pg_am.amname = 'gist'",
            f"gis.{table}",
            column,
        )
        assert indexed, f"gis.{table}.{column} has no GiST index"


def test_no_column_of_degrees_slips_in(database: Database):
    with pytest.raises(psycopg2.errors.InvalidParameterValue):
        database.ask(
            "INSERT INTO gis.hydrant (hydrant_id, geom) VALUES ('h', ST_SetSRID(ST_MakePoint(107.3, 24.5), 4490))"
        )


_ASKERS = ("administrator", "planner", "fire", "department", "township", "village", "auditor")
_SELECTS = {"administrator", "planner", "fire", "department", "township"}
_DRAWS = {"administrator", "planner", "fire"}
_PLANS = {"administrator", "planner"}
_ALLOWED = {
    "run": {"INSERT": _SELECTS, "UPDATE": _SELECTS},
    "selection": {"INSERT": _SELECTS},
    "drawn_area": {"INSERT": _DRAWS, "UPDATE": _DRAWS, "DELETE": _DRAWS},
    **{table: {"INSERT": _DRAWS} for table in ("fire_site", "fire_plan", "fire_drill", "fire_patrol")},
    "plan": {"INSERT": _PLANS, "UPDATE": _PLANS, "DELETE": _PLANS},
    **{table: {"INSERT": _PLANS, "UPDATE": _PLANS} for table in ("plan_version", "plan_edit")},
    **{
        table: {"INSERT": _PLANS, "UPDATE": _PLANS, "DELETE": _PLANS}
        for table in ("plan_team", "plan_stop", "plan_day", "plan_unplanned")
    },
    "judgement": {"INSERT": {"administrator", "planner", "township"}},
    "judgement_confirmation": {"INSERT": {"township"}},
    "institution": {"INSERT": {"administrator", "planner", "township"}},
    "round": {"INSERT": {"administrator", "planner"}, "UPDATE": {"administrator", "planner"}},
    **{table: {"INSERT": {"administrator", "planner"}} for table in ("round_deadline", "code")},
    "case_event": {"INSERT": set(_ASKERS) - {"village", "auditor"}},
    **{table: {"INSERT": set(_ASKERS) - {"auditor"}} for table in ("attachment", "visit")},
    "proposal_decision": {"INSERT": {"administrator", "township"}},
    **{table: {"INSERT": {"administrator", "planner"}} for table in ("enforcement", "enforcement_house")},
    "enforcement_finding": {"INSERT": set(_ASKERS) - {"village", "auditor"}},
    "duty": {"INSERT": {"administrator", "planner", "township"}},
    "patrol_rule": {"UPDATE": {"administrator"}},
    **{table: {"INSERT": {"administrator", "department", "township"}} for table in ("house_notice", "house_service")},
    **{table: {"INSERT": {"administrator", "planner"}} for table in ("paper_template", "letter", "letter_done")},
    **{table: {"INSERT": {"administrator", "planner", "township"}} for table in ("plate", "plate_withdrawal")},
    "plate_setting": {"INSERT": {"administrator", "planner"}},
    "signer": {"INSERT": {"administrator", "planner"}},
    **{
        table: {"INSERT": {"administrator", "planner", "township", "village"}}
        for table in ("signed_content", "signature", "signature_page")
    },
    **{table: {"INSERT": {"administrator", "planner"}} for table in ("snapshot", "snapshot_house")},
    "work_step": {"INSERT": {"administrator", "planner", "township"}},
    "assessment_item": {"UPDATE": {"administrator", "planner"}},
    "case_rule": {"INSERT": {"administrator"}, "UPDATE": {"administrator"}},
    "control_rule": {right: {"administrator"} for right in ("INSERT", "UPDATE", "DELETE")},
    "account": {"INSERT": {"administrator"}, "UPDATE": {"administrator"}},
    "job": {"INSERT": set(_ASKERS), "UPDATE": set(_ASKERS)},
}


def test_the_roles_may_only_what_they_must(database: Database):
    roles = ("gis_service", *(f"gis_{asker}" for asker in _ASKERS))
    owned = "SELECT count(*) FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner WHERE r.rolname = %s"
    for role in roles:
        assert database.one(owned, role) == 0, role
        assert database.ask("SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolinherit AND rolcanlogin "
                            "FROM pg_roles WHERE rolname = %s", role) == [(False,) * 5], role  # fmt: skip
        assert not database.one("SELECT pg_has_role(%s, 'gis_owner', 'MEMBER')", role), role
        for schema in ("gis", "public"):
            assert not database.one("SELECT has_schema_privilege(%s, %s, 'CREATE')", role, schema)
    held = database.ask(
        "SELECT tablename, role, array(SELECT r FROM unnest(ARRAY['INSERT', 'UPDATE', 'REFERENCES']) AS r "
        "WHERE has_any_column_privilege(role, format('gis.%%I', tablename), r) UNION ALL "
        "SELECT r FROM unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS r "
        "WHERE has_table_privilege(role, format('gis.%%I', tablename), r)) "
        "FROM pg_tables, unnest(%s) AS role WHERE schemaname = 'gis'",
        list(roles),
    )
    assert len(held) == len(roles) * database.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'gis'") > 0
    for table, role, rights in held:
        allowed = {right for right, whose in _ALLOWED.get(table, {}).items() if role.removeprefix("gis_") in whose}
        assert set(rights) == allowed, (
            f"{role} on gis.{table}: what may be written is said in _ALLOWED, and read nothing else"
        )


def test_the_service_alone_reads_nothing_of_the_county(database: Database):
    for (table,) in database.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'gis'"):
        if table != "deployment":
            assert not database.one("SELECT has_any_column_privilege('gis_service', %s, 'SELECT')", f"gis.{table}"), (
                table
            )
    assert database.one("SELECT work_srid FROM gis.deployment", role="gis_service") == 4545


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM gis.building_person",
        "SELECT identity_number FROM gis.building_person",
        "UPDATE gis.building SET name = 'x'",
        "UPDATE gis.building SET hazard_tier = 'none_found'",
        "UPDATE gis.judgement SET tier = 'none_found'",
        "DELETE FROM gis.judgement",
        "SET ROLE gis_keeper",
        "DELETE FROM gis.building",
        "INSERT INTO gis.key_zone (zone_id, kind, geom) VALUES ('z', 'school', ST_SetSRID(ST_MakePoint(0,0), 4545))",
        "UPDATE gis.run SET parameters = '{}'",
        "DELETE FROM gis.run",
        "UPDATE gis.selection SET score = 100",
        "DELETE FROM gis.selection",
        "UPDATE gis.drawn_area SET created_at = now()",
        "TRUNCATE gis.drawn_area",
        "INSERT INTO gis.migration VALUES ('x', 'y')",
        "SELECT setval('gis.data_version', 1)",
        "CREATE TABLE gis.mine (n int)",
        "CREATE TABLE public.mine (n int)",
        "SET ROLE gis_owner",
        "ALTER TABLE gis.building ADD COLUMN x int",
    ],
)
@pytest.mark.parametrize("role", ["service", *_ASKERS])
def test_the_service_is_refused(database: Database, sql: str, role: str):
    if (
        sql.startswith("SELECT")
        and "building_person" in sql
        and role in {"administrator", "planner", "township", "village"}
    ):
        assert database.ask(f"SET LOCAL ROLE gis_{role}; {sql}", role="gis_service") == []
        return
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.ask(f"SET LOCAL ROLE gis_{role}; {sql}", role="gis_service")


def test_the_service_works_through_a_given_address(database: Database):
    """With DATABASE_URL the account takes the role; it must not keep its own rights."""
    with database.active(DATABASE_URL=database.url("postgres")):
        for role in ("owner", "service"):
            with get_engine(role).connect() as connection:
                assert connection.exec_driver_sql("SELECT current_user").scalar_one() == f"gis_{role}"
    answer = database.process("db", "status", DATABASE_URL=database.url("postgres"))
    assert (answer.code, "DATABASE_URL" in answer.out) == (0, True)
    assert database.process("db", "stop", DATABASE_URL=database.url("postgres")).code == 1


def test_a_wrong_address_is_one_sentence_without_the_password(database: Database):
    wrong = "postgresql://somebody:hush@127.0.0.1:9/none"
    answer = database.process("runs", DATABASE_URL=wrong)
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "hush" not in answer.err + answer.out


def test_forgotten_connections_are_closed(database: Database):
    with get_engine("owner").connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    with get_engine("service").connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    forget_connections()
    links.close(database.name)
    with admin_connection("postgres") as connection, connection.cursor() as cursor:
        # The server's own workers come and go, and a backend ends a moment after its client has left.
        for _ in range(200):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                (database.name,),
            )
            ((open_still,),) = cursor.fetchall()
            if open_still == 0:
                return
            time.sleep(0.05)
    pytest.fail(f"{open_still} connections are open still")


def test_the_service_cannot_run_for_ever(database: Database):
    most_s = Settings.model_fields["statement_timeout_s"].default
    with database.active(GIS_STATEMENT_TIMEOUT_S=str(most_s)), get_engine("service").connect() as connection:
        shown = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert shown == {
        "statement_timeout": "8s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "1min",
    }
