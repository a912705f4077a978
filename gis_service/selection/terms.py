"""What a planner asks for: terms, joined by any of, all of, none of, and the areas to stay within."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from gis_service.areas.area import Area
from gis_service.codelists import ZONE_KIND
from gis_service.errors import InputError
from gis_service.selection.rules import RULES, Limits, points_table
from gis_service.settings import DEFAULTS, default

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


Term = ZoneTerm | AreaTerm | RuleTerm


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
            "min_floors": self.limits.min_floors,
            "min_people": self.limits.min_people,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Ask:
        """Return the ask that :meth:`as_dict` stored; older ones have their area among ``all_of``."""
        return cls(
            any_of=tuple(map(_term, stored["any_of"])),
            all_of=tuple(map(_term, stored["all_of"])),
            none_of=tuple(map(_term, stored["none_of"])),
            limits=Limits(stored["min_floors"], stored["min_people"]),
            within=tuple(map(_area, stored.get("within", ()))),
        )

    def parameters(self) -> dict[str, Any]:
        """Return all that decides the list, as a run stores it: the ask and the points of its reasons."""
        return self.as_dict() | {"points": points_table()}


def _term(stored: dict[str, Any]) -> Term:
    if stored["term"] == "zone":
        return ZoneTerm(stored["kind"], stored["buffer_m"])
    if stored["term"] == "rule":
        return RuleTerm(stored["name"])
    return _area(stored)


def _area(stored: dict[str, Any]) -> AreaTerm:
    return AreaTerm(stored["name"], bytes.fromhex(stored["wkb"]), stored["area_id"], stored["version"])


def default_zone_terms() -> tuple[ZoneTerm, ...]:
    """Return all kinds of zones with their default buffers (docs/domain.md#priority)."""
    return tuple(ZoneTerm(kind, default(f"buffer_{kind}_m")) for kind in ZONE_KIND)


def default_ask(limits: Limits | None = None) -> Ask:
    """Return what the notice asks for: all zones with their default buffers, and all rules."""
    limits = limits or Limits(int(DEFAULTS["min_floors"].value), int(DEFAULTS["min_people"].value))
    return Ask(any_of=(*default_zone_terms(), *(RuleTerm(name) for name in RULES)), limits=limits)


def is_default(parameters: dict[str, Any]) -> bool:
    """Tell whether a run's ``parameters`` are the county's: all zones, buffers, rules, limits and points by default.

    In whatever order its terms stand. A list of other conditions is its author's draft.
    """
    return _unordered(parameters) == _unordered(default_ask().parameters())


def _unordered(parameters: dict[str, Any]) -> dict[str, Any]:
    terms = {"any_of": [], "all_of": [], "none_of": [], "within": []} | parameters
    return {name: sorted(map(_written, value)) if isinstance(value, list) else value for name, value in terms.items()}


def _written(term: dict[str, Any]) -> str:
    # 200 and 200.0 are one buffer.
    return json.dumps({k: float(v) if isinstance(v, int) else v for k, v in term.items()}, sort_keys=True)
