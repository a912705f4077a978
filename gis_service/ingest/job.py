"""An import as a job: of a file that was uploaded, which is removed when the job ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.ingest.importer import Options, import_file
from gis_service.jobs.ask import folder
from gis_service.jobs.task import Task


def import_(task: Task) -> dict[str, Any]:
    """Import the uploaded file; return the counts of ``Summary``. Rows that are not taken go into the job's file."""
    given = task.parameters
    held = folder() / Path(given["upload"]).name
    stages = iter((0.0, 0.3, 0.6, 0.9))
    try:
        options = Options(
            layer=given.get("layer"), crs=given.get("crs"), datum=given.get("datum"),
            encoding=given.get("encoding") or "", rejects=task.file(".csv"), dry_run=bool(given.get("dry_run")),
        )  # fmt: skip
        summary = import_file(given["kind"], held, options, lambda zh, en: task.step(zh, en, next(stages, 0.9)))
    finally:
        held.unlink(missing_ok=True)
    for zh, en in summary.notes:
        task.say(zh, en)
    counts = {name: getattr(summary, name) for name in ("read", "loaded", "unchanged", "updated", "rejected")}
    if not options.dry_run:
        audit_log.record(task.identity, Action.IMPORTED, given["name"], kind=given["kind"], **counts)
    return {**counts, "crs": summary.crs, "import_id": summary.import_id, "dry_run": options.dry_run}
