"""The campaign replayed: every day adds up, the last one is that of the notice, and what broke off goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from gis_service.accounts import people
from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.demo import replay as module
from gis_service.demo.campaign import PREFIX
from gis_service.demo.replay import replay
from gis_service.demo.tables import DONGLAN
from gis_service.identity import Role, operator
from gis_service.record.tables import annex
from tests import databases
from tests.bulletins.test_campaign import check_day, names_of
from tests.bulletins.witness import County
from tests.conftest import Database, cloned

_STATES = """
SELECT e.on_day, e.kind, e.from_state, e.to_state FROM gis.case_event AS e
WHERE e.from_state IS DISTINCT FROM e.to_state ORDER BY e.on_day, e.event_id
"""


class _StopError(Exception):
    pass


@pytest.fixture
def demo_copy(server: Server) -> Iterator[Database]:
    """The whole county: the campaign ends with the notice's figures."""
    with cloned(server, databases.make(server, databases.DEMO)) as made:
        yield made


def _annex1() -> dict[str, tuple[int, int, int]]:
    with transaction(operator(), read_only=True) as connection:
        lines = annex(connection, "annex1", date(2022, 9, 8)).lines
    return {line.name: (line.severe, line.some, line.none_found) for line in lines}


def test_the_campaign(demo_copy: Database):
    before = _annex1()
    assert before["东兰镇"] == (38, 142, 1567)
    opened = demo_copy.one("SELECT count(*) FROM gis.case")
    assert opened == DONGLAN.other_severe + DONGLAN.other_some + 79 + 382, "each hazard is a case"

    with transaction(operator()) as connection:
        people.add(connection, people.New("demo-village", Role.VILLAGE, "451224100001", demo=True), None)
        people.add(connection, people.New("demo-township", Role.TOWNSHIP, "451224100", demo=True), None)

    # Broken off within a day, it leaves whole days.
    def stop(day: date, _: float) -> None:
        if day >= date(2022, 7, 1):
            raise _StopError

    with pytest.raises(_StopError):
        replay(stop)
    half = demo_copy.one("SELECT count(*) FROM gis.case_event")
    assert demo_copy.one("SELECT max(on_day) FROM gis.case_event WHERE account LIKE %s", f"{PREFIX}%") < date(
        2022, 7, 1
    )
    counts = replay()
    assert counts["steps"] + half == demo_copy.one("SELECT count(*) FROM gis.case_event")
    assert replay() == {"visits": 0, "steps": 0, "days": 0}, "what is done is done"

    assert _annex1() == before, "hazard_tier is that of annex 1"
    rewards = demo_copy.ask("SELECT visited_on <= judged_on, account LIKE %s, simulated FROM gis.reward", f"{PREFIX}%")
    assert len(rewards) >= 5, "a visit that led to a severe judgement is rewarded"
    assert set(rewards) == {(True, True, True)}
    assert (
        demo_copy.one("SELECT count(*) FROM gis.judgement WHERE visit_id IS NOT NULL AND reason NOT LIKE '%%模拟%%'")
        == 0
    )
    _days_add_up(demo_copy, opened)
    # Of an eighth of the county every day is held against a slow count (tests/bulletins); of all of it these.
    county, names = County(demo_copy), names_of(demo_copy)
    for day in (date(2022, 6, 30), date(2022, 7, 31), date(2022, 8, 31), date(2022, 9, 8)):
        check_day(county, names, day)
    # Every page has something to show.
    states = dict(demo_copy.ask("SELECT state, count(*) FROM gis.case GROUP BY 1"))
    assert min(states[s] for s in ("pending", "in_progress", "accepted", "cleared")) >= 3, states
    kinds = {k for (k,) in demo_copy.ask("SELECT DISTINCT kind FROM gis.case_event")}
    assert {"plan", "file", "measure", "notice", "stop_business", "check_business", "ask_extension", "grant_extension",
            "submit_acceptance", "return", "submit_clearance"} <= kinds  # fmt: skip
    for asked in ("submission IS NOT NULL", "overdue OR cardinality(missing) > 0"):
        assert demo_copy.one(f"SELECT count(*) FROM gis.case_card WHERE {asked}") > 0, asked
    assert demo_copy.one("SELECT count(*) FROM gis.proposal AS p WHERE NOT EXISTS "
                         "(SELECT FROM gis.proposal_decision AS d WHERE d.proposal_id = p.proposal_id)") > 0  # fmt: skip
    assert demo_copy.one("SELECT count(*) FROM gis.visit WHERE distance_m > 50 + accuracy_m") == 0
    assert demo_copy.one("SELECT max(visited_on) FROM gis.visit") <= date(2022, 9, 8)
    duties = demo_copy.ask("SELECT account, kind, place FROM gis.duty ORDER BY 1")
    assert duties == [("demo-township", "leader", "451224100"), ("demo-village", "grid", "451224100001")]
    assert {s for (s,) in demo_copy.ask("SELECT step FROM gis.signer")} == {"team", "secretary", "leader", "township"}


def _days_add_up(database: Database, opened: int) -> None:
    """Of each day, cases opened are pending, in progress, accepted or cleared; the last day is what the cases say."""
    standing: dict[str, int] = dict.fromkeys(("pending", "in_progress", "accepted", "cleared"), 0)
    total = 0
    rows: list[tuple[Any, ...]] = database.ask(_STATES)
    for _, kind, from_state, to_state in rows:
        total += kind == "open"
        if from_state is not None:
            standing[from_state] -= 1
        standing[to_state] += 1
        assert min(standing.values()) >= 0
        assert sum(standing.values()) == total
    assert total == opened
    assert standing == dict.fromkeys(standing, 0) | dict(
        database.ask("SELECT state, count(*) FROM gis.case GROUP BY 1")
    )


def test_real_houses_get_nothing(database: Database):
    database.ask("INSERT INTO gis.building (building_id, township_code, use_class, geom) VALUES ('r', '451224100', 'mixed', "
                 "ST_Multi(ST_MakeEnvelope(436000, 2712000, 436010, 2712010, 4545)))")  # fmt: skip
    database.judge("building_id = 'r'", tier="severe", on="2022-07-01")
    assert module.replay() == {"visits": 0, "steps": 0, "days": 0}
    assert database.one("SELECT count(*) FROM gis.case_event WHERE kind <> 'open'") == 0


def test_as_a_job(database: Database):
    """Asked for as ``up`` asks, done as the worker does: of a county with nothing to replay it says so."""
    from gis_service.jobs.ask import ask
    from gis_service.jobs.kinds import KINDS
    from gis_service.jobs.task import Task

    with transaction(operator()) as connection:
        job = ask(connection, operator(), "replay", {})
    assert KINDS["replay"].load()(Task(job.job_id, {}, operator())) == {"visits": 0, "steps": 0, "days": 0}
    assert database.ask("SELECT zh FROM gis.job_line") == [("专项整治已回放：0 次到访，0 次办理，0 天。",)]
    assert database.one("SELECT EXISTS (SELECT FROM gis.job WHERE kind = 'replay')")
