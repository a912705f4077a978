"""A crowd on one machine: sockets that say nothing, half a head, or read nothing, and people who pan meanwhile."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

HOST = "127.0.0.1"
T = TypeVar("T")


@dataclass
class Answer:
    """A status, headers by their names in lower case, the body, and how long it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float = 0.0


@dataclass
class Crowd:
    """Sockets that are held open."""

    port: int
    held: list[socket.socket] = field(default_factory=list)

    async def hold(self, count: int, said: bytes, *, small: bool = False) -> list[socket.socket]:
        """Open ``count`` connections and send ``said`` on each, once; with ``small`` they can take in little."""
        loop = asyncio.get_running_loop()
        made = []
        for start in range(0, count, 100):
            part = [socket.socket() for _ in range(min(100, count - start))]
            for one in part:
                if small:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                one.setblocking(False)
            await asyncio.gather(*(loop.sock_connect(one, (HOST, self.port)) for one in part))
            if said:
                await asyncio.gather(*(loop.sock_sendall(one, said) for one in part))
            made += part
        self.held += made
        return made

    def close(self) -> None:
        """Let go of all."""
        for one in self.held:
            one.close()
        self.held.clear()


async def ask(
    port: int, method: str, path: str, headers: dict[str, str], body: bytes | list[bytes] = b"", timeout_s: float = 20
) -> Answer:
    """Ask once, on a connection of its own; a list of pieces goes chunked."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        head = {"Host": f"{HOST}:{port}", "Connection": "close", **headers}
        if isinstance(body, list):
            head["Transfer-Encoding"] = "chunked"
        elif body or method in {"POST", "PUT"}:
            head.setdefault("Content-Length", str(len(body)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode())
        answer = asyncio.create_task(asyncio.wait_for(reader.read(), timeout_s))
        try:
            if isinstance(body, list):
                for piece in body:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(body)
            await writer.drain()
        except ConnectionError:
            pass  # it was refused before all of it was sent
        raw = await answer
    finally:
        writer.close()
    return parse(raw, time.monotonic() - began)


def parse(raw: bytes, seconds: float = 0.0) -> Answer:
    """Return the first answer in what came."""
    head, _, rest = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            if not (count := int(size or b"0", 16)):
                break
            body, rest = body + rest[:count], rest[count + 2 :]
        rest = body
    return Answer(int(lines[0].split(" ")[1]) if lines[0] else 0, headers, rest, seconds)


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own: this one may have a loop, the browser's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
