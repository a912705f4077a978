"""Visits and cases: fifty people sending photographs, one visit of three large ones, pages after five years of a county.

    .venv/bin/python -m benchmarks.visits [--folder DIR] [--people 50] [--seconds 60] [--visits 400000] [--events 1000000]

The demo county in a private PostGIS of its own; with DIR in a copy of the database that is kept there. The service is a
process of its own, over loopback; between their visits people read tiles.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import statistics
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from PIL import Image

from benchmarks.common import ROOT, machine
from benchmarks.record import _LARGE, _SMALL, _county, _use

_TIMES = 15
_PORT = 8791
# Five years of a county: cases that were opened, had their measures, and were struck off; visits of every house.
_CASES = """
INSERT INTO gis.case (building_id, kind, state, basis, opened_on, moved_on, seq)
SELECT b.building_id, 'legality', 'cleared', 'moved_away', d.day, d.day + 60, 10
FROM generate_series(1, %(rounds)s) AS r (n) CROSS JOIN gis.building AS b
CROSS JOIN LATERAL (SELECT date '2022-10-01' + (r.n * 30 + b.fid %% 25)::integer AS day) AS d
WHERE b.fid %% 8 = r.n %% 8
"""
_EVENTS = """
INSERT INTO gis.case_event (case_id, building_id, seq, kind, what, from_state, to_state, on_day, refers)
SELECT c.case_id, c.building_id, s.seq, s.kind, s.what, 'in_progress', 'in_progress', c.opened_on + s.seq, NULL
FROM gis.case AS c CROSS JOIN (VALUES
    (1, 'open', 'legality'), (2, 'measure', 'stop_use'), (3, 'plan', ''), (4, 'file', ''), (5, 'start', ''),
    (6, 'measure', 'reinforce'), (7, 'stage_acceptance', ''), (8, 'submit_acceptance', ''), (9, 'approve_acceptance', ''),
    (10, 'approve_clearance', '')) AS s (seq, kind, what)
WHERE c.basis = 'moved_away'
"""
# What a trigger writes as each is struck off.
_COUNTS = """
INSERT INTO gis.cleared_count (kind, use_class, hazard_tier, unit_code, village_code, departments, cases)
SELECT c.kind, b.use_class, b.hazard_tier, b.unit_code, b.village_code, b.departments, count(*)
FROM gis.case AS c JOIN gis.building AS b USING (building_id) WHERE c.basis = 'moved_away' GROUP BY 1, 2, 3, 4, 5, 6
"""
_VISITS = """
INSERT INTO gis.visit (visit_id, building_id, visited_at, visited_on, outcome, digest)
SELECT gen_random_uuid(), b.building_id, date '2022-10-01' + (r.n * 300 + b.fid %% 290)::integer + time '09:00',
       date '2022-10-01' + (r.n * 300 + b.fid %% 290)::integer, 'visited', repeat('0', 64)
FROM generate_series(1, %(rounds)s) AS r (n) CROSS JOIN gis.building AS b
"""


def _photograph(bytes_: int, seed: int) -> bytes:
    """Return a JPEG of about that many bytes: noise, which no camera's compression shrinks."""
    side = max(64, int((bytes_ / 0.55) ** 0.5))
    rng = np.random.default_rng(seed)
    made = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(made, "JPEG", quality=70)
    return made.getvalue()


@contextmanager
def _serving() -> Iterator[str]:
    """Serve in a process of its own with the worker beside it, as it is served: the crowd must not hold up its event loop."""
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "gis_service.api.serve:application", "--port", str(_PORT), "--loop", "uvloop",
        "--http", "gis_service.api.http.protocol:DeadlineProtocol", "--no-proxy-headers", "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    address = f"http://127.0.0.1:{_PORT}"
    beside = [sys.executable, "-m", "gis_service.cli", "jobs", "work"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as service,
        subprocess.Popen(beside, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as worker,
    ):
        try:
            while service.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    httpx.get(f"{address}/health", timeout=5)
                    break
                time.sleep(0.2)
            yield address
        finally:
            service.terminate()
            worker.terminate()


def _token(n: int) -> dict[str, str]:
    from gis_service.accounts import people, tokens
    from gis_service.db.engine import transaction
    from gis_service.identity import Right, Role, operator

    with transaction(operator()) as connection:
        account = people.add(connection, people.New(f"v{n}.{time.time_ns() % 10**9}", Role.PLANNER), None)
        _, secret = tokens.make(connection, account.account_id, "bench", [Right.READ, Right.VISIT], 1)
    return {"Authorization": f"Bearer {secret}"}


def _houses(most: int) -> list[str]:
    from sqlalchemy import text

    from gis_service.db.engine import transaction
    from gis_service.identity import operator

    with transaction(operator(), read_only=True) as connection:
        asked = "SELECT building_id FROM gis.building WHERE use_class <> 'other' ORDER BY md5(building_id) LIMIT :most"
        return list(connection.execute(text(asked), {"most": most}).scalars())


def _send(client: httpx.Client, house: str, photographs: list[bytes]) -> str:
    """Send a visit as a phone does; return its number once it is stored."""
    hashes = []
    for content in photographs:
        answer = client.post(
            f"/api/attachments?building_id={house}", content=content, headers={"content-type": "image/jpeg"}
        )
        answer.raise_for_status()
        hashes.append(answer.json()["sha256"])
    number = str(uuid4())
    body = {"visit_id": number, "building_id": house, "visited_at": "2022-09-08T09:30:00+08:00", "photographs": hashes}
    client.post("/api/visits", json=body).raise_for_status()
    return number


def _crowd(address: str, people: int, seconds: float) -> None:
    """Let people send visits of one 400 kB photograph while they read tiles; print what came through."""
    houses = _houses(4000)
    headers = [_token(n) for n in range(people)]
    sent: list[str] = []
    taken: list[float] = []
    faults: list[str] = []
    tiles = [0]
    until = time.monotonic() + seconds

    def person(n: int) -> None:
        rng = random.Random(n)
        photograph = _photograph(400_000, n)
        with httpx.Client(base_url=address, headers=headers[n], timeout=60) as client:
            while time.monotonic() < until:
                try:
                    started = time.perf_counter()
                    sent.append(
                        _send(
                            client,
                            rng.choice(houses),
                            [photograph[:-2] + bytes([n, len(sent) % 256]) + photograph[-2:]],
                        )
                    )
                    taken.append(time.perf_counter() - started)
                    for _ in range(6):
                        client.get(f"/tiles/buildings/14/{13076 + rng.randint(0, 6)}/{7040 + rng.randint(0, 6)}.pbf")
                        tiles[0] += 1
                except httpx.HTTPError as error:
                    faults.append(type(error).__name__)
                # Nobody visits a house a second: four visits a minute of each are 200 of fifty.
                time.sleep(rng.uniform(8, 12))

    threads = [threading.Thread(target=person, args=(n,)) for n in range(people)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    minutes = (time.monotonic() - started) / 60
    stored = _stored(sent)
    waited = time.monotonic()
    left = _waiting()
    while _waiting():
        time.sleep(0.2)
    print(
        f"photographs that waited for the worker at the end: {left}; all looked through {time.monotonic() - waited:.1f} s later"
    )
    print(
        f"{people} people, {seconds:.0f} s: {len(sent)} visits ({len(sent) / minutes:.0f} a minute), {tiles[0]} tiles; a visit takes "
        f"{statistics.median(taken):.2f} s (median), {sorted(taken)[int(len(taken) * 0.95)]:.2f} s (95 %); lost {len(sent) - stored}, faults {faults}"
    )


def _stored(numbers: list[str]) -> int:
    from sqlalchemy import text

    from gis_service.db.engine import get_engine

    with get_engine("owner").connect() as connection:
        asked = "SELECT count(*) FROM gis.visit WHERE visit_id = ANY (CAST(:numbers AS uuid[]))"
        return int(connection.execute(text(asked), {"numbers": numbers}).scalar_one())


def _waiting() -> int:
    from gis_service.db.engine import get_engine

    with get_engine("owner").connect() as connection:
        return int(
            connection.exec_driver_sql("SELECT count(*) FROM gis.attachment WHERE state = 'waiting'").scalar_one()
        )


def _large(address: str) -> None:
    photographs = [_photograph(4_000_000, n) for n in range(3)]
    with httpx.Client(base_url=address, headers=_token(999), timeout=60) as client:
        taken = []
        for k, house in enumerate(_houses(6)):
            started = time.perf_counter()
            _send(client, house, [p[:-2] + bytes([k, k]) + p[-2:] for p in photographs])
            taken.append(time.perf_counter() - started)
    sizes = ", ".join(f"{len(p) / 1e6:.1f} MB" for p in photographs)
    print(f"one visit with 3 photographs ({sizes}): {statistics.median(taken):.2f} s (median of {len(taken)})")


def _fill(visits: int, events: int) -> None:
    from gis_service.db.engine import admin_connection

    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gis.building")
        (houses,) = cursor.fetchone()
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_CASES, {"rounds": max(1, round(events / 10 / (houses / 8)))})
        cursor.execute(_EVENTS)
        added = cursor.rowcount
        cursor.execute(_COUNTS)
        cursor.execute(_VISITS, {"rounds": max(1, round(visits / houses))})
        print(f"filled with {added:,} events and {cursor.rowcount:,} visits")
        cursor.execute("SET session_replication_role = origin")
        for table in ("case", "case_event", "cleared_count", "visit"):
            cursor.execute(f'VACUUM ANALYZE gis."{table}"')


def _pages() -> dict[str, float]:
    """Return the median seconds of each page, whole answers, as a planner and as a township."""
    from gis_service import logs
    from gis_service.api.app import create_app

    logs.set_up()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient
    houses = _houses(_TIMES)
    asked: dict[str, list[str]] = {
        "/cases": ["/cases"], "/cases, all uses, overdue": ["/cases?all_uses=true&overdue=true"],
        "/cases of a township": ["/cases?unit=451224100"], "/cases/N": [f"/cases/{n}" for n in range(1, 16)],
        "/house/N": [f"/house/{house}" for house in houses], "/house/N/visit": [f"/house/{house}/visit" for house in houses],
    }  # fmt: skip
    found = {}
    headers = {**_token(1), "accept": "text/html"}
    with TestClient(create_app(), base_url="http://127.0.0.1", headers=headers) as client:
        for name, addresses in asked.items():
            taken: list[float] = []
            for k in range(_TIMES + 3):
                started = time.perf_counter()
                answer: Any = client.get(addresses[k % len(addresses)])
                taken.append(time.perf_counter() - started)
                assert answer.status_code == 200, answer.text[:200]
            found[name] = statistics.median(taken[3:])
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--visits", type=int, default=400_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args()
    print(machine(), f"load {os.getloadavg()[0]:.1f}")
    with _county(str(given.folder.resolve()) if given.folder else None):
        _use(_SMALL)
        with _serving() as address:
            _large(address)
            _crowd(address, min(given.people, 300), min(given.seconds, 900))
        _use(_SMALL)
        before = _pages()
        _use(_LARGE)
        _fill(given.visits, given.events)
        after = _pages()
        for name, seconds in before.items():
            print(
                f"{name}: {seconds * 1000:.0f} ms, after five years {after[name] * 1000:.0f} ms, {after[name] / seconds:.2f} times"
            )


if __name__ == "__main__":
    main()
