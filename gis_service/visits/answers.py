"""What is asked before a house: columns of ``gis.building`` (``gis.surveyed_fields``), and which answers they take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, text

from gis_service.codelists import USE_CLASS
from gis_service.db.queries import statement
from gis_service.errors import InputError

OUTCOME = {
    "visited": ("已排查", "visited"),
    "absent": ("无人", "nobody there"),
    "refused": ("拒绝", "refused"),
    "gone": ("房屋已拆", "house gone"),
    "wrong": ("信息有误", "wrong information"),
}
"""How a visit went; the same codes stand in the QField package of a plan."""

Kind = Literal["line", "integer", "code", "codes", "date"]


@dataclass(frozen=True)
class Question:
    """A column: its words, what it takes, and the largest number."""

    zh: str
    en: str
    kind: Kind
    least: int = 0
    most: int = 0


QUESTIONS = {
    "floors": Question("层数", "storeys", "integer", 1, 100),
    "structure": Question("结构类型", "structure", "code"),
    "use_class": Question("房屋用途", "use", "code"),
    "business_uses": Question("经营用途", "business uses", "codes"),
    "people": Question("人数", "people", "integer", 0, 100_000),
    "alterations": Question("改扩建", "alterations", "codes"),
    "altered_on": Question("改扩建日期", "altered on", "date"),
    "fire_hazards": Question("消防隐患", "fire hazards", "codes"),
    "geohazards": Question("地质灾害", "geohazards", "codes"),
    "violations": Question("违法情况", "violations", "codes"),
    "licences": Question("经营手续", "licences", "codes"),
    "permits": Question("建设手续", "permits", "codes"),
    "declared_areas": Question("所在区域", "declared area", "codes"),
    "land": Question("土地性质", "land", "code"),
    "design": Question("设计方式", "design", "code"),
    "builder": Question("建造方式", "builder", "code"),
    "ownership": Question("产权性质", "ownership", "code"),
    "built_year": Question("建成年份", "built in", "integer", 1000, 2200),
    "name": Question("名称", "name", "line"),
    "address": Question("地址", "address", "line"),
}

ON_SITE = (
    "floors", "use_class", "business_uses", "people", "structure", "alterations", "fire_hazards", "geohazards", "violations",
)  # fmt: skip
"""What is asked at every visit, on the phone and on the sheet; the rest stands in the record and is asked in the office."""


def checked(connection: Connection, answers: dict[str, Any]) -> dict[str, Any]:
    """Return answers as they are stored.

    Raises
    ------
    InputError
        A question is not one of the form's, or an answer is none of those that it takes.

    """
    if not answers:
        return {}
    codes = {(row.list, row.code) for row in connection.execute(text(statement("visits.codes")))}
    codes |= {("use_class", code) for code in USE_CLASS}
    return {name: _checked(name, value, codes) for name, value in answers.items()}


def _checked(name: str, value: Any, codes: set[tuple[str, str]]) -> Any:
    question = QUESTIONS.get(name)
    if question is None:
        raise InputError(
            f"没有问题“{name[:40]}”；可用：{'、'.join(QUESTIONS)}。",
            f"There is no question {name[:40]!r}; use {', '.join(QUESTIONS)}.",
        )
    if question.kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int) or not question.least <= value <= question.most:
            raise InputError(
                f"“{question.zh}”应为 {question.least} 到 {question.most} 的整数。",
                f"{question.en}: a whole number from {question.least} to {question.most} is expected.",
            )
        return value
    if question.kind == "codes":
        given = value if isinstance(value, list) else [value]
        for one in given:
            _code(name, question, one, codes)
        return sorted(set(given))
    if question.kind == "code":
        return _code(name, question, value, codes)
    if question.kind == "date":
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError as error:
            raise InputError(
                f"“{question.zh}”应为日期，如 2022-09-08。", f"{question.en}: a date like 2022-09-08 is expected."
            ) from error
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        raise InputError(
            f"“{question.zh}”应为 200 字以内的一行文字。",
            f"{question.en}: one line of at most 200 characters is expected.",
        )
    return value.strip()


def _code(name: str, question: Question, value: Any, codes: set[tuple[str, str]]) -> str:
    if not isinstance(value, str) or (name, value) not in codes:
        raise InputError(
            f"“{question.zh}”没有“{str(value)[:30]}”这个选项。", f"{question.en} has no choice {str(value)[:30]!r}."
        )
    return value
