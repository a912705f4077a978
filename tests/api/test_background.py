"""A background map: from a map service (a small real one), from a PMTiles file, and none at all."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_service.api.routes import background
from gis_service.settings import get_settings

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    """A map service that answers with the tile's numbers after a PNG's first bytes."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            kind = {"/12/": "text/html", "/13/": "image/svg+xml"}.get(self.path[:4], "image/png")
            size = 3_000_000 if self.path.startswith("/11/") else 0
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(PNG + self.path.encode() + bytes(size))

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch):
    def put(value: str) -> None:
        monkeypatch.setenv("GIS_BACKGROUND", value)
        monkeypatch.setenv("GIS_BACKGROUND_CREDIT", "<b>某地图</b>")
        get_settings.cache_clear()

    yield put
    background._from_service.cache_clear()
    background._reader.cache_clear()
    background._client().close()
    background._client.cache_clear()
    monkeypatch.undo()
    get_settings.cache_clear()


def test_none_by_default(client):
    assert client.get("/background/1/0/0").status_code == 404
    assert '"background"' not in client.get("/map/planner").text


def test_tiles_of_a_map_service(client, set_to, service):
    address, asked = service
    set_to(address + "/{z}/{x}/{y}?tk=secret-key&s={s}")
    tile = client.get("/background/10/800/440")
    assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
    assert tile.content == PNG + b"/10/800/440?tk=secret-key&s=0"
    client.get("/background/10/800/440")
    assert len(asked) == 1, "kept"
    page = client.get("/map/planner").text
    assert "secret-key" not in page
    assert '"/background/{z}/{x}/{y}"' in page
    assert "\\u003cb\\u003e某地图" in page


def test_what_a_map_service_may_not_send(client, set_to, service):
    set_to(service[0] + "/{z}/{x}/{y}")
    for z, why in ((11, "too large"), (12, "no picture"), (13, "a picture with scripts")):
        assert client.get(f"/background/{z}/1/1").status_code == 404, why


def test_a_map_service_that_is_down(client, set_to):
    set_to("http://127.0.0.1:9/{z}/{x}/{y}?tk=secret-key")
    answer = client.get("/background/1/0/0")
    assert answer.status_code == 404
    assert "secret-key" not in answer.text


def test_a_pmtiles_file(client, set_to, tmp_path: Path):
    path = tmp_path / "hills.pmtiles"
    with path.open("wb") as file:
        writer = Writer(file)
        writer.write_tile(zxy_to_tileid(3, 6, 3), PNG + b"hills")
        writer.finalize(
            {"tile_type": TileType.PNG, "tile_compression": Compression.NONE, "min_lon_e7": 0, "min_lat_e7": 0,
             "max_lon_e7": 0, "max_lat_e7": 0, "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}, {},
        )  # fmt: skip
    set_to(str(path))
    assert client.get("/background/3/6/3").content == PNG + b"hills"
    assert client.get("/background/3/1/1").status_code == 404
    broken = tmp_path / "broken.pmtiles"
    broken.write_bytes(b"no tiles at all")
    set_to(str(broken))
    assert client.get("/background/3/6/3").status_code == 503
