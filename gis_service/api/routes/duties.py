"""Who works where, what is to be done, rewards; and the page of one's work."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.api.http.texts import BLANK, Line, Texts
from gis_service.cases import rules
from gis_service.duties import people, work
from gis_service.export.rows import write_rows
from gis_service.identity import Identity, Right, Role
from web_map.work import work_values

router = Router()
_READ = [Depends(allow(Right.READ))]
Place = Annotated[str, Field(pattern="^[0-9A-Za-z_-]{1,30}$")]
Kind = Literal["control", "overdue", "check", "review", "patrol", "inspect", "proposal"]
AskedKind = Annotated[Kind | None, BLANK, Query()]
AskedPlace = Annotated[
    Place | None, BLANK, Query(description="A unit, village or grid cell; without one, the asker's own")
]
_SETS_DUTIES = (Role.ADMINISTRATOR, Role.PLANNER, Role.TOWNSHIP)


class DutyIn(Texts):
    """Who has a place from now on; ``holds`` false takes it back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"account": "wei", "kind": "grid", "place": "451224100001", "name": "韦某", "title": "网格员"}]
        },
    )
    account: Annotated[Line, Field(max_length=100)]
    kind: Literal["grid", "leader"]
    place: Place
    name: Annotated[Line, Field(max_length=50)]
    title: Annotated[Line, Field(max_length=100)] | None = None
    holds: bool = True


class PatrolRuleIn(Texts):
    """How many days may pass between two looks."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 7, "source": "县文件"}]})
    days: int = Field(ge=1, le=3650)
    source: Annotated[Line, Field(max_length=200)] | None = Field(None, description="Where the number comes from")


def _asked(connection: Connection, identity: Identity, place: str | None) -> work.Asked:
    """Return whose work is asked for: a place, or the asker's own places and department."""
    department = identity.department if identity.role is Role.DEPARTMENT else None
    return work.Asked((place,) if place else people.places_of(connection, identity), department)


@router.get("/api/work", summary="What is to be done by today", tags=["Work"], dependencies=[*_READ, Depends(heavy)])
def listed(
    connection: Reading, identity: CurrentUser, kind: AskedKind = None, place: AskedPlace = None,
    limit: Annotated[int, Query(ge=1, le=work.LISTED_MAX)] = 100, offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> dict[str, Any]:  # fmt: skip
    """Return counts by kind, and items: houses with severe hazards first, then what is longest due."""
    asked = _asked(connection, identity, place)
    rows = work.listed(connection, asked, kind, limit, offset)
    return {"counts": work.counts(connection, asked), "items": rows, "truncated": len(rows) == limit}


@router.get(
    "/api/work/export", summary="What is to be done, as a file", response_class=FileResponse, responses=DOWNLOADS,
    tags=["Work"], dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
)  # fmt: skip
def export(
    connection: Reading, identity: CurrentUser, audit: Audit, kind: AskedKind = None, place: AskedPlace = None,
    format: Literal["xlsx", "csv"] = "xlsx",
) -> FileResponse:  # fmt: skip
    """Download the work list for whoever goes."""
    rows = work.listed(connection, _asked(connection, identity, place), kind, work.EXPORT_MAX)
    known = rules.rules(connection)
    return exported(
        audit, "work", format,
        lambda path, mark: write_rows(work.HEADINGS, work.rows_of(rows, known), path, title="工作清单", mark=mark),
        list="work", rows=len(rows),
    )  # fmt: skip


@router.get("/api/duties", summary="Who works where", tags=["Work"], dependencies=_READ)
def held(connection: Reading) -> dict[str, Any]:
    """Return the duties in force in the asker's places and the asker's own, the county's first."""
    rows = people.held(connection)
    return {"items": rows, "truncated": len(rows) == people.LISTED_MAX}


@router.post(
    "/api/duties", summary="Give an account a place, or take it back", status_code=201, tags=["Work"],
    dependencies=[Depends(allow(Right.CASE))],
)  # fmt: skip
def assign(connection: Writing, audit: Audit, given: DutyIn) -> dict[str, Any]:
    """Add the duty and return it; a township gives places of its own alone."""
    row = people.assign(connection, people.Duty(**given.model_dump()))
    audit.append(
        connection, Action.DUTY_SET, given.place, account=given.account, kind=given.kind, name=given.name, holds=given.holds
    )  # fmt: skip
    return row


@router.get("/api/patrol-rules", summary="Days between two looks", tags=["Work"], dependencies=_READ)
def patrol_rules(connection: Reading) -> dict[str, Any]:
    """Return the days by subject: a tier, or a stopped business; with their source."""
    return {"items": people.patrol_rules(connection)}


@router.put(
    "/api/patrol-rules/{subject}", summary="Set the days between two looks", status_code=204, tags=["Work"],
    dependencies=[Depends(allow(Right.OPERATE))],
)  # fmt: skip
def set_patrol_rule(
    connection: Writing, audit: Audit, given: PatrolRuleIn,
    subject: Annotated[Literal["severe", "some", "none_found", "stopped"], PathParameter()],
) -> Response:  # fmt: skip
    """Set how many days may pass, as the county's administrator."""
    people.set_patrol_rule(connection, subject, given.days, given.source)
    audit.append(connection, Action.PATROL_RULE_SET, subject, days=given.days, basis=given.source)
    return Response(status_code=204)


@router.get("/api/rewards", summary="Visits that led to a judgement of severe", tags=["Work"], dependencies=_READ)
def rewards(connection: Reading) -> dict[str, Any]:
    """Return the visits with who reported each, the newest judgement first (融政规〔2022〕6号 二(四)2)."""
    rows = work.rewards(connection)
    return {"items": rows, "truncated": len(rows) == work.LISTED_MAX}


@router.get("/work", include_in_schema=False, dependencies=[*_READ, Depends(heavy)])
def work_page(
    request: Request, connection: Reading, identity: CurrentUser, kind: AskedKind = None, place: AskedPlace = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HTMLResponse:  # fmt: skip
    """Return one's own work, and who works where."""
    values = work_values(
        connection, _asked(connection, identity, place), kind, place, offset, language(request),
        may_export=identity.may(Right.EXPORT), may_set=identity.role in _SETS_DUTIES and identity.may(Right.CASE),
        may_visit=identity.may(Right.VISIT), may_see_rewards=identity.role in (Role.ADMINISTRATOR, Role.PLANNER, Role.TOWNSHIP),
        may_set_days=identity.role is Role.ADMINISTRATOR,
    )  # fmt: skip
    return page(request, "work.html", identity=identity, **values)
