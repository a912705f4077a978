"""Change a plan by hand: move a stop, pin it, share a day, mark what is done, undo, publish.

Each change is of a version and a revision that the asker saw; who comes second is told and changes nothing. A change
of a published version begins the next one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError
from gis_service.inspection.adjust import Outing, Timed, share, timed, with_stop
from gis_service.inspection.broken import Broken
from gis_service.inspection.model import seconds
from gis_service.inspection.stored.ground import ways_of
from gis_service.inspection.stored.kept import keep, read_kept
from gis_service.inspection.stored.make import add_version, day_row, stop_row
from gis_service.inspection.stored.read import (
    STATES,
    Seat,
    Stored,
    as_stored,
    head_of,
    read_plan,
    summary_of,
    with_days,
)

Key = tuple[str, date]


@dataclass(frozen=True)
class Seen:
    """The version and revision that whoever asks has before them."""

    plan_id: int
    version: int
    revision: int


@dataclass
class Changed:
    """What a change did: where the plan stands now, the days that are different, promises broken and mended by it."""

    version: int
    revision: int
    days: list[dict[str, Any]]
    stops: list[dict[str, Any]]
    newly_broken: list[Broken]
    still_broken: list[Broken]
    mended: list[Broken]
    minutes: dict[str, int]
    kind: str = "move"


def open_for_change(connection: Connection, seen: Seen, *, keep_published: bool = False) -> Stored:
    """Return the version to change, held until the end of the transaction; a published one as its next draft.

    Raises
    ------
    NotFoundError
        There is no such plan.
    ConflictError
        Somebody changed it since, or it is being planned anew.

    """
    if connection.execute(text(statement("plans.lock")), {"plan_id": seen.plan_id}).scalar() is None:
        raise NotFoundError(f"没有第 {seen.plan_id} 号计划。", f"There is no plan {seen.plan_id}.")
    newest = dict(connection.execute(text(statement("plans.newest")), {"plan_id": seen.plan_id}).mappings().one())
    if newest["state"] == "making":
        raise ConflictError("计划正在重排，请等它完成。", "The plan is being made anew; wait until it is done.")
    stored = read_kept(connection, seen.plan_id)
    head = stored.head
    if (head["version"], head["revision"]) != (seen.version, seen.revision):
        raise _changed_meanwhile(head)
    if head["state"] == "failed":
        raise ConflictError("这个计划没有排成，不能修改。", "This plan was not made; there is nothing to change.")
    if head["state"] == "published" and not keep_published:
        return _next_draft(connection, stored)
    return stored


def _changed_meanwhile(head: Mapping[str, Any]) -> ConflictError:
    who, at = head["changed_by"] or "—", head["changed_at"].astimezone()
    deed = "发布" if head["state"] == "published" else "改动"
    deed_en = "published" if head["state"] == "published" else "changed"
    return ConflictError(
        f"{who} 在 {at:%H:%M} {deed}了这个计划（现为第 {head['version']} 版第 {head['revision']} 次修改），您的改动没有保存；"
        "请重新载入后再改。",
        f"{who} {deed_en} this plan at {at:%H:%M} (version {head['version']}, revision {head['revision']} now); your change "
        "was not stored: load it again first.",
        version=head["version"], revision=head["revision"], changed_by=who, state=head["state"],
    )  # fmt: skip


def _next_draft(connection: Connection, stored: Stored) -> Stored:
    head = stored.head
    version = add_version(
        connection, head["plan_id"], head["parameters"], state="draft", origin="edited", based_on=head["version"]
    )
    at = {"plan_id": head["plan_id"], "version": version, "based_on": head["version"]}
    for name in ("copy_teams", "copy_stops", "copy_days", "copy_unplanned"):
        connection.execute(text(statement(f"plans.{name}")), at)
    stored.head = {**head, "version": version, "revision": 0, "state": "draft", "based_on": head["version"]}
    return stored


def seat_of(stored: Stored, building_id: str) -> Seat:
    """Return where a house stands in the plan.

    Raises
    ------
    NotFoundError
        It is not in it.

    """
    seat = stored.seats.get(building_id)
    if seat is None:
        raise NotFoundError(f"计划里没有房屋 {building_id}。", f"House {building_id} is not in the plan.")
    return seat


def move(
    connection: Connection, seen: Seen, building_id: str, team: str, day: date, place: int | None, *, only_try: bool
) -> Changed:
    """Move a stop to a team and day, at ``place`` of the day's order (from 1) or where the team is back soonest.

    It is pinned there. With ``only_try`` nothing is stored: the answer says what would be.

    Raises
    ------
    InputError
        The stop is done, or the day is before the plan.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen, keep_published=only_try)
    seat = seat_of(stored, building_id)
    stored.team(team)
    if seat.done:
        raise InputError(f"{building_id} 已排查，不能再移动。", f"{building_id} is done and stays where it is.")
    if not stored.conditions.start <= day or (day - stored.conditions.start).days > 730:
        raise InputError(
            f"{day} 不在计划期间（{stored.conditions.start} 起）。",
            f"{day} is outside the plan (from {stored.conditions.start}).",
        )
    before = stored.broken_before()
    ways = ways_of(connection, stored.conditions)
    source, target = (seat.visit.team, seat.visit.day), (team, day)
    stop = replace(seat.visit.stop, team=team, day=day)
    pinned = {building_id: (True, True)}
    rest = outing(stored, source, leave_out=building_id)
    # A place is counted among all stops of the day; what is done stands before the rest.
    free = None if place is None else max(0, place - outing(stored, target, leave_out=building_id).first_seq)
    if source == target:
        results = [with_stop(rest, stop, free, stored.terms, ways)]
    else:
        results = [
            timed(rest, stored.terms, ways),
            with_stop(outing(stored, target), stop, free, stored.terms, ways),
        ]
    what = {
        "building_id": building_id, "from": [source[0], source[1].isoformat()], "to": [target[0], target[1].isoformat()],
    }  # fmt: skip
    return _apply(connection, stored, results, pinned, before, "move", what, only_try=only_try)


def outing(stored: Stored, key: Key, leave_out: str = "") -> Outing:
    """Return what is still to be visited on a team's day: it sets out from the last stop that is done."""
    team, day = key
    seats = stored.of_day(team, day)
    done = [s for s in seats if s.done]
    stops = tuple(s.visit.stop for s in seats if not s.done and s.visit.stop.stop_id != leave_out)
    home = stored.team(team).start
    if home is None:
        some = stops or tuple(s.visit.stop for s in stored.seats.values() if s.visit.team == team) or (
            next(iter(stored.seats.values())).visit.stop,
        )  # fmt: skip
        home = some[0].x, some[0].y
    if not done:
        return Outing(team, day, home, stops, seconds(stored.terms.shift[0]))
    last = done[-1].visit
    return Outing(team, day, (last.stop.x, last.stop.y), stops, last.leave_s, last.seq + 1, home)


def _apply(
    connection: Connection, stored: Stored, results: Sequence[Timed], pinned: Mapping[str, tuple[bool, bool]],
    before: Sequence[Broken], kind: str, what: Mapping[str, Any], *, only_try: bool = False,
) -> Changed:  # fmt: skip
    """Put new rounds in the place of old ones, store them with what undoes them, and tell what changed."""
    keys = {(r.round.team, r.round.day) for r in results}
    ids = {v.stop.stop_id for r in results for v in r.visits}
    old_keys = keys | {(stored.seats[i].visit.team, stored.seats[i].visit.day) for i in ids}
    old_rows = [stop_row(stored.seats[i]) for i in sorted(ids)]
    old_days = [day_row(stored.rounds[k]) for k in sorted(old_keys) if k in stored.rounds]
    minutes_before = {f"{k[0]}/{k[1]}": _work(stored, k) for k in old_keys}
    for result in results:
        for visit in result.visits:
            known = stored.seats[visit.stop.stop_id]
            pin = pinned.get(visit.stop.stop_id, (known.pin_team, known.pin_day))
            stored.seats[visit.stop.stop_id] = as_stored(Seat(visit, known.done, *pin))
    for result in results:  # only now every stop stands on its new day
        key = result.round.team, result.round.day
        all_ = stored.of_day(*key)
        if not all_:
            stored.rounds.pop(key, None)
            continue
        travel = _travel_before(stored, key)
        stored.rounds[key] = replace(
            result.round, stops=len(all_), minutes=sum(s.visit.stop.minutes for s in all_),
            travel_m=round(result.round.travel_m + sum(s.visit.travel_m for s in all_ if s.done), 2),
            travel_s=result.round.travel_s + travel,
        )  # fmt: skip
    new_rows = [stop_row(stored.seats[i]) for i in sorted(ids)]
    changed = [n for n, o in zip(new_rows, old_rows, strict=True) if n != o]
    new_days = [day_row(stored.rounds[k]) for k in sorted(keys) if k in stored.rounds]
    after = stored.broken()
    revision = stored.head["revision"]
    if not only_try:
        undo = {
            "stops": [o for n, o in zip(new_rows, old_rows, strict=True) if n != o], "days": old_days,
            "keys": [{"team": t, "day": d.isoformat()} for t, d in sorted(old_keys)],
        }  # fmt: skip
        at = {"plan_id": stored.head["plan_id"], "version": stored.head["version"]}
        _write(connection, at, changed, undo["keys"], new_days)
        revision = _revised(connection, stored, at, after)
        _note(connection, at, revision, kind, what, undo)
    minutes = {k: _work(stored, _key(k)) - v for k, v in minutes_before.items()}
    return Changed(
        stored.head["version"], revision, days_of(stored, old_keys), changed, *_differ(before, after), minutes, kind,
    )  # fmt: skip


def _key(written: str) -> Key:
    team, _, day = written.rpartition("/")
    return team, date.fromisoformat(day)


def _work(stored: Stored, key: Key) -> int:
    """Return the minutes of a team's day, on site and on the way."""
    r = stored.rounds.get(key)
    return 0 if r is None else r.minutes + round(r.travel_s / 60)


def _travel_before(stored: Stored, key: Key) -> int:
    """Return the seconds travelled to the stops that are done: between the hours at which they were left and reached."""
    at, out = seconds(stored.terms.shift[0]), 0
    for seat in stored.of_day(*key):
        if seat.done:
            out += max(0, seat.visit.arrive_s - at)
            at = seat.visit.leave_s
    return out


def days_of(stored: Stored, keys: Iterable[Key]) -> list[dict[str, Any]]:
    """Return days as a page shows them; one without stops has none."""
    out: list[dict[str, Any]] = []
    for team, day in sorted(keys):
        r = stored.rounds.get((team, day))
        row = {
            "team": team,
            "day": day.isoformat(),
            "stops": 0,
            "minutes": 0,
            "travel_s": 0,
            "travel_m": 0.0,
            "ends_s": 0,
        }
        out.append(row if r is None else day_row(r))
    return out


def _differ(before: Sequence[Broken], after: Sequence[Broken]) -> tuple[list[Broken], list[Broken], list[Broken]]:
    """Return what is broken now and was not, what still is but by another measure, and what is mended."""
    was, now = {b.key: b for b in before}, {b.key for b in after}
    new = [b for b in after if b.key not in was]
    other = [b for b in after if b.key in was and was[b.key].zh != b.zh]
    return new, other, [b for b in before if b.key not in now]


def _write(
    connection: Connection, at: Mapping[str, Any], stops: Sequence[Any], keys: Sequence[Any], days: Sequence[Any]
) -> None:
    for name, rows in (("change_stops", stops), ("drop_days", keys), ("put_days", days)):
        if rows:
            connection.execute(text(statement(f"plans.{name}")), {**at, "rows": json.dumps(rows, ensure_ascii=False)})


def _revised(
    connection: Connection, stored: Stored, at: Mapping[str, Any], faults: Sequence[Broken] | None = None
) -> int:
    summary = json.dumps(summary_of(stored, faults), ensure_ascii=False, default=str)
    revised = connection.execute(text(statement("plans.revise")), {**at, "summary": summary}).mappings().one_or_none()
    if revised is None:
        raise ConflictError(f"这一版{STATES['published']}，不能再改。", "This version is published and stays as it is.")
    stored.head = {**stored.head, **revised}
    keep(connection, stored)
    return int(revised["revision"])


def _note(
    connection: Connection, at: Mapping[str, Any], revision: int, kind: str, what: Mapping[str, Any], undo: Any
) -> None:
    values = {
        **at, "revision": revision, "kind": kind, "what": json.dumps(what, ensure_ascii=False),
        "before": json.dumps(undo, ensure_ascii=False),
    }  # fmt: skip
    connection.execute(text(statement("plans.note_edit")), values)


def pin(connection: Connection, seen: Seen, building_id: str, *, team: bool, day: bool) -> Changed:
    """Hold a stop to its team, its day or both, or let it go.

    Raises
    ------
    NotFoundError
        The house is not in the plan.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen)
    seat = seat_of(stored, building_id)
    what = {"building_id": building_id, "team": team, "day": day}
    return _mark(connection, stored, {building_id: replace(seat, pin_team=team, pin_day=day)}, "pin", what)


def mark_done(connection: Connection, seen: Seen, houses: Sequence[str], *, done: bool) -> Changed:
    """Say of houses that they are visited, or that they are not.

    Raises
    ------
    NotFoundError
        A house is not in the plan.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen)
    seats = {h: replace(seat_of(stored, h), done=done) for h in dict.fromkeys(houses)}
    return _mark(connection, stored, seats, "done", {"houses": list(seats), "done": done})


def _mark(
    connection: Connection, stored: Stored, seats: Mapping[str, Seat], kind: str, what: Mapping[str, Any]
) -> Changed:
    old = [stop_row(stored.seats[i]) for i in seats]
    new = [stop_row(seat) for seat in seats.values()]
    stored.seats.update({i: as_stored(seat) for i, seat in seats.items()})
    at = {"plan_id": stored.head["plan_id"], "version": stored.head["version"]}
    _write(connection, at, new, (), ())
    revision = _revised(connection, stored, at)
    _note(connection, at, revision, kind, what, {"stops": old, "days": [], "keys": []})
    return Changed(stored.head["version"], revision, [], new, [], [], [], {}, kind)


def share_day(connection: Connection, seen: Seen, day: date, one: str, other: str) -> Changed:
    """Share what two teams have not visited yet on a day between them.

    Raises
    ------
    InputError
        They are one team, or have nothing left.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen)
    stored.team(one), stored.team(other)
    before = stored.broken_before()
    both = outing(stored, (one, day)), outing(stored, (other, day))
    results = share(both[0], both[1], stored.terms, ways_of(connection, stored.conditions))
    what = {"day": day.isoformat(), "teams": [one, other]}
    return _apply(connection, stored, results, {}, before, "share", what)


def undo(connection: Connection, seen: Seen) -> Changed:
    """Take back the last change of a draft that was not taken back yet.

    Raises
    ------
    InputError
        There is none.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen, keep_published=True)
    at = {"plan_id": stored.head["plan_id"], "version": stored.head["version"]}
    last = connection.execute(text(statement("plans.last_edit")), at).mappings().one_or_none()
    if last is None or stored.head["state"] != "draft":
        raise InputError("这一版没有可以撤销的改动。", "There is no change of this version to take back.")
    before = stored.broken_before()
    was = last["before"]
    touched = {(r["team"], date.fromisoformat(r["day"])) for r in was["keys"]}
    minutes_before = {f"{k[0]}/{k[1]}": _work(stored, k) for k in touched}
    _write(connection, at, was["stops"], was["keys"], was["days"])
    connection.execute(text(statement("plans.undo_edit")), at | {"revision": last["revision"]})
    again = with_days(connection, read_plan(connection, seen.plan_id, stored.head["version"]))
    after = again.broken()
    revision = _revised(connection, again, at, after)
    minutes = {k: _work(again, _key(k)) - v for k, v in minutes_before.items()}
    return Changed(
        stored.head["version"], revision, days_of(again, touched), was["stops"],
        *_differ(before, after), minutes, last["kind"],
    )  # fmt: skip


def publish(connection: Connection, seen: Seen) -> int:
    """Publish a draft: it is what townships and prints read from now on. Return its version.

    Raises
    ------
    InputError
        It is published already.
    ConflictError
        Somebody changed the plan since.

    """
    stored = open_for_change(connection, seen, keep_published=True)
    at = {"plan_id": seen.plan_id, "version": stored.head["version"]}
    if connection.execute(text(statement("plans.publish")), at).rowcount != 1:
        raise InputError("这一版已经发布。", "This version is published already.")
    return int(stored.head["version"])


def erase(connection: Connection, plan_id: int) -> None:
    """Delete a plan of which no version was published.

    Raises
    ------
    NotFoundError
        There is no such plan.
    ConflictError
        A version was published: that stays.

    """
    head_of(connection, plan_id)
    if connection.execute(text(statement("plans.drop")), {"plan_id": plan_id}).rowcount != 1:
        raise ConflictError("这个计划发布过，不能删除。", "A version of this plan was published; it stays.")
