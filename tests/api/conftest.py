"""Clients of the service over the demo county and over an empty database."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from fastapi import FastAPI

from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection.published import ensure_published
from tests.conftest import Database, signed_in


@pytest.fixture
def client(demo_database: Database, app: FastAPI) -> Iterator[TestClient]:
    """The service over the demo county, as the browser meets it: errors are answers, not exceptions."""
    with transaction(operator()) as connection:
        ensure_published(connection)
    with TestClient(app, raise_server_exceptions=False, headers=signed_in(demo_database)) as made:
        yield made


@pytest.fixture
def fresh(database: Database, app: FastAPI) -> Iterator[TestClient]:
    """The service over an empty database of this test's own."""
    with TestClient(app, raise_server_exceptions=False, headers=signed_in(database)) as made:
        yield made
