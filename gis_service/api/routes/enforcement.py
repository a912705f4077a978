"""Joint enforcement: the list, actions with departments, findings; and their pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import BLANK, Line, Texts
from gis_service.api.routes.cases import Sha256, Unit
from gis_service.codelists import HAZARD_TIER, word
from gis_service.enforcement import actions
from gis_service.export.rows import write_rows
from gis_service.identity import Right, Role
from web_map.enforcement import action_values, list_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_CASE = [Depends(allow(Right.CASE))]
ActionId = Annotated[int, PathParameter(ge=1, le=2**62)]
Reason = Literal["no_appraisal", "found_open", "violation"]
AskedReason = Annotated[Reason | None, BLANK, Query()]
AskedDepartment = Annotated[Annotated[str, Field(pattern="^[A-Za-z0-9_]{1,40}$")] | None, BLANK, Query()]
AskedUnit = Annotated[Unit | None, BLANK, Query()]
Code = Annotated[Line, Field(max_length=40)]
_HEADINGS = (
    "房屋编号",
    "名称",
    "填报单位",
    "地址",
    "行业主管部门",
    "列入原因",
    "安全隐患",
    "鉴定等级",
    "违法情况",
    "已安排",
    "模拟数据",
)


class ActionIn(Texts):
    """A joint action to be planned."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"on_day": "2022-09-26", "lead": "market_reg", "departments": ["police"], "houses": ["YH451224000000001"]}]
        },
    )  # fmt: skip
    on_day: date
    lead: str = Field("county", min_length=1, max_length=40, description="A department, or county")
    departments: list[Code] = Field(default_factory=list, max_length=30)
    houses: list[Annotated[Line, Field(max_length=200)]] = Field(max_length=500)
    note: str | None = Field(None, max_length=2000)


class FindingIn(Texts):
    """What was found at a house."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"building_id": "YH451224000000001", "found": "complied"}]}
    )
    building_id: str = Field(min_length=1, max_length=200)
    found: Literal["complied", "open", "violation", "absent"]
    measure: str | None = Field(None, max_length=200, description="What was done on the spot")
    note: str | None = Field(None, max_length=2000)
    photographs: list[Sha256] = Field(default_factory=list, max_length=30)


@router.get(
    "/api/enforcement-list", summary="Houses for the next joint action", tags=["Enforcement"], dependencies=_READ
)
def listed(
    connection: Reading, reason: AskedReason = None, department: AskedDepartment = None, unit: AskedUnit = None,
    limit: Annotated[int, Query(ge=1, le=actions.LISTED_MAX)] = 100,
) -> dict[str, Any]:  # fmt: skip
    """Return the asker's houses on the list with every reason; those found open first."""
    rows = actions.listed(connection, reason, department, unit, limit)
    return {"items": rows, "truncated": len(rows) == limit}


@router.get(
    "/api/enforcement-list/export", summary="The list as a file", response_class=FileResponse, responses=DOWNLOADS,
    tags=["Enforcement"], dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def export(
    connection: Reading, audit: Audit, reason: AskedReason = None, department: AskedDepartment = None, unit: AskedUnit = None,
    format: Literal["xlsx", "csv"] = "xlsx",
) -> FileResponse:  # fmt: skip
    """Download the list for whoever goes."""
    rows = actions.listed(connection, reason, department, unit, actions.EXPORT_MAX)
    return exported(
        audit, "enforcement", format,
        lambda path, mark: write_rows(_HEADINGS, _rows(rows), path, title="联合执法清单", mark=mark),
        list="enforcement", rows=len(rows),
    )  # fmt: skip


def _rows(rows: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield (
            row["building_id"], row["name"], row["unit"] or row["unit_code"], row["address"],
            "；".join(word("departments", d) for d in row["departments"]), "；".join(actions.REASON[r][0] for r in row["reasons"]),
            HAZARD_TIER[row["hazard_tier"]], row["appraisal_grade"], "；".join(word("violations", v) for v in row["violations"] or ()),
            "是" if row["planned"] else "否", "是" if row["simulated"] else "否",
        )  # fmt: skip


@router.get("/api/enforcements", summary="Joint actions", tags=["Enforcement"], dependencies=_READ)
def all_(connection: Reading) -> dict[str, Any]:
    """Return the actions with houses of the asker's, the newest first."""
    return {"items": actions.actions(connection)}


@router.post(
    "/api/enforcements", summary="Plan a joint action", status_code=201, tags=["Enforcement"], dependencies=_CASE
)
def plan(connection: Writing, audit: Audit, given: ActionIn) -> dict[str, Any]:
    """Plan an action with houses of the list, as the county's office, and return it."""
    new = actions.New(given.on_day, given.lead, tuple(given.departments), tuple(given.houses), given.note)
    row = actions.plan(connection, new)
    audit.append(connection, Action.ENFORCED, f"enforcement {row['enforcement_id']}", houses=len(given.houses))
    return row


@router.get(
    "/api/enforcements/{enforcement_id}",
    summary="A joint action with what it found",
    tags=["Enforcement"],
    dependencies=_READ,
)
def one(connection: Reading, enforcement_id: ActionId) -> dict[str, Any]:
    """Return the action with those of its houses that are the asker's."""
    return actions.one(connection, enforcement_id)


@router.post(
    "/api/enforcements/{enforcement_id}/findings", summary="Record what was found at a house", status_code=201,
    tags=["Enforcement"], dependencies=_CASE,
)  # fmt: skip
def find(connection: Writing, audit: Audit, enforcement_id: ActionId, given: FindingIn) -> dict[str, Any]:
    """Add a finding, which takes the house off the list, and return the action."""
    row = actions.find(
        connection, enforcement_id, given.building_id, given.found, given.measure, given.note, tuple(given.photographs)
    )
    audit.append(
        connection, Action.ENFORCED, f"enforcement {enforcement_id}", house=given.building_id, found=given.found
    )
    return row


@router.get("/enforcement", include_in_schema=False, dependencies=_READ)
def list_page(
    request: Request, connection: Reading, identity: CurrentUser, reason: AskedReason = None, department: AskedDepartment = None,
    unit: AskedUnit = None,
) -> HTMLResponse:  # fmt: skip
    """Return the list and the actions; who works for the county makes an action of it."""
    may_plan = identity.may(Right.CASE) and identity.role in (Role.PLANNER, Role.ADMINISTRATOR)
    values = list_values(
        connection,
        reason,
        department,
        unit,
        language(request),
        may_plan=may_plan,
        may_export=identity.may(Right.EXPORT),
    )
    return page(request, "enforcement.html", identity=identity, **values)


@router.get("/enforcement/{enforcement_id}", include_in_schema=False, dependencies=_READ)
def action_page(request: Request, connection: Reading, identity: CurrentUser, enforcement_id: ActionId) -> HTMLResponse:
    """Return an action: its houses, and what was found at each."""
    values = action_values(connection, enforcement_id, language(request), may_find=identity.may(Right.CASE))
    return page(request, "enforcement_action.html", identity=identity, **values)
