"""The counts above the ledger are those of the rows below it, whoever asks and whatever is asked."""

from __future__ import annotations

from collections import Counter

import pytest

from gis_service.cases import find
from gis_service.db.engine import transaction
from gis_service.identity import Identity
from tests.cases.conftest import DEPARTMENT, OF_UNIT, PLANNER, TOWNSHIP, open_case, step
from tests.conftest import Database
from tests.record.conftest import TOWN

_FILTERS = [
    find.Filter(), find.Filter(kind="legality"), find.Filter(operating=True), find.Filter(unit=TOWN),
    find.Filter(tier="severe"), find.Filter(unit=TOWN, kind="structure", operating=True),
]  # fmt: skip


@pytest.mark.parametrize("who", [PLANNER, TOWNSHIP, OF_UNIT, DEPARTMENT], ids=lambda who: who.account)
def test_counts_are_those_of_the_rows(town: Database, who: Identity):
    town.judge("building_id IN ('H1', 'H3')", tier="severe", on="2022-07-01")
    town.judge("building_id = 'U1'", tier="some", on="2022-07-01")
    case = open_case(TOWNSHIP, "H2", "legality")
    step(TOWNSHIP, case["case_id"], "start")
    for asked in _FILTERS:
        with transaction(who, read_only=True) as connection:
            rows = find.listed(connection, asked, 100).rows
            counts = find.counts(connection, asked)
        assert {state: c["cases"] for state, c in counts.items()} == dict(Counter(r["state"] for r in rows)), asked
        assert sum(c["overdue"] for c in counts.values()) == sum(bool(r["overdue"]) for r in rows)
    with transaction(PLANNER, read_only=True) as connection:
        assert sum(c["cases"] for c in find.counts(connection, find.Filter()).values()) == 4
