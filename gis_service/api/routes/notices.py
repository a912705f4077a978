"""Notices to owners, their service and lists; letters to units; templates; and the page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import ConfigDict, Field

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.bodies import Body
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOCX, DOWNLOADS, PAPERS, exported, paper
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy, takes
from gis_service.api.http.texts import BLANK, Line, Texts
from gis_service.api.routes.cases import Sha256, Tier, Unit
from gis_service.api.routes.jobs import _told
from gis_service.errors import InputError
from gis_service.export.rows import write_rows
from gis_service.identity import Right
from gis_service.jobs.ask import ask
from gis_service.notices import fields, find, issue, letters, print, texts
from gis_service.notices.texts import METHODS, template
from gis_service.paper import docx
from gis_service.paper.blocks import Document
from web_map.notices import notices_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_CASE = [Depends(allow(Right.CASE))]
NoticeId = Annotated[int, PathParameter(ge=1, le=2**62)]
Kind = Literal["appraise", "stop_use", "stop_business", "rectify"]
TemplateKind = Literal["appraise", "stop_use", "stop_business", "rectify", "remind", "talk"]
Code = Annotated[str, Field(pattern="^[A-Za-z0-9_]{1,40}$")]
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}}


def _asked(
    kind: Kind = "appraise",
    unit: Annotated[Unit | None, BLANK, Query()] = None,
    department: Annotated[Code | None, BLANK, Query()] = None,
    tier: Annotated[Tier | None, BLANK, Query()] = None,
    state: Annotated[Literal["none", "issued", "served"] | None, BLANK, Query()] = None,
) -> find.Filter:
    return find.Filter(kind, unit, department, tier, state)


Asked = Annotated[find.Filter, Depends(_asked)]


class NoticesIn(Texts):
    """Notices to be issued, one a house, or printed anew by their numbers in the database."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "appraise", "houses": ["YH451224000000001"], "number": "东自建房通〔2022〕", "first": 1, "until": "2022-09-25"}
            ]
        },
    )  # fmt: skip
    kind: Kind
    houses: list[Annotated[Line, Field(max_length=200)]] = Field(max_length=issue.HOUSES_MAX)
    number: Annotated[Line, Field(max_length=60)] = Field(description="What stands before the running number")
    first: int = Field(1, ge=1, le=999_999)
    until: date | None = None
    format: print.Format = "docx"


class AgainIn(Texts):
    """Notices of one kind to be printed anew."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ids": [1], "format": "pdf"}]})
    ids: list[Annotated[int, Field(ge=1, le=2**62)]] = Field(min_length=1, max_length=issue.HOUSES_MAX)
    format: print.Format = "docx"


class ServiceIn(Texts):
    """That a notice was served."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"served_on": "2022-09-08", "method": "直接送达", "receipt": ["0" * 64]}]},
    )
    served_on: date
    method: Literal["直接送达", "留置送达", "邮寄送达", "公告送达"] = METHODS[0]  # type: ignore[assignment]
    receipt: list[Sha256] = Field(min_length=1, max_length=30, description="Photographs of it, stored for the house")
    reason: str | None = Field(None, max_length=2000)


class LetterIn(Texts):
    """A letter to a unit: a reminder with its last day, a talk with when and where."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "remind", "unit_code": "451224104", "number": "东自建房函〔2022〕1号", "reason": "进度慢。", "due_on": "2022-09-25"}
            ]
        },
    )  # fmt: skip
    kind: Literal["remind", "talk"]
    unit_code: Unit
    number: Annotated[Line, Field(max_length=200)]
    reason: str = Field(min_length=1, max_length=2000)
    due_on: date | None = None
    meeting: Annotated[Line, Field(max_length=200)] | None = None
    step: Literal["judge", "control", "appraise", "rectify"] | None = Field(
        None, description="In which the unit is slow; a bulletin of that day on says so"
    )
    issued_on: date | None = Field(None, description="Today without one")


class DoneIn(Texts):
    """That a letter was received, or a talk held."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"done_on": "2022-09-08"}]})
    done_on: date
    note: str | None = Field(None, max_length=2000)


@router.get(
    "/api/notices",
    summary="Who is to have a notice, and who has",
    tags=["Notices"],
    dependencies=[*_READ, Depends(heavy)],
)
def listed(
    connection: Reading, asked: Asked, limit: Annotated[int, Query(ge=1, le=find.LISTED_MAX)] = 100
) -> dict[str, Any]:
    """Return the asker's houses that are to have a notice of a kind, each with its newest, and the counts by department."""
    rows = find.due(connection, asked, limit + 1)
    return {
        "items": rows[:limit],
        "truncated": len(rows) > limit,
        "departments": find.by_department(connection, asked.kind, asked.unit),
    }


@router.get(
    "/api/notices/export", summary="The list as a file", response_class=FileResponse, responses=DOWNLOADS, tags=["Notices"],
    dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def export(connection: Reading, audit: Audit, asked: Asked, format: Literal["xlsx", "csv"] = "xlsx") -> FileResponse:
    """Download the houses that were notified or not, with department, number, days of issue and service."""
    rows = find.due(connection, asked, find.EXPORT_MAX)
    offices = find.offices(connection)
    return exported(
        audit, "notices", format,
        lambda path, mark: write_rows(find.HEADINGS, find.lines(rows, offices), path, title=texts.PAPERS[asked.kind].zh, mark=mark),
        list="notices", kind=asked.kind, rows=len(rows),
    )  # fmt: skip


@router.post(
    "/api/notices",
    summary="Issue notices",
    status_code=202,
    tags=["Notices"],
    dependencies=[*_CASE, Depends(takes(200_000))],
)
def enter(request: Request, connection: Writing, identity: CurrentUser, given: NoticesIn) -> dict[str, Any]:
    """Ask for notices to be issued, all or none, and printed; the answer is the job, whose file has them and their receipts."""
    return _told(ask(connection, identity, "notices", given.model_dump(mode="json")), language(request))


@router.post("/api/notices/print", summary="Print notices anew", status_code=202, tags=["Notices"], dependencies=_CASE)
def again(request: Request, connection: Writing, identity: CurrentUser, given: AgainIn) -> dict[str, Any]:
    """Ask for the file of notices that were issued; the answer is the job."""
    return _told(ask(connection, identity, "notices", given.model_dump(mode="json")), language(request))


@router.get("/api/notices/{notice_id}", summary="A notice", tags=["Notices"], dependencies=_READ)
def one(connection: Reading, notice_id: NoticeId) -> dict[str, Any]:
    """Return a notice with its service."""
    return issue.one(connection, notice_id)


@router.post(
    "/api/notices/{notice_id}/service", summary="Record that a notice was served", status_code=201, tags=["Notices"], dependencies=_CASE
)  # fmt: skip
def serve(connection: Writing, audit: Audit, notice_id: NoticeId, given: ServiceIn) -> dict[str, Any]:
    """Record day, way and photographs of the receipt, and return the notice."""
    row = issue.serve(
        connection, notice_id, issue.Service(given.served_on, given.method, tuple(given.receipt), given.reason)
    )
    audit.append(connection, Action.SERVED, f"notice {notice_id}", house=row["building_id"])
    return row


@router.get("/api/letters", summary="Letters to units", tags=["Notices"], dependencies=_READ)
def letters_(connection: Reading) -> dict[str, Any]:
    """Return reminders and talks, the newest first, with when each was received or held."""
    return {"items": issue.rows_of(connection, "letters", letter_id=None)}


@router.post("/api/letters", summary="Write to a unit", status_code=201, tags=["Notices"], dependencies=_CASE)
def write(connection: Writing, audit: Audit, given: LetterIn) -> dict[str, Any]:
    """Store a reminder or an invitation to a talk, as the county's office, and return it."""
    row = letters.write_letter(connection, letters.Letter(**given.model_dump()))
    audit.append(connection, Action.LETTER_WRITTEN, f"letter {row['letter_id']}", kind=given.kind, unit=given.unit_code)
    return row


@router.post(
    "/api/letters/{notice_id}/done",
    summary="Record that a letter is done",
    status_code=201,
    tags=["Notices"],
    dependencies=_CASE,
)
def done(connection: Writing, audit: Audit, notice_id: NoticeId, given: DoneIn) -> dict[str, Any]:
    """Record that a reminder was received or a talk held, and return the letter."""
    row = letters.end_letter(connection, notice_id, given.done_on, given.note)
    audit.append(connection, Action.LETTER_WRITTEN, f"letter {notice_id}", done=str(given.done_on))
    return row


@router.get(
    "/api/letters/{notice_id}/{format}", summary="A letter as docx or PDF", tags=["Notices"], response_class=Response,
    responses=PAPERS, dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def letter(connection: Reading, audit: Audit, notice_id: NoticeId, format: print.Format) -> Response:
    """Return the file of a letter."""
    papers = print.of_letter(connection, letters.one_letter(connection, notice_id))
    return paper(audit, f"letter-{notice_id}", format, print.write(papers, format, receipts=False), letter=notice_id)


@router.get(
    "/api/templates/{kind}", summary="A template as docx", tags=["Notices"], response_class=Response,
    responses={200: {"content": {DOCX: {}}}}, dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def read_template(connection: Reading, audit: Audit, kind: TemplateKind) -> Response:
    """Return the county's template of a kind, or ours, to be changed and given back."""
    own = print.own_template(connection, kind)
    made = own or docx.write(Document(texts.PAPERS[kind].zh, template(kind), "2022-01-01", numbered=False))
    return paper(audit, f"template-{kind}", "docx", made)


@router.post(
    "/api/templates/{kind}", summary="Give a template of the county's own", status_code=201, tags=["Notices"], openapi_extra=_SENT,
    dependencies=[*_CASE, Depends(takes(fields.BYTES_MAX, file=True))],
)  # fmt: skip
def keep_template(request: Request, connection: Writing, audit: Audit, kind: TemplateKind) -> dict[str, Any]:
    """Keep the body (docx) as the county's template of a kind, and return the fields that it names."""
    upload: Body | None = getattr(request.state, "upload", None)
    if upload is None or upload.file is None or not upload.size:
        raise InputError("没有收到模板。", "No template came.")
    named = letters.keep_template(connection, kind, upload.file.read_bytes())
    audit.append(connection, Action.TEMPLATE_KEPT, kind, fields=sorted(named))
    return {"kind": kind, "fields": sorted(named)}


@router.post(
    "/api/templates/{kind}/reset",
    summary="Go back to our template",
    status_code=201,
    tags=["Notices"],
    dependencies=_CASE,
)
def reset_template(connection: Writing, audit: Audit, kind: TemplateKind) -> dict[str, Any]:
    """Take the county's own template of a kind out of use."""
    letters.keep_template(connection, kind, None)
    audit.append(connection, Action.TEMPLATE_KEPT, kind, fields=[])
    return {"kind": kind, "fields": []}


@router.get("/notices", include_in_schema=False, dependencies=[*_READ, Depends(heavy)])
def notices_page(request: Request, connection: Reading, identity: CurrentUser, asked: Asked) -> HTMLResponse:
    """Return who is to be notified, who was, and what was served; whoever issues notices makes them here."""
    return page(
        request, "notices.html", identity=identity, **notices_values(connection, asked, language(request), identity)
    )
