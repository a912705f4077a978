"""Cases as they stand: one, its history, what may be done next, and lists of many."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import NotFoundError

FOUND_MAX = 500
EXPORT_MAX = 100_000


@dataclass(frozen=True)
class Filter:
    """Which cases are asked for; all that the asker sees without one.

    Parameters
    ----------
    operating
        Of operating houses alone.
    overdue
        Past their deadline and not accepted.
    waiting
        Submitted and not reviewed.
    uncontrolled
        Lacking a control that the house's tier and use need by now (``gis.control_rule``).
    found_open
        Of which the last look found the business open though it is stopped: for the next joint enforcement.

    """

    unit: str | None = None
    state: str | None = None
    kind: str | None = None
    tier: str | None = None
    operating: bool = False
    overdue: bool = False
    waiting: bool = False
    uncontrolled: bool = False
    found_open: bool = False


@dataclass(frozen=True)
class Found:
    """A page of cases, and whether there are more."""

    rows: list[dict[str, Any]]
    truncated: bool


def one(connection: Connection, case_id: int) -> dict[str, Any]:
    """Return a case (``gis.case_card``).

    Raises
    ------
    NotFoundError
        There is none of that number, or it is not the asker's.

    """
    row = connection.execute(text(statement("cases.one")), {"case_id": case_id}).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这个案件。", "There is no such case.")
    return dict(row)


def history(connection: Connection, case_id: int) -> list[dict[str, Any]]:
    """Return every event of a case in order."""
    return _all(connection, "cases.events", case_id=case_id)


def steps(connection: Connection, case_id: int) -> list[tuple[str, str]]:
    """Return kind and subject of the steps that the asker may take now."""
    return [(row["kind"], row["what"]) for row in _all(connection, "cases.next", case_id=case_id)]


def open_ends(connection: Connection, case_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return what a step may refer to: measures in force, notices not served, extensions not granted."""
    return {
        "measure": _all(connection, "cases.open_measures", case_id=case_id),
        "notice": _all(connection, "cases.open_notices", case_id=case_id),
        "asked": _all(connection, "cases.open_requests", case_id=case_id),
    }


def of_house(connection: Connection, building_id: str) -> list[dict[str, Any]]:
    """Return the cases of a house, the first opened first."""
    return _all(connection, "cases.of_house", building_id=building_id)


def events_of_house(connection: Connection, building_id: str) -> list[dict[str, Any]]:
    """Return the events of all cases of a house in order of time."""
    return _all(connection, "cases.events_of_house", building_id=building_id)


def listed(connection: Connection, asked: Filter, limit: int = 50, offset: int = 0) -> Found:
    """Return a page of cases: the nearest deadline first, what is accepted and cleared last."""
    ids = _ids(connection, asked, limit + 1, offset, cleared=False)
    if len(ids) <= limit and not (asked.overdue or asked.waiting or asked.uncontrolled):
        # What was struck off comes last and is most of the ledger after some years: looked for where a page reaches it.
        before = offset + len(ids) if ids or not offset else len(_ids(connection, asked, None, 0, cleared=False))
        ids += _ids(connection, asked, limit + 1 - len(ids), offset + len(ids) - before, cleared=True)
    return Found(_all(connection, "cases.cards", ids=ids[:limit]), truncated=len(ids) > limit)


def _ids(connection: Connection, asked: Filter, limit: int | None, offset: int, *, cleared: bool) -> list[int]:
    values = {**vars(asked), "limit": limit, "offset": offset, "cleared": cleared}
    return [row.case_id for row in connection.execute(text(statement("cases.found")), values)]


def counts(connection: Connection, asked: Filter) -> dict[str, dict[str, int]]:
    """Return by state how many cases there are, how many are overdue, how many wait; of every state."""
    whole = replace(asked, state=None, overdue=False, waiting=False, uncontrolled=False, found_open=False)
    return {
        row["state"]: {"cases": row["cases"], "overdue": row["overdue"], "waiting": row["waiting"]}
        for row in _all(connection, "cases.count", **vars(whole))
    }


def units(connection: Connection) -> list[dict[str, Any]]:
    """Return the reporting units among which the asker chooses."""
    return _all(connection, "cases.units")


def offices(connection: Connection, codes: list[str]) -> list[dict[str, Any]]:
    """Return the departments of those codes as the county calls them."""
    return _all(connection, "cases.offices", codes=codes)


def _all(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]
