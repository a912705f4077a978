"""Lists of houses for offices, as plain rows; no personal data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, USE_CLASS, word

BUSINESS_HEADINGS = (
    "房屋编号", "名称", "填报单位", "村（社区）", "地址", "房屋用途", "经营用途", "能否用作经营", "原因", "安全隐患", "判定日期",
    "鉴定等级", "鉴定日期", "截至日期", "模拟数据",
)  # fmt: skip


def business_rows(found: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the county's list of use for business under ``BUSINESS_HEADINGS``; reasons with their clauses."""
    for row in found:
        verdict = row["verdict"]
        reasons = "；".join(r.zh + (f"〔{r.clause}〕" if r.clause else "") for r in verdict.reasons)
        yield (
            row["building_id"], row["name"], row["unit"] or row["unit_code"], row["village"], row["address"],
            USE_CLASS[row["use_class"]], "；".join(word("business_uses", u) for u in row["business_uses"]),
            verdict.said("zh"), reasons, HAZARD_TIER[row["hazard_tier"]], _day(row["tier_on"]),
            APPRAISAL_GRADE[row["appraisal_grade"]], _day(row["grade_on"]), str(verdict.day),
            "是" if row["simulated"] else "否",
        )  # fmt: skip


def _day(value: Any) -> str | None:
    return None if value is None else str(value)
