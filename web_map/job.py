"""Offline files as jobs: made once for all who ask with the same eyes; the exporter's note is put in as one leaves."""

from __future__ import annotations

import html
from typing import Any

from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.jobs.task import Task
from web_map.fire import fire_page
from web_map.frame import Page, render
from web_map.planner import planner_page
from web_map.township import township_page

_PLACE = "\ue000exporter\ue000"
"""Where the note will stand: characters that no text of ours or of a file has (private use)."""


def planner(task: Task) -> dict[str, Any]:
    """Make the planner's map as one file."""
    given = task.parameters
    task.step("读取数据", "reading", 0.05)
    with transaction(task.identity) as connection:
        page = planner_page(connection, given["run"], offline=True, lang=given["lang"])
    return _write(task, page, "planner")


def fire(task: Task) -> dict[str, Any]:
    """Make the map of one dense cluster as one file."""
    given = task.parameters
    task.step("读取数据", "reading", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        page = fire_page(connection, given["run"], given["cluster"], offline=True, lang=given["lang"])
    return _write(task, page, f"fire-{given['cluster']}")


def township(task: Task) -> dict[str, Any]:
    """Make a township's map as one file."""
    given = task.parameters
    task.step("读取数据", "reading", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        page = township_page(connection, given["township"], offline=True, lang=given["lang"])
    return _write(task, page, f"township-{given['township']}")


def _write(task: Task, page: Page, name: str) -> dict[str, Any]:
    task.step("写成一个文件", "writing one file", 0.6)
    page.notes.append(_PLACE)
    task.file(".html").write_text(render(page, nonce=None), encoding="utf-8")
    return {"name": name, "lang": page.lang}


def noted(made: str, mark: Mark, lang: str) -> str:
    """Return an offline file with the exporter's note in its place."""
    return made.replace(_PLACE, html.escape(mark.note(lang)))
