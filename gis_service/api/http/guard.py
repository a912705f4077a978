"""What holds for every request alike: a known host, an id, headers, one log line, figures, an end to every answer.

Written as plain ASGI: it stands round everything, its own refusals and unforeseen errors included.
"""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, quote

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.api.http import metrics
from gis_service.api.http.clients import take_forwarded
from gis_service.errors import GisError, InputError
from gis_service.settings import get_settings

log = structlog.get_logger("gis_service.api")

_PIECE = 64 * 1024
_OPEN_TO_PLAIN = ("/trust", "/static/")
"""What a phone reads before it trusts the county's certificate authority."""
_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")
_FIXED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), payment=()",
}
_TILES = {b"application/vnd.mapbox-vector-tile", b"image/webp"}
"""What maps ask for by the dozen: no document, so that all a document might do is forbidden in one word."""
_FIXED_OF_TILES = {name: _FIXED[name] for name in ("x-content-type-options", "cross-origin-resource-policy")} | {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
}


class Guard:
    """ASGI middleware round the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request through, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Request(self.app, scope, receive, send).run()


class _Request:
    """One request on its way through."""

    def __init__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self.app, self.scope, self._receive, self._send = app, scope, receive, send
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        self.nonce = secrets.token_urlsafe(16)
        self.status = 0
        self.sent_bytes = 0

    async def run(self) -> None:
        state = self.scope.setdefault("state", {})
        state["nonce"], state["request_id"] = self.nonce, self.request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        began = time.monotonic()
        with metrics.in_progress():
            try:
                self._check_host()
                take_forwarded(self.scope)
                if self._is_plain_where_tls_is():
                    await self._send_to_https()
                else:
                    await self.app(self.scope, self._receive, self._give)
            except GisError as error:
                await self._refuse(error)
            except Exception as error:  # who asked gets a sentence; who mends it finds the trace in the log
                log.exception("unforeseen error", path=self.scope["path"], exc_info=error)
                await self._refuse(_unforeseen())
        self._tell(time.monotonic() - began)

    def _check_host(self) -> None:
        """Refuse a name that is not this service's: somebody's page may point its own name here (DNS rebinding)."""
        host = self.headers.get("host", "").lower()
        name = host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.rsplit(":", 1)[0]
        if name not in get_settings().hosts():
            raise _WrongHostError(
                "此服务不使用这个主机名；管理员可设置 GIS_ALLOWED_HOSTS。",
                "This service does not go by that host name; GIS_ALLOWED_HOSTS lists its names.",
            )

    def _is_plain_where_tls_is(self) -> bool:
        plain = get_settings().tls and self.scope["scheme"] == "http"
        return plain and not self.scope["path"].startswith(_OPEN_TO_PLAIN)

    async def _send_to_https(self) -> None:
        """Send a reader on; what is sent or done goes nowhere, so that nobody goes on in the clear without noticing.

        The answer is kept by nobody and there is no Strict-Transport-Security: in a closed network an authority is made
        anew and a service goes back to plain HTTP, and a phone that remembered would be shut out.
        """
        if self.scope["method"] not in {"GET", "HEAD"}:
            raise _PlainError(
                "本服务只接受 https；请把地址改成 https:// 开头。",
                "This service takes https only; let the address begin with https://.",
            )
        query = self.scope["query_string"]
        place = f"https://{self.headers['host']}{quote(self.scope['path'])}{'?' if query else ''}".encode() + query
        headers = [(b"location", place), (b"content-length", b"0")]
        await self._give({"type": "http.response.start", "status": 307, "headers": headers})
        await self._give({"type": "http.response.body", "body": b""})

    async def _give(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            present = {name.lower() for name, _ in headers}
            tile = dict(headers).get(b"content-type") in _TILES
            for name, value in self._answer_headers(tile=tile).items():
                if name.encode() not in present:
                    headers.append((name.encode(), value.encode("latin-1")))
            await self._send(message)
            return
        content = message.get("body", b"")
        self.sent_bytes += len(content)
        # In pieces: each waits until the one before has gone, so that an answer that nobody reads lies here once, and
        # its request goes on counting as in progress.
        for start in range(0, max(len(content), 1), _PIECE):
            rest = start + _PIECE < len(content)
            piece = content[start : start + _PIECE] if rest or start else content
            more = rest or message.get("more_body", False)
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    def _answer_headers(self, *, tile: bool) -> dict[str, str]:
        if tile:
            return _FIXED_OF_TILES | {"cache-control": "no-store", "x-request-id": self.request_id}
        # Nothing but this service's own files: no script of somebody's data, no address outside.
        policy = (
            f"default-src 'self'; script-src 'self' 'nonce-{self.nonce}'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
        forever = self.scope["path"].startswith("/static/") and b"v=" in self.scope["query_string"]
        cache = "public, max-age=31536000, immutable" if forever else "no-store"
        if self.scope["path"].startswith("/static/") and not forever:
            cache = "no-cache"
        return _FIXED | {
            "content-security-policy": policy,
            "cache-control": cache,
            "x-request-id": self.request_id,
        }

    async def _refuse(self, error: GisError) -> None:
        if self.status:  # the answer has begun; all that can be done is to end it
            return
        query = parse_qs(self.scope["query_string"].decode("latin-1"), max_num_fields=None)
        english = query.get("lang") == ["en"]
        content: dict[str, Any] = {
            "error": {"code": error.code, "message": error.message("en" if english else "zh"), "details": error.details}
        }
        sent = json.dumps(content, ensure_ascii=False).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())]
        await self._give({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._give({"type": "http.response.body", "body": sent})

    def _tell(self, seconds: float) -> None:
        route = getattr(self.scope.get("route"), "path", None) or "none"
        metrics.count(route, self.scope["method"], self.status, seconds)
        if self.scope["path"].startswith("/static/") and self.status < 400:
            return
        log.info(
            "request", method=self.scope["method"], path=self.scope["path"], status=self.status,
            ms=round(seconds * 1000, 1), bytes=self.sent_bytes,
            account=getattr(self.scope["state"].get("identity"), "account", None),
            address=(self.scope.get("client") or ("",))[0],
        )  # fmt: skip


class _WrongHostError(InputError):
    code = "wrong_host"
    status = 400


class _PlainError(InputError):
    code = "https_only"
    status = 400


class _UnforeseenError(GisError):
    code = "internal"
    status = 500


def _unforeseen() -> GisError:
    return _UnforeseenError("内部错误，已记录。", "An internal error; it was logged.")
