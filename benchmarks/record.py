"""The record of houses: tables by day with the demo's judgements and with a million, and a house's page.

    .venv/bin/python -m benchmarks.record [--folder DIR] [--judgements 1000000]

The demo county in a private PostGIS of its own; with DIR in a copy of the database that is kept there.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from benchmarks.common import machine, private_database

_DAY, _LAST = date(2022, 9, 8), date(2027, 9, 8)
_COPY = "bench_record"
# Every house is judged again and again over five years, in another order each time; one in fifty is a correction later.
_ROUND = """
INSERT INTO gis.judgement (building_id, kind, tier, judged_on)
SELECT building_id, CASE WHEN mod(fid + %(n)s, 9) = 0 THEN 'review' ELSE 'preliminary' END,
       (ARRAY['severe', 'some', 'none_found', 'none_found', 'none_found', 'none_found'])[1 + mod(fid * 7 + %(n)s * 5, 6)],
       %(first)s::date + (mod(fid * 13, 150) + %(n)s * 150)::integer
FROM gis.building
"""


@contextlib.contextmanager
def _county(folder: str | None) -> Iterator[None]:
    if folder is None:
        with private_database("record"):
            from gis_service.demo.load import load_demo

            load_demo("donglan")
            yield
        return
    os.environ |= {"GIS_DATA_DIR": folder}
    from gis_service.db.engine import admin_connection, forget_connections
    from gis_service.db.ready import prepare
    from gis_service.settings import get_settings

    prepare()
    with admin_connection("postgres") as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {_COPY}")
        cursor.execute(f"CREATE DATABASE {_COPY} TEMPLATE {get_settings().database}")
    os.environ["GIS_DATABASE"] = _COPY
    get_settings.cache_clear()
    forget_connections()
    try:
        yield
    finally:
        forget_connections()
        with admin_connection("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {_COPY}")


def _median(function: Callable[[], object], times: int = 7) -> float:
    function()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _tables(day: date) -> dict[str, float]:
    from gis_service.db.engine import transaction
    from gis_service.identity import Identity, Role, operator
    from gis_service.record.tables import annex

    def asked(who: Identity, name: str) -> Callable[[], object]:
        def ask() -> object:
            with transaction(who, read_only=True) as connection:
                return annex(connection, "annex1" if name == "annex1" else "annex2", day)

        return ask

    town = Identity("town", Role.TOWNSHIP, "451224100")
    return {
        "annex 1": _median(asked(operator(), "annex1")),
        "annex 2": _median(asked(operator(), "annex2")),
        "annex 1, a township": _median(asked(town, "annex1")),
    }


def _pages() -> tuple[float, float]:
    """Return the median and the slowest of sixty houses' pages, whole answers, signed in as a planner."""
    from sqlalchemy import text

    from gis_service import logs
    from gis_service.accounts import people, tokens
    from gis_service.api.app import create_app
    from gis_service.db.engine import transaction
    from gis_service.identity import Right, Role, operator

    logs.set_up()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fastapi.testclient import TestClient
    with transaction(operator()) as connection:
        account = people.add(connection, people.New(f"b{time.time_ns() % 10**9}", Role.PLANNER), None)
        _, secret = tokens.make(connection, account.account_id, "bench", [Right.READ], 1)
        houses = connection.execute(
            text("SELECT building_id FROM gis.building WHERE use_class <> 'other' ORDER BY md5(building_id) LIMIT 60")
        ).scalars()
        numbers = list(houses)
    headers = {"Authorization": f"Bearer {secret}", "accept": "text/html"}
    taken = []
    with TestClient(create_app(), base_url="http://127.0.0.1", headers=headers) as client:
        for number in [*numbers[:5], *numbers]:
            started = time.perf_counter()
            answer = client.get(f"/house/{number}")
            taken.append(time.perf_counter() - started)
            assert answer.status_code == 200, answer.text[:200]
    return statistics.median(taken[5:]), max(taken[5:])


def _fill(most: int) -> int:
    """Judge every house again until there are so many; then what autovacuum does in the years between."""
    from gis_service.db.engine import admin_connection

    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE gis.deployment SET today = %s", (_LAST,))
        cursor.execute("SELECT count(*), (SELECT count(*) FROM gis.building) FROM gis.judgement")
        count, houses = cursor.fetchone()
        rounds = max(1, -(-(most - count) // houses))
        for n in range(rounds):
            # The last round alone writes the tiers: what is in force does not ask how it came about.
            cursor.execute(f"SET session_replication_role = {'origin' if n == rounds - 1 else 'replica'}")
            cursor.execute(_ROUND, {"n": n, "first": date(2022, 9, 10)})
        cursor.execute("VACUUM ANALYZE gis.judgement")
        cursor.execute("VACUUM ANALYZE gis.building")
        return int(count + rounds * houses)


def main() -> None:
    """Print the times of tables by day and of pages, before and after the county has a million judgements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--judgements", type=int, default=1_000_000)
    given = parser.parse_args()
    print(machine(), f"load {os.getloadavg()[0]:.1f}")
    with _county(str(given.folder.resolve()) if given.folder else None):
        before = _tables(_DAY)
        page = _pages()
        started = time.perf_counter()
        count = _fill(given.judgements)
        print(f"{count:,} judgements; adding them took {time.perf_counter() - started:.0f} s")
        from gis_service.db.day import forget_day

        forget_day()
        after, last = _tables(_DAY), _tables(_LAST)
        later = _pages()
        for name, seconds in before.items():
            worst = max(after[name], last[name])
            print(
                f"{name}: {seconds * 1000:.0f} ms; with {count:,}: {after[name] * 1000:.0f} ms of {_DAY}, "
                f"{last[name] * 1000:.0f} ms of {_LAST}; {worst / seconds:.2f} times"
            )
        print(f"a house's page: median {page[0] * 1000:.0f} ms, slowest {page[1] * 1000:.0f} ms; "
              f"with {count:,}: {later[0] * 1000:.0f} ms, {later[1] * 1000:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
