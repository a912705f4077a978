"""Files to keep: made in a folder of their own that goes when they are sent, with the media type of their format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter
from gis_service.export.mark import Mark
from gis_service.paper.package import marked
from gis_service.sheet.stamp import stamp

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Said here and not guessed: what a machine guesses hangs on the machine.
MEDIA = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".docx": DOCX,
    ".pdf": "application/pdf",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
}
PAPERS: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA[".docx"]: {}, MEDIA[".pdf"]: {}}}}
"""Of documents."""
DOWNLOADS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA[suffix]: {} for suffix in (".xlsx", ".csv", ".geojson", ".gpkg")}}
}
"""Of lists and tables."""
REPORTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA[suffix]: {} for suffix in (".xlsx", ".docx", ".pdf")}}
}
"""Of bulletins and the tables of reports."""
GOES_ON: dict[int | str, dict[str, Any]] = {202: {"description": "It takes long: the job that goes on"}}
"""Of what a job makes, beside the file."""


def paper(audit: AuditWriter, stem: str, suffix: str, made: bytes, **facts: Any) -> Response:
    """Return a document (``docx`` or ``pdf``) that says in itself who takes it away and when; the trail says so too."""
    mark = Mark(audit.identity.account)
    name = f"{stem}-{mark.stem}.{suffix}"
    audit.record(Action.EXPORTED, name, **facts)
    content = stamp(made, mark) if suffix == "pdf" else marked(made, mark.account, mark.note())
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=MEDIA[f".{suffix}"], headers=headers)


def exported(
    audit: AuditWriter, stem: str, suffix: str, write: Callable[[Path, Mark], object], **facts: Any
) -> FileResponse:
    """Have a file written, tell the audit log, and return the answer that sends it and then removes it.

    Parameters
    ----------
    stem, suffix
        Of its name, which also says who takes it and when.
    write
        Writes it to a path, with the mark of the export; where it fails, nothing is left.
    facts
        What the audit log keeps of it.

    """
    folder = tempfile.TemporaryDirectory(prefix="gis-export-")
    mark = Mark(audit.identity.account)
    path = Path(folder.name) / f"{stem}-{mark.stem}.{suffix}"
    try:
        write(path, mark)
    except BaseException:
        folder.cleanup()
        raise
    audit.record(Action.EXPORTED, path.name, **facts)
    return FileResponse(
        path, filename=path.name, media_type=MEDIA[path.suffix], background=BackgroundTask(folder.cleanup)
    )
