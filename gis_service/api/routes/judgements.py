"""Judgements: entered, confirmed, read; and the list of use for business that comes of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import Texts
from gis_service.api.routes.house import Day
from gis_service.api.routes.tiles import forget_versions
from gis_service.db.day import day_asked
from gis_service.db.engine import transaction
from gis_service.export.rows import write_rows
from gis_service.identity import UNIT_CODE, Right
from gis_service.record import business, codes, judge
from gis_service.record.lists import BUSINESS_HEADINGS, business_rows

router = Router(prefix="/api", tags=["Record"])
_READ = [Depends(allow(Right.READ))]
_EXPORT = [Depends(allow(Right.EXPORT))]
_JUDGE = [Depends(allow(Right.JUDGE))]

JudgementId = Annotated[int, PathParameter(ge=1, le=2**62)]
Unit = Annotated[str | None, Query(pattern=UNIT_CODE, description="Code of a reporting unit")]


class JudgementIn(Texts):
    """A judgement of a house; rows are only added."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"building_id": "YH451224000000001", "kind": "preliminary", "tier": "some", "judged_on": "2022-09-01",
                 "judge_unit": "县住房和城乡建设局技术组"}
            ]
        },
    )  # fmt: skip

    building_id: str = Field(min_length=1, max_length=200)
    kind: Literal["preliminary", "appraisal", "review"] = "preliminary"
    tier: str | None = Field(None, max_length=20, description="Of a preliminary judgement or a review")
    grade: str | None = Field(None, max_length=20, description="Of an appraisal")
    judged_on: date | None = Field(None, description="Today without one")
    judge: str | None = Field(None, max_length=100, description="The technician")
    judge_unit: str | None = Field(None, max_length=200)
    institution: str | None = Field(
        None, max_length=200, description="Name or number of the institution that appraised"
    )
    reason: str | None = Field(None, max_length=2000)
    supersedes: int | None = Field(
        None, ge=1, le=2**62, description="The judgement that this one corrects or takes back"
    )
    round: str | None = Field(None, max_length=100, description="Name or number of the round; by the day without it")
    visit_id: UUID | None = None
    late: bool = Field(False, description="A late entry: may be older than the judgement in force")


def _told(row: dict[str, Any], lang: str) -> dict[str, Any]:
    return row | {"warnings": [said[1 if lang == "en" else 0] for said in judge.warnings(row)]}


@router.post("/judgements", summary="Enter a judgement", status_code=201, dependencies=_JUDGE)
def enter(request: Request, identity: CurrentUser, audit: Audit, given: JudgementIn) -> dict[str, Any]:
    """Store a judgement, or the correction of one, and return the row that stands now."""
    values = given.model_dump() | {"visit_id": None if given.visit_id is None else str(given.visit_id)}
    with transaction(identity) as connection:
        row = judge.enter(connection, judge.New(**values))
        about = {"house": row["building_id"], "kind": row["kind"], "value": row["tier"] or row["grade"]}
        audit.append(connection, Action.JUDGED, f"judgement {row['judgement_id']}", **about)
    forget_versions()
    return _told(row, language(request))


@router.post("/judgements/{judgement_id}/confirm", summary="Confirm a judgement as its township", dependencies=_JUDGE)
def confirm(request: Request, identity: CurrentUser, audit: Audit, judgement_id: JudgementId) -> dict[str, Any]:
    """Confirm what another account entered, and return the row that stands now."""
    with transaction(identity) as connection:
        row = judge.confirm(connection, judgement_id)
        audit.append(connection, Action.CONFIRMED, f"judgement {judgement_id}", house=row["building_id"])
    return _told(row, language(request))


@router.get("/judgements", summary="Every judgement of a house", dependencies=_READ)
def of_house(
    request: Request, connection: Reading, building_id: Annotated[str, Query(min_length=1, max_length=200)]
) -> dict[str, Any]:
    """Return the judgements in order of time, each with whether it is in force; none for a house not one's own."""
    rows = judge.of_house(connection, building_id.replace("\0", ""))
    return {"items": [_told(row, language(request)) for row in rows]}


@router.get("/institutions", summary="Appraisal institutions and what they reported", dependencies=_READ)
def institutions(connection: Reading) -> dict[str, Any]:
    """Return the list; reports are counted of the houses that the asker may see."""
    return {"items": judge.institutions(connection)}


@router.get(
    "/business", summary="Which operating houses may be used for business, and why not", response_class=FileResponse,
    responses=DOWNLOADS, dependencies=_EXPORT,
)  # fmt: skip
def business_list(
    connection: Reading, audit: Audit, day: Day = None, unit: Unit = None, format: Literal["xlsx", "csv"] = "xlsx"
) -> FileResponse:
    """Download the list for who licenses and who inspects: yes, no or unknown, with every reason and its clause."""
    on = day_asked(day)
    codes.refresh(connection)
    found = business.county_list(connection, on, unit)
    title = f"经营核查 {on}"
    return exported(
        audit, f"business-{on}", format,
        lambda path, mark: write_rows(BUSINESS_HEADINGS, business_rows(found), path, title=title, mark=mark),
        list="business", day=str(on), rows=len(found),
    )  # fmt: skip
