"""Report a visit: sent twice it is one; what it says is never changed, a correction is a further visit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.codelists import HAZARD_TIER
from gis_service.db.queries import statement
from gis_service.db.refusal import Facts, Known, facts_of, is_denied
from gis_service.errors import ConflictError, ForbiddenError, GisError, InputError, NotFoundError
from gis_service.visits import answers
from gis_service.visits.proposals import of_visit

FAR_M = 50.0
"""From here on a visit's distance to its house is shown as a thing to look at. Ours; the database refuses over 1 km."""


@dataclass(frozen=True)
class Position:
    """Where the visitor stood, in degrees (WGS 84), measured by the device or shown on a map."""

    lon: float
    lat: float
    by: Literal["device", "map"]
    accuracy_m: float | None = None


@dataclass(frozen=True)
class New:
    """A visit to be reported.

    Parameters
    ----------
    visit_id
        Made by whoever sends it.
    visited_at
        With a time zone.
    outcome
        One of ``answers.OUTCOME``.
    found
        What the visitor thinks: severe, some, none_found; no judgement.
    answers
        Columns of the survey as they were found (``answers.QUESTIONS``).
    photographs
        SHA-256 of photographs that are stored for the house.
    plan_id
        The plan by which the house was visited; every published plan's stop is done without one.
    source
        page, file, package or machine.

    """

    visit_id: UUID
    building_id: str
    visited_at: datetime
    outcome: str = "visited"
    found: str | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    note: str | None = None
    photographs: tuple[str, ...] = ()
    position: Position | None = None
    plan_id: int | None = None
    round: str | None = None
    source: str = "page"

    @property
    def digest(self) -> str:
        """SHA-256 of what was sent, whoever sends it and by which way."""
        place = self.position
        said = {
            "building_id": self.building_id, "visited_at": self.visited_at.astimezone(UTC).isoformat(),
            "outcome": self.outcome, "found": self.found, "answers": self.answers, "note": self.note,
            "photographs": list(self.photographs), "position": None if place is None else vars(place),
        }  # fmt: skip
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Reported:
    """The row that stands, what it proposes, and whether it is new."""

    row: dict[str, Any]
    proposals: list[dict[str, Any]]
    is_new: bool


def report(connection: Connection, new: New) -> Reported:
    """Store a visit and return what stands; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's.
    ConflictError
        The same number came with other content.
    InputError
        It lies in the future or before its round, far from the house, the house is gone, or an answer is none.

    """
    house = {"building_id": new.building_id}
    if "\0" in new.building_id or connection.execute(text(statement("visits.house")), house).first() is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    _check(new)
    place = new.position
    values = {
        **house, "visit_id": str(new.visit_id), "round_id": _round(connection, new.round), "plan_id": new.plan_id,
        "visited_at": new.visited_at, "outcome": new.outcome, "found": new.found,
        "answers": json.dumps(answers.checked(connection, new.answers), ensure_ascii=False), "note": new.note,
        "photographs": list(dict.fromkeys(new.photographs)), "lon": place.lon if place else None,
        "lat": place.lat if place else None, "position_by": place.by if place else None,
        "accuracy_m": place.accuracy_m if place else None, "source": new.source, "digest": new.digest,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            is_new = connection.execute(text(statement("visits.enter")), values).first() is not None
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能上报到访。", "Your account may not report visits.") from error
        facts = facts_of(error)
        if facts is None:
            raise
        raise _sentence(facts) from error
    row = find(connection, new.visit_id)
    if row is None or row["digest"] != new.digest:
        raise ConflictError(
            "这个编号的到访已有不同的内容；更正请作为新的到访上报。",
            "A visit of that number has other content; report a correction as a further visit.",
        )
    return Reported(row, of_visit(connection, new.visit_id), is_new)


def find(connection: Connection, visit_id: UUID) -> dict[str, Any] | None:
    """Return a visit; None where there is none of that number, or it is not the asker's."""
    found = connection.execute(text(statement("visits.one")), {"visit_id": str(visit_id)}).mappings().one_or_none()
    return None if found is None else dict(found)


def of_house(connection: Connection, building_id: str) -> list[dict[str, Any]]:
    """Return the visits of a house in order of time."""
    rows = connection.execute(text(statement("visits.of_house")), {"building_id": building_id}).mappings()
    return [dict(row) for row in rows]


def _check(new: New) -> None:
    if new.outcome not in answers.OUTCOME:
        raise InputError(
            f"不认识到访情况“{new.outcome[:20]}”；可用：{'、'.join(answers.OUTCOME)}。",
            f"{new.outcome[:20]!r} is no outcome; use one of {', '.join(answers.OUTCOME)}.",
        )
    if new.found is not None and (new.found not in HAZARD_TIER or new.found == "unjudged"):
        raise InputError(
            f"不认识现场判断“{new.found[:20]}”。",
            f"{new.found[:20]!r} is nothing found; use severe, some or none_found.",
        )
    if new.visited_at.tzinfo is None:
        raise InputError(
            "到访时间须带时区，如 2022-09-08T09:30:00+08:00。",
            "The time needs its zone, like 2022-09-08T09:30:00+08:00.",
        )


def _round(connection: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    row = connection.execute(text(statement("visits.round")), {"name": name}).first()
    if row is None:
        raise NotFoundError(f"没有轮次“{name[:40]}”。", f"There is no round {name[:40]!r}.")
    return int(row.round_id)


def _sentence(facts: Facts) -> GisError:
    kind, zh, en = _SENTENCES[facts["code"]]
    return kind(zh.format_map(Known(facts)), en.format_map(Known(facts)))


_SENTENCES: dict[str, tuple[type[GisError], str, str]] = {
    "house": (NotFoundError, "没有这栋房屋。", "There is no such house."),
    "future": (InputError, "到访日期 {day} 晚于今天（{today}）；请核对手机时间。", "The visit of {day} is in the future (today is {today}); check the phone's clock."),
    "removed": (InputError, "房屋已于 {removed} 拆除，之后不能再到访；请核对编号。", "The house is gone since {removed}; check its number."),
    "round": (InputError, "到访日期 {day} 早于轮次“{round}”开始（{first}）；请核对日期。", "The visit of {day} is before its round began on {first}; check the day."),
    "built": (InputError, "到访日期 {day} 早于建成年份 {built}；请核对。", "The visit of {day} is from before the house was built ({built}); check the day."),
    "far": (InputError, "到访位置距房屋 {distance} 米；请核对房屋编号，或在图上点选位置。", "The position is {distance} m from the house; check its number, or show the place on the map."),
    "evidence": (InputError, "有照片没有上传到这栋房屋；请先上传。", "A photograph is not stored for this house; upload it first."),
}  # fmt: skip
