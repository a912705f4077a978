"""SQL tested as SQL: one pgTAP file a migration, and plpgsql_check over every function."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gis_service.settings import ROOT
from tests.conftest import Database

FILES = sorted((ROOT / "sql" / "tests").glob("*.sql"))


def _extension(database: Database, name: str, package: str) -> None:
    if not database.one("SELECT count(*) FROM pg_available_extensions WHERE name = %s", name, role="postgres"):
        pytest.skip(f"the extension {name} is not installed (Debian: {package})")
    database.ask(f"CREATE SCHEMA tap; CREATE EXTENSION {name} SCHEMA tap", role="postgres")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_pgtap(database: Database, file: Path):
    _extension(database, "pgtap", "postgresql-15-pgtap")
    said = subprocess.run(
        [database.server.program("psql"), database.url("postgres"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", str(file)],
        env={"PGOPTIONS": "-c search_path=tap,gis,public -c client_min_messages=warning", "PGCLIENTENCODING": "UTF8"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    planned = int(re.fullmatch(r"1\.\.(\d+)", lines[0])[1])
    bad = [line for line in lines if line.startswith(("not ok", "#"))]
    assert not bad, "\n".join(bad)
    assert sum(line.startswith("ok ") for line in lines) == planned


def test_every_migration_has_its_pgtap_file():
    migrations = {file.stem for file in (ROOT / "sql" / "migrations").glob("*.sql")}
    assert migrations == {file.stem for file in FILES}, "each migration has a file of its name in sql/tests"


_CHECK = """
SELECT p.oid::regprocedure::text || ': ' || message
FROM pg_proc AS p
JOIN pg_language AS l ON l.oid = p.prolang
JOIN pg_namespace AS n ON n.oid = p.pronamespace,
LATERAL tap.plpgsql_check_function_tb(p.oid) AS found
WHERE l.lanname = 'plpgsql' AND n.nspname = 'gis' AND p.prorettype <> 'trigger'::regtype AND found.level = 'error'
"""


def test_no_function_has_a_static_error(database: Database):
    _extension(database, "plpgsql_check", "postgresql-15-plpgsql-check")
    assert database.ask(_CHECK, role="postgres") == []
    # The gate itself closes: a function that reads a column that is not there.
    database.ask(
        "CREATE FUNCTION gis.broken() RETURNS text LANGUAGE plpgsql AS "
        "$$BEGIN RETURN (SELECT no_such_column FROM gis.building LIMIT 1); END$$",
        role="postgres",
    )
    assert len(database.ask(_CHECK, role="postgres")) == 1
