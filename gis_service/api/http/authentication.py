"""How whoever asks is known: by a session's cookie, or by a token; and that a form comes from our own pages.

A token comes as ``Authorization: Bearer …`` or as the password of HTTP Basic (QGIS). What a header says wins over a
cookie. A cookie is sent by the browser whoever made the page, so an unsafe request with one must also show that it
comes from our own pages: the browser's word (``Sec-Fetch-Site``, ``Origin``) and the session's CSRF secret, in the
header ``X-CSRF-Token`` or the form's field ``csrf``. A request with a token needs neither.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from sqlalchemy import Connection

from gis_service.accounts import audit_log, sessions
from gis_service.accounts.audit_log import Action, Source
from gis_service.accounts.sessions import Principal
from gis_service.api.http.ttl_cache import SingleFlightCache
from gis_service.db.engine import database_url
from gis_service.errors import ForbiddenError, SignInError
from gis_service.identity import Identity
from gis_service.settings import get_settings

_SAFE = {"GET", "HEAD", "OPTIONS"}
_COOKIE = "gis_session"
_FORM = "application/x-www-form-urlencoded"
_HEADER_MAX = 1_000


def is_https(request: Request) -> bool:
    """Tell whether the browser speaks https, to us or to the proxy before us."""
    return request.url.scheme == "https" or get_settings().https


def cookie_name(request: Request) -> str:
    """Return the session cookie's name. With the prefix a browser takes it from this host by https only."""
    return f"__Host-{_COOKIE}" if is_https(request) else _COOKIE


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """Give the browser a cookie that no script reads and no other site sends along with a form."""
    response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=is_https(request))


async def _csrf_given(request: Request) -> str | None:
    """Return what the request shows of the session's CSRF secret."""
    if request.method in _SAFE or "authorization" in request.headers:
        return None
    header = request.headers.get("x-csrf-token")
    if header is None and request.headers.get("content-type", "").split(";")[0].strip().lower() == _FORM:
        field = (await request.form()).get("csrf")
        return field if isinstance(field, str) else None
    return header


def check_origin(request: Request) -> None:
    """Refuse a form that the browser says comes from somewhere else."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site is not None and site != "same-origin"
    # A page whose policy sends no referrer sends the origin "null"; the first word is then enough, and no page forges it.
    if origin is not None and not (origin == "null" and site is not None):
        foreign = foreign or urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()
    if foreign:
        raise stale_form()


def stale_form() -> ForbiddenError:
    """Return the refusal of a form that is not of this session's pages."""
    return ForbiddenError(
        "页面已过期或不是本系统的页面，没有执行；请刷新页面后重试。",
        "This page is out of date or is not one of this service's; nothing was done. Reload it and try again.",
    )


def same(given: str | None, wanted: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ."""
    return given is not None and secrets.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


_kept: SingleFlightCache[Principal | None] = SingleFlightCache()


def forget_principals() -> None:
    """Ask anew who asks: an account, a session or a token has just been changed or ended."""
    _kept.forget()


def credential_of(request: Request) -> bytes | None:
    """Return a digest of what a request shows of its asker, None where it shows nothing."""
    header = request.headers.get("authorization")
    cookie = request.cookies.get(cookie_name(request)) if header is None else None
    if header is None and cookie is None:
        return None
    return sessions.digest(f"cookie {cookie}" if header is None else f"header {header}")


async def identify(request: Request) -> Principal:
    """Return who asks, by the request's head alone.

    Raises
    ------
    SignInError
        Nobody known: no session and no token, or one that is over, altered, revoked or of a disabled account.

    """
    held: Principal | None = getattr(request.state, "principal", None)
    if held is not None:
        return held
    by = credential_of(request)
    if by is None:
        raise SignInError("请先登录。", "Sign in first.")
    header = request.headers.get("authorization")
    cookie = request.cookies.get(cookie_name(request))
    principal = await _kept.get(
        (database_url("service"), by), lambda: _of_cookie(cookie) if header is None else _of_header(header)
    )
    if principal is None:
        raise SignInError("请先登录。", "Sign in first.")
    request.state.principal = principal
    request.state.identity = principal.identity  # for the log
    return principal


async def authenticate(request: Request) -> Principal:
    """Return who asks, and see that a form comes from a page of theirs.

    Raises
    ------
    SignInError
        Nobody known (``identify``).
    ForbiddenError
        The session is good, but the form is not of its pages.

    """
    principal = await identify(request)
    if principal.csrf is not None and request.method not in _SAFE:
        check_origin(request)
        if not same(await _csrf_given(request), principal.csrf):
            raise stale_form()
    return principal


CurrentPrincipal = Annotated[Principal, Depends(authenticate)]


async def _of_cookie(secret: str | None) -> Principal | None:
    return await sessions.of_secret(secret) if secret and len(secret) < _HEADER_MAX else None


async def _of_header(header: str) -> Principal | None:
    scheme, _, rest = header.strip().partition(" ")
    if len(header) > _HEADER_MAX:
        return None
    if scheme.lower() == "bearer":
        return await sessions.of_token(rest.strip())
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    principal = await sessions.of_token(secret)
    return principal if principal is not None and principal.identity.account == name.strip().lower() else None


async def require_session(principal: CurrentPrincipal) -> Principal:
    """Let through a session only: a token must not make tokens or change the password that could revoke it."""
    if principal.csrf is None:
        raise ForbiddenError(
            "请在网页上登录后再做这件事；令牌不能用来改密码或管理令牌。",
            "Sign in at a page to do this; a token changes no password and makes no token.",
        )
    return principal


SessionPrincipal = Annotated[Principal, Depends(require_session)]


def csrf_of(request: Request) -> str | None:
    """Return the CSRF secret that a page of this request carries, None without a session."""
    principal = getattr(request.state, "principal", None)
    return principal.csrf if principal is not None else None


def source_of(request: Request) -> Source:
    """Return the number and the address of a request, for the trail."""
    number = getattr(request.state, "request_id", None)
    return Source(str(number) if number else None, request.client.host if request.client else None)


@dataclass(frozen=True)
class AuditWriter:
    """Writes the trail in the principal's name."""

    identity: Identity
    source: Source

    def append(self, connection: Connection, action: Action, object_: str | None = None, **details: Any) -> None:
        """Append an entry that is stored together with the caller's changes."""
        audit_log.append(connection, self.identity, action, object_, source=self.source, **details)

    def record(self, action: Action, object_: str | None = None, **details: Any) -> None:
        """Append an entry that stands before the answer goes out."""
        audit_log.record(self.identity, action, object_, source=self.source, **details)
