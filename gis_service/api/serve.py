"""Serve: some processes on one socket, each with its event loop, its deadlines and an ear to the database."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import shutil
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI

from gis_service import logs
from gis_service.settings import get_settings

FILES_MAX = 65_536
_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def serve(host: str, port: int) -> None:
    """Answer requests until the process is told to end."""
    settings = get_settings()
    _allow_files()
    processes = min(settings.processes, os.cpu_count() or 1)
    if processes > 1:
        _share_metrics()
    uvicorn.run(
        "gis_service.api.serve:application", factory=True, http="gis_service.api.http.protocol:DeadlineProtocol",
        loop="uvloop", ws="none", host=host, port=port, log_config=None, access_log=False, server_header=False,
        # Who a request comes from is the service's own matter (http.clients): by itself uvicorn would believe any proxy
        # of this machine.
        proxy_headers=False, workers=processes, backlog=2048, timeout_graceful_shutdown=10,
    )  # fmt: skip


def application() -> FastAPI:
    """Return the application of one process, with what was loaded for it out of the garbage collector's sight.

    It stays to the end; to look through its 300,000 objects would stop all answers for 0.1 s, once in a thousand tiles.
    """
    from gis_service.api.app import create_app

    logs.set_up()
    made = create_app(lifespan=_listening)
    gc.collect()
    gc.freeze()
    return made


@contextlib.asynccontextmanager
async def _listening(_: FastAPI) -> AsyncIterator[None]:
    """Hear from the database what other processes changed, and see that it runs."""
    from gis_service.api.http.authentication import forget_principals
    from gis_service.api.routes.tiles import forget_versions
    from gis_service.db.listen import listen

    hearing = asyncio.create_task(listen({"gis_data": forget_versions, "gis_people": forget_principals}))
    try:
        yield
    finally:
        hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hearing


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
