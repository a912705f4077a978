"""A hundred people for five minutes: pages, pans, lists, previews, areas; the table of docs/performance.md.

    python -m benchmarks.load [--people 100] [--seconds 300] [--folder DIR] [--port N]

Each opens a page, then pans every 6 s (at most 12 tiles, of which half were seen before, over the six connections of a
browser), asks for a list once a minute and a preview every two minutes, and one in ten draws an area once. The demo county
is loaded into DIR where that is empty; the service is a process of its own on this machine, and nothing is asked of
any other (loopback only, people and seconds are bounded). With ``--port`` a service that runs on DIR is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import math
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common import machine

HOST = "127.0.0.1"
_PEOPLE_MAX, _SECONDS_MAX = 300, 900
_PAN_S, _LIST_S, _PREVIEW_S = 6.0, 60.0, 120.0
_BOUNDS = {"page": 2.0, "tile": 0.5, "list": 1.0, "preview": 1.0}
_MIDDLE = (107.3736, 24.5120)


@dataclass
class Told:
    """Seconds of each kind of question, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unchanged: int = 0
    faults: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Connection:
    """One connection of a browser, kept open."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._port = port
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None, **more: str) -> tuple[int, dict[str, str], bytes]:
        """Ask and return status, headers and body; a connection that was closed meanwhile is opened anew, once."""
        sent = b"" if body is None else json.dumps(body).encode()
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in more.items())
        kind = f"Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n" if body is not None else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self._port}\r\n{self._head}{kind}{extra}\r\n".encode()
        for attempt in (1, 2):
            try:
                if self._streams is None:
                    self._streams = await asyncio.open_connection(HOST, self._port, limit=8_000_000)
                reader, writer = self._streams
                writer.write(head + sent)
                return await self._read(reader)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError

    async def _read(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
        raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in raw[1:] if line)}
        content = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                content += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        elif length := int(headers.get("content-length", "0")):
            content = await reader.readexactly(length)
        if headers.get("connection") == "close":
            self.close()
        return int(raw[0].split(" ")[1]), headers, content

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Person:
    """Somebody at a map."""

    def __init__(self, number: int, port: int, secret: str, role: str, told: Told) -> None:
        self._random = random.Random(number)
        headers = {"Authorization": f"Bearer {secret}", "Accept": "text/html, */*"}
        self._connections = [Connection(port, headers) for _ in range(6)]
        self._role, self._told, self._number = role, told, number
        self._seen: dict[str, str] = {}
        self._where = [_MIDDLE[0] + self._random.uniform(-0.05, 0.05), _MIDDLE[1] + self._random.uniform(-0.05, 0.05)]

    async def work(self, seconds: float) -> None:
        """Work until the time is over."""
        end = time.monotonic() + seconds
        try:
            await asyncio.sleep(self._random.uniform(0, min(_PAN_S, seconds / 2)))
            page = {"fire": "/map/fire", "township": "/map/township/451224100"}.get(self._role, "/map/planner")
            await self._ask("page", page)
            listed = time.monotonic() + self._random.uniform(0, _LIST_S)
            previewed = time.monotonic() + self._random.uniform(0, _PREVIEW_S)
            draws = self._role == "planner" and self._number % 10 == 0
            while time.monotonic() < end:
                began = time.monotonic()
                await self._pan()
                if began > listed:
                    listed += _LIST_S
                    await self._ask(
                        "list",
                        "/api/clusters?limit=50"
                        if self._role == "fire"
                        else "/api/search?q=东兰".replace("东兰", "%E4%B8%9C%E5%85%B0"),
                    )
                if began > previewed:
                    previewed += _PREVIEW_S
                    await self._ask("preview", "/api/selections/preview", self._conditions())
                if draws and began > end - seconds / 2:
                    draws = False
                    await self._draw()
                await asyncio.sleep(max(0.0, _PAN_S - (time.monotonic() - began)))
        finally:
            for connection in self._connections:
                connection.close()

    async def _ask(self, what: str, path: str, body: Any = None, connection: Connection | None = None) -> bytes:
        began = time.perf_counter()
        more = {"If_None_Match": self._seen[path]} if path in self._seen else {}
        try:
            method = "GET" if body is None else "POST"
            status, headers, content = await (connection or self._connections[0]).ask(method, path, body, **more)
        except (OSError, asyncio.IncompleteReadError) as error:
            self._told.faults[f"{what}: {type(error).__name__}"] += 1
            return b""
        self._told.seconds[what].append(time.perf_counter() - began)
        if status == 304:
            self._told.unchanged += 1
        elif status >= 400:
            self._told.faults[f"{what}: {status}"] += 1
        if "etag" in headers:
            self._seen[path] = headers["etag"]
        return content

    async def _pan(self) -> None:
        """Move by half a screen: of the twelve tiles that it takes, about half were seen before."""
        self._where[0] += self._random.choice((-0.011, 0.0, 0.011))
        self._where[1] += self._random.choice((-0.008, 0.0, 0.008))
        n = 2**15
        x = int((self._where[0] + 180) / 360 * n)
        y = int((1 - math.asinh(math.tan(math.radians(self._where[1]))) / math.pi) / 2 * n)
        layer = "reach" if self._role == "fire" else "buildings"
        waiting = [f"/tiles/{layer}/15/{x + dx}/{y + dy}.pbf" for dx in range(4) for dy in range(3)]

        async def take(connection: Connection) -> None:
            while waiting:
                await self._ask("tile", waiting.pop(), connection=connection)

        await asyncio.gather(*map(take, self._connections))

    def _conditions(self) -> dict[str, Any]:
        metres = self._random.choice((100, 150, 200, 250, 300))
        return {"any_of": [{"term": "zone", "kind": "school", "buffer_m": metres}, {"term": "rule", "name": "hazard"}],
                "limit": 50}  # fmt: skip

    async def _draw(self) -> None:
        x, y = self._where
        ring = [[x, y], [x + 0.002, y], [x + 0.002, y + 0.002], [x, y]]
        made = await self._ask("area", "/api/areas", {"name": f"压测 {os.getpid()}-{self._number}",
                               "geometry": {"type": "Polygon", "coordinates": [ring]}})  # fmt: skip
        with contextlib.suppress(ValueError, KeyError):
            await self._connections[0].ask("DELETE", f"/api/areas/{json.loads(made)['area_id']}")


def accounts(count: int) -> list[tuple[str, str]]:
    """Return a role and the secret of a token for each of so many people, whose accounts are made where there are none."""
    from gis_service.accounts import people, tokens
    from gis_service.db.engine import transaction
    from gis_service.errors import NotFoundError
    from gis_service.identity import Right, Role, operator

    roles = [Role.PLANNER] * 4 + [Role.FIRE] * 3 + [Role.TOWNSHIP] * 3
    made = []
    for number in range(count):
        role = roles[number % len(roles)]
        name = f"load-{number}"
        rights = [Right.READ, Right.DRAW, Right.SELECT] if role is not Role.TOWNSHIP else [Right.READ, Right.SELECT]
        with transaction(operator()) as connection:
            try:
                account = people.find(connection, name)
            except NotFoundError:
                place = "451224100" if role is Role.TOWNSHIP else None
                account = people.add(connection, people.New(name, role, place, demo=True), None)
            for old in tokens.of(connection, account.account_id):
                if old.live:
                    tokens.revoke(connection, account.account_id, old.token_id)
            _, secret = tokens.make(connection, account.account_id, "load", rights, 1)
        made.append((role.value, secret))
    return made


def _p(values: list[float], share: float) -> float:
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def table(told: Told, seconds: float) -> str:
    """Return the table: each kind of question, its counts and times, and whether its bound holds."""
    lines = ["| | asked | a second | p50 ms | p95 ms | p99 ms | bound p95 |", "|---|---|---|---|---|---|---|"]
    for what, values in sorted(told.seconds.items()):
        bound = _BOUNDS.get(what)
        held = "" if bound is None else f"{bound * 1000:.0f} {'held' if _p(values, 0.95) < bound else 'NOT held'}"
        lines.append(
            f"| {what} | {len(values):,} | {len(values) / seconds:.1f} | {_p(values, 0.5) * 1000:.0f} | "
            f"{_p(values, 0.95) * 1000:.0f} | {_p(values, 0.99) * 1000:.0f} | {held} |"
        )
    return "\n".join(lines)


def _memory_mb(pid: int) -> float:
    """Return the resident memory of a process and of all below it."""
    import psutil

    with contextlib.suppress(psutil.Error):
        whole = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (whole, *whole.children(recursive=True))) / 1e6
    return 0.0


async def crowd(port: int, people: list[tuple[str, str]], seconds: float, pid: int) -> tuple[Told, list[float]]:
    """Let all work at once; return what they met, and the service's memory after a minute and at the end."""
    told, memory = Told(), []

    async def look() -> None:
        await asyncio.sleep(min(60.0, seconds / 2))
        memory.append(_memory_mb(pid))

    looking = asyncio.create_task(look())
    await asyncio.gather(
        *(Person(n, port, secret, role, told).work(seconds) for n, (role, secret) in enumerate(people))
    )
    await looking
    return told, [*memory, _memory_mb(pid)]


@contextlib.contextmanager
def service(port: int | None) -> Iterator[tuple[int, int]]:
    """Yield the port of a service and its process: the one that runs at ``port``, or one of our own."""
    if port is not None:
        yield port, 0
        return
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "gis_service.cli", "up", "--demo", "none", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                client = http.client.HTTPConnection(HOST, port, timeout=5)
                client.request("GET", "/health")
                if client.getresponse().status == 200:
                    break
            time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--folder", type=Path, help="data folder to keep and use again")
    parser.add_argument("--port", type=int, help="a service that runs on that folder")
    given = parser.parse_args()
    people_count, seconds = min(given.people, _PEOPLE_MAX), min(given.seconds, _SECONDS_MAX)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="gis-load-", dir="/tmp"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    os.environ["GIS_DATA_DIR"] = str(folder.resolve())
    os.environ.pop("DATABASE_URL", None)
    from benchmarks.web import county
    from gis_service.db.server import private_server

    try:
        county()
        people = accounts(people_count)
        with service(given.port) as (port, pid):
            before = os.getloadavg()[0]
            told, memory = asyncio.run(crowd(port, people, seconds, pid))
        print(
            f"{people_count} people for {seconds:.0f} s, client on the same machine; {machine()}; load before {before:.1f}"
        )
        print(table(told, seconds))
        print(f"tiles unchanged (304): {told.unchanged:,}; errors: {dict(told.faults) or 'none'}")
        if any(memory):
            print(
                f"memory of all processes of the service: {memory[0]:.0f} MB after a minute, {memory[-1]:.0f} MB at the end"
            )
    finally:
        if given.folder is None:
            private_server().remove()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
