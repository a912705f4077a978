"""A plan, made as a job."""

from __future__ import annotations

from typing import Any

from gis_service.density.compute.executor import cores
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
