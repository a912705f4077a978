"""The service as people start it: two processes, a worker beside them, told when its pages can be opened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

from gis_service.settings import ROOT
from tests.conftest import Database, free_port


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
