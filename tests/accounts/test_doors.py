"""Tokens end with a password and with disabling; no stranger locks out a browser that is known; whose address counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service.accounts import limits, people, sessions, tokens
from gis_service.accounts.audit_log import Source
from gis_service.accounts.people import Ended
from gis_service.api.http.clients import take_forwarded
from gis_service.db.engine import transaction
from gis_service.errors import SignInError, TooManyError
from gis_service.identity import Right, Role, operator
from gis_service.settings import Settings, get_settings
from tests.conftest import Database, session_of
from tests.doors.crowd import in_a_loop

_PASSWORD = "梧桐-water-lamp-七九"


@pytest.fixture
def wang(county: Database) -> Database:
    with transaction(operator()) as connection:
        made = people.add(connection, people.New("wang", Role.PLANNER), _PASSWORD)
        for title in ("one", "two"):
            tokens.make(connection, made.account_id, title, [Right.READ], 5)
    return county


@pytest.fixture
def client(wang: Database, app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


def _live(database: Database) -> int:
    return int(database.one("SELECT count(*) FROM gis.token AS t JOIN gis.account AS a USING (account_id) "
                            "WHERE a.name = 'wang' AND revoked_at IS NULL"))  # fmt: skip


def test_a_new_password_ends_sessions_and_tokens_and_says_how_many(wang: Database):
    sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"))
    said = wang.cli("user", "password", "wang", "--generate")
    assert said.code == 0
    assert "1 sessions and 2 tokens ended" in said.out
    assert _live(wang) == 0
    assert wang.one("SELECT details ->> 'tokens' FROM gis.audit_trail WHERE action = 'password_changed'") == "2"


def test_disabling_ends_them_for_good(wang: Database):
    assert "0 sessions and 2 tokens ended" in wang.cli("user", "disable", "wang").out
    assert wang.cli("user", "enable", "wang").code == 0
    assert _live(wang) == 0


def test_the_page_and_the_api_say_it_too(client: TestClient, wang: Database):
    boss = session_of(wang, "administrator")
    client.cookies.set("gis_session", boss.secret)
    token = {"X-CSRF-Token": boss.principal.csrf or ""}
    told = client.post("/api/accounts/wang/password", headers=token).json()
    assert (told["ended_sessions"], told["ended_tokens"]) == (0, 2)
    with transaction(operator()) as connection:
        tokens.make(connection, people.find(connection, "wang").account_id, "three", [Right.READ], 5)
    page = client.post("/accounts/wang/disable", headers=token)
    assert "已结束 0 个登录、1 个令牌" in page.text


def test_ones_own_new_password_ends_ones_tokens(client: TestClient, wang: Database):
    opened = sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"))
    client.cookies.set("gis_session", opened.secret)
    form = {"csrf": opened.principal.csrf, "old": _PASSWORD, "new": "another-lamp-八六-water",
            "again": "another-lamp-八六-water"}  # fmt: skip
    went = client.post("/account/password", data=form)
    assert went.status_code == 303
    assert _live(wang) == 0
    client.cookies.clear()
    client.cookies.set("gis_session", went.cookies["gis_session"])
    assert Ended(0, 2).message() in client.get(went.headers["location"]).text


def _fail(name: str, address: str, times: int, browser: str | None = None) -> None:
    for _ in range(times):
        with pytest.raises((SignInError, TooManyError)):
            sessions.sign_in(name, "wrong", Source(None, address), browser)


def test_strangers_do_not_lock_out_the_browser_that_signed_in_before(wang: Database):
    browser = "b" * 43
    opened = sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"), browser)
    sessions.know_browser(opened.principal.account_id, browser)
    # By its name from everywhere, and from the very address behind which its owner sits.
    wang.ask("INSERT INTO gis.sign_in_attempt VALUES ('n wang', 99, now(), now() + interval '10 minutes'), "
             "('a 10.1.1.1', 99, now(), now() + interval '10 minutes') ON CONFLICT (key) DO UPDATE SET "
             "failures = excluded.failures, last_at = excluded.last_at, open_at = excluded.open_at")  # fmt: skip
    with pytest.raises(TooManyError):
        sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"), "c" * 43)
    assert sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"), browser)
    with pytest.raises(TooManyError):  # what it knows is one account, not another
        sessions.sign_in("li", _PASSWORD, Source(None, "10.1.1.1"), browser)
    # A browser that was stolen guesses no more than others.
    _fail("wang", "10.1.1.1", limits.BROWSER_FREE, browser)
    with pytest.raises(TooManyError):
        sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"), browser)


def test_the_sign_in_page_remembers_the_browser(client: TestClient, wang: Database):
    page = client.get("/sign-in")
    field = page.text.split('name="field" value="')[1].split('"')[0]
    went = client.post("/sign-in", data={"name": "wang", "password": _PASSWORD, "field": field})
    assert went.status_code == 303
    cookie = went.cookies["gis_browser"]
    assert sessions.browser_of("WANG", cookie) is not None
    assert sessions.browser_of("li", cookie) is None
    assert in_a_loop(sessions.of_secret(cookie)) is None, "it opens nothing"


def test_a_command_opens_a_name(wang: Database):
    _fail("wang", "10.1.1.1", limits.PAIR_FREE + 1)
    with pytest.raises(TooManyError):
        sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"))
    assert wang.cli("user", "open", "wang").code == 0
    assert sessions.sign_in("wang", _PASSWORD, Source(None, "10.1.1.1"))
    assert wang.cli("user", "open", "nobody").code == 1


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", "10.9.9.9", "203.0.113.9"),  # no proxy of ours: its word counts for nothing
        ("10.0.0.2", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "1.1.1.1, 198.51.100.7", "198.51.100.7"),  # what the client wrote itself stands left
        ("10.0.0.2", "198.51.100.7, 10.0.0.3", "198.51.100.7"),
        ("10.0.0.2", "198.51.100.7, nonsense", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.2", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_a_forwarded_address_counts_from_a_named_proxy_alone(
    monkeypatch: pytest.MonkeyPatch, peer: str, forwarded: str, client: str
):
    monkeypatch.setenv("GIS_PROXIES", "10.0.0.2, 10.0.0.3")
    get_settings.cache_clear()
    try:
        headers = [(b"x-forwarded-for", forwarded.encode()), (b"x-forwarded-proto", b"https")]
        scope = {"client": (peer, 5), "scheme": "http", "headers": headers}
        take_forwarded(scope)
    finally:
        get_settings.cache_clear()
    assert scope["client"][0] == client
    assert (scope["scheme"] == "https") == (peer != "203.0.113.9")


def test_a_proxy_is_named_by_its_address():
    assert Settings(proxies="10.0.0.0/8").proxies == "10.0.0.0/8"
    with pytest.raises(ValueError, match="proxies"):
        Settings(proxies="proxy.example")


@pytest.mark.parametrize(
    ("headers", "basic"),
    [
        ({}, True), ({"User-Agent": "curl/8"}, True), ({"User-Agent": "Mozilla/5.0 QGIS/33400/Linux"}, True),
        ({"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/120"}, False), ({"Sec-Fetch-Mode": "cors"}, False),
    ],
)  # fmt: skip
def test_only_programs_are_asked_for_basic(client: TestClient, headers: dict[str, str], basic: bool):
    answer = client.get("/api/account", headers={"User-Agent": "x", **headers})
    assert answer.status_code == 401
    assert ("Basic" in answer.headers["www-authenticate"]) == basic
