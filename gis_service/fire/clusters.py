"""Dense clusters of a density run: the run, its ranked list, one cluster."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from gis_service.cache import Cache
from gis_service.db.engine import database_url
from gis_service.db.queries import part, statement
from gis_service.density.alleys.gaps import CLASS_GRAIN_M
from gis_service.errors import NotFoundError
from gis_service.selection.select import latest_run

LIST_MAX = 200
"""A list holds at most so many clusters; there is a next page."""
Widths = dict[str, list[dict[str, Any]]]
_widths: Cache[Widths] = Cache(100)


def run_of(connection: Connection, run_id: int | None) -> RowMapping:
    """Return the density run asked for, or the newest that is finished.

    Raises
    ------
    NotFoundError
        There is none.

    """
    wanted = latest_run(connection, "density") if run_id is None else run_id
    run = connection.execute(text(statement("fire.run")), {"run_id": wanted}).mappings().one_or_none()
    if run is None:
        raise NotFoundError(
            "还没有分析结果；请先运行 gis-service analyze。", "There is no density run; run gis-service analyze first."
        )
    return run


def cluster_of(connection: Connection, run_id: int, cluster_id: int) -> RowMapping:
    """Return one cluster with its rank.

    Raises
    ------
    NotFoundError
        The run has no such cluster, or the asker may not see it.

    """
    values = {"run_id": run_id, "cluster_id": cluster_id}
    row = connection.execute(text(statement("fire.cluster")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"没有第 {cluster_id} 号连片区。", f"There is no cluster {cluster_id}.")
    return row


@dataclass(frozen=True)
class Ranked:
    """A page of the ranked list."""

    rows: list[dict[str, Any]]
    total: int

    def truncated(self, offset: int) -> bool:
        """Tell whether more clusters follow."""
        return offset + len(self.rows) < self.total


def ranked(
    connection: Connection,
    run_id: int,
    *,
    township: str | None = None,
    kind: str | None = None,
    q: str | None = None,
    walked_before: date | None = None,
    limit: int = 50,
    offset: int = 0,
) -> Ranked:
    """Return clusters by score, with their place in the whole ranking.

    Parameters
    ----------
    township
        Code of a township that the cluster touches.
    kind
        ``handshake``, ``sky_line``: with an alley of this class. ``unreached``: with a house that no hose reaches.
    q
        A part of the name.
    walked_before
        Only those whose last patrol was before this day, or that were never walked.

    """
    pattern = part(q) if q else None
    values = {
        "run_id": run_id, "township": township, "kind": kind, "pattern": pattern, "walked_before": walked_before,
    }  # fmt: skip
    rows = connection.execute(
        text(statement("fire.ranked")), values | {"limit": min(limit, LIST_MAX), "offset": offset}
    ).mappings()
    found = [dict(row) for row in rows]
    total = connection.execute(text(statement("fire.ranked_count")), values).scalar_one()
    return Ranked(found, int(total))


def every(connection: Connection, run_id: int, limit: int | None = None, **filters: Any) -> list[dict[str, Any]]:
    """Return all clusters that ``ranked`` would page through with these filters, or the first ``limit``."""
    rows: list[dict[str, Any]] = []
    while True:
        room = LIST_MAX if limit is None else min(LIST_MAX, limit - len(rows))
        page = ranked(connection, run_id, limit=room, offset=len(rows), **filters)
        rows += page.rows
        if not page.rows or len(rows) == page.total or len(rows) == limit:
            return rows


def widths_of(connection: Connection, run_id: int, scope: Hashable) -> Widths:
    """Return counts of a run's gaps, and of its houses by their narrowest gap, by tenths of a metre.

    Everybody who opens the county's fire map asks for them, and counting takes half a second: they are kept as long as the
    data stay. ``scope`` is whose eyes see them (``Identity.scope``).
    """
    version = connection.execute(text(statement("runs.moment"))).one().data
    key = (database_url("service"), run_id, scope, version)
    found = _widths.get(key)
    if found is None:
        values = {"run_id": run_id, "half_m": CLASS_GRAIN_M / 2}
        queries = {"gaps": "fire.widths", "houses": "fire.house_widths"}
        found = {
            name: [dict(row) for row in connection.execute(text(statement(query)), values).mappings()]
            for name, query in queries.items()
        }
        _widths.put(key, found)
    return found
