"""How the campaign went, day by day: judged, hazards found, dealt with and rectified; of operating houses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, text

from gis_service.bulletins.progress import Deadline, deadlines
from gis_service.db.queries import statement

_DAYS_MAX = 400


@dataclass(frozen=True)
class Course:
    """Days in order, and at the end of each how many until then; empty where nothing was judged yet."""

    days: list[date]
    judged: list[int]
    found: list[int]
    acted: list[int]
    done: list[int]
    deadlines: list[Deadline]


def course(connection: Connection, until: date) -> Course:
    """Return the course until a day, of the houses that the asker may see: since the round began, at most 400 days."""
    rows = connection.execute(text(statement("bulletins.course")), {"day": until}).all()
    due = deadlines(
        [dict(r) for r in connection.execute(text(statement("bulletins.deadlines")), {"day": until}).mappings()], until
    )
    first = min((one.first for one in due), default=min((row.on_day for row in rows), default=until))
    first = max(min(first, until), until - timedelta(days=_DAYS_MAX))
    sums = dict.fromkeys(("judged", "found", "acted", "done"), 0)
    on: dict[date, dict[str, int]] = {}
    for row in rows:
        if row.on_day < first:
            sums[row.what] += row.n
        else:
            on.setdefault(row.on_day, {})[row.what] = row.n
    days, series = [], {name: list[int]() for name in sums}
    day = first
    while day <= until:
        for name, n in on.get(day, {}).items():
            sums[name] += n
        days.append(day)
        for name, total in sums.items():
            series[name].append(total)
        day += timedelta(days=1)
    return Course(days if rows else [], **series, deadlines=due)
