"""The login for QGIS and psql: it reads the county and nothing of people, changes nothing, and can be nothing else."""

from __future__ import annotations

import psycopg2
import pytest

from tests.conftest import Database

_ROW = "ST_Multi(ST_MakeEnvelope(436000, 2712000, 436010, 2712010, 4545))"
# What a reader may read, written a second time: a new table is in neither list until somebody says so.
_READS = {
    "deployment", "admin_area", "key_zone", "building", "road", "hydrant", "water_area", "drawn_area", "run", "selection", "gap",
    "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak", "fire_site", "fire_plan",
    "fire_drill", "fire_patrol",
}  # fmt: skip


@pytest.fixture
def reader(database: Database) -> Database:
    database.ask(f"INSERT INTO gis.building (building_id, geom) VALUES ('b', {_ROW})")
    database.ask("INSERT INTO gis.building_person VALUES ('b', '户主', '0778', NULL)")
    return database


def test_the_address_is_that_of_the_reader(reader: Database):
    address = reader.cli("db", "url").out.strip()
    connection = psycopg2.connect(address)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, session_user, (SELECT count(*) FROM gis.building)")
        assert cursor.fetchone() == ("gis_reader", "gis_reader", 1)
    connection.close()


def test_it_reads_what_is_named_and_nothing_else(reader: Database):
    tables = {t for (t,) in reader.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'gis'")}
    held = {t for t in tables if reader.one("SELECT has_any_column_privilege('gis_reader', %s, 'SELECT')", f"gis.{t}")}
    assert held == _READS
    for table in _READS:
        reader.ask(f"SELECT * FROM gis.{table}", role="gis_reader")
    assert not reader.ask(
        "SELECT 1 FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace = 'gis'::regnamespace "
        "AND a.grantee = 'gis_reader'::regrole AND a.privilege_type <> 'SELECT'"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM gis.building_person", "SELECT * FROM gis.account", "SELECT * FROM gis.session",
        "SELECT * FROM gis.token", "SELECT * FROM gis.audit_trail", "SELECT * FROM gis.reject",
        "SELECT * FROM gis.change", "SELECT * FROM gis.known_browser", "SELECT * FROM gis.job",
        "UPDATE gis.building SET name = 'x'", "DELETE FROM gis.building", "CREATE TABLE gis.mine (n int)",
        "CREATE TABLE public.mine (n int)", "SELECT gis.credential('admin')", "SELECT gis.session_asker('x')",
        "SELECT gis.open_name('admin')", "SELECT gis.step_data()", "SELECT nextval('gis.data_version')",
        *(f"SET ROLE gis_{role}" for role in ("owner", "service", "administrator", "auditor", "planner")),
        "SET ROLE postgres",
    ],
)  # fmt: skip
def test_everything_else_is_refused(reader: Database, sql: str):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.ask(sql, role="gis_reader")


def test_what_it_says_of_itself_opens_nothing(reader: Database):
    """The settings by which the service tells who asks are anybody's to set: no policy of the reader's heeds them."""
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.ask("SET gis.person = 'on'; SET gis.account = 'admin'; SELECT * FROM gis.building_person",
                   role="gis_reader")  # fmt: skip


@pytest.mark.parametrize("role", ["reader", "owner", "service"])
def test_no_password_is_printed(reader: Database, role: str):
    given = "postgresql://somebody:hush@db.example:5433/county?sslmode=require"
    said = reader.cli("db", "url", "--role", role, DATABASE_URL=given)
    assert said.code == 0
    assert "hush" not in said.out + said.err
    assert "db.example:5433/county" in said.out
    if role == "reader":
        assert "gis_reader@" in said.out
