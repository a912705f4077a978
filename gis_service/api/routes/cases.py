"""Cases: listed, opened, taken from step to step, exported; and their pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.downloads import DOWNLOADS, PAPERS, exported, paper
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.texts import BLANK, Texts
from gis_service.api.routes.tiles import forget_versions
from gis_service.cases import events, find, lists, rules
from gis_service.db.engine import transaction
from gis_service.export.rows import write_rows
from gis_service.identity import UNIT_CODE, Right
from gis_service.sheet.remedy import print_remedy, read_remedy
from web_map.cases import case_values, cases_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_CASE = [Depends(allow(Right.CASE))]

CaseId = Annotated[int, PathParameter(ge=1, le=2**62)]
State = Literal["pending", "in_progress", "accepted", "cleared"]
Kind = Literal["structure", "fire", "geohazard", "legality", "operation"]
Tier = Literal["severe", "some", "none_found", "unjudged"]
Unit = Annotated[str, Field(pattern=UNIT_CODE)]
# A form sends the choice of all as nothing between the signs.
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Given = dict[Annotated[str, Field(max_length=40)], str | int | float | bool]


class Step(Texts):
    """What every event may say; which of it a step needs is told by ``/api/case-rules``."""

    model_config = ConfigDict(extra="forbid")
    on_day: date | None = Field(None, description="When it happened; today without one")
    until: date | None = None
    responsible: str | None = Field(None, max_length=200)
    reason: str | None = Field(None, max_length=2000)
    refers: int | None = Field(None, ge=1, le=2**62, description="The event of the same case that it refers to")
    given: Given = Field(default_factory=dict, max_length=30, description="Further fields of the step")
    evidence: list[Sha256] = Field(
        default_factory=list, max_length=30, description="Photographs that are stored for the house"
    )

    def new(self, kind: str, what: str) -> events.New:
        """Return the event."""
        return events.New(
            kind, what, self.on_day, self.until, self.responsible, self.reason, dict(self.given), tuple(self.evidence),
            self.refers,
        )  # fmt: skip


class EventIn(Step):
    """A step of a case."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "measure", "what": "stop_use", "given": {"scope": "整栋"}}, {"kind": "start"}]
        },
    )
    kind: str = Field(min_length=1, max_length=40, description="Of /api/case-rules")
    what: str | None = Field(None, max_length=40, description="The subject, where the kind has several")


class CaseIn(Step):
    """A case to be opened by hand."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"building_id": "YH451224000000001", "kind": "fire", "reason": "疏散通道堵塞"}]
        },
    )
    building_id: str = Field(min_length=1, max_length=200)
    kind: Kind


def _filter(
    *,
    unit: Annotated[Unit | None, BLANK, Query(description="Code of a reporting unit")] = None,
    state: Annotated[State | None, BLANK, Query()] = None,
    kind: Annotated[Kind | None, BLANK, Query()] = None,
    tier: Annotated[Tier | None, BLANK, Query()] = None,
    operating: Annotated[bool, Query(description="Of operating houses alone")] = False,
    overdue: Annotated[bool, Query(description="Past their deadline and not accepted")] = False,
    waiting: Annotated[bool, Query(description="Submitted and not reviewed")] = False,
    uncontrolled: Annotated[bool, Query(description="Lacking a control that is due")] = False,
    found_open: Annotated[bool, Query(description="Found open though its business is stopped")] = False,
) -> find.Filter:
    return find.Filter(unit, state, kind, tier, operating, overdue, waiting, uncontrolled, found_open)


Asked = Annotated[find.Filter, Depends(_filter)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


def _whole(connection: Any, case_id: int) -> dict[str, Any]:
    case = find.one(connection, case_id)
    known = rules.rules(connection)
    return case | {
        "events": find.history(connection, case_id),
        "next": [known[step].as_row() for step in find.steps(connection, case_id)],
    }


@router.get("/api/cases", summary="Cases, those due first at the head", tags=["Cases"], dependencies=_READ)
def listed(
    connection: Reading, asked: Asked, limit: Annotated[int, Query(ge=1, le=find.FOUND_MAX)] = 50, offset: Offset = 0
) -> dict[str, Any]:
    """Return the asker's cases that meet the filters, with the counts by state of all that meet unit, kind, tier and use."""
    found = find.listed(connection, asked, limit, offset)
    return {"items": found.rows, "truncated": found.truncated, "counts": find.counts(connection, asked)}


@router.get("/api/case-rules", summary="Every step: when, by whom, with what", tags=["Cases"], dependencies=_READ)
def table(connection: Reading) -> dict[str, Any]:
    """Return the one table by which cases go, with the words of its fields."""
    fields = {name: {"zh": f.zh, "en": f.en, "kind": f.kind} for name, f in rules.FIELDS.items()}
    return {"items": [rule.as_row() for rule in rules.rules(connection).values()], "fields": fields}


@router.get(
    "/api/cases/export", summary="The ledger as a file", response_class=FileResponse, responses=DOWNLOADS, tags=["Cases"],
    dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def export(connection: Reading, audit: Audit, asked: Asked, format: Literal["xlsx", "csv"] = "xlsx") -> FileResponse:
    """Download the asker's cases that meet the filters."""
    found, known = find.listed(connection, asked, find.EXPORT_MAX), rules.rules(connection)
    return exported(
        audit, "cases", format,
        lambda path, mark: write_rows(lists.HEADINGS, lists.rows(found.rows, known), path, title="整治台账", mark=mark),
        list="cases", rows=len(found.rows),
    )  # fmt: skip


@router.post("/api/cases", summary="Open a case by hand", status_code=201, tags=["Cases"], dependencies=_CASE)
def open_(audit: Audit, given: CaseIn) -> dict[str, Any]:
    """Open a case of a house and return it; a judgement of severe or some, or an appraisal of C or D, opens one of itself."""
    with transaction(audit.identity) as connection:
        row = events.open_case(connection, given.building_id, given.new("open", given.kind))
        audit.append(
            connection, Action.CASE_OPENED, f"case {row['case_id']}", house=row["building_id"], kind=given.kind
        )
        return _whole(connection, row["case_id"])


@router.get(
    "/api/cases/{case_id}",
    summary="A case with its history and what may be done next",
    tags=["Cases"],
    dependencies=_READ,
)
def one(connection: Reading, case_id: CaseId) -> dict[str, Any]:
    """Return the case, its events in order, and the steps that the asker may take now."""
    return _whole(connection, case_id)


@router.post(
    "/api/cases/{case_id}/events", summary="Take a step of a case", status_code=201, tags=["Cases"], dependencies=_CASE
)
def step(audit: Audit, case_id: CaseId, given: EventIn) -> dict[str, Any]:
    """Add an event and return the case as it stands then; 409 where it cannot be done now, 403 where it is another's."""
    what = given.what or ""
    with transaction(audit.identity) as connection:
        row = events.add(connection, case_id, given.new(given.kind, what))
        about = {"kind": given.kind, "what": what, "seq": row["seq"], "house": row["building_id"]}
        audit.append(connection, Action.CASE_STEPPED, f"case {case_id}", **about)
        whole = _whole(connection, case_id)
    forget_versions()  # a house that was demolished leaves the maps
    return whole


@router.get(
    "/api/cases/{case_id}/plan.{format}", summary="The plan of a case as docx or PDF", tags=["Cases"], response_class=Response,
    responses=PAPERS, dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def plan(audit: Audit, case_id: CaseId, format: Literal["docx", "pdf"]) -> Response:
    """Return the plan (一栋一策) with the number under which it is filed."""
    with transaction(audit.identity, read_only=True) as connection:
        made = read_remedy(connection, case_id)
    return paper(audit, f"case-{case_id}-plan", format, print_remedy(made, format), case=case_id)


@router.get("/cases", include_in_schema=False, dependencies=_READ)
def cases_page(
    request: Request,
    connection: Reading,
    identity: CurrentUser,
    asked: Asked,
    offset: Offset = 0,
    all_uses: bool = False,
) -> HTMLResponse:
    """Return the ledger: of operating houses, unless all uses are asked for."""
    shown = find.Filter(**(vars(asked) | {"operating": not all_uses}))
    values = cases_values(connection, shown, offset, language(request), may_export=identity.may(Right.EXPORT))
    return page(request, "cases.html", identity=identity, **values)


@router.get("/cases/{case_id}", include_in_schema=False, dependencies=_READ)
def case_page(request: Request, connection: Reading, identity: CurrentUser, case_id: CaseId) -> HTMLResponse:
    """Return a case: its house, its history, and what the asker may do next."""
    may_step = identity.may(Right.CASE)
    values = case_values(connection, case_id, language(request), may_step=may_step)
    return page(request, "case.html", identity=identity, **values)
