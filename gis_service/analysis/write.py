"""Write a density run's rows: all of them, or what differs from the rows that the run holds already."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from psycopg2 import sql

from gis_service.analysis.tables import Rows
from gis_service.arrays import Ints
from gis_service.db.copy import copy_rows
from gis_service.db.queries import query, statement

TABLES = ("gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak")
# A centreline keeps to the middle between two walls within this, in metres.
_DRAWING_M = 0.1


class Held(NamedTuple):
    """Rows that a run holds already: their row ids (ctid) in the table, and the digest of each."""

    row_ids: list[str]
    digest: Ints


def write_changed_rows(cursor: Any, run_id: int, rows: Rows, held: Held | None = None) -> None:
    """Write the rows of a table; of those held, what is no longer right is removed and what is right stays."""
    digest = digests(rows)
    which = np.arange(len(digest))
    if held is not None:
        stale = [row_id for row_id, old in zip(held.row_ids, ~np.isin(held.digest, digest), strict=True) if old]
        if stale:
            cursor.execute(query("analysis.remove").format(table=sql.Identifier(rows.table)), {"rows": stale})
        which = np.flatnonzero(~np.isin(digest, held.digest))
    if not len(which):
        return
    geometry = None if rows.geometry is None else rows.geometry[which]
    if geometry is not None:
        there = ~shapely.is_missing(geometry)
        which, geometry = which[there], geometry[there]
    frame = rows.frame.iloc[which]
    columns = {"run_id": pa.array(np.full(len(frame), run_id)), "digest": pa.array(digest[which])}
    columns |= {str(name): pa.array(frame[name], from_pandas=True) for name in frame.columns}
    copy_rows(cursor, sql.Identifier("gis", rows.table), columns, geometry)


def digests(rows: Rows) -> Ints:
    """Return a 64-bit digest of each row; the same values give the same digest in any run.

    An alley's number is left out: it stays with the alley that it was first given to.
    """
    if not len(rows.frame):
        return np.empty(0, dtype=np.int64)
    frame = rows.frame.reset_index(drop=True).drop(columns="alley_id", errors="ignore")
    plain = frame.assign(**{name: _plain(frame[name]) for name in frame.columns})
    if rows.fingerprint is not None:
        plain = plain.assign(geom=rows.fingerprint)
    elif isinstance(rows.geometry, np.ndarray):
        plain = plain.assign(geom=shapely.to_wkb(rows.geometry, hex=True))
    return np.asarray(pd.util.hash_pandas_object(plain, index=False), dtype=np.uint64).view(np.int64)


def _plain(column: pd.Series) -> pd.Series:
    """Return a column as numbers or text: how nulls are kept must not tell a value from the same value."""
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.astype("Float64").astype(float)
    return column.astype(object).where(column.notna(), None)


def assign_jurisdiction(
    cursor: Any, run_id: int, max_width_m: float, clusters: Ints | None = None, alleys: Ints | None = None
) -> None:
    """Say in which townships, villages and departments clusters and alleys lie; all of the run, or some."""
    asked = {"run_id": run_id, "clusters": None if clusters is None else clusters.tolist()}
    cursor.execute(statement("analysis.place_clusters"), asked)
    asked = {"run_id": run_id, "fids": None if alleys is None else alleys.tolist(), "beside_m": beside_m(max_width_m)}
    cursor.execute(statement("analysis.place_alleys"), asked)


def beside_m(max_width_m: float) -> float:
    """Return how far from its centreline the houses along an alley stand at most, in metres."""
    return max_width_m / 2 + _DRAWING_M
