"""Heavy questions wait their turn, are given up with whoever asked, and have an end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gis_service.api.http.lanes import Lanes
from gis_service.api.http.turns import Turns
from gis_service.db.engine import get_engine, transaction
from gis_service.db.work import Work, working
from gis_service.errors import BusyError, LeftError, TooManyError
from gis_service.identity import Identity, Role, operator
from gis_service.settings import get_settings
from tests.conftest import Database
from tests.doors.crowd import HOST, ask, in_a_loop

PING = Identity("ping", Role.PLANNER)


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch):
    for name, value in {"HEAVY_MAX": "3", "ACCOUNT_HEAVY_MAX": "2", "REQUESTS_MAX": "5"}.items():
        monkeypatch.setenv(f"GIS_{name}", value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_turns_are_shared_fairly(bounds: None):
    """An account that asks ten at once has two of three places, and whoever asks next has the third at once."""

    async def run() -> list[str]:
        turns, order = Turns(), []

        async def one(account: str, number: int) -> None:
            async with turns.turn(account, Work()):
                order.append(f"{account}{number}")
                await asyncio.sleep(0.02)

        greedy = [asyncio.create_task(one("a", n)) for n in range(10)]
        await asyncio.sleep(0.005)
        other = [asyncio.create_task(one("b", n)) for n in range(3)]
        await asyncio.gather(*greedy, *other)
        return order

    order = in_a_loop(run())
    assert order[:3] == ["a0", "a1", "b0"]
    assert order.index("b2") < order.index("a6")


def test_who_left_gives_the_turn_back(bounds: None):
    async def run() -> int:
        turns, work = Turns(), [Work() for _ in range(6)]
        held = [turns.turn("a", w) for w in work[:2]]
        for one in held:
            await one.__aenter__()
        waiting = asyncio.create_task(turns.turn("a", work[2]).__aenter__())
        cut = asyncio.create_task(turns.turn("a", work[3]).__aenter__())
        await asyncio.sleep(0.01)
        work[2].give_up()
        with pytest.raises(LeftError):
            await waiting
        cut.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cut
        for one in held:
            await one.__aexit__(None, None, None)
        async with turns.turn("a", work[4]), turns.turn("a", work[5]):
            return len(turns._waiting)

    assert in_a_loop(run()) == 0


def test_too_many_that_wait_and_too_long_a_wait_are_refused(bounds: None):
    async def run() -> tuple[int, int]:
        turns = Turns(patience_s=0.1)
        refused = 0

        async def one() -> None:
            nonlocal refused
            try:
                async with turns.turn("a", Work()):
                    await asyncio.sleep(0.5)
            except TooManyError as error:
                refused += error.details["retry_after_s"] > 0

        await asyncio.gather(*(one() for _ in range(20)))
        return refused, len(turns._asking)

    assert in_a_loop(run()) == (18, 0)


def test_lanes_do_not_mix(bounds: None):
    async def run() -> None:
        lanes = Lanes(patience_s=0.05)
        async with lanes.through("a", 1):
            with pytest.raises(TooManyError):
                async with lanes.through("a", 1):
                    pass
            async with lanes.through("b", 1):
                assert (lanes.inside("a"), lanes.inside("b")) == (1, 1)
            waiting = asyncio.create_task(lanes.through("a", 1).__aenter__())
            await asyncio.sleep(0.01)
        await waiting  # whoever leaves hands over the place
        assert lanes.inside("a") == 1
        async with contextlib.AsyncExitStack() as stack:
            for number in range(4):
                await stack.enter_async_context(lanes.through(str(number), 1))
            with pytest.raises(BusyError):
                await stack.enter_async_context(lanes.through("one more", 1))

    in_a_loop(run())


def test_the_database_is_told_to_stop(town: Database):
    """A question of a minute ends when it is given up; its connection is nobody else's any more."""

    def slow(work: Work) -> float:
        began = time.monotonic()
        with working(work), pytest.raises(DBAPIError, match="cancel"), transaction(PING, read_only=True) as connection:
            connection.execute(text("SELECT pg_sleep(7)"))
        return time.monotonic() - began

    async def run() -> float:
        work = Work()
        asking = asyncio.create_task(asyncio.to_thread(slow, work))
        await asyncio.sleep(0.5)
        work.give_up()
        return await asking

    assert in_a_loop(run()) < 4
    work = Work()
    work.given_up.set()
    with working(work), pytest.raises(psycopg2.errors.QueryCanceled), transaction(PING, read_only=True) as connection:
        connection.execute(text("SELECT 1"))


def test_a_question_has_an_end(town: Database):
    with town.active(GIS_STATEMENT_TIMEOUT_S="0.3"):
        with pytest.raises(DBAPIError, match="timeout"), transaction(PING, read_only=True) as connection:
            connection.execute(text("SELECT pg_sleep(5)"))
        with transaction(operator(), read_only=True) as connection:  # who sits at a terminal can end it there
            connection.execute(text("SELECT pg_sleep(0.5)"))


def test_a_client_that_leaves_takes_its_question_along(
    live: int, town: Database, people: list[dict[str, str]], caplog: pytest.LogCaptureFixture
):
    """A preview that waits for a lock: when its browser is gone, so is the statement, and no fault is told of."""
    running = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "
               "AND wait_event_type = 'Lock'")  # fmt: skip

    async def run() -> tuple[int, int]:
        held: Any = get_engine("owner").raw_connection()
        try:
            with held.cursor() as cursor:
                cursor.execute("LOCK gis.building IN ACCESS EXCLUSIVE MODE")
            body = b'{"any_of": [{"term": "rule", "name": "hazard"}]}'
            _, writer = await asyncio.open_connection(HOST, live)
            head = f"POST /api/selections/preview HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
            head += f"Authorization: {people[0]['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            for _ in range(40):
                await asyncio.sleep(0.05)
                if waits := town.one(running, role="postgres"):
                    break
            writer.close()
            for _ in range(40):
                await asyncio.sleep(0.05)
                if not (left := town.one(running, role="postgres")):
                    break
            return waits, left
        finally:
            held.rollback()
            held.close()

    assert in_a_loop(run()) == (1, 0)
    assert in_a_loop(ask(live, "GET", "/api/account", people[0])).status == 200
    assert [record.message for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
