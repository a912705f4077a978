"""What a plan is made of: stops, teams, terms; and what it is: visits in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from gis_service.codelists import OPERATING
from gis_service.settings import default

URGENCY = {1: "严重隐患", 2: "一定隐患", 3: "经营性未判定", 4: "其他"}
"""1 severe, 2 some, 3 operating and unjudged, 4 the rest."""


def urgency_of(tier: str | None, use: str | None) -> int:
    """Return the urgency of a house by its tier, where one is known, and its use."""
    if tier in {"severe", "some"}:
        return 1 if tier == "severe" else 2
    return 3 if tier in (None, "unjudged") and use in OPERATING else 4


def _of(name: str) -> Any:
    return field(default_factory=lambda: default(name))


@dataclass(frozen=True)
class Stop:
    """One house to visit once: its place in metres, minutes on site, and what binds it.

    Attributes
    ----------
    due
        Last allowed day.
    team, day
        Pins.
    outcome
        Whether a hazard was found after the plan was made; None where nobody knows. No plan is made by it.
    unjudged
        Nobody had judged the house when the plan was made: only such houses count for lift.

    """

    stop_id: str
    x: float
    y: float
    minutes: int
    urgency: int = 4
    due: date | None = None
    village: str | None = None
    team: str | None = None
    day: date | None = None
    outcome: bool | None = None
    unjudged: bool = True

    @property
    def pinned(self) -> bool:
        """Whether the stop is held to a team, a day, or both."""
        return self.team is not None or self.day is not None


@dataclass(frozen=True)
class Team:
    """One team: its name, where it starts (metres; None: at the middle of its territory), its own limits.

    ``first`` and ``last`` are the days between which it is there at all: one that joins, one that falls ill.
    """

    name: str
    start: tuple[float, float] | None = None
    per_day: int | None = None
    days_off: frozenset[date] = frozenset()
    members: str | None = None
    first: date | None = None
    last: date | None = None

    def is_there(self, day: date) -> bool:
        """Tell whether the team is there on a day that others may work."""
        return (
            day not in self.days_off
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


@dataclass(frozen=True)
class Terms:
    """What a plan is asked to keep.

    Attributes
    ----------
    per_day
        Stops of a team on a day, at most.
    start, deadline, days
        First day; last day, or number of working days from the first one on: limits, not aims.
    shift, lunch
        From and to; no visit and no travel falls into the lunch.
    workdays
        Days of the week, Monday 1, on which teams work.
    holidays
        Days of one's own: True off, False worked, over the State Council's.
    iterations, seed
        Of the solver, for each team.
    saving
        Share of a team's travel time that a replan must save before an unfinished stop may change its day.

    """

    per_day: int
    start: date
    deadline: date | None = None
    days: int | None = None
    shift: tuple[time, time] = (time(8, 30), time(17, 30))
    lunch: tuple[time, time] | None = (time(12), time(13))
    workdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    holidays: Mapping[date, bool] = field(default_factory=dict)
    seed: int = 1
    iterations: int = field(default_factory=lambda: int(default("route_iterations")))
    partial: bool = False
    saving: float = _of("replan_saving")

    @property
    def shift_s(self) -> int:
        """Seconds that may be worked and travelled on a day."""
        return self.work_s(seconds(self.shift[0]))

    def work_s(self, opens_s: int) -> int:
        """Return the seconds without lunch from ``opens_s`` to the end of the shift."""
        closes = seconds(self.shift[1])
        begin, end = (seconds(clock) for clock in self.lunch) if self.lunch else (0, 0)
        return closes - opens_s - max(0, min(end, closes) - max(begin, opens_s))


@dataclass(frozen=True)
class TeamDay:
    """One team on one day: how many stops it holds, from when, and the number of its first stop."""

    day: date
    capacity: int
    opens_s: int
    first_seq: int = 1


@dataclass(frozen=True)
class Visit:
    """A stop in its place in the plan; times in seconds of the day, travel from the stop before (or the start)."""

    stop: Stop
    team: str
    day: date
    seq: int
    arrive_s: int
    leave_s: int
    travel_m: float


@dataclass(frozen=True)
class Round:
    """A team's way of one day, back at its start at ``ends_s``: seconds and metres of travel, points in order."""

    team: str
    day: date
    stops: int
    minutes: int
    travel_s: int
    travel_m: float
    points: tuple[tuple[float, float], ...]
    ends_s: int


def seconds(clock: time) -> int:
    """Return the second of the day."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def clock(second: int) -> str:
    """Return a second of the day as HH:MM."""
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}"
