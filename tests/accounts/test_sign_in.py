"""Signing in: one answer to whatever is wrong, storms that hit only themselves, sessions that end when they must."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from gis_service.accounts import limits, passwords, people, sessions
from gis_service.accounts.audit_log import Source
from gis_service.api.http.forms import local_path
from gis_service.db.engine import transaction
from gis_service.errors import InputError, SignInError, TooManyError
from gis_service.identity import Role, operator
from tests.accounts.conftest import PAGE, PASSWORD, csrf_of, enter, field, make_account
from tests.conftest import Database


@pytest.mark.usefixtures("full_cost")
def test_in_and_out(county: Database, browser_of: Any):
    make_account("wang", Role.TOWNSHIP, place="451224100")
    client = browser_of()
    sent = client.get("/account?x=1", headers=PAGE)
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Fx%3D1")
    entered = enter(client, "WANG", next_="/account?x=1")
    assert (entered.status_code, entered.headers["location"]) == (303, "/account?x=1")
    cookie = next(c for c in entered.headers.get_list("set-cookie") if c.startswith("gis_session="))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    secret = client.cookies["gis_session"]
    assert (
        county.ask("SELECT secret_sha256 FROM gis.session", role="postgres")[0][0].hex()
        == sessions.digest(secret).hex()
    )
    assert client.get("/api/account").json() | {"rights": 0} == {
        "account": "wang", "role": "township", "place": "451224100", "department": None, "rights": 0,
    }  # fmt: skip
    left = client.post("/sign-out", data={"csrf": csrf_of(client)})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    client.cookies.set("gis_session", secret)
    assert client.get("/api/account").status_code == 401, "the secret is worth nothing any more"
    assert county.ask("SELECT action, account, place, address FROM gis.audit_trail ORDER BY 1") == [
        ("signed_in", "wang", "451224100", "testclient"), ("signed_out", "wang", "451224100", "testclient"),
    ]  # fmt: skip


def test_by_https_the_cookie_goes_by_https_only(county: Database, browser_of: Any):
    make_account()
    client = browser_of()
    with county.active(GIS_HTTPS="true"):
        client.base_url = "https://testserver"
        cookie = next(c for c in enter(client).headers.get_list("set-cookie") if "session" in c)
    assert cookie.startswith("__Host-gis_session=")
    assert "Secure" in cookie


@pytest.mark.parametrize(
    ("name", "password"),
    [("wang", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD), ("tokenonly", PASSWORD), ("", ""), ("a\0b", "x"),
     ("x" * 1500, "y"), ("wang", "y" * 1900), ("wang'--", "' OR 1=1"), ("wang", f"{PASSWORD} "), ("﻿wang\u200b", PASSWORD)],
)  # fmt: skip
def test_one_answer_to_whatever_is_wrong(
    county: Database, browser_of: Any, monkeypatch: pytest.MonkeyPatch, name: str, password: str
):
    """Not by a clock: the same work is done, one verification of an argon2 hash with today's parameters."""
    make_account()
    make_account("off")
    make_account("tokenonly", password=None)
    with transaction(operator()) as connection:
        people.disable(connection, "off")
    verified: list[str] = []
    real = passwords._HASHER

    class Watching:
        def __getattr__(self, which: str) -> Any:
            return getattr(real, which)

        def verify(self, hashed: str, given: str) -> bool:
            verified.append(hashed)
            return real.verify(hashed, given)

    monkeypatch.setattr(passwords, "_HASHER", Watching())
    refused = enter(browser_of(), name, password)
    assert refused.status_code == 401
    assert "账号或密码不对。" in refused.text
    assert len(verified) == 1
    assert not real.check_needs_rehash(verified[0])
    assert county.one("SELECT count(*) FROM gis.session") == 0
    # A name that is none may be a password in the wrong field.
    told = county.ask("SELECT action, account FROM gis.audit_trail")
    assert told == [("sign_in_failed", name if name in {"wang", "off", "tokenonly"} else "?")]


def test_a_storm_hits_only_itself(county: Database, browser_of: Any):
    make_account()
    make_account("li")
    client = browser_of()
    said = [enter(client, password=f"guess {k}") for k in range(limits.PAIR_FREE)]
    # The first wait is two seconds, as long as a busy machine may need to verify one password: here it is an hour.
    locked = county.ask("UPDATE gis.sign_in_attempt SET open_at = now() + interval '1 h' WHERE failures >= %s AND key LIKE "
                        "'p %%' RETURNING key", limits.PAIR_FREE)  # fmt: skip
    assert locked == [("p wang testclient",)]
    said += [enter(client, password=f"guess {k}") for k in range(3)]
    assert [s.status_code for s in said] == [401] * limits.PAIR_FREE + [429] * 3
    assert int(said[-1].headers["retry-after"]) >= 1
    assert "秒后再试" in said[-1].text
    assert enter(client).status_code == 429, "nor does the right password help who is guessing"
    assert enter(client, "li").status_code == 303, "another account at the same address"
    assert sessions.sign_in("wang", PASSWORD, Source(None, "10.0.0.9")).principal.identity.account == "wang", (
        "from elsewhere"
    )
    assert county.one("SELECT count(*) FROM gis.audit_trail WHERE action = 'sign_in_locked'") == 1
    assert county.one("SELECT count(*) FROM gis.audit_trail WHERE action = 'sign_in_failed'") == limits.PAIR_FREE - 1


def test_the_wait_doubles_and_is_forgotten(county: Database):
    grown = []
    for _ in range(limits.PAIR_FREE + 12):
        county.ask("UPDATE gis.sign_in_attempt SET open_at = now()")
        grown.append(limits.attempt("wang", "10.0.0.1").follows_s)
    assert grown == [0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    with pytest.raises(TooManyError) as refused:
        limits.attempt("wang", "10.0.0.1")
    assert 890 <= refused.value.details["retry_after_s"] <= 900
    county.ask("UPDATE gis.sign_in_attempt SET last_at = now() - interval '61 min', open_at = now()")
    assert limits.attempt("wang", "10.0.0.1").follows_s == 0


def test_many_at_once_do_not_slip_through(county: Database):
    let: list[int] = []
    refused: list[int] = []

    def one() -> None:
        try:
            limits.attempt("wang", "10.0.0.1")
            let.append(1)
        except TooManyError:
            refused.append(1)

    threads = [threading.Thread(target=one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let) + len(refused) == 16
    assert len(let) == limits.PAIR_FREE


def test_one_password_on_many_names(county: Database):
    for k in range(limits.ADDRESS_FREE):
        limits.attempt(f"name{k}", "2001:db8::1")
    with pytest.raises(TooManyError):
        limits.attempt("another", "2001:db8::ffff")  # the same /64
    assert limits.attempt("another", "2001:db8:0:1::1").follows_s == 0


def test_what_is_counted_is_bounded(county: Database):
    county.ask("INSERT INTO gis.sign_in_attempt SELECT 'n ' || n, 1, now(), now() FROM generate_series(1, 12000) AS n")
    limits.attempt("wang", "10.0.0.1")
    assert county.one("SELECT count(*) FROM gis.sign_in_attempt") <= 10_000


def test_sessions_end(county: Database, browser_of: Any):
    make_account()
    for end in (
        "UPDATE gis.session SET ends_at = now()",
        "UPDATE gis.session SET seen_at = now() - interval '61 min'",
        "UPDATE gis.account SET disabled_at = now()",
        "UPDATE gis.account SET person = NOT person",
        "DELETE FROM gis.session",
    ):
        county.ask("UPDATE gis.account SET disabled_at = NULL WHERE disabled_at IS NOT NULL")
        client = browser_of()
        assert enter(client).status_code == 303
        assert client.get("/api/account").status_code == 200
        county.ask(end)
        answer = client.get("/api/account")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), end
        assert "Bearer" in answer.headers["www-authenticate"]


def test_a_session_lives_while_it_is_used(county: Database, browser_of: Any):
    make_account()
    client = browser_of()
    enter(client)
    for _ in range(3):
        county.ask("UPDATE gis.session SET seen_at = seen_at - interval '50 min'")
        assert client.get("/api/account").status_code == 200
    assert county.one("SELECT now() - seen_at < interval '1 min' FROM gis.session")


def test_a_planted_session_is_not_taken_over(county: Database, browser_of: Any):
    make_account()
    client = browser_of()
    enter(client)
    planted = client.cookies["gis_session"]
    enter(client)
    assert client.cookies["gis_session"] != planted
    other = browser_of()
    other.cookies.set("gis_session", planted)
    assert other.get("/api/account").status_code == 401


@pytest.mark.parametrize("secret", ["x", "", "x" * 5000, "'; DROP TABLE gis.session; --", "gst_x", "%00"])
def test_cookies_that_are_none(county: Database, browser_of: Any, secret: str):
    client = browser_of()
    assert client.get("/api/account", headers={"Cookie": f"gis_session={secret}"}).status_code == 401


def test_cross_site_and_replayed_forms(county: Database, browser_of: Any):
    make_account("boss", Role.ADMINISTRATOR)
    client = browser_of()
    # The sign-in form itself: of another site, without its field, with another browser's field.
    assert enter(client, "boss", origin="http://evil.example").status_code == 403
    assert enter(client, "boss", **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.post("/sign-in", data={"name": "boss", "password": PASSWORD}).status_code == 403
    strange = field(browser_of().get("/sign-in").text, "field")
    form = {"name": "boss", "password": PASSWORD, "field": strange}
    assert client.post("/sign-in", data=form).status_code == 403
    assert enter(client, "boss").status_code == 303
    csrf = csrf_of(client)
    before = county.counts()
    new = {"name": "evil", "role": "planner"}
    bad = [
        {}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": csrf, "Origin": "http://evil.example"},
        {"X-CSRF-Token": csrf, "Origin": "null"}, {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": csrf, "Sec-Fetch-Site": "same-site"}, {"X-CSRF-Token": csrf + "x"},
    ]  # fmt: skip
    for headers in bad:
        answer = client.post("/api/accounts", json=new, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), headers
        assert client.post("/accounts", data=new, headers=headers).status_code == 403
        assert client.post("/api/selections", json={}, headers=headers).status_code == 403
        assert client.request("DELETE", "/api/areas/1", headers=headers).status_code == 403
        assert client.post("/sign-out", headers=headers).status_code == 403
    assert client.post("/accounts", data=new | {"csrf": "x"}).status_code == 403
    assert county.counts() == before
    good = {"X-CSRF-Token": csrf, "Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/accounts", json=new, headers=good).status_code == 201
    # The same form again after signing out and in: the session's secret is another.
    client.post("/sign-out", data={"csrf": csrf})
    enter(client, "boss")
    assert client.post("/accounts", data=new | {"csrf": csrf}).status_code == 403


@pytest.mark.parametrize(
    "evil",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)",
     "evil.example", "///evil.example", "http:evil", "/\r\nSet-Cookie: a=b", " //evil.example", "", "/sign-out", "/" + "x" * 3000],
)  # fmt: skip
def test_no_open_redirect(county: Database, browser_of: Any, evil: str):
    make_account()
    assert local_path(evil) == "/"
    answer = enter(browser_of(), next_=evil) if len(evil) < 2000 else None
    assert answer is None or answer.headers["location"] == "/"


def test_a_local_path_is_kept():
    for path in ("/map/fire/3?run=2&lang=en", "/api/docs#x", "/audit-trail?account=%E5%BC%A0"):
        assert local_path(path) == path


@pytest.mark.parametrize(
    "bad", ["short", "password123", "wangwang12", "WangIsHere99", "1234567890", "aaaaaaaaaaaa", "Admin123456", "qwerty123456", "x" * 201]
)  # fmt: skip
def test_passwords_that_are_refused(bad: str):
    with pytest.raises(InputError):
        passwords.check(bad, "wang")


def test_passwords_that_will_do():
    for good in (PASSWORD, "四个不相关的词连成一句话", passwords.make()):
        passwords.check(good, "wang")
    assert len({passwords.make() for _ in range(100)}) == 100


@pytest.mark.usefixtures("full_cost")
def test_a_hash_costs_what_rfc_9106_asks_for():
    """Its second recommended option, for an unknown name too."""
    hashed = passwords.hash_(PASSWORD)
    for one in (hashed, passwords._nobody()):
        found = extract_parameters(one)
        assert (found.type, found.time_cost, found.memory_cost) == (Type.ID, 3, 64 * 1024)
        assert not passwords.outdated(one)
    assert passwords.verify(hashed, PASSWORD)
    assert not passwords.verify(hashed, f"{PASSWORD} ")
    assert not passwords.verify(None, PASSWORD)


@pytest.mark.usefixtures("full_cost")
def test_an_old_hash_is_made_anew(county: Database):
    account = make_account()
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    county.ask("UPDATE gis.account SET password_hash = %s WHERE account_id = %s", weak, account.account_id)
    sessions.sign_in("wang", PASSWORD, Source())
    stored = county.one("SELECT password_hash FROM gis.account")
    assert stored != weak
    assert passwords.verify(stored, PASSWORD)
    assert county.one("SELECT count(*) FROM gis.session") == 1, "nobody is signed out by that"


def test_passwords_are_nowhere(county: Database, browser_of: Any, caplog: pytest.LogCaptureFixture):
    make_account()
    hush = "hush-hush-77-Quartz"
    with caplog.at_level(logging.DEBUG):
        client = browser_of()
        texts = [enter(client, "wang", hush).text, enter(client, hush, hush[:12]).text.replace(f'value="{hush}"', "")]
        enter(client)
        form = {"old": hush, "new": f"{hush}x", "again": f"{hush}y", "csrf": csrf_of(client)}
        texts.append(client.post("/account/password", data=form).text)
        with pytest.raises(SignInError) as refused:
            sessions.sign_in("wang", hush, Source(None, "10.9.9.9"))
    trail = county.one("SELECT string_agg(t::text, ' ') FROM gis.audit_trail AS t")
    for where in (*texts, caplog.text, trail, str(refused.value), repr(refused.value.details)):
        assert hush not in where


def test_changing_ones_own_password(county: Database, browser_of: Any):
    make_account()
    here, elsewhere = browser_of(), browser_of()
    enter(here)
    enter(elsewhere)
    new = "another long sentence"

    def change(old: str, first: str, second: str) -> int:
        form = {"old": old, "new": first, "again": second, "csrf": csrf_of(here)}
        return here.post("/account/password", data=form).status_code

    assert change("wrong", new, new) == 422
    assert change(PASSWORD, new, new + "x") == 422
    assert change(PASSWORD, "wang123", "wang123") == 422
    assert change(PASSWORD, new, new) == 303
    assert here.get("/api/account").status_code == 200
    assert elsewhere.get("/api/account").status_code == 401
    assert enter(browser_of()).status_code == 401
    assert enter(browser_of(), password=new).status_code == 303
