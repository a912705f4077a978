"""A stored version of a plan as the pure plan's records: teams, visits, rounds, figures, promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.inspection.broken import Broken, broken
from gis_service.inspection.measure import Figures, measure
from gis_service.inspection.model import Round, Stop, Team, Terms, Visit, seconds
from gis_service.inspection.stored.conditions import Conditions, team_of
from gis_service.inspection.worth import Lift, lift

STATES = {"making": "正在编排", "failed": "未排成", "draft": "草稿", "published": "已发布"}
"""States of a version, in the county's words."""
_BROKEN_MAX = 200
_LAST_S = 86_399


@dataclass(frozen=True)
class Seat:
    """A visit with what the pure plan does not know of it: whether it is done, and by what it is pinned."""

    visit: Visit
    done: bool
    pin_team: bool
    pin_day: bool


@dataclass
class Stored:
    """A version of a plan; ``whole`` where the asker sees all of its stops, and not those of a place or department."""

    head: Mapping[str, Any]
    conditions: Conditions
    teams: list[Team]
    placed: Mapping[str, bool]
    seats: dict[str, Seat]
    rounds: dict[tuple[str, date], Round] = field(default_factory=dict)
    whole: bool = True

    @cached_property
    def terms(self) -> Terms:
        """The terms of the pure plan."""
        return self.conditions.terms()

    @property
    def visits(self) -> list[Visit]:
        """All visits, by team, day and order."""
        place = {team.name: k for k, team in enumerate(self.teams)}
        return sorted((s.visit for s in self.seats.values()), key=lambda v: (place[v.team], v.day, v.seq))

    def of_day(self, team: str, day: date) -> list[Seat]:
        """Return a team's visits of a day, in order."""
        some = [s for s in self.seats.values() if s.visit.team == team and s.visit.day == day]
        return sorted(some, key=lambda s: s.visit.seq)

    def team(self, name: str) -> Team:
        """Return a team.

        Raises
        ------
        NotFoundError
            The plan has no such team.

        """
        found = next((t for t in self.teams if t.name == name), None)
        if found is None:
            raise NotFoundError(
                f"计划里没有“{name}”；有：{'、'.join(t.name for t in self.teams)}。",
                f"The plan has no team {name!r}; it has {', '.join(t.name for t in self.teams)}.",
            )
        return found

    def figures(self) -> Figures:
        """Return the figures as the plan stands."""
        return measure(self.visits, list(self.rounds.values()), self.teams, self.terms)

    def broken(self) -> list[Broken]:
        """Return the promises that do not hold as the plan stands."""
        return broken(self.visits, self.teams, self.terms, {key: r.ends_s for key, r in self.rounds.items()})

    def broken_before(self) -> list[Broken]:
        """Return the promises that did not hold when the version was last changed, as it keeps them."""
        summary = self.head["summary"] or {}
        kept = summary.get("broken", [])
        return [Broken(**b) for b in kept] if len(kept) == summary.get("broken_count") else self.broken()

    def lift(self) -> Lift | None:
        """Return what the order was worth so far: hazards found since, among houses unjudged when it was made."""
        return lift(self.visits, self.conditions.seed)


def head_of(connection: Connection, plan_id: int, version: int | None = None) -> Mapping[str, Any]:
    """Return a version's row; without ``version`` the newest that did not fail.

    Raises
    ------
    NotFoundError
        There is no such plan or version, or it is not the asker's to see.

    """
    values = {"plan_id": plan_id, "version": version}
    row = connection.execute(text(statement("plans.head")), values).mappings().one_or_none()
    if row is None:
        named = f"第 {plan_id} 号计划" + (f"的第 {version} 版" if version else "")
        raise NotFoundError(f"没有{named}。", f"There is no plan {plan_id}{f', version {version}' if version else ''}.")
    return dict(row)


def read_plan(connection: Connection, plan_id: int, version: int | None = None) -> Stored:
    """Return a version of a plan, as far as the asker sees it.

    Raises
    ------
    NotFoundError
        There is no such version.

    """
    head = head_of(connection, plan_id, version)
    values = {"plan_id": plan_id, "version": head["version"]}
    rows = connection.execute(text(statement("plans.teams")), values).mappings().all()
    teams = [team_of(dict(row)) for row in rows]
    return Stored(
        head, Conditions.from_dict(head["parameters"]), teams, {r["team"]: r["placed"] for r in rows},
        {row[0]: _seat(row) for row in connection.execute(text(statement("plans.stops")), values).all()},
    )  # fmt: skip


def with_days(connection: Connection, stored: Stored) -> Stored:
    """Add the rounds of each day, which county roles read."""
    values = {"plan_id": stored.head["plan_id"], "version": stored.head["version"]}
    for row in connection.execute(text(statement("plans.days")), values).mappings():
        key = row["team"], row["day"]
        stored.rounds[key] = Round(
            row["team"], row["day"], row["stops"], row["minutes"], row["travel_s"], row["travel_m"], (), row["ends_s"]
        )
    return stored


def _seat(row: Sequence[Any]) -> Seat:
    """Return a row of ``plans.stops``: its columns in their order, for names looked up in each of 4,000 rows are slow."""
    (
        building_id, team, day, seq, arrive, leave, travel_m, minutes, urgency, due, pin_team, pin_day, done, unjudged,
        tier, x, y, village,
    ) = row  # fmt: skip
    outcome = None if tier == "unjudged" else tier in {"severe", "some"}
    held = team if pin_team else None, day if pin_day else None
    stop = Stop(building_id, x, y, minutes, urgency, due, village, *held, outcome=outcome, unjudged=unjudged)
    return Seat(Visit(stop, team, day, seq, seconds(arrive), seconds(leave), travel_m), done, pin_team, pin_day)


def as_stored(seat: Seat) -> Seat:
    """Return a seat as it is read back: pins in the stop, centimetres, no hour past midnight."""
    visit, stop = seat.visit, seat.visit.stop
    held = replace(stop, team=visit.team if seat.pin_team else None, day=visit.day if seat.pin_day else None)
    hours = min(visit.arrive_s, _LAST_S), min(visit.leave_s, _LAST_S)
    kept = replace(visit, stop=held, arrive_s=hours[0], leave_s=hours[1], travel_m=round(visit.travel_m, 2))
    return replace(seat, visit=kept)


def hour(second: int) -> str:
    """Return a second of the day as the database takes it; past midnight the day's last second."""
    second = min(second, _LAST_S)
    return time(second // 3600, second % 3600 // 60, second % 60).isoformat()


def summary_of(stored: Stored, faults: Sequence[Broken] | None = None) -> dict[str, Any]:
    """Return the figures and what does not hold (``faults``, where it is known), as a version keeps them."""
    worth = stored.lift()
    faults = stored.broken() if faults is None else faults
    return {
        "figures": stored.figures(),
        "broken": [b.as_dict() for b in faults[:_BROKEN_MAX]],
        "broken_count": len(faults),
        "lift": None if worth is None else vars(worth),
    }
