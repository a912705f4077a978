"""Tables by unit: the notice's annexes, statistics, the six steps; as data, page and file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import REPORTS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.api.http.texts import BLANK, Texts
from gis_service.api.routes.jobs import made as printed
from gis_service.db.day import day_asked
from gis_service.db.engine import transaction
from gis_service.identity import UNIT_CODE, Right, Role
from gis_service.tables import sheets, steps
from web_map.reports import steps_values, table_values

router = Router()
_HEAVY = [Depends(allow(Right.READ)), Depends(heavy)]
Day = Annotated[date | None, BLANK, Query(description="As of the end of which day")]
Operating = Annotated[bool, Query(description="Of operating houses alone (statistics)")]


class StepIn(Texts):
    """What a unit has done of the six steps; without a day it takes back what was said."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"unit_code": "451224101", "step": "team", "done_on": "2022-06-10", "proof": "东政发〔2022〕5号"}
            ]
        },
    )
    unit_code: str = Field(pattern=UNIT_CODE)
    step: Literal["team", "publicity", "training", "survey", "sort", "control"]
    done_on: date | None = None
    proof: str = Field(
        min_length=1, max_length=500, description="Number of a paper, where photographs or lists are kept"
    )


@router.get("/api/tables/{name}/rows", summary="A table by unit", tags=["Tables"], dependencies=_HEAVY)
def read(connection: Reading, name: sheets.Name, day: Day = None, operating: Operating = False) -> dict[str, Any]:
    """Return a table as it stood at the end of a day, of the houses that the asker may see."""
    made = sheets.make(connection, name, day_asked(day), operating=operating)
    return {
        "name": name, "day": made.day, "title": made.title,
        "sheets": [
            {"title": s.title, "headings": list(s.headings), "rows": [list(row) for row in s.rows], "notes": list(s.notes)}
            for s in made.sheets
        ],
    }  # fmt: skip


@router.get(
    "/api/tables/{name}", summary="A table by unit as a file", response_class=FileResponse, responses=REPORTS,
    tags=["Tables"], dependencies=[Depends(allow(Right.EXPORT)), Depends(heavy)],
)  # fmt: skip
async def export(
    request: Request, audit: Audit, name: sheets.Name, day: Day = None, operating: Operating = False,
    format: Literal["xlsx", "pdf"] = "xlsx",
) -> Response:  # fmt: skip
    """Download a table as it stood at the end of a day; the statistics as PDF, ten pages, are a job's work."""
    on = await run_in_threadpool(day_asked, day)
    if name == "statistics" and format == "pdf":
        return await printed(request, audit, "statistics_pdf", {"day": str(on), "operating": operating})
    return await run_in_threadpool(_export, audit, name, on, operating, format)


def _export(audit: AuditWriter, name: sheets.Name, on: date, operating: bool, suffix: str) -> FileResponse:
    with transaction(audit.identity, read_only=True) as connection:
        made = sheets.make(connection, name, on, operating=operating)
    return exported(
        audit, f"{name}-{on}", suffix, lambda path, mark: sheets.write(made, path, mark),
        table=name, day=str(on), operating=operating,
    )  # fmt: skip


@router.post(
    "/api/work-steps", summary="Say what a unit has done of the six steps", status_code=201, tags=["Tables"],
    dependencies=[Depends(allow(Right.JUDGE))],
)  # fmt: skip
def say_step(connection: Writing, audit: Audit, given: StepIn) -> dict[str, Any]:
    """Record a step of a unit, its own or, for the county's office, any; return its number."""
    number = steps.say(connection, given.unit_code, given.step, given.done_on, given.proof)
    audit.append(
        connection,
        Action.WORK_STEP_SAID,
        f"work step {number}",
        unit=given.unit_code,
        step=given.step,
        day=str(given.done_on),
    )
    return {"work_step_id": number}


@router.get("/tables", include_in_schema=False, dependencies=_HEAVY)
def tables_page(
    request: Request, connection: Reading, identity: CurrentUser, name: sheets.Name = "annex1", day: Day = None,
    all_uses: bool = False,
) -> HTMLResponse:  # fmt: skip
    """Return the page of the tables: of operating houses, unless all uses are asked for."""
    on, lang = day_asked(day), language(request)
    may_export = identity.may(Right.EXPORT)
    if name == "steps":
        may_say = identity.role in {Role.ADMINISTRATOR, Role.PLANNER, Role.TOWNSHIP}
        values = steps_values(
            steps.progress(connection, on), on, lang,
            may_export=may_export, may_say=may_say, may_count=identity.may(Right.PUBLISH),
        )  # fmt: skip
    else:
        made = sheets.make(connection, name, on, operating=not all_uses)
        values = table_values(made, lang, operating=not all_uses, may_export=may_export)
    return page(request, "tables.html", identity=identity, **values)
