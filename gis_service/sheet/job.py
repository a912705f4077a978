"""Sheets as jobs: made once for all who ask with the same eyes; who takes one away is stamped on it as it leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

from gis_service.db.engine import transaction
from gis_service.export.mark import Mark
from gis_service.jobs.task import Task
from gis_service.sheet import plan, township
from gis_service.sheet.fire import print_sheet, read_sheet_data

NOBODY = Mark("见页脚")
"""In place of the exporter where a sheet is stamped later."""


def fire_sheet(task: Task) -> dict[str, Any]:
    """Print the sheet of a dense cluster."""
    given = task.parameters
    task.step("读取数据、绘图", "reading, drawing", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        values = read_sheet_data(connection, given["cluster"], given["run"], given["paper"], NOBODY)
    task.step("排版", "setting the pages", 0.4)
    made = print_sheet(values | {"exported": "导出者见页脚"})
    task.file(".pdf").write_bytes(made)
    return {"name": f"fire-{given['cluster']}-{given['paper']}"}


def wall_map(task: Task) -> dict[str, Any]:
    """Print a township's hazard map for the wall."""
    code = task.parameters["township"]
    task.step("读取数据、绘图", "reading, drawing", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        values = township.read_sheet_data(connection, code, NOBODY)
    task.step("排版", "setting the pages", 0.4)
    task.file(".pdf").write_bytes(township.print_wall_map(values))
    return {"name": f"township-{code}"}


def day_sheets(task: Task) -> dict[str, Any]:
    """Print the day sheets of a plan, or write them as a workbook, which nobody stamps later."""
    given = task.parameters
    day = date.fromisoformat(given["day"]) if given["day"] else None
    printed = given["format"] == "pdf"
    task.step("读取数据、绘图", "reading, drawing", 0.05)
    with transaction(task.identity, read_only=True) as connection:
        values = plan.read_sheet_data(
            connection, given["plan"], given["version"], given["team"], day,
            NOBODY if printed else Mark(task.identity.account),
        )  # fmt: skip
    task.step(f"排版 {len(values['sheets'])} 张", f"setting {len(values['sheets'])} sheets", 0.4)
    made = plan.print_sheets(values | {"exported": ""}) if printed else plan.workbook(values)
    task.file(f".{given['format']}").write_bytes(made)
    return {"name": f"plan-{given['plan']}-{given['day'] or 'days'}"}
