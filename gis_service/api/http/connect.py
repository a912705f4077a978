"""The database for one request, in the principal's name: read-only for reading, a short transaction for writing.

Who has a connection still needs a thread to go on. If threads waited for connections, as many as there are threads would
keep them from those that have one, and everybody would wait for everybody. So a request waits for its turn before it
takes a thread, and there are fewer turns than connections.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy import Connection

from gis_service.api.http.authorisation import CurrentUser
from gis_service.db.engine import CONNECTIONS_MOST, get_engine, transaction

# The others are for what asks the database in the course of its work: kept pages, the audit trail, jobs.
_TURNS = CONNECTIONS_MOST * 3 // 5
_turns: weakref.WeakKeyDictionary[Any, asyncio.Semaphore] = weakref.WeakKeyDictionary()


async def _turn() -> AsyncIterator[None]:
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_TURNS)):
        yield


_Turn = Annotated[None, Depends(_turn, scope="function")]


def _reading(identity: CurrentUser, _: _Turn) -> Iterator[Connection]:
    with transaction(identity, read_only=True) as connection:
        yield connection


def _writing(identity: CurrentUser, _: _Turn) -> Iterator[Connection]:
    with transaction(identity) as connection:
        yield connection


def _bare(_: _Turn) -> Iterator[Connection]:
    with get_engine("service").connect() as connection:
        yield connection


Reading = Annotated[Connection, Depends(_reading, scope="function")]
Writing = Annotated[Connection, Depends(_writing, scope="function")]
Bare = Annotated[Connection, Depends(_bare, scope="function")]
"""The service itself, before anybody has signed in: it reads nothing of the county."""
