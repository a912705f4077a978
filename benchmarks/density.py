"""The whole of ``gis-service density`` on 100,371 real footprints against PostGIS, and on simulated counties.

python -m benchmarks.density                      kochi: stages, total, the self-join of PostGIS in the same run
python -m benchmarks.density --scale [N ...]      copies of the demo county laid side by side: time, memory, exponent
python -m benchmarks.density --peers              momepy, geopandas and DuckDB for the parts that they have
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.common import SHARED, best, machine, private_database, row

KOCHI = SHARED / "buildings" / "kochi.parquet"
SIZES = (10_000, 100_000, 300_000, 1_000_000)
_RUN = """
import json, resource, sys
from gis_service.density import command
kept = {}
read = command.read_vector
def reading(*arguments, **options):
    table = read(*arguments, **options)
    # Only now: the command loads the run while it reads. The stages are those that the run puts into its tables.
    from gis_service.density import run
    tables = run.tabulate
    def timed(*given, **options):
        kept.update((result := tables(*given, **options)).seconds)
        return result
    run.tabulate = timed
    return table
command.read_vector = reading
command.density(sys.argv[1:], standalone_mode=False)
print("FIGURES", json.dumps(kept), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(path: Path, out: Path, workers: int, *options: str) -> tuple[float, dict[str, float], float]:
    """Run the command in a process of its own; return seconds (from start to end), those of stages, and GB."""
    import json

    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(path), "--out", str(out), "--workers", str(workers), *options],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    figures = done.stdout.split("FIGURES ")[1].strip()
    stages, _, peak_kb = figures.rpartition(" ")
    return seconds, json.loads(stages), float(peak_kb) / 1e6


def load() -> str:
    """Return how busy the machine is besides us."""
    return f"load {os.getloadavg()[0]:.1f}"


def self_join(buildings: gpd.GeoDataFrame) -> float:
    """Return the time of one self-join of PostGIS on the same buildings in seconds."""
    import io

    with private_database("bench", 6672):
        from gis_service.db.engine import admin_connection

        with admin_connection() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE b (fid int PRIMARY KEY, geom geometry(Geometry, 6672))")
            hexes = shapely.to_wkb(buildings.to_crs(6672).geometry.values, hex=True)
            text = io.StringIO("".join(f"{i}\tSRID=6672;{h}\n" for i, h in enumerate(hexes)))
            cursor.execute("CREATE TEMP TABLE raw (fid int, wkb text)")
            cursor.copy_expert("COPY raw FROM STDIN", text)
            cursor.execute("INSERT INTO b SELECT fid, ST_SetSRID(split_part(wkb, ';', 2)::geometry, 6672) FROM raw")
            cursor.execute("CREATE INDEX ON b USING gist (geom)")
            cursor.execute("ANALYZE b")

            def join() -> None:
                cursor.execute("SELECT count(*) FROM b a JOIN b b ON ST_DWithin(a.geom, b.geom, 4) AND a.fid < b.fid")
                cursor.fetchone()

            return best(join, 3)


def kochi() -> None:
    """Print stages, totals with one and two workers, and the ratio to PostGIS."""
    buildings = gpd.read_parquet(KOCHI)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.gpkg"
        run(KOCHI, out, 2)
        join_s = self_join(buildings)
        results = {w: min((run(KOCHI, out, w) for _ in range(3)), key=lambda r: r[0]) for w in (1, 2)}
        join_s = min(join_s, self_join(buildings))
    for workers, (seconds, stages, peak) in results.items():
        print(f"kochi, {len(buildings):,} footprints, {workers} worker(s), {load()}: {seconds:.2f} s, {peak:.2f} GB")
        print("   " + ", ".join(f"{name} {s:.2f}" for name, s in stages.items()) + " (stages overlap with 2 workers)")
    row("gis-service density, whole command", results[2][0], "PostGIS self-join", join_s)
    print(f"two workers are {results[1][0] / results[2][0]:.2f} times as fast as one (whole command),")
    print(f"{results[1][1]['total'] / results[2][1]['total']:.2f} times for the run without start, reading and writing")


def county(count: int) -> gpd.GeoDataFrame:
    """Return ``count`` simulated houses: the demo county, again and again side by side."""
    from gis_service.demo.county import make_county

    houses = make_county("donglan").buildings[["building_id", "floors", "structure", "geometry"]]
    x0, y0, x1, y1 = houses.total_bounds
    wide, tall = x1 - x0 + 5000, y1 - y0 + 5000
    copies = math.ceil(count / len(houses))
    across = math.ceil(math.sqrt(copies))
    parts = []
    for k in range(copies):
        left = min(len(houses), count - k * len(houses))
        # Part of a county: its western end, as dense as the whole.
        part = houses.iloc[np.argsort(houses.geometry.bounds.minx.to_numpy(), kind="stable")[:left]]
        moved = part.geometry.translate((k % across) * wide, (k // across) * tall)
        parts.append(part.assign(geometry=moved, building_id=part.building_id.astype(str) + f"-{k}"))
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=houses.crs)


def scale(sizes: list[int]) -> None:
    """Print time and memory by size, with one and two workers up to 300,000, and the exponent of time."""
    times: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "county.parquet", Path(folder) / "out.gpkg"
        for size in sizes:
            county(size).to_parquet(path)
            for workers in (1, 2) if size <= 300_000 else (2,):
                seconds, stages, peak = run(path, out, workers, "--work-srid", "4545")
                print(f"{size:>9,} houses, {workers} worker(s), {load()}: {seconds:7.1f} s, {peak:.2f} GB", flush=True)
                print("   " + ", ".join(f"{name} {s:.2f}" for name, s in stages.items()), flush=True)
            times[size] = seconds
    for one, two in pairwise(sizes):
        exponent = math.log(times[two] / times[one]) / math.log(two / one)
        print(f"exponent of time from {one:,} to {two:,}: {exponent:.2f}")


def peers() -> None:
    """Print our parts beside those of momepy, geopandas and DuckDB on kochi."""
    from gis_service.density.alleys.gaps import compute_gaps
    from gis_service.density.layer.prepare import prepare
    from gis_service.density.plane.pairs import find_pairs

    buildings = gpd.read_parquet(KOCHI).to_crs(6672)
    buildings = buildings[buildings.is_valid].reset_index(drop=True)
    prepared = prepare(buildings)
    near = find_pairs(prepared.footprints, 4.0)
    pairs_s = best(lambda: find_pairs(prepared.footprints, 4.0), 3)
    row("pairs within 4 m", pairs_s, "geopandas sjoin dwithin",
        best(lambda: buildings[["geometry"]].sjoin(buildings[["geometry"]], predicate="dwithin", distance=4.0), 2))  # fmt: skip
    try:
        import momepy

        gaps_s = best(lambda: compute_gaps(prepared, near), 2)
        row("gaps (widths, lengths, sky, centrelines), 1 core", gaps_s, "momepy shared_walls",
            best(lambda: momepy.shared_walls(buildings.geometry, strict=False, tolerance=0.01), 1))  # fmt: skip
        from libpysal.graph import Graph

        some = buildings.iloc[:20_000].reset_index(drop=True)
        part = prepare(some)
        graph = Graph.build_knn(some.geometry.centroid, k=5)
        row("gaps of the first 20,000, 1 core", best(lambda: compute_gaps(part), 2), "momepy interbuilding distance",
            best(lambda: momepy.neighbor_distance(some.geometry, graph), 1))  # fmt: skip
    except ImportError as error:
        print(f"momepy: not installed ({error.name}); skipped")
    try:
        import duckdb

        base = duckdb.connect()
        base.execute("LOAD spatial")
        table = pd.DataFrame({"fid": range(len(buildings)), "wkb": buildings.geometry.to_wkb()})  # noqa: F841
        base.execute("CREATE TABLE b AS SELECT fid, ST_GeomFromWKB(wkb) AS geom FROM table")
        join = "SELECT count(*) FROM b a JOIN b c ON ST_DWithin(a.geom, c.geom, 4) AND a.fid < c.fid"
        row("pairs within 4 m", pairs_s, "DuckDB spatial", best(lambda: base.execute(join).fetchall(), 2))
    except Exception as error:  # whatever keeps it from loading is worth a line
        print(f"DuckDB spatial: cannot be loaded here ({str(error).splitlines()[0]}); skipped")


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", nargs="*", type=int, metavar="N")
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    print(machine(), load())
    if given.scale is not None:
        scale(given.scale or list(SIZES))
    if given.peers:
        peers()
    if given.scale is None and not given.peers:
        kochi()


if __name__ == "__main__":
    main()
