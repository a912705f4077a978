"""The small town of the record's tests, and the county with the campaign replayed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import databases
from tests.conftest import Database, cloned
from tests.record.conftest import _town, client, town  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def _replayed(server) -> Iterator[str]:
    with cloned(server, databases.make(server, databases.REPLAYED)) as made:
        yield made.name


@pytest.fixture
def replayed(server, _replayed: str) -> Iterator[Database]:
    """The demo county with all that was done in the campaign; tests add snapshots and letters to it."""
    with Database(server, _replayed).active() as made:
        yield made


@pytest.fixture
def counted(town: Database) -> Database:  # noqa: F811
    """H1 severe, U1 some, H2 none found; a round with the notice's deadlines."""
    town.ask(
        "INSERT INTO gis.round (name, kind, first_day, last_day) VALUES ('整治', 'campaign', '2022-06-01', '2025-06-30')"
    )
    for step_, due in (("judge", "2022-07-31"), ("control", "2022-09-25"), ("rectify", "2022-09-30")):
        town.ask(
            "INSERT INTO gis.round_deadline (round_id, step, due_on) SELECT round_id, %s, %s FROM gis.round", step_, due
        )
    town.judge("building_id = 'H1'", tier="severe", on="2022-09-01")
    town.judge("building_id = 'U1'", tier="some", on="2022-09-02")
    return town
