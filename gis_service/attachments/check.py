"""Look photographs through after they were stored: decode each whole, and draw what others see. The worker's part.

A photograph is taken in by its header, so that whoever stands before a house waits for the disk alone. Until it was
looked through its state is ``waiting``, and nothing of it is shown; then ``checked``, or ``unreadable`` for good.
"""

from __future__ import annotations

import hashlib

import structlog
from sqlalchemy import text

from gis_service.attachments import store
from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.errors import GisError

log = structlog.get_logger("gis_service.attachments")

_AT_ONCE = 50


def check_waiting() -> int:
    """Look through all photographs that wait, the first stored first, and return how many were; a file that is missing waits on."""
    looked = 0
    after = {"recorded_at": None, "sha256": ""}
    while True:
        with get_engine("owner").connect() as connection:
            rows = (
                connection.execute(text(statement("attachments.waiting")), {**after, "limit": _AT_ONCE})
                .mappings()
                .all()
            )
        if not rows:
            return looked
        for row in rows:
            after = {"recorded_at": row["recorded_at"], "sha256": row["sha256"]}
            state = _state_of(row["sha256"])
            if state is None:
                log.warning("a photograph is not in the data folder", sha256=row["sha256"])
                continue
            with get_engine("owner").begin() as connection:
                connection.execute(text(statement("attachments.checked")), {"sha256": row["sha256"], "state": state})
            looked += 1


def _state_of(sha256: str) -> str | None:
    """Decode one photograph and keep what others see of it; None where its file is missing."""
    try:
        content = store.path_of(sha256).read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        return "unreadable"
    try:
        store.keep_drawn(sha256, content)  # which decodes it whole
    except GisError as error:
        log.warning("a photograph cannot be read", sha256=sha256, reason=error.message("en"))
        return "unreadable"
    return "checked"
