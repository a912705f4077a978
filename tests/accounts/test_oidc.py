"""Signing in through a real provider on loopback: the good way, and every way in which its proof may not hold."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gis_service.accounts import oidc
from gis_service.settings import ROOT
from tests.accounts.conftest import PAGE, make_account
from tests.conftest import Database


@contextlib.contextmanager
def _provider(*arguments: str) -> Iterator[dict[str, str]]:
    """The settings that point at a running provider."""
    oidc._fetched.cache_clear()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.accounts.provider", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        yield {"GIS_OIDC_ISSUER": process.stdout.readline().strip(), "GIS_OIDC_CLIENT_ID": "gis",
               "GIS_OIDC_CLIENT_SECRET": "hush-client"}  # fmt: skip
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _there_and_back(client: Any, next_: str = "/account") -> Any:
    sent = client.get("/sign-in/oidc", params={"next": next_})
    assert sent.status_code == 303, sent.text
    back = httpx.get(sent.headers["location"], follow_redirects=False).headers["location"]
    return client.get(urlsplit(back).path + "?" + urlsplit(back).query, headers=PAGE)


def test_the_good_way(county: Database, browser_of: Any):
    make_account("wang", password=None, oidc_subject="person-1")
    with _provider("person-1") as settings, county.active(**settings):
        client = browser_of()
        assert "统一身份认证" in client.get("/sign-in", headers=PAGE).text
        entered = _there_and_back(client, "/account?x=1")
        assert (entered.status_code, entered.headers["location"]) == (303, "/account?x=1")
        assert client.get("/api/account").json()["account"] == "wang"
        assert _there_and_back(browser_of(), "//evil.example").headers["location"] == "/"
        # Somebody else's browser, or the same one twice, finishes nothing.
        sent = client.get("/sign-in/oidc")
        back = urlsplit(httpx.get(sent.headers["location"], follow_redirects=False).headers["location"])
        assert browser_of().get(f"{back.path}?{back.query}", headers=PAGE).status_code == 401
        assert client.get(f"{back.path}?{back.query}", headers=PAGE).status_code == 303
        assert client.get(f"{back.path}?{back.query}", headers=PAGE).status_code == 401
        county.ask("UPDATE gis.account SET disabled_at = now()")
        refused = _there_and_back(browser_of())
        assert refused.status_code == 401
        assert "系统管理员" in refused.text
    assert (
        county.one("SELECT count(*) FROM gis.audit_trail WHERE action = 'signed_in' AND details ->> 'by' = 'oidc'") == 3
    )


@pytest.mark.parametrize("fault", ["aud", "nonce", "exp", "iss", "azp", "key", "unsigned", "nothing"])
def test_a_proof_that_does_not_hold(county: Database, browser_of: Any, fault: str):
    make_account("wang", password=None, oidc_subject="person-1")
    with _provider("person-1", fault) as settings, county.active(**settings):
        client = browser_of()
        assert _there_and_back(client).status_code == 401
        assert client.get("/api/account").status_code == 401


def test_nobody_is_made_by_signing_in(county: Database, browser_of: Any):
    make_account("person-9", password=None)
    with _provider("person-9") as settings, county.active(**settings):
        assert _there_and_back(browser_of()).status_code == 401, "a name is no subject"
    assert county.one("SELECT count(*) FROM gis.account") == 1


def test_a_provider_in_anothers_name_or_none(county: Database, browser_of: Any):
    with _provider("x", "issuer") as settings, county.active(**settings):
        assert browser_of().get("/sign-in/oidc").status_code == 401
    oidc._fetched.cache_clear()
    with county.active(GIS_OIDC_ISSUER="http://127.0.0.1:9", GIS_OIDC_CLIENT_ID="gis"):
        refused = browser_of().get("/sign-in/oidc")
        assert refused.status_code == 503
        assert "没有应答" in refused.text
    assert browser_of().get("/sign-in/oidc").status_code == 503, "off by default"
    assert "统一身份认证" not in browser_of().get("/sign-in").text
