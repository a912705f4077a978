"""The points of the monthly assessment (月度考核), which the county sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.db.queries import statement
from gis_service.db.refusal import is_denied
from gis_service.errors import ForbiddenError, InputError


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
