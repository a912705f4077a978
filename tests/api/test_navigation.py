"""The doors at the head of every page: the one that is open is marked, whatever lies behind it is asked for."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.conftest import Database, session_of

_MARKED = re.compile(r'<a href="([^"]+)" aria-current="page">')


@pytest.mark.parametrize(
    ("address", "door"),
    [
        ("/account", ["/account"]), ("/accounts", ["/accounts"]), ("/house?q=a", ["/house"]), ("/bulletins/2022-09-07", ["/bulletins"]),
        ("/", ["/"]), ("/map/planner", ["/map/planner"]), ("/map/fire", ["/map/fire"]), ("/tables", []),
    ],
)  # fmt: skip
def test_the_door_of_a_page_is_marked(demo_database: Database, app: FastAPI, address: str, door: list[str]):
    with TestClient(app) as client:
        client.cookies.set("gis_session", session_of(demo_database).secret)
        answer = client.get(address, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert _MARKED.findall(answer.text) == door
