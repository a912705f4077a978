"""Which list is the county's: a planner publishes a draft, and withdraws it; everything else reads what is published."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import ConflictError, NotFoundError
from gis_service.selection.select import latest_run, run_selection
from gis_service.selection.sentence import sentence
from gis_service.selection.terms import default_ask


def about(connection: Connection, run_id: int, lang: str = "zh") -> dict[str, Any]:
    """Return what is said of a list besides its houses: name, author, times, conditions in one sentence.

    Raises
    ------
    NotFoundError
        There is no such list, or the asker may not see it.

    """
    row = connection.execute(text(statement("runs.about")), {"run_id": run_id}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"没有第 {run_id} 号选取结果。", f"There is no selection run {run_id}.")
    return dict(row) | {"sentence": sentence(row["parameters"], lang)}


def publish(connection: Connection, run_id: int) -> None:
    """Make a finished list of the county the one that everything reads, in place of another; the caller commits.

    Raises
    ------
    NotFoundError
        There is no such list.
    ConflictError
        It is of one township or department, and not of the county.

    """
    about(connection, run_id)
    whole = connection.execute(text(statement("runs.of_county")), {"run_id": run_id}).scalar_one()
    if not whole:
        raise ConflictError(
            f"第 {run_id} 号名单不是全县的（由乡镇或部门在本范围内选取，或尚未完成），不能发布；请由县级专班重新选取后发布。",
            f"List {run_id} is not the whole county's (a township or department made it, or it is not finished); a county "
            "planner makes one and publishes that.",
        )
    connection.execute(text(statement("runs.publish")), {"run_id": run_id})


def withdraw(connection: Connection, run_id: int) -> None:
    """Take back the county's list; until another is published there is none. The caller commits.

    Raises
    ------
    NotFoundError
        There is no such list.
    ConflictError
        It is not the published one.

    """
    if about(connection, run_id)["published_at"] is None:
        raise ConflictError(
            f"第 {run_id} 号名单没有发布，无须撤回。", f"List {run_id} is not published; there is nothing to withdraw."
        )
    connection.execute(text(statement("runs.publish")), {"run_id": None})


def ensure_published(connection: Connection) -> int | None:
    """Return the county's list; where none was ever published, make the default one and publish it.

    None where the last one was withdrawn: that was somebody's decision. The caller commits.
    """
    found = latest_run(connection)
    if found is None and not connection.execute(text(statement("runs.ever_published"))).scalar_one():
        found = run_selection(connection, default_ask()).run_id
        publish(connection, found)
    return found
