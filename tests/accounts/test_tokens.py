"""Tokens: as Bearer and as QGIS sends them, limited, over when they are over, worth nothing once altered."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gis_service.accounts import tokens
from gis_service.db.engine import transaction
from gis_service.errors import InputError
from gis_service.identity import Right, Role, operator
from tests.accounts.conftest import PAGE, csrf_of, enter, make_account
from tests.conftest import Database


def _token(name: str = "wang", rights: tuple[Right, ...] = (Right.READ,), days: int = 30, **more: Any) -> str:
    account = make_account(name, **more)
    with transaction(operator()) as connection:
        return tokens.make(connection, account.account_id, "t", rights, days)[1]


def _basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_both_ways(county: Database, browser_of: Any):
    secret = _token()
    client = browser_of()
    for headers in ({"Authorization": f"Bearer {secret}"}, _basic("wang", secret), _basic("WANG", secret)):
        said = client.get("/api/account", headers=headers).json()
        assert (said["account"], said["rights"]) == ("wang", ["read"])
        assert client.get("/collections/building/items", headers=headers).status_code == 200
    assert "set-cookie" not in client.get("/api/account", headers=_basic("wang", secret)).headers
    kept = county.one("SELECT string_agg(t::text, ' ') FROM gis.token AS t", role="postgres")
    assert secret not in kept
    assert county.one("SELECT used_at IS NOT NULL FROM gis.token")


def test_a_token_needs_no_csrf_and_does_no_more_than_it_says(county: Database, browser_of: Any):
    headers = {"Authorization": f"Bearer {_token(rights=(Right.READ, Right.SELECT))}"}
    client = browser_of()
    assert client.post("/api/selections", json={}, headers=headers).status_code == 201
    for method, path in (("GET", "/api/selections/1/export"), ("POST", "/api/areas"), ("GET", "/api/audit-trail")):
        assert client.request(method, path, headers=headers, json={}).status_code == 403, path
    # A token makes no tokens and changes no password: who finds it cannot stay.
    for path in ("/account/tokens", "/account/password", "/account/tokens/1/revoke"):
        assert client.post(path, headers=headers, data={"title": "x"}).status_code == 403, path


@pytest.mark.parametrize(
    "end",
    ["UPDATE gis.token SET created_at = now() - interval '2 d', ends_at = now() - interval '1 s'",
     "UPDATE gis.token SET revoked_at = now()", "UPDATE gis.account SET disabled_at = now()", "DELETE FROM gis.token"],
)  # fmt: skip
def test_it_ends(county: Database, browser_of: Any, end: str):
    headers = {"Authorization": f"Bearer {_token()}"}
    client = browser_of()
    assert client.get("/api/account", headers=headers).status_code == 200
    county.ask(end)
    answer = client.get("/api/account", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_altered_and_foreign_ones(county: Database, browser_of: Any):
    secret = _token()
    make_account("li")
    client = browser_of()
    bad = [
        f"Bearer {secret[:-1]}", f"Bearer {secret}x", f"Bearer {secret.upper()}", "Bearer", "Bearer ", "Basic", "Basic !!!", "Digest a",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), _basic("li", secret)["Authorization"], "Bearer " + "x" * 5000,
        _basic("", secret)["Authorization"], _basic("wang", "correct horse battery")["Authorization"], f"Bearer {secret}\u00e9",
    ]  # fmt: skip
    for header in bad:
        answer = client.get("/api/account", headers={"Authorization": header.encode("latin-1")})
        assert answer.status_code == 401, header
    # A header that is wrong is not mended by a cookie that is right.
    enter(client)
    assert client.get("/api/account").status_code == 200
    assert client.get("/api/account", headers={"Authorization": "Bearer gst_nothing"}).status_code == 401


def test_a_token_of_a_disabled_right_is_cut_with_it(county: Database, browser_of: Any):
    secret = _token(rights=(Right.READ, Right.PERSON), role=Role.PLANNER, person=True)
    county.ask("UPDATE gis.account SET person = false")
    answer = browser_of().get("/api/buildings/H1/person", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403


def test_what_cannot_be_made(county: Database):
    account = make_account()
    with pytest.raises(InputError, match="accounts"):
        tokens.rights_of(["read", "accounts"], Role.PLANNER, person=False)
    for names in ([], ["", " "], ["person"], ["x" * 1000], ["读"]):
        with pytest.raises(InputError):
            tokens.rights_of(names, Role.PLANNER, person=False)
    with transaction(operator()) as connection:
        for title, days in (("", 5), (" ", 5), ("x" * 101, 5), ("a\nb", 5), ("a\0b", 5), ("t", 0), ("t", 366)):
            with pytest.raises(InputError):
                tokens.make(connection, account.account_id, title, [Right.READ], days)


def test_on_ones_own_page(county: Database, browser_of: Any):
    make_account()
    make_account("li")
    client, other = browser_of(), browser_of()
    enter(client)
    enter(other, "li")
    evil = "<img src=x onerror=alert(1)>"
    form = {"title": evil, "days": "5", "right": ["read", "export"], "csrf": csrf_of(client)}
    page = client.post("/account/tokens", data=form)
    secret = page.text.split('<code class="secret">')[1].split("<")[0]
    assert evil not in page.text
    assert "&lt;img" in page.text
    headers = {"Authorization": f"Bearer {secret}"}
    fresh = browser_of()
    assert fresh.get("/api/account", headers=headers).status_code == 200
    assert secret not in client.get("/account", headers=PAGE).text
    number = county.one("SELECT token_id FROM gis.token")
    assert other.post(f"/account/tokens/{number}/revoke", data={"csrf": csrf_of(other)}).status_code == 404
    assert fresh.get("/api/account", headers=headers).status_code == 200
    assert client.post(f"/account/tokens/{number}/revoke", data={"csrf": csrf_of(client)}).status_code == 303
    assert fresh.get("/api/account", headers=headers).status_code == 401
    assert client.post("/account/tokens", data=form | {"right": ["accounts"]}).status_code == 422
