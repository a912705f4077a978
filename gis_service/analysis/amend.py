"""Bring the newest density run up to date: only the islands that an edit touches are worked out again.

The result is that of a whole run, value for value. Only the numbers of alleys, clusters and burn clusters differ: they
stay with what they were given to, so that a printed sheet, a plan or a link still means the same cluster after a house
was edited at the other end of the county.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from psycopg2 import sql

from gis_service.analysis.edits import Part, touched
from gis_service.analysis.read import County, read_county
from gis_service.analysis.tables import Rows, table_rows
from gis_service.analysis.write import Held, assign_jurisdiction, beside_m, digests, write_changed_rows
from gis_service.arrays import Ints
from gis_service.db.queries import query, statement
from gis_service.density.compute.executor import Executor
from gis_service.density.layer.prepare import NoBuildingsError
from gis_service.density.params import Params
from gis_service.density.run import density

_NUMBERED = {"cluster_id": ("cluster", "engine_space"), "burn_cluster_id": ("burn_cluster", "firebreak")}


def amend(cursor: Any, run_id: int, params: Params, edits: pd.DataFrame, executor: Executor, srid: int) -> None:
    """Bring run ``run_id``, which was made with ``params``, up to date with ``edits``; the caller commits."""
    part = touched(cursor, edits)
    county, rows = _worked_out(cursor, part, params, executor, srid)
    ids = None
    if part.fids is not None:
        now = [] if county is None else county.buildings["building_id"].tolist()
        ids = sorted({*now, *edits.loc[edits.kind == "building", "id"]})
    _Amendment(cursor, run_id, params, ids).write(rows)
    changed = {"run_id": run_id, "kinds": edits["kind"].tolist(), "ids": edits["id"].tolist()}
    cursor.execute(statement("analysis.forget_seen"), changed)
    cursor.execute(statement("analysis.remember"), changed)


def _worked_out(
    cursor: Any, part: Part, params: Params, executor: Executor, srid: int
) -> tuple[County | None, list[Rows]]:
    if part.fids is not None and not len(part.fids):
        return None, []
    county = read_county(cursor, srid, part.fids, part.window)
    try:
        found = density(
            county.buildings, county.roads, county.hydrants, params, executor, work_srid=srid,
            origin=part.origin, access_basis=part.access_basis,
        )  # fmt: skip
    except NoBuildingsError:
        # All that is left of these islands is a sliver, say: nothing that a whole run would keep either.
        if part.fids is None:
            raise
        return county, []
    return county, table_rows(county, found)


class _Amendment:
    """The rows that a run holds of some houses (None: of all), giving way to others."""

    def __init__(self, cursor: Any, run_id: int, params: Params, ids: list[str] | None) -> None:
        self._cursor, self._run_id, self._max_width_m = cursor, run_id, params.max_width_m
        self._asked = {"run_id": run_id, "ids": ids, "beside_m": beside_m(params.max_width_m)}
        self._houses = pd.DataFrame(
            self._ask(query("analysis.houses_of_run")), columns=["building_id", *_NUMBERED]
        ).set_index("building_id")  # fmt: skip
        (highest,) = self._ask(query("analysis.numbers"))
        self._highest = dict(zip((*_NUMBERED, "alley_id"), highest, strict=True))

    def write(self, rows: list[Rows]) -> None:
        """Give the new rows the numbers of the old ones, write what differs, and say where it lies."""
        held = self._held()
        new = self._numbered({one.table: one for one in rows}, held["alley"])
        for table, old in held.items():
            write_changed_rows(self._cursor, self._run_id, new.get(table, Rows(table, pd.DataFrame(), None)), old)
        clusters = new["cluster"].frame["cluster_id"] if new else pd.Series(dtype="int64")
        assign_jurisdiction(
            self._cursor, self._run_id, self._max_width_m, clusters.to_numpy(dtype=np.int64), self._beside()
        )

    def _held(self) -> dict[str, Held]:
        """Return the rows of these houses in every table."""

        def held(name: str, table: str, column: str, **more: Any) -> Held:
            asked = query(f"analysis.{name}").format(table=sql.Identifier(table), column=sql.Identifier(column))
            found = self._ask(asked, **more)
            return Held([row[0] for row in found], np.array([row[1] for row in found], dtype=np.int64))

        out = {
            "gap": held("held_of_houses", "gap", "building_a"),
            "building_density": held("held_of_houses", "building_density", "building_id"),
            "alley": held("held_of_numbers", "alley", "fid", numbers=self._beside().tolist()),
        }
        for number, tables in _NUMBERED.items():
            old = self._houses[number].dropna().astype(int).unique().tolist()
            out |= {table: held("held_of_numbers", table, number, numbers=old) for table in tables}
        return out

    def _beside(self) -> Ints:
        """Return the keys of the alleys beside these houses."""
        return np.array([row[0] for row in self._ask(query("analysis.alleys_beside"))], dtype=np.int64)

    def _numbered(self, rows: dict[str, Rows], alleys: Held) -> dict[str, Rows]:
        """Return the new rows with the numbers of those that they follow, and the next free ones."""
        if not rows:
            return rows
        out = dict(rows)
        houses = rows["building_density"].frame.set_index("building_id")
        for number in _NUMBERED:
            of = carried_on(houses[number], self._houses[number], self._highest[number])
            for table, one in out.items():
                if number in one.frame:
                    out[table] = one._replace(frame=one.frame.assign(**{number: one.frame[number].map(of)}))
        frame = out["alley"].frame
        fresh = ~np.isin(digests(out["alley"]), alleys.digest)
        ids = np.where(fresh, self._highest["alley_id"] + np.cumsum(fresh), 0)  # of the others nothing is written
        out["alley"] = out["alley"]._replace(frame=frame.assign(alley_id=ids))
        return out

    def _ask(self, what: sql.Composable, **more: Any) -> list[tuple[Any, ...]]:
        self._cursor.execute(what, self._asked | more)
        return list(self._cursor.fetchall())


def carried_on(new: pd.Series, old: pd.Series, highest: int) -> dict[int, int]:
    """Say which number each group carries on.

    Parameters
    ----------
    new, old
        The group of each house (by building_id; null for none) as found now, and as numbered before.
    highest
        The highest number given so far.

    Returns
    -------
    For each group of ``new`` the number of the group of ``old`` with which it shares most houses, each given once, the
    larger share first; of equals the lower. Groups that share none get the next numbers.

    """
    both = pd.DataFrame({"new": new, "old": old.reindex(new.index)})
    shared = both.dropna().astype(int).value_counts().reset_index().sort_values(
        ["count", "old", "new"], ascending=[False, True, True]
    )  # fmt: skip
    out: dict[int, int] = {}
    taken: set[int] = set()
    for group, number in zip(shared["new"].tolist(), shared["old"].tolist(), strict=True):
        if group not in out and number not in taken:
            out[group] = number
            taken.add(number)
    rest = [group for group in sorted(set(new.dropna().astype(int).tolist())) if group not in out]
    return out | {group: highest + k for k, group in enumerate(rest, start=1)}
