"""Small questions without a thread: psycopg2's own asynchronous connections, awaited by the event loop.

A thread costs a small question as much as the database does. Such a connection sends no BEGIN of its own: what goes in one
message is one transaction, and it ends with the message. Statements are prepared, once a connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ

_CONNECTIONS_MAX = 10
_VALUE = re.compile(r"%\((\w+)\)s")


@dataclass
class _Link:
    connection: Any
    prepared: set[str] = field(default_factory=set)


class Reader:
    """Connections to one database; each answers one question at a time, and rests until the next."""

    def __init__(self, dsn: str, **settings: Any) -> None:
        self._dsn = dsn
        self._settings = settings
        self._resting: list[_Link] = []
        # Those who wait are woken by their own event loop.
        self._places: weakref.WeakKeyDictionary[Any, asyncio.Semaphore] = weakref.WeakKeyDictionary()

    async def rows(self, name: str, sql: str, values: Mapping[str, object], before: str = "") -> list[tuple[Any, ...]]:
        """Run ``before`` and then ``sql``, both with values as ``%(name)s``, and return the rows of ``sql``.

        Where the server lets go of a connection both are run again, on another. ``sql`` is prepared under ``name``; what
        it may see is decided anew with every run.

        Raises
        ------
        psycopg2.Error
            The server refused or did not answer.

        """
        places = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_CONNECTIONS_MAX))
        async with places:
            while self._resting:
                link = self._resting.pop()  # the one that rested least has the tables' descriptions at hand
                with contextlib.suppress(_LostError):
                    return await self._ask(link, name, sql, values, before)
            link = _Link(psycopg2.connect(self._dsn, async_=True, **self._settings))
            await done(link.connection)
            return await self._ask(link, name, sql, values, before)

    async def _ask(
        self, link: _Link, name: str, sql: str, values: Mapping[str, object], before: str
    ) -> list[tuple[Any, ...]]:
        prepare, execute = _prepared(name, sql)
        connection, whole = link.connection, name in link.prepared
        try:
            cursor = connection.cursor()
            cursor.execute(f"{before}{execute}" if whole else f"{before}{prepare};{execute}", values)
            await done(connection)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            link.prepared.add(name)
            whole = True
        except psycopg2.Error as error:
            if connection.closed:
                raise _LostError(*error.args) from error
            raise
        except BaseException:
            whole = False  # given up half-way: its answer would be taken for that to the next question
            raise
        finally:
            if whole and not connection.closed:
                self._resting.append(link)
            else:
                connection.close()
        return found

    def close(self) -> None:
        """Close what rests."""
        while self._resting:
            self._resting.pop().connection.close()


class _LostError(psycopg2.OperationalError):
    """The server let go of the connection."""


@lru_cache(maxsize=256)
def _prepared(name: str, sql: str) -> tuple[str, str]:
    """Return what prepares ``sql`` and what runs it."""
    names = list(dict.fromkeys(_VALUE.findall(sql)))
    numbered = _VALUE.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    given = f"({', '.join(f'%({n})s' for n in names)})" if names else ""
    return f'PREPARE "{name}" AS {numbered}', f'EXECUTE "{name}"{given}'


async def done(connection: Any) -> None:
    """Wait until the connection has done what it was asked."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    while (state := connection.poll()) != POLL_OK:
        watch, forget = (
            (loop.add_reader, loop.remove_reader) if state == POLL_READ else (loop.add_writer, loop.remove_writer)
        )
        socket = connection.fileno()
        ready.clear()
        watch(socket, ready.set)
        try:
            await ready.wait()
        finally:
            forget(socket)
