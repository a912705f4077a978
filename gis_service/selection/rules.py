"""The notice's rules as typed filters: each with a version, its clause, what it looks at and what it is worth.

融政规〔2022〕6号 二（二）2 names the classes: key areas, key places (uses), key houses and key problems. It gives no
points; these are ours, editable, and printed with every list. They add up to 100 when everything applies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Float, Text

from gis_service.db.models import Building

_NOTICE = "融政规〔2022〕6号 二（二）2"

# 重点场所: hotels, guest houses, farm restaurants, training, elderly care, cinemas, bars, net cafés, baths, card
# rooms, culture and tourism, medical, sports, religious places. Shops and workshops are no key places by themselves.
KEY_USES = ("catering", "lodging", "leisure", "education", "medical", "elderly_care", "sports", "religious")
# 擅自改变功能或结构, 加层, 挖地下. Extensions and light partitions change neither.
KEY_ALTERATIONS = (
    "add_storey", "raise", "basement", "remove_walls", "enlarge_openings", "mezzanine", "change_use",
)  # fmt: skip
# 出租, 经营, 生产加工: the notice counts storeys and people of houses so used.
_USED = ("commercial", "mixed")

ZONE_POINTS = 20.0
AREA_POINTS = 5.0


@dataclass(frozen=True)
class Limits:
    """The numbers of the rules; both include the number itself (民法典第1259条)."""

    min_floors: int = 3
    min_people: int = 10


@dataclass(frozen=True)
class Rule:
    """One rule: a filter on buildings, the value that it shows, and its points (at most ``points_max``)."""

    name: str
    version: int
    zh: str
    source: str
    points_max: float
    where: Callable[[Limits], ColumnElement[bool]]
    value: Callable[[], ColumnElement[object]]
    points: Callable[[], ColumnElement[float]]


def _in_use() -> ColumnElement[bool]:
    return or_(Building.use_class.in_(_USED), func.cardinality(Building.business_uses) > 0)


def _array(words: tuple[str, ...]) -> ColumnElement[Any]:
    return literal(list(words), ARRAY(Text))


def _fixed(points: float) -> Callable[[], ColumnElement[float]]:
    return lambda: literal(points, Float)


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "key_use", 1, "重点场所", f"{_NOTICE} 重点场所", 10.0,
            lambda _: Building.business_uses.op("&&")(_array(KEY_USES)),
            lambda: func.to_jsonb(Building.business_uses),
            _fixed(10.0),
        ),
        Rule(
            "floors", 1, "重点房屋：层数", f"{_NOTICE} 重点房屋（3层及以上）", 5.0,
            lambda limits: and_(Building.floors >= limits.min_floors, _in_use()),
            lambda: func.to_jsonb(Building.floors),
            _fixed(5.0),
        ),
        Rule(
            "people", 1, "重点房屋：人数", f"{_NOTICE} 重点房屋（10人及以上）", 5.0,
            lambda limits: and_(Building.people >= limits.min_people, _in_use()),
            lambda: func.to_jsonb(Building.people),
            _fixed(5.0),
        ),
        Rule(
            "alteration", 1, "重点房屋：改扩建", f"{_NOTICE} 重点房屋（擅自改变功能、结构，加层，挖地下）", 10.0,
            lambda _: Building.alterations.op("&&")(_array(KEY_ALTERATIONS)),
            lambda: func.to_jsonb(Building.alterations),
            _fixed(10.0),
        ),
        Rule(
            "hazard", 1, "重点问题：安全隐患", f"{_NOTICE} 重点问题；住建部排查技术要点（2022）第3–5条", 40.0,
            lambda _: Building.hazard_tier.in_(("severe", "some")),
            lambda: func.to_jsonb(Building.hazard_tier),
            lambda: case((Building.hazard_tier == "severe", 40.0), else_=24.0),
        ),
        Rule(
            "grade", 1, "重点问题：危房", "JGJ 125-2016 6.1.4（C、D 级为危房）", 5.0,
            lambda _: Building.appraisal_grade.in_(("C", "D")),
            lambda: func.to_jsonb(Building.appraisal_grade),
            _fixed(5.0),
        ),
    )
}  # fmt: skip


def points_table() -> dict[str, float]:
    """Return the most points that each part of the score can give; they add up to 100."""
    return {"key_zone": ZONE_POINTS, "area": AREA_POINTS} | {r.name: r.points_max for r in RULES.values()}
