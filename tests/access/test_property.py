"""Whatever anybody asks, no answer holds a word of a house that is not theirs to see: generated requests, by property.

A county of three townships whose every house has words of its own in its number, its name, its address and its owner's
data. What an asker may see is worked out here in plain Python; then requests are made by lot, over every door, with
numbers, places and shapes of one's own and of others', and the bytes of every answer are looked through.

``pytest --requests 20000 tests/access/test_property.py`` asks more of each.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from gis_service.analysis.command import analyse
from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.density.params import Params
from gis_service.identity import Identity, Role, operator
from gis_service.selection.select import run_selection
from gis_service.selection.terms import Ask, RuleTerm, ZoneTerm
from tests.conftest import Database, cloned, session_of, signed_in
from tests.doors.crowd import in_a_loop

_TOWNS = ("451224100", "451224101", "451224102")
_MARK = re.compile(rb"MARK(\d)(\d)(\d)")
_SECRET = re.compile(rb"SECRET(\d)(\d)(\d)")
_DEPARTMENTS = ("police", "health")
# Town, village of it, house of it; the third house is a department's.
_HOUSES = [(t, v, h) for t in range(3) for v in range(2) for h in range(3)]
_FILL = """
INSERT INTO gis.admin_area (code, name, level, parent_code, geom)
VALUES ('451224', '东兰县', 'county', NULL, ST_Multi(ST_MakeEnvelope(436000, 2712000, 439000, 2713000, 4545)));
INSERT INTO gis.admin_area (code, name, level, parent_code, geom)
SELECT '45122410' || t, '镇' || t, 'township', '451224',
       ST_Multi(ST_MakeEnvelope(436000 + 1000 * t, 2712000, 437000 + 1000 * t, 2713000, 4545))
FROM generate_series(0, 2) AS t;
INSERT INTO gis.admin_area (code, name, level, parent_code)
SELECT '45122410' || t || '20' || v, '村' || t || v, 'village', '45122410' || t
FROM generate_series(0, 2) AS t, generate_series(0, 1) AS v;
INSERT INTO gis.building (building_id, name, address, township_code, village_code, departments, business_uses, floors,
                          use_class, geom)
SELECT 'MARK' || t || v || h, '店MARK' || t || v || h, '路MARK' || t || v || h, '45122410' || t,
       '45122410' || t || '20' || v,
       CASE WHEN h = 2 THEN ARRAY[(ARRAY['police', 'health'])[1 + v]] ELSE '{}'::text[] END, '{catering}', 4, 'commercial',
       -- Side by side over the borders, a metre apart: one cluster, whose gaps have houses of two towns.
       ST_Multi(ST_MakeEnvelope(436990 + 11 * (3 * v + h), 2712500 + 11 * t, 437000 + 11 * (3 * v + h), 2712510 + 11 * t, 4545))
FROM generate_series(0, 2) AS t, generate_series(0, 1) AS v, generate_series(0, 2) AS h;
INSERT INTO gis.judgement (building_id, kind, tier, judged_on)
SELECT building_id, 'preliminary', 'severe', '2022-09-01' FROM gis.building;
INSERT INTO gis.building_person
SELECT building_id, replace(building_id, 'MARK', 'SECRET'), replace(building_id, 'MARK', 'SECRET'), NULL FROM gis.building;
INSERT INTO gis.key_zone (zone_id, kind, name, geom)
VALUES ('z1', 'school', '小学', ST_Multi(ST_MakeEnvelope(436900, 2712400, 437100, 2712600, 4545)));
"""


def _codes(t: int, v: int) -> tuple[str, str]:
    return _TOWNS[t], f"{_TOWNS[t]}20{v}"


def _sees(who: Identity | None, house: tuple[int, int, int]) -> bool:
    """What an asker may see, said a second time."""
    if who is None:
        return False
    town, village = _codes(*house[:2])
    if who.role is Role.TOWNSHIP:
        return who.place == town
    if who.role is Role.VILLAGE:
        return who.place == village
    if who.role is Role.DEPARTMENT:
        return house[2] == 2 and _DEPARTMENTS[house[1]] == who.department
    return True


_ASKERS: dict[str, dict[str, Any] | None] = {
    "nobody": None,
    "administrator": {"role": "administrator", "person": False},
    "planner": {"role": "planner"},
    "fire": {"role": "fire"},
    "auditor": {"role": "auditor"},
    "township": {"role": "township", "place": _TOWNS[0], "person": True},
    "village": {"role": "village", "place": f"{_TOWNS[1]}201"},
    "department": {"role": "department", "department": "police"},
}


@pytest.fixture(scope="module")
def filled(server: Server, template: str) -> Iterator[Database]:
    """One county for all askers; what they write is their own lists."""
    with cloned(server, template) as database:
        database.ask(_FILL)
        analyse(Params())
        everything = Ask((ZoneTerm("school", 5_000.0), RuleTerm("hazard")))
        makers = [operator(), Identity("other", Role.TOWNSHIP, _TOWNS[2]), Identity("own", Role.TOWNSHIP, _TOWNS[0])]
        for maker in makers:
            with transaction(maker) as connection:
                run_selection(connection, everything)
        yield database


@pytest.fixture
def county(filled: Database, quiet: None) -> Iterator[Database]:
    with filled.active(GIS_KEEP_S="5", GIS_HEAVY_MAX="20", GIS_ACCOUNT_HEAVY_MAX="20"):
        yield filled


class _Lot:
    """Requests by lot: over every door, with the numbers, names, places and shapes of all."""

    def __init__(self, app: FastAPI, seed: int) -> None:
        self._random = random.Random(seed)
        self._doors = [
            (method, str(context.path))
            for context in iter_route_contexts(app.routes)
            if isinstance(context.original_route, APIRoute)
            for method in sorted(context.methods or ())
            # Nothing that takes seconds, ends the asker's own session, or changes what the next one is asked of.
            if method in {"GET", "POST"} and not re.search(
                r"sign-|/offline|sheet|/tokens|/password|accounts|cancel|analys|imports|oidc|/background|vendor"
                r"|plans$|drills$|patrols$|openapi|docs", str(context.path))
        ]  # fmt: skip
        self._tiles = [(m, p) for m, p in self._doors if p.startswith("/tiles")]
        # What makes a page or a file takes a hundred times as long as a tile: it is asked for now and then.
        slow = re.compile(
            r"^/$|^/map/|export|/list$|patrol|/collections$|^/api/figures|/accounts|/audit|compare|/jobs$"
        )
        self._slow = [d for d in self._doors if slow.search(d[1]) or (d[0] == "POST" and "preview" not in d[1])]
        self._rest = [d for d in self._doors if d not in self._slow and d not in self._tiles]

    def one(self) -> tuple[str, str, bytes, bytes]:
        """Return method, path, query and body."""
        pick = self._random.choice
        chance = self._random.random()
        method, path = pick(self._tiles if chance < 0.7 else self._rest if chance < 0.99 else self._slow)
        house = "MARK" + "".join(map(str, pick(_HOUSES)))
        values = {
            "building_id": lambda: pick([house, house.lower(), f"{house} ", "*", "%"]),
            "fid": lambda: str(self._random.randint(0, 40)), "name": lambda: pick(_COLLECTIONS),
            "run_id": lambda: str(self._random.randint(1, 5)), "before": lambda: "2", "after": lambda: str(self._random.randint(1, 5)),
            "area_id": lambda: str(self._random.randint(1, 3)), "code": lambda: pick([*_TOWNS, "451224201"]),
            "cluster_id": lambda: "1", "job_id": lambda: str(self._random.randint(1, 3)),
            "layer": lambda: pick(_LAYERS), "deed": lambda: "enable", "token_id": lambda: "1",
        }  # fmt: skip
        zoom = pick([10, 13, 14, 15, 16, 16, 17, 17])
        x, y = 52_323 / 2 ** (16 - zoom), 28_157 / 2 ** (16 - zoom)
        spot = {"z": str(zoom), "x": str(int(x) + pick([-1, 0, 0, 1])), "y": str(int(y) + pick([-1, 0, 0, 1]))}
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: spot.get(m[1]) or values.get(m[1], lambda: "1")(), path)
        query = {}
        if self._random.random() < 0.6:
            for key, made in (
                ("township", lambda: pick(_TOWNS)), ("q", lambda: pick([house, "店", "MARK", "镇", "%", "'"])),
                ("bbox", lambda: "107.37,24.5,107.4,24.53"), ("building_id", lambda: house), ("lang", lambda: "en"),
                ("building_a", lambda: house), ("run", lambda: str(self._random.randint(1, 5))), ("limit", lambda: "50"),
                ("after", lambda: "3"), ("township_code", lambda: pick(_TOWNS)), ("tokens", lambda: "t.planner"),
                ("format", lambda: pick(["csv", "geojson"])), ("hazard_tier", lambda: "severe"),
            ):  # fmt: skip
                if self._random.random() < 0.15:
                    query[key] = made()
        body = b""
        if method == "POST":
            body = json.dumps(pick(_BODIES)).encode()
        return method, path, urlencode(query).encode(), body


_COLLECTIONS = [
    "building",
    "key_zone",
    "area",
    "gap",
    "cluster",
    "alley",
    "building_density",
    "reach",
    "road",
    "person",
]
_LAYERS = ["buildings", "selection", "reach", "zones", "areas", "boundaries", "clusters", "gaps", "alleys"]
_SQUARE = [[[107.36, 24.50], [107.41, 24.50], [107.41, 24.53], [107.36, 24.53], [107.36, 24.50]]]
_BODIES: list[Any] = [
    {"any_of": [{"term": "rule", "name": "hazard"}]},
    {"any_of": [{"term": "zone", "kind": "school", "buffer_m": 5000}]},
    {"all_of": [], "shape": {"type": "Polygon", "coordinates": _SQUARE}, "limit": 100},
    {"none_of": [{"term": "rule", "name": "hazard"}], "others": [{"term": "zone", "kind": "school", "buffer_m": 900}]},
    {"of": "circle", "center": [107.38, 24.51], "radius_m": 300},
    {},
    [],
    None,
    {"any_of": "x"},
]


async def _call(
    app: FastAPI, asked: tuple[str, str, bytes, bytes], headers: list[tuple[bytes, bytes]]
) -> tuple[int, bytes]:
    method, path, query, body = asked
    status, pieces = 0, []
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.sleep(3_600)
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            pieces.append(repr(message["headers"]).encode())
        else:
            pieces.append(message.get("body", b""))

    length = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")] if body else []
    await app(
        {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
         "raw_path": path.encode(), "query_string": query, "root_path": "", "scheme": "http", "server": ("testserver", 80),
         "client": ("127.0.0.1", 1), "headers": [(b"host", b"testserver"), *headers, *length], "state": {}},
        receive, send,
    )  # fmt: skip
    return status, b"".join(pieces)


@pytest.mark.parametrize("asker", list(_ASKERS))
def test_no_answer_holds_another_s_house(county: Database, app: FastAPI, asker: str, request: pytest.FixtureRequest):
    given = _ASKERS[asker]
    headers: list[tuple[bytes, bytes]] = []
    who: Identity | None = None
    if given is not None:
        more = {k: v for k, v in given.items() if k != "role"}
        # Half of all by a program's token, half by a browser's session.
        if asker in {"township", "fire", "planner"}:
            opened = session_of(county, given["role"], **more)
            who = opened.principal.identity
            headers = [(b"cookie", f"gis_session={opened.secret}".encode()),
                       (b"x-csrf-token", str(opened.principal.csrf).encode()), (b"accept", b"text/html, */*")]  # fmt: skip
        else:
            token = signed_in(county, given["role"], **more)["Authorization"]
            headers = [(b"authorization", token.encode())]
            who = Identity("x", Role(given["role"]), given.get("place"), given.get("department"))
    count = int(request.config.getoption("--requests"))
    lot = _Lot(app, seed=sorted(_ASKERS).index(asker))
    statuses: Counter[int] = Counter()
    seen: set[tuple[int, int, int]] = set()

    async def some(number: int) -> None:
        for _ in range(number):
            asked = lot.one()
            status, answer = await _call(app, asked, headers)
            statuses[status] += 1
            assert status < 500, (asked, answer[:300])
            if who is None:
                assert status in {200, 303, 401, 404, 405, 422}, asked
                assert status != 200 or asked[1] in {"/health", "/visit-worker.js"}, asked
            # What was asked comes back in a refusal or a link: only what was not asked for tells something.
            told = {tuple(int(n) for n in m) for m in _MARK.findall(answer)}
            own = {tuple(int(n) for n in m) for m in _MARK.findall(" ".join(map(str, asked)).encode())}
            foreign = {house for house in told - own if not _sees(who, house)}  # type: ignore[arg-type]
            assert not foreign, (asker, asked, foreign)
            seen.update(told - own)  # type: ignore[arg-type]
            secrets = {tuple(int(n) for n in m) for m in _SECRET.findall(answer)}
            assert not secrets or ("person" in asked[1] and asker == "township" and all(s[0] == 0 for s in secrets)), (
                asked
            )

    async def run() -> None:
        await asyncio.gather(*(some(count // 8) for _ in range(8)))

    in_a_loop(run())
    mine = {house for house in _HOUSES if _sees(who, house)}
    assert seen == mine, "and what is one's own was met: a net that catches nothing is no net"
    if who is not None:
        assert statuses[200] > count / 4, statuses
