"""The application: routers, pages, static files, security headers."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from gis_service import __version__
from gis_service.api import (
    accounts,
    areas,
    collections,
    errors,
    health,
    own,
    pages,
    person,
    selections,
    sign,
    tiles,
    trail,
)

_ERROR_EXAMPLE = {"error": {"code": "invalid_input", "message": "…", "details": {}}}
_ERROR = {
    "description": "Refused; one sentence says why",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "details"],
                        "properties": {
                            "code": {"type": "string"},
                            "message": {"type": "string"},
                            "details": {"type": "object"},
                        },
                    }
                },
            },
            "example": _ERROR_EXAMPLE,
        }
    },
}


def create_app() -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="自建房排查规划 GIS · gis-service",
        version=__version__,
        description="Priority zones, selections with reasons, vector tiles; OGC API Features for QGIS.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses=dict.fromkeys((401, 403, 404, 409, 422, 429, 503), _ERROR),
    )
    errors.install(app)
    for router in (
        health.router, collections.router, tiles.router, selections.router, areas.router, pages.router, person.router,
        sign.router, own.router, accounts.router, trail.router,
    ):  # fmt: skip
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=pages.static_folder()), name="static")

    @app.middleware("http")
    async def _headers(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.nonce = secrets.token_urlsafe(16)
        response = await call(request)
        # Nothing but this service's own files: no script of somebody's data, no address outside.
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' 'nonce-{request.state.nonce}'; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
            "form-action 'self'; frame-ancestors 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        # Nothing to others; with no-referrer a form of our own pages would come with the origin "null".
        response.headers["Referrer-Policy"] = "same-origin"
        if request.url.path.startswith("/static/") and "v" in request.query_params:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    @app.get("/api/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/api/openapi.json",
            title="gis-service API",
            swagger_js_url="/static/vendor/swagger-ui-bundle.js",
            swagger_css_url="/static/vendor/swagger-ui.css",
            swagger_favicon_url="/static/favicon.svg",
        )
        html = bytes(page.body).decode().replace("<script>", f'<script nonce="{request.state.nonce}">')
        return HTMLResponse(html)

    return app
