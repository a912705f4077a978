"""The kinds of jobs. What does one is named by its module, and loaded by the worker alone.

A kind's function takes a ``Task`` and returns its result, plain JSON; what it makes for people it writes to
``task.file(suffix)``. To add a kind: one line here, and the function in the room whose work it is.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from gis_service.identity import Right


def load(name: str) -> Callable[..., Any]:
    """Return a function by ``module:function``."""
    module, function = name.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


@dataclass(frozen=True)
class Kind:
    """What is known of a kind of job.

    Parameters
    ----------
    does
        ``module:function``.
    lane
        ``short``: seconds, in the worker itself, one after another; ``long``: minutes, in a process of its own.
    shared
        Whether whoever asks for the same, with the same eyes, of the same data, gets the same job.
    right
        Who may ask.
    person
        Whether what it makes may hold personal data: done with the asker's privilege, and given to none without it.

    """

    does: str
    lane: Literal["short", "long"]
    zh: str
    en: str
    right: Right
    shared: bool = False
    person: bool = False

    def load(self) -> Callable[..., dict[str, Any]]:
        """Return the function that does it."""
        return load(self.does)


CHORES = ("gis_service.attachments.check:check_waiting", "gis_service.cases.counts:add_up")
"""What the worker does unasked, beside its jobs, whenever it is woken: each returns how much it did."""

KINDS = {
    "fire_sheet": Kind("gis_service.sheet.job:fire_sheet", "short", "连片区图纸", "Sheet of a cluster", Right.EXPORT, shared=True),
    "wall_map": Kind("gis_service.sheet.job:wall_map", "short", "乡镇挂图", "Wall map of a township", Right.EXPORT, shared=True),
    "plan_file": Kind("gis_service.inspection.stored.job:plan_file", "short", "排查计划文件", "A plan as a file", Right.EXPORT),
    "day_sheets": Kind("gis_service.sheet.job:day_sheets", "short", "排查单", "Day sheets of a plan", Right.EXPORT),
    "statistics_pdf": Kind("gis_service.tables.job:statistics_pdf", "short", "分类统计表", "Statistics on paper", Right.EXPORT, shared=True),
    "offline_planner": Kind("web_map.job:planner", "short", "离线排查图", "Offline map of the list", Right.EXPORT, shared=True),
    "offline_fire": Kind("web_map.job:fire", "short", "离线消防图", "Offline map of clusters", Right.EXPORT, shared=True),
    "offline_township": Kind("web_map.job:township", "short", "离线乡镇图", "Offline map of a township", Right.EXPORT, shared=True),
    "list": Kind("gis_service.selection.job:list_file", "short", "名单文件", "A list as a file", Right.EXPORT),
    "plan": Kind("gis_service.inspection.stored.job:plan", "long", "编排排查计划", "Inspection plan", Right.PLAN),
    "analysis": Kind("gis_service.analysis.job:analysis", "long", "巷道和连片区分析", "Analysis of alleys and clusters", Right.OPERATE),
    "notices": Kind("gis_service.notices.job:notices", "long", "通知书", "Notices", Right.CASE, person=True),
    "replay": Kind("gis_service.demo.replay:replay_campaign", "long", "回放专项整治（模拟）", "Campaign replayed (simulated)", Right.ACCOUNTS),
    "import": Kind("gis_service.ingest.job:import_", "long", "导入数据", "Import of a file", Right.OPERATE),
}  # fmt: skip
