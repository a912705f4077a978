"""The parameter ``datetime`` of OGC API Features (Part 1, 7.15.4): an instant, or an interval, of RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gis_service.errors import QueryError

_DATE = r"\d{4}-\d{2}-\d{2}"
_INSTANT = re.compile(rf"({_DATE})[Tt](\d{{2}}:\d{{2}}:)(\d{{2}})(\.\d+)?([Zz]|[+-]\d{{2}}:\d{{2}})")
_DAY = re.compile(_DATE)
_OPEN = ("", "..")


def interval(text: str) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last moment that ``text`` means; None where it is open. A day means all of it, in UTC.

    Raises
    ------
    QueryError
        It is neither an instant nor an interval of two that has an end and is not turned round.

    """
    start, slash, end = text.partition("/")
    if not slash:
        return _version(start, text), _version(start, text, last=True)
    first = None if start in _OPEN else _version(start, text)
    last = None if end in _OPEN else _version(end, text, last=True)
    if (first is None and last is None) or (first is not None and last is not None and first > last):
        raise _refusal(text)
    return first, last


def _version(part: str, text: str, *, last: bool = False) -> datetime:
    found = _INSTANT.fullmatch(part)
    try:
        if found is not None:
            day, clock, second, fraction, zone = found.groups()
            # A leap second, which RFC 3339 knows and a clock does not.
            second = "59" if second == "60" else second
            return datetime.fromisoformat(f"{day}T{clock}{second}{(fraction or '')[:7]}{zone.upper()}").astimezone(UTC)
        if _DAY.fullmatch(part):
            begins = datetime.fromisoformat(part).replace(tzinfo=UTC)
            return begins + timedelta(days=1, microseconds=-1) if last else begins
    except (ValueError, OverflowError) as error:
        raise _refusal(text) from error
    raise _refusal(text)


def _refusal(text: str) -> QueryError:
    return QueryError(
        f"datetime={text[:60]}：请写成 RFC 3339 的时刻或区间，例如 2022-09-08T00:00:00+08:00 或 2022-09-01T00:00:00Z/..。",
        f"datetime={text[:60]}: write a date-time of RFC 3339 or an interval of two, like 2022-09-08T00:00:00+08:00 or "
        "2022-09-01T00:00:00Z/..",
    )
