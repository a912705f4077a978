"""Fewer bytes on the line: files, maps' pages and tiles, compressed for who takes it and as they are for who does not."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from web_map import assets

_TILE = "/tiles/buildings/14/13078/7040.pbf"


def _raw(client: TestClient, path: str, accept: str) -> tuple[dict[str, str], bytes]:
    """Return the headers as they came over the line, and the content as the client has unpacked it."""
    answer = client.get(path, headers={"Accept-Encoding": accept, "Accept": "text/html"})
    assert answer.status_code == 200
    return dict(answer.headers), answer.content


@pytest.mark.parametrize("coding", ["br", "gzip"])
@pytest.mark.parametrize(
    "path", ["/static/gis.css?v=1", "/static/built/map.js?v=1", "/static/vendor/leaflet.js?v=1", _TILE]
)
def test_who_takes_it_gets_it_compressed(client: TestClient, path: str, coding: str):
    headers, plain = _raw(client, path, "identity")
    assert "content-encoding" not in headers
    headers, small = _raw(client, path, coding)
    assert headers["content-encoding"] == coding
    # A tile is kept by one browser alone (private), which always takes the same.
    assert path == _TILE or "Accept-Encoding" in headers["vary"]
    assert small == plain
    assert int(headers["content-length"]) < 0.7 * len(plain)


def test_the_better_coding_is_taken(client: TestClient):
    path = "/static/built/map.js?v=1"
    both, _ = _raw(client, path, "gzip, deflate, br, zstd")
    assert both["content-encoding"] == "br"
    alone, _ = _raw(client, path, "gzip;q=1.0, deflate")
    assert alone["content-encoding"] == "gzip"
    assert int(both["content-length"]) < int(alone["content-length"])


@pytest.mark.parametrize(("taken", "coding"), [("br;q=0, gzip", "gzip"), ("br; Q=0.000, GZIP;q=0.5", "gzip"),
                                               ("br;q=0,gzip;q=0.0", None), ("br;q=0.001", "br")])  # fmt: skip
def test_what_is_refused_is_not_taken(client: TestClient, taken: str, coding: str | None):
    headers, _ = _raw(client, "/static/built/map.js?v=1", taken)
    assert headers.get("content-encoding") == coding


def test_a_page_s_length_is_by_lot(client: TestClient):
    """Whoever counts bytes learns nothing of the secret that the page carries."""
    for coding in ("br", "gzip"):
        lengths = {_raw(client, "/map/planner", coding)[0]["content-length"] for _ in range(6)}
        assert len(lengths) > 1, coding


def test_a_picture_goes_as_it_is(client: TestClient):
    headers, content = _raw(client, "/static/vendor/images/marker-icon.png", "gzip")
    assert "content-encoding" not in headers
    assert content == assets.vendor_path("images/marker-icon.png").read_bytes()
