"""A row read in one message: as the asker and no more, on a connection that is nobody's afterwards, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from gis_service.db import engine as module
from gis_service.db.engine import forget_connections, read_row
from gis_service.db.reader import done
from gis_service.identity import Identity
from tests.access.witness import ADMINISTRATOR, EVERYBODY, NOWHERE, PLANNER, TOWN, Witness
from tests.conftest import Database
from tests.doors.crowd import in_a_loop

_QUERIES = {
    "houses": "SELECT pg_backend_pid(), count(*), current_user::text, current_setting('gis.account') FROM gis.building",
    "who": "SELECT current_user::text, current_setting('gis.account', true), current_setting('gis.place', true), "
    "current_setting('gis.department', true), current_setting('gis.person', true)",
    "reads": "SELECT current_setting('transaction_read_only')",
    "writes": "WITH gone AS (DELETE FROM gis.drawn_area RETURNING 1) SELECT count(*) FROM gone",
    "fails": "SELECT 1 / %(by)s",
    "waits": "SELECT 1 FROM pg_sleep(%(seconds)s)",
    "given": "SELECT %(value)s::text",
}


@pytest.fixture
def queries(county: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(module, "statement", _QUERIES.__getitem__)
    forget_connections()
    yield county
    forget_connections()


def _ask(asker: Identity, name: str, **values: Any) -> Any:
    return in_a_loop(read_row(asker, name, values))


def _links() -> list[Any]:
    (reader,) = module._readers.values()
    return reader._resting


def test_one_after_another_on_one_connection(queries: Database):
    wanted = len(Witness(queries, TOWN).houses())
    processes = set()
    every = queries.one("SELECT count(*) FROM gis.building", role="postgres")
    for asker, count in ((ADMINISTRATOR, every), (TOWN, wanted), (NOWHERE, 0), (ADMINISTRATOR, every), (TOWN, wanted)):
        process, found, user, account = _ask(asker, "houses")
        processes.add(process)
        assert (found, user, account) == (count, asker.role.database_role, asker.account)
    assert len(processes) == 1


def test_one_role_in_two_places(queries: Database):
    """The plan is the role's; the place is the transaction's."""
    codes = [code for (code,) in queries.ask("SELECT DISTINCT township_code FROM gis.building ORDER BY 1 LIMIT 3")]
    for code in [*codes, *codes]:
        place = Identity("somebody", TOWN.role, code)
        assert _ask(place, "houses")[1] == len(Witness(queries, place).houses()) > 0


def test_everybody_at_once(queries: Database):
    wanted = {asker: len(Witness(queries, asker).houses()) for asker in EVERYBODY}
    order = [asker for asker in EVERYBODY for _ in range(8)]
    random.Random(4).shuffle(order)

    async def all_() -> list[Any]:
        return await asyncio.gather(*(read_row(asker, "houses", {}) for asker in order))

    for asker, (_, count, user, account) in zip(order, in_a_loop(all_()), strict=True):
        assert (count, user, account) == (wanted[asker], asker.role.database_role, asker.account)
    assert len(_links()) == 10, "no more connections than may be"


@pytest.mark.parametrize("name", ["given", "fails", "writes"])
def test_nothing_stays_on_the_connection(queries: Database, name: str):
    asker = Identity("a", ADMINISTRATOR.role, "1", "2", person=True)
    _ask(asker, "given", value="")
    with contextlib.nullcontext() if name == "given" else pytest.raises(psycopg2.Error):
        _ask(asker, name, value="", by=0)
    for link in _links():
        cursor = link.connection.cursor()
        cursor.execute(_QUERIES["who"])
        in_a_loop(done(link.connection))
        assert [value or "" for value in cursor.fetchone()] == ["gis_service", "", "", "", ""]


def test_reading_cannot_write(queries: Database):
    assert _ask(PLANNER, "reads") == ("on",)
    with pytest.raises(psycopg2.Error) as refused:
        _ask(PLANNER, "writes")
    assert refused.value.pgcode == "25006"


def test_a_value_is_never_sql(queries: Database):
    for value in ("' OR true --", "x'; RESET ROLE; --", "%", "%(value)s", "$1", "\\", "a\\'"):
        assert _ask(PLANNER, "given", value=value) == (value,)
        assert _ask(Identity("x'y", TOWN.role, value), "houses")[1:] == (0, "gis_township", "x'y")


def test_after_an_error_the_next_is_answered(queries: Database):
    for _ in range(2):
        with pytest.raises(psycopg2.errors.DivisionByZero):
            _ask(PLANNER, "fails", by=0)
        assert _ask(PLANNER, "fails", by=1) == (1,)


def test_a_server_that_let_go(queries: Database):
    """Connections that were ended while they rested are made anew; nobody is told."""
    one = _ask(PLANNER, "houses")[0]
    queries.ask("SELECT pg_terminate_backend(%s)", one, role="postgres")
    assert _ask(PLANNER, "houses")[0] != one


def test_given_up_half_way(queries: Database):
    """Who stops waiting leaves nothing behind that the next would take for an answer."""

    async def all_() -> Any:
        first = await read_row(PLANNER, "houses", {})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read_row(PLANNER, "waits", {"seconds": 5}), 0.1)
        return first, await read_row(PLANNER, "houses", {})

    (before, *count), (after, *again) = in_a_loop(all_())
    assert count == again
    assert before != after
