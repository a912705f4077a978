"""A stored plan of 4,028 houses of the demo county, ten teams: a move by hand, an undo, the page, the files, a sheet.

python -m benchmarks.plans          in a private database; with GIS_BENCH_PLAN=N a plan of the deployment's own
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from functools import partial
from pathlib import Path

from benchmarks.common import machine, private_database

HOUSES, TEAMS, PER_DAY, MOVES = 4_028, 10, 22, 15


def make() -> int:
    """Load the demo county, draw a list with a seed, plan it in few steps: how good it is does not matter here."""
    from sqlalchemy import text

    from gis_service.db.engine import get_engine
    from gis_service.demo.load import load_demo
    from gis_service.identity import operator
    from gis_service.inspection.read import name_teams
    from gis_service.inspection.stored.conditions import Conditions
    from gis_service.inspection.stored.make import make_now

    load_demo("donglan")
    with get_engine("owner").begin() as connection:
        run = connection.execute(
            text(
                "INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) "
                "VALUES ('selection', '{\"any_of\": [], \"all_of\": [], \"none_of\": []}', now(), 0, 'bench') RETURNING run_id"
            )
        ).scalar_one()
        connection.execute(
            text(
                'INSERT INTO gis.selection SELECT :run, building_id, 1, \'[{"rule": "hazard", "value": "some", '
                '"points": 1}]\' FROM (SELECT building_id FROM gis.building ORDER BY md5(building_id) LIMIT :n) AS drawn'
            ),
            {"run": run, "n": HOUSES},
        )
    conditions = Conditions(PER_DAY, date(2022, 9, 13), minutes=15, iterations=30, partial=True)
    return make_now(operator(), "bench", run, conditions, name_teams(TEAMS, []), workers=2)


def timed(name: str, work: Callable[[], object], times: int = 1) -> None:
    """Print the median and the worst of several runs."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - began))
    print(f"{name}: {statistics.median(took):,.0f} ms, worst {max(took):,.0f} ms of {times}")


def main() -> None:
    """Measure."""
    print(machine())
    asked = os.environ.get("GIS_BENCH_PLAN")
    with nullcontext() if asked else private_database("gis", 4545):
        measure(int(asked) if asked else make())


def measure(plan_id: int) -> None:
    """Measure a plan that is there."""
    from gis_service.db.engine import transaction
    from gis_service.export.mark import Mark
    from gis_service.identity import operator
    from gis_service.inspection.stored import edit
    from gis_service.inspection.stored.export import write_plan
    from gis_service.inspection.stored.ground import ways_of
    from gis_service.inspection.stored.read import head_of, read_plan, with_days
    from gis_service.sheet.plan import print_sheets, read_sheet_data
    from web_map.plan import plan_page

    who = operator()
    with transaction(who, read_only=True) as connection:
        stored = with_days(connection, read_plan(connection, plan_id))
        timed("the network of roads, once", lambda: ways_of(connection, stored.conditions))
    print(f"{len(stored.seats):,} stops, {len(stored.teams)} teams, {len(stored.rounds):,} team-days")
    days = sorted(stored.rounds)
    turn = iter(range(10_000))

    def move() -> None:
        k = next(turn)
        with transaction(who) as writing:
            head = head_of(writing, plan_id)
            seen = edit.Seen(plan_id, head["version"], head["revision"])
            stop = list(stored.seats)[37 * k % len(stored.seats)]
            edit.move(writing, seen, stop, *days[11 * k % len(days)], None, only_try=False)

    def undo() -> None:
        with transaction(who) as writing:
            head = head_of(writing, plan_id)
            edit.undo(writing, edit.Seen(plan_id, head["version"], head["revision"]))

    timed("a move", move, MOVES)
    timed("an undo", undo, MOVES)
    with transaction(who, read_only=True) as connection:
        timed("the page", lambda: plan_page(connection, plan_id, None, None, offline=False, may_plan=True), 3)
        with tempfile.TemporaryDirectory() as folder:
            for suffix in (".xlsx", ".gpkg", ".geojson"):
                file = Path(folder) / f"plan{suffix}"
                timed(f"the plan as {suffix}", partial(write_plan, connection, plan_id, None, file, Mark("bench")))
        team, day = days[0]
        timed("a day sheet", lambda: print_sheets(read_sheet_data(connection, plan_id, None, team, day, Mark("bench"))))


if __name__ == "__main__":
    main()
