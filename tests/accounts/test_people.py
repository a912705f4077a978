"""Accounts by hand and by the administrator's page: what is refused, what is shown once, what ends at once."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest

from gis_service.accounts import people
from gis_service.accounts.first import demo_file, ensure_accounts
from gis_service.db.engine import transaction
from gis_service.errors import InputError
from gis_service.identity import Role, operator
from tests.accounts.conftest import PAGE, PASSWORD, csrf_of, enter, make_account
from tests.conftest import Database, signed_in


def _listed() -> dict[str, people.Account]:
    with transaction(operator(), read_only=True) as connection:
        return {a.name: a for a in people.listed(connection)}


def test_by_hand(county: Database, browser_of: Any):
    said = county.process(
        "user", "add", "Wang", "--role", "township", "--place", "451224100", "--person", stdin=f"{PASSWORD}\n"
    )
    assert said.code == 0, said.err
    assert PASSWORD not in said.out + said.err
    account = _listed()["wang"]
    assert (account.role, account.place, account.person, account.has_password) == ("township", "451224100", True, True)
    client = browser_of()
    assert enter(client).status_code == 303
    assert "wang" in county.cli("user", "list").out

    said = county.cli("user", "password", "wang", "--generate")
    made = said.out.splitlines()[-1]
    assert client.get("/api/account").status_code == 401, "the session ended"
    assert enter(client).status_code == 401
    assert enter(client, password=made).status_code == 303
    assert county.cli("user", "disable", "WANG").code == 0
    assert client.get("/api/account").status_code == 401
    assert enter(client, password=made).status_code == 401
    assert county.cli("user", "enable", "wang").code == 0
    assert enter(client, password=made).status_code == 303

    said = county.cli("user", "token", "wang", "--title", "QGIS", "--right", "read", "--days", "7")
    secret = said.out.splitlines()[-1]
    assert secret.startswith("gst_")
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/account", headers=headers).status_code == 200
    number = re.search(r"^ *(\d+) .*QGIS", county.cli("user", "tokens", "wang").out, re.MULTILINE)[1]
    assert county.cli("user", "revoke", "wang", number).code == 0
    assert county.cli("user", "revoke", "wang", number).code == 1
    assert client.get("/api/account", headers=headers).status_code == 401
    actions = [
        a for (a,) in county.ask("SELECT action FROM gis.audit_trail WHERE account LIKE 'cli:%%' ORDER BY entry_id")
    ]
    assert actions == [
        "account_added",
        "password_changed",
        "account_disabled",
        "account_enabled",
        "token_made",
        "token_revoked",
    ]
    told = county.one("SELECT string_agg(t::text, ' ') FROM gis.audit_trail AS t")
    assert made not in told
    assert secret not in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x", "--role", "planner"), "2 to 40"), (("有人", "--role", "planner"), "2 to 40"), (("a b", "--role", "planner"), "2 to 40"),
        (("w" * 41, "--role", "planner"), "2 to 40"), (("<b>", "--role", "planner"), "2 to 40"),
        (("li", "--role", "township"), "9-digit"), (("li", "--role", "township", "--place", "451224999"), "9-digit"),
        (("li", "--role", "township", "--place", "451224"), "9-digit"), (("li", "--role", "township", "--place", "451224100201"), "9-digit"),
        (("li", "--role", "village", "--place", "451224100"), "12-digit"), (("li", "--role", "planner", "--place", "451224100"), "no place"),
        (("li", "--role", "department"), "names it"), (("li", "--role", "fire", "--department", "fire"), "names it"),
        (("wang", "--role", "planner"), "already"), (("WANG", "--role", "planner"), "already"),
    ],
)  # fmt: skip
def test_accounts_that_are_refused(county: Database, arguments: tuple[str, ...], says: str):
    make_account()
    said = county.cli("user", "add", *arguments, "--generate")
    assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert says in said.err
    assert len(_listed()) == 1
    assert county.one("SELECT count(*) FROM gis.audit_trail") == 0


def test_commands_that_are_refused(county: Database):
    make_account("boss", Role.ADMINISTRATOR)
    assert county.cli("user", "add", "li", "--role", "king").code == 2
    assert county.cli("user", "add", "li", "--role", "department", "--department", "nobody").code == 2
    for arguments in (("disable", "nobody"), ("enable", "nobody"), ("tokens", "nobody"), ("password", "nobody", "--generate"),
                      ("token", "nobody", "--title", "t"), ("revoke", "boss", "1")):  # fmt: skip
        said = county.cli("user", *arguments)
        assert (said.code, said.err.count("\n")) == (1, 1), arguments
    said = county.cli("user", "disable", "boss")
    assert said.code == 1
    assert "last administrator" in said.err
    for given in ("", "\n", "short\n", "boss is here 1\n"):
        said = county.cli("user", "password", "boss", stdin=given)
        assert (said.code, said.err.count("\n")) == (1, 1), given
    assert county.cli("user", "token", "boss", "--title", "t", "--days", "366").code == 2
    assert county.cli("user", "token", "boss", "--title", "t", "--right", "fly").code == 1


def test_by_the_page(county: Database, browser_of: Any):
    make_account("boss", Role.ADMINISTRATOR)
    client = browser_of()
    enter(client, "boss")
    csrf = csrf_of(client)
    form = {"csrf": csrf, "name": "Li", "role": "village", "place": "451224100201", "person": "true"}
    page = client.post("/accounts", data=form)
    assert page.status_code == 201
    made = page.text.split('<code class="secret">')[1].split("<")[0]
    assert "江平村" in page.text
    assert made not in client.get("/accounts", headers=PAGE).text
    assert enter(browser_of(), "li", made).status_code == 303
    again = client.post("/accounts", data=form)
    assert again.status_code == 409
    assert 'value="451224100201"' in again.text, "what was typed is kept"
    evil = "<script>alert(1)</script>"
    refused = client.post("/accounts", data=form | {"name": evil, "role": evil, "place": evil})
    assert refused.status_code == 422
    assert evil not in refused.text
    page = client.post("/accounts/li/password", data={"csrf": csrf})
    new = page.text.split('<code class="secret">')[1].split("<")[0]
    other = browser_of()
    assert enter(other, "li", new).status_code == 303
    assert client.post("/accounts/li/disable", data={"csrf": csrf}).status_code == 200
    assert other.get("/api/account").status_code == 401
    assert client.post("/accounts/boss/disable", data={"csrf": csrf}).status_code == 409
    assert client.post("/accounts/nobody/disable", data={"csrf": csrf}).status_code == 404
    assert client.post("/accounts/li/fly", data={"csrf": csrf}).status_code == 422
    assert client.get("/accounts?tokens=li", headers=PAGE).status_code == 200
    assert client.get("/accounts?lang=en", headers=PAGE).status_code == 200


def test_by_programs(county: Database, browser_of: Any):
    client = browser_of()
    client.headers.update(signed_in(county))
    made = client.post("/api/accounts", json={"name": "li", "role": "department", "department": "fire"})
    assert made.status_code == 201
    assert enter(browser_of(), "li", made.json()["password"]).status_code == 303
    assert made.headers["cache-control"] == "no-store"
    listed = client.get("/api/accounts").json()["items"]
    assert {a["name"]: a["password"] for a in listed}["li"] is None
    own = client.post("/api/accounts", json={"name": "zhao", "role": "planner", "password": PASSWORD})
    assert own.json()["password"] is None
    assert (
        client.post("/api/accounts", json={"name": "qian", "role": "planner", "no_password": True}).json()[
            "has_password"
        ]
        is False
    )
    token = client.post("/api/accounts/zhao/tokens", json={"title": "t", "rights": ["read"], "days": 1}).json()
    assert browser_of().get("/api/account", headers={"Authorization": f"Bearer {token['secret']}"}).status_code == 200
    assert [t["secret"] for t in client.get("/api/accounts/zhao/tokens").json()] == [None]
    assert client.delete(f"/api/accounts/zhao/tokens/{token['token_id']}").status_code == 204
    assert client.delete(f"/api/accounts/zhao/tokens/{token['token_id']}").status_code == 404
    assert client.post("/api/accounts/zhao/disable").json()["disabled_at"]
    for bad in (
        {}, {"name": "x1"}, {"name": "x1", "role": "king"}, {"name": "a\0b", "role": "planner"}, {"name": "x1", "role": "planner", "extra": 1},
        {"name": "x1", "role": "planner", "password": "short"}, {"name": "x1", "role": "township", "place": "1' OR '1'='1"},
        {"name": "x1", "role": "planner", "subject": "\ud800"}, {"name": "x" * 41, "role": "planner"},
    ):  # fmt: skip
        said = client.post(
            "/api/accounts", content=__import__("json").dumps(bad), headers={"Content-Type": "application/json"}
        )
        assert said.status_code in {400, 422}, bad
        assert set(said.json()) == {"error"}
    for role in (r for r in Role if r is not Role.ADMINISTRATOR):
        more: dict[str, Any] = {
            "township": {"place": "451224100"},
            "village": {"place": "451224100201"},
            "department": {"department": "fire"},
        }
        headers = signed_in(county, role.value, **more.get(role.value, {}))
        for method, path in (
            ("GET", "/api/accounts"),
            ("GET", "/accounts"),
            ("POST", "/api/accounts"),
            ("POST", "/api/accounts/li/password"),
        ):
            assert client.request(method, path, headers=headers, json={}).status_code == 403, (role, path)


def test_an_account_of_no_right_role_reads_no_account(county: Database):
    for role in (r for r in Role if r is not Role.ADMINISTRATOR):
        for table in ("account", "session", "token", "sign_in_attempt"):
            held = county.one("SELECT has_any_column_privilege(%s, %s, 'SELECT')", role.database_role, f"gis.{table}")
            assert not held, (role, table)
    assert not county.one("SELECT has_column_privilege('gis_administrator', 'gis.account', 'password_hash', 'SELECT')")


def test_the_first_start(county: Database, capsys: pytest.CaptureFixture[str], browser_of: Any):
    county.ask("UPDATE gis.building SET simulated = true")
    ensure_accounts(demo=True)
    said = capsys.readouterr().out
    password = re.search(r"(\w{4}-\w{4}-\w{4}-\w{4})", said)[1]
    assert enter(browser_of(), "admin", password).status_code == 303
    file = demo_file()
    try:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        demos = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
        assert {role for _, _, role, _ in demos} == {r.value for r in Role} - {"administrator"}
        for name, secret, role, _ in demos:
            client = browser_of()
            assert enter(client, name, secret).status_code == 303, name
            assert client.get("/api/account").json()["role"] == role
            assert secret in said
        ensure_accounts(demo=True)
        again = capsys.readouterr().out
        assert password not in again, "shown once"
        assert demos[0][1] in again, "the demo's at every start"
        assert len(_listed()) == 7
        county.ask("UPDATE gis.building SET simulated = false WHERE building_id = 'H1'")
        ensure_accounts(demo=True)
        assert not file.exists()
        assert {a.name for a in _listed().values() if a.disabled_at is None} == {"admin"}
    finally:
        file.unlink(missing_ok=True)


def test_the_first_administrators_password_is_ones_own(
    county: Database, capsys: pytest.CaptureFixture[str], browser_of: Any
):
    with county.active(GIS_ADMIN_PASSWORD="short"), pytest.raises(InputError):
        ensure_accounts(demo=False)
    assert _listed() == {}
    with county.active(GIS_ADMIN_PASSWORD=PASSWORD):
        ensure_accounts(demo=True)
    assert PASSWORD not in capsys.readouterr().out
    assert enter(browser_of(), "admin").status_code == 303
    assert set(_listed()) == {"admin"}, "houses that are real have no demo accounts"
    assert not demo_file().exists()


def test_files_made_by_hand_say_who(county: Database, tmp_path: Path):
    out = tmp_path / "l.geojson"
    county.judge("true", "severe")
    assert county.cli("select", "--rule", "hazard", "--out", out).code == 0
    assert '"exported": {"account": "cli:' in out.read_text(encoding="utf-8")
    assert county.ask("SELECT action, object FROM gis.audit_trail ORDER BY entry_id") == [
        ("selected", "run 1"),
        ("exported", "l.geojson"),
    ]
