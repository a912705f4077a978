"""What a bulletin is of: a day, the week from Monday to Sunday, the month of the calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Kind = Literal["daily", "weekly", "monthly"]
KINDS: dict[str, tuple[str, str]] = {
    "daily": ("一天一通报", "daily bulletin"),
    "weekly": ("每周进度排名", "weekly ranking"),
    "monthly": ("月通报和月度考核", "monthly bulletin and assessment"),
}
"""东兰方案 三(四): 一天一通报; 融政规〔2022〕6号 三(五): 每周进度排名, 月度考核, 每月通报."""


@dataclass(frozen=True)
class Period:
    """Its kind, its first and last day, and the day up to whose end is counted: the last, or today within it."""

    kind: Kind
    first: date
    day: date
    until: date
    over: bool
    """Whether all of it lies in the past, so that it may be frozen."""

    @property
    def words(self) -> str:
        """The days in Chinese, as a title says them."""
        if self.kind == "daily":
            return said(self.day)
        if self.kind == "monthly":
            return f"{self.day.year}年{self.day.month}月"
        return f"{said(self.first)}至{short(self.day)}"


def period(kind: Kind, day: date, today: date) -> Period:
    """Return the period of ``kind`` that ``day`` lies in."""
    first = last = day
    if kind == "weekly":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
    elif kind == "monthly":
        first = day.replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return Period(kind, first, last, min(last, today), last < today)


def said(day: date) -> str:
    """Return a day as papers write it."""
    return f"{day.year}年{day.month}月{day.day}日"


def short(day: date) -> str:
    """Return a day without its year."""
    return f"{day.month}月{day.day}日"
