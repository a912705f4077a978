"""Bulletins and tables of the demo county after its campaign: made, frozen, read, written; and the start page.

    .venv/bin/python -m benchmarks.bulletins [--folder DIR]

In a private PostGIS of its own; with DIR in the database that is kept there, in transactions that are undone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.common import machine, private_database

_TIMES = 5
_DAY = date(2022, 9, 7)


def _median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(_TIMES + 1):
        started = time.perf_counter()
        act()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken[1:])


def _seconds(suffix: str, act: Callable[[], object]) -> float:
    """Return the median, of a PDF the first time: Typst keeps what it has set, and the same table again is a hundredth."""
    if suffix != "pdf":
        return _median(act)
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _measure(folder: Path) -> dict[str, float]:
    from sqlalchemy import text

    from gis_service.bulletins.files import write
    from gis_service.bulletins.period import Kind
    from gis_service.bulletins.snapshot import bulletin
    from gis_service.db.engine import transaction
    from gis_service.export.mark import Mark
    from gis_service.identity import operator
    from gis_service.tables import sheets
    from web_map.county import county_page

    who, mark = operator(), Mark("bench")
    kinds: tuple[Kind, ...] = ("daily", "weekly", "monthly")
    names: tuple[sheets.Name, ...] = ("annex1", "annex2", "statistics", "steps")

    def frozen(kind: Kind, day: date) -> None:
        with transaction(who) as connection:
            bulletin(connection, who, kind, day)
            connection.execute(text("SELECT 1"))
            connection.rollback()

    found = {}
    for kind, day in zip(kinds, (_DAY, date(2022, 9, 4), date(2022, 8, 31)), strict=True):
        found[f"{kind} bulletin, counted and frozen"] = _median(lambda kind=kind, day=day: frozen(kind, day))  # type: ignore[misc]
    with transaction(who) as connection:
        # The day before first, so that the one that is measured is compared with it.
        bulletin(connection, who, "daily", date(2022, 9, 6))
        started = time.perf_counter()
        made = bulletin(connection, who, "daily", _DAY)
        found["daily bulletin with one before, counted and frozen"] = time.perf_counter() - started
        found["daily bulletin, read as it was frozen and checked"] = _median(
            lambda: bulletin(connection, who, "daily", _DAY)
        )
        connection.rollback()
    for suffix in ("docx", "pdf", "xlsx"):
        found[f"daily bulletin as {suffix}"] = _seconds(
            suffix,
            lambda suffix=suffix: write(made, folder / f"b.{suffix}", mark),  # type: ignore[misc]
        )
    with transaction(who, read_only=True) as connection:
        for name in names:
            for operating in (True, False) if name == "statistics" else (True,):
                said = f"{name}{', every house' if not operating else ''}"
                found[said] = _median(
                    lambda name=name, operating=operating: sheets.make(connection, name, _DAY, operating=operating)  # type: ignore[misc]
                )
                table = sheets.make(connection, name, _DAY, operating=operating)
                for suffix in sheets.FORMATS:
                    found[f"{said} as {suffix}"] = _seconds(
                        suffix,
                        lambda table=table, suffix=suffix: sheets.write(table, folder / f"t.{suffix}", mark),  # type: ignore[misc]
                    )
        found["start page, made anew"] = _median(lambda: county_page(connection))
    return found


def main() -> None:
    """Print the medians in seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", help="data folder with the demo county and its campaign")
    folder = parser.parse_args().folder
    with contextlib.ExitStack() as stack:
        if folder is None:
            stack.enter_context(private_database("bulletins"))
            from gis_service.demo.load import load_demo
            from gis_service.demo.replay import replay

            load_demo("donglan")
            replay()
        else:
            os.environ |= {"GIS_DATA_DIR": folder}
        from gis_service.db.ready import prepare

        prepare()
        out = stack.enter_context(tempfile.TemporaryDirectory())
        print(machine())
        for name, seconds in _measure(Path(out)).items():
            print(f"{name:<58}{seconds:8.2f} s{'' if seconds < 1 else '  over 1 s'}")


if __name__ == "__main__":
    main()
