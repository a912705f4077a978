"""Two at a time, and an end between any two statements: a step is there whole, once, or not at all."""

from __future__ import annotations

import threading
from typing import Any

import psycopg2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.cases import events
from gis_service.db.engine import get_engine, transaction
from tests.cases.conftest import PLANNER, TOWNSHIP, open_case, step
from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN


@pytest.mark.parametrize("kind", ["open", "start", "approve_clearance"])
def test_a_backend_that_dies_at_any_statement(town: Database, pictures: dict[str, tuple[str, ...]], kind: str):
    """The server ends the connection before the n-th statement, for every n until the whole deed passes."""
    case_id = 0
    if kind != "open":
        case_id = open_case(TOWNSHIP, "H1")["case_id"]
    if kind == "approve_clearance":
        gone = {"removed_on": "2022-09-01"}
        step(TOWNSHIP, case_id, "submit_clearance", "demolished", evidence=pictures["H1"], given=gone)

    def deed() -> None:
        who = PLANNER if kind == "approve_clearance" else TOWNSHIP
        with transaction(who) as connection:
            if kind == "open":
                row = events.open_case(connection, "H1", events.New("open", "structure", reason="裂缝"))
            else:
                row = events.add(connection, case_id, events.New(kind))
            audit_log.append(connection, who, Action.CASE_STEPPED, f"case {row['case_id']}")

    def everything() -> list[Any]:
        # The steps of the data's version are counted by transaction, and a sequence is not turned back.
        return [
            town.ask("SELECT * FROM gis.case ORDER BY 1"), town.ask("SELECT * FROM gis.case_event ORDER BY 1"),
            town.ask("SELECT building_id, removed_on FROM gis.building ORDER BY 1"), town.ask("SELECT count(*) FROM gis.audit_trail"),
        ]  # fmt: skip

    before, n = everything(), 0
    while True:
        n += 1
        left = [n]

        def die(connection: Any, *_: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                town.ask("SELECT pg_terminate_backend(%s)", connection.connection.get_backend_pid(), role="postgres")

        engine = get_engine("service")
        event.listen(engine, "before_cursor_execute", die)
        try:
            deed()
        except (DBAPIError, psycopg2.Error):
            assert everything() == before, f"something is left of statement {n}"
            continue
        finally:
            event.remove(engine, "before_cursor_execute", die)
        break
    assert n > 4, "several statements were tried"
    after = everything()
    assert len(after[1]) == len(before[1]) + 1
    assert after[3][0][0] == before[3][0][0] + 1


def test_two_at_a_time(town: Database, client: TestClient):
    """Twenty send the same step at once: one is first, and the others are told."""
    case_id = open_case(TOWNSHIP, "H1")["case_id"]
    who = signed_in(town, "township", place=TOWN)
    told: list[int] = []
    ready = threading.Barrier(20)

    def send() -> None:
        ready.wait()
        told.append(client.post(f"/api/cases/{case_id}/events", headers=who, json={"kind": "start"}).status_code)

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [201] + [409] * 19
    assert town.ask("SELECT seq, kind FROM gis.case_event ORDER BY seq") == [(1, "open"), (2, "start")]


def test_two_open_the_same_case(town: Database, client: TestClient):
    who = signed_in(town, "township", place=TOWN)
    told: list[int] = []
    ready = threading.Barrier(8)

    def send() -> None:
        ready.wait()
        body = {"building_id": "H1", "kind": "structure", "reason": "裂缝"}
        told.append(client.post("/api/cases", headers=who, json=body).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [201] + [409] * 7
    assert town.one("SELECT count(*) FROM gis.case") == 1
