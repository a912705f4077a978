"""A county of one township with one village and two houses, its service, and browsers that sign in to it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from fastapi import FastAPI

from gis_service.accounts import people
from gis_service.db.engine import transaction
from gis_service.identity import Role, operator
from tests.conftest import Database

PASSWORD = "correct horse battery"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def county(database: Database) -> Database:
    """Two townships; a house in each, with its owner."""
    database.ask(
        """
        INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES
            ('451224', '东兰县', 'county', NULL), ('451224100', '东兰镇', 'township', '451224'),
            ('451224101', '隘洞镇', 'township', '451224'), ('451224100201', '江平村', 'village', '451224100');
        INSERT INTO gis.building (building_id, township_code, village_code, geom)
        SELECT id, code, NULL, ST_Multi(ST_MakeEnvelope(x, 2712000, x + 10, 2712010, 4545))
        FROM (VALUES ('H1', '451224100', 436500), ('H2', '451224101', 436600)) AS v (id, code, x);
        INSERT INTO gis.building_person VALUES ('H1', '韦某', '13800000000', '452701199001010011'),
            ('H2', '覃某', '13900000000', '452701199002020022')
        """
    )
    return database


@pytest.fixture
def browser_of(app: FastAPI) -> Iterator[Callable[[], TestClient]]:
    """Browsers, each with its own cookies; redirects are looked at, not followed."""
    opened: list[TestClient] = []

    def make() -> TestClient:
        client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


def make_account(
    name: str = "wang", role: Role = Role.PLANNER, password: str | None = PASSWORD, **more: object
) -> people.Account:
    with transaction(operator()) as connection:
        return people.add(connection, people.New(name, role, **more), password)  # type: ignore[arg-type]


def field(html: str, name: str) -> str:
    """The value of a hidden field."""
    return re.search(rf'name="{name}" value="([^"]*)"', html)[1]


def enter(client: TestClient, name: str = "wang", password: str = PASSWORD, next_: str = "/account", **headers: str):
    """Open the sign-in page and send its form, as a browser does."""
    page = client.get("/sign-in", headers=PAGE)
    form = {"name": name, "password": password, "field": field(page.text, "field"), "next": next_}
    return client.post("/sign-in", data=form, headers=headers)


def csrf_of(client: TestClient) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', client.get("/account", headers=PAGE).text)[1]
