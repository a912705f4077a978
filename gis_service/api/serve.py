"""Serve: some processes on one socket, each with its event loop, its deadlines and an ear to the database."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable

import uvicorn
from fastapi import FastAPI

from gis_service import logs
from gis_service.files import private
from gis_service.settings import ANY_ADDRESS, get_settings

FILES_MAX = 65_536
_NEAR = dict(zip(ANY_ADDRESS, ("127.0.0.1", "::1"), strict=True))
"""Where this machine connects to a service that listens everywhere."""
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def serve(host: str, port: int, tell: Callable[[], None]) -> None:
    """Answer requests until the process is told to end; ``tell`` is called once, when somebody can connect."""
    settings = get_settings()
    _allow_files()
    processes = min(settings.processes, os.cpu_count() or 1)
    if processes > 1:
        _share_metrics()
    beside = Beside() if settings.worker else None
    if beside is not None:
        beside.start()
    threading.Thread(target=_tell_when_open, args=(host, port, tell), daemon=True).start()
    try:
        _run(host, port, processes)
    finally:
        if beside is not None:
            beside.stop()


def _tell_when_open(host: str, port: int, tell: Callable[[], None]) -> None:
    """Say that pages can be opened when they can: the processes take some seconds to load."""
    near = _NEAR.get(host, host)
    while True:
        with contextlib.suppress(OSError), socket.create_connection((near, port), timeout=1):
            break
        time.sleep(0.1)
    tell()


def _run(host: str, port: int, processes: int) -> None:
    uvicorn.run(
        "gis_service.api.serve:application", factory=True, http=protocol(),
        loop="uvloop", ws="none", host=host, port=port, log_config=None, access_log=False, server_header=False,
        # Who a request comes from is the service's own matter (http.clients): by itself uvicorn would believe any proxy
        # of this machine.
        proxy_headers=False, workers=processes, backlog=2048, timeout_graceful_shutdown=10,
    )  # fmt: skip


def protocol() -> str:
    """Return the class that speaks on a connection, by its name: a process that is started loads it."""
    secure = get_settings().tls
    return f"gis_service.api.http.{'secure:SecureProtocol' if secure else 'protocol:DeadlineProtocol'}"


class Beside:
    """The worker beside the service: started again where it ends, ended with the service."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def stop(self) -> None:
        """End it; what it was at waits for the next one."""
        self._over.set()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(15)

    def _keep(self) -> None:
        said = logs.log_file().with_name("worker.log")
        said.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private(said, "")
        while not self._over.is_set():
            with said.open("ab") as told:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gis_service.cli", "jobs", "work"],
                    stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                )  # fmt: skip
                self._process.wait()
            self._over.wait(2.0)


def application() -> FastAPI:
    """Return the application of one process, with what was loaded for it out of the garbage collector's sight.

    It stays to the end; to look through its 300,000 objects would stop all answers for 0.1 s, once in a thousand tiles.
    """
    gc.disable()
    from gis_service.api.app import create_app

    logs.set_up()
    made = create_app(lifespan=_listening)
    gc.collect()
    gc.freeze()
    gc.enable()
    return made


@contextlib.asynccontextmanager
async def _listening(_: FastAPI) -> AsyncIterator[None]:
    """Hear from the database what other processes changed, and see that it runs."""
    from gis_service.api.http.authentication import forget_principals
    from gis_service.api.routes.tiles import forget_versions
    from gis_service.db.listen import listen

    hearing = asyncio.create_task(listen({"gis_data": forget_versions, "gis_people": forget_principals}))
    following = asyncio.create_task(_follow(os.getppid()))
    try:
        yield
    finally:
        for task in (hearing, following):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _follow(parent: int) -> None:
    """End where the process that started this one is gone, killed with no word: it would hold the port for nobody."""
    while os.getppid() == parent:
        await asyncio.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def _allow_files() -> None:
    """Let this process have as many sockets as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _share_metrics() -> None:
    """Let the processes count in files of one folder, so that whichever is asked tells of all."""
    folder = get_settings().data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    os.environ[_METRICS] = str(folder)
