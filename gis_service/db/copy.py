"""Copy many rows with geometry to the server, which reads one part while the next is being written."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import shapely
from numpy.typing import NDArray
from psycopg2 import sql

from gis_service.db.queries import query

_ROWS = 20_000


def copy_rows(
    cursor: Any, table: sql.Identifier, columns: dict[str, Any], geometry: NDArray[np.object_] | None
) -> None:
    """Copy columns (arrow arrays of one length) and ``geom`` (in the work CRS) into ``table``.

    A null in an arrow array is a null in the table; an array of PostgreSQL is written as text (``{a,b}``). COPY does
    not pass row-level security, so rows for a table of the schema ``gis`` arrive in a temporary one first.
    """
    names = [*columns] if geometry is None else [*columns, "geom"]
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    kept = len(table.strings) > 1
    target = sql.Identifier("arriving") if kept else table
    if kept:
        cursor.execute(query("ingest.arrive").format(table=table, columns=listed))
    command = query("ingest.copy").format(table=target, columns=listed).as_string(cursor)
    cursor.execute(query("ingest.srid"))
    srid = int(cursor.fetchone()[0])
    count = len(next(iter(columns.values())))

    def written(start: int) -> io.BytesIO:
        part = slice(start, start + _ROWS)
        block = {name: values[part] for name, values in columns.items()}
        if geometry is not None:
            wkb = shapely.to_wkb(shapely.set_srid(geometry[part], srid), hex=True, include_srid=True)
            block["geom"] = pa.array(wkb, pa.string())
        buffer = io.BytesIO()
        # An unquoted nothing is null to COPY, a quoted one an empty text.
        pa_csv.write_csv(pa.table(block), buffer, pa_csv.WriteOptions(include_header=False))
        buffer.seek(0)
        return buffer

    with ThreadPoolExecutor(max_workers=1) as writer:
        for part in writer.map(written, range(0, count, _ROWS)):
            cursor.copy_expert(command, part)
    if kept:
        cursor.execute(query("ingest.settle").format(table=table, columns=listed))
        cursor.execute(query("ingest.arrived"))
