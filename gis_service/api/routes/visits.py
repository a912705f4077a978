"""Visits: reported, read; what they propose, and the township's word on it; the page of a visit on a phone."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow, public
from gis_service.api.http.compression import file_response
from gis_service.api.http.connect import Reading
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import Texts
from gis_service.api.routes.house import BuildingId
from gis_service.api.routes.tiles import forget_versions
from gis_service.db.engine import transaction
from gis_service.identity import Right
from gis_service.settings import get_settings
from gis_service.visits import enter, proposals
from web_map import assets
from web_map.visit import visit_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_VISIT = [Depends(allow(Right.VISIT))]

House = Annotated[str, Query(min_length=1, max_length=200)]
ProposalId = Annotated[int, PathParameter(ge=1, le=2**62)]
Code = Annotated[str, Field(max_length=40)]
Answer = int | Annotated[str, Field(max_length=200)] | Annotated[list[Code], Field(max_length=30)]


class PositionIn(BaseModel):
    """Where the visitor stood, in degrees (WGS 84)."""

    model_config = ConfigDict(extra="forbid")
    lon: float = Field(ge=70, le=140)
    lat: float = Field(ge=0, le=56)
    by: Literal["device", "map"] = Field("device", description="Measured by the device, or shown on the map")
    accuracy_m: float | None = Field(None, ge=0, le=100_000)


class VisitIn(Texts):
    """A visit; its number is made by whoever sends it, and sent twice it is one."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"visit_id": "6f0a4f6e-6c1e-4d57-9f0e-2f4c0f6f8a01", "building_id": "YH451224000000001",
                 "visited_at": "2022-09-08T09:30:00+08:00", "outcome": "visited", "answers": {"floors": 4}}
            ]
        },
    )  # fmt: skip
    visit_id: UUID
    building_id: str = Field(min_length=1, max_length=200)
    visited_at: AwareDatetime
    outcome: Literal["visited", "absent", "refused", "gone", "wrong"] = "visited"
    found: Literal["severe", "some", "none_found"] | None = Field(
        None, description="What the visitor thinks; no judgement"
    )
    answers: dict[Code, Answer] = Field(
        default_factory=dict, max_length=30, description="Columns of the survey as found"
    )
    note: str | None = Field(None, max_length=2000)
    photographs: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default_factory=list, max_length=30, description="SHA-256 of photographs that are stored for the house"
    )
    position: PositionIn | None = None
    plan_id: int | None = Field(None, ge=1, le=2**62)
    round: str | None = Field(None, max_length=100, description="Name or number; by the day without it")
    source: Literal["page", "file"] = "page"


class DecisionIn(Texts):
    """What becomes of a proposal."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"accepted": True}]})
    accepted: bool
    reason: str | None = Field(None, max_length=2000)


@router.post(
    "/api/visits", summary="Report a visit", status_code=201, tags=["Visits"], dependencies=_VISIT,
    responses={200: {"description": "It was here already, with the same content"}},
)  # fmt: skip
def report(response: Response, audit: Audit, given: VisitIn) -> dict[str, Any]:
    """Store a visit and return it with what it proposes; the same again changes nothing and is answered with 200."""
    place = given.position
    values = given.model_dump(exclude={"position", "photographs"})
    position = None if place is None else enter.Position(place.lon, place.lat, place.by, place.accuracy_m)
    # The whole transaction in this one thread: many send at once, and a commit must not wait for a thread of its own.
    with transaction(audit.identity) as connection:
        told = enter.report(connection, enter.New(**values, position=position, photographs=tuple(given.photographs)))
        if told.is_new:
            about = {"house": given.building_id, "outcome": given.outcome}
            audit.append(connection, Action.VISITED, f"visit {given.visit_id}", **about)
    if not told.is_new:
        response.status_code = 200
    return told.row | {"proposals": told.proposals}


@router.get("/api/visits", summary="The visits of a house", tags=["Visits"], dependencies=_READ)
def of_house(connection: Reading, building_id: House) -> dict[str, Any]:
    """Return them in order of time; none for a house not one's own."""
    return {"items": enter.of_house(connection, building_id.replace("\0", ""))}


@router.get("/api/proposals", summary="What visits propose to change", tags=["Visits"], dependencies=_READ)
def proposed(
    connection: Reading, building_id: Annotated[str | None, Query(max_length=200)] = None, undecided: bool = True,
    limit: Annotated[int, Query(ge=1, le=proposals.LISTED_MAX)] = 100,
) -> dict[str, Any]:  # fmt: skip
    """Return the proposals for the asker's houses, the first made first."""
    house = None if building_id is None else building_id.replace("\0", "")
    rows = proposals.listed(connection, house, undecided=undecided, limit=limit)
    return {"items": rows, "truncated": len(rows) == limit}


@router.post(
    "/api/proposals/{proposal_id}/decision", summary="Accept or reject a proposal", tags=["Visits"], dependencies=_VISIT
)
def decide(audit: Audit, proposal_id: ProposalId, given: DecisionIn) -> dict[str, Any]:
    """Say as the house's township what becomes of a proposal, and return it; what is accepted is the record."""
    with transaction(audit.identity) as connection:
        row = proposals.decide(connection, proposal_id, accepted=given.accepted, reason=given.reason)
        about = {"house": row["building_id"], "field": row["field"], "accepted": given.accepted}
        audit.append(connection, Action.DECIDED, f"proposal {proposal_id}", **about)
    forget_versions()
    return row


@router.get("/house/{building_id}/visit", include_in_schema=False, dependencies=_VISIT)
def visit_page(request: Request, connection: Reading, identity: CurrentUser, building_id: BuildingId) -> HTMLResponse:
    """Return the form of a visit, for a phone, which may keep it for as long as a session can last."""
    values = visit_values(connection, building_id, language(request))
    answer = page(request, "visit.html", identity=identity, **values)
    answer.headers["X-Keep-Until"] = str(int(time.time()) + get_settings().session_hours * 3_600)
    return answer


@router.get("/visit-worker.js", include_in_schema=False, dependencies=[Depends(public)])
def worker(request: Request) -> Response:
    """Return the service worker that opens the form without a network: at the root, so that it may serve /house/."""
    return file_response(request, assets.built_path("worker.js"))
