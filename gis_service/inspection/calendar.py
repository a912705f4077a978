"""Working days: days of the week, the State Council's holidays and 调休, a county's own days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from gis_service.inspection.model import Team, Terms

HORIZON_DAYS = 730
"""Days after the start that are looked at where neither --days nor --deadline limits them."""


@lru_cache(maxsize=1)
def _official() -> tuple[frozenset[date], frozenset[date], frozenset[int]]:
    """Return the days off, the days worked instead (调休) and the years of which the kept package knows them."""
    from chinese_calendar import constants

    off, worked = frozenset(constants.holidays), frozenset(constants.workdays)
    return off, worked, frozenset(day.year for day in off)


def works(day: date, terms: Terms) -> bool:
    """Tell whether a day is worked: a county's own word first, then the State Council's, then the day of the week."""
    if day in terms.holidays:
        return not terms.holidays[day]
    off, worked, _ = _official()
    # A day worked in exchange is worked only by those who have its week's Monday to Friday.
    if day in worked and day.isoweekday() > 5:
        return {1, 2, 3, 4, 5} <= terms.workdays
    return day not in off and day.isoweekday() in terms.workdays


def unknown_years(days: Iterator[date] | list[date]) -> list[int]:
    """Return the years among ``days`` whose holidays the kept package does not know."""
    return sorted({day.year for day in days} - _official()[2])


def working_days(team: Team, terms: Terms) -> list[date]:
    """Return the days on which a team may work: of the first ``terms.days`` working days, none after the deadline."""
    last = terms.deadline or terms.start + timedelta(HORIZON_DAYS)
    out: list[date] = []
    day = terms.start
    worked = 0
    while day <= last and (terms.days is None or worked < terms.days):
        if works(day, terms):
            worked += 1
            if team.is_there(day):
                out.append(day)
        day += timedelta(1)
        if (day - terms.start).days > HORIZON_DAYS:
            break
    return out
