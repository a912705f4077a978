"""The statistics on paper as a job: every house is counted for ten tables, once for whoever asks."""

from __future__ import annotations

from datetime import date
from typing import Any

from gis_service.db.engine import transaction
from gis_service.jobs.task import Task
from gis_service.tables.sheets import make, printed


def statistics_pdf(task: Task) -> dict[str, Any]:
    """Print the statistics of a day; who takes them away is stamped on them as they leave."""
    given = task.parameters
    day = date.fromisoformat(given["day"])
    task.step("统计", "counting", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        made = make(connection, "statistics", day, operating=given["operating"])
    task.step("排版", "setting the pages", 0.3)
    task.file(".pdf").write_bytes(printed(made))
    return {"name": f"statistics-{day}"}
