"""Any edit of a signed column voids exactly what stands above that house; an edit of another column voids nothing."""

from __future__ import annotations

import hashlib
import json

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gis_service.db.engine import get_engine
from gis_service.signatures import sign
from gis_service.signatures.content import SIGNED
from tests.record.conftest import TOWN
from tests.signatures.conftest import A, B, everything, standing

VILLAGE = {"H1": A, "H2": A, "H3": B}
# Column, two different values as SQL.
EDITS = {
    "address": ("'某路1号'", "NULL"), "alterations": ("'{raise}'", "'{}'"), "altered_on": ("DATE '2020-01-02'", "NULL"),
    "area_m2": ("0.00005", "1e-7"), "builder": ("'self'", "'qualified'"), "built_period": ("'90年代'", "NULL"),
    "built_year": ("1995", "2001"), "business_uses": ("'{retail,lodging}'", "'{}'"), "declared_areas": ("'{market}'", "NULL"),
    "departments": ("'{fire}'", "'{housing}'"), "design": ("'none'", "NULL"), "fire_class": ("'III'", "'IV'"),
    "fire_hazards": ("'{wiring}'", "'{}'"), "floors": ("7", "NULL"), "geohazards": ("'{flood}'", "NULL"),
    "height_m": ("12.25", "21"), "land": ("'state'", "NULL"), "licences": ("'{business}'", "NULL"),
    "name": (r"E'\"引号\"\\\t\u0001'", "'另一名称'"), "ownership": ("'private'", "'joint'"), "people": ("15", "3"),
    "permits": ("'{land}'", "NULL"), "structure": ("'rc'", "'timber'"), "use_class": ("'other'", "'commercial'"),
    "violations": ("'{land}'", "NULL"), "geom": ("ST_Translate(geom, 0.001, 0)", "ST_Translate(geom, 0, -0.001)"),
}  # fmt: skip
UNSIGNED = {
    "removed_on": "DATE '2022-09-01'", "simulated": "NOT simulated", "township_source": "'given'", "village_source": "'given'",
    "unit_source": "'given'",
}  # fmt: skip
# They say to which list a house belongs, and are tested as that; the keeper writes the last two.
PLACED = {"township_code", "village_code", "unit_code"}
KEPT = {"hazard_tier", "appraisal_grade"}


@pytest.fixture
def whole(signed_town):
    everything()
    return signed_town


def test_every_column_is_said_to_be_signed_or_not(signed_town):
    columns = {
        c for (c,) in signed_town.ask("SELECT column_name FROM information_schema.columns WHERE table_schema = 'gis' AND table_name = 'building'")
    }  # fmt: skip
    signed = set(SIGNED) - {"preliminary"}
    assert signed == {*EDITS, "building_id"}
    assert columns == signed | set(UNSIGNED) | PLACED | KEPT | {"fid"}, "say of a new column whether it is signed"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(sorted(VILLAGE)), st.sampled_from(sorted({*EDITS, *UNSIGNED})), st.booleans()),
        min_size=1,
        max_size=4,
    )
)
def test_an_edit_voids_what_stands_above_it_and_nothing_else(whole, edits):
    with get_engine("owner").connect() as connection:
        before = standing(connection)
        assert set(before.values()) == {"stands"}
        original = {r.building_id: dict(r._mapping) for r in connection.execute(text("SELECT * FROM gis.building"))}
        for house, column, which in edits:
            value = UNSIGNED[column] if column in UNSIGNED else EDITS[column][0 if which else 1]
            connection.execute(
                text(f"UPDATE gis.building SET {column} = {value.replace(':', chr(92) + ':')} WHERE building_id = :h"),
                {"h": house},
            )
        now = {r.building_id: dict(r._mapping) for r in connection.execute(text("SELECT * FROM gis.building"))}
        touched = {h: {c for c in EDITS if _value(original[h][c]) != _value(now[h][c])} for h in VILLAGE}
        villages = {VILLAGE[h] for h, columns in touched.items() if columns}
        expected = {(v, s) for v in villages for s in ("team", "secretary", "leader")} | (
            {(TOWN, "township")} if villages else set()
        )
        after = standing(connection)
        assert {place for place, state in after.items() if state != "stands"} == expected
        for village in villages:
            (signature,) = [s for s in sign.rows_of(connection, "signatures", round_id=1, unit=TOWN)
                            if (s["village_code"], s["step"]) == (village, "secretary")]  # fmt: skip
            named = {h: set(columns) for h, columns in sign.changes(connection, signature).items()}
            assert named == {h: c for h, c in touched.items() if c and VILLAGE[h] == village}
        connection.rollback()
        assert standing(connection) == before, "an edit that is taken back voids nothing"


def _value(value):
    return sorted(value) if isinstance(value, list) else value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
    area=st.floats(1e-12, 1e6, allow_nan=False), height=st.floats(1e-12, 500, allow_nan=False),
)  # fmt: skip
def test_the_database_writes_what_rfc_8785_asks(signed_town, name, area, height):
    with get_engine("owner").connect() as connection:
        connection.execute(
            text("UPDATE gis.building SET name = :n, area_m2 = :a, height_m = :h WHERE building_id = 'H2'"),
            {"n": name, "a": area, "h": height},
        )
        asked = {"round_id": 1, "unit": TOWN, "village": A, "whole": True}
        (row,) = sign.rows_of(connection, "contents", **asked)
        houses = json.loads(row["content"])
        assert rfc8785.dumps(houses).decode() == row["content"]
        assert hashlib.sha256(row["content"].encode()).hexdigest() == row["sha256"]
        assert [h["building_id"] for h in houses] == ["H1", "H2"]
        assert (houses[1]["name"], houses[1]["area_m2"], houses[1]["height_m"]) == (name, area, height)
        assert houses[0]["preliminary"] == {"reason": '裂缝"1"', "tier": "some"}
        assert sorted(houses[0]) == list(houses[0]) == sorted(SIGNED)
        connection.rollback()


@pytest.mark.parametrize(
    ("sql", "void"),
    [
        # Another house in the village, one that leaves it, one of which the preliminary judgement is another.
        ("UPDATE gis.building SET village_code = '451224100002' WHERE building_id = 'H2'", {A, B}),
        ("UPDATE gis.building SET unit_code = '451224U01', unit_source = 'given' WHERE building_id = 'H2'", {A}),
        ("INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('H3', 'preliminary', 'severe', '2022-09-01')", {B}),
        ("INSERT INTO gis.judgement (building_id, kind, tier, judged_on, supersedes) SELECT 'H1', 'preliminary', 'severe', '2022-09-01', judgement_id FROM gis.judgement WHERE building_id = 'H1'", {A}),
        # What an appraisal, a review, an older judgement or a case says is not signed.
        ("INSERT INTO gis.judgement (building_id, kind, grade, judged_on) VALUES ('H3', 'appraisal', 'D', '2022-09-01')", set()),
        ("INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('H1', 'review', 'severe', '2022-09-01')", set()),
        ("INSERT INTO gis.judgement (building_id, kind, tier, judged_on) VALUES ('H1', 'preliminary', 'severe', '2022-06-01')", set()),
        ("INSERT INTO gis.building_person (building_id, owner_name) VALUES ('H1', '黄某')", set()),
    ],
)  # fmt: skip
def test_what_else_belongs_to_a_list(whole, sql, void):
    whole.ask(sql)
    after = standing()
    expected = {(v, s) for v in void for s in ("team", "secretary", "leader")} | (
        {(TOWN, "township")} if void else set()
    )
    assert {place for place, state in after.items() if state != "stands"} == expected
