"""The small town with two villages and a village of the unit, their signers named."""

from __future__ import annotations

from typing import Any

import pytest

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.engine import get_engine, transaction
from gis_service.identity import Identity, Role
from gis_service.signatures import sign
from tests.conftest import Database
from tests.record.conftest import TOWN, UNIT, _town, client, town  # noqa: F401 - fixtures

A, B, C = "451224100001", "451224100002", "451224100003"
PLANNER = Identity("ping", Role.PLANNER)
TEAM = Identity("dui", Role.TOWNSHIP, TOWN)
SECRETARY = {village: Identity(f"cun{village[-1]}", Role.VILLAGE, village) for village in (A, B)}
LEADER = Identity("gua", Role.TOWNSHIP, TOWN)
HEAD = Identity("zhu", Role.TOWNSHIP, TOWN)
_FILL = f"""
INSERT INTO gis.admin_area (code, name, level, parent_code, geom) SELECT c, n, 'village', '{TOWN}', NULL
FROM (VALUES ('{A}', '江平社区'), ('{B}', '向阳村'), ('{C}', '矿区村')) AS v (c, n);
UPDATE gis.building SET village_code = CASE building_id WHEN 'H3' THEN '{B}' WHEN 'U1' THEN '{C}' ELSE '{A}' END;
UPDATE gis.building SET height_m = 9, area_m2 = 120.5, floors = 3, alterations = '{{extend,add_storey}}' WHERE building_id = 'H1';
INSERT INTO gis.judgement (building_id, kind, tier, judged_on, reason) VALUES ('H1', 'preliminary', 'some', '2022-07-01', '裂缝"1"');
INSERT INTO gis.round (name, kind, first_day) VALUES ('专项整治', 'campaign', '2022-06-01');
"""


@pytest.fixture
def signed_town(town: Database) -> Database:  # noqa: F811 - the fixture
    """Who signs is named; nobody has signed."""
    town.ask(_FILL)
    with transaction(PLANNER) as connection:
        for village in (A, B):
            for step, who in (("team", TEAM), ("secretary", SECRETARY[village]), ("leader", LEADER)):
                sign.name_signer(connection, TOWN, village, step, f"{step}某", "职务", who.account)
        sign.name_signer(connection, TOWN, None, "township", "覃某", "镇长", HEAD.account)
    return town


def put(who: Identity, step: str, village: str | None, **more: Any) -> dict[str, Any]:
    """Sign in a transaction of its own, with its entry in the trail."""
    with transaction(who) as connection:
        row = sign.sign(connection, sign.New(1, TOWN, village, step, **more))
        audit_log.append(connection, who, Action.SIGNED, f"signature {row['signature_id']}", digest=row["digest"])
        return row


def everything() -> list[dict[str, Any]]:
    """Sign the whole township, in order."""
    rows = []
    for village in (A, B):
        rows += [
            put(TEAM, "team", village),
            put(SECRETARY[village], "secretary", village),
            put(LEADER, "leader", village),
        ]
    return [*rows, put(HEAD, "township", None)]


def standing(connection: Any = None) -> dict[tuple[str, str], str]:
    """How each step of the township stands: by place and step."""
    if connection is None:
        with get_engine("owner").connect() as opened:
            return standing(opened)
    (unit,) = sign.found_units(connection, 1, TOWN)
    found = {(v.village_code, s.step): s.state for v in unit.villages for s in v.steps}
    return {**found, (TOWN, "township"): unit.top.state}
