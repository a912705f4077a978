"""Nobody holds the door shut: whoever says nothing, half a head, or reads nothing has places of their own only."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter

import pytest

from gis_service.api.http import connect
from gis_service.db.engine import CONNECTIONS_MOST
from tests.conftest import Database, signed_in
from tests.doors.crowd import HOST, Answer, Crowd, ask, in_a_loop, parse

_BIG = "/static/vendor/swagger-ui-bundle.js"


def _tiles(count: int) -> list[str]:
    return [f"/tiles/buildings/16/{52_312 + k % 6}/{28_158 + k // 6}.pbf" for k in range(count)]


async def _pan(port: int, people: list[dict[str, str]], rounds: int) -> list[Answer]:
    answers: list[Answer] = []
    for turn in range(rounds):
        wanted = _tiles(48)[turn * 6 : turn * 6 + 12]
        answers += await asyncio.gather(
            *(ask(port, "GET", path, who) for who in people for path in wanted),
            *(ask(port, "GET", "/api/account", who) for who in people),
        )
    return answers


def _figure(metrics: bytes, why: str) -> float:
    lines = [line for line in metrics.decode().splitlines() if line.startswith(f'gis_refused_total{{why="{why}"}}')]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0


def test_many_at_once_do_not_wait_for_one_another(live: int, town: Database):
    """Six times as many as there are connections, three times as many as threads: all are answered."""
    accounts = [signed_in(town, role) for role in ("planner", "fire", "auditor", "administrator")]
    accounts.append(signed_in(town, "township", place="451224100"))

    async def run() -> list[Answer]:
        return await asyncio.gather(
            *(ask(live, "GET", "/api/plans?limit=1", who) for _ in range(24) for who in accounts)
        )

    assert Counter(answer.status for answer in in_a_loop(run())) == {200: 120}


def test_there_are_fewer_turns_than_connections():
    """Whoever waits for a turn has taken no thread and no connection."""

    async def run() -> tuple[int, int]:
        inside, leave = 0, asyncio.Event()

        async def one() -> None:
            nonlocal inside
            async for _ in connect._turn():
                inside += 1
                await leave.wait()

        tasks = [asyncio.create_task(one()) for _ in range(3 * CONNECTIONS_MOST)]
        for _ in range(10):
            await asyncio.sleep(0)
        at_once = inside
        leave.set()
        await asyncio.gather(*tasks)
        return at_once, inside

    at_once, in_all = in_a_loop(run())
    assert 0 < at_once < CONNECTIONS_MOST
    assert in_all == 3 * CONNECTIONS_MOST


def test_eighteen_hundred_who_hold_the_door(live: int, people: list[dict[str, str]], town: Database):
    auditor = signed_in(town, "auditor")
    one = signed_in(town, "department", department="police")

    async def run() -> tuple[list[Answer], list[Answer], bytes, bytes, list[bytes], int]:
        crowd = Crowd(live)
        try:
            before = (await ask(live, "GET", "/metrics", auditor)).body
            head = f"GET {_BIG} HTTP/1.1\r\nHost: {HOST}\r\n".encode()
            silent = await crowd.hold(600, b"")
            half = await crowd.hold(600, head + b"X-Slow: ")
            strangers = await crowd.hold(400, head + b"\r\n", small=True)
            token = f"Authorization: {one['Authorization']}\r\n\r\n".encode()
            theirs = await crowd.hold(
                200, f"GET /api/openapi.json HTTP/1.1\r\nHost: {HOST}\r\n".encode() + token, small=True
            )
            at_once = await _pan(live, people, 1)
            panned = await _pan(live, people, 4)
            await asyncio.sleep(4)
            after = (await ask(live, "GET", "/metrics", auditor)).body
            heard = [_heard(s) for s in (*strangers, *theirs)]
            open_still = sum(_is_open(s) for s in (*silent, *half))
            return at_once, panned, before, after, heard, open_still
        finally:
            crowd.close()

    at_once, panned, before, after, heard, open_still = in_a_loop(run())
    assert {answer.status for answer in (*at_once, *panned)} == {200}, "whoever pans meanwhile sees nothing of it"
    seconds = sorted(answer.seconds for answer in panned)
    assert seconds[math.ceil(len(seconds) * 0.95) - 1] < 2.0, "beside 1,800 sockets that are held"
    assert open_still == 0, "a head has its time, and a socket that says nothing too"
    assert _figure(after, "slow_head") - _figure(before, "slow_head") >= 1_200
    refused = [parse(raw) for raw in heard if raw.startswith(b"HTTP/1.1 429")]
    assert len(refused) >= 150, "beyond the places of their lane"
    for answer in refused[:20]:
        assert int(answer.headers["retry-after"]) >= 1
        assert json.loads(answer.body)["error"]["code"] == "too_many"
    assert _figure(after, "lane") - _figure(before, "lane") >= 150
    assert _figure(after, "slow_reader") - _figure(before, "slow_reader") >= 20, "an answer that nobody takes is ended"


def _heard(one: object) -> bytes:
    try:
        return one.recv(10_000)  # type: ignore[attr-defined]
    except OSError:
        return b""


def _is_open(one: object) -> bool:
    """Tell whether the other end still holds the socket: an end, a reset or a refusal with an end says no."""
    try:
        while True:
            if not one.recv(10_000):  # type: ignore[attr-defined]
                return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_a_head_in_pieces_has_one_deadline(live: int):
    async def run() -> float:
        reader, writer = await asyncio.open_connection(HOST, live)
        began = asyncio.get_running_loop().time()
        writer.write(b"GET /health HTTP/1.1\r\n")
        try:
            for _ in range(40):
                writer.write(b"X: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.2)
                if reader.at_eof():
                    break
        except ConnectionError:
            pass
        writer.close()
        return asyncio.get_running_loop().time() - began

    assert 1.5 < in_a_loop(run()) < 5


@pytest.mark.parametrize("head", ["long line", "many headers", "no http"])
def test_a_head_that_is_none_gets_the_one_error_body(live: int, head: str):
    sent = {
        "long line": b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "many headers": b"GET / HTTP/1.1\r\n"
        + b"".join(b"X-%d: %b\r\n" % (k, b"v" * 100) for k in range(400))
        + b"\r\n",
        "no http": b"\x16\x03\x01 hello\r\n\r\n",
    }[head]

    async def run() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, live)
        writer.write(sent)
        got = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return got

    answer = parse(in_a_loop(run()))
    assert answer.status == (400 if head == "no http" else 431)
    assert json.loads(answer.body)["error"]["code"] in {"bad_request", "too_large"}


def test_of_too_many_connections_the_longest_resting_make_room(live: int, town: Database, people: list[dict[str, str]]):
    with town.active(GIS_CONNECTIONS_MAX="50", GIS_HEAD_TIMEOUT_S="30"):

        async def run() -> tuple[int, int, int]:
            crowd = Crowd(live)
            try:
                first = await crowd.hold(50, b"")
                await crowd.hold(40, b"")
                answer = await ask(live, "GET", "/api/account", people[0])
                await asyncio.sleep(0.1)
                return answer.status, sum(map(_is_open, first)), sum(map(_is_open, crowd.held))
            finally:
                crowd.close()

        status, of_first, of_all = in_a_loop(run())
    assert status == 200
    assert of_first <= 10
    assert of_all <= 50
