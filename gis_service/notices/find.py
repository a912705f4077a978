"""Who is to have a notice, who has, whose was served; by department."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER
from gis_service.notices.issue import rows_of

LISTED_MAX = 500
EXPORT_MAX = 100_000
STATE = {
    "none": ("未通知", "not notified"),
    "issued": ("已发未送达", "issued, not served"),
    "served": ("已送达", "served"),
}
HEADINGS = (
    "房屋编号", "名称", "填报单位", "村", "地址", "行业主管部门", "安全隐患", "鉴定等级", "通知情况", "文号", "发出日期", "期限", "送达日期",
    "送达方式", "模拟数据",
)  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """Which houses are asked for: those due a notice of a kind, by unit, department, tier, and how far theirs is."""

    kind: str
    unit: str | None = None
    department: str | None = None
    tier: str | None = None
    state: str | None = None


def state_of(row: dict[str, Any]) -> str:
    """Return how far a house's notice is."""
    return "none" if row["notice_id"] is None else "issued" if row["served_on"] is None else "served"


def due(connection: Connection, asked: Filter, limit: int = LISTED_MAX) -> list[dict[str, Any]]:
    """Return the houses, severe hazards first, each with its newest notice of the kind."""
    return rows_of(connection, "due", **vars(asked), limit=limit)


def by_department(connection: Connection, kind: str, unit: str | None = None) -> list[dict[str, Any]]:
    """Return how many are due, notified and served by department; null is a house of none."""
    return rows_of(connection, "by_department", kind=kind, unit=unit)


def offices(connection: Connection) -> dict[str, str]:
    """Return the departments as the county calls them."""
    return {row["code"]: row["office"] or row["zh"] for row in rows_of(connection, "offices")}


def lines(rows: list[dict[str, Any]], names: dict[str, str]) -> Iterator[tuple[Any, ...]]:
    """Return the houses as rows of a sheet (``HEADINGS``)."""
    for row in rows:
        yield (
            row["building_id"], row["name"], row["unit"] or row["unit_code"], row["village"], row["address"],
            "；".join(names.get(d, d) for d in row["departments"]), HAZARD_TIER[row["hazard_tier"]],
            APPRAISAL_GRADE[row["appraisal_grade"]], STATE[state_of(row)][0], row["number"], row["issued_on"], row["due_on"],
            row["served_on"], row["method"], "是" if row["simulated"] else "否",
        )  # fmt: skip
