"""``gis-service analyze``: alleys, clusters, access and firebreaks of the county in the database, as a run."""

from __future__ import annotations

import json
from typing import Any

import click

from gis_service import __version__
from gis_service.analysis.memory import Memory, held, load, looks_of, save
from gis_service.analysis.read import County, read_county
from gis_service.analysis.write import write_run
from gis_service.db.command import prepare
from gis_service.db.engine import get_engine, work_srid
from gis_service.db.queries import query, statement
from gis_service.density.change import update
from gis_service.density.executor import InProcess, open_executor
from gis_service.density.memo import Remembering
from gis_service.density.params import Params
from gis_service.density.run import density
from gis_service.say import say, steps
from gis_service.settings import default

_STAGES = 8


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
    if changed_only and not is_stale():
        say("数据没有变化，无需重算。", "Nothing changed since the newest run.")
        return
    params = Params(engine_width_m=engine_width_m)
    run_id, counts = analyse(
        params, workers=workers, scheduler=scheduler, changed_only=changed_only, aside=changed_only
    )
    say(
        f"第 {run_id} 号分析：{counts['buildings']:,} 栋，{counts['pairs']:,} 对间距，{counts['alleys']:,} 条巷道，"
        f"{counts['clusters']:,} 个连片区",
        f"Density run {run_id}: {counts['buildings']:,} buildings, {counts['pairs']:,} pairs, "
        f"{counts['alleys']:,} alleys, {counts['clusters']:,} clusters",
    )


def analyse(
    params: Params,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    changed_only: bool = False,
    aside: bool = False,
) -> tuple[int, dict[str, int]]:
    """Compute a density run over the whole database and store it; return its number and counts.

    With ``changed_only`` the newest run is brought up to date: only what the edits touch is computed again, only rows
    that differ are written, and the result equals a whole run, value for value. Where nothing is remembered of the
    newest run, or it had other parameters, a whole run is done. With ``aside`` what is to be remembered is written by
    a process of its own, after the answer.
    """
    connection: Any = get_engine("owner").raw_connection()
    with held():
        memory = _run(connection, params, workers, scheduler, changed_only=changed_only)
        save(memory, aside=aside)
    return memory.run_id, json.loads(memory.found.run["counts"].iloc[0])


def _run(connection: Any, params: Params, workers: int | None, scheduler: str | None, *, changed_only: bool) -> Memory:
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement("analysis.lock"))
            county = read_county(cursor, work_srid())
            memory = _remembered(cursor, params) if changed_only else None
            # A run is new data for maps; the run itself carries the version that it makes.
            cursor.execute(query("ingest.bump_version"))
            memory = _amend(cursor, county, memory) if memory else _whole(cursor, county, params, workers, scheduler)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.close()
    return memory


def _remembered(cursor: Any, params: Params) -> Memory | None:
    cursor.execute(statement("analysis.latest"))
    memory = load(*(cursor.fetchone() or (None, None)))
    if memory is None or memory.found.params != params:
        say(
            "没有可用的上次分析记录，重做全部分析。",
            "Nothing is remembered of the newest run; doing the whole.",
            err=True,
        )
        return None
    return memory


def _whole(cursor: Any, county: County, params: Params, workers: int | None, scheduler: str | None) -> Memory:
    asked = {"parameters": json.dumps(params.as_dict()), "code_version": __version__}
    cursor.execute(statement("analysis.start"), asked)
    run_id = int(cursor.fetchone()[0])
    with steps(_STAGES) as step, open_executor(workers, scheduler) as inner:
        executor = Remembering(inner)
        found = density(
            county.buildings, county.roads, county.hydrants, params, executor, work_srid=work_srid(), progress=step
        )
    executor.inner = InProcess()  # what ran it has ended; what it answered is kept
    say("写入结果 …", "writing the results …", err=True)
    memory = Memory(run_id, found, executor, looks_of(county.buildings))
    write_run(cursor, county, memory, amend=False)
    cursor.execute(statement("analysis.finish"), {"run_id": run_id})
    memory.finished = cursor.fetchone()[0]
    return memory


def _amend(cursor: Any, county: County, memory: Memory) -> Memory:
    looks = looks_of(county.buildings)
    changed = memory.changed(looks)
    say(
        f"重算改动影响的部分（改动 {len(changed):,} 栋）…",
        f"recomputing round {len(changed):,} changed buildings …",
        err=True,
    )
    memory.found = update(memory.found, county.buildings, changed, county.roads, county.hydrants, memory.executor)
    memory.looks = looks
    write_run(cursor, county, memory, amend=True)
    cursor.execute(statement("analysis.amend"), {"run_id": memory.run_id, "code_version": __version__})
    memory.finished = cursor.fetchone()[0]
    return memory


def is_stale() -> bool:
    """Tell whether the data changed since the newest density run."""
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement("analysis.stale"))
            return bool(cursor.fetchone()[0])
    finally:
        connection.close()
