"""Print a digest of every result table, so that a change of structure can show that it changed no result.

    python scripts/digests.py             compare with scripts/digests.json
    python scripts/digests.py --write     write it anew, after a change that is meant to change results

The tables are those of the demo county's database (analysed and selected by ``up``) and the layers of
``gis-service density`` for the real data of ``../shared/data``. Everything goes through the command line and the
written files, so that one script serves before and after a move. A digest does not depend on the order of rows; the
column ``digest`` of the tables, by which ``analyze --changed-only`` tells which rows differ, is left out, for it
depends on the order of columns.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
KEPT = Path(__file__).with_suffix(".json")
PROGRAM = ROOT / ".venv" / "bin" / "gis-service"

FILES: dict[str, list[str]] = {
    "kyojima_300m": ["buildings/kyojima_300m.geojson"],
    "kochi": ["buildings/kochi.parquet"],
    "maldives": ["places/maldives.gpkg", "--layer", "buildings", "--roads", "places/maldives.gpkg",
                 "--roads-layer", "roads"],
}  # fmt: skip
LAYERS = ("gaps", "alleys", "clusters", "buildings")
TABLES = (
    "gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak", "selection",
)  # fmt: skip


def program(*arguments: str, **environment: str) -> str:
    """Run the command line and return what it printed."""
    done = subprocess.run(
        [str(PROGRAM), *arguments], env={**os.environ, **environment}, cwd=ROOT, check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return done.stdout.strip()


def of_file(arguments: list[str], out: Path) -> dict[str, str]:
    """Return the digests of the layers that ``gis-service density`` makes of a file."""
    paths = [str(DATA / a) if "/" in a else a for a in arguments]
    program("density", *paths, "--out", str(out))
    digests = {}
    with closing(sqlite3.connect(out)) as opened:
        for layer in LAYERS:
            cursor = opened.execute(f'SELECT * FROM "{layer}"')
            keep = [i for i, column in enumerate(cursor.description) if column[0] != "fid"]
            names = ",".join(cursor.description[i][0] for i in keep)
            rows = sorted(hashlib.sha256(repr([row[i] for i in keep]).encode()).hexdigest() for row in cursor)
            digests[layer] = hashlib.sha256("".join([names, *rows]).encode()).hexdigest()[:24] + f" {len(rows)} rows"
    return digests


def of_demo(folder: Path) -> dict[str, str]:
    """Return the digests of the demo county's result tables."""
    here = {"GIS_DATA_DIR": str(folder), "GIS_LANG": "en"}
    digests = {}
    try:
        program("up", "--check", "--demo", "donglan", "--port", "8771", **here)
        program("db", "start", **here)
        connection = psycopg2.connect(program("db", "url", **here))
        with connection, connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0"
                    " AND NOT attisdropped AND attname NOT IN ('run_id', 'digest') ORDER BY attname",
                    (f"gis.{table}",),
                )
                columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in cursor.fetchall())
                cursor.execute(
                    sql.SQL(
                        "SELECT md5(string_agg(h, '' ORDER BY h)), count(*) FROM"
                        " (SELECT md5(row({})::text) AS h FROM gis.{}) AS row_hash"
                    ).format(columns, sql.Identifier(table))
                )
                digest, count = cursor.fetchone()
                digests[table] = f"{digest} {count} rows"
        connection.close()
    finally:
        program("db", "remove", "--yes", **here)
    return digests


def main() -> int:
    """Compare or write; returns the exit status."""
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="gis-digests-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database server runs as another user when started by root
        for title, arguments in FILES.items():
            if not (DATA / arguments[0]).exists():
                sys.stderr.write(f"{title}: no {DATA / arguments[0]}, skipped\n")
                continue
            found[title] = of_file(arguments, folder / f"{title}.gpkg")
        data = folder / "data"
        data.mkdir()
        found["demo donglan"] = of_demo(data)
    if "--write" in sys.argv:
        KEPT.write_text(json.dumps(found, indent=1) + "\n")
        return 0
    kept = json.loads(KEPT.read_text())
    differing = [
        f"{title} {table}: {kept.get(title, {}).get(table)} is now {digest}"
        for title, tables in found.items()
        for table, digest in tables.items()
        if kept.get(title, {}).get(table) != digest
    ]
    sys.stdout.write("\n".join(differing or ["all digests are equal"]) + "\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
