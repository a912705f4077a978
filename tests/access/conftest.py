"""The service over the analysed demo county, asked as anybody; sign-in is another room's matter."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

import pytest

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from fastapi import FastAPI

from gis_service.api.http.authorisation import current_user
from gis_service.db.server import Server
from gis_service.identity import Identity
from tests.conftest import Database

Ask = Callable[[Identity], contextlib.AbstractContextManager[TestClient]]


@pytest.fixture(scope="session")
def _filled(server: Server, analysed_demo: str) -> str:
    """Two drawn areas: one in the county's town and one far from it."""
    with Database(server, analysed_demo).active() as database:
        for drawn, place in (("老街", "451224100"), ("山里", "451224208")):
            database.ask(
                "INSERT INTO gis.drawn_area (name, geom) SELECT %s, ST_Multi(ST_Buffer(ST_PointOnSurface(geom), 300)) "
                "FROM gis.admin_area WHERE code = %s ON CONFLICT (name) DO NOTHING",
                drawn, place,
            )  # fmt: skip
    return analysed_demo


@pytest.fixture
def county(server: Server, _filled: str) -> Iterator[Database]:
    """The analysed demo county, shared: tests may add runs, and change nothing else."""
    with Database(server, _filled).active() as made:
        yield made


@pytest.fixture
def ask_as(county: Database, app: FastAPI) -> Iterator[Ask]:
    """``with ask_as(identity) as client``: the service as that person meets it."""

    @contextlib.contextmanager
    def ask(identity: Identity) -> Iterator[TestClient]:
        app.dependency_overrides[current_user] = lambda: identity
        try:
            with TestClient(app, raise_server_exceptions=False) as client:
                yield client
        finally:
            app.dependency_overrides.pop(current_user, None)

    yield ask
    app.dependency_overrides.clear()
