"""Find this machine's Chromium; ``python -m scripts.chromium`` prints where it is."""

from __future__ import annotations

import shutil
import sys

# The shell first: the same browser without a window around the page takes a third of the time for one. It is all that
# `make test` installs where a release has it (scripts/setup.sh).
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")


def find() -> str | None:
    """Return the path of the browser that tests, benchmarks and pictures open; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


if __name__ == "__main__":
    print(find() or sys.exit("Chromium is needed (make test installs it)."))
