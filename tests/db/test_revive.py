"""A private server that died is started again; one that was stopped is not; a lock that nobody else can hold."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from fastapi import FastAPI

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from gis_service.api.http.errors import of_database
from gis_service.db import server as module
from gis_service.db.engine import forget_connections
from gis_service.db.listen import listen
from gis_service.db.ready import prepare
from gis_service.db.server import Server
from gis_service.errors import SetupError
from tests.conftest import Database, open_folder


@pytest.fixture
def alone() -> Iterator[Database]:
    with open_folder() as folder:
        made = Server(folder)
        try:
            with Database(made, "gis").active() as database:
                prepare()
                yield database
        finally:
            made.remove()


def _kill(server: Server) -> None:
    os.kill(int((server.cluster / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def test_it_is_heard_and_started_again(alone: Database, app: FastAPI):
    """One story, for a server of its own takes seconds to make."""
    heard: list[str] = []

    async def until(told: object, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not told():  # type: ignore[operator]
            assert time.monotonic() < end, heard
            await asyncio.sleep(0.05)

    async def run() -> None:
        hearing = asyncio.create_task(
            listen({"gis_data": lambda: heard.append("data"), "gis_people": lambda: heard.append("people")})
        )
        await until(lambda: len(heard) == 2, 20)
        heard.clear()
        # What another process changes is heard at once, and only when it is committed.
        connection = psycopg2.connect(alone.url())
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO gis.admin_area (code, name, level) VALUES ('451224', 'x', 'county')")
            await asyncio.sleep(0.2)
            assert heard == []
            connection.commit()
        await until(lambda: heard == ["data"], 5)
        connection.close()
        heard.clear()

        await asyncio.to_thread(_kill, alone.server)
        await until(lambda: len(heard) >= 2, 90)  # it is back, and all that is known is asked anew
        assert alone.server.running()
        heard.clear()
        forget_connections()

        await asyncio.to_thread(alone.server.stop)
        await asyncio.sleep(3)
        assert not alone.server.running(), "who stopped it did so on purpose"
        await asyncio.to_thread(alone.server.start)
        await until(lambda: len(heard) >= 2, 60)
        hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await hearing

    with ThreadPoolExecutor(1) as pool:  # a loop of its own beside that of the worker's browser
        pool.submit(asyncio.run, run()).result()

    # Meanwhile a page and a program are told what is wrong and what will happen.
    with TestClient(app, raise_server_exceptions=False) as client:
        alone.server.stop()
        forget_connections()
        answer = client.get("/health")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "自动重新启动" in answer.json()["error"]["message"]
        page = client.get("/jobs", headers={"Accept": "text/html", "Cookie": "gis_session=x"})
        assert page.status_code == 503
        assert page.headers["content-type"].startswith("text/html")
        assert "自动重新启动" in page.text
        assert client.get("/sign-in").status_code == 200, "what needs no database goes on"
    said = alone.cli("runs")
    assert said.code in (0, 1)


def test_the_lock_is_nobody_elses_and_says_who_has_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_LOCK_PATIENCE_S", 0.5)
    with open_folder() as folder:
        server = Server(folder)
        (folder / "server.lock").touch(mode=0o666)  # as an older version made it
        holder = subprocess.Popen(
            [sys.executable, "-c", "import fcntl,sys,time; f=open(sys.argv[1],'r+'); fcntl.flock(f,2); f.write('4711');"
             "f.flush(); print('held',flush=True); time.sleep(60)", str(folder / "server.lock")],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            with pytest.raises(SetupError, match="process 4711"):
                server.stop()
        finally:
            holder.kill()
            holder.wait()
            holder.stdout.close()
        assert not server.stop()
        assert stat.S_IMODE((folder / "server.lock").stat().st_mode) == 0o600


def test_every_fault_of_the_database_says_what_to_do():
    for cause in (psycopg2.OperationalError("x"), psycopg2.InterfaceError("x"), psycopg2.ProgrammingError("SELECT secret"),
                  psycopg2.DataError("x"), psycopg2.errors.QueryCanceled("x")):  # fmt: skip
        refusal = of_database(cause)
        for lang in ("zh", "en"):
            said = refusal.message(lang)
            assert "secret" not in said
            assert "请" in said or lang == "en"
