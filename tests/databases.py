"""The PostgreSQL server of a test run and the databases that tests clone: each made once, for all workers.

``python -m tests.databases FOLDER NAME`` makes one and what it is made of beside the tests that need none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from gis_service.db.engine import admin_connection, forget_connections, transaction
from gis_service.db.ready import prepare
from gis_service.db.server import Server
from gis_service.identity import operator
from gis_service.settings import get_settings
from tests import links

TEMPLATE, DEMO, SMALL, REPLAYED = "gis_template", "gis_demo", "gis_small", "gis_replayed"
"""A migrated database with nothing in it; the simulated 东兰县; an eighth of it (the county's town and one
village of each other township) with a published list and an analysis, for all tests that ask no more; that with the campaign replayed."""
SMALL_VILLAGES = (
    "451224100001", "451224100002", "451224100003", "451224100004", "451224101001", "451224102206", "451224103205",
    "451224104203", "451224105205",
    "451224200202", "451224201203", "451224203206", "451224204204", "451224205201", "451224206203", "451224207204",
    "451224208203",
)  # fmt: skip


_MEMORY, _DISK = Path("/dev/shm"), Path("/tmp")
_PLENTY_BYTES = 8_000_000_000


def _base() -> Path:
    """Return where a server is best made: in memory where there is plenty, which halves the time of a new database."""
    with contextlib.suppress(OSError):
        idle = min(psutil.virtual_memory().available, shutil.disk_usage(_MEMORY).free)
        if idle > _PLENTY_BYTES and os.access(_MEMORY, os.W_OK):
            return _MEMORY
    return _DISK


def folder_of(run: str | None) -> Path:
    """Return the folder of a test run's server, short, and open to the server's own user when the tests run as root.

    That of a run with workers is made by the process that starts them.
    """
    if run is None:
        folder = Path(tempfile.mkdtemp(prefix="gis-test-", dir=_base()))
    else:
        name = f"gis-test-{run[:12]}"
        folder = next((base / name for base in (_MEMORY, _DISK) if (base / name).exists()), _base() / name)
        folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return folder


@contextlib.contextmanager
def active(server: Server, name: str) -> Iterator[None]:
    """Point this process at one database of the server; no pooled connection outlives the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        for key, value in {"GIS_DATA_DIR": str(server.data_dir), "GIS_DATABASE": name, "GIS_LANG": "zh"}.items():
            patch.setenv(key, value)
        get_settings.cache_clear()
        forget_connections()
        try:
            yield
        finally:
            forget_connections()
            get_settings.cache_clear()


def open_server(folder: Path) -> Server:
    """Return the run's server, started by whoever comes first."""
    server = Server(folder)

    def start() -> None:
        server.start()
        connection = psycopg2.connect(server.url("postgres", "postgres"))
        connection.autocommit = True
        with connection.cursor() as cursor:
            # What a test loses in a power cut it makes again.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                cursor.execute(f"ALTER SYSTEM SET {setting} = off")
            # Neither is anything sent elsewhere from its log.
            cursor.execute("ALTER SYSTEM SET wal_level = minimal")
            cursor.execute("ALTER SYSTEM SET max_wal_senders = 0")
            cursor.execute("ALTER SYSTEM SET max_connections = 200")
            # Databases that live for seconds need no tidying; what is made for many is tidied when it is made.
            cursor.execute("ALTER SYSTEM SET autovacuum = off")
        connection.close()
        server.stop()
        server.start()

    _once(folder, "server", start)
    return server


def close_server(folder: Path) -> None:
    """Stop the run's server and remove all that it stored."""
    if (folder / "database").exists():
        Server(folder).remove()
    shutil.rmtree(folder, ignore_errors=True)


def clone(server: Server, source: str, name: str) -> None:
    """Make a database with all that ``source`` has, where there is none of that name."""
    forget_connections()
    links.close(source)
    url = server.url("postgres", "postgres")
    if not links.administer(url, "SELECT FROM pg_database WHERE datname = %s", name):
        # Files are copied, and not written through the log a block at a time (PostgreSQL 15): a third of the time.
        how = " STRATEGY file_copy" if links.version(url) >= 150_000 else ""
        _wait_for_ends(url, source)
        links.administer(url, f'CREATE DATABASE "{name}" TEMPLATE "{source}"{how}')


def drop(server: Server, name: str) -> None:
    """Drop a database. Without force: a connection that a test or the program forgot is a defect."""
    forget_connections()
    links.close(name)
    url = server.url("postgres", "postgres")
    _wait_for_ends(url, name)
    links.administer(url, f'DROP DATABASE IF EXISTS "{name}"')


def _wait_for_ends(url: str, name: str) -> None:
    """Wait until the server's side of connections to a database that were closed has ended, some milliseconds.

    Who copies or drops it before has to wait for 100 ms: PostgreSQL looks again no sooner. It refuses what stays open.
    """
    until = time.monotonic() + 1
    while links.administer(url, "SELECT FROM pg_stat_activity WHERE datname = %s", name) and time.monotonic() < until:
        time.sleep(0.001)


def clear(server: Server, name: str, condition: str) -> None:
    """Take the houses that meet an SQL condition away as if they had never been, past the triggers that keep them."""
    tables = ("judgement", "visit", "case_event", "case", "building_person", "building")
    with links.transaction(server.url("postgres", name)) as connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT building_id FROM gis.building WHERE {condition}"
        )
        for table in tables:
            cursor.execute(f'DELETE FROM gis."{table}" AS of USING gone AS g WHERE of.building_id = g.building_id')


def make(server: Server, name: str) -> str:
    """Make one of the databases named above unless it is there; return its name."""
    _once(server.data_dir, name, lambda: _MAKERS[name](server))
    links.close(name)  # other processes copy it
    return name


def _template(server: Server) -> None:
    with active(server, TEMPLATE):
        prepare()


def _demo(server: Server) -> None:
    from gis_service.demo.load import load_demo

    clone(server, make(server, TEMPLATE), DEMO)
    with active(server, DEMO):
        load_demo("donglan")


def _small(server: Server) -> None:
    from gis_service.analysis.command import analyse
    from gis_service.density.params import Params
    from gis_service.selection.published import ensure_published

    clone(server, make(server, DEMO), SMALL)
    with active(server, SMALL):
        villages = ", ".join(f"'{code}'" for code in SMALL_VILLAGES)
        clear(server, SMALL, f"village_code NOT IN ({villages})")
        with transaction(operator()) as connection:
            ensure_published(connection)
        analyse(Params())
    _tidy(server, SMALL)


def _tidy(server: Server, name: str) -> None:
    """Give back the room of rows that were removed: every copy has it to copy."""
    with active(server, name), admin_connection(name) as connection, connection.cursor() as cursor:
        cursor.execute("VACUUM (FULL, ANALYZE)")


def _replayed(server: Server) -> None:
    from gis_service.demo.replay import replay

    clone(server, make(server, SMALL), REPLAYED)
    with active(server, REPLAYED):
        replay()


_MAKERS: dict[str, Callable[[Server], None]] = {
    TEMPLATE: _template, DEMO: _demo, SMALL: _small, REPLAYED: _replayed,
}  # fmt: skip


def _once(folder: Path, name: str, work: Callable[[], None]) -> None:
    """Do ``work`` once in a test run: others wait for it. What failed is tried again by the next."""
    done = folder / f"made-{name}"
    with (folder / f"making-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            work()
            done.touch()


def main() -> None:
    """Make one, for a run whose tests begin with those that need none."""
    os.nice(5)
    make(open_server(Path(sys.argv[1])), sys.argv[2])


if __name__ == "__main__":
    main()
