"""The small town with owners of two houses, hazards judged, and a way to have a job done."""

from __future__ import annotations

from typing import Any

import pytest

from gis_service.jobs import worker
from tests.conftest import Database
from tests.record.conftest import _town, client, town  # noqa: F401 - fixtures


@pytest.fixture
def noticed(town: Database) -> Database:  # noqa: F811 - the fixture
    """H1 severe with its owner known, H2 judged none found with nobody known, U1 of the unit; three are operating."""
    town.ask(
        "INSERT INTO gis.building_person (building_id, owner_name, telephone) VALUES ('H1', '黄某甲', '13800000000')"
    )
    town.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES ('451224100001', '江平', 'village', '451224100')"
    )
    town.judge("building_id = 'H1'", tier="severe", on="2022-08-01")
    town.judge("building_id = 'H2'", tier="none_found", on="2022-08-01")
    return town


def done(client: Any, who: dict[str, str], answer: Any) -> dict[str, Any]:  # noqa: F811
    """Have the job of an answer done and return it as it stands then."""
    assert answer.status_code == 202, answer.text
    job = answer.json()["job_id"]
    assert worker.run_one("long", job)
    told: dict[str, Any] = client.get(f"/api/jobs/{job}", headers=who).json()

    return told
