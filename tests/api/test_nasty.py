"""Nasty values through every string, number and body of every route: the one error body, and never a 5xx."""

from __future__ import annotations

import http.client
import json
import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import anyio.from_thread
import httpx
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from gis_service.db.server import Server
from gis_service.settings import get_settings
from tests import asgi
from tests.api.test_errors import FORBIDDEN
from tests.conftest import Database, cloned, serving, session_of, signed_in

NASTY = [
    "", " ", "\0", "a\0b", "9" * 30, "-1", "-" + "9" * 30, "9" * 5_000, "NaN", "Infinity", "-Infinity", "1e400", "1.5", "0x10",
    "٣", "\ud800", "\udfff\ud800", "../../etc/passwd", "..", "%2e%2e%2f", "\\..\\..\\x", "'; DROP TABLE gis.building; --",
    "' OR '1'='1", "<img src=x onerror=alert(1)>", "\r\nSet-Cookie: a=b", "\u202egnp.exe", "x" * 20_000, "null", "[]", "{}",
    "%(x)s", ":limit", "$1", "{{7*7}}", "true", "0001-01-01T00:00:00", "9999-12-31T23:59:59+23:59", "2026-01-01T00:00+25:00",
]  # fmt: skip
_GOOD = {
    "name": "building", "fid": "1", "layer": "buildings", "z": "1", "x": "0", "y": "0", "run_id": "1", "before": "1",
    "after": "1", "building_id": "H", "area_id": "1", "token_id": "1", "deed": "enable", "code": "451224100",
    "cluster_id": "1",
}  # fmt: skip
_BODIES = [
    b"", b"{", b"null", b"[]", b'"x"', b"5", b"\xff\xfe", b"\0", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"[Infinity, -Infinity]",
    b'{"\\ud800": "\\udfff"}', b"1" * 5_000, b'{"name": "\\u0000"}', b"1e999999", b'{"a": 1' + b"0" * 5_000 + b"}",
]  # fmt: skip
_TYPES = ["application/json", "text/plain", "application/xml", "multipart/form-data", "application/x-www-form-urlencoded",
          "application/json; charset=utf-16", "x" * 300, ""]  # fmt: skip


def _routes(app: FastAPI) -> list[tuple[str, RouteContext]]:
    found: list[tuple[str, RouteContext]] = []
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            found += [(method, context) for method in sorted(context.original_route.methods)]
    return found


def _encoded(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def _path(route: Any, changed: str | None = None, value: str = "") -> str:
    path = route.path
    for name, good in _GOOD.items():
        path = path.replace(f"{{{name}}}", _encoded(value) if name == changed else good)
    return path.replace("{name:path}", _encoded(value) if changed == "name" else "leaflet.js")


def _judge(answer: Any, what: str) -> None:
    assert answer.status_code < 500 or (answer.status_code == 503 and "/sign-in/oidc" in what), (  # not set up here
        what[:200], answer.status_code, answer.text[:300],
    )  # fmt: skip
    assert not any(word in answer.text for word in FORBIDDEN if answer.status_code >= 400), (
        what[:200],
        answer.text[:500],
    )
    assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]
    if answer.status_code >= 400 and "text/html" not in answer.headers["content-type"]:
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "details"}, what[:200]
        assert error["code"] and error["message"], what[:200]  # noqa: PT018


class Asked:
    """The service, asked by the thousand: with the bytes of a request, many at once."""

    def __init__(self, app: FastAPI, headers: dict[str, str]) -> None:
        self.app, self.headers = app, {"host": b"testserver"} | {n.lower(): v.encode() for n, v in headers.items()}

    def ask(self, *requests: tuple[str, str, dict[str, bytes], bytes]) -> list[httpx.Response]:
        """Answer requests, one after another: method, address, headers and body of each."""
        with anyio.from_thread.start_blocking_portal() as portal:
            answers: list[httpx.Response] = portal.call(self._ask, requests)
        return answers

    async def _ask(self, requests: tuple[tuple[str, str, dict[str, bytes], bytes], ...]) -> list[httpx.Response]:
        answers = []
        for method, address, more, body in requests:
            raw, _, query = address.partition("?")
            headers = self.headers | {name.lower(): value for name, value in more.items()}
            if body:
                headers.setdefault("content-length", str(len(body)).encode())
            said = await asgi.ask(
                self.app, method, unquote(raw), raw.encode(), query.encode(),
                [(name.encode(), value) for name, value in headers.items()], body, raises=False,
            )  # fmt: skip
            answers.append(httpx.Response(said.status, headers=said.headers, content=said.body))
        return answers


@pytest.fixture
def asked(database: Database, app: FastAPI, quiet: None) -> Iterator[Asked]:
    """The service over an empty database; who asks is kept for a moment, as the service keeps it."""
    headers = signed_in(database)
    with database.active(GIS_KEEP_S="5"), TestClient(app):
        yield Asked(app, headers)


_JSON = {"Content-Type": b"application/json"}


def test_every_parameter_of_every_route(asked: Asked, app: FastAPI):
    tried = 0
    for method, route in _routes(app):
        body = (_JSON, b"{}") if method in {"POST", "PUT"} and route.path.startswith("/api") else ({}, b"")
        path = [(p.name, _path(route, p.name, value)) for p in route.dependant.path_params for value in NASTY]
        query = [
            (name, f"{_path(route)}?{name}={_encoded(value)}")
            for name, value in product([p.alias for p in route.dependant.query_params] or ["lang"], NASTY)
        ]
        answers = asked.ask(*((method, address, *body) for _, address in path + query))
        for (name, address), answer in zip(path + query, answers, strict=True):
            _judge(answer, f"{method} {route.path} {name}: {address}")
            tried += 1
    assert tried > 2_000


def test_every_body(asked: Asked, app: FastAPI):
    sent = [(media, body) for body in _BODIES for media in (_TYPES if len(body) < 100 else _TYPES[:1])]
    for method, route in _routes(app):
        if method in {"POST", "PUT", "DELETE"}:
            answers = asked.ask(*((method, _path(route), {"Content-Type": m.encode()}, body) for m, body in sent))
            for (media, body), answer in zip(sent, answers, strict=True):
                _judge(answer, f"{method} {route.path} {media} {body[:40]!r}")


def test_every_field_of_every_body(asked: Asked, app: FastAPI):
    """An example of each body, with one field after another changed into something it is not."""
    document = app.openapi()
    values = [*NASTY, None, [], {}, -1, 10**30, -(10**400), True, 1e308, [[[]]], {"a": {}}]
    tried = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            whole = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for one in whole.get("oneOf", [whole] if whole else []):
                schema = document["components"]["schemas"][one["$ref"].rsplit("/", 1)[1]]
                address = path
                for name, good in _GOOD.items():
                    address = address.replace(f"{{{name}}}", good)
                for example, field in product(schema["examples"], schema["properties"]):
                    answers = asked.ask(
                        *((method.upper(), address, _JSON, json.dumps({**example, field: v}).encode()) for v in values)
                    )
                    for value, answer in zip(values, answers, strict=True):
                        _judge(answer, f"{method} {path} {field}={value!r}")
                        tried += 1
    assert tried > 500


def test_every_form(database: Database, app: FastAPI):
    """As a browser with a session sends them; a form that does what it says may answer 200, and never 5xx."""
    for method, route in _routes(app):
        fields = [p.alias for p in route.dependant.body_params]
        if route.path.startswith("/api") or not fields or route.path == "/sign-in":
            continue
        with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
            opened = session_of(database)
            client.cookies.set("gis_session", opened.secret)
            for field in fields:
                for value in NASTY:
                    sent = urlencode(
                        {"csrf": opened.principal.csrf, field: value.encode("utf-8", "surrogatepass")}
                    ).encode()
                    media = {"Content-Type": "application/x-www-form-urlencoded"}
                    _judge(
                        client.request(method, _path(route), content=sent, headers=media),
                        f"{route.path} {field}={value!r}",
                    )


def test_every_header(asked: Asked):
    headers = ("x-request-id", "user-agent", "accept", "accept-language", "if-none-match", "cookie", "authorization", "origin",
               "x-csrf-token", "sec-fetch-site", "sec-fetch-mode", "content-type", "x-forwarded-for", "referer", "range")  # fmt: skip
    values = [value.encode("utf-8", "surrogatepass").replace(b"\r\n", b"").replace(b"\0", b"") for value in NASTY]
    for name, address in product(headers, ("/tiles/buildings/0/0/0.pbf", "/api/account")):
        for value, answer in zip(values, asked.ask(*(("GET", address, {name: v}, b"") for v in values)), strict=True):
            _judge(answer, f"{name}: {value!r}")


@pytest.fixture(scope="module")
def wire(server: Server, template: str, app: FastAPI) -> Iterator[tuple[str, dict[str, str]]]:
    """Host and port of the service over an empty database, and the headers of somebody known."""
    with cloned(server, template) as database, serving(app) as address:
        yield urlsplit(address).netloc, signed_in(database)


@pytest.mark.parametrize(
    "target",
    ["/static/../pyproject.toml", "/static/vendor/../../../etc/passwd", "/static/%2e%2e/%2e%2e/pyproject.toml", "//etc/passwd",
     "/static//etc/passwd", "/static/..%5c..%5cpyproject.toml", "/map/township/../../etc/passwd", "/%00", "/static/%00", "/%ff%fe",
     "/collections/%ff/items", "http://evil.example/health", "/api/../api/account", "/static/gis.css%00.png", "/?" + "a=b&" * 5_000],
)  # fmt: skip
def test_paths_on_the_wire(wire: tuple[str, dict[str, str]], target: str):
    """Sent as they are: a client of a library would tidy them up first."""
    place, headers = wire
    connection = http.client.HTTPConnection(place, timeout=10)
    connection.putrequest("GET", target, skip_host=False, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status < 500
    assert b"root:" not in said
    assert b"[project]" not in said
    if answer.status >= 400 and answer.getheader("content-type", "").startswith("application/json"):
        assert set(json.loads(said)) == {"error"}


def test_a_body_over_the_limit(asked: Asked, app: FastAPI):
    """Declared or in pieces; each route that takes a body refuses it before it reads it."""
    most = str(get_settings().body_max_bytes + 1).encode()
    for method, route in _routes(app):
        if method in {"POST", "PUT"} and route.dependant.body_params:
            (answer,) = asked.ask((method, _path(route), {"Content-Length": most}, b"{}"))
            assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large"), route.path
