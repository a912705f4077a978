"""Enter an event of a case: one insert, by which the database decides, keeps the case, and says why it refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis_service.cases import find, rules
from gis_service.cases.refusals import sentence
from gis_service.db.queries import statement
from gis_service.db.refusal import Facts, facts_of, is_denied
from gis_service.errors import ForbiddenError, NotFoundError


@dataclass(frozen=True)
class New:
    """An event to be entered.

    Parameters
    ----------
    kind, what
        A rule's: what is done, and of what.
    on_day
        When it happened; today without one.
    until, responsible, reason, refers
        As the rule needs and takes them.
    given
        Further fields of the rule (``rules.FIELDS``).
    evidence
        SHA-256 of photographs that are stored for the house.

    """

    kind: str
    what: str = ""
    on_day: date | None = None
    until: date | None = None
    responsible: str | None = None
    reason: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    refers: int | None = None


def open_case(connection: Connection, building_id: str, new: New) -> dict[str, Any]:
    """Open a case of a house by hand (kind ``open``) and return it; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's.
    ForbiddenError, ConflictError, InputError
        The asker may not open one of that kind, one is open, or something is missing.

    """
    values = {"building_id": building_id}
    if "\0" in building_id or connection.execute(text(statement("cases.house")), values).first() is None:
        raise sentence(None, {"code": "house"})
    return find.one(connection, _enter(connection, new, building_id=building_id))


def add(connection: Connection, case_id: int, new: New) -> dict[str, Any]:
    """Add an event to a case and return the case as it stands then; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such case, or it is not the asker's.
    ForbiddenError
        Another role takes this step, another account reviews, or another unit does.
    ConflictError
        The case is not in a state in which this can be done.
    InputError
        A field is missing, not of its kind, or contradicts what is known.

    """
    if connection.execute(text(statement("cases.is_there")), {"case_id": case_id}).first() is None:
        raise sentence(None, {"code": "case"})
    if new.kind == "open":
        raise sentence(None, {"code": "kind"})
    return find.one(connection, _enter(connection, new, case_id=case_id))


def _enter(connection: Connection, new: New, *, case_id: int | None = None, building_id: str | None = None) -> int:
    values = {
        "case_id": case_id, "building_id": building_id, "kind": new.kind, "what": new.what, "on_day": new.on_day,
        "until": new.until, "responsible": new.responsible, "reason": new.reason, "refers": new.refers,
        "given": json.dumps({name: rules.checked(name, value) for name, value in new.given.items()}, ensure_ascii=False),
        "evidence": list(dict.fromkeys(new.evidence)),
    }  # fmt: skip
    facts: Facts
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement("cases.enter")), values).one().case_id)
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) != "23505":
            raise
        facts = {"code": "exists"}  # two opened one at the same moment
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError("您的账号不能办理案件。", "Your account may not enter steps of cases.") from error
        known = facts_of(error)
        if known is None:
            raise
        facts = known
    raise _explained(connection, new, facts, case_id, building_id)


def _explained(
    connection: Connection, new: New, facts: Facts, case_id: int | None, building_id: str | None
) -> Exception:
    """Return the refusal in words, with what the database knows now."""
    rule = rules.rules(connection).get((new.kind, new.what))
    if case_id is not None:
        try:
            facts["case"] = find.one(connection, case_id)
        except NotFoundError as error:
            return error
    if facts["code"] == "exists":
        asked = {"building_id": building_id, "kind": new.what}
        facts["open_case"] = connection.execute(text(statement("cases.open_case")), asked).scalar()
    return sentence(rule, facts)
