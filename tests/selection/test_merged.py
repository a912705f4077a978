"""Conditions that are asked for several times are asked of the database once, and mean what they meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gis_service.areas.area import Area
from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection.preview import count, first
from gis_service.selection.select import compose
from gis_service.selection.terms import AreaTerm, Ask, RuleTerm, Term, ZoneTerm
from tests.conftest import Database
from tests.doors.conftest import EQUAL_HOUSES

_SCHOOLS = tuple(ZoneTerm("school", float(b)) for b in (50, 300, 120, 300, 0, 700))


@pytest.fixture
def county(database: Database) -> Database:
    database.ask(EQUAL_HOUSES)
    database.ask(
        "INSERT INTO gis.key_zone (zone_id, kind, name, geom) VALUES "
        "('z2', 'school', '中学', ST_Multi(ST_MakeEnvelope(436500, 2712500, 436600, 2712600, 4545))), "
        "('h', 'hospital', '医院', ST_Multi(ST_MakeEnvelope(436300, 2712300, 436350, 2712350, 4545)))"
    )
    database.ask("UPDATE gis.building SET use_class = 'commercial' WHERE building_id LIKE 'b1-%%'")
    database.judge("building_id LIKE 'b1-%%'", "severe")
    return database


def test_each_distance_counts_what_it_counts_alone(county: Database):
    terms: tuple[Term, ...] = (*_SCHOOLS, ZoneTerm("hospital", 200.0), RuleTerm("hazard"), RuleTerm("hazard"))
    with transaction(operator(), read_only=True) as connection:
        together = count(connection, Ask(terms), terms)
        alone = [count(connection, Ask((term,))).total for term in terms]
        assert together.any_of == together.others == alone
        assert len(set(alone)) > 5
        # All of several distances of one kind is the narrowest; none of them all but the widest.
        assert count(connection, Ask((), _SCHOOLS)).total == min(alone[:6])
        whole = Ask((RuleTerm("hazard"),), (), _SCHOOLS)
        assert (
            count(connection, whole).total
            == count(connection, replace(whole, none_of=(ZoneTerm("school", 700.0),))).total
        )


def test_reasons_are_the_same_as_when_asked_one_by_one(county: Database):
    with transaction(operator(), read_only=True) as connection:
        merged = {r["building_id"]: r["reasons"] for r in first(connection, Ask(_SCHOOLS), 5_000)}
        single: dict[str, list] = {}
        for term in _SCHOOLS:
            for row in first(connection, Ask((term,)), 5_000):
                single.setdefault(row["building_id"], []).extend(row["reasons"])
    assert merged.keys() == single.keys()
    for building, reasons in merged.items():
        assert sorted(map(str, reasons)) == sorted(map(str, single[building]))


def test_what_is_asked_fifty_times_is_one_branch():
    area = AreaTerm.of(Area("x", b"\x00", 1, 1))
    with_database = pytest.MonkeyPatch()
    with_database.setattr("gis_service.selection.select.work_srid", lambda: 4545)
    try:
        statement = str(compose(Ask((RuleTerm("hazard"),) * 20 + (area,) * 20 + (ZoneTerm("school", 100.0),) * 10)))
    finally:
        with_database.undo()
    assert statement.count("UNION ALL") == 2
