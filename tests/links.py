"""Connections of the tests' own, kept open between questions: a new one costs more than most questions do."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator
from typing import Any

import psycopg2

_resting: dict[str, Any] = {}


@contextlib.contextmanager
def transaction(url: str) -> Iterator[Any]:
    """Yield a connection in a transaction of its own: committed at the end of the block, undone by an error."""
    with _taken(url) as connection, connection:
        yield connection


def administer(url: str, statement: str, *values: str) -> int:
    """Run a statement that stands in no transaction; return how many rows it found."""
    with _taken(url) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return int(cursor.rowcount)


def version(url: str) -> int:
    """Return the number of the server's version."""
    with _taken(url) as connection:
        return int(connection.server_version)


def close(database: str) -> None:
    """Close what rests in a database, which is then free to be copied or dropped."""
    for url, connection in list(_resting.items()):
        if connection.info.dbname == database:
            del _resting[url]
            connection.close()


@contextlib.contextmanager
def _taken(url: str) -> Iterator[Any]:
    connection = _resting.pop(url, None)
    if connection is None or _is_over(connection):
        connection = psycopg2.connect(url)
    try:
        yield connection
    finally:
        if connection.closed or url in _resting:  # lost, or another thread's has come back before
            connection.close()
        else:
            _forget_settings(connection)
            _resting[url] = connection


def _is_over(connection: Any) -> bool:
    """Whether the server let go of a connection: one that rests has nothing to read but that."""
    unread = select.poll()
    unread.register(connection, select.POLLIN)
    return bool(unread.poll(0))


def _forget_settings(connection: Any) -> None:
    """Make a connection like a new one: who asks next has not the role or the settings of who asked before."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    connection.autocommit = False
