"""Issue notices to houses and serve them: each an event of its house's case, or of the house where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.cases import events
from gis_service.cases.refusals import sentence
from gis_service.cases.rules import Rule, rules
from gis_service.db.queries import statement
from gis_service.db.refusal import facts_of, is_denied
from gis_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from gis_service.identity import ROLE_ZH, Identity, Role
from gis_service.notices.texts import OWNERS, PAPERS

HOUSES_MAX = 500
_DATED = ("appraise", "rectify")
_ALONE = ("appraise",)
"""Kinds that a house without an open case may be sent."""


@dataclass(frozen=True)
class Ask:
    """Notices to be issued: one a house, numbered from ``first`` in the order of the houses.

    Parameters
    ----------
    number
        What stands before the running number: ``东自建房通〔2022〕``.
    until
        Last day, where the kind has one.

    """

    kind: str
    houses: tuple[str, ...]
    number: str
    first: int = 1
    until: date | None = None


def issue(connection: Connection, who: Identity, wanted: Ask) -> list[int]:
    """Issue notices and return their numbers in the database, in the order of the houses; all or none.

    Raises
    ------
    InputError
        No house or too many, one that is not the asker's, no last day where one is needed, a number that is used.
    ForbiddenError
        Another role issues this kind.
    ConflictError
        A house has no open case, and needs one for this kind.

    """
    houses = tuple(dict.fromkeys(wanted.houses))
    known = rules(connection)
    _check(connection, who, wanted, houses, known)
    cases = {row["building_id"]: row["case_id"] for row in rows_of(connection, "open_cases", houses=list(houses))}
    alone = [house for house in houses if house not in cases]
    if alone and wanted.kind not in _ALONE:
        raise ConflictError(
            f"{alone[0]} 等 {len(alone)} 栋房屋没有未销号的结构安全案件，不能发“{PAPERS[wanted.kind].zh}”；请先立案或从所选中去掉。",
            f"{len(alone)} houses ({alone[0]}, …) have no open case of structure; open one first, or leave them out.",
        )
    made = []
    for offset, house in enumerate(houses):
        number = f"{wanted.number}{wanted.first + offset}号"
        if house in cases:
            new = events.New("notice", wanted.kind, until=wanted.until, given={"number": number})
            events.add(connection, cases[house], new)
            made.append(int(ask(connection, "of_case", case_id=cases[house]).scalar_one()))
        else:
            values = {"building_id": house, "kind": wanted.kind, "number": number, "due_on": wanted.until}
            made.append(int(ask(connection, "issue", **values).scalar_one()))
    return made


def _check(connection: Connection, who: Identity, wanted: Ask, houses: tuple[str, ...], known: dict[Any, Rule]) -> None:
    if wanted.kind not in OWNERS:
        raise InputError(
            f"没有这种通知书；可为：{'、'.join(OWNERS)}。", f"There is no such notice; kinds are {', '.join(OWNERS)}."
        )
    roles = known["notice", wanted.kind].roles
    if who.role.value not in roles:
        names = "、".join(ROLE_ZH[Role(r)] for r in roles)
        raise ForbiddenError(
            f"通知书由{names}发出，您的账号不能发。", f"Your account issues no notices; {', '.join(roles)} do."
        )
    if not houses or len(houses) > HOUSES_MAX:
        raise InputError(f"请选 1 到 {HOUSES_MAX} 栋房屋。", f"Choose from 1 to {HOUSES_MAX} houses.")
    if wanted.kind in _DATED and wanted.until is None:
        raise InputError("这种通知书要写明期限。", "This notice needs a last day.")
    if not wanted.number.strip() or not 1 <= wanted.first <= 999_999:
        raise InputError(
            "请给文号，如“东自建房通〔2022〕”和起始序号。", "Give the paper's number and the first running number."
        )
    seen = {row["building_id"] for row in rows_of(connection, "there", houses=list(houses))}
    for house in houses:
        if house not in seen:
            raise InputError(
                f"没有房屋 {house[:60]}；请核对编号。", f"There is no house {house[:60]}; check its number."
            )
    numbers = [f"{wanted.number}{wanted.first + k}号" for k in range(len(houses))]
    used = ask(connection, "used", numbers=numbers).scalar()
    if used is not None:
        raise InputError(f"文号“{used}”已经用过；请换起始序号。", f"The number {used!r} is used; begin with another.")


@dataclass(frozen=True)
class Service:
    """That a notice was served: when, how, and photographs of the receipt (stored for the house, at least one)."""

    served_on: date
    method: str
    receipt: tuple[str, ...]
    reason: str | None = None


def serve(connection: Connection, notice_id: int, service: Service) -> dict[str, Any]:
    """Record that a notice was served and return it; the caller commits.

    Raises
    ------
    NotFoundError, InputError, ConflictError, ForbiddenError
        There is none of the asker's; the day or the photographs are wrong; it was served already; another's to record.

    """
    found = one(connection, notice_id)
    if not service.receipt:
        raise InputError("请上传送达回证的照片。", "Add a photograph of the receipt.")
    if found["case_id"] is not None:
        new = events.New(
            "serve", "", service.served_on, reason=service.reason, given={"method": service.method},
            evidence=service.receipt, refers=notice_id,
        )  # fmt: skip
        events.add(connection, found["case_id"], new)
        return one(connection, notice_id)
    values = {
        "notice_id": notice_id, "building_id": found["building_id"], "served_on": service.served_on,
        "method": service.method, "reason": service.reason, "receipt": list(dict.fromkeys(service.receipt)),
    }  # fmt: skip
    try:
        with connection.begin_nested():
            ask(connection, "serve", **values)
    except IntegrityError as error:
        raise ConflictError("这份通知书已登记送达。", "This notice was served already.") from error
    except DBAPIError as error:
        facts = facts_of(error)
        if is_denied(error):
            raise ForbiddenError("您的账号不能登记送达。", "Your account may not record this.") from error
        if facts is None:
            raise
        raise sentence(None, facts) from error
    return one(connection, notice_id)


def one(connection: Connection, notice_id: int) -> dict[str, Any]:
    """Return a notice (``gis.notice``) with its house's name.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not of a house of the asker's.

    """
    rows = rows_of(connection, "one", notice_id=notice_id)
    if not rows:
        raise NotFoundError("没有这份通知书。", "There is no such notice.")
    return rows[0]


def ask(connection: Connection, question: str, /, **values: Any) -> Any:
    """Ask a named question of this room."""
    return connection.execute(text(statement(f"notices.{question}")), values)


def rows_of(connection: Connection, question: str, /, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a named question of this room."""
    return [dict(row) for row in ask(connection, question, **values).mappings()]
