"""Plans, drills and patrols of a cluster: they hang on a site, which outlives the runs that number clusters anew."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError

RECORDS_MAX = 200
"""So many of a kind are read at once, the latest first."""

KINDS = ("plans", "drills", "patrols")


def sites(connection: Connection, run_id: int, cluster_id: int) -> list[dict[str, Any]]:
    """Return the sites whose records belong to a cluster: ``site_id``, ``name``, ``share`` of the site it covers."""
    values = {"run_id": run_id, "cluster_id": cluster_id}
    return [dict(row) for row in connection.execute(text(statement("records.sites")), values).mappings()]


def homeless(connection: Connection, run_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Return the sites that touch no cluster of the run: their records would otherwise be lost from sight."""
    values = {"run_id": run_id, "limit": limit}
    return [dict(row) for row in connection.execute(text(statement("records.homeless")), values).mappings()]


def read(
    connection: Connection, kind: str, run_id: int, cluster_id: int, limit: int = RECORDS_MAX
) -> list[dict[str, Any]]:
    """Return a cluster's plans, drills or patrols, the latest first; at most ``limit`` and one, which says: more."""
    known = [site["site_id"] for site in sites(connection, run_id, cluster_id)]
    if not known:
        return []
    values = {"sites": known, "limit": limit + 1}
    return [dict(row) for row in connection.execute(text(statement(f"records.{kind}")), values).mappings()]


def _site(connection: Connection, run_id: int, cluster_id: int) -> int:
    """Return the site that new records of a cluster hang on: the one it covers most of, or a new one."""
    known = sites(connection, run_id, cluster_id)
    if known:
        return int(known[0]["site_id"])
    values = {"run_id": run_id, "cluster_id": cluster_id}
    return int(connection.execute(text(statement("records.new_site")), values).scalar_one())


def _add(connection: Connection, name: str, values: dict[str, Any]) -> int:
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement(f"records.{name}")), values).scalar_one())
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) == "23505":
            raise ConflictError(
                "刚有人登记了同一条，请刷新后再改。", "Somebody has just recorded this; reload and change that one."
            ) from error
        raise InputError("有一个值无法使用。", "A value cannot be used.") from error


def _corrected(connection: Connection, kind: str, key: str, corrects: int | None, run_id: int, cluster_id: int) -> None:
    """Refuse to correct what is not a record of this cluster."""
    if corrects is None:
        return
    if corrects not in {row[key] for row in read(connection, kind, run_id, cluster_id)}:
        raise InputError(
            f"要更正的第 {corrects} 号记录不在本连片区。",
            f"Record {corrects}, to be corrected, is not of this cluster.",
        )


def add_plan(
    connection: Connection, run_id: int, cluster_id: int, *,
    based_on: int, number: str | None, dated: date, unit: str, body: str,
) -> int:  # fmt: skip
    """Add a version of the plan and return its number, from 1.

    Parameters
    ----------
    based_on
        The version that the writer saw; 0 for none.

    Raises
    ------
    ConflictError
        Somebody has written a version since.

    """
    site = _site(connection, run_id, cluster_id)
    latest = int(connection.execute(text(statement("records.latest_plan")), {"site_id": site}).scalar_one())
    if latest != based_on:
        raise ConflictError(
            f"预案已有第 {latest} 版，您看到的是第 {based_on} 版；请刷新后在新版上修改。",
            f"The plan is at version {latest}, you saw {based_on}; reload and change the new one.",
            version=latest,
        )
    _add(connection, "add_plan", {
        "site_id": site, "version": latest + 1, "number": number, "dated": dated, "unit": unit, "body": body,
        "run_id": run_id, "cluster_id": cluster_id,
    })  # fmt: skip
    return latest + 1


def add_drill(
    connection: Connection, run_id: int, cluster_id: int, *,
    dated: date, result: str, note: str | None, corrects: int | None = None,
) -> int:  # fmt: skip
    """Add a drill, or the correction of one, and return its number."""
    _corrected(connection, "drills", "drill_id", corrects, run_id, cluster_id)
    site = _site(connection, run_id, cluster_id)
    values = {"site_id": site, "dated": dated, "result": result, "note": note, "corrects": corrects}
    return _add(connection, "add_drill", values)


def add_patrol(
    connection: Connection, run_id: int, cluster_id: int, *,
    dated: date, unit: str, found: str | None, note: str | None, corrects: int | None = None,
) -> int:  # fmt: skip
    """Add a patrol, or the correction of one, and return its number."""
    _corrected(connection, "patrols", "patrol_id", corrects, run_id, cluster_id)
    site = _site(connection, run_id, cluster_id)
    values = {"site_id": site, "dated": dated, "unit": unit, "found": found, "note": note, "corrects": corrects}
    return _add(connection, "add_patrol", values)
