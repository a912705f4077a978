"""Who has which place: 网格员 of a county, township, village or cell, and 包联领导 (融政规〔2022〕6号 二(四)2; 东兰方案 三)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.db.queries import statement
from gis_service.db.refusal import is_denied
from gis_service.errors import ForbiddenError, InputError, NotFoundError
from gis_service.identity import Identity

Kind = Literal["grid", "leader"]
KIND = {"grid": ("网格员", "grid worker"), "leader": ("包联领导", "leader in charge")}
LEVEL = {
    "county": ("县级", "county"), "township": ("乡镇级", "township"), "unit": ("填报单位", "reporting unit"),
    "village": ("村级", "village"), "grid": ("网格", "grid cell"),
}  # fmt: skip
SUBJECT = {
    "severe": ("存在严重安全隐患", "severe"),
    "some": ("存在一定安全隐患", "some"),
    "none_found": ("未发现安全隐患", "none found"),
    "stopped": ("停止经营的检查", "stopped business"),
}
"""What ``gis.patrol_rule`` has days for."""
LISTED_MAX = 5_000


@dataclass(frozen=True)
class Duty:
    """An account's charge of a place; ``holds`` false ends it."""

    account: str
    kind: Kind
    place: str
    name: str
    title: str | None = None
    holds: bool = True


def held(connection: Connection, account: str | None = None) -> list[dict[str, Any]]:
    """Return the duties in force that the asker sees, the county's first; of one account or of all."""
    return _all(connection, "duties.held", account=account, limit=LISTED_MAX)


def assign(connection: Connection, duty: Duty) -> dict[str, Any]:
    """Give an account a place, or take it back, and return the duty; the caller commits.

    Raises
    ------
    InputError
        There is no such place or account.
    ForbiddenError
        The place is not in the asker's charge.

    """
    places = _names(connection, codes=[duty.place], own=False)
    if not places:
        raise InputError(
            f"没有代码为 {duty.place[:30]} 的行政区域；请先导入行政区域。",
            f"There is no place of code {duty.place[:30]!r}; import boundaries first.",
        )
    values = {
        "account": duty.account, "kind": duty.kind, "place": duty.place, "name": duty.name, "title": duty.title,
        "holds": duty.holds,
    }  # fmt: skip
    try:
        with connection.begin_nested():
            if (
                duty.holds
                and not connection.execute(text(statement("duties.known")), {"account": duty.account}).scalar_one()
            ):
                raise InputError(
                    f"没有账号 {duty.account[:60]}，或已停用。",
                    f"There is no account {duty.account[:60]!r}, or it is disabled.",
                )
            connection.execute(text(statement("duties.assign")), values)
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError(
                "您的账号不能安排这个地方的人员。", "Your account may not say who works in that place."
            ) from error
        raise
    return values | {"place_name": places[0]["name"], "level": places[0]["level"]}


def places_of(connection: Connection, identity: Identity) -> tuple[str, ...] | None:
    """Return the codes of the places whose work is the asker's: those given to them, else their own, else all (None)."""
    given = held(connection, identity.account)
    if any(duty["level"] == "county" for duty in given):
        return None
    return tuple(duty["place"] for duty in given) or ((identity.place,) if identity.place else None)


def names(connection: Connection, codes: tuple[str, ...]) -> list[str]:
    """Return the names of places, by their code where there is none."""
    known = {row["code"]: row["name"] for row in _names(connection, codes=list(codes), own=False)}
    return [known.get(code, code) for code in codes]


def assignable(connection: Connection) -> list[dict[str, Any]]:
    """Return the places in the asker's charge, with the name of what each lies in."""
    return _names(connection, codes=None, own=True)


def _names(connection: Connection, **values: Any) -> list[dict[str, Any]]:
    return _all(connection, "duties.names", limit=LISTED_MAX, **values)


def patrol_rules(connection: Connection) -> list[dict[str, Any]]:
    """Return how many days may pass between two looks, by subject, with the source of each number."""
    return _all(connection, "duties.patrol_rules")


def set_patrol_rule(connection: Connection, subject: str, days: int, source: str | None) -> None:
    """Set the days of a subject; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such subject.
    ForbiddenError
        The asker is no administrator.

    """
    try:
        with connection.begin_nested():
            found = _all(connection, "duties.set_patrol_rule", subject=subject, days=days, source=source)
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("只有管理员能改巡查间隔。", "Only an administrator sets the days.") from error
        raise
    if not found:
        raise NotFoundError("没有这一类巡查。", "There are no patrols of that kind.")


def _all(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]
