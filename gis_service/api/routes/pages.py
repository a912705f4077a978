"""Pages and front-end files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from gis_service.api.http.authorisation import Audit, CurrentUser, allow, public
from gis_service.api.http.compression import file_response
from gis_service.api.http.errors import language
from gis_service.api.http.kept import kept_page
from gis_service.api.http.navigation import own_map
from gis_service.api.http.routing import Router
from gis_service.api.routes.collections import landing
from gis_service.api.routes.jobs import made
from gis_service.identity import UNIT_CODE, Identity, Right, Role
from web_map import assets
from web_map.county import county_page
from web_map.fire import fire_page
from web_map.planner import planner_page
from web_map.township import no_such_township, township_page

router = Router()
_READ = [Depends(allow(Right.READ))]
_EXPORT = [Depends(allow(Right.EXPORT))]

ClusterId = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
TownshipCode = Annotated[str, PathParameter(pattern=UNIT_CODE)]
RunQuery = Annotated[int | None, Query(ge=1, le=2**62)]


def static_folder() -> Path:
    """Return the folder of our own front-end files."""
    return assets.STATIC


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
def start(request: Request, identity: CurrentUser, f: str | None = None) -> Response:
    """Send a browser to its own map, the county's figures to who works on the county; the landing page to a program."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if f == "json" or (f is None and not wants_page):
        return JSONResponse(landing(request))
    own = own_map(identity)
    if own != "/":
        return RedirectResponse(own + ("?lang=en" if language(request) == "en" else ""), 303)
    return kept_page(request, identity, "county", (), lambda asking: county_page(asking, language(request)))


@router.get("/map/township/{code}", include_in_schema=False, dependencies=_READ)
def township(request: Request, identity: CurrentUser, code: TownshipCode) -> HTMLResponse:
    """Return a township's hazard map."""
    _own(identity, code)
    lang = language(request)
    return kept_page(
        request, identity, "township", (code,), lambda asking: township_page(asking, code, offline=False, lang=lang)
    )


@router.get("/map/township/{code}/offline", include_in_schema=False, dependencies=_EXPORT)
async def township_offline(request: Request, audit: Audit, code: TownshipCode) -> Response:
    """Return a township's hazard map as one file."""
    _own(audit.identity, code)
    return await made(request, audit, "offline_township", {"township": code, "lang": language(request)})


@router.get("/map/township/{code}/sheet.pdf", include_in_schema=False, dependencies=_EXPORT)
async def township_sheet(request: Request, audit: Audit, code: TownshipCode) -> Response:
    """Return a township's hazard map for the wall, A3."""
    _own(audit.identity, code)
    return await made(request, audit, "wall_map", {"township": code})


def _own(identity: Identity, code: str) -> None:
    """Refuse another place's map: it would hold nothing, and says the same as a township that does not exist."""
    own = identity.place or ""
    if (identity.role is Role.TOWNSHIP and own != code) or (identity.role is Role.VILLAGE and own[:9] != code):
        raise no_such_township(code)


@router.get("/map/planner", include_in_schema=False, dependencies=_READ)
def planner(request: Request, identity: CurrentUser, run: RunQuery = None) -> HTMLResponse:
    """Return the planner's map."""
    lang = language(request)
    return kept_page(
        request, identity, "planner", (run,),
        lambda asking: planner_page(asking, run, offline=False, lang=lang, who=identity),
    )  # fmt: skip


@router.get("/map/fire", include_in_schema=False, dependencies=_READ)
def fire(request: Request, identity: CurrentUser, run: RunQuery = None) -> HTMLResponse:
    """Return the fire brigade's map: all clusters ranked, houses and alleys as tiles."""
    lang = language(request)
    return kept_page(
        request, identity, "fire", (run,), lambda asking: fire_page(asking, run, None, offline=False, lang=lang)
    )


@router.get("/map/fire/{cluster_id}", include_in_schema=False, dependencies=_READ)
def fire_cluster(request: Request, identity: CurrentUser, cluster_id: ClusterId, run: RunQuery = None) -> HTMLResponse:
    """Return the map of one dense cluster."""
    lang = language(request)
    return kept_page(
        request, identity, "cluster", (run, cluster_id),
        lambda asking: fire_page(asking, run, cluster_id, offline=False, lang=lang, identity=identity),
    )  # fmt: skip


@router.get("/map/fire/{cluster_id}/offline", include_in_schema=False, dependencies=_EXPORT)
async def fire_offline(request: Request, audit: Audit, cluster_id: ClusterId, run: RunQuery = None) -> Response:
    """Return the map of one dense cluster as one file."""
    given = {"cluster": cluster_id, "run": run, "lang": language(request)}
    return await made(request, audit, "offline_fire", given)


@router.get("/map/fire/{cluster_id}/sheet.pdf", include_in_schema=False, dependencies=_EXPORT)
async def fire_sheet(
    request: Request, audit: Audit, cluster_id: ClusterId, run: RunQuery = None, paper: Literal["A4", "A3"] = "A4"
) -> Response:
    """Return the sheet of one dense cluster."""
    return await made(request, audit, "fire_sheet", {"cluster": cluster_id, "run": run, "paper": paper})


@router.get("/map/planner/offline", include_in_schema=False, dependencies=_EXPORT)
async def planner_offline(request: Request, audit: Audit, run: RunQuery = None) -> Response:
    """Return the planner's map as one file."""
    return await made(request, audit, "offline_planner", {"run": run, "lang": language(request)})


@router.get("/static/vendor/{name:path}", include_in_schema=False, dependencies=[Depends(public)])
def vendor(request: Request, name: str) -> Response:
    """Return a file of an npm package: those on the list and no others."""
    if name not in assets.VENDOR:
        raise HTTPException(404)
    return file_response(request, assets.vendor_path(name))


@router.get("/static/built/{name}", include_in_schema=False, dependencies=[Depends(public)])
def built(request: Request, name: str) -> Response:
    """Return the script of a page: those on the list and no others."""
    if name not in assets.BUNDLES:
        raise HTTPException(404)
    return file_response(request, assets.built_path(name))
