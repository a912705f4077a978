"""Places follow the ground: township and village of houses whatever comes first, and whatever moves afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gis_service.db.engine import transaction
from gis_service.identity import Identity, Role
from gis_service.ingest.importer import import_file
from gis_service.settings import ROOT
from tests.conftest import Answer, Database
from tests.ingest.make import EAST, NORTH, houses, put

WEST_TOWN, EAST_TOWN = "451224100", "451224101"
VILLAGE = "451224100001"


def _box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(EAST + west, NORTH + south, EAST + east, NORTH + north)


def _outlines(shapes: dict[str, shapely.Polygon]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"code": list(shapes), "name": [f"名{code}" for code in shapes]}, geometry=list(shapes.values()), crs=4545
    )


def _import(database: Database, kind: str, frame: gpd.GeoDataFrame, folder: Path) -> Answer:
    said = database.cli("import", kind, put(frame, folder / f"{kind}.gpkg"))
    assert said.code == 0, said.err
    return said


def _places(database: Database, column: str = "township") -> dict[str, tuple[str | None, str | None]]:
    rows = database.ask(f"SELECT building_id, {column}_code, {column}_source FROM gis.building ORDER BY 1")
    return {key: (code, source) for key, code, source in rows}


def _seen(place: str) -> int:
    role = Role.TOWNSHIP if len(place) == 9 else Role.VILLAGE
    with transaction(Identity("asker", role, place), read_only=True) as connection:
        return int(connection.execute(text("SELECT count(*) FROM gis.building")).scalar_one())


# Houses H1 to H5 stand at 0, 20, 40, 60, 80 m, 10 m wide.
WHOLE = {WEST_TOWN: _box(-50, -50, 200, 200)}
HALVES = {WEST_TOWN: _box(-50, -50, 35, 200), EAST_TOWN: _box(35, -50, 200, 200), VILLAGE: _box(-50, -50, 35, 200)}


def test_outlines_that_come_after_the_houses(database: Database, tmp_path: Path):
    _import(database, "buildings", houses(), tmp_path)
    assert _seen(WEST_TOWN) == 0
    said = _import(database, "boundaries", _outlines(HALVES), tmp_path)
    assert "5 buildings were given the township in which they lie" in said.err
    assert "2 buildings were given the village in which they lie" in said.err
    assert (_seen(WEST_TOWN), _seen(EAST_TOWN), _seen(VILLAGE)) == (2, 3, 2)
    again = _import(database, "boundaries", _outlines(HALVES), tmp_path)
    assert "buildings" not in again.err.replace("buildings.gpkg", ""), "nothing changed, nothing is said"


def test_the_case_of_3000_houses_before_their_outlines(shared_data: Path, database: Database):
    case = shared_data / "cases" / "b1"
    assert database.cli("import", "buildings", case / "houses.gpkg").code == 0
    assert database.cli("import", "boundaries", case / "tw.gpkg").code == 0
    areas = gpd.read_file(case / "tw.gpkg").to_crs(4545)
    inside = gpd.read_file(case / "houses.gpkg").to_crs(4545).representative_point().within(areas.union_all()).sum()
    seen = database.one("SELECT count(*) FROM gis.building WHERE township_source = 'found'")
    assert seen > 0
    assert abs(seen - inside) <= 20, "all but some on the borders"
    codes = [code for (code,) in database.ask("SELECT code FROM gis.admin_area WHERE level = 'township'")]
    assert sum(_seen(code) for code in codes) == seen


def test_outlines_replaced_and_a_house_that_leaves_them_all(database: Database, tmp_path: Path):
    _import(database, "boundaries", _outlines(WHOLE), tmp_path)
    _import(database, "buildings", houses(), tmp_path)
    assert _seen(WEST_TOWN) == 5
    version = database.counts()["version"]
    said = _import(
        database, "boundaries", _outlines({WEST_TOWN: _box(-50, -50, 35, 200), EAST_TOWN: _box(35, -50, 75, 200)}), tmp_path
    )  # fmt: skip
    assert "2 buildings lie in another township now" in said.err
    assert "1 buildings lie in no township any more" in said.err
    assert (_seen(WEST_TOWN), _seen(EAST_TOWN)) == (2, 2)
    assert _places(database)["H5"] == (None, None)
    assert database.counts()["version"] > version, "tiles of before are not those of now"


def test_a_house_that_a_later_import_moves(database: Database, tmp_path: Path):
    _import(database, "boundaries", _outlines(HALVES), tmp_path)
    _import(database, "buildings", houses(), tmp_path)
    frame = houses()
    frame.loc[0, "geometry"] = _box(120, 0, 130, 10)
    said = _import(database, "buildings", frame, tmp_path)
    assert "1 buildings lie in another township now" in said.err
    assert _places(database)["H1"] == (EAST_TOWN, "found")
    assert _places(database, "village")["H1"] == (None, None)
    assert (_seen(WEST_TOWN), _seen(VILLAGE)) == (1, 1)


@pytest.mark.parametrize(("column", "level", "wrong"), [("township_code", "township", EAST_TOWN),
                                                        ("village_code", "village", "451224101001")])  # fmt: skip
def test_a_given_place_stays_and_is_said_where_it_contradicts(
    database: Database, tmp_path: Path, column: str, level: str, wrong: str
):
    outlines = HALVES | {"451224101001": _box(35, -50, 200, 200)}
    _import(database, "boundaries", _outlines(outlines), tmp_path)
    frame = houses().assign(**{column: [wrong, None, wrong, wrong, None]})
    said = _import(database, "buildings", frame, tmp_path)
    assert f"1 buildings lie outside the {level} whose code they carry: check H1 " in said.err
    assert _places(database, level)["H1"] == (wrong, "given")
    assert _places(database, level)["H2"][1] == "found"
    told = database.ask("SELECT building_id, level, given_code FROM gis.misplaced()")
    assert told == [("H1", level, wrong)]
    # The same file again changes nothing, not even those that it left to the ground.
    before = database.counts()
    _import(database, "buildings", frame, tmp_path)
    kept = {"import", "audit_trail"}
    assert {k: v for k, v in database.counts().items() if k not in kept} == {
        k: v for k, v in before.items() if k not in kept
    }
    # An outline that moves under it is no reason to overwrite it, and one to say so.
    outlines = {wrong: _box(500, 500, 600, 600)}
    said = _import(database, "boundaries", _outlines(outlines), tmp_path)
    assert f"3 buildings lie outside the {level} whose code they carry: check H1, H3, H4 " in said.err
    assert _places(database, level)["H4"] == (wrong, "given")


def test_a_code_that_the_file_leaves_out_is_found_again(database: Database, tmp_path: Path):
    _import(database, "boundaries", _outlines(HALVES), tmp_path)
    _import(database, "buildings", houses(township_code=[EAST_TOWN] * 5), tmp_path)
    _import(database, "buildings", houses(township_code=[None, None, EAST_TOWN, EAST_TOWN, EAST_TOWN]), tmp_path)
    assert _places(database)["H1"] == (WEST_TOWN, "found")
    assert _places(database)["H5"] == (EAST_TOWN, "given")


def test_houses_and_outlines_at_once(database: Database, tmp_path: Path):
    """Whichever comes first, each sees the other: no house is left without, and neither waits for ever."""
    files = {
        "buildings": put(houses(400), tmp_path / "h.gpkg"),
        "boundaries": put(_outlines({WEST_TOWN: _box(-50, -50, 1000, 1000)}), tmp_path / "b.gpkg"),
    }
    for _ in range(3):
        database.clear()
        database.ask("DELETE FROM gis.admin_area")
        with ThreadPoolExecutor() as pool:
            said = list(pool.map(lambda kind: database.process("import", kind, files[kind]), files))
        assert [answer.code for answer in said] == [0, 0], said
        assert database.ask("SELECT township_code, count(*) FROM gis.building GROUP BY 1") == [(WEST_TOWN, 400)]


def test_the_migration_finds_places_and_keeps_what_is_there(database: Database, tmp_path: Path):
    """Migration 0013 over houses of before, which came before their outlines or carry codes."""
    _import(database, "buildings", houses(township_code=[WEST_TOWN, "451224999", None, None, None]), tmp_path)
    database.ask("UPDATE gis.building SET township_source = NULL, village_source = NULL")
    for code, area in HALVES.items():
        database.ask(
            "INSERT INTO gis.admin_area (code, name, level, geom) VALUES (%s, %s, %s, ST_Multi(ST_GeomFromText(%s, 4545)))",
            code, code, "township" if len(code) == 9 else "village", area.wkt,
        )  # fmt: skip
    script = (ROOT / "sql" / "migrations" / "0013_found_places.sql").read_text()
    database.ask(script[script.index("-- Of codes that are here") :])
    assert list(_places(database).values()) == [
        (WEST_TOWN, "given"), ("451224999", "given"), *[(EAST_TOWN, "found")] * 3,
    ]  # fmt: skip
    assert [code for code, _ in _places(database, "village").values()] == [VILLAGE, VILLAGE, None, None, None]
    assert database.ask("SELECT building_id, lies_in FROM gis.misplaced()") == [("H2", WEST_TOWN)]


def test_an_analysis_notices_that_places_moved(database: Database, tmp_path: Path):
    rows = gpd.GeoDataFrame(
        {"building_id": [f"R{k:02d}" for k in range(12)]},
        geometry=[_box(11.5 * (k // 2), 10.8 * (k % 2), 11.5 * (k // 2) + 10, 10.8 * (k % 2) + 10) for k in range(12)],
        crs=4545,
    )
    _import(database, "buildings", rows, tmp_path)
    assert database.cli("analyze").code == 0
    assert database.ask("SELECT township_codes FROM gis.cluster") == [([],)]
    _import(database, "boundaries", _outlines(WHOLE), tmp_path)
    said = database.cli("analyze", "--changed-only")
    assert said.code == 0, said.err
    assert database.ask("SELECT township_codes FROM gis.cluster") == [([WEST_TOWN],)]


# --- points and other things, held against whatever outlines there are ----------------------------------------


@pytest.mark.parametrize("level", [9, 12])
@pytest.mark.parametrize("kind", ["hydrants", "zones"])
def test_points_far_from_all_that_is_known(database: Database, tmp_path: Path, level: int, kind: str):
    """Townships (or villages) are known and no outline of the county: 0, 0 and 355 km off are refused, 5 km off is not."""
    _import(database, "boundaries", _outlines({"451224100001"[:level]: _box(-2000, -2000, 2000, 2000)}), tmp_path)
    key = {"hydrants": "hydrant_id", "zones": "zone_id"}[kind]
    frame = gpd.GeoDataFrame(
        {key: ["far", "here", "near", "null island", "there"]} | ({"kind": ["school"] * 5} if kind == "zones" else {}),
        geometry=gpd.GeoSeries(
            [shapely.Point(*p) for p in ((107.374, 21.31), (107.374, 24.511), (107.42, 24.511), (0, 0), (107.37, 24.5))],
            crs=4490,
        ),
        crs=4490,
    )  # fmt: skip
    path, rejects = put(frame, tmp_path / "points.gpkg"), tmp_path / "rejects.csv"
    said = database.cli("import", kind, path, "--rejects", rejects)
    assert said.code == 0, said.err
    table = kind[:-1] if kind == "hydrants" else "key_zone"
    assert sorted(k for (k,) in database.ask(f"SELECT {key} FROM gis.{table}")) == ["here", "near", "there"]
    assert len(rejects.read_text(encoding="utf-8-sig").splitlines()) == 3


def test_the_case_of_hydrants_far_off(shared_data: Path, database: Database, tmp_path: Path):
    case = shared_data / "cases" / "hy"
    assert database.cli("import", "boundaries", case / "tw.gpkg").code == 0
    said = database.cli("import", "hydrants", case / "hy.csv", "--rejects", tmp_path / "r.csv")
    loaded = [k for (k,) in database.ask("SELECT hydrant_id FROM gis.hydrant")]
    assert loaded == ["hy-1"], said.err


def test_houses_of_a_township_whose_neighbour_alone_is_known(database: Database, tmp_path: Path):
    """A county is wider than the outlines that are here: houses 60 km from them are not refused."""
    _import(database, "boundaries", _outlines({WEST_TOWN: _box(60_000, 0, 62_000, 2_000)}), tmp_path)
    _import(database, "buildings", houses(), tmp_path)


def test_the_county_itself_bounds_more_closely(database: Database, tmp_path: Path):
    assert database.cli("import", "boundaries", ROOT / "data" / "boundaries" / "donglan.geojson").code == 0
    frame = houses()
    frame["geometry"] = frame.geometry.translate(-90_000, 0)
    assert database.cli("import", "buildings", put(frame, tmp_path / "h.gpkg")).code == 1


# --- any sequence of imports ----------------------------------------------------------------------------------

_CODES = ["451224100", "451224101", "451224102", "451224100001", "451224102003"]
_GRID = 40


@st.composite
def _area(draw: st.DrawFn) -> tuple[int, int, int, int]:
    west, south = draw(st.integers(-40, 120)), draw(st.integers(-40, 60))
    return west, south, west + draw(st.integers(15, 160)), south + draw(st.integers(15, 120))


@st.composite
def _house(draw: st.DrawFn) -> tuple[int, int, int, str | None]:
    return (
        draw(st.integers(0, 20)), draw(st.integers(0, 20)), draw(st.integers(5, 15)),
        draw(st.sampled_from([None, None, "451224101"])),
    )  # fmt: skip


_STEP = st.one_of(
    st.tuples(st.just("boundaries"), st.dictionaries(st.sampled_from(_CODES), _area(), min_size=1, max_size=4)),
    st.tuples(st.just("buildings"), st.dictionaries(st.integers(0, 7), _house(), min_size=1, max_size=6)),
    st.tuples(st.just("coded"), st.dictionaries(st.integers(0, 7), _house(), min_size=1, max_size=6)),
)


def _lies_in(house: shapely.Geometry, areas: dict[str, shapely.Geometry]) -> str | None:
    parts = {code: round(shapely.area(shapely.intersection(house, area)), 4) for code, area in areas.items()}
    held = [(-part, code) for code, part in parts.items() if part > 0]
    return min(held)[1] if held else None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEP, min_size=2, max_size=6))
def test_every_found_place_is_the_one_it_lies_in(
    shared_database: Database, tmp_path: Path, steps: list[tuple[str, dict[Any, Any]]]
):
    shared_database.clear()
    shared_database.ask("DELETE FROM gis.admin_area")
    areas: dict[str, shapely.Geometry] = {}
    stands: dict[str, shapely.Geometry] = {}
    given_codes: dict[str, str | None] = {}
    with shared_database.active():
        for kind, things in steps:
            if kind == "boundaries":
                fresh = {code: _box(*corners) for code, corners in things.items()}
                areas |= fresh
                import_file("boundaries", put(_outlines(fresh), tmp_path / "b.gpkg"))
            else:
                slots = {f"H{k}": (_GRID * (k % 4), _GRID * (k // 4), *of) for k, of in things.items()}
                shapes = {k: _box(x + dx, y + dy, x + dx + w, y + dy + w) for k, (x, y, dx, dy, w, _) in slots.items()}
                frame = gpd.GeoDataFrame({"building_id": list(shapes)}, geometry=list(shapes.values()), crs=4545)
                if kind == "coded":
                    frame["township_code"] = [of[-1] for of in slots.values()]
                    given_codes |= {k: of[-1] for k, of in slots.items()}
                stands |= shapes
                import_file("buildings", put(frame, tmp_path / "h.gpkg"))
            towns = {code: area for code, area in areas.items() if len(code) == 9}
            villages = {code: area for code, area in areas.items() if len(code) == 12}
            rows = shared_database.ask(
                "SELECT building_id, township_code, township_source, village_code, village_source FROM gis.building"
            )
            assert {row[0] for row in rows} == set(stands)
            for key, town, town_source, village, village_source in rows:
                said = given_codes.get(key)
                found = said or _lies_in(stands[key], towns)
                assert (town, town_source) == (found, "given" if said else "found" if found else None), key
                found = _lies_in(stands[key], villages)
                assert (village, village_source) == (found, "found" if found else None), key
