"""Do jobs: the short ones one after another, the long ones in a process of their own, each in its asker's name.

A worker says every few seconds that it is at its jobs. What nobody speaks for any more is begun once more, and told as
lost where that happens again: what a job writes is one transaction, so a job that broke off has changed nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import psycopg2
import structlog

from gis_service import storage
from gis_service.db.engine import database_url, get_engine, plain
from gis_service.db.queries import statement
from gis_service.db.work import Work, working
from gis_service.errors import GisError
from gis_service.identity import Identity, Role
from gis_service.jobs.ask import folder
from gis_service.jobs.kinds import CHORES, KINDS, load
from gis_service.jobs.task import CancelledError, Task, tell
from gis_service.settings import get_settings

log = structlog.get_logger("gis_service.jobs")

BEAT_S = 3.0
PATIENCE_S = 20.0
KEPT_DAYS = 30
_TIDY_S = 3_600.0


def name_of_worker() -> str:
    """Return a name that no other worker has."""
    return f"{socket.gethostname()}/{os.getpid()}"


def run_one(lane: str, job_id: int | None = None, worker: str | None = None) -> bool:
    """Do one job of a lane, in this process: the one named, or the oldest that waits; False where there is none."""
    claimed = tell("jobs.claim", lane=lane, job_id=job_id, worker=worker or name_of_worker())
    if not claimed:
        return False
    _do(claimed[0])
    return True


def do_claimed(job_id: int) -> None:
    """Do a long job that the worker has claimed, in the process that it made for it."""
    rows = tell("jobs.claimed", job_id=job_id)
    if rows:
        _do(rows[0])


def _do(row: Any) -> None:
    job_id, kind = int(row["job_id"]), str(row["kind"])
    role = Role(str(row["role"]).removeprefix("gis_"))
    person = KINDS[kind].person and bool(row["parameters"].get("person"))
    identity = Identity(str(row["account"]), role, row["place"], row["department"], person)
    task = Task(job_id, dict(row["parameters"]), identity)
    work = Work()
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(task, work, over), daemon=True)
    beat.start()
    began = time.monotonic()
    state, result, error = "done", None, None
    try:
        with working(work):
            result = KINDS[kind].load()(task)
        if task.made is not None and task.made.exists():
            task.made.chmod(0o600)
    except Exception as raised:  # whoever asked gets a sentence; who mends it finds the trace in the log
        state, error = "failed", _refusal(raised, job_id)
        if task.cancelled:
            state, error = "cancelled", None
        if task.made is not None:
            task.made.unlink(missing_ok=True)
            task.made = None
    finally:
        over.set()
        work.done()
        beat.join()
    if error is not None:
        result = {"status": error.status, "code": error.code}
    _end(job_id, state, result, task.made.name if task.made else None, error)
    log.info("job", job=job_id, kind=kind, state=state, s=round(time.monotonic() - began, 2), account=identity.account)


def _refusal(raised: Exception, job_id: int) -> GisError:
    if isinstance(raised, GisError):
        return raised
    refusal = storage.refusal_of(raised, get_settings().data_dir)
    if refusal is not None:
        return refusal
    log.exception("a job failed", job=job_id, exc_info=raised)
    return GisError(
        f"程序内部错误，没有完成；详情见日志（任务 {job_id}）。",
        f"An internal error; not done. The details are in the log (job {job_id}).",
    )


def _end(job_id: int, state: str, result: Any, file: str | None, error: GisError | None) -> None:
    # The end must be told even where the database is just being started again.
    for attempt in range(20):
        try:
            tell(
                "jobs.end", job_id=job_id, state=state, result=json.dumps(result, default=str) if result else None,
                file=file, zh=error.zh if error else None, en=error.en if error else None,
            )  # fmt: skip
        except Exception:
            if attempt == 19:
                raise
            time.sleep(1.5)
        else:
            return


def _beat(task: Task, work: Work, over: threading.Event) -> None:
    """Say every few seconds that the job is being done, and hear whether it was cancelled."""
    while not over.wait(BEAT_S if task.cancelled else 1.0):
        try:
            rows = tell("jobs.seen", job_id=task.job_id)
        except Exception as error:  # the database is away; the job will notice
            log.warning("a job cannot say that it runs", job=task.job_id, reason=type(error).__name__)
            continue
        if rows and rows[0]["cancel"] and not task.cancelled:
            task.cancelled = True
            work.give_up()


class Worker:
    """Does jobs until it is told to end."""

    def __init__(self) -> None:
        self.name = name_of_worker()
        self._over = threading.Event()
        self._wake = {lane: threading.Event() for lane in ("short", "long", "chores")}
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, or until the process that started this one is gone.

        What was running then waits for the next worker.
        """
        parent = os.getppid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._over.set())
        threads = [threading.Thread(target=self._lane, args=(lane,), daemon=True) for lane in ("short", "long")]
        threads.append(threading.Thread(target=self._chores, daemon=True))
        threads.append(threading.Thread(target=self._tidy, daemon=True))
        for thread in threads:
            thread.start()
        threading.Thread(target=self._with, args=(parent,), daemon=True).start()
        while not self._over.is_set():
            try:
                self._hear()
            except psycopg2.Error as error:
                log.warning("the database is gone", reason=type(error).__name__)
                self._over.wait(2.0)
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
        tell("jobs.give_back", worker=self.name)

    def _with(self, parent: int) -> None:
        while not self._over.wait(1.0):
            if os.getppid() != parent:
                self._over.set()

    def _hear(self) -> None:
        """Wait for jobs, holding the lock by which the service knows that somebody does them."""
        connection: Any = psycopg2.connect(plain(database_url("owner")), options=_owner_options())
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement("jobs.be_worker"))
                cursor.execute("LISTEN gis_job")
            self._wake_all()
            while not self._over.is_set():
                ready, _, _ = select.select([connection], [], [], 1.0)
                if ready:
                    connection.poll()
                    if connection.notifies:
                        connection.notifies.clear()
                        self._wake_all()
        finally:
            connection.close()

    def _wake_all(self) -> None:
        for event in self._wake.values():
            event.set()

    def _lane(self, lane: str) -> None:
        wake = self._wake[lane]
        while not self._over.is_set():
            wake.wait(10.0)
            wake.clear()
            try:
                tell("jobs.end_cancelled")
                while not self._over.is_set() and (run_one(lane, None, self.name) if lane == "short" else self._long()):
                    pass
            except Exception as error:  # the database is away; what waits is found when it is back
                log.warning("no job can be taken", lane=lane, reason=type(error).__name__)
                self._over.wait(2.0)
                wake.set()

    def _chores(self) -> None:
        chores = [load(name) for name in CHORES]
        while not self._over.is_set():
            self._wake["chores"].wait(10.0)
            self._wake["chores"].clear()
            try:
                for chore in chores:
                    chore()
            except Exception as error:  # the database is away; what waits is found when it is back
                log.warning("a chore was not done", reason=type(error).__name__)
                self._over.wait(2.0)

    def _long(self) -> bool:
        """Do a long job in a process of its own: it can be ended, and its memory is given back."""
        claimed = tell("jobs.claim", lane="long", job_id=None, worker=self.name)
        if not claimed:
            return False
        job_id = int(claimed[0]["job_id"])
        command = [sys.executable, "-m", "gis_service.cli", "jobs", "do", str(job_id)]
        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        while self._child.poll() is None:
            if self._over.wait(1.0):
                return False
            rows = tell("jobs.seen", job_id=job_id)
            if rows and rows[0]["cancel"]:
                self._child.terminate()
                self._child.wait(20)
                _end(job_id, "cancelled", None, None, None)
                return True
        if self._child.returncode != 0 and not self._over.is_set():
            _end(job_id, "failed", None, None, GisError(
                "执行它的程序意外结束（可能内存不足），没有完成；数据没有改动。",
                "What did it ended unexpectedly (perhaps for want of memory); nothing was changed.",
            ))  # fmt: skip
        return True

    def _tidy(self) -> None:
        tidied = 0.0
        while not self._over.wait(5.0):
            try:
                if recover():
                    self._wake_all()
                if time.monotonic() - tidied > _TIDY_S:
                    tidied = time.monotonic()
                    tidy()
            except Exception as error:
                log.warning("jobs could not be tidied", reason=type(error).__name__)


def recover(patience_s: float = PATIENCE_S) -> int:
    """Take up what a worker that is no more has left; return how many jobs those were."""
    rows = tell("jobs.lost", patience_s=patience_s)
    for row in rows:
        if row["state"] == "waiting":
            tell("jobs.say", job_id=row["job_id"], zh="执行它的程序中断了，重新开始。", en="What did it broke off; begun once more.")  # fmt: skip
    return len(rows)


def tidy() -> None:
    """Remove jobs of long ago, and the files that no job names or that are older than two days."""
    tell("jobs.old", days=KEPT_DAYS)
    for file in folder().iterdir():
        if file.stat().st_mtime < time.time() - 2 * 86_400:
            file.unlink(missing_ok=True)


def _owner_options() -> str:
    return "-c search_path=gis,public" + (" -c role=gis_owner" if get_settings().database_url else "")


def has_worker() -> bool:
    """Tell whether a worker is there."""
    with get_engine("service").begin() as connection:
        return bool(connection.exec_driver_sql(statement("jobs.has_worker")).scalar_one())


__all__ = ["CancelledError", "Worker", "do_claimed", "has_worker", "recover", "run_one", "tidy"]
