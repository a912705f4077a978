"""Units that were reminded (发函提醒, 约谈), and the points of the monthly assessment, which the county sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.db.queries import statement
from gis_service.db.refusal import Known, facts_of, is_denied
from gis_service.errors import ForbiddenError, InputError

REMINDER = {"letter": ("发函提醒", "a letter"), "talk": ("约谈", "called in")}


@dataclass(frozen=True)
class New:
    """A reminder: of which unit, about which step, by letter or talk, on which day (today without one)."""

    unit_code: str
    step: str
    kind: str
    on_day: date | None = None
    number: str | None = None
    note: str | None = None


def listed(connection: Connection, until: date) -> list[dict[str, Any]]:
    """Return the reminders until a day that the asker may see, the newest first."""
    return [dict(row) for row in connection.execute(text(statement("bulletins.reminders")), {"day": until}).mappings()]


def remind(connection: Connection, new: New) -> int:
    """Record a reminder and return its number; the caller commits.

    Raises
    ------
    InputError
        There is no such unit, the day has not come, or a letter has no number.
    ForbiddenError
        The asker is not of the county's office.

    """
    if new.kind == "letter" and new.number is None:
        raise InputError("发函提醒要写文号。", "A letter needs its number.")
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement("bulletins.remind")), vars(new)).scalar_one())
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能登记发函和约谈。", "Your account may not record reminders.") from error
        facts = facts_of(error)
        if facts is None:
            raise
        zh, en = {
            "unit": (
                f"没有代码为 {new.unit_code} 的乡镇或填报单位；请从列表选。",
                f"There is no unit {new.unit_code}; take one of the list.",
            ),
            "future": (
                "{day} 还没有到（今天是 {today}）；请填办理的日期。",
                "{day} has not come (today is {today}); give the day it was done.",
            ),
        }[facts["code"]]
        raise InputError(zh.format_map(Known(facts)), en.format_map(Known(facts))) from error


def points(connection: Connection) -> list[dict[str, Any]]:
    """Return what the monthly assessment measures, each with its words and points."""
    return [dict(row) for row in connection.execute(text(statement("bulletins.points"))).mappings()]


def set_points(connection: Connection, given: Mapping[str, int]) -> list[dict[str, Any]]:
    """Set the points of all items and return them; the caller commits. What is frozen keeps its points.

    Raises
    ------
    InputError
        An item is missing or not known, or the points do not add up to 100.
    ForbiddenError
        The asker is not of the county's office.

    """
    known = {item["measure"] for item in points(connection)}
    if set(given) != known:
        wrong = sorted(set(given) ^ known)[0]
        raise InputError(
            f"考核项目应为{'、'.join(sorted(known))}，各给一个分值；请检查“{wrong[:20]}”。",
            f"Give points for each of {', '.join(sorted(known))}, and no other; look at {wrong[:20]!r}.",
        )
    if sum(given.values()) != 100:
        raise InputError(
            f"各项分值合计应为100，现为{sum(given.values())}；请调整。",
            f"The points add up to {sum(given.values())}; make them 100.",
        )
    try:
        with connection.begin_nested():
            for measure, value in given.items():
                connection.execute(text(statement("bulletins.set_points")), {"measure": measure, "points": value})
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能修改考核分值。", "Your account may not set the points.") from error
        raise
    return points(connection)
