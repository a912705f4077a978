"""Who asks comes before what they send; what is sent is measured before it is built."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from gis_service.api.http import bodies
from gis_service.errors import GisError, InputError, TooLargeError
from tests.conftest import Database, session_of
from tests.doors.crowd import HOST, Answer, ask, in_a_loop

_JSON = {"Content-Type": "application/json"}
_RING = [[107.37, 24.51], [107.38, 24.51], [107.38, 24.52], [107.37, 24.51]]


def _ask(port: int, path: str, who: dict[str, str], body: bytes | list[bytes], method: str = "POST") -> Answer:
    return in_a_loop(ask(port, method, path, {**_JSON, **who}, body))


def _code(answer: Answer) -> str:
    return str(json.loads(answer.body)["error"]["code"])


def test_the_body_of_a_stranger_is_not_read(live: int):
    """The answer is there before the body is: the sender has sent nothing of 50 MB, and of chunks only the first."""

    async def run(head: str) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, live)
        writer.write(f"POST /api/areas HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n{head}".encode())
        got = await asyncio.wait_for(reader.readuntil(b"}}"), 5)
        writer.close()
        return got

    for head in ("Content-Length: 50000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\n[[[[[\r\n"):
        got = in_a_loop(run(head))
        assert b" 401 " in got.split(b"\r\n")[0]
        assert b"not_signed_in" in got


def test_neither_is_that_of_somebody_without_the_right(live: int, people: list[dict[str, str]]):
    async def run() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, live)
        head = f"POST /api/areas HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5000000\r\n"
        writer.write((head + f"Authorization: {people[2]['Authorization']}\r\n\r\n").encode())
        got = await asyncio.wait_for(reader.readuntil(b"}}"), 5)
        writer.close()
        return got

    assert b" 403 " in in_a_loop(run()).split(b"\r\n")[0]


@pytest.mark.parametrize("chunked", [False, True])
def test_bounds_are_those_of_the_route(live: int, people: list[dict[str, str]], chunked: bool):
    def sent(size: int) -> bytes | list[bytes]:
        whole = b'{"any_of": []' + b" " * (size - 14) + b"}"
        return [whole[k : k + 50_000] for k in range(0, size, 50_000)] if chunked else whole

    assert _ask(live, "/api/selections", people[0], sent(60_000)).status == 201
    over = _ask(live, "/api/selections", people[0], sent(70_000))
    assert (over.status, _code(over)) == (413, "too_large")
    assert "64 kB" in json.loads(over.body)["error"]["message"]
    assert _ask(live, "/api/selections/preview", people[0], sent(7_900_000)).status == 200
    over = _ask(live, "/api/selections/preview", people[0], sent(8_100_000))
    assert (over.status, _code(over)) == (413, "too_large")


def test_an_address_that_is_none_takes_nothing(live: int, people: list[dict[str, str]]):
    assert _ask(live, "/api/nothing", people[0], b"x" * 100_000).status == 404
    assert _ask(live, "/health", people[0], b"x" * 100_000).status == 405


@pytest.mark.parametrize(
    ("shape", "status"),
    [
        ("nested", 422), ("nested in a string", 201), ("digits", 422), ("elements", 413), ("no json", 422),
        ("nan", 422), ("half a surrogate", 422), ("a good one", 201),
    ],
)  # fmt: skip
def test_hostile_shapes(live: int, people: list[dict[str, str]], shape: str, status: int):
    coordinates = json.dumps([_RING])
    sent = {
        "nested": "[" * 5_000 + "]" * 5_000,
        "digits": coordinates.replace("24.52", "9" * 5_000),
        "elements": json.dumps([[[107.0, 24.0]] * 60_000]),
        "no json": "[[[",
        "nan": coordinates.replace("24.52", "NaN"),
    }.get(shape, coordinates)
    name = {"nested in a string": "[" * 60 + '\\"' + "{" * 20, "half a surrogate": "\\ud800"}.get(shape, "区域")
    body = f'{{"name": "{name}", "geometry": {{"type": "Polygon", "coordinates": {sent}}}}}'.encode()
    answer = _ask(live, "/api/areas", people[0], body)
    assert answer.status == status, answer.body[:300]
    if status >= 400:
        assert set(json.loads(answer.body)["error"]) == {"code", "message", "details"}


@pytest.mark.parametrize(
    "text",
    [
        b" " * 8_000_000, b"x" * 8_000_000, b'"' + b"\\n" * 3_999_000 + b'"', b'"' + b"a" * 7_999_000 + b'"',
        b"[" * 8_000_000, b"[0," * 2_600_000, b"9" * 8_000_000, b'"' * 8_000_000, b"[" + b"1.5," * 99_000 + b"1]",
        b'{"a":"' + b"\\\\" * 150_000 + b'"}',
    ],
    ids=["blanks", "letters", "escapes", "text", "opens", "elements", "digits", "quotes", "numbers", "backslashes"],
)  # fmt: skip
def test_no_text_holds_the_loop(text: bytes):
    """While the largest text is looked through, and built if it may be, the event loop goes on ticking."""

    async def run() -> float:
        gaps = [0.0]

        async def tick() -> None:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(0.001)
                gaps.append(time.perf_counter() - began)

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0.01)
        try:
            await bodies.check_json(text)
            json.loads(text)
        except (GisError, ValueError):
            pass
        await asyncio.sleep(0.002)
        ticking.cancel()
        return max(gaps)

    # On a machine that does other things too, the best of some tries tells what it costs.
    assert min(in_a_loop(run()) for _ in range(5)) < 0.05


def test_what_is_measured_is_what_json_means():
    def refused(text: str) -> type[Exception] | None:
        try:
            in_a_loop(bodies.check_json(text.encode()))
        except GisError as error:
            return type(error)
        return None

    deep = bodies.DEPTH_MAX
    assert refused("[" * deep + "]" * deep) is None
    assert refused("[" * (deep + 1) + "]" * (deep + 1)) is InputError
    assert refused('{"a":' * (deep + 1) + "1" + "}" * (deep + 1)) is InputError
    assert refused(json.dumps(["[" * 500, '"[{' * 500, "\\" * 501 + "["])) is None
    assert refused("[" + "9" * bodies.DIGITS_MAX + "]") is None
    assert refused("[" + "9" * (bodies.DIGITS_MAX + 1) + "]") is InputError
    assert refused("[" + ",".join(["1"] * 99_990) + "]") is None
    assert refused("[" + ",".join(["1"] * 100_010) + "]") is TooLargeError


def test_a_form_is_asked_for_its_secret_after_it_is_known_who_asks(live: int, town: Database):
    opened = session_of(town, "administrator")
    cookie = {"Cookie": f"gis_session={opened.secret}", "Content-Type": "application/x-www-form-urlencoded"}
    body = f"csrf={opened.principal.csrf}&name=zhang&role=planner".encode()
    assert in_a_loop(ask(live, "POST", "/accounts", cookie, body)).status == 201
    assert in_a_loop(ask(live, "POST", "/accounts", cookie, b"name=zhao&role=planner")).status == 403
    over: Any = in_a_loop(ask(live, "POST", "/accounts", cookie, body + b"&x=" + b"y" * 70_000))
    assert over.status == 413
