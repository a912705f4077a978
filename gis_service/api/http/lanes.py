"""Requests in progress, counted by whoever sent them: a known account, or the address of a stranger.

Connections are not counted: a socket that asks nothing costs a few kilobytes and has its own deadline (``protocol``). A
request is in progress from its head until its answer has left this process, so that whoever reads slowly holds places
of their own and nobody else's. A county sits behind one address, and whoever signed in there is counted by account.

Where a lane is full a request waits a moment, for a burst is no attack; then it is refused, with a time to come again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from gis_service.api.http import metrics
from gis_service.errors import BusyError, TooManyError
from gis_service.settings import get_settings

_PATIENCE_S = 2.0
_WAITING_MAX = 200


@dataclass
class _Lane:
    inside: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def empty(self) -> bool:
        return not self.inside and not self.waiting


class Lanes:
    """One lane a key; each lets so many through at once."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._inside = 0
        self._patience_s = patience_s

    @contextlib.asynccontextmanager
    async def through(self, key: str, most: int) -> AsyncIterator[None]:
        """Be in progress in the lane ``key`` for the length of the block.

        Raises
        ------
        TooManyError
            The lane stays full, or too many wait in it.
        BusyError
            The whole service is full.

        """
        if self._inside >= get_settings().requests_max:
            metrics.refused("full")
            raise BusyError("服务器正忙，请稍后再试。", "The service is busy; try again in a moment.", retry_after_s=2)
        lane = self._lanes.setdefault(key, _Lane())
        try:
            await self._enter(lane, most)
        except BaseException:
            self._tidy(key, lane)
            raise
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._leave(lane)
            self._tidy(key, lane)

    async def _enter(self, lane: _Lane, most: int) -> None:
        if lane.inside < most and not lane.waiting:
            lane.inside += 1
            return
        if len(lane.waiting) < _WAITING_MAX and await self._place(lane):
            return
        metrics.refused("lane")
        raise TooManyError(
            "同时发出的请求过多，请稍后再试。", "Too many requests at once; try again in a moment.", retry_after_s=2
        )

    async def _place(self, lane: _Lane) -> bool:
        """Wait for the place of somebody who leaves; False when none came free in time."""
        turn = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        try:
            await asyncio.wait({turn}, timeout=self._patience_s)
        except BaseException:
            if turn.done():
                self._leave(lane)
            else:
                lane.waiting.remove(turn)
            raise
        if turn.done():
            return True
        lane.waiting.remove(turn)
        return False

    def _leave(self, lane: _Lane) -> None:
        while lane.waiting:
            turn = lane.waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        lane.inside -= 1

    def _tidy(self, key: str, lane: _Lane) -> None:
        if lane.empty and self._lanes.get(key) is lane:
            del self._lanes[key]

    def inside(self, key: str) -> int:
        """Return how many are in progress in a lane."""
        return self._lanes[key].inside if key in self._lanes else 0
