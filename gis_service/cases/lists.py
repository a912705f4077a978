"""The ledger (整治台账) as plain rows; no personal data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gis_service.cases.rules import Rules, kind_said, state_said
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, USE_CLASS

HEADINGS = (
    "案件编号", "房屋编号", "名称", "填报单位", "村（社区）", "地址", "房屋用途", "类别", "状态", "安全隐患", "鉴定等级", "立案日期",
    "完成时限", "逾期", "责任人", "在执行的措施", "尚缺的管控", "等待审核", "销号依据", "状态变化日期", "轮次", "前案编号", "模拟数据",
)  # fmt: skip


def rows(found: Iterable[dict[str, Any]], known: Rules) -> Iterator[tuple[Any, ...]]:
    """Yield cases under ``HEADINGS``."""
    for row in found:
        submitted = known.get((row["submitted"], "")) if row["submitted"] == "submit_acceptance" else None
        waits = "" if row["submitted"] is None else submitted.zh if submitted else "提交销号"
        basis = known.get(("submit_clearance", row["basis"])) if row["basis"] else None
        yield (
            row["case_id"], row["building_id"], row["name"], row["unit"] or row["unit_code"], row["village"], row["address"],
            USE_CLASS[row["use_class"]], kind_said(row["kind"]), state_said(row["state"]), HAZARD_TIER[row["hazard_tier"]],
            APPRAISAL_GRADE[row["appraisal_grade"]], str(row["opened_on"]), None if row["deadline"] is None else str(row["deadline"]),
            "是" if row["overdue"] else "否", row["responsible"], "；".join(measures_said(row["measures"], known)),
            "；".join(measures_said(row["missing"], known)), waits, basis.zh if basis else row["basis"], str(row["moved_on"]),
            row["round"], row["reopens"], "是" if row["simulated"] else "否",
        )  # fmt: skip


def measures_said(codes: Iterable[str], known: Rules, lang: str = "zh") -> list[str]:
    """Return the names of measures; a stop of business is a step of its own."""
    found = []
    for code in codes:
        rule = known.get(("measure", code)) or known.get((code, ""))
        found.append(code if rule is None else rule.en if lang == "en" else rule.zh)
    return found
