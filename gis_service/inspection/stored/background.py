"""Make a plan beside the service: in a process of its own, since the solver does not let go of the interpreter."""

from __future__ import annotations

import contextlib
import multiprocessing

from gis_service.density.compute.executor import cores
from gis_service.errors import GisError
from gis_service.identity import Identity


def start(who: Identity, plan_id: int, version: int) -> multiprocessing.process.BaseProcess:
    """Begin to make the version of a plan; its state says when it is done, or why it failed."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(who, plan_id, version))
    process.start()
    return process


def _run(who: Identity, plan_id: int, version: int) -> None:
    from gis_service.inspection.stored.make import make_plan

    with contextlib.suppress(GisError):  # the version keeps the sentence
        make_plan(who, plan_id, version, workers=cores())
