"""What every benchmark shares: the machine's size, a private database, best of several runs, a table of ratios."""

from __future__ import annotations

import contextlib
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def machine() -> str:
    """Return the machine's size in one line."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def best(function: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of several runs in seconds: what the work costs when nothing else disturbs it."""
    shortest = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        function()
        shortest = min(shortest, time.perf_counter() - started)
    return shortest


def peak_mb() -> float:
    """Return the largest memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def private_database(name: str = "bench", srid: int = 4545) -> Iterator[None]:
    """Run with a fresh private server in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="gis-bench-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        os.environ |= {"GIS_DATA_DIR": folder, "GIS_DATABASE": name, "GIS_WORK_SRID": str(srid)}
        os.environ.pop("DATABASE_URL", None)
        from gis_service.db.engine import forget_connections
        from gis_service.db.ready import prepare
        from gis_service.db.server import private_server
        from gis_service.settings import get_settings

        get_settings.cache_clear()
        forget_connections()
        prepare()
        try:
            yield
        finally:
            private_server().remove()


def row(what: str, ours_s: float, peer: str, peer_s: float) -> None:
    """Print one comparison."""
    print(
        f"{what:<46} ours {ours_s:8.3f} s   {peer} {peer_s:8.3f} s   ours/{peer.split(maxsplit=1)[0]} = {ours_s / peer_s:.2f}"
    )
