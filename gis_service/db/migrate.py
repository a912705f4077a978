"""Bring the database's schema up to the files in ``sql/``: each migration once, grants and comments when they change."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from gis_service.db.engine import admin_connection, forget_connections
from gis_service.db.locks import Lock
from gis_service.db.queries import query, statement
from gis_service.errors import SetupError
from gis_service.settings import ROOT, get_settings

SQL = ROOT / "sql"
_EVERY_TIME = ("comments.sql", "grants.sql")
"""Written so that they may be applied again: after every migration, and when they change; all rights come last."""


def migrate() -> list[str]:
    """Apply what is missing and return the names of the files applied.

    Each file runs in a transaction of its own together with its record, so a failed one leaves nothing.

    Raises
    ------
    SetupError
        A migration that was applied has been changed since, or one fails.

    """
    applied: list[str] = []
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (int(Lock.MIGRATE),))
        cursor.execute("SELECT to_regclass('gis.migration') IS NOT NULL")
        known: dict[str, str] = {}
        if cursor.fetchone()[0]:
            cursor.execute("SELECT name, sha256 FROM gis.migration")
            known = dict(cursor.fetchall())
        for file in sorted((SQL / "migrations").glob("*.sql")):
            digest = _digest(file)
            if known.get(file.name, digest) != digest:
                raise SetupError(
                    f"迁移文件 {file.name} 在执行之后被修改；请恢复原文件，把改动写进新的编号文件。",
                    f"The migration {file.name} was changed after it had been applied; restore it and write the "
                    "change as a new numbered file.",
                )
            if file.name not in known:
                _apply(cursor, file, digest)
                applied.append(file.name)
        for file in (SQL / name for name in _EVERY_TIME):
            if applied or known.get(file.name) != _digest(file):
                _apply(cursor, file, _digest(file))
                applied.append(file.name)
        _mark_overlap(cursor)
    if applied:
        forget_connections()
    return applied


def _mark_overlap(cursor: Any) -> None:
    """Let row-level security use the spatial index: mark the function behind ``&&`` as leakproof.

    The planner asks nobody's condition of a row before its policy has passed it, unless the condition is known to
    tell nothing: else a condition with an error text could spy on rows that one must not see. ``&&`` compares two
    boxes and says nothing besides yes or no. Only a superuser may mark it, and an upgrade of PostGIS forgets the mark,
    so it is looked at on every start. Without it everything works, slower; ``gis-service db status`` says so.
    """
    if not _is_superuser(cursor):
        return
    cursor.execute(statement("access.unmarked"))
    for (signature,) in cursor.fetchall():
        cursor.execute(query("access.mark").format(function=sql.SQL(signature)))


def _is_superuser(cursor: Any) -> bool:
    cursor.execute(statement("access.superuser"))
    return bool(cursor.fetchone()[0])


def admin_is_superuser() -> bool:
    """Tell whether the account that migrates is bound by no policy."""
    with admin_connection() as connection, connection.cursor() as cursor:
        return _is_superuser(cursor)


def overlap_is_marked() -> bool:
    """Tell whether policies leave the spatial index in use."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute(statement("access.unmarked"))
        return not cursor.fetchall()


def pending() -> list[str]:
    """Return the names of the migrations that are not applied."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('gis.migration') IS NOT NULL")
        known: set[str] = set()
        if cursor.fetchone()[0]:
            cursor.execute("SELECT name FROM gis.migration")
            known = {row[0] for row in cursor.fetchall()}
    return [file.name for file in sorted((SQL / "migrations").glob("*.sql")) if file.name not in known]


def create_database() -> bool:
    """Make the deployment's database in the private server; return False when it exists."""
    name = get_settings().database
    with admin_connection("postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        if cursor.fetchone():
            return False
        try:
            cursor.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
        except (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
            return False  # another process made it in this moment
        return True


@contextlib.contextmanager
def set_up_alone() -> Iterator[None]:
    """Let one process at a time fill a new database: others wait, and then find it filled."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (int(Lock.SET_UP),))
        yield


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _apply(cursor: Any, file: Path, digest: str) -> None:
    script = file.read_text().replace("{{work_srid}}", str(get_settings().work_srid))
    try:
        cursor.execute("BEGIN")
        # A comment in the script may hold a percent sign; without parameters nothing is interpolated.
        cursor.execute(script)
        cursor.execute(
            "INSERT INTO gis.migration (name, sha256) VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = now()",
            (file.name, digest),
        )
        cursor.execute("COMMIT")
    except psycopg2.Error as error:
        cursor.execute("ROLLBACK")
        said = (error.diag.message_primary or type(error).__name__) if error.diag else type(error).__name__
        raise SetupError(
            f"迁移 {file.name} 失败：{said}。数据库未改动。",
            f"The migration {file.name} failed: {said}. Nothing was changed.",
        ) from error
