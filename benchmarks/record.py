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
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from benchmarks.common import machine, private_database

_DAY, _LAST = date(2022, 9, 8), date(2027, 9, 8)
_SMALL, _LARGE = "bench_small", "bench_large"
_TIMES = 15
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
    """Yield with the demo county in two databases, one of them to be filled."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            stack.enter_context(private_database("record"))
            from gis_service.demo.load import load_demo

            load_demo("donglan")
        else:
            os.environ |= {"GIS_DATA_DIR": folder}
        from gis_service.db.engine import admin_connection, forget_connections
        from gis_service.db.ready import prepare
        from gis_service.settings import get_settings

        prepare()
        source = get_settings().database
        forget_connections()
        with admin_connection("postgres") as connection, connection.cursor() as cursor:
            for copy in (_SMALL, _LARGE):
                cursor.execute(f"DROP DATABASE IF EXISTS {copy}")
                cursor.execute(f"CREATE DATABASE {copy} TEMPLATE {source}")
        try:
            yield
        finally:
            forget_connections()
            with admin_connection("postgres") as connection, connection.cursor() as cursor:
                for copy in (_SMALL, _LARGE):
                    cursor.execute(f"DROP DATABASE {copy}")


def _use(database: str) -> None:
    from gis_service.db.day import forget_day
    from gis_service.settings import get_settings

    os.environ["GIS_DATABASE"] = database
    get_settings.cache_clear()
    forget_day()


def _tables() -> dict[str, list[float]]:
    """Return the medians of each table: of the small county, and of the large one on its first and on its last day.

    They are asked in turn, so that whatever else the machine does falls on all of them alike.
    """
    from gis_service.db.engine import transaction
    from gis_service.identity import Identity, Role, operator
    from gis_service.record.tables import annex

    town = Identity("town", Role.TOWNSHIP, "451224100")
    asked: dict[str, tuple[Identity, Literal["annex1", "annex2"]]] = {
        "annex 1": (operator(), "annex1"), "annex 2": (operator(), "annex2"), "annex 1, a township": (town, "annex1"),
    }  # fmt: skip
    places = ((_SMALL, _DAY), (_LARGE, _DAY), (_LARGE, _LAST))
    taken: dict[str, list[list[float]]] = {name: [[], [], []] for name in asked}
    for _ in range(_TIMES + 1):
        for name, (who, table) in asked.items():
            for k, (database, day) in enumerate(places):
                _use(database)
                with transaction(who, read_only=True) as connection:
                    started = time.perf_counter()
                    annex(connection, table, day)
                    taken[name][k].append(time.perf_counter() - started)
    return {name: [statistics.median(times[1:]) for times in of] for name, of in taken.items()}


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
        _use(_LARGE)
        started = time.perf_counter()
        count = _fill(given.judgements)
        print(f"{count:,} judgements; adding them took {time.perf_counter() - started:.0f} s")
        for name, (small, first, last) in _tables().items():
            print(
                f"{name}: {small * 1000:.0f} ms; with {count:,}: {first * 1000:.0f} ms of {_DAY}, {last * 1000:.0f} ms "
                f"of {_LAST}; {first / small:.2f} and {last / small:.2f} times"
            )
        for database in (_SMALL, _LARGE):
            _use(database)
            median, slowest = _pages()
            print(f"a house's page, {database}: median {median * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms")


if __name__ == "__main__":
    main()
