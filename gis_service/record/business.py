"""May a house be used for business? Yes, no, or unknown, with every reason and the clause that it stands on.

No: an appraisal of C or D, a hazard without a passed appraisal since, no passed appraisal after the deadline, a control in
force, a violation, a house that is gone. Unknown: what must be known is not. Passed (鉴定合格) is a grade A or B, not
withdrawn, on or after the last alteration. For who licenses (行政审批) and who inspects (市场监管).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER, word
from gis_service.db.queries import statement

Answer = Literal["yes", "no", "unknown"]
ANSWER: Mapping[Answer, tuple[str, str]] = {
    "yes": ("可以", "yes"),
    "no": ("不可以", "no"),
    "unknown": ("待定", "unknown"),
}
_CONTROL = "东兰方案 二(二)"
_APPRAISE = "东兰方案 二(二)；融政规〔2022〕6号 二(四)1"
_LEGAL = "融政规〔2022〕6号 二(四)3"


@dataclass(frozen=True)
class Reason:
    """One reason: what it says for the answer, in both languages, and its clause."""

    says: Answer
    code: str
    zh: str
    en: str
    clause: str = ""

    def said(self, lang: str) -> str:
        """Return the reason in ``lang``."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True)
class Verdict:
    """The answer of a day, and every reason for it, the weightiest first."""

    answer: Answer
    day: date
    reasons: tuple[Reason, ...]

    def said(self, lang: str) -> str:
        """Return the answer in ``lang``."""
        return ANSWER[self.answer][1 if lang == "en" else 0]


def verdict(house: Mapping[str, Any], day: date, controls: Iterable[str] = ()) -> Verdict:
    """Return whether a house may be used for business on ``day``.

    Parameters
    ----------
    house
        Columns of ``record.business``: hazard_tier and tier_on, appraisal_grade and grade_on, alterations and altered_on,
        violations (None: not surveyed), removed_on, appraise_by (the first deadline of an appraisal, None without one).
    controls
        Controls in force (停止使用, 停止经营, …), in Chinese.

    """
    found = [*_gone(house, day), *_appraisal(house, day), *_hazard(house), *_controls(controls), *_violations(house)]
    order: tuple[Answer, ...] = ("no", "unknown", "yes")
    found.sort(key=lambda reason: order.index(reason.says))
    answer: Answer = next((a for a in order if any(reason.says == a for reason in found)), "unknown")
    return Verdict(answer, day, tuple(found))


def _gone(house: Mapping[str, Any], day: date) -> list[Reason]:
    gone = house["removed_on"]
    if gone is None or gone > day:
        return []
    return [Reason("no", "removed", f"房屋已于 {gone} 拆除", f"the house is gone since {gone}")]


def passed(house: Mapping[str, Any]) -> bool | None:
    """Return whether the appraisal in force is passed; None where the day of an alteration is not known."""
    if house["appraisal_grade"] not in ("A", "B"):
        return False
    if house["altered_on"] is not None:
        return bool(house["grade_on"] >= house["altered_on"])
    return None if house["alterations"] else True


def _appraisal(house: Mapping[str, Any], day: date) -> list[Reason]:
    grade, on, due = house["appraisal_grade"], house["grade_on"], house["appraise_by"]
    if grade in ("C", "D"):
        return [
            Reason(
                "no", "grade", f"鉴定为 {grade} 级危房（{on}）", f"appraised {grade} on {on}: a dangerous house", _APPRAISE
            )
        ]  # fmt: skip
    state = passed(house)
    if state:
        return [Reason("yes", "passed", f"鉴定合格：{grade} 级（{on}）", f"passed: grade {grade} on {on}", _APPRAISE)]
    if state is None:
        return [
            Reason(
                "unknown", "alteration_undated", f"鉴定 {grade} 级（{on}），但改扩建时间不详，不能判断鉴定是否在其后",
                f"grade {grade} on {on}, but when the house was altered is not known", _APPRAISE,
            )
        ]  # fmt: skip
    if grade in ("A", "B"):
        missing = (f"鉴定 {grade} 级（{on}）早于 {house['altered_on']} 的改扩建，须重新鉴定",
                   f"grade {grade} of {on} is older than the alteration of {house['altered_on']}")  # fmt: skip
    else:
        missing = ("没有鉴定合格证明", "there is no passed appraisal")
    if due is None:
        return [Reason("unknown", "not_appraised", f"{missing[0]}；没有适用的鉴定期限", f"{missing[1]}; no deadline applies", _APPRAISE)]  # fmt: skip
    if day > due:
        return [
            Reason(
                "no", "deadline", f"{missing[0]}，鉴定期限 {due} 已过", f"{missing[1]}, and the deadline was {due}", _APPRAISE
            )
        ]  # fmt: skip
    return [
        Reason("unknown", "before_deadline", f"{missing[0]}，须在 {due} 前完成鉴定", f"{missing[1]}; it is due by {due}", _APPRAISE)
    ]  # fmt: skip


def _hazard(house: Mapping[str, Any]) -> list[Reason]:
    tier, on = house["hazard_tier"], house["tier_on"]
    if tier == "unjudged":
        return [Reason("unknown", "unjudged", "尚未初步判定", "not judged yet", _CONTROL)]
    if tier == "none_found":
        return []
    if passed(house) and house["grade_on"] >= on:
        return []  # the appraisal answered the hazard
    return [
        Reason(
            "no", "hazard", f"{HAZARD_TIER[tier]}（{on}），须停止使用并鉴定",
            f"a hazard ({tier}) since {on}: out of use until it is appraised", _CONTROL,
        )
    ]  # fmt: skip


def _controls(controls: Iterable[str]) -> list[Reason]:
    return [
        Reason("no", "control", f"管控措施在执行：{one}", f"a control is in force: {one}", _CONTROL) for one in controls
    ]


def _violations(house: Mapping[str, Any]) -> list[Reason]:
    if house["violations"] is None:
        return [Reason("unknown", "violations_unknown", "违法违规情况没有调查", "violations were not surveyed", _LEGAL)]
    return [
        Reason("no", "violation", word("violations", code), f"violation: {code}", _LEGAL)
        for code in house["violations"]
    ]


def of_house(connection: Connection, building_id: str, day: date) -> Verdict | None:
    """Return the verdict of a house on ``day``; None where the asker sees no such house."""
    rows = _read(connection, day, building_id, None)
    return verdict(rows[0], day, rows[0]["controls"]) if rows else None


def county_list(connection: Connection, day: date, unit: str | None = None) -> list[dict[str, Any]]:
    """Return every operating house that the asker may see with its ``verdict``, by unit and number."""
    return [row | {"verdict": verdict(row, day, row["controls"])} for row in _read(connection, day, None, unit)]


def _read(connection: Connection, day: date, building_id: str | None, unit: str | None) -> list[dict[str, Any]]:
    values = {"day": day, "building_id": building_id, "unit": unit}
    return [dict(row) for row in connection.execute(text(statement("record.business")), values).mappings()]
