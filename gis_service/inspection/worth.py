"""Is the plan worth it: how many of the hazards its first quarter would find, against random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from gis_service.inspection.model import Visit

_ROUNDS = 1_000


@dataclass(frozen=True)
class Lift:
    """Share of all hazards that stand among the first quarter; the middle 95 % of it, redrawn; and at random."""

    lift: float
    low: float
    high: float
    random: float
    random_low: float
    random_high: float


def lift(visits: Sequence[Visit], seed: int) -> Lift | None:
    """Return the lift of a plan; None where no outcome is known or no hazard was found.

    Counted are stops that nobody had judged when the plan was made and whose outcome is known, in the order in which
    they are visited.
    """
    counted = sorted(visits, key=lambda v: (v.day, v.arrive_s, v.team, v.seq))
    found = np.array([v.stop.outcome for v in counted if v.stop.unjudged and v.stop.outcome is not None], dtype=bool)
    if not found.any():
        return None
    first = ceil(len(found) / 4)
    early = np.arange(len(found)) < first
    draw = np.random.default_rng(seed)
    redrawn, shuffled = [], []
    for _ in range(_ROUNDS):
        some = draw.integers(0, len(found), len(found))
        if found[some].any():
            redrawn.append(float((found & early)[some].sum() / found[some].sum()))
        shuffled.append(float(draw.permutation(found)[:first].sum() / found.sum()))
    low, high = np.percentile(redrawn, [2.5, 97.5])
    least, most = np.percentile(shuffled, [2.5, 97.5])
    value = float(found[:first].sum() / found.sum())
    return Lift(*(round(float(v), 4) for v in (value, low, high, np.mean(shuffled), least, most)))
