"""What visits propose to change in the record, and the township's word on each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.db.queries import statement
from gis_service.db.refusal import facts_of, is_denied
from gis_service.errors import ConflictError, ForbiddenError, InputError, NotFoundError

LISTED_MAX = 500


def listed(
    connection: Connection, building_id: str | None = None, *, undecided: bool = False, limit: int = LISTED_MAX
) -> list[dict[str, Any]]:
    """Return proposals, the first made first; those that nobody decided alone, where asked for."""
    return _read(connection, building_id=building_id, undecided=undecided, limit=limit)


def of_visit(connection: Connection, visit_id: UUID) -> list[dict[str, Any]]:
    """Return what one visit proposes."""
    return _read(connection, visit_id=str(visit_id))


def decide(connection: Connection, proposal_id: int, *, accepted: bool, reason: str | None = None) -> dict[str, Any]:
    """Accept a proposal, which becomes the record, or reject it; return it. The caller commits.

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not the asker's.
    ConflictError
        It is decided, or the record was changed since the visit.
    ForbiddenError
        The asker is not of the house's township.
    InputError
        The record does not take the value.

    """
    _one(connection, proposal_id)
    values = {"proposal_id": proposal_id, "accepted": accepted, "reason": reason}
    try:
        with connection.begin_nested():
            connection.execute(text(statement("visits.decide")), values)
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == "23505":
            raise ConflictError("这条建议已经处理过。", "This proposal is decided already.") from error
        raise InputError(
            "房屋信息不能取这个值；请驳回，并重新到访。",
            "The record does not take this value; reject it and visit again.",
        ) from error
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError(
                "由房屋所在乡镇（填报单位）采纳或驳回。", "The township (or unit) of the house accepts or rejects."
            ) from error
        if facts_of(error) is None:
            raise
        raise ConflictError(
            "到访以后房屋信息已有改动，不能再采纳；请驳回，并重新到访。",
            "The record was changed since the visit; reject this and visit again.",
        ) from error
    return _one(connection, proposal_id)


def _one(connection: Connection, proposal_id: int) -> dict[str, Any]:
    found = _read(connection, proposal_id=proposal_id)
    if not found:
        raise NotFoundError("没有这条建议。", "There is no such proposal.")
    return found[0]


def _read(connection: Connection, **asked: Any) -> list[dict[str, Any]]:
    values = {
        "building_id": None,
        "visit_id": None,
        "proposal_id": None,
        "undecided": False,
        "limit": LISTED_MAX,
    } | asked
    return [dict(row) for row in connection.execute(text(statement("visits.proposals")), values).mappings()]
