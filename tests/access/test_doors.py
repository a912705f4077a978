"""Every door of the application: closed to nobody known, and open to each role as RIGHTS says, by real tokens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from gis_service.api.http.authorisation import public
from gis_service.identity import RIGHTS, Right, Role
from tests.conftest import Database, session_of, signed_in

_PARTS = {
    "{name:path}": "leaflet.js", "{name}": "nobody", "{fid}": "1", "{layer}": "buildings", "{z}": "1", "{x}": "0", "{y}": "0",
    "{run_id}": "999999", "{before}": "999998", "{after}": "999999", "{building_id}": "H", "{area_id}": "999999", "{token_id}": "999999",
    "{deed}": "enable", "{code}": "451224100", "{plan_id}": "999999", "{cluster_id}": "999999",
    "{case_id}": "999999", "{enforcement_id}": "999999", "{subject}": "severe", "{proposal_id}": "999999", "{sha256}": "0" * 64,
}  # fmt: skip
_PLACES = {Role.TOWNSHIP: {"place": "451224100"}, Role.VILLAGE: {"place": "451224100201"},
           Role.DEPARTMENT: {"department": "police"}}  # fmt: skip


def _rules(dependant: Any) -> set[object]:
    found = {call.right for d in dependant.dependencies if hasattr(call := d.call, "right")}
    found |= {public for d in dependant.dependencies if d.call is public}
    for inner in dependant.dependencies:
        found |= _rules(inner)
    return found


def _doors(app: FastAPI) -> list[tuple[str, str, set[object], bool]]:
    """Method, address, rules, and whether it stands in the document (for programs) or is a page's."""
    doors = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            address = str(context.path)
            for part, value in _PARTS.items():
                address = address.replace(part, value)
            doors += [(m, address, _rules(context.dependant), route.include_in_schema) for m in sorted(route.methods)]
    return doors


@pytest.fixture
def county(database: Database) -> Database:
    database.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES ('451224', '东兰县', 'county', NULL), "
        "('451224100', '东兰镇', 'township', '451224'), ('451224100201', '江平村', 'village', '451224100')"
    )
    return database


@pytest.fixture
def client(county: Database, app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as made:
        yield made


def test_nobody_known(client: TestClient, app: FastAPI):
    doors = _doors(app)
    assert len(doors) > 60
    for method, address, rules, _ in doors:
        assert rules, f"{method} {address} has no rule"
        if public in rules:
            assert client.request(method, address).status_code not in (401, 403) or address.startswith("/sign-in")
            continue
        for headers in (
            {},
            {"Authorization": "Bearer gst_no"},
            {"Cookie": "gis_session=no"},
            {"Authorization": "Basic eDp5"},
        ):
            answer = client.request(method, address, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "not_signed_in"), (method, address)
        visit = client.request(method, address, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
        if method == "GET":
            assert visit.status_code == 303, address
            assert visit.headers["location"].startswith("/sign-in?next=")
        else:
            assert visit.status_code == 401, (method, address)


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role(county: Database, client: TestClient, app: FastAPI, role: Role):
    """403 exactly where a right is missing; whoever may pass gets any other answer, as 404 of what is not there."""
    headers = signed_in(county, role.value, person=False, **_PLACES.get(role, {}))
    may = RIGHTS[role] - {Right.PERSON}  # the account itself has not that privilege
    for method, address, rules, _ in _doors(app):
        if public in rules:
            continue
        # A body that reads well: what is wrong with one may be said before the door is tried.
        answer = client.request(method, address, headers=headers, json=_body(method, address))
        at_a_page = address in ("/account/password", "/account/tokens", "/account/tokens/999999/revoke")
        if rules <= may and not at_a_page:
            assert answer.status_code not in (401, 403) and answer.status_code < 500, (method, address, answer.text)  # noqa: PT018
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden"), (method, address)


def test_the_privilege_of_personal_data(county: Database, client: TestClient):
    for role in Role:
        for person in (True, False):
            if person and Right.PERSON not in RIGHTS[role]:
                continue
            headers = signed_in(county, role.value, person=person, **_PLACES.get(role, {}))
            assert client.get("/api/buildings/H/person", headers=headers).status_code == (404 if person else 403)


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_pages_of_each_role(county: Database, client: TestClient, app: FastAPI, role: Role):
    """By a session, as a browser asks; a form without the session's secret is refused whoever sends it."""
    opened = session_of(county, role.value, person=False, **_PLACES.get(role, {}))
    client.cookies.set("gis_session", opened.secret)
    may = RIGHTS[role] - {Right.PERSON}
    for method, address, rules, listed in _doors(app):
        if public in rules or address == "/sign-out":
            continue
        if method != "GET":
            assert client.request(method, address, json=_body(method, address)).status_code == 403, (method, address)
        elif not listed:
            answer = client.get(address, headers={"Accept": "text/html"})
            assert (answer.status_code == 403) == (not rules <= may), (address, answer.status_code)
            assert answer.status_code < 500


def _body(method: str, address: str) -> Any:
    if method not in {"POST", "PUT"} or not address.startswith("/api"):
        return None
    if address.startswith("/api/plans"):
        return _plan_body(address)
    if "/areas" in address:
        ring = [[107.3, 24.5], [107.31, 24.5], [107.31, 24.51], [107.3, 24.5]]
        return {"name": "x", "version": 1, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    if address == "/api/shapes":
        return {"of": "circle", "center": [107.3, 24.5], "radius_m": 5}
    if address == "/api/accounts":
        return {"name": "made.here", "role": "planner", "no_password": True}
    if address.endswith("/tokens"):
        return {"title": "x", "rights": ["read"]}
    return {}


def _plan_body(address: str) -> Any:
    seen = {"version": 1, "revision": 0}
    bodies: dict[str, Any] = {
        "plans": {"name": "x", "teams": 2, "per_day": 5, "start": "2022-09-13"},
        "moves": seen | {"building_id": "H", "team": "A", "day": "2022-09-13"},
        "pins": seen | {"building_id": "H", "team": True, "day": True},
        "done": seen | {"houses": ["H"]},
        "shares": seen | {"day": "2022-09-13", "teams": ["A", "B"]},
        "replan": seen | {"from_day": "2022-09-13"},
    }
    return bodies.get(address.rsplit("/", 1)[1], seen)
