"""One job while it is done: who asked, what for, how far it is, what it says."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.errors import GisError
from gis_service.identity import Identity
from gis_service.jobs.ask import folder


class CancelledError(GisError):
    """Whoever asked for the job has cancelled it."""

    code = "cancelled"
    status = 409


class Task:
    """What a kind's function works with.

    Parameters
    ----------
    job_id, parameters
        The job, and what was asked.
    identity
        In whose name it is done; with personal data for kinds that say so alone (``Kind.person``), and by the asker's privilege.

    """

    def __init__(self, job_id: int, parameters: dict[str, Any], identity: Identity) -> None:
        self.job_id, self.parameters, self.identity = job_id, parameters, identity
        self.made: Path | None = None
        self.cancelled = False

    def file(self, suffix: str) -> Path:
        """Return the file to write what the job makes to; its owner alone reads it."""
        self.made = folder() / f"{self.job_id}-{secrets.token_hex(8)}{suffix}"
        return self.made

    def step(self, zh: str, en: str, done: float) -> None:
        """Tell which stage begins and which share is done.

        Raises
        ------
        CancelledError
            The job was cancelled.

        """
        if self.cancelled:
            raise CancelledError("任务已取消。", "The job was cancelled.")
        tell("jobs.step", job_id=self.job_id, zh=zh, en=en, done=min(max(done, 0.0), 1.0))

    def say(self, zh: str, en: str) -> None:
        """Write a line of the job's log."""
        tell("jobs.say", job_id=self.job_id, zh=zh, en=en)


def tell(name: str, **values: Any) -> list[Any]:
    """Run a named statement as the owner, in a transaction of its own, and return its rows."""
    with get_engine("owner").begin() as connection:
        done = connection.execute(text(statement(name)), values)
        return list(done.mappings()) if done.returns_rows else []
