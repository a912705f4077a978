"""Attributes of a house that may be asked for as they were surveyed: its place, its uses, its tier, its storeys.

They give no points: what makes a house urgent are the notice's rules (``rules``) and the key zones. The notice's
重点区域, 重点场所 and 重点房屋 are of operating houses (融政规〔2022〕6号 二(二)2), its survey of all houses (二(一)1);
``operating`` asks for the former.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from gis_service.codelists import APPRAISAL_GRADE, BUSINESS_USE, HAZARD_TIER, OPERATING, STRUCTURE, USE_CLASS
from gis_service.db.models import AdminArea, Building


@dataclass(frozen=True)
class Attribute:
    """One column of a house that a list may be asked by.

    ``words`` is its closed list with Chinese names; a column without one holds codes of places (``place``), whole
    numbers (``number``), or is a yes-or-no question of its own.
    """

    name: str
    zh: str
    en: str
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    place: bool = False
    number: bool = False
    unit_zh: str = ""
    unit_en: str = ""

    @property
    def column(self) -> ColumnElement[Any]:
        """The column of ``gis.building``."""
        return cast("ColumnElement[Any]", getattr(Building, "use_class" if self.name == "operating" else self.name))

    def met(self, values: tuple[str, ...], low: int | None, high: int | None) -> ColumnElement[bool]:
        """Return what a house must be; nothing that is unknown of it meets a condition."""
        if self.name == "operating":
            return self.column.in_(OPERATING)
        if self.number:
            bounds = [
                *([self.column >= low] if low is not None else []),
                *([self.column <= high] if high is not None else []),
            ]
            return and_(true(), *bounds)
        if self.name == "business_uses":
            return self.column.op("&&")(literal(list(values), ARRAY(Text)))
        return self.column.in_(values)

    def value(self) -> ColumnElement[Any]:
        """Return what a house has there, as JSON; a place by its name."""
        if self.place:
            name = select(AdminArea.name).where(AdminArea.code == self.column).correlate(Building).scalar_subquery()
            return func.to_jsonb(func.coalesce(name, self.column))
        return func.to_jsonb(self.column)

    def title(self, lang: str) -> str:
        """Return what it is called in ``lang``."""
        return self.zh if lang == "zh" else self.en


ATTRIBUTES: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute("operating", "经营性房屋", "operating houses", USE_CLASS),
        Attribute("unit_code", "乡镇", "township", place=True),
        Attribute("village_code", "村（社区）", "village", place=True),
        Attribute("use_class", "房屋用途", "use", USE_CLASS),
        Attribute("business_uses", "经营用途", "business use", BUSINESS_USE),
        Attribute("hazard_tier", "安全隐患", "hazard", HAZARD_TIER),
        Attribute("appraisal_grade", "鉴定等级", "appraisal", APPRAISAL_GRADE),
        Attribute("structure", "结构类型", "structure", STRUCTURE),
        Attribute("floors", "层数", "storeys", number=True, unit_zh="层", unit_en="storeys"),
        Attribute("people", "人数", "people", number=True, unit_zh="人", unit_en="people"),
    )
}
