"""The day on which the service stands: the real one, unless ``GIS_TODAY`` or the database (a demo) says another."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from gis_service.db.engine import database_url, get_engine
from gis_service.db.queries import statement
from gis_service.errors import InputError
from gis_service.settings import get_settings

# A demo's day changes when real houses come in, by another process perhaps: asked anew after so long.
_KEEP_S = 5.0
_kept: dict[tuple[str, date | None], tuple[float, date | None]] = {}


@dataclass(frozen=True)
class Day:
    """A day, and whether it is a simulated one."""

    value: date
    simulated: bool


def day() -> Day:
    """Return the day on which everything stands now, in ``GIS_TIMEZONE``."""
    settings = get_settings()
    fixed = settings.today or _of_database()
    return Day(fixed or datetime.now(ZoneInfo(settings.timezone)).date(), fixed is not None)


def today() -> date:
    """Return the day on which everything stands now."""
    return day().value


def simulated_day() -> date | None:
    """Return the day that pages must call simulated; None on the real one."""
    now = day()
    return now.value if now.simulated else None


def forget_day() -> None:
    """Ask the database anew: its day was set or taken away."""
    _kept.clear()


def _of_database() -> date | None:
    key = (database_url("service"), get_settings().today)
    known = _kept.get(key)
    if known is not None and time.monotonic() - known[0] < _KEEP_S:
        return known[1]
    try:
        with get_engine("service").connect() as connection:
            found: date | None = connection.execute(text(statement("record.fixed_day"))).scalar()
    except SQLAlchemyError:
        return None  # a page of a database that does not answer says that, and not the day
    _kept[key] = (time.monotonic(), found)
    return found


def day_asked(given: str | date | None) -> date:
    """Return the day that somebody asks for, today without one.

    Raises
    ------
    InputError
        It is no date, or lies in the future.

    """
    if given is None or given == "":
        return today()
    try:
        asked = given if isinstance(given, date) else date.fromisoformat(given)
    except ValueError as error:
        raise InputError(
            f"“{str(given)[:20]}”不是日期；请写成 2022-09-08。", f"{str(given)[:20]!r} is no date; write 2022-09-08."
        ) from error
    if asked > today():
        raise InputError(
            f"{asked} 还没有到（今天是 {today()}）；请给今天或以前的日期。",
            f"{asked} is in the future (today is {today()}); give today or an earlier day.",
        )
    return asked
