"""The analysis brought up to date after one house moved, beside a whole analysis of the same county.

``python -m benchmarks.change [--houses N]``: the demo county in a private PostGIS of its own; N houses by lot (the same
in every run) are moved by 0.3 m, one after another. Seconds are of the analysis itself, from the lock to the commit;
then of whole commands, with the start of Python.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import subprocess
import sys
import time

from benchmarks.common import machine, private_database

_MOVE = """UPDATE gis.building SET geom = ST_Translate(geom, 0.3, 0) WHERE building_id =
           (SELECT building_id FROM gis.building ORDER BY md5(building_id || 'bench') OFFSET %s LIMIT 1)"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--houses", type=int, default=60)
    given = parser.parse_args()
    with private_database():
        from gis_service.analysis.command import analyse
        from gis_service.db.engine import admin_connection
        from gis_service.demo.load import load_demo
        from gis_service.density.params import Params

        def move(k: int) -> None:
            with admin_connection() as connection, connection.cursor() as cursor:
                cursor.execute(_MOVE, (k,))

        def timed(what: str, times: list[float]) -> None:
            ordered = sorted(times)
            at = ordered[math.ceil(len(ordered) * 0.9) - 1]
            print(f"{what}: median {statistics.median(times):.2f} s, nine of ten within {at:.2f} s, "
                  f"longest {ordered[-1]:.2f} s")  # fmt: skip

        load_demo("donglan")
        print(f"{machine()}, load {os.getloadavg()[0]:.1f}")
        started = time.perf_counter()
        analyse(Params())
        whole = time.perf_counter() - started
        move(0)
        analyse(Params(), changed_only=True)  # loads the compiled loops, as a command does once
        seconds, commands = [], []
        for k in range(1, given.houses + 1):
            move(k)
            started = time.perf_counter()
            analyse(Params(), changed_only=True)
            seconds.append(time.perf_counter() - started)
        for k in range(given.houses + 1, given.houses + 12):
            move(k)
            started = time.perf_counter()
            subprocess.run([sys.executable, "-m", "gis_service.cli", "analyze", "--changed-only"],
                           check=True, capture_output=True)  # fmt: skip
            commands.append(time.perf_counter() - started)
        print(f"whole analysis {whole:.1f} s, load after {os.getloadavg()[0]:.1f}")
        timed(f"one house moved, {len(seconds)} times", seconds)
        timed(f"the same as a command, {len(commands)} times", commands)
        print(f"whole / one house moved = {whole / statistics.median(seconds):.0f}")


if __name__ == "__main__":
    main()
