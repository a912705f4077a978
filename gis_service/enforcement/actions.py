"""The list for the next joint action, the actions, and their findings; the list empties as findings come in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.db.queries import statement
from gis_service.db.refusal import Known, facts_of, is_denied
from gis_service.errors import ForbiddenError, GisError, InputError, NotFoundError

REASON = {
    "no_appraisal": ("期限已过，没有鉴定合格报告", "no passed appraisal after the deadline"),
    "found_open": ("停止经营后仍在营业", "found open though it is stopped"),
    "violation": ("违法违规用于经营", "used for business with a violation"),
}
"""Why a house is on the list: 东兰方案 二(二); 融政规〔2022〕6号 二(二)3(5), 二(四)3."""
FOUND = {
    "complied": ("已停业或已整改", "complied"),
    "open": ("仍在营业", "open"),
    "violation": ("有违法行为", "a violation"),
    "absent": ("无人，未查成", "nobody there"),
}
LISTED_MAX = 500
EXPORT_MAX = 100_000


@dataclass(frozen=True)
class New:
    """An action to be planned: its day, who leads (a department, or ``county``), who takes part, which houses."""

    on_day: date
    lead: str
    departments: tuple[str, ...]
    houses: tuple[str, ...]
    note: str | None = None


def listed(
    connection: Connection, reason: str | None = None, department: str | None = None, unit: str | None = None,
    limit: int = LISTED_MAX, houses: tuple[str, ...] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the houses for the next action: those found open first."""
    values = {
        "reason": reason, "department": department, "unit": unit, "limit": limit,
        "houses": None if houses is None else list(houses),
    }  # fmt: skip
    return _all(connection, "enforcement.list", **values)


def plan(connection: Connection, new: New) -> dict[str, Any]:
    """Plan an action with houses of the list and return it; the caller commits.

    Raises
    ------
    InputError
        No house, one that is not on the list, or a department that nobody knows.
    ForbiddenError
        The asker is not of the county's office.

    """
    wanted = tuple(dict.fromkeys(new.houses))
    if not wanted:
        raise InputError("请至少选一栋房屋。", "Choose one house at least.")
    reasons = {row["building_id"]: row["reasons"] for row in listed(connection, limit=EXPORT_MAX, houses=wanted)}
    strange = [house for house in wanted if house not in reasons]
    if strange:
        raise InputError(
            f"{strange[0][:60]} 不在联合执法清单上；请从清单中选。",
            f"{strange[0][:60]} is not on the list; choose from the list.",
        )
    values = {
        "on_day": new.on_day,
        "lead": new.lead,
        "departments": list(dict.fromkeys(new.departments)),
        "note": new.note,
    }
    try:
        with connection.begin_nested():
            number = int(connection.execute(text(statement("enforcement.make")), values).scalar_one())
            for house in wanted:
                row = {"enforcement_id": number, "building_id": house, "reasons": reasons[house]}
                connection.execute(text(statement("enforcement.put")), row)
    except DBAPIError as error:
        raise _explained(error) from error
    return one(connection, number)


def actions(connection: Connection) -> list[dict[str, Any]]:
    """Return the actions with houses of the asker's, the newest first, with how many houses are done."""
    return _all(connection, "enforcement.actions", enforcement_id=None)


def one(connection: Connection, enforcement_id: int) -> dict[str, Any]:
    """Return an action with its houses and findings.

    Raises
    ------
    NotFoundError
        There is none of that number, or no house of it is the asker's.

    """
    found = _all(connection, "enforcement.actions", enforcement_id=enforcement_id)
    if not found:
        raise NotFoundError("没有这次联合执法。", "There is no such action.")
    return found[0] | {"items": _all(connection, "enforcement.houses", enforcement_id=enforcement_id)}


def find(
    connection: Connection, enforcement_id: int, building_id: str, found: str, measure: str | None = None,
    note: str | None = None, photographs: tuple[str, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Record what was found at a house and return the action; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such action, or the house is not on it or not the asker's.
    InputError
        The action's day has not come, or a photograph is not stored for the house.
    ForbiddenError
        The asker's role records no findings.

    """
    items = one(connection, enforcement_id)["items"]
    if building_id not in {item["building_id"] for item in items}:
        raise NotFoundError("这次联合执法没有这栋房屋。", "The action has no such house.")
    values = {
        "enforcement_id": enforcement_id, "building_id": building_id, "found": found, "measure": measure, "note": note,
        "photographs": list(dict.fromkeys(photographs)),
    }  # fmt: skip
    try:
        with connection.begin_nested():
            connection.execute(text(statement("enforcement.find")), values)
    except IntegrityError as error:
        raise InputError("这条记录有一项不对。", "Something in this finding cannot be used.") from error
    except DBAPIError as error:
        raise _explained(error) from error
    return one(connection, enforcement_id)


def _explained(error: DBAPIError) -> GisError:
    if is_denied(error):
        return ForbiddenError("您的账号不能办理联合执法。", "Your account may not do this of joint enforcement.")
    facts = facts_of(error)
    if facts is None:
        raise error
    zh, en = {
        "department": ("有部门代码不认识；请从列表选。", "A department is not known; take one of the list."),
        "early": ("执法日期 {day} 还没有到（今天是 {today}）。", "The action is of {day}; today is {today}."),
        "evidence": (
            "有照片没有上传到这栋房屋；请先上传。",
            "A photograph is not stored for this house; upload it first.",
        ),
    }[facts["code"]]
    return InputError(zh.format_map(Known(facts)), en.format_map(Known(facts)))


def _all(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]
