"""Inspection plans of real houses: time, memory, length, balance and overlap, beside two plain peers.

python -m benchmarks.route                 4,028 houses of kochi drawn with a seed, 10 teams
python -m benchmarks.route N TEAMS         other sizes
python -m benchmarks.route --peers         one PyVRP model of the whole, and nearest neighbour, in the same run
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import psutil
import pyogrio
import shapely

from benchmarks.common import SHARED, machine

KOCHI = SHARED / "buildings" / "kochi.parquet"
PER_DAY, MINUTES, START = 22, 20, "2026-03-02"


def draw(count: int, out: Path, *, urgent: bool = True) -> None:
    """Write ``count`` houses of kochi, drawn with a seed, with urgencies (or all alike)."""
    houses = gpd.read_parquet(KOCHI)
    chance = np.random.default_rng(1)
    some = np.sort(chance.choice(len(houses), count, replace=False))
    urgency = chance.choice([1, 2, 3, 4], count, p=[0.02, 0.1, 0.2, 0.68])
    urgency = urgency if urgent else np.full(count, 4)
    gpd.GeoDataFrame(
        {"stop_id": [f"k{k:05d}" for k in range(count)], "minutes": MINUTES, "urgency": urgency},
        geometry=houses.geometry.to_numpy()[some], crs=houses.crs,
    ).to_file(out)  # fmt: skip


def run(stops: Path, teams: int, out: Path, workers: int) -> tuple[float, float, float]:
    """Run the command; return seconds, seconds of CPU and the largest MB of all of its processes together."""
    began = time.perf_counter()
    command = [
        sys.executable, "-m", "gis_service.cli", "route", str(stops), "--teams", str(teams), "--per-day", str(PER_DAY),
        "--start", START, "--workers", str(workers), "--out", str(out),
    ]  # fmt: skip
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    most = [0.0]

    def watch() -> None:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            try:
                family = [process, *process.children(recursive=True)]
                most[0] = max(most[0], sum(p.memory_info().rss for p in family) / 1e6)
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.wait():
        sys.exit("gis-service route failed")
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu, most[0]


def report(out: Path) -> None:
    """Print what the plan says of itself."""
    summary = pyogrio.read_dataframe(out, layer="summary").iloc[0]
    routes = pyogrio.read_dataframe(out, layer="routes")
    names = (
        "teams",
        "stops",
        "days",
        "balance_stops",
        "overlap_share",
        "travel_m",
        "travel_share",
        "lower_bound_team_days",
    )
    between = 1.4 * sum(shape.length - _first_and_last(shape) for shape in routes.geometry) / 1000
    print(
        "ours",
        json.dumps({name: float(summary[name]) for name in names}),
        f"{len(routes)} days, between {between:.1f} km",
    )


def peers(stops: Path, team_days: int, most: int) -> None:
    """Plan the same stops as one model of the whole, and by going to the nearest house next; print their lengths."""
    from gis_service.inspection import Straight
    from gis_service.inspection.order import Call, Shift, solve

    frame = pyogrio.read_dataframe(stops)
    xy = np.array(frame.to_crs(frame.estimate_utm_crs()).geometry.representative_point().get_coordinates())
    xy = np.vstack([np.median(xy, axis=0), xy])
    table = Straight().table(xy)
    began = time.perf_counter()
    calls = [Call(MINUTES * 60) for _ in range(len(frame))]
    found = solve(table.seconds, calls, [Shift(most, longest=8 * 3600, count=team_days)], seed=1, iterations=60)
    ways = [[0, *[i + 1 for i in way], 0] for _, way in found.routes]
    tell("one model, all from the middle", xy, table.metres, ways, time.perf_counter() - began, found.feasible)
    began = time.perf_counter()
    left, ways = np.arange(1, len(xy)), []
    while len(left):
        way = [0]
        while len(way) <= most and len(left):
            k = int(table.metres[way[-1], left].argmin())
            way.append(int(left[k]))
            left = np.delete(left, k)
        ways.append([*way, 0])
    tell("nearest neighbour, all from the middle", xy, table.metres, ways, time.perf_counter() - began, True)


def tell(name: str, xy: np.ndarray, metres: np.ndarray, ways: list[list[int]], seconds: float, feasible: bool) -> None:
    """Print a peer's figures; its days are shared out to ten teams in the order in which they come."""
    from itertools import combinations

    groups = np.array_split(np.arange(len(ways)), 10)
    hulls = [shapely.MultiPoint(xy[[i for w in g for i in ways[w] if i]]).convex_hull for g in groups]
    counts = [sum(len(ways[w]) - 2 for w in g) for g in groups]
    overlap = np.mean([a.intersection(b).area > 1 for a, b in combinations(hulls, 2)])
    total = sum(metres[a, b] for way in ways for a, b in itertools.pairwise(way))
    between = sum(metres[a, b] for way in ways for a, b in itertools.pairwise(way[1:-1]))
    print(
        f"{name}: {len(ways)} days, {total / 1000:.1f} km, of which between houses {between / 1000:.1f} km, "
        f"teams {max(counts) - min(counts)} stops apart, {overlap:.2f} of pairs overlap, {seconds:.1f} s, {feasible=}"
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=4_028)
    parser.add_argument("teams", type=int, nargs="?", default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="gis-bench-") as folder:
        stops, out = Path(folder) / "stops.gpkg", Path(folder) / "plan.gpkg"
        for urgent in (True, False) if asked.peers else (True,):
            draw(asked.count, stops, urgent=urgent)
            seconds, cpu, most = run(stops, asked.teams, out, asked.workers)
            print(
                f"{asked.count:,} houses, {asked.teams} teams, {urgent=}: {seconds:.1f} s, CPU {cpu:.1f} s, {most:.0f} MB"
            )
            report(out)
        if asked.peers:
            peers(stops, len(pyogrio.read_dataframe(out, layer="routes")), PER_DAY)


def _first_and_last(line: shapely.LineString) -> float:
    xy = np.array(line.coords)
    step = np.hypot(*np.diff(xy, axis=0).T)
    return float(step[0] + step[-1])


if __name__ == "__main__":
    main()
