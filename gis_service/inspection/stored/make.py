"""Make a plan or a version of one: read the houses, plan, store; whole or not at all."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from gis_service import __version__
from gis_service.db.engine import transaction, work_srid
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, GisError, InputError
from gis_service.identity import Identity
from gis_service.inspection.calendar import unknown_years, working_days
from gis_service.inspection.checks import check
from gis_service.inspection.keep import Before
from gis_service.inspection.model import Round, Stop, Team, Visit
from gis_service.inspection.planner import Plan, Progress, plan
from gis_service.inspection.stored.conditions import Conditions, next_working_day, team_as_dict, team_of
from gis_service.inspection.stored.ground import stops_of, stops_of_run, ways_of
from gis_service.inspection.stored.read import Seat, Stored, head_of, hour, read_plan, summary_of, with_days
from gis_service.inspection.travel import Ways


def _untold(_zh: str, _en: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Changes:
    """What a replan is told: from which day on, what is done, which teams and houses changed.

    Attributes
    ----------
    from_day
        Days before it are over: their unfinished stops are planned anew.
    done_through
        All stops up to this day are done, as they were planned.
    teams
        The teams as they are from now on: those that are missing have dropped out, further ones join.
    add_houses
        Houses that come in.
    add_run
        A list whose houses come in, as far as they are not in the plan.

    """

    from_day: date
    done_through: date | None = None
    teams: Sequence[Team] | None = None
    add_houses: Sequence[str] = ()
    add_run: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as a version stores it."""
        return {
            "from_day": self.from_day.isoformat(),
            "done_through": self.done_through.isoformat() if self.done_through else None,
            "teams": None if self.teams is None else [team_as_dict(t) for t in self.teams],
            "add_houses": list(self.add_houses), "add_run": self.add_run,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Changes:
        """Return what :meth:`as_dict` stored."""
        through = stored["done_through"]
        return cls(
            date.fromisoformat(stored["from_day"]), date.fromisoformat(through) if through else None,
            None if stored["teams"] is None else [team_of(t) for t in stored["teams"]], stored["add_houses"],
            stored["add_run"],
        )  # fmt: skip


@dataclass
class Made:
    """A plan that was found: what is stored of it, and the visits that were done before and stay."""

    plan: Plan
    teams: list[Team]
    done: list[Seat] = field(default_factory=list)
    done_rounds: list[Round] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass
class Task:
    """All that a plan is made of, read from the database: the planning itself needs none, and takes minutes."""

    stops: list[Stop]
    at_work: list[Team]
    conditions: Conditions
    ways: Ways
    teams: list[Team]
    before: dict[str, Before] = field(default_factory=dict)
    done: list[Seat] = field(default_factory=list)
    done_rounds: list[Round] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def run(self, *, workers: int = 1, on_progress: Progress = _untold) -> Made:
        """Plan.

        Raises
        ------
        InputError
            There is no such plan: one sentence that says what is missing.

        """
        terms = self.conditions.terms()
        made = plan(
            self.stops, self.at_work, terms, self.ways, before=self.before,
            done={
                s.visit.stop.stop_id: Before(s.visit.team, s.visit.day, s.visit.leave_s, s.visit.seq)
                for s in self.done
                if s.visit.day >= terms.start
            },
            workers=workers, on_progress=on_progress,
        )  # fmt: skip
        return Made(made, self.teams, self.done, self.done_rounds, self.lost)


def read_task(connection: Connection, run_id: int, conditions: Conditions, teams: Sequence[Team]) -> Task:
    """Return what a plan of a list is made of."""
    stops = stops_of_run(connection, run_id, conditions)
    return Task(stops, list(teams), conditions, ways_of(connection, conditions), list(teams))


def check_input(connection: Connection, run_id: int, conditions: Conditions, teams: Sequence[Team]) -> int:
    """Refuse at once what no plan can be made of; return how many houses there are."""
    stops = stops_of_run(connection, run_id, conditions)
    check(stops, teams, conditions.terms())
    return len(stops)


def read_again(connection: Connection, old: Stored, changes: Changes) -> Task:
    """Return what a version is made of that plans anew what is not done, as near to the old one as can be.

    Raises
    ------
    InputError
        Nothing is left.

    """
    conditions = _from_now(old, changes.from_day)
    teams = list(old.teams if changes.teams is None else changes.teams)
    through = changes.done_through
    done = [s for s in old.seats.values() if s.done or (through is not None and s.visit.day <= through)]
    over = {s.visit.stop.stop_id for s in done}
    rest = [_open(s, teams, changes.from_day) for i, s in old.seats.items() if i not in over]
    known = set(old.seats)
    added = list(stops_of(connection, [h for h in changes.add_houses if h not in known], conditions))
    if changes.add_run is not None:
        taken = known | {s.stop_id for s in added}
        added += [s for s in stops_of_run(connection, changes.add_run, conditions) if s.stop_id not in taken]
    at = {"plan_id": old.head["plan_id"], "version": old.head["version"]}
    # What found no place before is tried again; what is gone is said.
    left = connection.execute(text(statement("plans.unplanned")), at | {"limit": None}).mappings()
    taken = known | {s.stop_id for s in added}
    again = [row["building_id"] for row in left if row["building_id"] not in taken]
    added += stops_of(connection, again, conditions, known_only=False)
    lost = list(connection.execute(text(statement("plans.lost")), at).scalars())
    if not rest and not added:
        raise InputError("没有未完成的房屋，无需重排。", "Nothing is left to visit; there is nothing to plan anew.")
    terms = conditions.terms()
    at_work = [t for t in teams if working_days(t, terms)]
    before = {
        s.visit.stop.stop_id: Before(s.visit.team, s.visit.day, s.visit.leave_s, s.visit.seq)
        for s in old.seats.values()
        if s.visit.stop.stop_id not in over
    }
    names = {t.name for t in teams}
    gone = [t for t in old.teams if t.name not in names and any(s.visit.team == t.name for s in done)]
    seats = [Seat(s.visit, True, s.pin_team, s.pin_day) for s in done]
    rounds = [
        r for (team, day), r in old.rounds.items() if any(s.visit.team == team and s.visit.day == day for s in done)
    ]
    ways = ways_of(connection, conditions)
    return Task([*rest, *added], at_work, conditions, ways, [*teams, *gone], before, seats, rounds, lost)


def _from_now(old: Stored, from_day: date) -> Conditions:
    """Return the old conditions from a day on; a number of days counts from the old start, so it becomes a last day."""
    terms = old.terms
    deadline = old.conditions.deadline
    if old.conditions.days is not None:
        last = working_days(Team("任一"), terms)[-1]
        deadline = min(deadline, last) if deadline else last
    start = next_working_day(max(from_day, old.conditions.start), terms)
    return replace(old.conditions, start=start, deadline=deadline, days=None)


def _open(seat: Seat, teams: Sequence[Team], from_day: date) -> Stop:
    """Return an unfinished stop; a pin to a team that is gone, or to a day that is over, holds no more."""
    stop = seat.visit.stop
    names = {t.name: t for t in teams}
    team = stop.team if stop.team in names else None
    day = stop.day if stop.day is not None and stop.day >= from_day else None
    if day is not None and team is not None and not names[team].is_there(day):
        day = None
    return replace(stop, team=team, day=day)


def begin(
    connection: Connection, name: str, run_id: int, conditions: Conditions, teams: Sequence[Team]
) -> tuple[int, int]:
    """Store that a plan is being made; return its number and its version. The caller commits."""
    plan_id = connection.execute(text(statement("plans.add")), {"name": _name(name), "run_id": run_id}).scalar_one()
    parameters = conditions.as_dict() | {"run_id": run_id, "teams": [team_as_dict(t) for t in teams]}
    return plan_id, add_version(connection, plan_id, parameters, state="making", origin="made", based_on=None)


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InputError("计划名称须为 1 至 100 个字。", "A plan's name has 1 to 100 printable characters.")
    return name


def add_version(
    connection: Connection,
    plan_id: int,
    parameters: Mapping[str, Any],
    *,
    state: str,
    origin: str,
    based_on: int | None,
) -> int:
    """Store the head of a further version and return its number."""
    values = {
        "plan_id": plan_id, "state": state, "based_on": based_on, "origin": origin,
        "parameters": json.dumps(parameters, ensure_ascii=False), "code_version": __version__,
    }  # fmt: skip
    return int(connection.execute(text(statement("plans.add_version")), values).scalar_one())


def make_plan(who: Identity, plan_id: int, version: int, *, workers: int = 1, on_progress: Progress = _untold) -> None:
    """Make the version of a plan that was begun: it becomes a draft, or says why it failed.

    Raises
    ------
    GisError
        There is no such plan; the version keeps the sentence.

    """
    began = time.monotonic()
    try:
        with transaction(who, read_only=True) as connection:
            head = connection.execute(
                text(statement("plans.head")), {"plan_id": plan_id, "version": version}
            ).mappings().one()  # fmt: skip
            parameters = dict(head["parameters"])
            conditions = Conditions.from_dict(parameters)
            if head["based_on"] is None:
                teams = [team_of(t) for t in parameters["teams"]]
                task = read_task(connection, parameters["run_id"], conditions, teams)
            else:
                old = with_days(connection, read_plan(connection, plan_id, head["based_on"]))
                task = read_again(connection, old, Changes.from_dict(parameters["replan"]))
        # No transaction is open meanwhile: this takes minutes.
        made = task.run(workers=workers, on_progress=on_progress)
        with transaction(who) as connection:
            store(connection, plan_id, version, made, seconds=time.monotonic() - began)
    except Exception as error:
        sentence = (
            error if isinstance(error, GisError) else InputError("内部错误，未完成。", "An internal error; not done.")
        )
        with transaction(who) as connection:
            refusal = {"zh": sentence.message("zh"), "en": sentence.message("en")}
            values = {"plan_id": plan_id, "version": version, "refusal": json.dumps(refusal, ensure_ascii=False)}
            connection.execute(text(statement("plans.fail")), values)
        raise


def store(connection: Connection, plan_id: int, version: int, made: Made, *, seconds: float) -> None:
    """Write teams, stops, days and what is left out into a version that is being made, and make it a draft."""
    at = {"plan_id": plan_id, "version": version}
    starts = {r.team: r.points[0] for r in made.plan.rounds}
    _put(connection, "put_teams", at | {"srid": work_srid()}, [
        team_as_dict(t) | {"position": k, "placed": t.start is not None}
        | ({} if t.start or t.name not in starts else {"x": starts[t.name][0], "y": starts[t.name][1]})
        for k, t in enumerate(made.teams, start=1)
    ])  # fmt: skip
    seats = [*made.done, *(Seat(v, False, v.stop.team is not None, v.stop.day is not None) for v in made.plan.visits)]
    _put(connection, "put_stops", at, [stop_row(seat) for seat in seats])
    _put(connection, "put_days", at, _days([*made.done_rounds, *made.plan.rounds], seats))
    left = [(s.stop_id, why) for s, why in made.plan.unplanned] + [(i, "房屋已不在数据里") for i in made.lost]
    _put(connection, "put_unplanned", at, [{"building_id": i, "reason": why} for i, why in left])
    stored = with_days(connection, read_plan(connection, plan_id, version))
    unknown = unknown_years([v.day for v in made.plan.visits])
    summary = summary_of(stored) | {
        "gave_way": [{"zh": zh, "en": en} for zh, en in made.plan.gave_way],
        "kept": made.plan.kept, "unplanned": len(left), "seconds": round(seconds, 1),
        "unknown_years": unknown,
    }  # fmt: skip
    connection.execute(
        text(statement("plans.finish")), at | {"summary": json.dumps(summary, ensure_ascii=False, default=str)}
    )


def _days(rounds: Sequence[Round], seats: Sequence[Seat]) -> list[dict[str, Any]]:
    """Return the rounds as rows: of one day that was half done, the done part and the new one are one row."""
    joined: dict[tuple[str, date], Round] = {}
    for r in rounds:
        joined[r.team, r.day] = r  # a new round of a day begins after what was done on it
    count: dict[tuple[str, date], list[Visit]] = {}
    for seat in seats:
        count.setdefault((seat.visit.team, seat.visit.day), []).append(seat.visit)
    return [
        day_row(r) | {"stops": len(count[key]), "minutes": sum(v.stop.minutes for v in count[key])}
        for key, r in joined.items()
        if key in count
    ]


def day_row(r: Round) -> dict[str, Any]:
    """Return a round as a row of ``gis.plan_day``."""
    return {
        "team": r.team, "day": r.day.isoformat(), "stops": r.stops, "minutes": r.minutes, "travel_s": r.travel_s,
        "travel_m": round(r.travel_m, 2), "ends_s": r.ends_s,
    }  # fmt: skip


def stop_row(seat: Seat) -> dict[str, Any]:
    """Return a visit as a row of ``gis.plan_stop``."""
    v = seat.visit
    return {
        "building_id": v.stop.stop_id, "team": v.team, "day": v.day.isoformat(), "seq": v.seq,
        "arrive": hour(v.arrive_s), "leave": hour(v.leave_s), "travel_m": round(v.travel_m, 2),
        "minutes": v.stop.minutes, "urgency": v.stop.urgency,
        "due": v.stop.due.isoformat() if v.stop.due else None, "pin_team": seat.pin_team, "pin_day": seat.pin_day,
        "done": seat.done, "unjudged": v.stop.unjudged,
    }  # fmt: skip


def _put(connection: Connection, name: str, values: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(text(statement(f"plans.{name}")), {**values, "rows": json.dumps(rows, ensure_ascii=False)})


def make_now(
    who: Identity, name: str, run_id: int, conditions: Conditions, teams: Sequence[Team], *, workers: int = 1,
    on_progress: Progress = _untold,
) -> int:  # fmt: skip
    """Make a plan at once and return its number: all of it is stored, or nothing.

    Raises
    ------
    GisError
        There is no such plan.

    """
    began = time.monotonic()
    with transaction(who, read_only=True) as connection:
        task = read_task(connection, run_id, conditions, teams)
    made = task.run(workers=workers, on_progress=on_progress)
    with transaction(who) as connection:
        plan_id, version = begin(connection, name, run_id, conditions, teams)
        store(connection, plan_id, version, made, seconds=time.monotonic() - began)
    return plan_id


def begin_replan(connection: Connection, old: Stored, changes: Changes) -> int:
    """Store that a version is being made of an older one; return its number."""
    parameters = _from_now(old, changes.from_day).as_dict() | {"replan": changes.as_dict()}
    return add_version(
        connection, old.head["plan_id"], parameters, state="making", origin="replanned", based_on=old.head["version"]
    )


def replan_now(
    who: Identity, plan_id: int, changes: Changes, *, workers: int = 1, on_progress: Progress = _untold
) -> int:
    """Replan the newest version at once and return the number of the version that came of it.

    Raises
    ------
    GisError
        There is no such plan, or the rest does not fit.

    """
    began = time.monotonic()
    with transaction(who, read_only=True) as connection:
        old = with_days(connection, read_plan(connection, plan_id))
        task = read_again(connection, old, changes)
    made = task.run(workers=workers, on_progress=on_progress)
    with transaction(who) as connection:
        head = head_of(connection, plan_id)
        if (head["version"], head["revision"]) != (old.head["version"], old.head["revision"]):
            raise ConflictError(
                "重排期间有人改动了这个计划；请再运行一次。",
                "Somebody changed the plan while it was being made anew; run it again.",
            )
        version = begin_replan(connection, old, changes)
        store(connection, plan_id, version, made, seconds=time.monotonic() - began)
    return version


def changed_teams(
    teams: list[Team], gone_from: dict[str, date], joins_from: dict[str, date], per_day: dict[str, int]
) -> list[Team] | None:
    """Return the teams with what changed; None where nothing did.

    Raises
    ------
    InputError
        A team that is not there is ill or slower, or one that is there joins.

    """
    known = {t.name: t for t in teams}
    for name in (*gone_from, *per_day):
        if name not in known and name not in joins_from:
            raise InputError(
                f"计划里没有“{name}”；有：{'、'.join(known)}。",
                f"The plan has no team {name!r}; it has {', '.join(known)}.",
            )
    for name, day in joins_from.items():
        if name in known:
            raise InputError(f"“{name}”已在计划里。", f"Team {name!r} is in the plan already.")
        known[name] = Team(name, first=day)
    for name, day in gone_from.items():
        known[name] = replace(known[name], last=day - timedelta(1))
    for name, count in per_day.items():
        known[name] = replace(known[name], per_day=count)
    return list(known.values()) if gone_from or joins_from or per_day else None
