"""A house: its facts in one order, each with its label, and its codes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gis_service.codelists import APPRAISAL_GRADE, BUSINESS_USE, FIRE_CLASS, HAZARD_TIER, STRUCTURE, USE_CLASS
from gis_service.facts import duty


def _plain(value: Any) -> str:
    return str(value)


@dataclass(frozen=True)
class Fact:
    """One column of a house.

    Attributes
    ----------
    zh, en
        Its label: of a row in a popup, of a column in a table.
    words
        Chinese names of its codes; in English a code is said as it is.
    text
        How a value that is no code is written in a popup, with its unit.

    """

    zh: str
    en: str
    words: Mapping[str, str] | None = None
    text: Callable[[Any], str] = _plain

    def label(self, *, zh: bool) -> str:
        """Return the label in the reader's language."""
        return self.zh if zh else self.en

    def worded(self, value: Any, *, zh: bool) -> Any:
        """Return the value with codes in words; a number stays a number, a list a list, None None."""
        if self.words is None or not zh or value is None:
            return value
        # A county's own value that this process has not read yet is said as it is.
        return [self.words.get(v, v) for v in value] if isinstance(value, list) else self.words.get(value, value)

    def said(self, value: Any, *, zh: bool) -> str:
        """Return the value as a popup shows it; empty where there is none."""
        if value is None or value in ("", []):
            return ""
        known = self.worded(value, zh=zh)
        return ("；" if zh else "; ").join(known) if isinstance(known, list) else self.text(known)


HOUSE: Mapping[str, Fact] = {
    "building_id": Fact("房屋编号", "house"),
    "name": Fact("名称", "name"),
    "address": Fact("地址", "address"),
    "township": Fact("乡镇", "township"),
    "village": Fact("村（社区）", "village"),
    "score": Fact("优先分", "score", text=lambda v: f"{v:g}"),
    "hazard_tier": Fact("安全隐患", "hazard", HAZARD_TIER),
    "appraisal_grade": Fact("鉴定等级", "appraisal", APPRAISAL_GRADE),
    "use_class": Fact("房屋用途", "use", USE_CLASS),
    "business_uses": Fact("经营用途", "business uses", BUSINESS_USE),
    "floors": Fact("层数", "storeys"),
    "people": Fact("人数", "people"),
    "structure": Fact("结构类型", "structure", STRUCTURE),
}
"""Columns of ``gis.house_card`` and of a selection, in the order in which they are told."""

REACH: Mapping[str, Fact] = {
    "cluster": Fact("连片区", "cluster"),
    "hose_m": Fact("水带距离", "hose", text=lambda v: f"{v:.0f} m"),
    "depth": Fact("进深", "depth"),
    "nearest_gap_m": Fact("最近间距", "nearest gap", text=lambda v: f"{v:.2f} m"),
}
"""What a density run found of it."""

UNREACHED = ("水带不可达", "no hose reaches it")

FACTS: Mapping[str, Fact] = {**HOUSE, "duty": Fact(*duty.LABEL), **REACH}
FOR_THE_BRIGADE = ("building_id", "hose_m", "depth", "nearest_gap_m", "floors", "structure", "use_class", "hazard_tier")
"""Of a house in a cluster the brigade is told how to come to it and how it burns."""


def said(row: Mapping[str, Any], column: str, *, zh: bool) -> str:
    """Return one fact of a house as a popup, a list or a sheet says it; empty where it is not known."""
    if column == "hose_m" and row.get("unreached"):
        return UNREACHED[0 if zh else 1]
    if column == "duty":
        return duty.duty(row, zh=zh)
    value = row.get(column)
    if column == "cluster" and not value and row.get("cluster_id") is not None:
        value = f"#{row['cluster_id']}"
    return FACTS[column].said(value, zh=zh)


def title(row: Mapping[str, Any]) -> str:
    """Return what a house is called: by its name, or else by its number."""
    return str(row.get("name") or row["building_id"])


def facts(row: Mapping[str, Any], *, zh: bool, columns: Iterable[str] = FACTS) -> dict[str, Any]:
    """Return the title and the labelled rows of a house; what is not known of it has no row."""
    told = ((FACTS[column].label(zh=zh), said(row, column, zh=zh)) for column in columns if column != "name")
    return {"title": title(row), "rows": [[label, value] for label, value in told if value]}


SURVEY: tuple[tuple[tuple[str, str], tuple[tuple[str, Fact, str | None], ...]], ...] = (
    (
        ("基本情况", "Basics"),
        (
            ("building_id", Fact("房屋编号", "number"), None),
            ("name", Fact("名称", "name"), None),
            ("address", Fact("地址", "address"), None),
            ("unit", Fact("填报单位", "reporting unit"), None),
            ("village", Fact("村（社区）", "village"), None),
            ("declared_areas", Fact("所在区域", "area as ticked"), "declared_areas"),
            ("land", Fact("土地性质", "land"), "land"),
            ("ownership", Fact("产权性质", "ownership"), "ownership"),
        ),
    ),
    (
        ("建设情况", "Construction"),
        (
            ("built_year", Fact("建成年份", "built in"), None),
            ("built_period", Fact("建成时间", "built"), None),
            ("floors", Fact("层数", "storeys"), None),
            ("height_m", Fact("高度", "height", text=lambda v: f"{v:g} m"), None),
            ("area_m2", Fact("建筑面积", "floor area", text=lambda v: f"{v:,.1f} m²"), None),
            (
                "footprint_m2",
                Fact("占地面积（按轮廓）", "footprint of the outline", text=lambda v: f"{v:,.1f} m²"),
                None,
            ),
            ("structure", Fact("结构类型", "structure"), "structure"),
            ("fire_class", Fact("耐火等级", "fire class", FIRE_CLASS), None),
            ("design", Fact("设计方式", "design"), "design"),
            ("builder", Fact("建造方式", "builder"), "builder"),
            ("alterations", Fact("改扩建", "alterations"), "alterations"),
            ("altered_on", Fact("改扩建时间", "altered on"), None),
            ("removed_on", Fact("拆除时间", "removed on"), None),
        ),
    ),
    (
        ("使用情况", "Use"),
        (
            ("use_class", Fact("房屋用途", "use", USE_CLASS), None),
            ("business_uses", Fact("经营用途", "business uses"), "business_uses"),
            ("people", Fact("人数", "people"), None),
            ("departments", Fact("行业主管部门", "departments"), "departments"),
        ),
    ),
    (
        ("手续与隐患", "Papers and hazards"),
        (
            ("permits", Fact("建设手续", "permits"), "permits"),
            ("licences", Fact("经营手续", "licences"), "licences"),
            ("violations", Fact("违法情况", "violations"), "violations"),
            ("geohazards", Fact("地质灾害", "geohazards"), "geohazards"),
            ("fire_hazards", Fact("消防隐患", "fire hazards"), "fire_hazards"),
        ),
    ),
)
"""The survey's columns as the page and the sheet of a house show them: group, column, fact, code list."""

UNSURVEYED = ("未调查", "not surveyed")
NONE = ("无", "none")
_LISTS_OF_OLD = frozenset({"business_uses", "departments", "alterations"})
# What everybody has or nobody asks: it has no line where it is empty.
_QUIET = frozenset({"name", "height_m", "built_period", "fire_class", "altered_on", "removed_on", "village"})


def survey_said(row: Mapping[str, Any], column: str, fact: Fact, words: Mapping[str, str] | None, *, zh: bool) -> str:
    """Return one column of the survey in words; null is not surveyed, an empty list is none.

    Empty where it needs no line. The older lists (uses, departments, alterations) do not tell the two apart.
    """
    at, value = (0 if zh else 1), row[column]
    if value is None:
        return "" if column in _QUIET else UNSURVEYED[at]
    if isinstance(value, list):
        if not value:
            return NONE[at] if column not in _LISTS_OF_OLD else "—"
        return ("；" if zh else "; ").join((words or {}).get(v, v) for v in value)
    if words is not None:
        return words.get(value, value)
    return fact.said(value, zh=zh)
