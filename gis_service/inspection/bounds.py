"""What cannot be, known before anything is solved: stops against team-days, by due day and urgency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from gis_service.errors import InputError
from gis_service.inspection.model import URGENCY, Stop, TeamDay, Terms

URGENCY_EN = {1: "severe", 2: "some hazard", 3: "operating and unjudged", 4: "other"}

Calendar = Sequence[Sequence[TeamDay]]
"""The days of each team."""


@dataclass(frozen=True)
class Shortage:
    """By ``day`` only ``fits`` of the stops of an urgency find room; ``team_days`` are missing for all of them."""

    day: date
    urgency: int
    stops: int
    fits: int
    team_days: int

    def clause(self) -> tuple[str, str]:
        """Return it in words."""
        return (
            f"{self.day.month} 月 {self.day.day} 日前{URGENCY[self.urgency]} {self.stops:,} 栋只能排 {self.fits:,} 栋",
            f"by {self.day} only {self.fits:,} of {self.stops:,} stops ({URGENCY_EN[self.urgency]}) can be visited",
        )


def infeasible(shortages: Sequence[Shortage]) -> InputError:
    """Return the refusal of a plan that cannot be: one sentence."""
    worst = max(s.team_days for s in shortages)
    clauses = [s.clause() for s in shortages]
    return InputError(
        f"差 {worst:,} 个组日：{'；'.join(c[0] for c in clauses)}；请增加组数或天数、放宽期限，或选“只排排得下的”（--partial）。",
        f"{worst:,} team-days are missing: {'; '.join(c[1] for c in clauses)}; add teams or days, move the due days, "
        "or plan what fits with --partial.",
        missing_team_days=worst,
    )


def last_day(calendar: Calendar) -> date:
    """Return the last day of all teams."""
    return max(d.day for days in calendar for d in days)


def screen(stops: Sequence[Stop], calendar: Calendar, terms: Terms) -> tuple[list[Stop], list[Shortage]]:
    """Return the stops that the team-days hold by count and by minutes on site, and what is missing for the others.

    The others are the least urgent of those that are too many by some day, so that the rest is as urgent as can be.
    """
    end = last_day(calendar)
    left = sorted(stops, key=lambda s: (not s.pinned, s.urgency, s.due or date.max, s.stop_id))
    shortages = []
    for day in sorted({min(s.due or end, end) for s in stops}):
        early = [s for s in left if min(s.due or end, end) <= day]
        spans = [[d for d in days if d.day <= day] for days in calendar]
        room = sum(d.capacity for span in spans for d in span)
        time = sum(len(span) for span in spans) * terms.shift_s
        fits = _most(early, room, time, terms)
        if fits == len(early):
            continue
        gone = early[fits:]
        typical = max((d.capacity for days in calendar for d in days), default=terms.per_day)
        minutes = sum(s.minutes for s in early) * 60 - time
        missing = max(ceil((len(early) - room) / typical), ceil(minutes / terms.shift_s), 1)
        for urgency in sorted({s.urgency for s in gone}):
            lacking = sum(s.urgency == urgency for s in gone)
            count = sum(s.urgency == urgency for s in early)
            shortages.append(Shortage(day, urgency, count, count - lacking, missing))
        lost = {s.stop_id for s in gone}
        left = [s for s in left if s.stop_id not in lost]
    return sorted(left, key=lambda s: s.stop_id), shortages


def _most(stops: Sequence[Stop], room: int, time_s: int, terms: Terms) -> int:
    """Return how many of the stops, from the first, fit into so many places and so much time."""
    total = 0
    for k, stop in enumerate(stops):
        total += stop.minutes * 60
        if k >= room or total > time_s or stop.minutes * 60 > terms.shift_s:
            return k
    return len(stops)


def lower_bound(count: int, need_s: int, per_day: int, terms: Terms) -> int:
    """Return the team-days that no plan goes below: by count, and by minutes on site."""
    return max(ceil(count / per_day), ceil(need_s / terms.shift_s))
