"""What the database does for one question, so that it can be told to stop when nobody waits for the answer any more."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import psycopg2
from sqlalchemy import Connection


class Work:
    """The connections that answer one question."""

    def __init__(self) -> None:
        self.given_up = asyncio.Event()
        self._connections: set[Any] = set()
        self._lock = threading.Lock()
        self._is_done = False

    def give_up(self) -> None:
        """Tell the database to stop; whatever is asked after that is refused at once."""
        if self._is_done:
            return
        self.given_up.set()
        # A cancel request is a connection of its own: not on the event loop.
        threading.Thread(target=self._cancel, daemon=True).start()

    def done(self) -> None:
        """Forget: the answer is out."""
        with self._lock:
            self._is_done = True

    def _cancel(self) -> None:
        with self._lock:  # a connection that has gone back to its pool is another's
            if not self._is_done:
                for connection in self._connections:
                    with contextlib.suppress(psycopg2.Error):
                        connection.cancel()

    @contextlib.contextmanager
    def on(self, connection: Any) -> Iterator[None]:
        """Work on a driver's connection for the length of the block."""
        with self._lock:
            self._connections.add(connection)
        try:
            if self.given_up.is_set():
                raise psycopg2.errors.QueryCanceled("nobody waits for it")
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)


_work: ContextVar[Work | None] = ContextVar("work", default=None)


@contextlib.contextmanager
def working(work: Work) -> Iterator[None]:
    """Let all transactions of the block, in its threads too, be part of ``work``."""
    token = _work.set(work)
    try:
        yield
    finally:
        _work.reset(token)


def is_given_up() -> bool:
    """Tell whether nobody waits any more for the work at hand."""
    work = _work.get()
    return work is not None and work.given_up.is_set()


@contextlib.contextmanager
def counted(connection: Connection) -> Iterator[Work | None]:
    """Make a connection part of the work at hand, where there is one, and yield that."""
    work = _work.get()
    if work is None:
        yield None
    else:
        with work.on(connection.connection.driver_connection):
            yield work
