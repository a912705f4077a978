"""The one table, written a second time, against the database: every step, in every state, by every role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection

from gis_service.cases import events, rules
from gis_service.db.engine import transaction
from gis_service.db.server import Server
from gis_service.errors import ConflictError, ForbiddenError, GisError
from gis_service.identity import Identity
from tests.cases.conftest import (
    ADMINISTRATOR,
    AUDITOR,
    DEPARTMENT,
    FIRE,
    PLANNER,
    TOWNSHIP,
    VILLAGE,
    photographs,
)
from tests.conftest import Database, cloned
from tests.record.conftest import TOWN

# From: P pending, I in progress, A accepted, C cleared; to; who: a administrator, p planner, f fire, t township, d department.
_ORACLE = """
plan                            PI   -  at
file                            PI   -  ap
start                           P    I  at
measure stop_use                PIA  -  at
measure restrict_use            PIA  -  at
measure cordon                  PIA  -  at
measure evacuate                PIA  -  at
measure monitor                 PIA  -  at
measure seal                    PIA  -  af
measure reinforce               I    -  at
measure demolish_rebuild        I    -  at
measure geohazard_works         I    -  at
measure relocate                I    -  at
measure order_rectify           PI   -  af
measure enforce_demolish_all    PI   -  atd
measure enforce_demolish_part   PI   -  atd
measure regularise              PI   -  atd
measure fine                    PI   -  ad
measure confiscate              PI   -  ad
measure_end                     PIAC -  atfd
notice appraise                 PI   -  atd
notice stop_use                 PI   -  atd
notice rectify                  PI   -  atd
notice stop_business            PI   -  atd
serve                           PIAC -  atd
stop_business                   PI   -  atd
check_business closed           PIA  -  atd
check_business open             PIA  -  atd
resume_business                 AC   -  atd
ask_extension                   PI   -  at
grant_extension                 PI   -  ap
memo                            PIA  -  ap
stage_acceptance                I    -  at
submit_acceptance               I    -  at
approve_acceptance              I    A  a!
return_to_work                  A    I  apt
submit_clearance works          A    -  at
submit_clearance demolished     PIA  -  at
submit_clearance appraisal      PIA  -  at
submit_clearance moved_away     PIA  -  at
submit_clearance duplicate      PIA  -  at
submit_clearance wrong_entry    PIA  -  at
approve_clearance               PIA  C  ap
return                          PIA  -  ap!
correct                         PIAC -  apftd
"""
_STATES = {"P": "pending", "I": "in_progress", "A": "accepted", "C": "cleared"}
_ASKERS = {"a": ADMINISTRATOR, "p": PLANNER, "f": FIRE, "t": TOWNSHIP, "d": DEPARTMENT, "v": VILLAGE, "u": AUDITOR}
ORACLE: dict[tuple[str, str], tuple[set[str], str | None, str]] = {
    (line[:32].split()[0], " ".join(line[:32].split()[1:])): (
        {_STATES[s] for s in line[32:36].strip()}, _STATES.get(line[37]), line[40:].strip()
    )
    for line in _ORACLE.strip("\n").split("\n")
}  # fmt: skip
_OPEN = {"structure": "at", "fire": "af", "geohazard": "atd", "legality": "atd", "operation": "atd"}
_GOOD: dict[str, Any] = {
    "fenced": True, "no_appraisal_reason": "无", "number": "1号", "scope": "整栋", "people": 3, "lodging": "投亲",
    "patrol_days": 3, "with_unit": "市场监管局", "record_changes": False, "removed_on": "2022-09-01",
    "method": "直接送达",
}  # fmt: skip


def test_the_table_has_these_steps_and_no_other(town: Database):
    with transaction(PLANNER, read_only=True) as connection:
        known = rules.rules(connection)
    assert {key for key in known if key[0] != "open"} == set(ORACLE)
    assert {what for kind, what in known if kind == "open"} == set(_OPEN)
    named = {field for rule in known.values() for field in (*rule.needs, *rule.takes)}
    assert named <= set(rules.FIELDS), "a field without words"
    checks = {check for rule in known.values() for check in rule.checks}
    source = town.one("SELECT prosrc FROM pg_proc WHERE proname = 'case_refusal'") + town.one(
        "SELECT prosrc FROM pg_proc WHERE proname = 'case_fault'"
    )
    # ``submission`` and ``resumes`` stand in a list and beside another; ``event`` is what every reference is held to.
    assert all(f"'{check}'" in source for check in checks - {"event"}), "a check that nothing does"
    assert set(town.one("SELECT array_agg(DISTINCT measure) FROM gis.control_rule")) <= {
        w for k, w in known if k == "measure"
    }


def _make(connection: Connection, town: Database, state: str, variant: str) -> tuple[int, str]:
    """A case in that state with what a variant has: nothing, things to refer to, or a submission; and its house."""
    house = f"{state}-{variant}"
    case_id: int = town.one("SELECT case_id FROM gis.case WHERE building_id = %s", house)

    def add(kind: str, what: str = "", **said: Any) -> None:
        events.add(connection, case_id, events.New(kind, what, date(2022, 9, 1), **said))

    pictures = photographs(connection, house, "red", "blue")
    if variant == "busy":
        plan = {"fenced": True}
        add("plan", reason="加固", responsible="镇长", until=date(2022, 9, 30), given=plan)
        add("ask_extension", until=date(2022, 10, 30), reason="雨季")
        add("measure", "restrict_use", given={"scope": "二楼"})
        add("stop_business", given={"with_unit": "市场监管局"})
        add("notice", "stop_use", given={"number": "1号"})
    if state in {"in_progress", "accepted"}:
        add("start")
    if state == "accepted":
        add("submit_acceptance", responsible="county")
        _review(connection, case_id, "approve_acceptance")
    if state == "cleared":
        add("submit_clearance", "appraisal", given={"record_changes": False})
        _review(connection, case_id, "approve_clearance")
    if variant == "clearance" and state != "cleared":
        add("submit_clearance", "moved_away", reason="搬走", evidence=pictures, given={"record_changes": True})
    if variant in {"county", "unit", "office"} and state == "in_progress":
        named = {"county": "county", "unit": TOWN, "office": "market_reg"}[variant]
        add("submit_acceptance", responsible=named)
    return case_id, house


def _review(connection: Connection, case_id: int, kind: str) -> None:
    """By another account than the one that this connection is in the name of."""
    from sqlalchemy import text

    connection.execute(text("SELECT set_config('gis.account', 'other', true)"))
    events.add(connection, case_id, events.New(kind, on_day=date(2022, 9, 1)))
    connection.execute(text("SELECT set_config('gis.account', 'maker', true)"))


_VARIANTS = ("plain", "busy", "clearance", "county", "unit", "office")


@pytest.fixture(scope="module")
def _made(server: Server, _town: str) -> Iterator[tuple[str, dict[tuple[str, str], tuple[int, str]]]]:
    """The town with a case in each state, of each variant; and their numbers, which are the same in each copy."""
    with cloned(server, _town) as town:
        yield town.name, _fill(town)


@pytest.fixture
def made(
    server: Server, _made: tuple[str, dict[tuple[str, str], tuple[int, str]]]
) -> Iterator[dict[tuple[str, str], tuple[int, str]]]:
    name, cases = _made
    with cloned(server, name):
        yield cases


def _fill(town: Database) -> dict[tuple[str, str], tuple[int, str]]:
    houses = [f"{state}-{variant}" for state in _STATES.values() for variant in _VARIANTS]
    for k, house in enumerate(houses):
        town.ask(
            "INSERT INTO gis.building (building_id, township_code, village_code, use_class, departments, geom) VALUES (%s, "
            "'451224100', '451224100001', 'mixed', '{market_reg}', "
            "ST_Multi(ST_MakeEnvelope(%s, 2711500, %s, 2711510, 4545)))", house, 436100 + 20 * k, 436110 + 20 * k,
        )  # fmt: skip
    town.judge("b.building_id LIKE '%%-%%'", tier="some", on="2022-07-01")
    town.judge("b.building_id LIKE '%%-%%'", grade="A", on="2022-08-01")
    town.ask("INSERT INTO gis.judgement (building_id, kind, tier, judged_on) SELECT building_id, 'review', 'some', "
             "'2022-08-02' FROM gis.building WHERE building_id LIKE '%%-%%'")  # fmt: skip
    maker = Identity("maker", ADMINISTRATOR.role)
    with transaction(maker) as connection:
        return {
            (state, variant): _make(connection, town, state, variant)
            for state in _STATES.values() for variant in _VARIANTS
        }  # fmt: skip


def _variant(kind: str, what: str) -> str:
    if kind in {"serve", "file", "measure_end", "check_business", "resume_business", "grant_extension"}:
        return "busy"
    return "clearance" if kind in {"approve_clearance", "return"} else "plain"


def _event(connection: Connection, rule: rules.Rule, case_id: int, house: str) -> events.New:
    """An event that says all that its rule needs."""
    from sqlalchemy import text

    referred = {"serve": "notice", "measure_end": "measure", "grant_extension": "ask_extension", "correct": "open"}.get(
        rule.kind
    )
    refers = None
    if referred:
        found = "SELECT max(event_id) FROM gis.case_event WHERE case_id = :case_id AND kind = :kind"
        refers = connection.execute(text(found), {"case_id": case_id, "kind": referred}).scalar()
    pictures = [
        row.sha256
        for row in connection.execute(text("SELECT sha256 FROM gis.attachment WHERE building_id = :h"), {"h": house})
    ]
    needs = set(rule.needs) | ({"no_appraisal_reason"} & set(rule.takes))
    return events.New(
        rule.kind, rule.what, date(2022, 9, 8), date(2022, 12, 31) if "until" in needs else None,
        ("county" if rule.kind == "submit_acceptance" else "镇长") if "responsible" in needs else None,
        "说明" if "reason" in needs else None, {k: _GOOD[k] for k in needs - rules.COLUMNS},
        tuple(pictures) if "evidence" in needs else (), refers,
    )  # fmt: skip


def _try(connection: Connection, new: events.New, case_id: int) -> dict[str, Any] | GisError:
    """What comes of an event, which is then taken back."""
    trial = connection.begin_nested()
    try:
        return events.add(connection, case_id, new)
    except GisError as error:
        return error
    finally:
        trial.rollback()


@pytest.mark.parametrize("letter", list(_ASKERS))
def test_every_step_in_every_state_by(made: dict[tuple[str, str], tuple[int, str]], letter: str):
    asker = _ASKERS[letter]
    wrong: list[tuple[Any, ...]] = []
    with transaction(asker) as connection:
        known = rules.rules(connection)
        for key, (states, to_state, may) in ORACLE.items():
            for state in _STATES.values():
                variants = ["county", "unit", "office"] if key[0] == "approve_acceptance" else [_variant(*key)]
                for variant in variants:
                    case_id, house = made[state, variant]
                    named = {"county": "p", "unit": "t", "office": "d"}.get(variant, "")
                    allowed = letter in may.replace("!", named) and state in states
                    told = _try(connection, _event(connection, known[key], case_id, house), case_id)
                    if isinstance(told, GisError) == allowed:
                        wrong.append((key, state, variant, allowed, told))
                    elif allowed:
                        assert isinstance(told, dict)
                        if told["state"] != (to_state or state):
                            wrong.append((key, state, variant, to_state, told["state"]))
                    elif letter in may.replace("!", named) and not isinstance(told, ConflictError):
                        wrong.append((key, state, variant, "409", told))
                    elif letter not in may.replace("!", "ptd") and not isinstance(told, ForbiddenError):
                        wrong.append((key, state, variant, "403", told))
    assert wrong == []


@pytest.mark.parametrize("letter", list(_ASKERS))
def test_what_can_be_done_next_is_what_is_allowed(made: dict[tuple[str, str], tuple[int, str]], letter: str):
    from gis_service.cases import find

    with transaction(_ASKERS[letter], read_only=True) as connection:
        for (state, variant), (case_id, _) in made.items():
            offered = set(find.steps(connection, case_id))
            waiting = find.one(connection, case_id)["submission"] is not None
            for key, (states, _to, may) in ORACLE.items():
                named = {"county": "p", "unit": "t", "office": "d"}.get(variant, "")
                expected = letter in may.replace("!", named) and state in states
                if key[0] in {"approve_acceptance", "approve_clearance", "return"}:
                    of_clearance = variant == "clearance"
                    expected &= waiting and (of_clearance or key[0] != "approve_clearance")
                    expected &= not of_clearance or key[0] != "approve_acceptance"
                    if key[0] == "return" and waiting and not of_clearance:
                        expected = letter in "a" + named and state in states
                elif key[0].startswith("submit_") or key[0] in {"start", "return_to_work"}:
                    expected &= not waiting
                elif key[0] in {"serve", "file", "measure_end", "check_business", "resume_business", "grant_extension"}:
                    expected &= variant == "busy"
                elif key[0] == "stop_business":
                    expected &= variant != "busy"
                assert (key in offered) == expected, (key, state, variant)


@pytest.mark.parametrize("letter", list(_ASKERS))
def test_opening_by_hand(town: Database, letter: str):
    town.ask(
        "UPDATE gis.building SET village_code = '451224100001', departments = '{market_reg}' WHERE building_id = 'H3'"
    )
    with transaction(_ASKERS[letter]) as connection:
        for kind, may in _OPEN.items():
            trial = connection.begin_nested()
            try:
                row = events.open_case(connection, "H3", events.New("open", kind, reason="发现"))
                assert letter in may, kind
                assert (row["state"], row["kind"], row["seq"]) == ("pending", kind, 1)
            except ForbiddenError:
                assert letter not in may, kind
            finally:
                trial.rollback()
