"""Hours are the county's, wherever the machine stands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gis_service.export.mark import Mark
from gis_service.settings import get_settings, keep_local_time


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows New York, for a county of its own zone."""
    kept = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    if kept is None:
        monkeypatch.delenv("TZ")
    else:
        monkeypatch.setenv("TZ", kept)
    time.tzset()


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Shanghai", "08:30"), ("Asia/Urumqi", "06:30")])
def test_of_a_mark(elsewhere: None, monkeypatch: pytest.MonkeyPatch, zone: str, hour: str):
    monkeypatch.setenv("GIS_TIMEZONE", zone)
    get_settings.cache_clear()
    try:
        keep_local_time()
        moment = datetime(2022, 9, 8, 0, 30, tzinfo=UTC).astimezone()
        assert Mark("ping", moment).note() == f"导出：ping，2022-09-08 {hour}"
        assert Mark("ping", moment).note("en") == f"Exported by ping, 2022-09-08 {hour}"
    finally:
        get_settings.cache_clear()
