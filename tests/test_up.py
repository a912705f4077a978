"""The service as people start it: from nothing, and in two processes with a worker beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from gis_service.errors import SetupError
from gis_service.settings import ROOT
from gis_service.up import _npm
from tests.conftest import Database, free_port, open_folder
from web_map import assets


def test_from_nothing():
    """As a newcomer has it: a folder with nothing in it, the simulated county, its analysis, and every page asked for."""
    base = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("GIS_")}
    with open_folder("gis-up-") as folder:
        environment = base | {"GIS_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "gis_service.cli"]
        try:
            done = subprocess.run(
                [*command, "up", "--check", "--port", str(free_port())],
                env=environment, cwd="/", capture_output=True, text=True, check=False, timeout=600,
            )  # fmt: skip
            assert done.returncode == 0, (done.stdout, done.stderr)
            assert "检查通过" in done.stdout
            assert done.stdout.count("  200 /") > 10
        finally:
            subprocess.run(
                [*command, "db", "remove", "--yes"], env=environment, cwd="/", capture_output=True, check=True
            )


def test_garbage_is_collected_once_a_command_is_loaded():
    code = (
        "import atexit, gc, sys; from gis_service import cli; atexit.register(lambda: print('collected', gc.isenabled())); "
        "sys.argv = ['gis-service', 'runs', '--help']; cli.program()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "collected True"


def test_commands_of_database_and_accounts_load_nothing_that_draws_or_computes():
    code = (
        "import sys, gis_service.operations.command, gis_service.accounts.command; "
        "print(*{'geoalchemy2', 'numpy', 'openpyxl', 'pyproj', 'rasterio', 'weasyprint'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_npm_s_reason_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(assets.HERE / name, tmp_path)
    monkeypatch.setattr(assets, "HERE", tmp_path)
    for name, value in (("registry", "http://127.0.0.1:9"), ("fetch_retries", "0"), ("cache", str(tmp_path / "cache"))):
        monkeypatch.setenv(f"npm_config_{name}", value)
    with pytest.raises(SetupError) as refused:
        _npm("ci", "--omit=dev")
    assert "ECONNREFUSED" in str(refused.value)
    assert "Check the network" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "log of this run" not in str(refused.value)


def test_it_is_told_when_it_answers_and_ended_by_a_word(database: Database):
    port = free_port()
    started = subprocess.Popen(
        [sys.executable, "-m", "gis_service.cli", "up", "--demo", "none", "--port", str(port)],
        env={**os.environ, **database.environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert started.stdout
        told = []
        for line in started.stdout:
            told.append(line)
            if f"http://127.0.0.1:{port}" in line:
                break
        assert "服务已启动" in told[-1], told
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert answer.status == 200
        os.killpg(started.pid, signal.SIGINT)  # Ctrl-C goes to all of a terminal's processes
        rest, _ = started.communicate(timeout=60)
        assert "Traceback" not in rest
        assert started.returncode in {0, -signal.SIGINT, 130}
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
