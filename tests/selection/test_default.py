"""What the default conditions are, and lists within several areas."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any

import pytest
import shapely
from sqlalchemy import text

from gis_service.areas.area import area_of
from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection import preview
from gis_service.selection.rules import Limits
from gis_service.selection.select import ask_of, run_selection
from gis_service.selection.terms import AreaTerm, RuleTerm, ZoneTerm, default_ask, is_default
from gis_service.settings import ROOT
from tests.conftest import Database


def _area(name, shape):
    return AreaTerm.of(area_of(name, shape))


AREA = _area("片", shapely.box(0, 0, 10, 10))


def test_the_default_in_any_order_and_through_json():
    ask = default_ask()
    terms = list(ask.any_of)
    random.Random(3).shuffle(terms)
    stored = json.loads(json.dumps(replace(ask, any_of=tuple(terms)).parameters()))
    assert is_default(stored)
    stored.pop("within")  # as runs stored it before lists had areas of their own
    assert is_default(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"any_of": default_ask().any_of[1:]}, {"any_of": (*default_ask().any_of, default_ask().any_of[0])},
        {"any_of": (ZoneTerm("school", 201), *default_ask().any_of[1:])}, {"all_of": (RuleTerm("hazard"),)},
        {"none_of": (RuleTerm("hazard"),)}, {"limits": Limits({"min_floors": 4})}, {"limits": Limits({"min_people": 11})}, {"within": (AREA,)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_any_other_condition_is_another(change: dict[str, Any]):
    assert not is_default(replace(default_ask(), **change).parameters())


def test_other_points_or_rules_are_another():
    stored = default_ask().parameters()
    assert not is_default(stored | {"points": stored["points"] | {"hazard": stored["points"]["hazard"] - 1}})
    older = [t | {"version": t["version"] + 1} if t.get("name") == "hazard" else t for t in stored["any_of"]]
    assert not is_default(stored | {"any_of": older})


def test_the_migration_knows_the_runs_that_are_here(database: Database):
    """Migration 0014 over runs of before, which hold the default conditions as they were then."""
    zones = {"school": 200, "hospital": 200, "market": 200, "resettlement": 50, "industrial": 100}
    rules = ("key_use", "floors", "people", "alteration", "hazard", "grade")
    terms: list[dict[str, Any]] = [{"term": "rule", "name": name, "version": 1} for name in reversed(rules)]
    terms += [{"term": "zone", "kind": kind, "buffer_m": buffer_m} for kind, buffer_m in zones.items()]
    former: dict[str, Any] = {"any_of": terms, "all_of": [], "none_of": [], "min_floors": 3, "min_people": 10}
    former["points"] = {"hazard": 40}
    asks = {"default": former, "other": former | {"any_of": terms[:1]}, "wider": former | {"min_floors": 5}}
    for name, stored in asks.items():
        database.ask(
            "INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('selection', %s, 0, %s)",
            json.dumps(stored), name,
        )  # fmt: skip
    # As the table was then; since 0019 a draft is a list that is not published.
    database.ask("ALTER TABLE gis.run ADD COLUMN draft boolean NOT NULL DEFAULT false")
    script = (ROOT / "sql" / "migrations" / "0014_drafts.sql").read_text()
    update = script[script.index("UPDATE gis.run") : script.index("-- Whom a place")]
    database.ask(update.replace("%", "%%"))
    assert dict(database.ask("SELECT code_version, draft FROM gis.run")) == {
        "default": False,
        "other": True,
        "wider": True,
    }


def test_within_several_areas(demo_database: Database):
    west, south, east, north = 436_000, 2_711_000, 437_000, 2_712_500
    halves = (
        _area("西", shapely.box(west, south, 436_450, north)),
        _area("东", shapely.box(436_400, south, east, north)),
    )
    ask = replace(default_ask(), within=halves)
    try:
        with transaction(operator()) as connection:
            whole = run_selection(connection, default_ask()).run_id
            run = run_selection(connection, ask)
            again = run_selection(connection, ask_of(connection, run.run_id))
            assert preview.count(connection, ask).total == run.selected == again.selected > 50
            stored = connection.execute(
                text(f"SELECT parameters FROM gis.run WHERE run_id = {run.run_id}")
            ).scalar_one()
            assert [term["name"] for term in stored["within"]] == ["西", "东"]
            inside = f"""SELECT s.building_id FROM gis.selection AS s JOIN gis.building AS b USING (building_id)
                         WHERE s.run_id = {whole}
                         AND ST_Intersects(b.geom, ST_MakeEnvelope({west}, {south}, {east}, {north}, 4545)) ORDER BY 1"""
            got = f"SELECT building_id FROM gis.selection WHERE run_id = {run.run_id} ORDER BY 1"
            assert connection.execute(text(got)).all() == connection.execute(text(inside)).all()
            # A house in both has both for reasons, and their points once.
            both = connection.execute(text(
                f"""SELECT max(n), max(score) FROM (SELECT score, (SELECT count(*) FROM jsonb_array_elements(reasons) AS r
                    WHERE r ->> 'rule' = 'area') AS n FROM gis.selection WHERE run_id = {run.run_id}) AS m"""
            )).one()  # fmt: skip
            assert both[0] == 2
            assert both[1] <= 100
    finally:
        demo_database.ask("DELETE FROM gis.run WHERE run_id = ANY (%s)", [whole, run.run_id, again.run_id])
