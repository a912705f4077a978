"""The service's door where it speaks https itself: TLS and plain HTTP on one port, under the deadlines of ``protocol``.

uvicorn's own TLS gives a handshake a minute that no setting shortens and counts such a socket nowhere, and whoever types
``http://`` meets a connection that is cut. Here the first byte decides: a TLS handshake begins with 22 (RFC 8446, 5.1), no
HTTP method does. What is plain is answered as HTTP, and the guard sends it to https.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from asyncio.sslproto import SSLProtocol
from functools import lru_cache
from typing import Any

from gis_service.api.http import metrics
from gis_service.api.http.protocol import LINGER_S, DeadlineProtocol, Sweep
from gis_service.settings import get_settings
from gis_service.tls import authority

_HANDSHAKE = 22
_LOOK_S = 3_600.0


class SecureProtocol(asyncio.Protocol):
    """A connection up to the end of its handshake, or to the first byte of plain HTTP."""

    unsent = 0
    unsent_since = 0.0
    rests = True

    def __init__(self, *args: Any, **more: Any) -> None:
        self._http = _Http(*args, **more)
        self._http.door = self
        self._loop = self._http.loop
        self._due: asyncio.TimerHandle | None = None
        self.transport: Any = None
        self.rests_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give the peer the time of a head for its first byte."""
        self.transport = transport
        self.rests_since = time.monotonic()
        self._due = self._loop.call_later(get_settings().head_timeout_s, self._is_late)
        Sweep.of(self._loop).add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection: nothing was said on it."""
        self.forget()

    def data_received(self, data: bytes) -> None:
        """Hand the connection on, with what came of it."""
        self._be_in_time()
        if data[0] == _HANDSHAKE:
            _Tls(self, self._http).begin(self.transport, data)
        else:
            self.transport.set_protocol(self._http)
            self._http.connection_made(self.transport)
            self._http.data_received(data)

    def left_unsent(self) -> int:
        """Return how much lies unsent: nothing was sent yet."""
        return 0

    def forget(self) -> None:
        """Let go of a connection that is another's now, or lost."""
        self._be_in_time()
        Sweep.of(self._loop).remove(self)

    def _be_in_time(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _is_late(self) -> None:
        metrics.refused("slow_head")
        self.transport.abort()


class _Http(DeadlineProtocol):
    """HTTP on a connection, secured or plain."""

    door: SecureProtocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.door.forget()
        super().connection_made(transport)


class _Tls(SSLProtocol):
    """TLS on a connection whose first bytes are here already, with a handshake's deadline."""

    max_size = 32 * 1024  # of the buffer that each connection has: 256 kB by itself, for 5,000 connections 1.3 GB

    def __init__(self, door: SecureProtocol, http: DeadlineProtocol) -> None:
        self._door = door
        super().__init__(
            http.loop, http, _Context.now(), None, server_side=True,  # type: ignore[arg-type]
            ssl_handshake_timeout=get_settings().head_timeout_s,  # type: ignore[arg-type]
            ssl_shutdown_timeout=LINGER_S,
        )  # fmt: skip

    def begin(self, transport: Any, data: bytes) -> None:
        """Take the connection over."""
        transport.set_protocol(self)
        self.connection_made(transport)
        left = memoryview(data)
        while left:
            place = self.get_buffer(len(left))
            taken = min(len(place), len(left))
            place[:taken] = left[:taken]
            self.buffer_updated(taken)
            left = left[taken:]

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door.forget()
        super().connection_lost(exc)


class _Context:
    """The process's TLS context; the certificate is looked at once an hour, so that a long life does not outlast it."""

    def __init__(self) -> None:
        self.context: ssl.SSLContext = authority.context()
        self.looked = time.monotonic()

    @classmethod
    def now(cls) -> ssl.SSLContext:
        kept = _kept()
        if time.monotonic() - kept.looked > _LOOK_S:
            kept.looked = time.monotonic()
            authority.prepare(get_settings().hosts())
            kept.context.load_cert_chain(authority.service_file())
        return kept.context


@lru_cache(maxsize=1)
def _kept() -> _Context:
    return _Context()
