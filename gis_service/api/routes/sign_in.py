"""Signing in and out, by password or through the organisation's own sign-in (OpenID Connect)."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import text

from gis_service.accounts import audit_log, oidc, sessions
from gis_service.accounts.audit_log import Action
from gis_service.accounts.sessions import Opened
from gis_service.api.http.authentication import (
    CurrentPrincipal,
    check_origin,
    cookie_name,
    forget_principals,
    same,
    set_cookie,
    source_of,
    stale_form,
)
from gis_service.api.http.authorisation import Audit, allow, public
from gis_service.api.http.errors import language
from gis_service.api.http.forms import local_path, page
from gis_service.api.http.routing import Router
from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.errors import GisError, SignInError, TooManyError
from gis_service.identity import Right
from gis_service.settings import get_settings
from web_map import assets

router = Router(include_in_schema=False)

_FORM_COOKIE = "gis_form"
_BROWSER_COOKIE = "gis_browser"
_BROWSER_SECONDS = 180 * 86_400
_OIDC_COOKIE = "gis_oidc"
_OIDC_SECONDS = 600
_CALLBACK = "/sign-in/oidc/callback"
Text = Annotated[str, Form(max_length=2_000)]


def _field_of(cookie: str) -> str:
    """Return what the sign-in form must send back: nobody who cannot read the cookie can make it."""
    return hashlib.sha256(f"form {cookie}".encode()).hexdigest()


def _sign_in_page(request: Request, next_: str, error: GisError | None = None, name: str = "") -> Response:
    settings = get_settings()
    cookie = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)
    answer = page(
        request, "sign_in.html", error.status if error else 200, next=next_, name=name[:100], field=_field_of(cookie),
        error=error.message(language(request)) if error else None,
        oidc=settings.oidc_name if settings.oidc_issuer else None, script=assets.link("built/sign_in.js"),
    )  # fmt: skip
    set_cookie(request, answer, _FORM_COOKIE, cookie)
    if isinstance(error, TooManyError):
        answer.headers["Retry-After"] = str(error.details.get("retry_after_s", 10))
    return answer


def _entered(request: Request, opened: Opened, next_: str) -> Response:
    """Send whoever signed in on their way, with a secret that was never there before (no session fixation)."""
    old = request.cookies.get(cookie_name(request))
    if old:
        sessions.close(old)
        forget_principals()
    answer = RedirectResponse(next_, 303, headers={"Cache-Control": "no-store"})
    set_cookie(request, answer, cookie_name(request), opened.secret, get_settings().session_hours * 3_600)
    browser = browser_secret(request) or secrets.token_urlsafe(32)
    sessions.know_browser(opened.principal.account_id, browser)
    set_cookie(request, answer, _BROWSER_COOKIE, browser, _BROWSER_SECONDS)
    return answer


def browser_secret(request: Request) -> str | None:
    """Return what a browser shows of itself: it opens nothing, and has failed tries of its own."""
    shown = request.cookies.get(_BROWSER_COOKIE)
    return shown if shown and 32 <= len(shown) <= 100 else None


@router.get("/sign-in", dependencies=[Depends(public)])
def form(request: Request, next: str = "/") -> Response:
    """Return the page on which people sign in."""
    return _sign_in_page(request, local_path(next))


@router.post("/sign-in", dependencies=[Depends(public)])
def enter(request: Request, name: Text = "", password: Text = "", field: Text = "", next: Text = "/") -> Response:
    """Sign in with a name and a password."""
    next_ = local_path(next)
    try:
        check_origin(request)
        if not same(field, _field_of(request.cookies.get(_FORM_COOKIE, ""))):
            raise stale_form()
        return _entered(request, sessions.sign_in(name, password, source_of(request), browser_secret(request)), next_)
    except GisError as error:
        return _sign_in_page(request, next_, error, name)


@router.post("/sign-out", dependencies=[Depends(allow(Right.READ))])
def leave(request: Request, principal: CurrentPrincipal, audit: Audit) -> Response:
    """End the session."""
    secret = request.cookies.get(cookie_name(request))
    if principal.csrf is not None and secret:
        sessions.close(secret)
        forget_principals()
        audit.record(Action.SIGNED_OUT)
    answer = RedirectResponse("/sign-in", 303, headers={"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(cookie_name(request), path="/")
    return answer


@router.get("/sign-in/oidc", dependencies=[Depends(public)])
def begin(request: Request, next: str = "/") -> Response:
    """Send the browser to the organisation's own sign-in."""
    secret = secrets.token_urlsafe(32)
    try:
        address = oidc.begin(secret, _callback(request))
    except GisError as error:
        return _sign_in_page(request, local_path(next), error)
    answer = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
    set_cookie(request, answer, _OIDC_COOKIE, f"{secret}|{local_path(next)}", _OIDC_SECONDS)
    return answer


@router.get(_CALLBACK, dependencies=[Depends(public)])
def finish(request: Request, code: str = "", state: str = "") -> Response:
    """Take the browser back from there, with proof of who it is."""
    secret, _, next_ = request.cookies.get(_OIDC_COOKIE, "").partition("|")
    next_ = local_path(next_)
    try:
        subject = oidc.finish(secret, code, state, _callback(request))
        with get_engine("service").begin() as connection:
            found = connection.execute(text(statement("accounts.of_subject")), {"subject": subject}).one_or_none()
        if found is None or found.disabled:
            audit_log.record(
                "?" if found is None else found.name, Action.SIGN_IN_FAILED, source=source_of(request), by="oidc"
            )
            raise SignInError(
                "身份已核实，但本系统没有与之对应的可用账号；请找系统管理员开通。",
                "You are who you say, but there is no account for you here; ask the administrator.",
            )
        answer = _entered(request, sessions.open_(found.account_id, source_of(request), by="oidc"), next_)
    except GisError as error:
        answer = _sign_in_page(request, next_, error)
    answer.delete_cookie(_OIDC_COOKIE, path="/")
    return answer


def _callback(request: Request) -> str:
    scheme = "https" if get_settings().https else request.url.scheme
    return f"{scheme}://{request.url.netloc}{_CALLBACK}"
