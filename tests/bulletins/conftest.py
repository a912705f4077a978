"""The small town of the record's tests, and the county with the campaign replayed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gis_service.demo.replay import replay
from tests import databases
from tests.conftest import Database, cloned
from tests.record.conftest import _town, app, client, town  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def _replayed(server) -> Iterator[str]:
    with cloned(server, databases.make(server, databases.SMALL)) as made:
        replay()
        yield made.name


@pytest.fixture
def replayed(server, _replayed: str) -> Iterator[Database]:
    """The demo county with all that was done in the campaign; tests add snapshots and letters to it."""
    with Database(server, _replayed).active() as made:
        yield made
