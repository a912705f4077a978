"""The small town of the record's tests, with a village of two grid cells."""

from __future__ import annotations

import pytest

from tests.conftest import Database
from tests.record.conftest import _town, client, town  # noqa: F401 - fixtures

VILLAGE, WEST, EAST = "451224100001", "451224100001G01", "451224100001G02"


@pytest.fixture
def grid(town: Database) -> Database:  # noqa: F811 - the fixture
    """H1 and H2 in the western cell, H3 in the eastern; U1 is the unit's and in no village."""
    town.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code, geom) SELECT code, name, level, parent, "
        "ST_Multi(ST_MakeEnvelope(x, 2711900, y, 2712100, 4545)) FROM (VALUES "
        f"('{VILLAGE}', '江平村', 'village', '451224100', 436450, 436600), "
        f"('{WEST}', '西片', 'grid', '{VILLAGE}', 436450, 436535), ('{EAST}', '东片', 'grid', '{VILLAGE}', 436535, 436600)) "
        "AS v (code, name, level, parent, x, y)"
    )
    town.ask(f"UPDATE gis.building SET village_code = '{VILLAGE}' WHERE building_id LIKE 'H%%'")
    return town
