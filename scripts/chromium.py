"""Find this machine's Chromium; ``python -m scripts.chromium`` prints where it is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import lru_cache

# The shell first: the same browser without a window around the page takes a third of the time for one. It is all that
# `make test` installs where a release has it (scripts/setup.sh).
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")


@lru_cache(maxsize=1)
def find() -> str | None:
    """Return the path of the browser that tests, benchmarks and pictures open; None where none runs."""
    return next((path for path in filter(None, map(shutil.which, _NAMES)) if _runs(path)), None)


def _runs(path: str) -> bool:
    """Whether it is a browser: Ubuntu has a command of that name that only asks for a snap."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    print(find() or sys.exit("Chromium is needed (make test installs it)."))
