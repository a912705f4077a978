"""Jobs: how far they are, their files, cancelling; analyses and imports that are asked for."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import Depends, Form, Path, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter
from gis_service.api.http.authorisation import Audit, CurrentUser, allow, forbidden
from gis_service.api.http.bodies import Body
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import MEDIA
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import takes
from gis_service.db.engine import transaction
from gis_service.errors import ConflictError, GisError, InputError, NotFoundError, SetupError
from gis_service.export.mark import Mark
from gis_service.identity import Identity, Right, Role
from gis_service.jobs import ask, worker
from gis_service.jobs.ask import Job
from gis_service.jobs.kinds import KINDS
from gis_service.paper.package import marked
from gis_service.settings import get_settings
from gis_service.sheet.stamp import stamp
from web_map.job import noted

router = Router()
_READ = [Depends(allow(Right.READ))]
_OPERATE = [Depends(allow(Right.OPERATE))]

JobId = Annotated[int, Path(ge=1, le=2**62)]
_MEDIA = MEDIA | {".html": "text/html; charset=utf-8"}
_UPLOADED = re.compile(r"[^\x00-\x1f/\\]{1,150}")
_SUFFIXES = {".gpkg", ".geojson", ".json", ".zip", ".kml", ".kmz", ".parquet", ".csv", ".xlsx"}
_REFUSALS: dict[int, type[GisError]] = {404: NotFoundError, 422: InputError, 503: SetupError}
_COUNTS = {
    "run_id": "分析编号", "buildings": "房屋", "pairs": "间距", "alleys": "巷道", "clusters": "连片区", "read": "读取",
    "loaded": "新增", "unchanged": "未变", "updated": "更新", "rejected": "拒绝", "import_id": "导入编号", "notices": "通知书",
}  # fmt: skip
_LONG = {"upload", "houses", "ids"}
"""What of a job's parameters the trail need not repeat with each file."""
_PATIENCE_S = 25.0
_LOOK_S = 0.15


class AnalysisIn(BaseModel):
    """What to analyse."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"changed_only": True}]})
    changed_only: bool = True


class ImportIn(BaseModel):
    """What the file is, and how it is to be read."""

    kind: Literal["buildings", "zones", "boundaries", "roads", "hydrants", "water"]
    name: str = Field(min_length=1, max_length=150, description="The file's name; its end says its format")
    layer: str | None = Field(None, max_length=100, description="Layer or sheet")
    crs: str | None = Field(None, max_length=300, description="CRS of the file, for example EPSG:4545")
    datum: Literal["cgcs2000", "wgs84", "gcj02", "bd09"] | None = None
    encoding: str = Field("", max_length=40)
    dry_run: bool = Field(False, description="Check only, write nothing")


def _told(job: Job, lang: str) -> dict[str, Any]:
    return {
        "job_id": job.job_id, "kind": job.kind, "title": job.title(lang), "state": job.state, "done": round(job.done, 3),
        "said": job.said(lang), "asked_at": job.asked_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "result": job.result, "file": f"/api/jobs/{job.job_id}/file" if job.state == "done" and job.file else None,
    }  # fmt: skip


@router.get("/api/jobs", summary="One's own jobs, the newest first", tags=["Jobs"], dependencies=_READ)
def listed(request: Request, connection: Reading, identity: CurrentUser) -> dict[str, Any]:
    """Return the asker's newest jobs."""
    found = ask.listed(connection, identity.account, 101)
    return {"items": [_told(job, language(request)) for job in found[:100]], "truncated": len(found) > 100}


@router.get("/api/jobs/{job_id}", summary="One job, with its log", tags=["Jobs"], dependencies=_READ)
def one(request: Request, connection: Reading, job_id: JobId) -> dict[str, Any]:
    """Return how a job stands and what it said."""
    lang = language(request)
    job = ask.one(connection, job_id)
    said = ask.lines(connection, job_id)
    log = [{"at": at.isoformat(), "said": en if lang == "en" else zh} for at, zh, en in said]
    return {**_told(job, lang), "log": log}


@router.post("/api/jobs/{job_id}/cancel", summary="Cancel a job", tags=["Jobs"], dependencies=_READ)
def cancel(request: Request, connection: Writing, job_id: JobId) -> dict[str, Any]:
    """Cancel a job that waits or runs."""
    return _told(ask.cancel(connection, job_id), language(request))


@router.post(
    "/api/analyses", status_code=202, summary="Analyse alleys and clusters", tags=["Jobs"], dependencies=_OPERATE
)
def analyse(given: AnalysisIn, request: Request, connection: Writing, identity: CurrentUser) -> dict[str, Any]:
    """Ask for an analysis; the answer is its job."""
    return _told(ask.ask(connection, identity, "analysis", given.model_dump()), language(request))


@router.post(
    "/api/imports", status_code=202, summary="Import a file, sent as the body", tags=["Jobs"],
    dependencies=[*_OPERATE, Depends(takes(get_settings().upload_max_bytes, file=True))],
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)  # fmt: skip
def import_(
    request: Request, connection: Writing, identity: CurrentUser, given: Annotated[ImportIn, Query()]
) -> dict[str, Any]:
    """Take a file to disk and ask for its import; with ``dry_run`` it is checked only. The answer is the job."""
    body: Body | None = getattr(request.state, "upload", None)
    suffix = FilePath(given.name).suffix.lower()
    if not _UPLOADED.fullmatch(given.name) or suffix not in _SUFFIXES:
        raise InputError(
            f"文件名应以 {'、'.join(sorted(_SUFFIXES))} 之一结尾（shp 请打成 zip）。",
            f"The file's name ends in one of {', '.join(sorted(_SUFFIXES))} (a shapefile as zip).",
        )
    if body is None or body.file is None or not body.size:
        raise InputError("没有收到文件。", "No file came.")
    held = ask.folder() / f"upload-{secrets.token_hex(12)}{suffix}"
    body.file.rename(held)
    try:
        asked = {**given.model_dump(), "upload": held.name}
        return _told(ask.ask(connection, identity, "import", asked), language(request))
    except BaseException:
        held.unlink(missing_ok=True)
        raise


@router.get(
    "/api/jobs/{job_id}/file", summary="What a job made", tags=["Jobs"], response_class=Response,
    dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def file(connection: Reading, audit: Audit, job_id: JobId) -> Response:
    """Return a job's file, with the name of whoever takes it and the moment in it."""
    return deliver(ask.one(connection, job_id), audit)


def deliver(job: Job, audit: AuditWriter) -> Response:
    """Return a done job's file for whoever takes it away: it says so, and so does the trail.

    Raises
    ------
    NotFoundError, ForbiddenError, GisError
        It has none, or no more; its kind is not theirs to ask for; the job failed, and this is why.

    """
    kind = KINDS.get(job.kind)
    if kind is not None and not audit.identity.may(kind.right):
        raise forbidden(kind.right)
    if job.parameters.get("person") and (job.account != audit.identity.account or not audit.identity.may(Right.PERSON)):
        # Whoever sees the job does not see whose houses it names.
        raise forbidden(Right.PERSON)
    if job.state in {"failed", "lost", "cancelled"}:
        raise _REFUSALS.get((job.result or {}).get("status", 0), ConflictError)(job.said("zh"), job.said("en"))
    path = ask.folder() / job.file if job.state == "done" and job.file else None
    if path is None or not path.exists():
        raise NotFoundError("这个任务没有文件，或文件已过期删除，请重新生成。",
                            "This job has no file, or it was removed; ask for it again.")  # fmt: skip
    mark = Mark(audit.identity.account)
    name = f"{(job.result or {}).get('name', f'job-{job.job_id}')}-{mark.stem}{path.suffix}"
    audit.record(Action.EXPORTED, name, job=job.job_id, **{k: v for k, v in job.parameters.items() if k not in _LONG})
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    if path.suffix == ".pdf":
        return Response(stamp(path.read_bytes(), mark), media_type=_MEDIA[".pdf"], headers=disposition)
    if path.suffix == ".html":
        made = noted(path.read_text(encoding="utf-8"), mark, str((job.result or {}).get("lang", "zh")))
        return HTMLResponse(made, headers=disposition)
    if path.suffix == ".docx":
        return Response(
            marked(path.read_bytes(), mark.account, mark.note()), media_type=_MEDIA[".docx"], headers=disposition
        )
    return FileResponse(path, filename=name, media_type=_MEDIA[path.suffix])


async def made(request: Request, audit: AuditWriter, kind: str, parameters: dict[str, Any]) -> Response:
    """Answer with what a shared job makes: at once where it is there, else when the worker has made it.

    Where that takes longer than a person waits, a browser is sent to the job's page, and a program is told of the job.
    """
    identity = audit.identity
    job = await run_in_threadpool(_ask, identity, kind, parameters)
    if not job.over and not await run_in_threadpool(worker.has_worker):
        # No worker beside this process, as in a test: done here, one at a time.
        await run_in_threadpool(worker.run_one, KINDS[kind].lane, job.job_id)
    until, pause = time.monotonic() + _PATIENCE_S, _LOOK_S
    while True:
        job = await run_in_threadpool(_look, identity, job.job_id)
        if job.over or time.monotonic() > until or await request.is_disconnected():
            break
        await asyncio.sleep(pause)
        pause = min(1.3 * pause, 1.0)
    if job.over:
        return await run_in_threadpool(deliver, job, audit)
    if "text/html" in request.headers.get("accept", ""):
        lang = "&lang=en" if language(request) == "en" else ""
        return RedirectResponse(f"/jobs/{job.job_id}?going=1{lang}", 303)
    return JSONResponse(_told(job, language(request)), 202, headers={"Location": f"/api/jobs/{job.job_id}"})


def _ask(identity: Identity, kind: str, parameters: dict[str, Any]) -> Job:
    with transaction(identity) as connection:
        return ask.ask(connection, identity, kind, parameters)


def _look(identity: Identity, job_id: int) -> Job:
    with transaction(identity, read_only=True) as connection:
        return ask.one(connection, job_id)


# Pages.


@router.get("/jobs", include_in_schema=False, dependencies=_READ)
def jobs_page(request: Request, identity: CurrentUser) -> Response:
    """Return the page of one's own jobs; the administrator's shows all."""
    return _page(request, identity)


def _page(request: Request, identity: Identity, status: int = 200, error: str | None = None) -> Response:
    everything = identity.role is Role.ADMINISTRATOR
    with transaction(identity, read_only=True) as connection:
        found = ask.listed(connection, None if everything else identity.account)
    return page(
        request, "jobs.html", status, identity=identity, jobs=found, error=error, worker=worker.has_worker(),
        busy=any(not job.over for job in found), may_operate=identity.may(Right.OPERATE), may_all=everything,
    )  # fmt: skip


@router.get("/jobs/{job_id}", include_in_schema=False, dependencies=_READ)
def job_page(request: Request, identity: CurrentUser, job_id: JobId, going: bool = False) -> Response:
    """Return the page of one job, which renews itself until the job has ended."""
    with transaction(identity, read_only=True) as connection:
        job = ask.one(connection, job_id)
        said = ask.lines(connection, job_id)
    zh = language(request) == "zh"
    counts = {
        _COUNTS[name] if zh else name: f"{value:,}"
        for name, value in (job.result or {}).items()
        if name in _COUNTS and isinstance(value, int)
    }
    return page(
        request, "job.html", identity=identity, job=job, lines=said, result=counts, going=going, error=None,
        may_all=identity.role is Role.ADMINISTRATOR,
    )  # fmt: skip


@router.post("/jobs/analysis", include_in_schema=False, dependencies=_OPERATE)
def analyse_by_form(request: Request, identity: CurrentUser, changed_only: Annotated[bool, Form()] = True) -> Response:
    """Ask for an analysis and show its job."""
    try:
        job = _ask(identity, "analysis", {"changed_only": changed_only})
    except GisError as error:
        return _page(request, identity, error.status, error.message(language(request)))
    return RedirectResponse(f"/jobs/{job.job_id}{'?lang=en' if language(request) == 'en' else ''}", 303)


@router.post("/jobs/{job_id}/cancel", include_in_schema=False, dependencies=_READ)
def cancel_by_form(request: Request, identity: CurrentUser, job_id: JobId) -> Response:
    """Cancel a job and show what is left."""
    try:
        with transaction(identity) as connection:
            ask.cancel(connection, job_id)
    except GisError as error:
        return _page(request, identity, error.status, error.message(language(request)))
    return RedirectResponse(f"/jobs{'?lang=en' if language(request) == 'en' else ''}", 303)
