"""Small worlds whose every number is computed by hand."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text

from gis_service.areas.find import find_area
from gis_service.db.engine import transaction
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import operator
from gis_service.selection.rules import Limits
from gis_service.selection.select import ask_of, compare, run_selection, totals
from gis_service.selection.terms import AreaTerm, Ask, RuleTerm, ZoneTerm, default_ask
from tests.conftest import Database
from tests.ingest.make import put
from tests.selection.test_oracle import POINTS

E0, N0 = 436500.0, 2712000.0


def _box(x: float, y: float, size: float = 10.0) -> str:
    return f"ST_Multi(ST_MakeEnvelope({E0 + x}, {N0 + y}, {E0 + x + size}, {N0 + y + size}, 4545))"


@pytest.fixture
def small(database: Database) -> Database:
    """A school of 100 m, a market 300 m east of it, a town; houses at measured distances."""
    database.ask(
        f"""
        INSERT INTO gis.admin_area (code, name, level, parent_code, geom) VALUES
          ('451224', '东兰县', 'county', NULL, {_box(-5000, -5000, 10000)}),
          ('451224100', '东兰镇', 'township', '451224', {_box(-1000, -1000, 1400)}),
          ('451224101', '隘洞镇', 'township', '451224', {_box(400, -1000, 2400)}),
          ('451224100001', '同名村', 'village', '451224100', {_box(-1000, -1000, 100)}),
          ('451224101001', '同名村', 'village', '451224101', {_box(900, -1000, 100)});
        INSERT INTO gis.key_zone (zone_id, kind, name, geom) VALUES
          ('S', 'school', '一小', {_box(0, 0, 100)}), ('M', 'market', '农贸市场', {_box(400, 0, 100)});
        INSERT INTO gis.building (building_id, township_code, use_class, business_uses, floors, people, alterations,
                                  geom) VALUES
          -- 150 m from both zones; everything applies.
          ('both', '451224100', 'commercial', '{{catering}}', 3, 10, '{{add_storey}}', {_box(250, 0, 0.001)}),
          ('inside', '451224100', 'other', '{{}}', 1, 2, '{{}}', {_box(20, 20)}),
          ('edge', '451224100', 'other', '{{}}', 1, 2, '{{}}', {_box(0, 300)}),
          ('beyond', '451224100', 'other', '{{}}', 1, 2, '{{}}', {_box(0, 300.01)}),
          ('two', '451224101', 'mixed', '{{}}', 2, 9, '{{}}', {_box(1000, 800)}),
          ('three', '451224101', 'mixed', '{{}}', 3, 9, '{{}}', {_box(1020, 800)}),
          ('ten', '451224101', 'mixed', '{{}}', 2, 10, '{{}}', {_box(1040, 800)}),
          ('home', '451224101', 'other', '{{}}', 6, 40, '{{}}', {_box(1060, 800)}),
          ('unknown', '451224101', 'mixed', '{{}}', NULL, NULL, '{{}}', {_box(1080, 800)}),
          ('some', '451224101', 'other', '{{}}', 1, 1, '{{extend,partition}}', {_box(1100, 800)})
        """
    )
    database.judge("building_id = 'both'", "severe", "D")
    database.judge("building_id = 'some'", "some", "B")
    return database


def _run(ask: Ask) -> tuple[int, dict[str, tuple[float, list[dict[str, object]]]]]:
    with transaction(operator()) as connection:
        outcome = run_selection(connection, ask)
        rows = connection.execute(
            text("SELECT building_id, score, reasons FROM gis.selection WHERE run_id = :r"), {"r": outcome.run_id}
        ).all()
    assert outcome.selected == len(rows)
    return outcome.run_id, {b: (s, r) for b, s, r in rows}


def test_a_score_by_hand(small: Database):
    """School at 150 of 200 m: 20 × (1 − 0.5 × 0.75) = 12.5; and the points of every rule, which all apply."""
    run_id, got = _run(default_ask())
    score, reasons = got["both"]
    rules = sum(POINTS[rule] for rule in ("key_use", "floors", "people", "alteration", "grade"))
    assert score == pytest.approx(12.5 + rules + POINTS["hazard"]["severe"], abs=0.051)
    zones = {r["zone_id"]: r for r in reasons if r["rule"] == "key_zone"}
    assert set(zones) == {"S", "M"}
    assert zones["S"]["distance_m"] == pytest.approx(150, abs=0.01)
    assert zones["S"]["points"] == pytest.approx(12.5, abs=0.01)
    assert got["inside"][0] == 20
    assert got["inside"][1][0]["distance_m"] == 0
    with transaction(operator(), read_only=True) as connection:
        counts = totals(connection, run_id, operator().scope)
    assert counts["zone_kind"] == {"school": 3, "market": 1}
    assert counts["total"] == len(got)


def test_off_by_one(small: Database):
    _, got = _run(default_ask())
    assert set(got) == {"both", "inside", "edge", "three", "ten", "some"}
    assert "beyond" not in got, "200.01 m is not within 200 m; edge, at 200 m, is"
    assert got["edge"][0] == 10
    assert [r["rule"] for r in got["three"][1]] == ["floors"]
    assert [r["rule"] for r in got["ten"][1]] == ["people"]
    assert [r["rule"] for r in got["some"][1]] == ["hazard"], "an extension is no key alteration"
    assert got["some"][0] == POINTS["hazard"]["some"]
    _, four = _run(Ask((RuleTerm("floors"),), limits=Limits({"min_floors": 4})))
    assert set(four) == set(), "a six-storey home without business is no key house by storeys"


def test_repeat_and_compare(small: Database):
    first, got = _run(default_ask())
    with transaction(operator()) as connection:
        again = run_selection(connection, ask_of(connection, first)).run_id
    with transaction(operator(), read_only=True) as connection:
        assert compare(connection, first, again) == {"new": [], "gone": [], "changed": []}
        same = [
            connection.execute(
                text("SELECT building_id, score, reasons FROM gis.selection WHERE run_id = :r ORDER BY 1"), {"r": r}
            ).all()
            for r in (first, again)
        ]
        assert same[0] == same[1]
        stored = connection.execute(text("SELECT parameters, finished_at, code_version FROM gis.run")).all()
        assert stored[0][0] == stored[1][0]
        assert all(row[1] is not None and row[2] for row in stored)

    small.ask("UPDATE gis.building SET floors = 2 WHERE building_id = 'three';"
              "UPDATE gis.building SET floors = 3 WHERE building_id = 'two'")  # fmt: skip
    small.judge("building_id = 'some'", "severe")
    with transaction(operator()) as connection:
        later = run_selection(connection, ask_of(connection, first)).run_id
        difference = compare(connection, first, later)
    assert {name: [r["building_id"] for r in rows] for name, rows in difference.items()} == {
        "new": ["two"], "gone": ["three"], "changed": ["some"],
    }  # fmt: skip
    assert (difference["changed"][0]["score_before"], difference["changed"][0]["score_after"]) == (
        POINTS["hazard"]["some"],
        POINTS["hazard"]["severe"],
    )
    with transaction(operator(), read_only=True) as connection, pytest.raises(NotFoundError):
        compare(connection, first, 10_000)
    assert set(got) == {b for (b,) in small.ask(
        "SELECT building_id FROM gis.selection WHERE run_id = %s", first)}, "a run stays as it was"  # fmt: skip


def test_areas(small: Database, tmp_path: Path):
    small.ask(f"INSERT INTO gis.drawn_area (name, geom) VALUES ('老街', {_box(990, 790, 45)})")
    square = shapely.box(E0 - 1, N0 + 250, E0 + 20, N0 + 305)
    file = put(gpd.GeoDataFrame({"n": [1]}, geometry=[square], crs=4545).to_crs(4490), tmp_path / "片区.gpkg")
    wanted = {
        "老街": {"two", "three"},
        "东兰镇": {"both", "inside", "edge", "beyond"},
        "451224101": {"two", "three", "ten", "home", "unknown", "some"},
        str(file): {"edge", "beyond"},
    }
    for name, members in wanted.items():
        with transaction(operator(), read_only=True) as connection:
            area = AreaTerm.of(find_area(connection, name))
        _, got = _run(Ask((area,)))
        assert set(got) == members, name
        reasons = [r for _, rs in got.values() for r in rs]
        assert {r["rule"] for r in reasons} == {"area"}
        assert {r["name"] for r in reasons} == {Path(name).stem if "/" in name else area.name}
    with transaction(operator(), read_only=True) as connection:
        with pytest.raises(InputError, match="use the code"):
            find_area(connection, "同名村")
        with pytest.raises(NotFoundError):
            find_area(connection, "无此地")

    # Drawn again elsewhere: the stored run keeps the area as it was.
    with transaction(operator(), read_only=True) as connection:
        run_id, _ = _run(Ask((AreaTerm.of(find_area(connection, "老街")),)))
    small.ask(f"UPDATE gis.drawn_area SET geom = {_box(-4000, -4000)}, version = 2")
    with transaction(operator()) as connection:
        again = run_selection(connection, ask_of(connection, run_id)).run_id
        assert compare(connection, run_id, again) == {"new": [], "gone": [], "changed": []}


@pytest.mark.parametrize(
    "make",
    [
        Ask, lambda: Ask(none_of=(RuleTerm("hazard"),)), lambda: ZoneTerm("temple", 10), lambda: RuleTerm("x"),
        lambda: ZoneTerm("school", -1), lambda: ZoneTerm("school", 5000.1), lambda: ZoneTerm("school", float("nan")),
        lambda: ZoneTerm("school", float("inf")),
    ],
)  # fmt: skip
def test_asks_that_are_none(make):
    with pytest.raises(InputError) as refused:
        make()
    assert refused.value.zh.endswith("。")


def test_buffers_are_metres_of_the_ground(small: Database):
    """Not of degrees, not of Web Mercator, where 200 m would be 221 m: the true distance is geodesic."""
    import pyproj

    _, got = _run(Ask((ZoneTerm("school", 200.0),)))
    assert "edge" in got
    to_degrees = pyproj.Transformer.from_crs(4545, 4490, always_xy=True)
    a, b = to_degrees.transform(E0, N0 + 100), to_degrees.transform(E0, N0 + 300)
    assert pyproj.Geod(ellps="GRS80").inv(*a, *b)[2] == pytest.approx(200, rel=5e-4)
