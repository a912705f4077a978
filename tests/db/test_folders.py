"""Data folders of any name, folders that cannot be written, full disks, and two set-ups at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from gis_service.db.engine import forget_connections
from gis_service.db.server import Server
from gis_service.settings import ROOT
from tests.conftest import Answer, Database, free_port, open_folder
from tests.ingest.make import houses, put

# All that a shell, an address, libpq and postgresql.conf would read otherwise, in one name; and a long one.
NAMES = ["""a b,东兰县 %20&it's "so" $HOME `id` \\ #?@=;{0}""", "很长的目录名" * 9 + "/" + "n" * 80]


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(houses(), tmp_path_factory.mktemp("houses") / "h.gpkg")


def _run(data_dir: Path, *arguments: object, **more: str) -> Answer:
    base = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GIS_")}
    done = subprocess.run(
        [sys.executable, "-m", "gis_service.cli", *map(str, arguments)],
        env={**base, "PYTHONPATH": str(ROOT), "GIS_DATA_DIR": str(data_dir), "GIS_LANG": "en", **more},
        cwd="/", capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12])
def test_a_folder_of_any_name(name: str, shape: Path):
    """Set up, import, back up and restore (in and to that folder too), kill, start again, stop.

    The first start is that of a process, which gets the name from its environment.
    """
    with open_folder() as folder:
        data = folder / name
        made = Server(data)
        run = Database(made, "gis").cli
        try:
            said = _run(data, "db", "start")
            assert said.code == 0, said.err
            assert run("import", "buildings", shape).code == 0
            assert run("db", "start").code == 0, "the second start finds it running"
            kept = data / f"备份 {name[:20].replace('/', '')}.dump"
            said = run("db", "backup", kept)
            assert said.code == 0, said.err
            said = run("db", "restore", "--yes", kept)
            assert said.code == 0, said.err
            url = _run(data, "db", "url", "--role", "owner").out.strip()
            connection = psycopg2.connect(url)
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM gis.building")
                assert cursor.fetchone() == (5,)
            connection.close()
            forget_connections()
            os.kill(int((made.cluster / "postmaster.pid").read_text().split()[0]), 9)
            said = run("db", "start")
            assert said.code == 0, said.err
            assert "stopped" in run("db", "stop").out
            assert not made.running()
        finally:
            made.remove()


@contextmanager
def _small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of this test's own; only root may make one, and not everywhere."""
    with open_folder() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)], check=False, capture_output=True
        )  # fmt: skip
        if mounted.returncode:
            pytest.skip("a disk of one's own needs the right to mount")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_from_the_start():
    with _small_disk(30) as disk:
        said = _run(disk / "data", "db", "start")
        assert said.code == 1
        assert "The disk is full" in said.err
        assert str(disk) in said.err
        assert len(said.err.strip().splitlines()) == 1


def test_a_disk_that_fills_up(shape: Path, tmp_path: Path):
    with _small_disk(160) as disk:
        data = disk / "data"
        made = Server(data)
        try:
            assert _run(data, "db", "start").code == 0
            assert _run(data, "import", "buildings", shape).code == 0
            many = put(houses(60_000), tmp_path / "many.gpkg")
            free = os.statvfs(disk)
            with (disk / "ballast").open("wb") as ballast:
                ballast.write(b"\0" * max(0, free.f_bavail * free.f_frsize - 2_000_000))
            said = _run(data, "import", "buildings", many)
            assert said.code == 1
            assert "The disk is full" in said.err, said.err
            assert "internal error" not in said.err
            # Neither does a backup to that disk promise what is not there.
            if made.running():
                said = _run(data, "db", "backup", disk / "b.dump")
                assert said.code == 1 or (disk / "b.dump").exists()
            assert not list(disk.glob("*.part"))
            (disk / "ballast").unlink()
            assert _run(data, "db", "start").code == 0
            with Database(made, "gis").active() as database:
                assert database.one("SELECT count(*) FROM gis.building") == 5, "nothing half-written"
        finally:
            made.remove()


def test_a_backup_to_a_full_disk(database: Database):
    with _small_disk(1) as disk:
        (disk / "ballast").write_bytes(b"\0" * 1_020_000)
        said = database.process("db", "backup", disk / "b.dump")
        assert said.code == 1
        assert "The disk is full" in said.err, said.err
        assert [file.name for file in disk.iterdir()] == ["ballast"], "no part of a backup stays"


def test_a_disk_that_is_read_only(shape: Path):
    with _small_disk(5) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        up = ["up", "--demo", "none", "--check", "--port", free_port()]
        for command in (["db", "start"], ["import", "buildings", shape], up):
            said = _run(disk / "data", *command)
            assert said.code == 1
            assert "read-only" in said.err, said.err
            assert "last-error.txt" not in said.err
            assert len(said.err.strip().splitlines()) <= 2


def test_two_set_ups_at_once_both_come_up():
    with open_folder() as folder:
        base = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GIS_")}
        both = [
            subprocess.Popen(
                [sys.executable, "-m", "gis_service.cli", "up", "--demo", "none", "--check", "--port", str(free_port())],
                env={**base, "PYTHONPATH": str(ROOT), "GIS_DATA_DIR": str(folder), "GIS_LANG": "en"},
                cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )
            for _ in range(3)
        ]  # fmt: skip
        try:
            told = [process.communicate(timeout=300) for process in both]
            assert [process.returncode for process in both] == [0, 0, 0], told
            passwords = [out + err for out, err in told if "Made the administrator" in out + err]
            assert len(passwords) == 1, "one administrator, told once"
        finally:
            for process in both:
                process.kill()
            Server(folder).remove()
