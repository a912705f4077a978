"""Pages and front-end files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter, csrf_of
from gis_service.api.http.authorisation import Audit, CurrentUser, allow, public
from gis_service.api.http.connect import Reading
from gis_service.api.http.errors import language
from gis_service.api.http.navigation import own_map, pages_for
from gis_service.api.routes.collections import landing
from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.identity import UNIT_CODE, Identity, Right, Role
from gis_service.sheet import township as township_wall
from gis_service.sheet.fire import print_sheet, read_sheet_data
from web_map import assets
from web_map.county import county_page
from web_map.fire import fire_page
from web_map.frame import Page, render
from web_map.planner import planner_page
from web_map.township import no_such_township, township_page

router = APIRouter()
_READ = [Depends(allow(Right.READ))]
_EXPORT = [Depends(allow(Right.EXPORT))]

ClusterId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
TownshipCode = Annotated[str, PathParameter(pattern=UNIT_CODE)]
RunQuery = Annotated[int | None, Query(ge=1, le=2**62)]


def static_folder() -> Path:
    """Return the folder of our own front-end files."""
    return assets.STATIC


def _served(request: Request, page: Page) -> str:
    principal = getattr(request.state, "principal", None)
    identity = principal.identity if principal is not None else None
    return render(
        page,
        nonce=request.state.nonce,
        csrf=csrf_of(request),
        account=None if identity is None else identity.account,
        navigation=pages_for(identity, language(request)),
    )


def _file(page: Page, name: str, audit: AuditWriter, **details: object) -> HTMLResponse:
    """Return a page as a file to keep: it says who took it and when, and so does the trail."""
    mark = Mark(audit.identity.account)
    page.notes.append(mark.note(page.lang))
    html = render(page, nonce=None)
    audit.record(Action.EXPORTED, f"{name}.html", **details)
    return HTMLResponse(html, headers={"Content-Disposition": f'attachment; filename="{name}-{mark.stem}.html"'})


@router.get(
    "/",
    summary="Start page; the OGC landing page for programs",
    tags=["OGC API Features"],
    response_model=None,
    responses={
        200: {"content": {"application/json": {}, "text/html": {}}},
        303: {"description": "A browser goes to its own map"},
    },
    dependencies=_READ,
)
def start(request: Request, connection: Reading, identity: CurrentUser, f: str | None = None) -> Response:
    """Send a browser to its own map, the county's figures to who works on the county; the landing page to a program."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if f == "json" or (f is None and not wants_page):
        return JSONResponse(landing(request))
    own = own_map(identity)
    if own != "/":
        return RedirectResponse(own + ("?lang=en" if language(request) == "en" else ""), 303)
    return HTMLResponse(_served(request, county_page(connection, language(request))))


@router.get("/map/township/{code}", include_in_schema=False, dependencies=_READ)
def township(request: Request, connection: Reading, identity: CurrentUser, code: TownshipCode) -> HTMLResponse:
    """Return a township's hazard map."""
    _own(identity, code)
    page = township_page(connection, code, offline=False, lang=language(request))
    return HTMLResponse(_served(request, page))


@router.get("/map/township/{code}/offline", include_in_schema=False, dependencies=_EXPORT)
def township_offline(request: Request, connection: Reading, audit: Audit, code: TownshipCode) -> HTMLResponse:
    """Return a township's hazard map as one file."""
    _own(audit.identity, code)
    page = township_page(connection, code, offline=True, lang=language(request))
    return _file(page, f"township-{code}", audit, township=code)


@router.get("/map/township/{code}/sheet.pdf", include_in_schema=False, dependencies=_EXPORT)
def township_sheet(audit: Audit, code: TownshipCode) -> Response:
    """Return a township's hazard map for the wall, A3."""
    _own(audit.identity, code)
    mark = Mark(audit.identity.account)
    with transaction(audit.identity, read_only=True) as connection:
        values = township_wall.read_sheet_data(connection, code, mark)
    made = township_wall.print_wall_map(values)
    audit.record(Action.EXPORTED, f"township-{code}.pdf", township=code)
    headers = {"Content-Disposition": f'attachment; filename="township-{code}-{mark.stem}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _own(identity: Identity, code: str) -> None:
    """Refuse another place's map: it would hold nothing, and says the same as a township that does not exist."""
    own = identity.place or ""
    if (identity.role is Role.TOWNSHIP and own != code) or (identity.role is Role.VILLAGE and own[:9] != code):
        raise no_such_township(code)


@router.get("/map/planner", include_in_schema=False, dependencies=_READ)
def planner(request: Request, connection: Reading, identity: CurrentUser, run: RunQuery = None) -> HTMLResponse:
    """Return the planner's map."""
    page = planner_page(connection, run, offline=False, lang=language(request), may_draw=identity.may(Right.DRAW))
    return HTMLResponse(_served(request, page))


@router.get("/map/fire", include_in_schema=False, dependencies=_READ)
def fire(request: Request, connection: Reading, run: RunQuery = None) -> HTMLResponse:
    """Return the fire brigade's map: all clusters ranked, houses and alleys as tiles."""
    page = fire_page(connection, run, None, offline=False, lang=language(request))
    return HTMLResponse(_served(request, page))


@router.get("/map/fire/{cluster_id}", include_in_schema=False, dependencies=_READ)
def fire_cluster(
    request: Request, identity: CurrentUser, connection: Reading, cluster_id: ClusterId, run: RunQuery = None
) -> HTMLResponse:
    """Return the map of one dense cluster."""
    page = fire_page(connection, run, cluster_id, offline=False, lang=language(request), identity=identity)
    return HTMLResponse(_served(request, page))


@router.get("/map/fire/{cluster_id}/offline", include_in_schema=False, dependencies=_EXPORT)
def fire_offline(
    request: Request, connection: Reading, audit: Audit, cluster_id: ClusterId, run: RunQuery = None
) -> HTMLResponse:
    """Return the map of one dense cluster as one file."""
    page = fire_page(connection, run, cluster_id, offline=True, lang=language(request))
    return _file(page, f"fire-{cluster_id}", audit, cluster=cluster_id, run=run)


@router.get("/map/fire/{cluster_id}/sheet.pdf", include_in_schema=False, dependencies=_EXPORT)
def fire_sheet(
    audit: Audit, cluster_id: ClusterId, run: RunQuery = None, paper: Literal["A4", "A3"] = "A4"
) -> Response:
    """Return the sheet of one dense cluster."""
    mark = Mark(audit.identity.account)
    # The database is let go before the pages are set: that takes seconds.
    with transaction(audit.identity, read_only=True) as connection:
        values = read_sheet_data(connection, cluster_id, run, paper, mark)
    made = print_sheet(values)
    audit.record(Action.EXPORTED, f"fire-{cluster_id}.pdf", cluster=cluster_id, run=run, paper=paper)
    headers = {"Content-Disposition": f'attachment; filename="fire-{cluster_id}-{paper}-{mark.stem}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.get("/map/planner/offline", include_in_schema=False, dependencies=_EXPORT)
def planner_offline(request: Request, connection: Reading, audit: Audit, run: RunQuery = None) -> HTMLResponse:
    """Return the planner's map as one file."""
    page = planner_page(connection, run, offline=True, lang=language(request))
    return _file(page, "planner", audit, run=run)


@router.get("/static/vendor/{name:path}", include_in_schema=False, dependencies=[Depends(public)])
def vendor(name: str) -> FileResponse:
    """Return a file of an npm package: those on the list and no others."""
    if name not in assets.VENDOR:
        raise HTTPException(404)
    return FileResponse(assets.vendor_path(name))
