"""What is taken as known for a moment: asked once where many ask, and never after it was ended here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from fastapi.testclient import TestClient

from gis_service.api.http.authentication import forget_principals
from gis_service.api.http.ttl_cache import SingleFlightCache
from gis_service.settings import get_settings
from tests.accounts.conftest import enter, make_account
from tests.conftest import Database, signed_in

T = TypeVar("T")


def in_thread(ask: Callable[[], T]) -> Callable[[], Awaitable[T]]:
    """A question that takes its time and holds the event loop up for nobody."""
    return lambda: asyncio.to_thread(ask)


def _run(asked: Any) -> Any:
    """Run in a thread of its own: a browser that other tests left open has a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asked).result()


@pytest.fixture
def kept_long(county: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("GIS_KEEP_S", "5")
    get_settings.cache_clear()
    forget_principals()
    yield county
    forget_principals()


def test_what_ends_here_ends_at_once(kept_long: Database, browser_of: Callable[[], TestClient]):
    administrator = signed_in(kept_long)
    make_account()
    other = browser_of()
    wang = browser_of()
    assert enter(wang).status_code == 303
    for deed in ("password", "disable"):
        assert wang.get("/api/account").status_code == 200
        assert other.post(f"/api/accounts/wang/{deed}", headers=administrator).status_code == 200
        assert wang.get("/api/account").status_code == 401, deed
        if deed == "password":
            made = other.post("/api/accounts/wang/password", headers=administrator).json()["password"]
            assert enter(wang, password=made).status_code == 303
    token = signed_in(kept_long, "auditor")
    number = kept_long.one("SELECT max(token_id) FROM gis.token", role="postgres")
    assert wang.get("/api/account", headers=token).status_code == 200
    gone = other.delete(f"/api/accounts/t.auditor/tokens/{number}", headers=administrator)
    assert gone.status_code == 204
    assert wang.get("/api/account", headers=token).status_code == 401


def test_nobody_is_not_kept_and_one_is_not_another(kept_long: Database, browser_of: Callable[[], TestClient]):
    one, two = signed_in(kept_long, "planner"), signed_in(kept_long, "fire")
    client = browser_of()
    assert client.get("/api/account").status_code == 401
    for headers, role in ((one, "planner"), (two, "fire"), (one, "planner")):
        assert client.get("/api/account", headers=headers).json()["role"] == role
    assert client.get("/api/account", headers={"Authorization": one["Authorization"] + "x"}).status_code == 401
    # A cookie with a token's secret is no session, and the other way round.
    secret = one["Authorization"].removeprefix("Bearer ")
    assert client.get("/api/account", headers={"Cookie": f"gis_session={secret}"}).status_code == 401


def test_many_ask_once(kept_long: Database):
    asked: list[int] = []
    held = threading.Event()

    def ask() -> int:
        asked.append(1)
        held.wait(5)
        return len(asked)

    async def all_() -> list[int]:
        kept: SingleFlightCache[int] = SingleFlightCache()
        waiting = [asyncio.ensure_future(kept.get("k", in_thread(ask))) for _ in range(20)]
        await asyncio.sleep(0.05)
        held.set()
        first = await asyncio.gather(*waiting)
        assert await kept.get("k", in_thread(ask)) == 1
        kept.forget()
        return [*first, await kept.get("k", in_thread(ask))]

    assert _run(all_()) == [1] * 20 + [2]


def test_forgotten_on_its_way(kept_long: Database):
    """An answer that was asked for before the change and comes after it is kept for nobody."""
    begun, held = threading.Event(), threading.Event()

    def old() -> str:
        begun.set()
        held.wait(5)
        return "old"

    async def all_() -> tuple[str, str]:
        kept: SingleFlightCache[str] = SingleFlightCache()
        waiting = asyncio.ensure_future(kept.get("k", in_thread(old)))
        await asyncio.to_thread(begun.wait, 5)
        kept.forget()
        held.set()
        return await waiting, await kept.get("k", in_thread(lambda: "new"))

    assert _run(all_()) == ("old", "new")


def test_a_failure_is_not_kept(kept_long: Database):
    def fail() -> int:
        raise ValueError("no")

    async def all_() -> int:
        kept: SingleFlightCache[int] = SingleFlightCache()
        with pytest.raises(ValueError, match="no"):
            await kept.get("k", in_thread(fail))
        return await kept.get("k", in_thread(lambda: 3))

    assert _run(all_()) == 3
