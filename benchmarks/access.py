"""Time the stages of engine access, burn clusters and firebreaks.

    python -m benchmarks.access [FILE] [--epsg 6672] [--workers 1] [--scheduler ADDRESS]

FILE is a GeoParquet of footprints; by default kochi.parquet of the shared data.
"""

from __future__ import annotations

import argparse
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from gis_service.density.compute.executor import open_executor
from gis_service.density.params import Params
from gis_service.density.plane.ground import build_ground
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.plane.tiles import Finder
from gis_service.density.reach import access
from gis_service.density.spread import burn, firebreak

KOCHI = Path(__file__).parents[2] / "shared/data/buildings/kochi.parquet"


@contextmanager
def stage(name):
    begin = time.perf_counter()
    yield
    print(f"{name:<34}{time.perf_counter() - begin:8.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", nargs="?", default=KOCHI, type=Path)
    parser.add_argument("--epsg", type=int, default=6672)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--scheduler")
    parser.add_argument("--firebreaks", action="store_true", help="propose firebreaks too")
    given = parser.parse_args()
    shapes = np.asarray(gpd.read_parquet(given.file, columns=["geometry"]).to_crs(given.epsg).geometry.values)
    shapes = shapes[shapely.is_valid(shapes) & (shapely.area(shapes) > 0)]
    params = Params()
    print(f"{len(shapes)} footprints")
    # Compiled code is loaded (or made) once; it is not what is timed.
    few = shapes[np.argsort(shapely.bounds(shapes)[:, 0])[:200]]
    few_pairs = find_pairs(few, 4.0)
    access.find_access(few, few_pairs, params)
    burn.find_burn(few, few_pairs, 4.0, None, params)
    with stage("pairs up to 4 m"):
        pairs = find_pairs(shapes, 4.0)
    with open_executor(given.workers, given.scheduler) as executor:
        if given.workers > 1 or given.scheduler:
            executor.map(abs, range(given.workers))
        begin = time.perf_counter()
        with stage("  walls and tiles"):
            walls, tiles = build_ground(shapes)
            boxes = walls.boxes
            finder = Finder(boxes)
        with stage("  rim of the engines' ground"):
            rim = access.whole_boundary(walls, tiles, finder, params.engine_width_m, executor)
        with stage("  grounds joined"):
            space = access.find_space(shapes, walls, rim, params.engine_width_m, None)
        with stage("  hose"):
            hose = access.find_hose(walls, boxes, tiles, space, params, executor)
        with stage("  depth"):
            access.find_depth(hose, pairs, params)
        print(f"{'access':<34}{time.perf_counter() - begin:8.2f} s")
    with stage("burn clusters"):
        fire = burn.find_burn(shapes, pairs, 4.0, None, params)
    if given.firebreaks:
        with stage("facing walls"):
            wall = firebreak.facing_wall(walls, fire.a, fire.b, fire.spread_m)
        with stage("firebreaks of all clusters"):
            firebreak.propose_all(fire, wall, params.burn_part_buildings)
    print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
