"""Sheets to fill in: downloaded, sent back, and given back with what is wrong in each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from sqlalchemy import Connection

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.bodies import MB, Body
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.downloads import DOWNLOADS, exported
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import takes
from gis_service.api.routes.judgements import Unit
from gis_service.api.routes.tiles import forget_versions
from gis_service.errors import InputError
from gis_service.forms.columns import NAMES, Name
from gis_service.forms.fill import write_back, write_template
from gis_service.forms.read import Read, load
from gis_service.identity import Right
from web_map.forms import form_values

router = Router()
RIGHTS: dict[Name, Right] = {"visits": Right.VISIT, "judgements": Right.JUDGE, "cases": Right.CASE}
"""Who may send which sheet back."""
LeaveOut = Annotated[bool, Query(description="Leave out rows that cannot be used, and load the others")]
_SHEET: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": _SHEET}}}


@router.get("/forms", include_in_schema=False, dependencies=[Depends(allow(Right.READ))])
def forms_page(request: Request, identity: CurrentUser) -> HTMLResponse:
    """Return the page of the sheets that the asker may send back."""
    mine = [name for name, right in RIGHTS.items() if identity.may(right)]
    return page(request, "forms.html", identity=identity, **form_values(mine, language(request)))


@router.get(
    "/api/forms/{name}", summary="A sheet to fill in", response_class=FileResponse, responses=DOWNLOADS, tags=["Forms"],
    dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def template(connection: Reading, audit: Audit, name: Name, unit: Unit = None) -> FileResponse:
    """Download a workbook with drop-downs and notes; of cases with the asker's open ones."""
    return exported(
        audit, f"form-{name}", "xlsx", lambda path, mark: write_template(connection, name, path, mark, unit), form=name
    )


@contextmanager
def _sheet(request: Request) -> Iterator[Path]:
    """Yield the file that came under a name that says what it is: readers of workbooks go by it."""
    upload: Body | None = getattr(request.state, "upload", None)
    if upload is None or upload.file is None:
        raise InputError("没有收到文件；请发送填好的 xlsx。", "No file came; send the workbook that was filled in.")
    named = upload.file.with_suffix(".xlsx")
    named.hardlink_to(upload.file)
    try:
        yield named
    finally:
        named.unlink(missing_ok=True)


def _load(request: Request, connection: Connection, audit: AuditWriter, name: Name, *, leave_out: bool) -> Read:
    with _sheet(request) as sheet:
        told = load(connection, name, sheet, leave_out=leave_out)
    if not told.rejected or leave_out:
        counts = {"loaded": told.loaded, "unchanged": told.unchanged, "rejected": told.rejected}
        audit.append(connection, Action.IMPORTED, f"form {name}", form=name, **counts)
        forget_versions()
    return told


def _offer(name: Name) -> None:
    """Make the two routes by which a sheet comes back."""
    rules = [Depends(allow(RIGHTS[name])), Depends(takes(8 * MB, file=True))]

    @router.post(
        f"/api/forms/{name}", summary=f"Send a filled-in sheet of {name} back", name=f"load_{name}", tags=["Forms"],
        openapi_extra=_SENT, dependencies=rules,
    )  # fmt: skip
    def send(request: Request, connection: Writing, audit: Audit, leave_out: LeaveOut = False) -> dict[str, Any]:
        """Load all rows, or none: with a row that cannot be used the answer is 422 and says every fault."""
        told = _load(request, connection, audit, name, leave_out=leave_out)
        faults = [{"row": n, "reason": fault} for n, fault in zip(told.numbers, told.faults, strict=True) if fault]
        if faults and not leave_out:
            raise InputError(
                f"{len(faults)} 行不能使用，没有导入任何一行；{faults[0]['reason']}",
                f"{len(faults)} rows cannot be used, nothing was loaded; the first: {faults[0]['reason']}",
                faults=faults[:500],
            )
        return {
            "read": len(told.rows), "loaded": told.loaded, "unchanged": told.unchanged, "rejected": told.rejected,
            "faults": faults[:500],
        }  # fmt: skip

    @router.post(
        f"/api/forms/{name}/checked", summary=f"The rows of a sheet of {name} that cannot be used, each with its reason",
        name=f"check_{name}", tags=["Forms"], openapi_extra=_SENT, response_class=FileResponse, responses=DOWNLOADS,
        dependencies=rules,
    )  # fmt: skip
    def check(request: Request, connection: Writing, audit: Audit) -> FileResponse:
        """Try the sheet, load nothing, and return the same sheet with a column that says why."""
        with _sheet(request) as sheet:
            work = connection.begin_nested()
            told = load(connection, name, sheet, leave_out=False)
            work.rollback()
        return exported(
            audit,
            f"form-{name}-checked",
            "xlsx",
            lambda path, mark: write_back(told, path, mark),
            form=name,
            rows=told.rejected,
        )


for _name in NAMES:
    _offer(_name)
