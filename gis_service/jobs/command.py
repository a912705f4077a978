"""``gis-service jobs``: long work that was asked for at pages."""

from __future__ import annotations

import os

import click

from gis_service import logs
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.identity import operator
from gis_service.jobs import ask, worker
from gis_service.jobs.ask import STATE_ZH, Job
from gis_service.say import say
from gis_service.settings import get_settings

_NICER = 5
_TIMEOUT_S = "600"


@click.group()
def jobs() -> None:
    """后台任务：查看、取消、执行。Long work: look at it, cancel it, do it."""


@jobs.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1_000), default=30, show_default=True)
def list_(limit: int) -> None:
    """列出任务，最新的在前。List jobs, the newest first."""
    prepare()
    with transaction(operator(), read_only=True) as connection:
        for job in ask.listed(connection, limit=limit):
            click.echo(_line(job))
    if not worker.has_worker():
        say("没有后台执行程序在运行；启动服务，或运行 gis-service jobs work。",
            "No worker is running: start the service, or run gis-service jobs work.", err=True)  # fmt: skip


def _line(job: Job) -> str:
    lang = get_settings().lang
    state = job.state if lang == "en" else STATE_ZH[job.state]
    at = job.asked_at.astimezone().strftime("%m-%d %H:%M")
    return f"{job.job_id:>6}  {at}  {state:<10} {job.done:>4.0%}  {job.account or '—':<20} {job.title(lang)}  {job.said(lang)}"


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**62))
def show(job_id: int) -> None:
    """一个任务及其记录。A job and what it said."""
    prepare()
    lang = get_settings().lang
    with transaction(operator(), read_only=True) as connection:
        job = ask.one(connection, job_id)
        said = ask.lines(connection, job_id)
    click.echo(_line(job))
    for at, zh, en in said:
        click.echo(f"  {at.astimezone():%H:%M:%S}  {en if lang == 'en' else zh}")
    if job.result:
        click.echo(f"  {job.result}")
    if job.file:
        click.echo(f"  {ask.folder() / job.file}")


@jobs.command()
@click.argument("job_id", type=click.IntRange(1, 2**62))
def cancel(job_id: int) -> None:
    """取消任务。Cancel a job."""
    prepare()
    with transaction(operator()) as connection:
        ask.cancel(connection, job_id)
    say(f"已请求取消任务 {job_id}。", f"Job {job_id} is being cancelled.")


@jobs.command()
def work() -> None:
    """执行任务，直到被停止；gis-service up 会自动启动它。Do jobs until it is stopped; gis-service up starts one by itself."""
    _get_ready()
    worker.Worker().run()


@jobs.command(name="do", hidden=True)
@click.argument("job_id", type=click.IntRange(1, 2**62))
def do_(job_id: int) -> None:
    """执行一个已领取的任务。Do one job that a worker has claimed."""
    _get_ready()
    worker.do_claimed(job_id)


def _get_ready() -> None:
    """Stand behind the service: less of the processor, more time for a statement, the same log."""
    os.nice(_NICER)
    os.environ.setdefault("GIS_STATEMENT_TIMEOUT_S", _TIMEOUT_S)
    get_settings.cache_clear()
    logs.set_up()
    prepare()
