"""What the database said a moment ago, taken as said for ``keep_s`` seconds, and asked once where many ask at once.

A map asks for dozens of tiles in a second; each would first ask who asks and which version the data has. What is not
there (no account, no session) is never kept. Of a change that this process makes nothing older is given out
(``forget``); one of another process, as of the command line, is seen after ``keep_s`` at the latest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from gis_service.settings import get_settings

T = TypeVar("T")
_MOST = 10_000


class SingleFlightCache(Generic[T]):
    """Answers by key, each for a moment."""

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[float, T]] = {}
        self._awaited: dict[Hashable, asyncio.Future[T]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what is kept under ``key``, or else what ``ask`` comes to."""
        keep_s = get_settings().keep_s
        if keep_s <= 0:
            return await ask()
        found = self._found.get(key)
        if found is not None and found[0] > time.monotonic():
            return found[1]
        awaited = self._awaited.get(key)
        if awaited is None or awaited.get_loop() is not asyncio.get_running_loop():
            awaited = self._awaited[key] = asyncio.ensure_future(ask())
            until = time.monotonic() + keep_s  # counted from before the question
            awaited.add_done_callback(lambda done: self._keep(key, done, until))
        return await asyncio.shield(awaited)

    def _keep(self, key: Hashable, done: asyncio.Future[T], until: float) -> None:
        if self._awaited.get(key) is not done:
            return  # forgotten while it was asked
        del self._awaited[key]
        if done.cancelled() or done.exception() is not None or done.result() is None:
            return
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[key] = (until, done.result())

    def forget(self) -> None:
        """Keep nothing of what was asked before now, that still on its way included."""
        self._awaited.clear()
        self._found.clear()
