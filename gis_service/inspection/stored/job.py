"""A plan, made and written to a file as a job."""

from __future__ import annotations

from typing import Any

from gis_service.db.engine import transaction
from gis_service.density.compute.executor import cores
from gis_service.export.mark import Mark
from gis_service.inspection.stored.export import write_plan
from gis_service.inspection.stored.make import make_plan
from gis_service.jobs.task import Task

_STAGES = 2


def plan(task: Task) -> dict[str, Any]:
    """Make the version of a plan that was begun (``plan_id``, ``version``)."""
    plan_id, version = int(task.parameters["plan_id"]), int(task.parameters["version"])
    begun = 0

    def step(zh: str, en: str) -> None:
        nonlocal begun
        task.step(zh, en, begun / _STAGES)
        begun += 1

    make_plan(task.identity, plan_id, version, workers=cores(), on_progress=step)
    task.say(f"第 {plan_id} 号计划第 {version} 版已排成。", f"Version {version} of plan {plan_id} is made.")
    return {"plan_id": plan_id, "version": version}


def plan_file(task: Task) -> dict[str, Any]:
    """Write a version of a plan that the asker may see (``plan``, ``version``, ``format``)."""
    given = task.parameters
    task.step("写入计划", "writing the plan", 0.1)
    with transaction(task.identity, read_only=True) as connection:
        write_plan(
            connection, given["plan"], given["version"], task.file(f".{given['format']}"), Mark(task.identity.account)
        )
    return {"name": f"plan-{given['plan']}-v{given['version']}"}
