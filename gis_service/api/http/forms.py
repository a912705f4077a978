"""Pages with forms: one way to render them, with the session's CSRF secret in each, kept by no cache."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse

from gis_service.api.http.authentication import csrf_of
from gis_service.api.http.errors import language
from gis_service.api.http.navigation import pages_for
from gis_service.identity import Identity
from web_map.pages import form_page


def page(
    request: Request, template: str, status: int = 200, *, identity: Identity | None = None, **values: Any
) -> HTMLResponse:
    """Return a page made from ``template``."""
    html = form_page(
        template,
        lang=language(request),
        csrf=csrf_of(request),
        who=identity,
        navigation=pages_for(identity, language(request)),
        path=request.url.path,
        values=values,
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})


def local_path(given: str | None) -> str:
    """Return where to go after signing in: a path of this service, and never another's address."""
    path = given or "/"
    parts = urlsplit(path) if path.isprintable() and "\\" not in path and len(path) <= 2_000 else None
    if parts is None or parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//"):
        return "/"
    return "/" if parts.path in {"/sign-in", "/sign-out"} else path
