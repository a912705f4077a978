"""The private server: starts twice, survives kill -9 and a reboot, meets no neighbour, works as root and as others."""

from __future__ import annotations

import os
import pwd
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg2
import pytest

from gis_service.db.engine import forget_connections
from gis_service.db.server import Server
from tests.conftest import Database, open_folder

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture
def alone() -> Iterator[Server]:
    """A server of this test's own."""
    with open_folder() as folder:
        made = Server(folder)
        try:
            yield made
        finally:
            made.remove()


def _pid(server: Server) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split()[0])


def _answers(server: Server) -> str:
    connection = psycopg2.connect(server.url("postgres", "postgres"))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('data_directory')")
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


def test_life_of_a_server(alone: Server):
    """One server through all of it: an initdb costs two seconds."""
    assert not alone.running()
    assert not alone.stop()
    assert alone.start()
    assert not alone.start(), "the second start finds it running"
    assert alone.running()
    assert _answers(alone) == str(alone.cluster)

    # No TCP, and a socket that nobody else reaches.
    assert stat.S_IMODE(alone.sockets.stat().st_mode) == 0o700
    connection = psycopg2.connect(alone.url("postgres", "postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('listen_addresses')")
        assert cursor.fetchone()[0] == ""
        cursor.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
    connection.close()

    # kill -9: the lock file stays behind and the socket too.
    before = _pid(alone)
    os.kill(before, signal.SIGKILL)
    assert alone.start()
    assert _pid(alone) != before
    connection = psycopg2.connect(alone.url("postgres", "postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchone()[0] == 42, "what was committed survives"
    connection.close()

    # A reboot: the recorded number belongs to somebody else's process now, of the same user.
    lock = alone.cluster / "postmaster.pid"
    os.kill(_pid(alone), signal.SIGKILL)
    while alone.running():
        time.sleep(0.05)
    account = lock.stat().st_uid if os.getuid() == 0 else None
    other = subprocess.Popen(["sleep", "300"], cwd="/", user=account)
    try:
        lines = lock.read_text().splitlines()
        lock.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert alone.start()
        assert other.poll() is None, "the other process is left alone"
        assert _answers(alone) == str(alone.cluster)
    finally:
        other.kill()
        other.wait()

    assert alone.stop()
    assert not alone.running()
    assert not alone.stop()


def test_two_data_folders_do_not_meet(alone: Server, server: Server):
    alone.start()
    assert alone.sockets != server.sockets
    assert _answers(alone) == str(alone.cluster)
    assert _answers(server) == str(server.cluster)
    alone.stop()
    assert server.running()


def test_a_long_path_gets_a_short_socket():
    with open_folder() as folder:
        deep = folder / ("很长的目录名" * 5) / ("n" * 60)
        made = Server(deep)
        try:
            made.start()
            assert len(str(made.sockets / ".s.PGSQL.5432").encode()) <= 107
            assert _answers(made) == str(made.cluster)
            assert not made.sockets.is_relative_to(deep)
        finally:
            made.remove()
        assert not made.sockets.exists()


@as_root
def test_root_below_a_folder_that_the_server_cannot_enter():
    with open_folder() as folder:
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        made = Server(closed / "checkout" / ".gis-data")
        try:
            made.start()
            assert made.place.is_relative_to("/var/lib/gis-service")
            assert _answers(made) == str(made.cluster)
            assert made.cluster.stat().st_uid != 0
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700, "nobody's folder is opened for it"
        finally:
            made.remove()
        assert not made.place.exists()


def _start(place: Path) -> str:
    return str(Server(place).start())


def _as_nobody(work: Callable[[], str]) -> str:
    """Run ``work`` in a child that has become the user nobody; the interpreter itself may lie where he cannot read."""
    nobody = pwd.getpwnam("nobody")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            said = work()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


@as_root
def test_an_ordinary_user():
    nobody = pwd.getpwnam("nobody")

    def work() -> str:
        made = Server(mine)
        try:
            assert made.start()
            assert made.running()
            assert not made.start()
            assert _answers(made) == str(made.cluster)
            return str(made.cluster.stat().st_uid)
        finally:
            made.remove()

    with open_folder() as folder:
        mine = folder / "mine"
        mine.mkdir()
        os.chown(mine, nobody.pw_uid, nobody.pw_gid)
        assert _as_nobody(work) == str(nobody.pw_uid)


@as_root
def test_a_folder_of_another_user_is_refused_in_one_sentence():
    with open_folder() as folder:
        theirs = folder / "theirs"
        theirs.mkdir(mode=0o755)
        said = _as_nobody(lambda: str(Server(theirs).start()))
    assert said.startswith("SetupError: ")
    assert "belongs to another user" in said
    assert "GIS_DATA_DIR" in said


@as_root
def test_a_folder_of_one_s_own_that_is_read_only():
    nobody = pwd.getpwnam("nobody")
    with open_folder() as folder:
        mine = folder / "mine"
        mine.mkdir(mode=0o555)
        os.chown(mine, nobody.pw_uid, nobody.pw_gid)
        for place in (mine, mine / "data"):
            said = _as_nobody(partial(_start, place))
            assert said.startswith("SetupError: ")
            assert "read-only" in said


def test_commands(alone: Server):
    """Each in this process; a start and what follows it once in processes of their own, as a person types them."""
    here = Database(alone, "gis")
    stopped = here.process("db", "status")
    assert (stopped.code, "Not running" in stopped.out) == (1, True)
    assert "was not running" in here.cli("db", "stop").out

    started = here.process("db", "start")
    assert started.code == 0, started.err
    running = here.process("db", "status")
    assert running.code == 0
    assert "migrations waiting: 0" in running.out
    assert "PostGIS 3" in running.out

    for role, name in (("owner", "gis_owner"), ("service", "gis_service"), ("reader", "gis_reader")):
        url = here.cli("db", "url", "--role", role).out.strip()
        psql = subprocess.run([alone.program("psql"), url, "-XAtc", "SELECT current_user"], capture_output=True,
                              text=True, check=True)  # fmt: skip
        assert psql.stdout.strip() == name

    assert here.cli("db", "migrate").out.strip() == "0 files applied."
    forget_connections()
    assert "已停止" in here.process("db", "stop", lang="zh").out
    assert not alone.running()


def test_wrong_usage_is_status_2(server: Server):
    assert Database(server, "gis").process("db", "fly").code == 2


def test_no_postgis_names_three_ways_out(monkeypatch: pytest.MonkeyPatch):
    from gis_service.db import binaries
    from gis_service.errors import SetupError

    monkeypatch.setattr(binaries, "_folders", list[Path])
    with pytest.raises(SetupError) as refused:
        binaries.find_binaries()
    for way in ("postgresql-postgis", "DATABASE_URL", "docker compose up"):
        assert way in refused.value.zh
        assert way in refused.value.en
