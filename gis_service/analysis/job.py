"""The analysis as a job."""

from __future__ import annotations

from typing import Any

from gis_service.analysis.command import analyse
from gis_service.density.params import Params
from gis_service.jobs.task import Task
from gis_service.say import hear


def analysis(task: Task) -> dict[str, Any]:
    """Analyse the county, or what was edited (``changed_only``); return the run and counts of its rows."""
    given = task.parameters
    hear(task.step)
    try:
        run_id, counts = analyse(Params(), changed_only=bool(given.get("changed_only")))
    finally:
        hear(None)
    task.say(
        f"第 {run_id} 号分析：{counts['buildings']:,} 栋，{counts['clusters']:,} 个连片区。",
        f"Density run {run_id}: {counts['buildings']:,} buildings, {counts['clusters']:,} clusters.",
    )
    return {"run_id": run_id, **counts}
