"""Load a simulated county through the same import that a county's own files take."""

from __future__ import annotations

import tempfile
from concurrent.futures import Future
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import text

from gis_service.db.day import forget_day
from gis_service.db.engine import get_engine, transaction, work_srid
from gis_service.db.queries import statement
from gis_service.demo.county import SEED, make_county, write
from gis_service.demo.relief import make_relief, write_relief
from gis_service.demo.surveyed import INSTITUTIONS
from gis_service.identity import operator
from gis_service.ingest.importer import Summary, import_file
from gis_service.record import rounds
from gis_service.relief.files import demo_path

# Areas first: buildings are checked against them.
_ORDER = (
    ("admin", "boundaries"),
    ("buildings", "buildings"),
    ("zones", "zones"),
    ("roads", "roads"),
    ("hydrants", "hydrants"),
    ("water", "water"),
)
DAY = date(2022, 9, 8)
"""The day of the notice: a demo stands on it."""


def make_ground() -> None:
    """Write the elevation of the simulated county that is loaded, where there is none yet and no real house."""
    path = demo_path()
    if path.exists():
        return
    with transaction(operator(), read_only=True) as connection:
        outline = connection.execute(text(statement("demo.outline"))).scalar_one()
        if outline is None:
            return
        homes = np.array(connection.execute(text(statement("demo.homes"))).all(), dtype=float)
        ways = shapely.from_wkb([bytes(row.geom) for row in connection.execute(text(statement("demo.ways")))])
        srid = work_srid()
    heights, west, north = make_relief(shapely.from_wkb(bytes(outline)), homes, np.asarray(ways, dtype=object), SEED)
    write_relief(path, heights, west, north, srid)


def make_files(name: str, folder: Path) -> dict[str, Path]:
    """Make the simulated county ``name`` (donglan or rongan) and write it; return a file a table."""
    return write(make_county(name), folder)


def load_demo(name: str, beside: Future[dict[str, Path]] | None = None) -> list[Summary]:
    """Import the simulated county ``name``: the day, the rounds, then the data.

    Parameters
    ----------
    beside
        The county's files (``make_files``) where another process makes them already; else they are made here.

    """
    with tempfile.TemporaryDirectory(prefix="gis-demo-") as folder:
        files = beside.result() if beside else make_files(name, Path(folder))
        with get_engine("owner").begin() as connection:
            connection.execute(text(statement("record.set_day")), {"day": DAY})
            for institution in INSTITUTIONS:
                connection.execute(text(statement("record.demo_institution")), {"name": institution})
        forget_day()
        with transaction(operator()) as connection:
            rounds.open_notice(connection, name)
        return [import_file(kind, files[table]) for table, kind in _ORDER]
