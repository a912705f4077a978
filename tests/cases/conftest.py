"""The small town of the record's tests, with photographs and a way to take a step as anybody."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection

from gis_service.attachments import store
from gis_service.cases import events
from gis_service.db.engine import transaction
from gis_service.identity import Identity, Role
from tests.record.conftest import TOWN, UNIT, _town, client, town  # noqa: F401 - fixtures

ADMINISTRATOR = Identity("anna", Role.ADMINISTRATOR)
PLANNER = Identity("ping", Role.PLANNER)
FIRE = Identity("huo", Role.FIRE)
DEPARTMENT = Identity("jian", Role.DEPARTMENT, department="market_reg")
TOWNSHIP = Identity("zhen", Role.TOWNSHIP, TOWN)
COLLEAGUE = Identity("tong", Role.TOWNSHIP, TOWN)
OF_UNIT = Identity("kuang", Role.TOWNSHIP, UNIT)
VILLAGE = Identity("cun", Role.VILLAGE, "451224100001")
AUDITOR = Identity("shen", Role.AUDITOR)


def photograph(color: str = "gray", size: tuple[int, int] = (320, 240), **more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, color).save(made, "JPEG", **more)
    return made.getvalue()


def step(who: Identity, case_id: int, kind: str, what: str = "", **said: Any) -> dict[str, Any]:
    """Take a step in a transaction of its own and return the case."""
    with transaction(who) as connection:
        return events.add(connection, case_id, events.New(kind, what, **said))


def open_case(who: Identity, house: str, kind: str = "structure", **said: Any) -> dict[str, Any]:
    with transaction(who) as connection:
        return events.open_case(connection, house, events.New("open", kind, **{"reason": "裂缝", **said}))


def photographs(connection: Connection, house: str, *colors: str) -> tuple[str, ...]:
    """Photographs stored for a house, by their hashes."""
    return tuple(store.store(connection, house, photograph(color))["sha256"] for color in colors)


@pytest.fixture
def pictures(town):  # noqa: F811 - the fixture
    """Two photographs of each of the houses."""
    with transaction(ADMINISTRATOR) as connection:
        return {house: photographs(connection, house, "red", "blue") for house in ("H1", "H2", "H3", "U1")}
