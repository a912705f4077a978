"""QR plates: made as PDF, withdrawn, switched on and off, and what one tells whoever stands before a house."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http import scans
from gis_service.api.http.authentication import source_of
from gis_service.api.http.authorisation import Audit, CurrentUser, allow, public
from gis_service.api.http.connect import Bare, Reading, Writing
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import Line, Texts
from gis_service.identity import Right
from gis_service.plates import plates
from gis_service.plates.print import print_plates
from gis_service.plates.token import LENGTH
from web_map.plates import plate_values, plates_values

router = Router()
_CASE = [Depends(allow(Right.CASE))]
Code = Annotated[str, PathParameter(min_length=LENGTH, max_length=LENGTH, pattern=r"^[A-Za-z0-9_-]+$")]


class PlatesIn(Texts):
    """Houses that get a plate; one that has one gets the same again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"houses": ["YH451224000000001"]}]})
    houses: list[Annotated[Line, Field(max_length=200)]] = Field(min_length=1, max_length=plates.MADE_MAX)


class SettingIn(Texts):
    """Whether plates answer, and which telephone they tell."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"enabled": True, "telephone": "0778-6320000"}]}
    )
    enabled: bool
    telephone: Annotated[Line, Field(min_length=3, max_length=30, pattern=r"^[0-9+() -]+$")] | None = None


class WithdrawalIn(Texts):
    """The house whose plate is withdrawn, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"house": "YH451224000000001", "reason": "门牌遗失"}]}
    )
    house: Annotated[Line, Field(max_length=200)]
    reason: Annotated[Line, Field(min_length=1, max_length=500)]


@router.get("/p/{code}", include_in_schema=False, dependencies=[Depends(public)])
def scanned(request: Request, connection: Bare, code: Code) -> HTMLResponse:
    """Return what a plate tells a stranger: number, controls in force, telephone; counted, so many a minute an address."""
    scans.look(source_of(request).address)
    told = plates.scan(connection, code)
    connection.commit()
    answer = page(request, "plate.html", **plate_values(told, language(request)))
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@router.post(
    "/api/plates", summary="Plates as PDF", tags=["Plates"], response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}}, dependencies=_CASE,
)  # fmt: skip
def make(connection: Writing, audit: Audit, given: PlatesIn) -> Response:
    """Make plates for houses and return them on A4, eight a page."""
    made = plates.make(connection, given.houses)
    audit.append(connection, Action.PLATED, f"{len(made)} plates", houses=len(made))
    headers = {"Content-Disposition": 'attachment; filename="plates.pdf"'}
    return Response(print_plates(made), media_type="application/pdf", headers=headers)


@router.post(
    "/api/plates/setting", summary="Switch plates on or off", status_code=201, tags=["Plates"], dependencies=_CASE
)
def switch(connection: Writing, audit: Audit, given: SettingIn) -> dict[str, Any]:
    """Switch plates on, with the county's telephone, or off, as the county's office, and return that."""
    now = plates.switch(connection, enabled=given.enabled, telephone=given.telephone)
    audit.append(connection, Action.PLATED, "setting", **given.model_dump())
    return now


@router.post(
    "/api/plates/withdrawals", summary="Withdraw a plate", status_code=201, tags=["Plates"], dependencies=_CASE
)
def withdraw(connection: Writing, audit: Audit, given: WithdrawalIn) -> dict[str, Any]:
    """Withdraw the plate of a house, lost or copied: its code answers as one that is none. Return the plate's number."""
    number = plates.withdraw(connection, given.house, given.reason)
    audit.append(connection, Action.PLATED, f"plate {number} withdrawn", house=given.house, reason=given.reason)
    return {"plate_id": number, "house": given.house}


@router.get("/plates", include_in_schema=False, dependencies=_CASE)
def plates_page(request: Request, connection: Reading, identity: CurrentUser) -> HTMLResponse:
    """Return whether plates answer, how often they were looked at, and where they are made."""
    return page(request, "plates.html", identity=identity, **plates_values(connection, identity))
