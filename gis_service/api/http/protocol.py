"""HTTP/1.1 on a socket, as uvicorn speaks it, with a deadline for whatever a peer may leave undone.

uvicorn bounds how long a connection rests after an answer and nothing else: a socket that never says a word, half a
head, or an answer that nobody reads is kept for ever, and ``limit_concurrency`` counts such sockets as if they asked
for something. Here a head has a time, from its first moment to its end; an answer must be taken at some rate; of too
many connections those make room that have rested longest. What is refused is refused in the service's one error body.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import struct
import termios
import time
from typing import Any, ClassVar, Protocol

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gis_service.api.http import metrics
from gis_service.settings import get_settings

HEAD_MAX = 32_000
_SWEEP_S = 1.0
LINGER_S = 2.0
_REST_MAX = 256_000
_PACE_BYTES = 10_000
_REFUSALS = {
    400: ("bad_request", "请求格式不对。", b"400 Bad Request"),
    408: ("too_slow", "请求发送得太慢，已中断。", b"408 Request Timeout"),
    431: ("too_large", "请求头过大。", b"431 Request Header Fields Too Large"),
}


class DeadlineProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.timeout_keep_alive = get_settings().idle_timeout_s
        self._head_due: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_message = self._in_body = False
        self._in_head = 0
        self._lingers = False
        # What lies unsent, and the moment since when too little of it was taken.
        self.unsent = 0
        self.unsent_since = 0.0
        self.rests_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the peer its time for a first head, and see that there are not too many connections."""
        super().connection_made(transport)
        self.rests_since = time.monotonic()
        self._expect_head()
        Sweep.of(self.loop).add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._forget_head()
        Sweep.of(self.loop).remove(self)
        super().connection_lost(exc)

    @property
    def rests(self) -> bool:
        """Whether nothing is asked on it."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is not whole stays under its deadline, however many pieces it comes in."""
        if self._lingers:
            return  # the answer is out, and what still comes of the request is let go
        super().data_received(data)
        if self.transport.is_closing() or not self.rests:
            return
        # Between requests: a piece of a head, or the rest of a body that was refused unread.
        self._head_bytes += len(data)
        if self._head_bytes > (HEAD_MAX if not self._in_body else _REST_MAX):
            self._refuse(431)
        elif self._head_due is None and self._in_message:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Begin a request: its head is here."""
        self._forget_head()
        self._in_body = True
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.transport = _Lingering(self)  # type: ignore[assignment]

    def on_message_complete(self) -> None:
        """End a request: all of it is here."""
        self._in_message = self._in_body = False
        if self.rests:
            self._forget_head()
        super().on_message_complete()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        super().on_url(url)
        self._measure(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        super().on_header(name, value)
        self._measure(len(name) + len(value))

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = 0
        self._in_message, self._in_body = True, False
        super().on_message_begin()

    def _measure(self, size: int) -> None:
        # A head may come in one piece: its parts are counted as they are found.
        self._in_head += size
        if self._in_head > HEAD_MAX:
            raise ValueError("the head is too long")

    def on_response_complete(self) -> None:
        """Rest, until the next head."""
        self.rests_since = time.monotonic()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or a head that is too long."""
        self._refuse(431 if self._in_head > HEAD_MAX else 400)

    def end(self) -> None:
        """Close; where a body is still on its way, not before its sender had a moment to read the answer.

        A socket that is closed over what was not read is reset, and the answer is lost with it.
        """
        if self._in_message and not self._lingers and not self.transport.is_closing():
            self._lingers = True
            if self.transport.can_write_eof():  # TLS cannot say that one half ends
                self.transport.write_eof()
            self.flow.resume_reading()
            self.loop.call_later(LINGER_S, self.transport.abort)
        else:
            self.transport.close()

    def _expect_head(self) -> None:
        self._forget_head()
        self._head_due = self.loop.call_later(get_settings().head_timeout_s, self._head_is_late)

    def _forget_head(self) -> None:
        self._head_bytes = 0
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_is_late(self) -> None:
        self._head_due = None
        if self.rests and not self.transport.is_closing():
            metrics.refused("slow_head")
            if self._head_bytes and not self._in_body:
                self._refuse(408)
            else:
                self.transport.abort()

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        code, message, line = _REFUSALS[status]
        if status != 408:
            metrics.refused("bad_head")
        body = json.dumps({"error": {"code": code, "message": message, "details": {}}}, ensure_ascii=False).encode()
        self.transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nretry-after: 1\r\n"
            b"x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n%b"
            % (line, len(body), body)
        )
        self.transport.close()

    def left_unsent(self) -> int:
        """Return the bytes that the peer has not taken: those here, and those in the kernel."""
        waiting = int(self.transport.get_write_buffer_size())
        socket = self.transport.get_extra_info("socket")
        if socket is None:
            return waiting
        try:
            (queued,) = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))
        except OSError:
            queued = 0
        return waiting + int(queued)


class _Lingering:
    """A connection's transport as a request has it: its end is the connection's matter."""

    def __init__(self, connection: DeadlineProtocol) -> None:
        self._connection = connection

    def close(self) -> None:
        self._connection.end()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.transport, name)


class Connection(Protocol):
    """What is looked at: whether it rests and since when, what lies unsent and since when too little of it was taken."""

    transport: Any
    unsent: int
    unsent_since: float
    rests_since: float

    @property
    def rests(self) -> bool:
        """Whether nothing is asked on it."""

    def left_unsent(self) -> int:
        """Return the bytes that the peer has not taken."""


class Sweep:
    """Looks at all connections of an event loop once a second."""

    _known: ClassVar[dict[int, Sweep]] = {}

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._connections: dict[Connection, None] = {}
        self._next: asyncio.TimerHandle | None = None

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Sweep:
        """Return the one of an event loop."""
        found = cls._known.get(id(loop))
        if found is None or found._loop is not loop:
            found = cls._known[id(loop)] = cls(loop)
        return found

    def add(self, connection: Connection) -> None:
        """Look at a connection from now on; where they are too many, one makes room."""
        self._connections[connection] = None
        if len(self._connections) > get_settings().connections_max:
            self._make_room(connection)
        if self._next is None:
            self._next = self._loop.call_later(_SWEEP_S, self._look)

    def remove(self, connection: Connection) -> None:
        """Look at it no longer."""
        self._connections.pop(connection, None)
        if not self._connections and self._next is not None:
            self._next.cancel()
            self._next = None
            self._known.pop(id(self._loop), None)

    def _make_room(self, newest: Connection) -> None:
        """End the connection that has rested longest; where none rests, the newest."""
        metrics.refused("connections")
        resting = [c for c in self._connections if c.rests and c is not newest]
        min(resting, key=lambda c: c.rests_since, default=newest).transport.abort()

    def _look(self) -> None:
        self._next = self._loop.call_later(_SWEEP_S, self._look)
        now, patience_s = time.monotonic(), get_settings().send_timeout_s
        for connection in list(self._connections):
            left = connection.left_unsent()
            if not left or left > connection.unsent or connection.unsent - left >= _PACE_BYTES or not connection.unsent:
                connection.unsent, connection.unsent_since = left, now
            elif now - connection.unsent_since > patience_s:
                metrics.refused("slow_reader")
                connection.transport.abort()
