"""What a stored plan was asked to keep, as plain JSON and as the terms of the pure plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from gis_service.errors import InputError
from gis_service.inspection.calendar import works
from gis_service.inspection.model import Team, Terms
from gis_service.inspection.travel import TRAVEL_DEFAULTS
from gis_service.settings import DEFAULTS, default

_SPAN = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
TEAMS_MAX = 200


@dataclass(frozen=True)
class Conditions:
    """Limits of a plan beside its teams and houses.

    Attributes
    ----------
    minutes
        On site at each house.
    due
        Last allowed day of each urgency (1 to 4) that has one.
    roads
        Whether travel goes by the county's roads where there are some; else by straight lines.

    """

    per_day: int
    start: date
    deadline: date | None = None
    days: int | None = None
    shift: str = "08:30-17:30"
    lunch: str = "12:00-13:00"
    workdays: str = "12345"
    holidays: Mapping[date, bool] = field(default_factory=dict)
    minutes: int = field(default_factory=lambda: int(default("visit_minutes")))
    due: Mapping[int, date] = field(default_factory=dict)
    roads: bool = True
    partial: bool = False
    seed: int = 1
    iterations: int = field(default_factory=lambda: int(default("route_iterations")))

    def terms(self) -> Terms:
        """Return the terms of the pure plan.

        Raises
        ------
        InputError
            A span of hours or the days of the week are not written as they must be.

        """
        shift = span(self.shift, "班次", "shift")
        if shift is None:
            raise InputError("请给出班次，例如 08:30-17:30。", "Give the shift, like 08:30-17:30.")
        if not re.fullmatch(r"[1-7]+", self.workdays):
            raise InputError(
                f"工作日“{self.workdays}”应为 1 至 7 的数字，周一为 1。", "Days of the week are digits 1 to 7."
            )
        return Terms(
            self.per_day, self.start, self.deadline, self.days, shift, span(self.lunch, "午休", "lunch"),
            workdays=frozenset(map(int, self.workdays)), holidays=self.holidays, seed=self.seed,
            iterations=self.iterations, partial=self.partial,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return all that decides the plan, as a version stores it."""
        return {
            "per_day": self.per_day, "start": self.start.isoformat(),
            "deadline": self.deadline.isoformat() if self.deadline else None, "days": self.days, "shift": self.shift,
            "lunch": self.lunch, "workdays": self.workdays,
            "holidays": {d.isoformat(): "off" if off else "work" for d, off in sorted(self.holidays.items())},
            "minutes": self.minutes, "due": {str(u): d.isoformat() for u, d in sorted(self.due.items())},
            "roads": self.roads, "partial": self.partial, "seed": self.seed, "iterations": self.iterations,
            "defaults": {name: DEFAULTS[name].value for name in (*TRAVEL_DEFAULTS, "replan_saving")},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Conditions:
        """Return what :meth:`as_dict` stored."""
        return cls(
            per_day=stored["per_day"], start=date.fromisoformat(stored["start"]),
            deadline=date.fromisoformat(stored["deadline"]) if stored["deadline"] else None, days=stored["days"],
            shift=stored["shift"], lunch=stored["lunch"], workdays=stored["workdays"],
            holidays={date.fromisoformat(d): kind == "off" for d, kind in stored["holidays"].items()},
            minutes=stored["minutes"], due={int(u): date.fromisoformat(d) for u, d in stored["due"].items()},
            roads=stored["roads"], partial=stored["partial"], seed=stored["seed"], iterations=stored["iterations"],
        )  # fmt: skip


def span(written: str, zh: str, en: str) -> tuple[time, time] | None:
    """Return a span of the day written as HH:MM-HH:MM; None where nothing is written."""
    if not written:
        return None
    found = _SPAN.fullmatch(written)
    try:
        if found:
            a, b, c, d = map(int, found.groups())
            if time(a, b) < time(c, d):
                return time(a, b), time(c, d)
    except ValueError:
        pass
    raise InputError(
        f"{zh}“{written}”应写成 08:30-17:30 的样子。", f"Write the {en} like 08:30-17:30, not {written!r}."
    )


def team_as_dict(team: Team) -> dict[str, Any]:
    """Return a team as plain JSON, its start in metres of the work CRS."""
    return {
        "team": team.name, "members": team.members, "per_day": team.per_day,
        "days_off": sorted(d.isoformat() for d in team.days_off),
        "first_day": team.first.isoformat() if team.first else None,
        "last_day": team.last.isoformat() if team.last else None,
        "x": team.start[0] if team.start else None, "y": team.start[1] if team.start else None,
    }  # fmt: skip


def team_of(stored: Mapping[str, Any]) -> Team:
    """Return the team that :func:`team_as_dict` wrote."""

    def day(value: Any) -> date | None:
        return date.fromisoformat(value) if isinstance(value, str) else value

    return Team(
        stored["team"], None if stored["x"] is None else (stored["x"], stored["y"]), stored["per_day"],
        frozenset(d for d in map(day, stored["days_off"]) if d), stored["members"], day(stored["first_day"]),
        day(stored["last_day"]),
    )  # fmt: skip


def next_working_day(day: date, terms: Terms) -> date:
    """Return ``day``, or the first working day after it."""
    for _ in range(60):
        if works(day, terms):
            return day
        day += timedelta(1)
    raise InputError(f"{day} 前后没有工作日。", f"There is no working day near {day}.")
