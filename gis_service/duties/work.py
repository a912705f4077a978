"""What is to be done by today, and which visits found a severe hazard; one statement for lists, counts and files (``gis.work``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gis_service.cases.lists import measures_said
from gis_service.cases.rules import Rules
from gis_service.codelists import HAZARD_TIER, USE_CLASS
from gis_service.db.queries import statement

KIND = {
    "control": ("应采取管控措施而未采取", "controls due and not in force"),
    "overdue": ("整治逾期", "rectification overdue"),
    "check": ("停业检查到期", "stopped business due for a check"),
    "review": ("等待审核", "waiting for review"),
    "patrol": ("巡查到期", "patrol due"),
    "inspect": ("计划应排查", "to be inspected by the plan"),
    "proposal": ("排查更正待确认", "proposals to decide"),
}
"""Kinds of work, in the order in which they are shown."""
LISTED_MAX = 500
EXPORT_MAX = 100_000
HEADINGS = (
    "事项", "房屋编号", "名称", "地址", "填报单位", "村", "安全隐患", "房屋用途", "应于", "超过天数", "整治台账号", "缺少的措施",
    "模拟数据",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Whose work: of places (codes of units, villages or grid cells; None is all that the asker sees), of a department."""

    places: tuple[str, ...] | None = None
    department: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """As ``gis.work`` takes them."""
        return {"places": None if self.places is None else list(self.places), "department": self.department}


def counts(connection: Connection, asked: Asked) -> dict[str, dict[str, Any]]:
    """Return by kind: ``number``, of it ``severe``, and ``first``, the day since which the oldest is due."""
    rows = connection.execute(text(statement("duties.counts")), asked.values).mappings()
    found = {row["kind"]: {"number": row["number"], "severe": row["severe"], "first": row["first"]} for row in rows}
    return {kind: found.get(kind, {"number": 0, "severe": 0, "first": None}) for kind in KIND}


def listed(
    connection: Connection, asked: Asked, kind: str | None = None, limit: int = 100, offset: int = 0
) -> list[dict[str, Any]]:
    """Return what is to be done: houses with severe hazards first, then what is longest due; ``lon``, ``lat`` in EPSG:4326."""
    values = asked.values | {"kind": kind, "limit": limit, "offset": offset}
    return [dict(row) for row in connection.execute(text(statement("duties.items")), values).mappings()]


def rewards(connection: Connection, limit: int = LISTED_MAX) -> list[dict[str, Any]]:
    """Return the visits that led to a judgement of severe, with the account that reported each (融政规〔2022〕6号 二(四)2)."""
    return [dict(row) for row in connection.execute(text(statement("duties.rewards")), {"limit": limit}).mappings()]


def rows_of(items: list[dict[str, Any]], known: Rules) -> Iterator[tuple[Any, ...]]:
    """Return rows under ``HEADINGS``; ``known`` has the words of controls."""
    for row in items:
        yield (
            KIND[row["kind"]][0], row["building_id"], row["name"], row["address"], row["unit"] or row["unit_code"],
            row["village"], HAZARD_TIER[row["hazard_tier"]], USE_CLASS.get(row["use_class"], row["use_class"]), row["due_on"],
            row["late_days"], row["case_id"], "；".join(measures_said(row["missing"] or (), known)),
            "是" if row["simulated"] else "否",
        )  # fmt: skip
