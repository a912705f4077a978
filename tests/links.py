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
    connection = _resting.pop(url, None)
    if connection is None or _is_over(connection):
        connection = psycopg2.connect(url)
    try:
        with connection:
            yield connection
    finally:
        if connection.closed or url in _resting:  # lost, or another thread's has come back before
            connection.close()
        else:
            _resting[url] = connection


def _is_over(connection: Any) -> bool:
    """Whether the server let go of a connection: one that rests has nothing to read but that."""
    unread = select.poll()
    unread.register(connection, select.POLLIN)
    return bool(unread.poll(0))


def close(database: str) -> None:
    """Close what rests in a database, which is then free to be copied or dropped."""
    for url, connection in list(_resting.items()):
        if connection.info.dbname == database:
            del _resting[url]
            connection.close()
