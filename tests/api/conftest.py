"""Clients of the service over the demo county and over an empty database."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from gis_service.api.app import create_app
from gis_service.db.engine import get_engine
from gis_service.up import install_front_end
from tests.conftest import Database
from web_map.planner import ensure_run


@pytest.fixture(scope="session")
def front_end() -> None:
    install_front_end()


@pytest.fixture
def client(demo_database: Database, front_end: None) -> Iterator[TestClient]:
    """The service over the demo county, as the browser meets it: errors are answers, not exceptions."""
    with get_engine("service").begin() as connection:
        ensure_run(connection)
    with TestClient(create_app(), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def fresh(database: Database, front_end: None) -> Iterator[TestClient]:
    """The service over an empty database of this test's own."""
    with TestClient(create_app(), raise_server_exceptions=False) as made:
        yield made
