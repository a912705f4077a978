"""What the survey form says about each simulated house.

The counts of the notice are met exactly; everything else is drawn from plausible shares, with old, altered and weak
houses a little more often in a hazard tier.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.arrays import Floats, Ints
from gis_service.demo.places import KINDS
from gis_service.demo.tables import Plan, Tiers

Lists = list[list[str]]

PERIODS = ("≤1980", "1981-1990", "1991-2000", "2001-2010", "2011-2015", "≥2016")
_PERIOD_SHARES = {
    "terrace": (0.01, 0.06, 0.22, 0.36, 0.21, 0.14),
    "core": (0.08, 0.18, 0.30, 0.27, 0.11, 0.06),
    "worst": (0.05, 0.17, 0.33, 0.30, 0.11, 0.04),
    "resettlement": (0.0, 0.0, 0.0, 0.05, 0.25, 0.70),
    "hamlet": (0.05, 0.11, 0.22, 0.30, 0.19, 0.13),
    "dense": (0.11, 0.18, 0.25, 0.25, 0.13, 0.08),
    "timber": (0.34, 0.26, 0.18, 0.12, 0.06, 0.04),
    "farm": (0.07, 0.12, 0.22, 0.28, 0.18, 0.13),
}
STRUCTURES = (
    "masonry",
    "frame_masonry",
    "rc",
    "brick_timber",
    "earth_timber",
    "timber",
    "mixed",
    "steel",
    "unknown",
)
_STRUCTURE_SHARES = {
    "terrace": (0.66, 0.17, 0.13, 0.01, 0.0, 0.0, 0.02, 0.005, 0.005),
    "core": (0.74, 0.10, 0.04, 0.06, 0.02, 0.01, 0.02, 0.0, 0.01),
    "worst": (0.79, 0.09, 0.06, 0.03, 0.0, 0.01, 0.01, 0.0, 0.01),
    "resettlement": (0.30, 0.10, 0.60, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "hamlet": (0.81, 0.01, 0.04, 0.05, 0.04, 0.02, 0.02, 0.0, 0.01),
    "dense": (0.75, 0.01, 0.02, 0.08, 0.08, 0.03, 0.02, 0.0, 0.01),
    "timber": (0.22, 0.0, 0.01, 0.12, 0.10, 0.52, 0.02, 0.0, 0.01),
    "farm": (0.76, 0.0, 0.03, 0.06, 0.08, 0.03, 0.02, 0.01, 0.01),
}
_FLOOR_SHARES = {  # 1 to 7 storeys
    "terrace": (0.02, 0.11, 0.31, 0.33, 0.16, 0.06, 0.01),
    "core": (0.10, 0.24, 0.34, 0.21, 0.09, 0.02, 0.0),
    "worst": (0.01, 0.05, 0.18, 0.31, 0.27, 0.14, 0.04),
    "resettlement": (0.0, 0.08, 0.72, 0.20, 0.0, 0.0, 0.0),
    "hamlet": (0.19, 0.47, 0.28, 0.06, 0.0, 0.0, 0.0),
    "dense": (0.22, 0.46, 0.26, 0.06, 0.0, 0.0, 0.0),
    "timber": (0.24, 0.60, 0.15, 0.01, 0.0, 0.0, 0.0),
    "farm": (0.32, 0.46, 0.19, 0.03, 0.0, 0.0, 0.0),
}
_MOST_FLOORS = {"timber": 3, "earth_timber": 2, "brick_timber": 3, "steel": 2}
_SHOPS = {"terrace": 3.0, "core": 1.0, "worst": 0.8, "resettlement": 0.9, "hamlet": 0.05, "dense": 0.05}
"""Weight of a kind when operating houses are drawn; facing a street trebles it."""
_WEAK = {"earth_timber": 1.5, "timber": 0.9, "brick_timber": 0.9, "mixed": 0.8, "unknown": 0.6, "steel": 0.4}
_ALTERATIONS = {  # share of other houses, of operating ones, and weight in the hazard
    "add_storey": (0.055, 0.08, 0.9),
    "extend": (0.04, 0.04, 0.3),
    "mezzanine": (0.005, 0.03, 0.5),
    "partition": (0.01, 0.07, 0.4),
    "raise": (0.006, 0.006, 0.7),
    "enlarge_openings": (0.008, 0.04, 0.9),
    "basement": (0.002, 0.005, 1.2),
    "remove_walls": (0.003, 0.022, 1.6),
    "change_use": (0.004, 0.06, 0.3),
}
_USES = {  # what a department looks after, with shares
    "police": (("lodging", 0.42), ("rental", 0.38), ("leisure", 0.20)),
    "education": (("education", 1.0),),
    "civil_affairs": (("elderly_care", 1.0),),
    "market_reg": (("retail", 0.62), ("catering", 0.30), ("manufacturing", 0.08)),
    "health": (("medical", 1.0),),
    "culture_tourism": (("leisure", 0.55), ("sports", 0.25), ("lodging", 0.20)),
    "": (("rental", 0.45), ("storage", 0.25), ("religious", 0.10), ("other", 0.20)),
}
_GUESTS = {
    "lodging": 14, "rental": 9, "education": 32, "elderly_care": 18, "catering": 9, "leisure": 10,
    "manufacturing": 8, "medical": 7, "sports": 8, "retail": 2, "religious": 6,
}  # fmt: skip
"""People that a use adds on average: guests, tenants, pupils, staff."""


def _pick(shares: Mapping[str, tuple[float, ...]], kind: Ints, rng: np.random.Generator) -> Ints:
    """Draw a column of the shares of each house's kind."""
    table = np.cumsum([shares[name] for name in KINDS], axis=1)
    table /= table[:, -1:]
    return np.asarray((rng.random(len(kind))[:, None] > table[kind]).sum(axis=1), dtype=np.int64)


def _top(weight: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Draw ``count`` positions without replacement, more likely where the weight is greater."""
    key = np.log(weight) + rng.gumbel(size=len(weight))
    return np.argsort(-key, kind="stable")[:count]


def _departments(
    tier: NDArray[np.object_], plan: Plan, operating: Ints, rng: np.random.Generator
) -> dict[int, list[str]]:
    """Give departments to operating houses so that every count of annex 2 is met.

    The tags of one tier, sorted by department, are dealt round its houses. No department has more tags than the
    tier has houses that are dealt to, so no house gets one twice; the first houses of a round get a second one.
    """
    given: dict[int, list[str]] = {int(k): [] for k in operating}
    for position, name in enumerate(Tiers._fields):
        tags = [d for d, tiers in plan.departments.items() for _ in range(tiers[position])]
        houses = rng.permutation(operating[tier[operating] == name])
        # Of the sound houses some belong to no department's trade, so that others have two.
        dealt = len(houses) if name != "none_found" else min(len(houses), int(0.94 * len(tags)))
        for k, tag in enumerate(tags):
            given[int(houses[k % dealt])].append(tag)
    return given


def _uses(departments: list[str], rng: np.random.Generator) -> list[str]:
    found = []
    for department in departments or [""]:
        names, shares = zip(*_USES[department], strict=True)
        found.append(str(names[int((rng.random() > np.cumsum(shares)[:-1]).sum())]))
    if rng.random() < 0.08 and "retail" not in found:
        found.append("retail")
    return sorted(set(found))


def survey(kind: Ints, front: NDArray[np.bool_], township: Ints, plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """Fill in the survey form of every house.

    Parameters
    ----------
    kind, front
        Kind of settlement (a position in ``KINDS``), and whether the house faces a street.
    township
        Position of the township.
    plan
        The counts to meet.
    rng
        Source of every random choice.

    """
    count = len(kind)
    period = _pick(_PERIOD_SHARES, kind, rng)
    structure = np.array(STRUCTURES, dtype=object)[_pick(_STRUCTURE_SHARES, kind, rng)]
    earth = (structure == "earth_timber") & (period > 1)
    period[earth] = rng.integers(0, 2, int(earth.sum()))
    floors = 1 + _pick(_FLOOR_SHARES, kind, rng)
    floors = np.minimum(floors, pd.Series(structure).map(_MOST_FLOORS).fillna(99).to_numpy()).astype(np.int64)
    height = np.round(floors * rng.uniform(2.95, 3.35, count) + rng.uniform(0, 1.2, count), 1)
    height[rng.random(count) > 0.06] = np.nan

    weight = np.array([_SHOPS.get(name, 0.02) for name in KINDS])[kind] * np.where(front, 3.0, 1.0)
    weight = weight * np.where(np.isin(structure, ["earth_timber", "timber"]), 0.3, 1.0)
    operating = []
    for t, town in enumerate(plan.towns):
        mine = np.flatnonzero(township == t)
        operating.append(mine[_top(weight[mine], town.operating.judged, rng)])
    works = np.zeros(count, dtype=bool)
    works[np.concatenate(operating)] = True

    changed = {
        name: rng.random(count) < np.where(works, busy, quiet) for name, (quiet, busy, _) in _ALTERATIONS.items()
    }
    danger = 0.28 * (5 - period) + pd.Series(structure).map(_WEAK).fillna(0).to_numpy() + 0.08 * floors
    for name, (_, _, risk) in _ALTERATIONS.items():
        danger = danger + risk * changed[name]
    tier = np.full(count, "none_found", dtype=object)
    for mine, town in zip(operating, plan.towns, strict=True):
        bad = mine[_top(np.exp(1.5 * danger[mine]), town.operating.severe + town.operating.some, rng)]
        worst = _top(np.exp(1.2 * danger[bad]), town.operating.severe, rng)
        tier[bad] = "some"
        tier[bad[worst]] = "severe"
    _others(tier, np.flatnonzero(~works), danger, plan, rng)

    given = _departments(tier, plan, np.flatnonzero(works), rng)
    departments: Lists = [given.get(k, []) for k in range(count)]
    uses: Lists = [_uses(given[k], rng) if k in given else [] for k in range(count)]
    people = rng.poisson(np.where(kind <= KINDS.index("resettlement"), 4.2, 3.1), count)
    people[(rng.random(count) < 0.12) & ~works] = 0  # the family works elsewhere
    for k in np.flatnonzero(works):
        people[k] += rng.poisson(sum(_GUESTS.get(use, 0) for use in uses[k]) * floors[k] / 3.5)
    alterations: Lists = [[] for _ in range(count)]
    for name, hit in changed.items():
        for k in np.flatnonzero(hit):
            alterations[k].append(name)
    use_class = np.where(works, np.where(rng.random(count) < 0.22, "commercial", "mixed"), "other")
    return pd.DataFrame(
        {
            "floors": floors,
            "height_m": height,
            "structure": pd.array(structure, dtype="str"),
            "fire_class": pd.array([None] * count, dtype="str"),
            "use_class": pd.array(use_class, dtype="str"),
            "business_uses": uses,
            "departments": departments,
            "people": people,
            "alterations": alterations,
            "hazard_tier": pd.array(tier, dtype="str"),
            "appraisal_grade": pd.array(_grades(tier, works, rng), dtype="str"),
            "built_period": pd.array(np.array(PERIODS, dtype=object)[period], dtype="str"),
        }
    )


def _others(tier: NDArray[np.object_], other: Ints, danger: Floats, plan: Plan, rng: np.random.Generator) -> None:
    """Judge the houses of other use; the notice leaves some unexplained, which stay unjudged."""
    order = rng.permutation(other)
    unjudged, judged = order[: plan.unjudged], order[plan.unjudged :]
    tier[unjudged] = "unjudged"
    bad = judged[_top(np.exp(1.5 * danger[judged]), plan.other_severe + plan.other_some, rng)]
    tier[bad] = "some"
    tier[bad[_top(np.exp(danger[bad]), plan.other_severe, rng)]] = "severe"


def _grades(tier: NDArray[np.object_], works: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.object_]:
    """Return the grade of the expert appraisal: mostly there for hazards, seldom for the rest."""
    dice = rng.random(len(tier))
    grade = np.full(len(tier), "unknown", dtype=object)
    severe, some = tier == "severe", tier == "some"
    grade[severe] = np.where(dice[severe] < 0.55, "D", np.where(dice[severe] < 0.93, "C", "unknown"))
    grade[some] = np.where(dice[some] < 0.24, "C", np.where(dice[some] < 0.72, "B", "unknown"))
    sound = works & (tier == "none_found")
    grade[sound] = np.where(dice[sound] < 0.12, "A", np.where(dice[sound] < 0.20, "B", "unknown"))
    return grade
