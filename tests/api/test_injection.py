"""What somebody wrote, as a name, an address, a note, a title, stays what it is: text.

In SQL, in pages, in sheets, in file names, in headers, in logs, in the audit trail.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pyogrio
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gis_service import logs
from tests.conftest import Database, own_logging, session_of, signed_in
from tests.ingest.make import houses, put

EVIL = [
    "'; DROP TABLE gis.building CASCADE; --", "' OR 1=1 --", "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>",
    '"><svg onload=alert(1)>', "javascript:alert(1)", '=HYPERLINK("http://x","y")', "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3",
    "../../etc/passwd", "a\r\nSet-Cookie: a=b", "甲\u202egnp.exe", "%(name)s :limit $1 {{7*7}} ${x}", "\t=1+1", " =1+1", "＝1+1",
]  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _kept(evil: str) -> str:
    """What an import keeps of a text: all but control characters and the blanks round it."""
    return "".join(c for c in evil if ord(c) >= 32).strip()


class _Tags(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    @property
    def active(self) -> list[object]:
        """Elements that would run something of the data's."""
        return [
            (tag, attrs)
            for tag, attrs in self.tags
            if any(name.startswith("on") for name in attrs)
            or attrs.get("src") == "x"
            or str(attrs.get("href", "")).startswith("javascript:")
        ]


@pytest.fixture
def county(database: Database, tmp_path: Path) -> Database:
    """A house for each text, by import; places, zones and a cluster of that name."""
    n = len(EVIL)
    frame = houses(n, name=EVIL, address=EVIL[::-1], hazard_tier=["some"] * n, township_code=["451224100"] * n)
    database.ask(
        """
        INSERT INTO gis.admin_area (code, name, level, parent_code, geom) VALUES
            ('451224', %s, 'county', NULL, ST_Multi(ST_MakeEnvelope(430000, 2700000, 450000, 2730000, 4545))),
            ('451224100', %s, 'township', '451224', ST_Multi(ST_MakeEnvelope(430000, 2700000, 450000, 2730000, 4545)))
        """,
        EVIL[2], EVIL[3],
    )  # fmt: skip
    for k, evil in enumerate(EVIL):
        database.ask(
            "INSERT INTO gis.key_zone (zone_id, kind, name, geom) VALUES (%s, 'school', %s, "
            "ST_Multi(ST_MakeEnvelope(436500, 2712000, 436600, 2712100, 4545)))",
            f"Z{k}{evil}"[:100], evil,
        )  # fmt: skip
    said = database.cli("import", "buildings", put(frame, tmp_path / "houses.gpkg"))
    assert said.code == 0, said.err
    return database


@pytest.fixture
def client(county: Database, app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, headers=signed_in(county)) as made:
        yield made


def _selected(client: TestClient) -> int:
    ask = {"any_of": [{"term": "rule", "name": "hazard"}, {"term": "zone", "kind": "school", "buffer_m": 5}]}
    made = client.post("/api/selections", json=ask)
    assert made.status_code == 201, made.text
    return int(made.json()["run_id"])


def _square(k: int) -> dict[str, Any]:
    lon = 107.3 + k / 100
    return {"type": "Polygon", "coordinates": [[[lon, 24.5], [lon + 0.01, 24.5], [lon + 0.01, 24.51], [lon, 24.5]]]}


def test_sql(county: Database, client: TestClient):
    before = county.counts()["building"]
    stored = {name for (name,) in county.ask("SELECT name FROM gis.building")}
    assert {_kept(e) for e in EVIL} == stored
    _selected(client)
    for evil in EVIL:
        found = client.get("/api/search", params={"q": evil[:100], "limit": 50}).json()["items"]
        wanted = {name for (name,) in county.ask("SELECT name FROM gis.building WHERE strpos(name, %s) > 0", evil)}
        assert {i["label"] for i in found if i["what"] == "building"} <= stored
        assert all(evil.strip().lower() in i["label"].lower() for i in found if i["what"] == "building"), evil
        assert bool(wanted) <= bool(found), evil
        for path in ("/collections/building/items", "/collections/key_zone/items"):
            key = "building_id" if "building" in path else "zone_id"
            answer = client.get(path, params={key: evil})
            assert (answer.status_code, answer.json()["features"]) == (200, [])
        assert client.get("/api/audit-trail", params={"account": evil}).json()["items"] == []
    assert county.counts()["building"] == before


def test_areas_accounts_and_tokens(county: Database, client: TestClient, app: FastAPI):
    for k, evil in enumerate(EVIL):
        made = client.post("/api/areas", json={"name": evil, "note": evil, "geometry": _square(k)})
        printable = all(ord(c) >= 32 for c in evil)
        assert made.status_code == (201 if printable else 422), (evil, made.text)
        if printable:
            assert made.json()["name"] == made.json()["note"] == evil
            clash = client.post("/api/areas", json={"name": evil, "geometry": _square(k)})
            assert clash.status_code == 409
        account = client.post("/api/accounts", json={"name": evil[:40], "role": "planner"})
        assert account.status_code in (201, 422), account.text
        secret = client.post("/api/accounts/t.administrator.p/tokens", json={"title": evil, "rights": ["read"]})
        assert secret.status_code in (201, 422), secret.text
    names = [name for (name,) in county.ask("SELECT name FROM gis.account")]
    assert all(not set(name) & set("<>\"'=\r\n\t\u202e/") for name in names), names
    with TestClient(app, raise_server_exceptions=False) as browser:
        opened = session_of(county)
        browser.cookies.set("gis_session", opened.secret)
        for evil in EVIL:
            form = {"csrf": opened.principal.csrf, "title": evil, "right": "read"}
            browser.post("/account/tokens", data=form)
            browser.post("/accounts", data={"csrf": opened.principal.csrf, "name": evil[:40], "role": "planner"})
        made = client.post("/api/selections", json={}).json()["run_id"]  # the county's list, for the offline files
        assert client.post(f"/api/selections/{made}/publish").status_code == 200
        _selected(client)
        for path in ("/account", "/accounts", "/accounts?tokens=t.administrator.p", "/audit-trail", "/", "/map/planner",
                     "/map/planner/offline", "/map/township/451224100", "/map/township/451224100/offline"):  # fmt: skip
            answer = browser.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 200, (path, answer.text[:300])
            page = _Tags(answer.text)
            assert page.active == [], path
            for block in answer.text.split('<script type="application/json"')[1:]:
                json.loads(block.split(">", 1)[1].split("</script>", 1)[0])
        for evil in EVIL:
            for path in ("/sign-in", "/accounts", "/audit-trail", "/map/planner", "/nothing", "/map/township/x"):
                asked = {"next": evil, "tokens": evil, "account": evil, "since": evil, "run": evil, "lang": evil}
                answer = browser.get(path, params=asked, headers={"Accept": "text/html"})
                assert answer.status_code < 500
                if "html" in answer.headers["content-type"]:
                    assert _Tags(answer.text).active == [], (path, evil)


def test_files(client: TestClient, tmp_path: Path):
    run = _selected(client)
    for path in (f"/api/selections/{run}/export", "/api/figures/list?township=451224100", "/api/figures/export"):
        for suffix in ("xlsx",) if path.endswith("figures/export") else ("xlsx", "csv", "geojson", "gpkg"):
            answer = client.get(f"{path}{'&' if '?' in path else '?'}format={suffix}")
            assert answer.status_code == 200, answer.text[:300]
            name = answer.headers["content-disposition"]
            assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -_.=;\"'"), name
            assert "set-cookie" not in answer.headers
            file = tmp_path / f"list.{suffix}"
            file.write_bytes(answer.content)
            if suffix == "xlsx":
                cells = [c for s in openpyxl.load_workbook(file) for row in s.iter_rows() for c in row]
                assert not [c.value for c in cells if c.data_type == "f"]
                assert not [c.hyperlink for c in cells if c.hyperlink]
                assert not [c.value for c in cells if isinstance(c.value, str) and c.value.startswith(_FORMULA)]
            elif suffix == "csv":
                rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
                assert len(rows) == len(EVIL) + 1
                assert len({len(row) for row in rows}) == 1
                longitudes = rows[0].index("经度"), rows[0].index("纬度")
                assert not [
                    c for row in rows for k, c in enumerate(row) if k not in longitudes and c.startswith(_FORMULA)
                ]
            else:
                assert set(pyogrio.read_dataframe(file)["name"]) == {_kept(e) for e in EVIL}


def test_headers_and_logs(county: Database, app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    headers = signed_in(county)
    log = tmp_path / "logs" / "service.jsonl"
    monkeypatch.setattr(logs, "log_file", lambda: log)
    with own_logging():
        logs.set_up()
        with TestClient(app, raise_server_exceptions=False, headers=headers) as client:
            for evil in EVIL:
                sent = evil.replace("\r\n", " ").encode()
                for name in ("x-request-id", "user-agent", "referer", "x-forwarded-for"):
                    answer = client.get("/api/search", params={"q": evil}, headers={name: sent})
                    assert answer.status_code == 200
                    assert "set-cookie" not in answer.headers
                    assert all(ord(c) < 127 and c not in "\r\n" for c in answer.headers["x-request-id"])
                    assert "<" not in answer.headers["x-request-id"]
                client.get(f"/{quote(evil)}")
        raw = log.read_bytes()
    assert raw.isascii()
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) == len(lines) == 5 * len(EVIL)
