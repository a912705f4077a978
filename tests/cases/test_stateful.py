"""Any sequence of calls, as each role, over the service: a model that was written apart says what may come of each.

After every call the case is what its events say, no event was lost or altered, and a stranger still sees nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gis_service.attachments import store
from gis_service.db.engine import transaction
from gis_service.db.server import Server
from tests.cases.conftest import ADMINISTRATOR, photograph
from tests.conftest import Database, cloned, signed_in
from tests.record.conftest import TOWN, UNIT

_MOVES = {
    "start": ("pending", "in_progress"), "approve_acceptance": ("in_progress", "accepted"),
    "return_to_work": ("accepted", "in_progress"), "approve_clearance": (None, "cleared"),
}  # fmt: skip
# Each account once: the role's letter, then which of two of them.
_WHO = ("a1", "a2", "p1", "p2", "f1", "t1", "t2", "d1", "v1", "u1")
_BODIES: dict[str, dict[str, Any]] = {
    "start": {"kind": "start"},
    "stop_use": {"kind": "measure", "what": "stop_use", "given": {"scope": "整栋"}},
    "reinforce": {"kind": "measure", "what": "reinforce", "given": {"scope": "柱"}},
    "memo": {"kind": "memo", "reason": "会议"},
    "stage": {"kind": "stage_acceptance", "reason": "基础"},
    "submit_acceptance": {"kind": "submit_acceptance", "responsible": "county"},
    "approve_acceptance": {"kind": "approve_acceptance"},
    "return": {"kind": "return", "reason": "补照片"},
    "return_to_work": {"kind": "return_to_work", "reason": "裂缝又现"},
    "submit_works": {"kind": "submit_clearance", "what": "works", "given": {"record_changes": False}},
    "submit_moved": {"kind": "submit_clearance", "what": "moved_away", "reason": "搬走", "given": {"record_changes": True}},
    "approve_clearance": {"kind": "approve_clearance"},
}  # fmt: skip
_MAY = {
    "start": "at", "stop_use": "at", "reinforce": "at", "memo": "ap", "stage": "at", "submit_acceptance": "at",
    "approve_acceptance": "aptd", "return": "aptd", "return_to_work": "apt", "submit_works": "at", "submit_moved": "at",
    "approve_clearance": "ap",
}  # fmt: skip
_WHEN = {
    "start": ("pending",), "stop_use": ("pending", "in_progress", "accepted"), "reinforce": ("in_progress",),
    "memo": ("pending", "in_progress", "accepted"), "stage": ("in_progress",), "submit_acceptance": ("in_progress",),
    "approve_acceptance": ("in_progress",), "return": ("pending", "in_progress", "accepted"),
    "return_to_work": ("accepted",), "submit_works": ("accepted",),
    "submit_moved": ("pending", "in_progress", "accepted"), "approve_clearance": ("pending", "in_progress", "accepted"),
}  # fmt: skip


@pytest.fixture(scope="module")
def ready(server: Server, _town: str) -> Iterator[str]:
    with cloned(server, _town) as made:
        made.ask(
            "INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES ('451224100001', '江平', 'village', '451224100')"
        )
        made.ask("UPDATE gis.building SET village_code = '451224100001' WHERE building_id <> 'U1'")
        yield made.name


@pytest.fixture
def machine(server: Server, ready: str, app: FastAPI) -> Iterator[type[RuleBasedStateMachine]]:
    with Database(server, ready).active() as database, TestClient(app, raise_server_exceptions=False) as client:
        with transaction(ADMINISTRATOR) as connection:
            pictures = [store.store(connection, "H1", photograph(c))["sha256"] for c in ("red", "blue")]
        yield type(
            "Case",
            (_Case,),
            {"database": database, "client": client, "tokens": _tokens(database), "pictures": pictures},
        )


def _tokens(database: Database) -> dict[str, dict[str, str]]:
    roles: dict[str, tuple[str, dict[str, Any]]] = {
        "a": ("administrator", {}), "p": ("planner", {}), "f": ("fire", {}), "t": ("township", {"place": TOWN}),
        "d": ("department", {"department": "market_reg"}), "v": ("village", {"place": "451224100001"}), "u": ("auditor", {}),
    }  # fmt: skip
    made = {}
    for who in _WHO:
        role, more = roles[who[0]]
        # A second account of a role differs in a privilege that says nothing of cases.
        person = who[1] == "2"
        made[who] = signed_in(database, role, person=person, **more)
    made["stranger"] = signed_in(database, "township", place=UNIT)
    return made


def _expected(name: str, who: str, state: str, waiting: tuple[str, str] | None) -> int:
    """The status that the model foretells."""
    if who[0] in "vu" or who[0] not in _MAY[name]:
        return 403
    if state not in _WHEN[name]:
        return 409
    submits = name.startswith("submit_") or name in {"start", "return_to_work"}
    if submits:
        return 409 if waiting else 201
    if name in {"approve_acceptance", "approve_clearance", "return"}:
        wanted = {"approve_acceptance": ("submit_acceptance",), "approve_clearance": ("submit_works", "submit_moved"),
                  "return": ("submit_acceptance", "submit_works", "submit_moved")}[name]  # fmt: skip
        if waiting is None or waiting[0] not in wanted:
            return 409
        # Named is the county's office, which also reviews every clearance.
        return 403 if waiting[1] == who or who[0] not in "ap" else 201
    return 201


class _Case(RuleBasedStateMachine):
    """One case of H1 and what the model knows of it."""

    database: Database
    client: TestClient
    tokens: dict[str, dict[str, str]]
    pictures: list[str]
    waiting: tuple[str, str] | None

    @initialize()
    def begin(self) -> None:
        self.database.ask(
            "SET LOCAL session_replication_role = replica; DELETE FROM gis.case_event; DELETE FROM gis.case",
            role="postgres",
        )
        answer = self.client.post(
            "/api/cases", headers=self.tokens["t1"], json={"building_id": "H1", "kind": "legality", "reason": "加层"}
        )
        assert answer.status_code == 201, answer.text
        self.case_id = answer.json()["case_id"]
        self.state, self.waiting, self.log = "pending", None, answer.json()["events"]

    @rule(name=st.sampled_from(sorted(_BODIES)), who=st.sampled_from(_WHO))
    def take(self, name: str, who: str) -> None:
        body = dict(_BODIES[name])
        if name in {"submit_works", "submit_moved"}:
            body["evidence"] = self.pictures
        answer = self.client.post(f"/api/cases/{self.case_id}/events", headers=self.tokens[who], json=body)
        expected = _expected(name, who, self.state, self.waiting)
        assert answer.status_code == expected, (name, who, self.state, self.waiting, answer.text)
        if expected != 201:
            return
        told = answer.json()
        move = _MOVES.get(name)
        if move:
            self.state = move[1]
        if name.startswith("submit_"):
            self.waiting = (name, who)
        elif name in {"return", "approve_acceptance", "approve_clearance"}:
            self.waiting = None
        assert told["events"][:-1] == self.log, "an event was lost or altered"
        self.log = told["events"]

    @rule(who=st.sampled_from(_WHO))
    def read(self, who: str) -> None:
        answer = self.client.get(f"/api/cases/{self.case_id}", headers=self.tokens[who])
        # The department is one of the house's.
        assert (answer.status_code, answer.json()["events"]) == (200, self.log)

    @rule()
    def a_stranger_sees_nothing(self) -> None:
        assert self.client.get(f"/api/cases/{self.case_id}", headers=self.tokens["stranger"]).status_code == 404
        assert self.client.post(
            f"/api/cases/{self.case_id}/events", headers=self.tokens["stranger"], json={"kind": "start"}
        ).status_code == 404  # fmt: skip

    @invariant()
    def the_case_is_what_its_events_say(self) -> None:
        if not hasattr(self, "case_id"):
            return
        ((state, seq, submission),) = self.database.ask(
            "SELECT state, seq, submission FROM gis.case WHERE case_id = %s", self.case_id
        )
        events = self.database.ask(
            "SELECT seq, kind, from_state, to_state FROM gis.case_event WHERE case_id = %s ORDER BY seq", self.case_id
        )
        assert [e[0] for e in events] == list(range(1, seq + 1))
        assert (state, bool(submission)) == (self.state, self.waiting is not None)
        before = None
        for _, kind, from_state, to_state in events:
            assert from_state == before, "the events hang together"
            moved = kind == "open" or kind in _MOVES
            assert (from_state != to_state) == moved
            before = to_state
        assert before == state


def test_any_sequence_of_calls(machine: type[RuleBasedStateMachine]):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
