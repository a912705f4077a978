"""Rounds: sweeps over houses with a filter, days and deadlines; they may overlap.

The rounds that the notices set are data (``data/rounds/notices.json``), each deadline with its clause.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gis_service.codelists import HAZARD_TIER, OPERATING, ROUND_KIND, ROUND_STEP, USE_CLASS
from gis_service.db.day import today
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError
from gis_service.settings import ROOT

OPERATING_ONLY = {"use_class": list(OPERATING)}
"""The filter of operating houses (经营性、住宅兼经营)."""
_FILTERS: Mapping[str, Mapping[str, str] | None] = {
    "use_class": USE_CLASS, "hazard_tier": HAZARD_TIER, "unit_code": None,
}  # fmt: skip
_NOTICES = ROOT / "data" / "rounds" / "notices.json"


@dataclass(frozen=True)
class Deadline:
    """The last day of a step (``codelists.ROUND_STEP``), of the round's houses that meet ``filter``."""

    step: str
    due_on: date
    filter: Mapping[str, Sequence[str]] = field(default_factory=dict)
    clause: str | None = None


@dataclass(frozen=True)
class New:
    """A round to be opened; without ``last_day`` nobody has said when it ends."""

    name: str
    kind: str
    first_day: date
    last_day: date | None = None
    filter: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source: str | None = None
    deadlines: tuple[Deadline, ...] = ()


def listed(connection: Connection, round_id: int | None = None) -> list[dict[str, Any]]:
    """Return the rounds, those that began last first, each with its deadlines and whether it is open today."""
    now = today()
    rows = connection.execute(text(statement("rounds.list")), {"round_id": round_id}).mappings()
    return [dict(row) | {"open": is_open(dict(row), now)} for row in rows]


def is_open(row: Mapping[str, Any], day: date) -> bool:
    """Tell whether a round is open on a day."""
    ends = row["closed_on"] or row["last_day"]
    return bool(row["first_day"] <= day and (ends is None or day <= ends))


def find(connection: Connection, name: str) -> int:
    """Return the number of the round of that name or number.

    Raises
    ------
    NotFoundError
        There is none.

    """
    row = None
    if "\0" not in name:
        row = connection.execute(text(statement("rounds.find")), {"name": name.strip()}).scalar()
    if row is None:
        raise NotFoundError(f"没有轮次“{name[:40]}”。", f"There is no round {name[:40]!r}.")
    return int(row)


def open_(connection: Connection, new: New) -> int:
    """Open a round and return its number; the caller commits.

    Raises
    ------
    InputError
        It ends before it begins, a deadline lies before it, or a filter or a step is not known.
    ConflictError
        There is a round of that name.

    """
    _check(new)
    values = {
        "name": new.name.strip(), "kind": new.kind, "first_day": new.first_day, "last_day": new.last_day,
        "filter": json.dumps(dict(new.filter), ensure_ascii=False), "source": new.source,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            round_id = int(connection.execute(text(statement("rounds.open")), values).scalar_one())
    except IntegrityError as error:
        raise ConflictError(
            f"已有名为“{new.name}”的轮次；请换一个名称。",
            f"There is a round {new.name!r} already; choose another name.",
        ) from error
    for deadline in new.deadlines:
        connection.execute(
            text(statement("rounds.add_deadline")),
            {
                "round_id": round_id, "step": deadline.step, "due_on": deadline.due_on,
                "filter": json.dumps(dict(deadline.filter), ensure_ascii=False), "clause": deadline.clause,
            },
        )  # fmt: skip
    return round_id


def close(connection: Connection, round_id: int, day: date | None = None) -> None:
    """Close a round as of ``day`` (today without one); the caller commits.

    Raises
    ------
    NotFoundError
        There is no such round.
    ConflictError
        It is closed already.
    InputError
        The day is before the round began.

    """
    found = listed(connection, round_id)
    if not found:
        raise NotFoundError(f"没有第 {round_id} 号轮次。", f"There is no round {round_id}.")
    row, on = found[0], day or today()
    if row["closed_on"] is not None:
        raise ConflictError(
            f"轮次“{row['name']}”已于 {row['closed_on']} 关闭。", f"The round was closed on {row['closed_on']} already."
        )
    if on < row["first_day"]:
        raise InputError(
            f"轮次“{row['name']}”{row['first_day']} 才开始，不能在 {on} 关闭。",
            f"The round begins on {row['first_day']}; it cannot be closed on {on}.",
        )
    connection.execute(text(statement("rounds.close")), {"round_id": round_id, "day": on})


def of_house(connection: Connection, building_id: str, day: date) -> int | None:
    """Return the round of a house on a day: of those that it is in, the one that began last; None without one."""
    found = connection.execute(text(statement("rounds.of_house")), {"building_id": building_id, "day": day}).scalar()
    return None if found is None else int(found)


def notices() -> tuple[str, ...]:
    """Return the names of the notices whose rounds ship as data."""
    return tuple(json.loads(_NOTICES.read_text(encoding="utf-8")))


def open_notice(connection: Connection, name: str) -> list[int]:
    """Open the rounds of a notice, those whose name is not there yet; return their numbers. The caller commits.

    Raises
    ------
    NotFoundError
        No notice of that name ships.

    """
    known = json.loads(_NOTICES.read_text(encoding="utf-8"))
    if name not in known:
        raise NotFoundError(
            f"没有名为“{name}”的文件；可用：{'、'.join(known)}。",
            f"There is no notice {name!r}; there are {', '.join(known)}.",
        )
    there = {row["name"] for row in listed(connection)}
    return [
        open_(connection, _of_notice(entry, known[name]["source"]))
        for entry in known[name]["rounds"]
        if entry["name"] not in there
    ]


def _of_notice(entry: dict[str, Any], source: str) -> New:
    return New(
        entry["name"], entry["kind"], date.fromisoformat(entry["first_day"]), date.fromisoformat(entry["last_day"]),
        entry["filter"], source,
        tuple(
            Deadline(d["step"], date.fromisoformat(d["due_on"]), d["filter"], d["clause"]) for d in entry["deadlines"]
        ),
    )  # fmt: skip


def _check(new: New) -> None:
    if not new.name.strip() or len(new.name.strip()) > 100 or not new.name.isprintable():
        raise InputError("轮次名称为 1 到 100 个字。", "A round's name has 1 to 100 characters.")
    if new.kind not in ROUND_KIND:
        raise InputError(
            f"不认识轮次类型“{new.kind[:20]}”；可用：{'、'.join(ROUND_KIND)}。",
            f"{new.kind[:20]!r} is no kind of round; use one of {', '.join(ROUND_KIND)}.",
        )
    if new.last_day is not None and new.last_day < new.first_day:
        raise InputError(
            f"轮次在 {new.last_day} 结束，早于开始日 {new.first_day}；请对调或更正。",
            f"The round ends on {new.last_day}, before it begins on {new.first_day}; correct one of the days.",
        )
    _check_filter(new.filter)
    for deadline in new.deadlines:
        if deadline.step not in ROUND_STEP:
            raise InputError(
                f"不认识步骤“{deadline.step[:20]}”；可用：{'、'.join(ROUND_STEP)}。",
                f"{deadline.step[:20]!r} is no step; use one of {', '.join(ROUND_STEP)}.",
            )
        if deadline.due_on < new.first_day:
            raise InputError(
                f"期限 {deadline.due_on} 早于轮次开始日 {new.first_day}；请更正。",
                f"The deadline {deadline.due_on} is before the round begins on {new.first_day}; correct it.",
            )
        _check_filter(deadline.filter)


def _check_filter(given: Mapping[str, Sequence[str]]) -> None:
    for name, values in given.items():
        if name not in _FILTERS:
            raise InputError(
                f"轮次不能按“{name[:20]}”筛选；可用：{'、'.join(_FILTERS)}。",
                f"A round is not filtered by {name[:20]!r}; use {', '.join(_FILTERS)}.",
            )
        words = _FILTERS[name]
        if isinstance(values, str) or not values or not all(isinstance(v, str) and len(v) <= 40 for v in values):
            raise InputError(f"{name} 的筛选值应为列表。", f"The filter {name} is a list of values.")
        wrong = [value for value in values if words is not None and value not in words]
        if wrong:
            raise InputError(
                f"{name} 没有“{wrong[0]}”；可用：{'、'.join(words or ())}。",
                f"{name} has no value {wrong[0]!r}; use one of {', '.join(words or ())}.",
            )
