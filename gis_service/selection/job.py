"""A list as a file, as a job: thousands of houses take seconds to write, and whoever asked may leave the page."""

from __future__ import annotations

from typing import Any

from gis_service.db.engine import transaction
from gis_service.export.files import write_places
from gis_service.export.mark import Mark
from gis_service.jobs.task import Task
from gis_service.selection.lists import HEADINGS, Narrowed, selected_frame
from gis_service.selection.published import about
from gis_service.selection.select import names_of


def list_file(task: Task) -> dict[str, Any]:
    """Write a selection, narrowed as the page showed it, in the asker's name."""
    given = task.parameters
    narrowed = Narrowed(**given["narrowed"])
    task.step("读取名单", "reading the list", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        places = selected_frame(connection, given["run"], narrowed=narrowed)
        told = about(connection, given["run"])
        only = narrowed.sentence(names_of(connection, [narrowed.township, narrowed.village]))
    task.step(f"写入 {len(places):,} 栋", f"writing {len(places):,} houses", 0.3)
    state = "草稿" if told["published_at"] is None else "已发布"
    said = f"第 {given['run']} 号名单（{state}）：{told['sentence']}{f'只列{only}。' if only else ''}"
    write_places(
        places, task.file(f".{given['format']}"), title=told["name"] or "优先排查名单", headings=HEADINGS,
        mark=Mark(task.identity.account), said=said,
    )  # fmt: skip
    return {"name": f"selection-{given['run']}", "rows": len(places)}
