"""A pooled connection is nobody's when it comes back: one after another, and many at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from gis_service.db import engine as module
from gis_service.db.engine import get_engine, transaction
from gis_service.identity import Identity
from tests.access.witness import ADMINISTRATOR, EVERYBODY, NOWHERE, PLANNER, TOWN, Witness
from tests.conftest import Database

_COUNT = "SELECT count(*) FROM gis.building"
_WHO = (
    "SELECT current_user, current_setting('gis.account', true), current_setting('gis.place', true), "
    "current_setting('gis.department', true), current_setting('gis.person', true)"
)


@pytest.fixture
def small(county: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Two connections for everybody."""
    known = get_engine("service")
    made = create_engine(known.url, pool_size=2, max_overflow=0, pool_timeout=60,
                         connect_args={"options": "-c search_path=gis,public"})  # fmt: skip
    monkeypatch.setattr(module, "get_engine", lambda role="service": made)
    yield made
    made.dispose()


def _process(connection) -> int:
    return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()


def test_a_township_after_an_administrator(small: Engine, county: Database):
    wanted = len(Witness(county, TOWN).houses())
    processes = set()
    every = county.one("SELECT count(*) FROM gis.building", role="postgres")
    for asker, count in ((ADMINISTRATOR, every), (TOWN, wanted), (NOWHERE, 0), (ADMINISTRATOR, every), (TOWN, wanted)):
        with transaction(asker, read_only=True) as connection:
            processes.add(_process(connection))
            assert connection.execute(text(_COUNT)).scalar_one() == count
    assert len(processes) == 1, "they were on one connection"


@pytest.mark.parametrize("end", ["commit", "error", "database error"])
def test_nothing_stays_on_the_connection(small: Engine, end: str):
    asker = Identity("a", ADMINISTRATOR.role, "1", "2", person=True)
    try:
        with transaction(asker) as connection:
            if end == "error":
                raise KeyError
            if end == "database error":
                connection.execute(text("SELECT 1/0"))
    except (KeyError, DBAPIError):
        pass
    with small.connect() as connection:
        assert [v or "" for v in connection.execute(text(_WHO)).one()] == ["gis_service", "", "", "", ""]
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(_COUNT))


def test_everybody_at_once(small: Engine, county: Database):
    wanted = {asker: len(Witness(county, asker).houses()) for asker in EVERYBODY}
    order = [asker for asker in EVERYBODY for _ in range(12)]
    random.Random(4).shuffle(order)

    def ask(asker: Identity) -> tuple[Identity, int, str, str]:
        with transaction(asker, read_only=True) as connection:
            user, account, *_ = connection.execute(text(_WHO)).one()
            return asker, connection.execute(text(_COUNT)).scalar_one(), user, account

    with ThreadPoolExecutor(max_workers=8) as threads:
        for asker, count, user, account in threads.map(ask, order):
            assert (count, user, account) == (wanted[asker], asker.role.database_role, asker.account)


def test_reading_cannot_write(county: Database):
    for sql in ("DELETE FROM gis.drawn_area", "UPDATE gis.run SET finished_at = now()"):
        with pytest.raises(DBAPIError) as refused, transaction(PLANNER, read_only=True) as connection:
            connection.execute(text(sql))
        assert getattr(refused.value.orig, "pgcode", None) == "25006"
    with transaction(PLANNER) as connection:
        assert connection.execute(text("SHOW transaction_read_only")).scalar_one() == "off"


def test_no_role_climbs(county: Database):
    for asker in EVERYBODY:
        for role in ("gis_owner", "postgres"):
            with pytest.raises(DBAPIError, match="permission denied"), transaction(asker) as connection:
                connection.execute(text(f"SET LOCAL ROLE {role}"))


def test_a_value_is_never_sql(county: Database):
    for place in ("' OR true --", "451224100'; RESET ROLE; --", "%", "451224100\\"):
        with transaction(Identity("x'y", TOWN.role, place), read_only=True) as connection:
            assert connection.execute(text(_COUNT)).scalar_one() == 0
            assert connection.execute(text("SELECT current_user")).scalar_one() == "gis_township"
