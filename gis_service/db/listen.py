"""What the database tells on its own: that data, people or jobs have changed, and that it is gone.

A process of the service listens on one connection. When that breaks, the private server has died or was stopped: it is
started again, once, by whoever is first (``Server.start`` lets one in at a time).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

import psycopg2

from gis_service.db.engine import database_url, plain, reader_settings
from gis_service.db.reader import done
from gis_service.db.server import private_server
from gis_service.errors import GisError
from gis_service.settings import get_settings

log = logging.getLogger("gis_service.db")

_PAUSE_S = 1.0
_PAUSE_MAX_S = 30.0


async def listen(on: Mapping[str, Callable[[], None]]) -> None:
    """Call what is given for each channel whenever it is told of, until cancelled; after a break call all."""
    pause = _PAUSE_S
    while True:
        try:
            settings: Any = reader_settings()
            connection: Any = psycopg2.connect(plain(database_url("service")), async_=True, **settings)
            try:
                await done(connection)
                cursor = connection.cursor()
                cursor.execute("; ".join(f"LISTEN {channel}" for channel in on))
                await done(connection)
                pause = _PAUSE_S
                for call in on.values():
                    call()
                await _hear(connection, on)
            finally:
                connection.close()
        except psycopg2.Error as error:
            log.warning("the database is gone (%s)", type(error).__name__)
            await _revive()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_MAX_S)


async def _hear(connection: Any, on: Mapping[str, Callable[[], None]]) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    socket = connection.fileno()
    loop.add_reader(socket, ready.set)
    try:
        while True:
            await ready.wait()
            ready.clear()
            connection.poll()
            told = {notice.channel for notice in connection.notifies}
            connection.notifies.clear()
            for channel in told & set(on):
                on[channel]()
    finally:
        loop.remove_reader(socket)


async def _revive() -> None:
    """Start the private server where it does not run; a database of one's own address is another's to start."""
    if get_settings().database_url or get_settings().service_database_url:
        return
    with contextlib.suppress(OSError):
        try:
            if await asyncio.to_thread(private_server().revive):
                log.warning("the private database had died and was started again")
        except GisError as error:
            log.warning("the private database does not start: %s", error)
