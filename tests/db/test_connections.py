"""Connections that lie in the pool, and what the private server has ready for new ones."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_service.db import engine
from gis_service.db.engine import transaction
from gis_service.identity import operator
from tests.conftest import Database


def _backend() -> int:
    with transaction(operator(), read_only=True) as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _cut(database: Database, backend: int) -> None:
    """End a connection from the server's side, and wait until it is gone."""
    assert database.one("SELECT pg_terminate_backend(%s, 5000)", backend, role="postgres")


def test_a_connection_that_lay_and_was_cut_is_replaced(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine, "_TRUSTED_S", -1.0)  # whatever was used lay for longer
    first = _backend()
    assert _backend() == first, "one that still leads to the server is used again"
    _cut(database, first)
    assert _backend() != first


def test_one_of_a_moment_ago_is_not_asked_and_is_replaced_after_its_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(engine, "_TRUSTED_S", 3_600.0)
    first = _backend()
    _cut(database, first)
    with pytest.raises(DBAPIError):
        _backend()
    assert _backend() != first


def test_postgis_is_there_before_it_is_asked_for(database: Database):
    assert database.one("SHOW shared_preload_libraries", role="postgres") == "postgis-3"
