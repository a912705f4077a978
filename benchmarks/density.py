"""Time the stages of a density run on a file of buildings: ``python benchmarks/density.py [FILE]``."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd

from gis_service.density.run import density
from gis_service.density.write import write

KOCHI = Path(__file__).resolve().parents[2] / "shared" / "data" / "buildings" / "kochi.parquet"


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else KOCHI
    begun = time.perf_counter()
    buildings = gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)
    print(f"{'read':10s} {time.perf_counter() - begun:8.2f} s")
    result = density(buildings)
    for stage, seconds in result.seconds.items():
        print(f"{stage:10s} {seconds:8.2f} s")
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write(result, Path(folder) / "out.gpkg")
    print(f"{'write':10s} {time.perf_counter() - begun:8.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{len(result.buildings)} buildings, {len(result.gaps)} pairs, {len(result.alleys)} alleys, "
        f"{len(result.clusters)} clusters; peak {peak:.2f} GB"
    )


if __name__ == "__main__":
    main()
