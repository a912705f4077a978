"""The page of a house, its sheet, and the search for one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.downloads import paper
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.db.day import day_asked, today
from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.identity import Right, Role
from gis_service.record.find import FOUND_MAX, Found, find
from gis_service.record.house import dossier as read_dossier
from gis_service.sheet import dossier
from gis_service.sheet.house import print_house, read_sheet_data
from web_map.house import found_values, house_values

router = Router()
_READ = [Depends(allow(Right.READ))]

BuildingId = Annotated[str, PathParameter(min_length=1, max_length=200)]
Words = Annotated[str, Query(max_length=100, description="Parts of a house's number, name or address")]
Day = Annotated[
    str | None, Query(max_length=10, description="As of the end of this day (2022-09-08); today by default")
]


@router.get("/house", include_in_schema=False, dependencies=_READ)
def search_page(request: Request, connection: Reading, identity: CurrentUser, q: Words = "") -> HTMLResponse:
    """Return the page that finds a house."""
    found = find(connection, q) if q.strip() else Found([], truncated=False)
    return page(request, "houses.html", identity=identity, **found_values(found, q.strip(), language(request)))


@router.get("/house/{building_id}", include_in_schema=False, dependencies=_READ)
def house_page(
    request: Request, connection: Reading, identity: CurrentUser, building_id: BuildingId, day: Day = None
) -> HTMLResponse:
    """Return everything that the asker may know of a house, on one page."""
    values = house_values(
        connection,
        building_id,
        day_asked(day),
        language(request),
        may_judge=identity.may(Right.JUDGE),
        may_confirm=identity.account if identity.role is Role.TOWNSHIP and identity.may(Right.JUDGE) else None,
        role=identity.role,
        may_open=identity.may(Right.CASE),
        may_visit=identity.may(Right.VISIT),
    )
    return page(request, "house.html", identity=identity, **values)


@router.get("/house/{building_id}/sheet.pdf", include_in_schema=False, dependencies=[Depends(allow(Right.EXPORT))])
def house_sheet(audit: Audit, building_id: BuildingId) -> Response:
    """Return a house's record for the file (一栋一册), A4."""
    mark = Mark(audit.identity.account)
    with transaction(audit.identity, read_only=True) as connection:
        values = read_sheet_data(connection, building_id, today(), mark)
    made = print_house(values)
    audit.record(Action.EXPORTED, "house.pdf", house=values["row"]["building_id"])
    headers = {"Content-Disposition": f'attachment; filename="house-{mark.stem}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.get("/house/{building_id}/sheet.docx", include_in_schema=False, dependencies=[Depends(allow(Right.EXPORT))])
def house_docx(audit: Audit, building_id: BuildingId) -> Response:
    """Return the same as a document to be written on."""
    with transaction(audit.identity, read_only=True) as connection:
        made = read_dossier(connection, building_id, today())
        picture = dossier.plan_png(connection, building_id)
    return paper(audit, "house", "docx", dossier.print_dossier(made, picture), house=made.row["building_id"])


@router.get("/api/houses", summary="Houses by parts of number, name, address", tags=["Record"], dependencies=_READ)
def search(connection: Reading, q: Words, limit: Annotated[int, Query(ge=1, le=FOUND_MAX)] = 20) -> dict[str, Any]:
    """Return the houses of which every word is a part of the number, the name or the address; middles in degrees."""
    found = find(connection, q, limit)
    return {"items": found.rows, "truncated": found.truncated}
