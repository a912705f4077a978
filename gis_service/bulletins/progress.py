"""How far each unit is: shares done of each step, who is slow, who ranks where, points of the month.

A unit is slow in a step where its share is below the median of the units' and behind the line from the round's first day
to the step's deadline (融政规〔2022〕6号 三(五): 进展缓慢的予以通报或者发函提醒, 问题严重的约谈). The line and the median are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median
from typing import Any

from gis_service.bulletins.count import Cut, Tally

STEPS = {"judge": "初步判定", "control": "隐患管控", "appraise": "安全鉴定", "rectify": "隐患整治"}
STEPS_EN = {"judge": "judgement", "control": "control", "appraise": "appraisal", "rectify": "rectification"}
_OPERATING = Cut(use="operating", stands=True)
_HAZARDS = Cut(use="operating", tier="any")
SHARES: Mapping[str, tuple[Cut, Cut]] = {
    "judge": (_OPERATING.and_(judged="any"), _OPERATING),
    "control": (_HAZARDS.and_(secured=True), _HAZARDS),
    "appraise": (_OPERATING.and_(grade="any"), _OPERATING),
    "rectify": (_HAZARDS.and_(status="done"), _HAZARDS),
    "overdue": (_HAZARDS.and_(overdue=False), _HAZARDS),
}
"""Of operating houses: what is done, of what. ``control`` counts as done what is rectified; ``overdue`` what is in time."""


@dataclass(frozen=True)
class Share:
    """``done`` of ``total``; nothing to do is no rate."""

    done: int
    total: int

    @property
    def rate(self) -> Fraction | None:
        """The share, None where there is nothing to do."""
        return Fraction(self.done, self.total) if self.total else None


@dataclass(frozen=True)
class Deadline:
    """The last day of a step, the first day of its round, and the clause that sets it."""

    step: str
    first: date
    due: date
    clause: str | None

    def line(self, day: date) -> Fraction:
        """Return the share that would be done on ``day`` at an even pace."""
        days = max((self.due - self.first).days, 1)
        return min(max(Fraction((day - self.first).days, days), Fraction(0)), Fraction(1))


@dataclass(frozen=True)
class Slow:
    """A unit that is slow in a step, and what is proposed: a letter (发函提醒), or that it is called in (约谈)."""

    unit: str
    step: str
    share: Share
    median: Fraction
    line: Fraction
    proposed: str
    reminders: tuple[Mapping[str, Any], ...]


def percent(share: Fraction) -> str:
    """Return a share in per cent with two decimals, half up."""
    exact = Decimal(share.numerator * 100) / Decimal(share.denominator)
    return f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP)}%"


def shares(tally: Tally, unit: str | None = None) -> dict[str, Share]:
    """Return the shares of a unit, or of the county."""
    return {
        name: Share(tally.count(done.and_(unit=unit)), tally.count(whole.and_(unit=unit)))
        for name, (done, whole) in SHARES.items()
    }


def deadlines(rows: Sequence[Mapping[str, Any]], day: date) -> list[Deadline]:
    """Return of each step the next deadline of the rounds, or the last where all are past; by day."""
    found: dict[str, Deadline] = {}
    for row in rows:
        # A house is judged where it is surveyed.
        step = "judge" if row["step"] == "survey" else row["step"]
        one = Deadline(step, row["first_day"], row["due_on"], row["clause"])
        known = found.get(step)
        if step in STEPS and (known is None or _nearer(one, known, day)):
            found[step] = one
    return sorted(found.values(), key=lambda one: (one.due, list(STEPS).index(one.step)))


def _nearer(one: Deadline, other: Deadline, day: date) -> bool:
    if (one.due >= day) != (other.due >= day):
        return one.due >= day
    return one.due < other.due if one.due >= day else one.due > other.due


def slow(
    of: Mapping[str, Mapping[str, Share]], due: Sequence[Deadline], day: date, reminders: Sequence[Mapping[str, Any]]
) -> list[Slow]:
    """Return who is slow in what, in the order of deadlines and codes.

    Parameters
    ----------
    of
        Shares by unit.
    reminders
        What was sent and said until ``day``, with ``unit_code``, ``step``, ``kind``, ``on_day``, ``number``.

    """
    found = []
    for one in due:
        rates = {unit: share.rate for unit, mine in of.items() if (share := mine[one.step]).rate is not None}
        if not rates:
            continue
        middle, line = Fraction(median([rate for rate in rates.values() if rate is not None])), one.line(day)
        for unit in sorted(rates):
            rate = rates[unit]
            if rate is None or rate >= middle or rate >= line:
                continue
            sent = tuple(m for m in reminders if m["unit_code"] == unit and m["step"] == one.step)
            # Called in where the deadline is past, or a letter did not help.
            grave = one.due < day or any(m["on_day"] < day for m in sent)
            found.append(Slow(unit, one.step, of[unit][one.step], middle, line, "talk" if grave else "remind", sent))
    return found


def overall(mine: Mapping[str, Share]) -> Fraction:
    """Return the mean of a unit's rates in the steps in which it has something to do; 1 where it has nothing."""
    rates = [share.rate for step in STEPS if (share := mine[step]).rate is not None]
    return sum((rate for rate in rates if rate is not None), Fraction(0)) / len(rates) if rates else Fraction(1)


def ranked(values: Mapping[str, Fraction]) -> list[tuple[int, str]]:
    """Return ranks and codes, the largest value first; equal values share a rank and stand by code."""
    order = sorted(values, key=lambda code: (-values[code], code))
    return [(1 + sum(other > values[code] for other in values.values()), code) for code in order]


def scored(mine: Mapping[str, Share], points: Mapping[str, int]) -> dict[str, Fraction]:
    """Return a unit's points of each item: the item's points times the rate, all of them where there is nothing to do."""
    return {
        name: most * (share.rate if (share := mine[name]).rate is not None else Fraction(1))
        for name, most in points.items()
    }


def decimals(value: Fraction) -> str:
    """Return points with two decimals, half up."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
