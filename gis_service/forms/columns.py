"""The columns of each sheet: headings, what stands in their notes, what may be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gis_service.cases.rules import FIELDS, Rules
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, JUDGEMENT_KIND, LISTS, USE_CLASS
from gis_service.errors import InputError
from gis_service.visits.answers import ON_SITE, OUTCOME, QUESTIONS

Name = Literal["visits", "judgements", "cases"]
NAMES: Mapping[Name, str] = {"visits": "到访", "judgements": "判定和鉴定", "cases": "案件办理"}
TIERS = {code: zh for code, zh in HAZARD_TIER.items() if code != "unjudged"}
GRADES = {code: zh for code, zh in APPRAISAL_GRADE.items() if code != "unknown"}
_YES = {"true": "是", "false": "否"}


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name
        What the value is in the service.
    choices
        Code to the word that is chosen in the cell; empty where anything may stand.
    many
        Whether several words stand in a cell, between ``；``.

    """

    name: str
    heading: str
    note: str
    needed: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    many: bool = False
    kind: str = "line"

    def code(self, written: str) -> str:
        """Return the code of a word that was chosen.

        Raises
        ------
        InputError
            The column has no such choice.

        """
        for code, word in self.choices.items():
            if written in (word, code):
                return code
        raise InputError(
            f"“{self.heading}”没有“{written[:30]}”这个选项；请从下拉列表选。",
            f"{self.heading} has no choice {written[:30]!r}; take one of the list.",
        )


def columns(name: Name, rules: Rules) -> list[Column]:
    """Return the columns of a sheet, in order."""
    if name == "cases":
        return _cases(rules)
    return _visits() if name == "visits" else _judgements()


def _visits() -> list[Column]:
    made = [
        Column("building_id", "房屋编号", "照抄，按文本填写", needed=True),
        Column("visited_at", "到访时间", "如 2022-09-08 09:30", needed=True, kind="time"),
        Column(
            "outcome", "到访情况", "从列表选", needed=True, choices={code: words[0] for code, words in OUTCOME.items()}
        ),
        Column("found", "现场判断", "从列表选；不是判定", choices=TIERS),
    ]
    for name in ON_SITE:
        question = QUESTIONS[name]
        many = question.kind == "codes"
        choices = USE_CLASS if name == "use_class" else LISTS.get(name, {})
        note = "多项用“；”隔开" if many else "整数" if question.kind == "integer" else "从列表选"
        made.append(Column(name, question.zh, note, choices=choices, many=many, kind=question.kind))
    return [*made, Column("note", "备注", "2000 字以内")]


def _judgements() -> list[Column]:
    return [
        Column("building_id", "房屋编号", "照抄，按文本填写", needed=True),
        Column("kind", "类型", "从列表选", needed=True, choices=JUDGEMENT_KIND),
        Column("value", "结论", "初步判定、复核选隐患分级；安全鉴定选等级", needed=True, choices=TIERS | GRADES),
        Column("judged_on", "日期", "如 2022-09-08", needed=True, kind="date"),
        Column("judge", "技术人员", "100 字以内"),
        Column("judge_unit", "技术人员单位", "200 字以内"),
        Column("institution", "鉴定机构", "名称；安全鉴定时填写"),
        Column("reason", "依据、原因", "2000 字以内"),
    ]


def _cases(rules: Rules) -> list[Column]:
    steps = {f"{rule.kind} {rule.what}".strip(): rule.said() for rule in rules.values() if rule.kind not in {"open", "correct"}
             and not {"refers", "evidence"} & set(rule.needs)}  # fmt: skip
    made = [
        Column("case_id", "案件编号", "见整治台账", needed=True, kind="integer"),
        Column("building_id", "房屋编号", "核对用：须与案件相符", needed=True),
        Column("step", "办理事项", "从列表选", needed=True, choices=steps),
        Column("on_day", "日期", "如 2022-09-08", needed=True, kind="date"),
    ]
    for name, known in FIELDS.items():
        if known.kind in {"photographs", "event"}:
            continue  # what needs a photograph or another event is entered at the case's page
        asked = "、".join(sorted({rule.said() for rule in rules.values() if name in rule.needs}))
        note = f"用于：{asked[:200]}" if asked else "可空"
        choices = _YES if known.kind == "boolean" else {}
        made.append(Column(name, known.zh, note, choices=choices, kind=known.kind))
    return made
