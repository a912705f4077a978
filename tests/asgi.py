"""One request to an application in this process: no sockets, no client library, all of the answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

Headers = list[tuple[bytes, bytes]]


class Answered(NamedTuple):
    """What came back: status, headers as they were sent, body as it was sent (compressed or not)."""

    status: int
    headers: Headers
    body: bytes


async def ask(
    app: Any,
    method: str,
    path: str,
    raw_path: bytes,
    query: bytes,
    headers: Iterable[tuple[bytes, bytes]],
    body: bytes = b"",
    scheme: str = "http",
    server: tuple[str, int | None] = ("testserver", 80),
    client: tuple[str, int] = ("testclient", 50000),
    raises: bool = True,
) -> Answered:
    """Ask ``app`` by ASGI. Raises what it raises, or where ``raises`` is off what it raises before it answers."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": scheme,
        "path": path, "raw_path": raw_path, "query_string": query, "root_path": "", "server": server, "client": client,
        "headers": [(name.lower(), value) for name, value in headers], "state": {},
    }  # fmt: skip
    ended = asyncio.Event()
    unread = [body]
    status, answered, pieces = 0, Headers(), list[bytes]()

    async def receive() -> dict[str, Any]:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], list(message.get("headers", []))
        else:
            if method != "HEAD":
                pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                ended.set()

    try:
        await app(scope, receive, send)
    except Exception:
        if raises or not status:
            raise
    return Answered(status, answered, b"".join(pieces))
