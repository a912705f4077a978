"""Import of 100,371 real footprints against ``ogr2ogr`` into the same PostGIS.

.venv/bin/python -m benchmarks.ingest
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import SHARED, best, machine, private_database, row


def main() -> None:
    """Print the wall time and memory of the import and of ogr2ogr."""
    print(machine())
    source = SHARED / "buildings" / "kochi.parquet"
    if not source.exists() or shutil.which("ogr2ogr") is None:
        print("needs ../shared/data and ogr2ogr (package gdal-bin); skipped")
        return
    import geopandas as gpd

    with private_database("kochi", 6672), tempfile.TemporaryDirectory() as folder:
        from gis_service.db.engine import database_url

        # The same file for both: Debian's GDAL reads no GeoParquet.
        path = Path(folder) / "kochi.gpkg"
        gpd.read_parquet(source).to_file(path, engine="pyogrio")
        address = database_url("owner")

        def peer() -> None:
            subprocess.run(
                ["ogr2ogr", "-f", "PostgreSQL", f"PG:{address}", str(path), "-overwrite", "-nln", "public.peer",
                 "-t_srs", "EPSG:6672", "-nlt", "PROMOTE_TO_MULTI", "-lco", "GEOMETRY_NAME=geom"],
                check=True, env={"PG_USE_COPY": "YES", "PATH": "/usr/bin:/bin"},
            )  # fmt: skip

        from gis_service.db.engine import admin_connection

        with admin_connection() as connection, connection.cursor() as cursor:
            cursor.execute("GRANT CREATE ON SCHEMA public TO gis_owner")
        peer_s = best(peer, 3)
        ours_s, peak = float("inf"), 0.0
        for _ in range(3):
            with admin_connection() as connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica; TRUNCATE gis.building CASCADE")
            started = time.perf_counter()
            result = subprocess.run(
                [sys.executable, "-c",
                 "import resource, sys; from gis_service.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
                 "print('PEAK', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)",
                 "import", "buildings", str(path)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            ours_s = min(ours_s, time.perf_counter() - started)
            peak = float(result.stdout.split("PEAK")[1]) / 1024
        row("import of kochi, 100,371 footprints", ours_s, "ogr2ogr", peer_s)
        print(f"memory of our import: {peak:.0f} MB")


if __name__ == "__main__":
    main()
