"""A house: its facts in one order, each with its label, and its codes in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gis_service.codelists import APPRAISAL_GRADE, BUSINESS_USE, HAZARD_TIER, STRUCTURE, USE_CLASS


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

FACTS: Mapping[str, Fact] = {**HOUSE, **REACH}
FOR_THE_BRIGADE = ("building_id", "hose_m", "depth", "nearest_gap_m", "floors", "structure", "use_class", "hazard_tier")
"""Of a house in a cluster the brigade is told how to come to it and how it burns."""


def said(row: Mapping[str, Any], column: str, *, zh: bool) -> str:
    """Return one fact of a house as a popup, a list or a sheet says it; empty where it is not known."""
    if column == "hose_m" and row.get("unreached"):
        return UNREACHED[0 if zh else 1]
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
