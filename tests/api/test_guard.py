"""What holds for every request: hosts, sizes, ids, headers, logs, figures."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from gis_service import logs
from gis_service.api.http.authorisation import public
from gis_service.api.http.doors import Doors
from gis_service.api.http.guard import Guard
from gis_service.api.http.protocol import DeadlineProtocol
from gis_service.settings import Settings, get_settings
from tests.conftest import free_port, own_logging


@pytest.fixture
def lines(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict]]:
    """The log's lines, read when they are asked for."""
    monkeypatch.setenv("GIS_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()

    class Lines(list):
        def __iter__(self):
            return (json.loads(line) for line in logs.log_file().read_text().splitlines())

    with own_logging():
        logs.set_up()
        yield Lines()
    get_settings.cache_clear()


def _small() -> FastAPI:
    app = FastAPI()
    app.add_middleware(Doors)
    app.add_middleware(Guard)

    @app.get("/broken", dependencies=[Depends(public)])
    def broken() -> None:
        raise RuntimeError("SELECT secret FROM somewhere")

    @app.post("/echo", dependencies=[Depends(public)])
    def echo(given: dict) -> dict:
        return given

    return app


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.", "[::1", "LOCALHOST@evil"])
def test_a_wrong_host_is_refused(host: str):
    answer = TestClient(_small()).get("/broken", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000"])
def test_this_machine_is_known(host: str):
    assert TestClient(_small()).get("/nothing", headers={"host": host}).status_code == 404


def test_names_of_the_settings():
    assert "gis.donglan.gov.cn" in Settings(allowed_hosts="gis.donglan.gov.cn, 10.1.2.3").hosts()
    assert "10.1.2.3" in Settings(allowed_hosts="gis.donglan.gov.cn, 10.1.2.3").hosts()
    assert "*" not in Settings().hosts()
    assert socket.gethostname().lower() in Settings(host="0.0.0.0").hosts()
    assert socket.gethostname().lower() not in Settings(host="127.0.0.1").hosts() - {"localhost"}


def test_an_unforeseen_error_says_nothing_of_itself(lines):
    answer = TestClient(_small()).get("/broken", headers={"host": "localhost"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    written = [line for line in lines if line["event"] == "unforeseen error"]
    assert "RuntimeError" in written[0]["exception"]
    assert written[0]["request_id"] == answer.headers["x-request-id"]


def test_a_body_over_the_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIS_BODY_MAX_BYTES", "1000")
    get_settings.cache_clear()
    client = TestClient(_small(), headers={"host": "localhost"})
    declared = client.post("/echo", json={"a": "x" * 1000})
    assert (declared.status_code, declared.json()["error"]["code"]) == (413, "too_large")

    def pieces():
        for _ in range(20):
            yield b" " * 100

    undeclared = client.post("/echo", content=pieces())
    assert (undeclared.status_code, undeclared.json()["error"]["code"]) == (413, "too_large")
    assert client.post("/echo", json={"a": "x" * 900}).status_code == 200
    get_settings.cache_clear()


def test_request_ids(lines):
    client = TestClient(_small(), headers={"host": "localhost"})
    assert client.get("/x", headers={"x-request-id": "abc-12345678"}).headers["x-request-id"] == "abc-12345678"
    forged = client.get("/x", headers={"x-request-id": 'a" }{ forged'}).headers["x-request-id"]
    assert len(forged) == 32
    assert {"abc-12345678", forged} <= {line["request_id"] for line in lines}


def test_a_log_line_is_one_line_and_has_no_secret(lines):
    client = TestClient(_small(), headers={"host": "localhost"})
    client.get(
        "/a%0d%0a%7B%22event%22:%22forged%22%7D\u202e?password=hunter2", headers={"authorization": "Bearer hunter2"}
    )
    written = list(lines)
    assert [line["event"] for line in written if line.get("path", "").startswith("/a")] == ["request"]
    raw = logs.log_file().read_text()
    assert "hunter2" not in raw
    assert "\u202e" not in raw


def test_secrets_are_masked():
    assert logs.mask(None, "", {"password": "p", "csrf_token": "t", "path": "/x"}) == {
        "password": "***", "csrf_token": "***", "path": "/x"
    }  # fmt: skip


def test_headers_stand_on_every_answer(client: TestClient):
    tile = client.get("/tiles/buildings/3/0/0.pbf")
    assert tile.headers["x-content-type-options"] == "nosniff"
    assert tile.headers["cross-origin-resource-policy"] == "same-origin"
    assert tile.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert tile.headers["x-request-id"]
    for path in ("/nothing", "/health", "/static/gis.css", "/collections?limit=nonsense"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "default-src 'self'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-request-id"]
    assert client.get("/static/gis.css?v=1").headers["cache-control"].endswith("immutable")
    assert client.get("/collections").headers["cache-control"] == "no-store"


def test_figures_have_no_paths_of_their_own(client: TestClient):
    for fid in range(5):
        client.get(f"/collections/building/items/{9_000_000 + fid}")
    shown = client.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain")
    assert 'route="/collections/{name}/items/{fid}"' in shown.text or "items/{fid}" in shown.text
    # Among the labels: a figure's own digits may be any.
    samples = [sample for family in text_string_to_metric_families(shown.text) for sample in family.samples]
    assert samples
    assert not any("9000000" in label for sample in samples for label in sample.labels.values())
    assert "gis_connections_used" in shown.text


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("GIS_BODY_TIMEOUT_S", "0.3")
    get_settings.cache_clear()
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(_small(), http=DeadlineProtocol, host="127.0.0.1", port=port, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(5)
    get_settings.cache_clear()


def test_a_sender_that_stops_half_way_is_let_go(served: int):
    with socket.create_connection(("127.0.0.1", served), timeout=10) as slow:
        slow.sendall(
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
        got = slow.recv(1000)  # an answer or the end, and not a wait without end
    assert b"HTTP/1.1 408" in got
    assert b"too_slow" in got
