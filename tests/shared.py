"""Where real data and the cases of public reports lie: ``../shared/data`` beside the checkout, never in the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gis_service.settings import ROOT

ABSENT = "the real data is not here"
FOLDER = Path(os.environ.get("GIS_TEST_DATA", ROOT.parent / "shared" / "data"))


def shared_data(path: str = "") -> Path:
    """Return a file or folder of the real data (``cases/i1/i1.gpkg``), or skip the test that asks, saying why."""
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"{ABSENT} ({found}); set GIS_TEST_DATA to its folder")
    return found
