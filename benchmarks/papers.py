"""Papers of the demo county: the sign-off of every village proved, and five hundred notices in one file.

    .venv/bin/python -m benchmarks.papers [--folder DIR]

Figures to reach, on two cores: `ledger verify` under 5 s, 500 notices in one file under 20 s. The demo county in a private
PostGIS of its own; with DIR in a copy of the database that is kept there.
"""

from __future__ import annotations

import argparse
import time
from datetime import date

from benchmarks.common import machine
from benchmarks.record import _SMALL, _county, _use
from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import transaction
from gis_service.identity import Identity, Role, operator
from gis_service.notices import find, issue
from gis_service.notices import print as paper
from gis_service.signatures import sign
from gis_service.signatures.state import STEPS
from gis_service.signatures.verify import verify

_ROUND = "自建房安全专项整治"


def _signed() -> int:
    """Sign every village and every unit of the campaign; return how many signatures that are."""
    county = operator()
    with transaction(county) as connection:
        (round_id,) = (r["round_id"] for r in sign.rounds(connection) if r["name"] == _ROUND)
        villages = [
            (u.unit_code, v.village_code) for u in sign.found_units(connection, round_id, None) for v in u.villages
        ]
        for unit, village in villages:
            for step in STEPS:
                sign.name_signer(connection, unit, village, step, "某", "职务", f"bench-{step}")
        for unit in dict.fromkeys(u for u, _ in villages):
            sign.name_signer(connection, unit, None, "township", "某", "职务", "bench-township")
    places: list[tuple[str, str | None, str]] = [(unit, village, step) for unit, village in villages for step in STEPS]
    places += [(unit, None, "township") for unit in dict.fromkeys(u for u, _ in villages)]
    for unit, village, step in places:
        who = Identity(f"bench-{step}", Role.TOWNSHIP, unit)
        with transaction(who) as connection:
            row = sign.sign(connection, sign.New(round_id, unit, village, step))
            audit_log.append(connection, who, Action.SIGNED, f"signature {row['signature_id']}", digest=row["digest"])
    return len(places)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder")
    folder = parser.parse_args().folder
    print(machine())
    with _county(folder):
        _use(_SMALL)
        started = time.perf_counter()
        signatures = _signed()
        print(f"{signatures:,} signatures entered   {time.perf_counter() - started:6.1f} s")
        for _ in range(3):
            started = time.perf_counter()
            with transaction(operator(), read_only=True) as connection:
                proof = verify(connection)
            print(
                f"ledger verify, {proof.standing:,} steps stand, sound {proof.sound}   {time.perf_counter() - started:6.2f} s"
            )
        who = operator()
        with transaction(who) as connection:
            houses = tuple(
                row["building_id"] for row in find.due(connection, find.Filter("appraise", state="none"), 500)
            )
            started = time.perf_counter()
            ids = issue.issue(connection, who, issue.Ask("appraise", houses, "基准〔2022〕", 1, date(2022, 9, 25)))
            print(f"{len(ids)} notices issued   {time.perf_counter() - started:6.2f} s")
            papers = paper.of_notices(connection, who, ids, owners=False)
        kinds: tuple[paper.Format, ...] = ("docx", "pdf")
        for format_ in kinds:
            started = time.perf_counter()
            made = paper.write(papers, format_)
            took = time.perf_counter() - started
            print(f"500 notices with receipts, one {format_}   {took:6.2f} s   {len(made) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
