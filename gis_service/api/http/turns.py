"""Heavy questions to the database wait their turn: a few at once in all, fewer of one account, fair between accounts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from gis_service.api.http import metrics
from gis_service.db.work import Work
from gis_service.errors import LeftError, TooManyError
from gis_service.settings import get_settings

_PATIENCE_S = 20.0
_WAITING_MAX = 12


class Turns:
    """Who asks a heavy question now, and who waits."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._asking: Counter[str] = Counter()
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._patience_s = patience_s

    @contextlib.asynccontextmanager
    async def turn(self, account: str, work: Work) -> AsyncIterator[None]:
        """Have a turn for the length of the block.

        Raises
        ------
        TooManyError
            The account has too many waiting already, or its turn did not come.
        LeftError
            Nobody waits for the answer any more.

        """
        await self._wait(account, work)
        try:
            yield
        finally:
            self._leave(account)

    async def _wait(self, account: str, work: Work) -> None:
        if sum(1 for name, _ in self._waiting if name == account) >= _WAITING_MAX:
            raise _refusal()
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((account, turn))
        self._next()
        gone = asyncio.ensure_future(work.given_up.wait())
        try:
            await asyncio.wait({turn, gone}, timeout=self._patience_s, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self._give_back(account, turn)
            raise
        finally:
            gone.cancel()
        if not turn.done() or work.given_up.is_set():
            self._give_back(account, turn)
            raise LeftError if work.given_up.is_set() else _refusal()

    def _give_back(self, account: str, turn: asyncio.Future[None]) -> None:
        if turn.done():
            self._leave(account)
        else:
            self._waiting.remove((account, turn))

    def _leave(self, account: str) -> None:
        self._asking[account] -= 1
        if not self._asking[account]:
            del self._asking[account]
        self._next()

    def _next(self) -> None:
        """Give the turns that are free to those who wait, the accounts with the fewest first, then in order."""
        settings = get_settings()
        while self._waiting and self._asking.total() < settings.heavy_max:
            able = [(n, a) for n, (a, _) in enumerate(self._waiting) if self._asking[a] < settings.account_heavy_max]
            if not able:
                return
            number, account = min(able, key=lambda found: (self._asking[found[1]], found[0]))
            _, turn = self._waiting.pop(number)
            if not turn.done():
                self._asking[account] += 1
                turn.set_result(None)


def _refusal() -> TooManyError:
    metrics.refused("turn")
    return TooManyError(
        "您的查询较多，尚未轮到，请稍后再试。",
        "Too many of your questions are waiting; try again in a moment.",
        retry_after_s=5,
    )
