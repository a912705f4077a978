"""Plates in the database: made for houses, withdrawn, switched on and off, looked at by strangers, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.db.queries import statement
from gis_service.db.refusal import is_denied
from gis_service.errors import ForbiddenError, InputError, NotFoundError
from gis_service.plates import token

MADE_MAX = 200
"""Plates that are made at once: 25 pages."""


@dataclass(frozen=True)
class Plate:
    """A plate: the house's number, its code, the county's telephone (None where plates are off)."""

    building_id: str
    code: str
    telephone: str | None


@dataclass(frozen=True)
class Told:
    """What a plate tells a stranger: the house's number, controls in force in both languages, the telephone."""

    building_id: str
    zh: list[str]
    en: list[str]
    telephone: str


def make(connection: Connection, houses: list[str]) -> list[Plate]:
    """Return the plates of houses in their order, made where there are none yet; the caller commits.

    Raises
    ------
    InputError
        No house, too many, or one that is not the asker's.
    ForbiddenError
        The asker makes no plates.

    """
    wanted = list(dict.fromkeys(houses))
    if not 1 <= len(wanted) <= MADE_MAX:
        raise InputError(f"请给 1 到 {MADE_MAX} 栋房屋。", f"Name from 1 to {MADE_MAX} houses.")
    there = {row["building_id"] for row in _all(connection, "there", houses=wanted)}
    for house in wanted:
        if house not in there:
            raise InputError(
                f"没有房屋 {house[:60]}；请核对编号。", f"There is no house {house[:60]}; check its number."
            )
    try:
        with connection.begin_nested():
            for house in wanted:
                _do(connection, "make", building_id=house, body=token.new_body())
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能制作门牌。", "Your account makes no plates.") from error
        raise
    bodies = {row["building_id"]: bytes(row["body"]) for row in _all(connection, "of_houses", houses=wanted)}
    now = setting(connection)
    telephone = now["telephone"] if now["enabled"] else None
    return [Plate(house, token.code_of(bodies[house]), telephone) for house in wanted]


def withdraw(connection: Connection, building_id: str, reason: str) -> int:
    """Withdraw the plate of a house, lost or copied: its code is from now on none; the caller commits.

    Returns
    -------
    int
        The plate's number. The next that is made for the house has another code.

    Raises
    ------
    NotFoundError
        The house has no plate that stands, or is not the asker's.
    ForbiddenError
        The asker makes no plates.

    """
    try:
        with connection.begin_nested():
            plate_id = _do(connection, "withdraw", building_id=building_id, reason=reason).scalar_one_or_none()
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能作废门牌。", "Your account withdraws no plates.") from error
        raise
    if plate_id is None:
        raise NotFoundError(
            f"房屋 {building_id[:60]} 没有在用的门牌；请核对编号。",
            f"The house {building_id[:60]} has no plate that stands; check its number.",
        )
    return int(plate_id)


def withdrawn(connection: Connection) -> list[dict[str, Any]]:
    """Return the plates that were withdrawn, with reason, by whom and when; the newest first, at most a hundred."""
    return _all(connection, "withdrawn")


def setting(connection: Connection) -> dict[str, Any]:
    """Return whether plates answer, and with which telephone."""
    rows = _all(connection, "setting")
    return rows[0] if rows else {"enabled": False, "telephone": None}


def switch(connection: Connection, *, enabled: bool, telephone: str | None) -> dict[str, Any]:
    """Switch plates on, with the county's telephone, or off; the caller commits.

    Raises
    ------
    InputError
        On without a telephone.
    ForbiddenError
        The asker is not of the county's office.

    """
    if enabled and not telephone:
        raise InputError("启用门牌要给县里的联系电话。", "Give the county's telephone to switch plates on.")
    try:
        with connection.begin_nested():
            _do(connection, "switch", enabled=enabled, telephone=telephone)
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError(
                "门牌由县级专班启用或停用。", "The county's office switches plates on and off."
            ) from error
        raise
    return setting(connection)


def scan(connection: Connection, code: str) -> Told:
    """Return what a plate tells whoever looks at it, and count it; the caller commits.

    Raises
    ------
    NotFoundError
        The code is none or was withdrawn, plates are off, or the house is gone: one answer for all.

    """
    row = _do(connection, "scan", code=token.body_of(code)).mappings().one_or_none()
    if row is None:
        raise token.unknown()
    return Told(row["building_id"], list(row["zh"]), list(row["en"]), row["telephone"])


def counted(connection: Connection) -> list[dict[str, Any]]:
    """Return the plates that were looked at in the last thirty days, most often first; at most a hundred."""
    return _all(connection, "counted")


def total(connection: Connection) -> int:
    """Return how many plates stand."""
    return int(_do(connection, "total").scalar_one())


def _do(connection: Connection, question: str, /, **values: Any) -> Any:
    return connection.execute(text(statement(f"plates.{question}")), values)


def _all(connection: Connection, question: str, /, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in _do(connection, question, **values).mappings()]
