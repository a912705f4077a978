"""The service over TLS on a real socket: signing in, what plain HTTP meets, deadlines, a browser, the command."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from playwright.sync_api import Browser

from gis_service.accounts import people
from gis_service.api.http import metrics, secure
from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.identity import Role, operator
from gis_service.settings import get_settings
from gis_service.tls import authority
from scripts.chromium import find as find_chromium
from tests.accounts.conftest import PASSWORD
from tests.conftest import Database, cloned, free_port, serving

_HEAD = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture(scope="module")
def county(server: Server, template: str) -> Iterator[Database]:
    """A database with one account, for a service with an authority of its own and short deadlines."""
    shutil.rmtree(server.data_dir / "tls", ignore_errors=True)
    with cloned(server, template) as made:
        with transaction(operator()) as connection:
            people.add(connection, people.New("wang", Role.ADMINISTRATOR), PASSWORD)
        yield made


@pytest.fixture(scope="module")
def service(county: Database, app: FastAPI) -> Iterator[int]:
    with county.active(GIS_TLS="true", GIS_HEAD_TIMEOUT_S="1", GIS_SEND_TIMEOUT_S="1"):
        authority.prepare(get_settings().hosts())
        secure._kept.cache_clear()
        with serving(app, secure.SecureProtocol) as address:
            yield int(address.rpartition(":")[2])


@pytest.fixture
def port(service: int, county: Database) -> Iterator[int]:
    """The service's port, with its settings in force."""
    with county.active(GIS_TLS="true", GIS_HEAD_TIMEOUT_S="1", GIS_SEND_TIMEOUT_S="1"):
        yield service


def _trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate_file()))


def _client(port: int, **more: Any) -> httpx.Client:
    return httpx.Client(base_url=f"https://localhost:{port}", verify=_trusting(), **more)


@contextlib.contextmanager
def _speaking(port: int) -> Iterator[ssl.SSLSocket]:
    """A TLS socket; its patience is longer than any deadline of the service's."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        _trusting().wrap_socket(plain, server_hostname="localhost") as spoken,
    ):
        yield spoken


def test_somebody_signs_in_and_reads_a_page(port: int):
    with _client(port, headers={"accept": "text/html"}) as client:
        form = client.get("/sign-in")
        found = re.search(r'name="field" value="([0-9a-f]+)"', form.text)
        sent = {"name": "wang", "password": PASSWORD, "field": found[1], "next": "/account"}
        entered = client.post("/sign-in", data=sent, headers={"origin": f"https://localhost:{port}"})
        assert entered.status_code == 303, entered.text
        cookie = next(c for c in entered.headers.get_list("set-cookie") if "session" in c)
        assert cookie.startswith("__Host-gis_session=")
        assert {"Secure", "HttpOnly"} <= set(cookie.split("; "))
        page = client.get("/account")
        assert (page.status_code, "wang" in page.text) == (200, True)
        assert "strict-transport-security" not in page.headers
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{port}/sign-in")


def test_plain_http_is_sent_on_and_what_it_sends_is_refused(port: int):
    with httpx.Client(base_url=f"http://localhost:{port}") as client:
        sent = client.get("/house/H%201?lang=en&a=b")
        assert (sent.status_code, sent.headers["location"]) == (
            307,
            f"https://localhost:{port}/house/H%201?lang=en&a=b",
        )
        refused = client.post("/sign-in", data={"name": "wang", "password": PASSWORD})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "https_only")
        assert "https://" in refused.json()["error"]["message"]
        elsewhere = client.get("/", headers={"host": "evil.example"})
        assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (400, "wrong_host")


def test_a_phone_reads_how_to_trust_before_it_does(port: int):
    with httpx.Client(base_url=f"http://localhost:{port}") as client:
        page = client.get("/trust")
        shown = re.sub(r"<wbr>", "", re.search(r'id="fingerprint">(.*?)</code>', page.text)[1])
        given = client.get("/trust/ca.crt")
        assert given.headers["content-type"] == "application/x-x509-ca-cert"
        certificate = x509.load_der_x509_certificate(given.content)
        assert (
            shown
            == authority.fingerprint()
            == certificate.fingerprint(certificate.signature_hash_algorithm).hex(":").upper()
        )
        assert all(name in page.text for name in ("Android", "鸿蒙", "iPhone", f"https://localhost:{port}/"))
        assert "Android" in client.get("/trust?lang=en").text
        assert b"PRIVATE" not in given.content


def test_without_it_nobody_is_told_to_trust_anything(port: int, county: Database):
    with county.active(GIS_TLS="false"), httpx.Client(base_url=f"http://localhost:{port}") as client:
        assert [client.get(path).status_code for path in ("/trust", "/trust/ca.crt")] == [404, 404]
        assert client.get("/sign-in").status_code == 200


@pytest.mark.parametrize("said", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HT"])
def test_who_says_too_little_is_let_go(port: int, said: bytes):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as held:
        held.sendall(said)
        with contextlib.suppress(ConnectionResetError):
            while held.recv(4_096):
                pass


def test_half_a_head_is_told_so_by_tls_too(port: int):
    with _speaking(port) as spoken:
        spoken.sendall(_HEAD)
        assert spoken.recv(4_096).startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_after_the_handshake_is_let_go(port: int):
    with _speaking(port) as spoken, contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        assert spoken.recv(4_096) == b""


def test_who_reads_nothing_is_let_go(port: int):
    def cut() -> float:
        return metrics._REGISTRY.get_sample_value("gis_refused_total", {"why": "slow_reader"}) or 0

    before = cut()
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plain.settimeout(30)
        plain.connect(("127.0.0.1", port))
        with _trusting().wrap_socket(plain, server_hostname="localhost") as spoken:
            spoken.sendall(
                b"GET /static/vendor/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n"
            )
            until = time.monotonic() + 60
            while cut() == before and time.monotonic() < until:
                time.sleep(0.05)
    assert cut() == before + 1


def test_a_body_that_is_too_large_is_answered_before_it_is_read(port: int):
    with _speaking(port) as spoken:
        size = 50_000_000
        spoken.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                       b"Content-Length: %d\r\n\r\n" % size + b"x" * 100_000)  # fmt: skip
        answer = b""
        while b"too_large" not in answer:
            answer += spoken.recv(4_096)
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_pieces_as_small_as_they_come_are_one_handshake(port: int):
    """The first flight one byte at a time: whatever arrives first is handed on."""
    client, sent, got = _trusting(), ssl.MemoryBIO(), ssl.MemoryBIO()
    spoken = client.wrap_bio(got, sent, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def until(act: Any) -> Any:
            while True:
                try:
                    return act()
                except ssl.SSLWantReadError:
                    flight = sent.read()
                    for k in range(len(flight)):
                        plain.sendall(flight[k : k + 1])
                    got.write(plain.recv(65_536))

        until(spoken.do_handshake)
        spoken.write(_HEAD + b"\r\n")
        assert until(lambda: spoken.read(4_096)).startswith(b"HTTP/1.1 200 ")


def test_an_answer_of_a_megabyte_arrives_whole(port: int):
    with _client(port) as client, httpx.Client(base_url=f"http://localhost:{port}") as plain:
        by_tls = client.get("/static/vendor/swagger-ui-bundle.js", headers={"accept-encoding": "identity"})
        assert len(by_tls.content) > 1_000_000
        assert by_tls.content == plain.get("/static/vendor/swagger-ui-bundle.js").content


def test_a_browser_that_trusts_it_has_a_secure_context(browser: Browser, port: int, tmp_path: Path):
    """Chromium is told to trust the service's key: past a warning a browser would still refuse the service worker."""
    certificate = x509.load_pem_x509_certificate(authority.service_file().read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = base64.b64encode(hashlib.sha256(key).digest()).decode()
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=find_chromium(), locale="zh-CN",
        args=["--no-sandbox", "--disable-gpu", f"--ignore-certificate-errors-spki-list={trusted}"],
        permissions=["geolocation"], geolocation={"longitude": 107.4, "latitude": 24.5},
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"https://localhost:{port}/sign-in")
    page.get_by_label("账号").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    assert page.evaluate("isSecureContext")
    assert (
        page.evaluate("new Promise(d => navigator.geolocation.getCurrentPosition(p => d(p.coords.longitude), d))")
        == 107.4
    )
    scope = page.evaluate(
        "navigator.serviceWorker.register('/visit-worker.js', { scope: '/house/' }).then(found => found.scope)"
    )
    assert scope == f"https://localhost:{port}/house/"
    assert {c["name"]: c["secure"] for c in context.cookies()}["__Host-gis_session"]
    context.close()


def test_the_command_makes_it_and_checks_that_it_answers(county: Database):
    shutil.rmtree(county.server.data_dir / "tls")
    asked = ("up", "--https", "--check", "--demo", "none", "--port", free_port())
    said = county.process(*asked)
    assert (said.code, "200 /health" in said.out, "All answered" in said.out) == (0, True, True), said.err
    (county.server.data_dir / "tls" / "ca.key").write_bytes(b"another")
    for about, more in (("ca.key", {}), ("a b", {"GIS_ALLOWED_HOSTS": "a b"})):
        said = county.process(*asked, **more)
        assert (said.code, about in said.err, said.err.count("\n")) == (1, True, 1)
