"""Migrations: once each, guarded by their checksums, all or nothing; grants whenever they change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gis_service.db import migrate as module
from gis_service.db.migrate import migrate, pending
from gis_service.errors import SetupError
from tests import databases
from tests.conftest import Database

NAMES = [file.name for file in sorted((module.SQL / "migrations").glob("*.sql"))]


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``sql/`` that a test may change."""
    copy = tmp_path / "sql"
    shutil.copytree(module.SQL, copy)
    monkeypatch.setattr(module, "SQL", copy)
    return copy


def test_each_is_recorded_once(database: Database):
    recorded = database.ask("SELECT name, sha256 FROM gis.migration ORDER BY name")
    assert [name for name, _ in recorded] == sorted([*NAMES, "comments.sql", "grants.sql"])
    assert all(len(digest) == 64 for _, digest in recorded)
    assert migrate() == []
    assert pending() == []


def test_a_new_one_is_applied_and_grants_with_it(database: Database, sql: Path):
    (sql / "migrations" / "9001_more.sql").write_text("CREATE TABLE gis.more (n int); -- 100 % plain")
    assert pending() == ["9001_more.sql"]
    assert migrate() == ["9001_more.sql", "comments.sql", "grants.sql"]
    assert database.one("SELECT count(*) FROM gis.more", role="postgres") == 0
    assert migrate() == []


def test_a_changed_one_is_refused(database: Database, sql: Path):
    changed = sql / "migrations" / NAMES[1]
    changed.write_text(changed.read_text() + "\n-- one more line\n")
    (sql / "migrations" / "9001_more.sql").write_text("CREATE TABLE gis.more (n int);")
    with pytest.raises(SetupError) as refused:
        migrate()
    assert NAMES[1] in refused.value.zh
    assert NAMES[1] in refused.value.en
    assert database.one("SELECT to_regclass('gis.more')") is None


@pytest.mark.parametrize("bad", ["SELECT 1/0;", "CREATE TABLE gis.building (n int);", "NOT EVEN SQL;"])
def test_a_failing_one_leaves_nothing(database: Database, sql: Path, bad: str):
    (sql / "migrations" / "9001_bad.sql").write_text(f"CREATE TABLE gis.half (n int);\n{bad}")
    with pytest.raises(SetupError) as refused:
        migrate()
    assert "9001_bad.sql" in refused.value.en
    assert database.one("SELECT to_regclass('gis.half')") is None
    assert database.ask("SELECT 1 FROM gis.migration WHERE name = '9001_bad.sql'") == []
    (sql / "migrations" / "9001_bad.sql").write_text("CREATE TABLE gis.half (n int);")
    assert migrate() == ["9001_bad.sql", "comments.sql", "grants.sql"], "the mended one goes through"


def test_a_failing_one_keeps_those_before_it(database: Database, sql: Path):
    (sql / "migrations" / "9001_good.sql").write_text("CREATE TABLE gis.good (n int);")
    (sql / "migrations" / "9002_bad.sql").write_text("SELECT 1/0;")
    with pytest.raises(SetupError):
        migrate()
    assert database.one("SELECT to_regclass('gis.good')") is not None
    assert pending() == ["9002_bad.sql"]


def test_grants_are_applied_again_when_they_change(database: Database, sql: Path):
    database.ask("GRANT INSERT ON gis.building TO gis_service", role="postgres")
    assert migrate() == [], "nothing changed in the files"
    grants = sql / "grants.sql"
    grants.write_text(grants.read_text() + "\n-- reviewed\n")
    assert migrate() == ["grants.sql"]
    assert not database.one("SELECT has_table_privilege('gis_service', 'gis.building', 'INSERT')")


def test_the_work_srid_is_that_of_the_deployment(server, template):
    other = Database(server, "srid_32651", {"GIS_WORK_SRID": "32651"})
    assert other.cli("db", "migrate").code == 0
    try:
        assert other.one("SELECT work_srid FROM gis.deployment") == 32651
        assert other.one("SELECT Find_SRID('gis', 'building', 'geom')") == 32651
    finally:
        databases.drop(other.server, other.name)
