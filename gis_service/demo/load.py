"""Load a simulated county through the same import that a county's own files take."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gis_service.demo.county import make_county, write
from gis_service.ingest.importer import Summary, import_file

# Areas first: buildings are checked against them.
_ORDER = (
    ("admin", "boundaries"),
    ("buildings", "buildings"),
    ("zones", "zones"),
    ("roads", "roads"),
    ("hydrants", "hydrants"),
)


def load_demo(name: str) -> list[Summary]:
    """Make the simulated county ``name`` (donglan or rongan) and import it."""
    with tempfile.TemporaryDirectory(prefix="gis-demo-") as folder:
        files = write(make_county(name), Path(folder))
        return [import_file(kind, files[table]) for table, kind in _ORDER]
