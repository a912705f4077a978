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

    A null in an arrow array is a null in the table; an array of PostgreSQL is written as text (``{a,b}``).
    """
    names = [*columns] if geometry is None else [*columns, "geom"]
    command = (
        query("ingest.copy")
        .format(table=table, columns=sql.SQL(", ").join(map(sql.Identifier, names)))
        .as_string(cursor)
    )
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
