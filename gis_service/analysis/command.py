"""``gis-service analyze``: alleys, clusters, access and firebreaks of the county in the database, as a run."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from psycopg2 import sql

from gis_service import __version__
from gis_service.analysis.amend import amend
from gis_service.analysis.edits import find_edits
from gis_service.analysis.read import house_boxes, origin_of, read_county
from gis_service.analysis.tables import table_rows
from gis_service.analysis.write import TABLES, assign_jurisdiction, write_changed_rows
from gis_service.db.engine import get_engine, work_srid
from gis_service.db.locks import Lock
from gis_service.db.queries import query, statement
from gis_service.db.ready import prepare
from gis_service.density.compute.compiled import get_ready
from gis_service.density.compute.executor import open_executor
from gis_service.density.params import Params
from gis_service.density.run import density
from gis_service.say import say, steps
from gis_service.settings import default

_STAGES = 9


@click.command()
@click.option("--changed-only", is_flag=True, help="只重算改动影响的部分。Only what an edit touches.")
@click.option("--workers", type=click.IntRange(1, 64), help="线程数，默认每核一个。One a core by default.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask 调度器地址。Address of a Dask scheduler.")
@click.option(
    "--engine-width-m", type=click.FloatRange(2.0, 8.0), default=default("engine_width_m"), show_default=True,
    help=f"消防车净宽；小型消防车为 {default('small_engine_width_m'):g}。Engine width; less for small engines.",
)  # fmt: skip
def analyze(changed_only: bool, workers: int | None, scheduler: str | None, engine_width_m: float) -> None:
    """分析巷道、连片区、消防可达与隔离。Alleys, clusters, access and firebreaks."""
    prepare()
    params = Params(engine_width_m=engine_width_m)
    run_id, counts = analyse(params, workers=workers, scheduler=scheduler, changed_only=changed_only)
    say(
        f"第 {run_id} 号分析：{counts['buildings']:,} 栋，{counts['pairs']:,} 对间距，{counts['alleys']:,} 条巷道，"
        f"{counts['clusters']:,} 个连片区",
        f"Density run {run_id}: {counts['buildings']:,} buildings, {counts['pairs']:,} pairs, "
        f"{counts['alleys']:,} alleys, {counts['clusters']:,} clusters",
    )


def analyse(
    params: Params, *, workers: int | None = None, scheduler: str | None = None, changed_only: bool = False
) -> tuple[int, dict[str, int]]:
    """Compute a density run over the whole database and store it; return its number and counts of its rows.

    With ``changed_only`` the newest run is brought up to date: only what the edits touch is computed again, only rows
    that differ are written, and the result equals a whole run, value for value (``amend`` says which numbers stay).
    Where the newest run had other parameters, or was made by another version, a whole run is done.
    """
    # The compiled loops load while the database is asked what was edited.
    threading.Thread(target=get_ready, name="get ready").start()
    with _alone() as cursor:
        cursor.execute(statement("runs.data_version"))
        version = int(cursor.fetchone()[0])
        run_id = _newest(cursor, params) if changed_only else None
        if run_id is None:
            run_id = _whole(cursor, params, version, workers, scheduler)
        else:
            edits = find_edits(cursor)
            _tell(edits)
            if len(edits):
                with open_executor(workers, scheduler) as executor:
                    amend(cursor, run_id, params, edits, executor, work_srid())
        made = {"run_id": run_id, "data_version": version}
        cursor.execute(statement("ingest.bump_version"))  # a run is new data, if it only took rows away
        cursor.execute(statement("analysis.finish"), made)
        cursor.execute(statement("analysis.counts"), made)
        names = [column.name for column in cursor.description]
        return run_id, dict(zip(names, cursor.fetchone(), strict=True))


@contextmanager
def _alone() -> Iterator[Any]:
    """Yield a cursor in a transaction that sees the database as it is now, while nobody else analyses."""
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            # The lock first: a snapshot that was taken while another analysis ran would not have its rows.
            cursor.execute(statement("analysis.alone"), {"lock": int(Lock.ANALYSE)})
            connection.commit()
            try:
                # Houses, roads and what is remembered of them are of one moment, whatever is imported meanwhile.
                connection.driver_connection.isolation_level = "REPEATABLE READ"
                yield cursor
                connection.commit()
            finally:
                connection.rollback()
                connection.driver_connection.isolation_level = None
                cursor.execute(statement("analysis.not_alone"), {"lock": int(Lock.ANALYSE)})
                connection.commit()
    finally:
        connection.close()


def _newest(cursor: Any, params: Params) -> int | None:
    """Return the newest run if it can be brought up to date."""
    cursor.execute(statement("analysis.newest"))
    newest = cursor.fetchone()
    # As JSON keeps them: 4 and 4.0 are one number there.
    asked = json.loads(json.dumps(params.as_dict()))
    if newest is not None and newest[1:] == (asked, __version__, True):
        return int(newest[0])
    say(
        "没有同样参数和版本的上次分析，重做全部分析。",
        "There is no newest run with these parameters and of this version; doing the whole.",
        err=True,
    )
    return None


def _tell(edits: Any) -> None:
    if not len(edits):
        say("数据没有变化，无需重算。", "Nothing changed since the newest run.", err=True)
        return
    counts = edits["kind"].value_counts()
    houses, roads, hydrants = (int(counts.get(kind, 0)) for kind in ("building", "road", "hydrant"))
    say(
        f"重算改动影响的部分（房屋 {houses:,}，道路 {roads:,}，消火栓 {hydrants:,}）…",
        f"recomputing round {houses:,} changed buildings, {roads:,} roads, {hydrants:,} hydrants …",
        err=True,
    )


def _whole(cursor: Any, params: Params, version: int, workers: int | None, scheduler: str | None) -> int:
    county = read_county(cursor, work_srid())
    origin = origin_of(house_boxes(cursor).box)
    asked = {"parameters": json.dumps(params.as_dict()), "data_version": version, "code_version": __version__}
    cursor.execute(statement("analysis.start"), asked)
    run_id = int(cursor.fetchone()[0])
    with steps(_STAGES) as step, open_executor(workers, scheduler) as executor:
        found = density(
            county.buildings, county.roads, county.hydrants, params, executor, work_srid=work_srid(),
            on_progress=step, origin=origin,
        )  # fmt: skip
    say("写入结果 …", "writing the results …", err=True)
    for rows in table_rows(county, found):
        write_changed_rows(cursor, run_id, rows)
    for table in TABLES:
        # A run that the statistics have never seen is planned as if it had no rows: a minute instead of a second.
        cursor.execute(query("analysis.analyse").format(table=sql.Identifier(table)))
    assign_jurisdiction(cursor, run_id, params.max_width_m)
    for table in TABLES:
        cursor.execute(query("analysis.forget").format(table=sql.Identifier(table)))
    everything = {"run_id": run_id, "kinds": None, "ids": None}
    cursor.execute(statement("analysis.forget_seen"), everything)
    cursor.execute(statement("analysis.remember"), everything)
    return run_id
