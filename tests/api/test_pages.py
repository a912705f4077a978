"""Pages: names that are scripts stay names, nothing outside is asked for, the file opens with no network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.conftest import Database, signed_in

EVIL = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


class _Page(HTMLParser):
    """Tags, addresses and scripts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag == "script"

    def handle_data(self, data):
        if self._inside:
            self.scripts.append(data)
            self._inside = False

    @property
    def addresses(self) -> list[str]:
        found = [
            a[n] or "" for _, a in self.tags for n in ("src", "href", "action", "data", "poster", "srcset") if n in a
        ]
        return [address for address in found if not address.startswith(("data:", "#"))]

    @property
    def handlers(self) -> list[str]:
        return [f"{tag} {name}" for tag, a in self.tags for name in a if name.startswith("on")]

    def config(self) -> dict:
        (text,) = [s for s in self.scripts if s.lstrip().startswith('{"layers"')]
        return json.loads(text)


@pytest.fixture
def hostile(demo_copy: Database, front_end: None) -> Database:
    """The demo county in which every text that a township may type is a script."""
    demo_copy.ask(
        "UPDATE gis.key_zone SET name = %s WHERE zone_id IN (SELECT zone_id FROM gis.key_zone LIMIT 20)", EVIL
    )
    demo_copy.ask("UPDATE gis.building SET name = %s, address = %s WHERE hazard_tier = 'severe'", EVIL, EVIL)
    demo_copy.ask("UPDATE gis.admin_area SET name = %s, source = %s WHERE level = 'county'", EVIL, EVIL)
    demo_copy.ask("UPDATE gis.admin_area SET name = %s WHERE code = '451224100'", f"{EVIL}\u2028")
    return demo_copy


@pytest.fixture
def pages(hostile: Database, app: FastAPI, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The served page and the offline file, both languages of the first."""
    out = tmp_path / "map.html"
    said = hostile.cli("map", "planner", "--out", out)
    assert said.code == 0, said.err
    with TestClient(app, raise_server_exceptions=False, headers=signed_in(hostile)) as client:
        yield {
            "served": client.get("/map/planner").text,
            "english": client.get("/map/planner?lang=en").text,
            "offline": out.read_text(encoding="utf-8"),
        }


def test_names_are_never_markup(pages: dict[str, str]):
    for name, html in pages.items():
        page = _Page(html)
        assert "<img src=x" not in html, name
        assert "alert(2)</script>" not in html, name
        assert EVIL not in html, name
        assert not page.handlers, name
        assert "img" not in {tag for tag, _ in page.tags}, name
        config = page.config()
        assert EVIL in json.dumps(config, ensure_ascii=False).replace('\\"', '"'), "the name is there, as data"
    offline = _Page(pages["offline"]).config()
    houses = next(layer for layer in offline["layers"] if layer["id"] == "houses")
    assert any(f["f"]["title"] == EVIL for f in houses["features"])


def test_the_offline_file_has_no_address_outside_itself(pages: dict[str, str]):
    html = pages["offline"]
    page = _Page(html)
    assert page.addresses == []
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv"))
    assert "default-src 'none'" in policy
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert [u for u in re.findall(r"url\(\s*['\"]?([^)'\"]+)", styles) if not u.startswith(("data:", "#"))] == []
    assert "@import" not in styles
    config = page.config()
    assert not [layer["id"] for layer in config["layers"] if "tiles" in layer]
    assert "search" not in config


def test_the_offline_file_says_what_it_left_out(hostile: Database, tmp_path: Path):
    out = tmp_path / "small.html"
    said = hostile.cli("map", "planner", "--out", out, GIS_INLINE_LIMIT="50")
    assert said.code == 0
    total = hostile.one(
        "SELECT count(*) FROM gis.selection WHERE run_id = (SELECT max(run_id) FROM gis.run WHERE kind = 'selection' AND published_at IS NOT NULL)"
    )
    html = out.read_text(encoding="utf-8")
    houses = next(layer for layer in _Page(html).config()["layers"] if layer["id"] == "houses")
    assert len(houses["features"]) == 50
    assert f"{total - 50:,}" in html


def test_the_served_page(client: TestClient):
    answer = client.get("/", headers={"Accept": "text/html"})
    page = _Page(answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    for tag, attributes in page.tags:
        if tag == "script" and "src" not in attributes and attributes.get("type") != "application/json":
            assert attributes.get("nonce") == nonce
    assert nonce not in client.get("/map/planner").text, "a nonce serves once"
    assert page.addresses
    for address in page.addresses:
        assert address.startswith(("/", "?")), address
        if address.startswith("/static/"):
            assert client.get(address).status_code == 200, address
    assert "模拟数据" in answer.text
    assert "内部工作用图" in answer.text
    assert len(answer.content) < 3_000_000
    assert page.config()["layers"]
