"""The notice's rules as typed filters: everything that any part of the system says or asks of a rule stands here.

融政规〔2022〕6号 二（二）2 names the classes: key areas, key places (uses), key houses and key problems. It gives no
points; these are ours, editable, and printed with every list. They add up to 100 when everything applies.

From ``RULES`` are made: the terms, the options of ``gis-service select``, the fields of ``POST /api/selections``,
``GET /api/rules``, the controls and notes of the planner's page, and the phrases of reasons. A rule whose filter or
points change gets a higher version, so that lists made before are told from lists made after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Float, Text

from gis_service.codelists import ALTERATION, BUSINESS_USE, HAZARD_TIER, OPERATING
from gis_service.db.models import Building
from gis_service.errors import InputError
from gis_service.settings import default

_NOTICE = "融政规〔2022〕6号 二（二）2"
_NOTICE_EN = "Notice 融政规〔2022〕6号, part 2 (2) 2"

# 重点场所: hotels, guest houses, farm restaurants, training, elderly care, cinemas, bars, net cafés, baths, card
# rooms, culture and tourism, medical, sports, religious places. Shops and workshops are no key places by themselves.
KEY_USES = ("catering", "lodging", "leisure", "education", "medical", "elderly_care", "sports", "religious")
# 擅自改变功能或结构, 加层, 挖地下. Extensions and light partitions change neither.
KEY_ALTERATIONS = (
    "add_storey", "raise", "basement", "remove_walls", "enlarge_openings", "mezzanine", "change_use",
)  # fmt: skip

ZONE_POINTS = 20.0
AREA_POINTS = 5.0


@dataclass(frozen=True)
class Limit:
    """The whole number that a rule compares with; ``name`` is that of its default in ``settings.DEFAULTS``.

    Also of its field in the API (``min_floors``) and its option on the command line (``--min-floors``). Which side of
    it meets the rule, and that it itself does (民法典第1259条), is said by ``zh`` and ``en``: "层及以上".
    """

    name: str
    low: int
    high: int
    zh: str
    en: str

    @property
    def default(self) -> int:
        """The value that is taken where none is given."""
        return int(default(self.name))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: a filter on buildings, the value that it shows, its points, and its words in both languages.

    ``where`` gets the number of ``limit``, or 0 where the rule has none. ``points`` gets ``points_max``, and may give a
    house less; without it every house that meets the rule gets them all. ``phrase_zh`` and ``phrase_en`` hold one
    ``{}`` for the value of the house; ``words`` are the Chinese names of its codes.
    """

    name: str
    version: int
    zh: str
    en: str
    source_zh: str
    source_en: str
    points_max: float
    where: Callable[[int], ColumnElement[bool]]
    value: Callable[[], ColumnElement[object]]
    phrase_zh: str = "{}"
    phrase_en: str
    words: Mapping[str, str] = field(default_factory=dict)
    points: Callable[[float], ColumnElement[float]] = lambda most: literal(most, Float)
    limit: Limit | None = None

    def met(self, limits: Limits) -> ColumnElement[bool]:
        """Return what a building must be to meet the rule under ``limits``."""
        return self.where(limits[self.limit.name] if self.limit else 0)

    def worth(self) -> ColumnElement[float]:
        """Return the points that a building which meets the rule gets for it."""
        return self.points(self.points_max)

    def title(self, lang: str) -> str:
        """Return the rule's name in ``lang``."""
        return self.zh if lang == "zh" else self.en

    def source(self, lang: str) -> str:
        """Return where the rule stands, in ``lang``."""
        return self.source_zh if lang == "zh" else self.source_en


class Limits(Mapping[str, int]):
    """The number of every rule's limit: as given, else by default. What no rule asks for is left out.

    A run of before a rule was added has no limit of it, and one of a rule that is gone has one too many.

    Raises
    ------
    InputError
        A number is outside the bounds of its limit.

    """

    def __init__(self, given: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._numbers = {limit.name: int(given.get(limit.name, limit.default)) for limit in LIMITS}
        for limit in LIMITS:
            if not limit.low <= self._numbers[limit.name] <= limit.high:
                said = f"{limit.name} = {self._numbers[limit.name]}"
                raise InputError(
                    f"{said}：应在 {limit.low} 与 {limit.high} 之间。",
                    f"{said}: give a number from {limit.low} to {limit.high}.",
                )

    def __getitem__(self, name: str) -> int:
        return self._numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __repr__(self) -> str:
        return f"Limits({self._numbers})"


def _in_use() -> ColumnElement[bool]:
    # 出租, 经营, 生产加工: the notice counts storeys and people of houses so used.
    return or_(Building.use_class.in_(OPERATING), func.cardinality(Building.business_uses) > 0)


def _array(words: tuple[str, ...]) -> ColumnElement[Any]:
    return literal(list(words), ARRAY(Text))


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            name="key_use", version=1, zh="重点场所", en="Key places",
            source_zh=f"{_NOTICE} 重点场所", source_en=f"{_NOTICE_EN}, key places", points_max=10.0,
            where=lambda _: Building.business_uses.op("&&")(_array(KEY_USES)),
            value=lambda: func.to_jsonb(Building.business_uses),
            phrase_en="key place: {}", words=BUSINESS_USE,
        ),
        Rule(
            name="floors", version=1, zh="重点房屋：层数", en="Key houses: storeys",
            source_zh=f"{_NOTICE} 重点房屋（3层及以上）", source_en=f"{_NOTICE_EN}, key houses (3 storeys or more)",
            points_max=5.0, limit=Limit("min_floors", 1, 200, "层及以上", "storeys or more"),
            where=lambda least: and_(Building.floors >= least, _in_use()),
            value=lambda: func.to_jsonb(Building.floors),
            phrase_zh="{}层", phrase_en="{} storeys, in business use",
        ),
        Rule(
            name="people", version=1, zh="重点房屋：人数", en="Key houses: people",
            source_zh=f"{_NOTICE} 重点房屋（10人及以上）", source_en=f"{_NOTICE_EN}, key houses (10 people or more)",
            points_max=5.0, limit=Limit("min_people", 1, 100_000, "人及以上", "people or more"),
            where=lambda least: and_(Building.people >= least, _in_use()),
            value=lambda: func.to_jsonb(Building.people),
            phrase_zh="{}人", phrase_en="{} people, in business use",
        ),
        Rule(
            name="alteration", version=1, zh="重点房屋：改扩建", en="Key houses: alterations",
            source_zh=f"{_NOTICE} 重点房屋（擅自改变功能、结构，加层，挖地下）",
            source_en=f"{_NOTICE_EN}, key houses (use or structure changed, storeys added, basements dug without leave)",
            points_max=10.0,
            where=lambda _: Building.alterations.op("&&")(_array(KEY_ALTERATIONS)),
            value=lambda: func.to_jsonb(Building.alterations),
            phrase_en="altered: {}", words=ALTERATION,
        ),
        Rule(
            name="hazard", version=2, zh="重点问题：安全隐患", en="Key problems: safety hazards",
            source_zh=f"{_NOTICE} 重点问题；住建部排查技术要点（2022）第3–5条",
            source_en=f"{_NOTICE_EN}, key problems; the housing ministry's technical points of 2022, articles 3 to 5",
            points_max=35.0,
            where=lambda _: Building.hazard_tier.in_(("severe", "some")),
            value=lambda: func.to_jsonb(Building.hazard_tier),
            points=lambda most: case((Building.hazard_tier == "severe", most), else_=0.6 * most),
            phrase_en="hazard: {}", words=HAZARD_TIER,
        ),
        Rule(
            name="grade", version=1, zh="重点问题：危房", en="Key problems: dangerous houses",
            source_zh="JGJ 125-2016 6.1.4（C、D 级为危房）", source_en="JGJ 125-2016 6.1.4 (grades C and D are dangerous)",
            points_max=5.0,
            where=lambda _: Building.appraisal_grade.in_(("C", "D")),
            value=lambda: func.to_jsonb(Building.appraisal_grade),
            phrase_zh="{}级", phrase_en="appraised {}",
        ),
        Rule(
            name="age", version=1, zh="重点问题：年久", en="Key problems: age",
            source_zh=f"{_NOTICE} 重点问题（年久失修失管但仍用于生产经营；失修须到场查看，这里只看房龄）",
            source_en=f"{_NOTICE_EN}, key problems (old and neglected, still in business use; neglect must be seen on site, "
            "this rule knows the age alone)",
            points_max=5.0, limit=Limit("min_age", 1, 200, "年及以上房龄", "years old or more"),
            where=lambda least: and_(Building.built_year <= func.extract("year", func.gis.today()) - least, _in_use()),
            value=lambda: func.to_jsonb(Building.built_year),
            phrase_zh="建于{}年", phrase_en="built in {}, in business use",
        ),
    )
}  # fmt: skip
LIMITS = tuple(rule.limit for rule in RULES.values() if rule.limit)


def points_table() -> dict[str, float]:
    """Return the most points that each part of the score can give; they add up to 100."""
    return {"key_zone": ZONE_POINTS, "area": AREA_POINTS} | {r.name: r.points_max for r in RULES.values()}
