"""What a planner asks for: terms, joined by any of, all of, none of, and the areas to stay within."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement

from gis_service.areas.area import Area
from gis_service.codelists import ZONE_KIND
from gis_service.errors import InputError
from gis_service.selection.attributes import ATTRIBUTES, Attribute
from gis_service.selection.rules import LIMITS, RULES, Limits, points_table
from gis_service.settings import default

BUFFER_MAX_M = 5_000.0


@dataclass(frozen=True)
class ZoneTerm:
    """Within ``buffer_m`` metres of the grounds of a key zone of ``kind``."""

    kind: str
    buffer_m: float

    def __post_init__(self) -> None:
        if self.kind not in ZONE_KIND:
            raise InputError(
                f"没有重点区域类型“{self.kind}”；可用：{'、'.join(f'{k}（{v}）' for k, v in ZONE_KIND.items())}。",
                f"There is no kind of zone {self.kind!r}; use one of {', '.join(ZONE_KIND)}.",
            )
        if not 0 <= self.buffer_m <= BUFFER_MAX_M:
            raise InputError(
                f"缓冲距离 {self.buffer_m:g} 米超出 0–{BUFFER_MAX_M:g} 米。",
                f"A buffer of {self.buffer_m:g} m is outside 0 to {BUFFER_MAX_M:g} m.",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the term as it is stored with a run."""
        return {"term": "zone", "kind": self.kind, "buffer_m": self.buffer_m}


@dataclass(frozen=True)
class AreaTerm(Area):
    """At least partly inside an area, kept with its shape: a run can be repeated after the area has changed."""

    @classmethod
    def of(cls, area: Area) -> AreaTerm:
        """Return the term of an area."""
        return cls(area.name, area.wkb, area.area_id, area.version)

    def as_dict(self) -> dict[str, Any]:
        """Return the term as it is stored with a run."""
        return {
            "term": "area",
            "name": self.name,
            "area_id": self.area_id,
            "version": self.version,
            "wkb": self.wkb.hex(),
        }


@dataclass(frozen=True)
class RuleTerm:
    """Meets one of the notice's rules."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in RULES:
            raise InputError(
                f"没有规则“{self.name}”；可用：{'、'.join(f'{r.name}（{r.zh}）' for r in RULES.values())}。",
                f"There is no rule {self.name!r}; use one of {', '.join(RULES)}.",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the term as it is stored with a run."""
        return {"term": "rule", "name": self.name, "version": RULES[self.name].version}


@dataclass(frozen=True)
class HouseTerm:
    """Has, as it was surveyed, one of ``values``, or a number from ``low`` to ``high`` (both included).

    ``labels`` are what the values were called when it was asked: of places, whose names no code list holds.
    """

    name: str
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = ATTRIBUTES.get(self.name)
        if known is None:
            raise InputError(
                f"没有房屋条件“{self.name}”；可用：{'、'.join(f'{a.name}（{a.zh}）' for a in ATTRIBUTES.values())}。",
                f"There is no attribute {self.name!r} of a house; use one of {', '.join(ATTRIBUTES)}.",
            )
        if known.number:
            self._check_bounds(known)
        elif known.name != "operating":
            self._check_values(known)

    def _check_bounds(self, known: Attribute) -> None:
        low, high = self.low, self.high
        if low is None and high is None:
            raise InputError(
                f"条件“{known.zh}”没有给出范围；请填写最小值或最大值。",
                f"The condition on {known.en} has no bounds; give the least or the greatest number.",
            )
        if low is not None and high is not None and low > high:
            raise InputError(
                f"条件“{known.zh}”的最小值 {low} 大于最大值 {high}。",
                f"The condition on {known.en}: the least, {low}, is more than the greatest, {high}.",
            )

    def _check_values(self, known: Attribute) -> None:
        if not self.values:
            raise InputError(
                f"条件“{known.zh}”没有选任何一项；请至少选一项。",
                f"The condition on {known.en} has no value; choose one at least.",
            )
        strange = [value for value in self.values if not known.place and value not in known.words]
        if strange:
            raise InputError(
                f"“{known.zh}”没有“{strange[0]}”；可用：{'、'.join(f'{k}（{v}）' for k, v in known.words.items())}。",
                f"{known.en} has no value {strange[0]!r}; use one of {', '.join(known.words)}.",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the term as it is stored with a run."""
        told: dict[str, Any] = {"term": "house", "name": self.name}
        if self.values:
            told["values"] = list(self.values)
        if self.labels:
            told["labels"] = list(self.labels)
        return told | {k: v for k, v in (("low", self.low), ("high", self.high)) if v is not None}

    def met(self) -> ColumnElement[bool]:
        """Return what a building must be to meet it."""
        return ATTRIBUTES[self.name].met(self.values, self.low, self.high)


Term = ZoneTerm | AreaTerm | RuleTerm | HouseTerm


@dataclass(frozen=True)
class Ask:
    """A building is selected when it meets any of ``any_of`` (if there are some), all of ``all_of``, none of ``none_of``.

    And lies, at least in part, in one of the areas ``within``, if there are some.
    """

    any_of: tuple[Term, ...] = ()
    all_of: tuple[Term, ...] = ()
    none_of: tuple[Term, ...] = ()
    limits: Limits = field(default_factory=Limits)
    within: tuple[AreaTerm, ...] = ()

    def __post_init__(self) -> None:
        if not self.any_of and not self.all_of:
            raise InputError(
                "没有任何选取条件；请给出重点区域、区域范围或规则。",
                "Nothing is asked for: give a zone, an area or a rule.",
            )

    def as_dict(self) -> dict[str, Any]:
        """Return the ask as it is stored with a run."""
        return {
            "any_of": [term.as_dict() for term in self.any_of],
            "all_of": [term.as_dict() for term in self.all_of],
            "none_of": [term.as_dict() for term in self.none_of],
            "within": [term.as_dict() for term in self.within],
            **self.limits,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Ask:
        """Return the ask that :meth:`as_dict` stored, as far as it can be asked today: see :func:`changes`.

        Raises
        ------
        InputError
            Nothing of what was asked for exists any more.

        """
        stored = complete(stored)
        return cls(
            any_of=_known(stored["any_of"]),
            all_of=_known(stored["all_of"]),
            none_of=_known(stored["none_of"]),
            limits=Limits(stored),
            within=tuple(map(_area, stored["within"])),
        )

    def parameters(self) -> dict[str, Any]:
        """Return all that decides the list, as a run stores it: the ask and the points of its reasons."""
        return self.as_dict() | {"points": points_table()}


def complete(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return a run's stored parameters with every group of terms and every limit; what is not known stays as it is.

    Older runs have no areas ``within`` (theirs stand among ``all_of``), and no limit of a rule that came after them.
    """
    return (
        {"any_of": [], "all_of": [], "none_of": [], "within": []}
        | {limit.name: limit.default for limit in LIMITS}
        | parameters
    )


def changes(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    """Return, in Chinese and in English, where a stored run's conditions differ from what they would be today.

    One sentence for each rule that is gone or has another version now, and for each kind of zone that is gone.
    """
    asked = complete(parameters)
    told = []
    for term in [*asked["any_of"], *asked["all_of"], *asked["none_of"]]:
        if term["term"] == "zone" and term["kind"] not in ZONE_KIND:
            told.append(
                (
                    f"重点区域类型“{term['kind']}”已取消，重做时不含。",
                    f"The kind of zone {term['kind']!r} no longer exists; a repeat leaves it out.",
                )
            )
        elif term["term"] == "rule":
            name, then = term["name"], term.get("version", 1)
            rule = RULES.get(name)
            if rule is None:
                told.append(
                    (
                        f"规则“{name}”（第 {then} 版）已取消，重做时不含。",
                        f"The rule {name!r} (version {then}) no longer exists; a repeat leaves it out.",
                    )
                )
            elif rule.version != then:
                told.append(
                    (
                        f"规则“{rule.zh}”在该名单中为第 {then} 版，现为第 {rule.version} 版。",
                        f"The rule “{rule.en}” was at version {then} in that list and is at version {rule.version} now.",
                    )
                )
        elif term["term"] not in {"zone", "rule", "area", "house"} or (
            term["term"] == "house" and term["name"] not in ATTRIBUTES
        ):
            told.append(
                (
                    f"本版本不认识条件“{term['term']}”，重做时不含。",
                    f"This version knows no condition {term['term']!r}; a repeat leaves it out.",
                )
            )
    return list(dict.fromkeys(told))


def _known(terms: list[dict[str, Any]]) -> tuple[Term, ...]:
    """Return the terms that can be asked today; of the others no house could be told to meet them or not."""
    known: list[Term] = []
    for stored in terms:
        if stored["term"] == "zone" and stored["kind"] in ZONE_KIND:
            known.append(ZoneTerm(stored["kind"], stored["buffer_m"]))
        elif stored["term"] == "rule" and stored["name"] in RULES:
            known.append(RuleTerm(stored["name"]))
        elif stored["term"] == "area":
            known.append(_area(stored))
        elif stored["term"] == "house" and stored["name"] in ATTRIBUTES:
            known.append(_house(stored))
    return tuple(known)


def _area(stored: dict[str, Any]) -> AreaTerm:
    return AreaTerm(stored["name"], bytes.fromhex(stored["wkb"]), stored["area_id"], stored["version"])


def _house(stored: dict[str, Any]) -> HouseTerm:
    return HouseTerm(
        stored["name"],
        tuple(stored.get("values", ())),
        stored.get("low"),
        stored.get("high"),
        tuple(stored.get("labels", ())),
    )


def default_zone_terms() -> tuple[ZoneTerm, ...]:
    """Return all kinds of zones with their default buffers (docs/domain.md#priority)."""
    return tuple(ZoneTerm(kind, default(f"buffer_{kind}_m")) for kind in ZONE_KIND)


def default_ask(limits: Limits | None = None) -> Ask:
    """Return what the notice asks for: all zones with their default buffers, and all rules."""
    return Ask(any_of=(*default_zone_terms(), *map(RuleTerm, RULES)), limits=limits or Limits())


def is_default(parameters: dict[str, Any]) -> bool:
    """Tell whether a run's ``parameters`` are the county's: all zones, buffers, rules, limits and points by default.

    In whatever order its terms stand.
    """
    return _unordered(parameters) == _unordered(default_ask().parameters())


def _unordered(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        name: sorted(map(_written, value)) if isinstance(value, list) else value
        for name, value in complete(parameters).items()
    }


def _written(term: dict[str, Any]) -> str:
    # 200 and 200.0 are one buffer.
    return json.dumps({k: float(v) if isinstance(v, int) else v for k, v in term.items()}, sort_keys=True)
