"""The application: routers, pages, static files, and the guard round them all."""

from __future__ import annotations

import json
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from gis_service import __version__
from gis_service.api.http import errors, metrics
from gis_service.api.http.authorisation import allow, unruled
from gis_service.api.http.compression import file_response
from gis_service.api.http.doors import Doors
from gis_service.api.http.guard import Guard
from gis_service.api.routes import (
    accounts,
    areas,
    attachments,
    audit_log,
    background,
    bulletins,
    cases,
    clusters,
    collections,
    duties,
    enforcement,
    figures,
    forms,
    health,
    house,
    jobs,
    judgements,
    my_account,
    notices,
    pages,
    person,
    plan_pages,
    plans,
    plates,
    relief,
    rounds,
    selections,
    shapes,
    sign_in,
    signatures,
    tables,
    tiles,
    trust,
    visits,
)
from gis_service.identity import Right
from gis_service.settings import keep_local_time

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


class _Open(StaticFiles):
    """Our own front-end files: they hold nothing of the county."""

    public = True

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return a file, compressed where the asker takes it."""
        if status_code != 200:
            return super().file_response(full_path, stat_result, scope, status_code)
        return file_response(Request(scope), Path(full_path))


_describing = threading.Lock()


def _description(app: FastAPI) -> bytes:
    with _describing:  # many who ask at the start would else each take the seconds that it takes
        return _described(app)


@lru_cache(maxsize=4)
def _described(app: FastAPI) -> bytes:
    return json.dumps(app.openapi(), ensure_ascii=False).encode()


def create_app(lifespan: Any = None) -> FastAPI:
    """Return the application; ``lifespan`` is what runs beside it (FastAPI's own parameter).

    Raises
    ------
    RuntimeError
        A route has no rule: who may pass must be said of every door before one is opened.

    """
    keep_local_time()
    app = FastAPI(
        title="自建房排查规划 GIS · gis-service",
        version=__version__,
        description="Priority zones, selections with reasons, vector tiles; OGC API Features for QGIS.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=dict.fromkeys((400, 401, 403, 404, 408, 409, 413, 422, 429, 503), _ERROR),
    )
    errors.install(app)
    app.add_middleware(Doors)
    app.add_middleware(Guard)  # the last is the outermost
    for router in (
        tiles.router,  # asked for by the dozen: looked for first
        health.router,
        metrics.router,
        collections.router,
        clusters.router,
        background.router,
        selections.router,
        figures.router,
        jobs.router,
        house.router,
        judgements.router,
        cases.router,
        visits.router,
        enforcement.router,
        duties.router,
        forms.router,
        signatures.router,
        notices.router,
        plates.router,
        trust.router,
        attachments.router,
        relief.router,
        rounds.router,
        bulletins.router,
        tables.router,
        areas.router,
        shapes.router,
        pages.router,
        plan_pages.router,
        plans.router,
        person.router,
        sign_in.router,
        my_account.router,
        accounts.router,
        audit_log.router,
    ):
        app.include_router(router)
    app.mount("/static", _Open(directory=pages.static_folder()), name="static")

    @app.get("/api/openapi.json", include_in_schema=False, dependencies=[Depends(allow(Right.READ))])
    def described() -> Response:
        return Response(_description(app), media_type="application/json")

    @app.get("/api/docs", include_in_schema=False, dependencies=[Depends(allow(Right.READ))])
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

    if open_doors := unruled(app):
        raise RuntimeError(f"routes without a rule: {', '.join(open_doors)}")
    return app
