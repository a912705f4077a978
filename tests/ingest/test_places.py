"""Where things lie: CRS by evidence, axis order, GCJ-02 and BD-09."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from pyproj import CRS

from gis_service.errors import InputError
from gis_service.ingest import crs as crs_
from gis_service.ingest.datum import bd09_of, gcj02_of, unshift
from gis_service.settings import ROOT
from tests import databases
from tests.conftest import Database
from tests.ingest.make import EAST, NORTH, houses, put

GEOD = pyproj.Geod(ellps="GRS80")


def _swapped(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda p: p[:, ::-1]), crs=frame.crs)


def _first(database: Database) -> tuple[float, float]:
    return database.ask("SELECT ST_XMin(geom), ST_YMin(geom) FROM gis.building WHERE building_id = 'H1'")[0]


def _county(database: Database, name: str = "donglan") -> None:
    said = database.cli("import", "boundaries", ROOT / "data" / "boundaries" / f"{name}.geojson")
    assert said.code == 0, said.err


# --- CRS by evidence -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "county", "epsg", "known"),
    [
        ("donglan_gk3_zone36_prefix36", "donglan", 4524, False),
        ("rongan_gk3_zone37_prefix37", "rongan", 4525, False),
        ("rongan_gk3_cm111_noprefix", "rongan", 4546, True),
    ],
)
@pytest.mark.parametrize("with_prj", [True, False])
def test_gauss_krueger_outlines(
    shared_data: Path,
    database: Database,
    tmp_path: Path,
    name: str,
    county: str,
    epsg: int,
    known: bool,
    with_prj: bool,
):
    """Real outlines in a zone with its number, and in one without, with and without their .prj."""
    for file in (shared_data / "messy" / "DERIVED_gk").glob(f"{name}.*"):
        if with_prj or file.suffix != ".prj":
            shutil.copy(file, tmp_path)
    path = tmp_path / f"{name}.shp"
    options = ["--field", "zone_id=行政区划代", "--field", "kind==industrial"]
    if known and not with_prj:
        said = database.cli("import", "zones", path, *options)
        assert said.code == 1, "without a county nothing tells the central meridian"
        assert "EPSG:4546" in said.err
        _county(database, county)
        said = database.cli("import", "zones", path, *options)
        assert said.code == 1, "UTM zone 49 has the same meridian, and falls inside the county too"
        assert "EPSG:4546" in said.err
        assert "EPSG:32649" in said.err
        assert 1_080 < int(said.err.split(" m away")[0].split()[-1].replace(",", "")) < 1_140
        options += ["--crs", "EPSG:4546"]
    said = database.cli("import", "zones", path, *options)
    assert said.code == 0, said.err
    assert f"CRS: EPSG:{epsg}" in said.err
    truth = gpd.read_file(ROOT / "data" / "boundaries" / f"{county}.geojson").to_crs(4545).geometry[0]
    got = shapely.from_wkb(bytes(database.one("SELECT ST_AsBinary(geom) FROM gis.key_zone")))
    assert got.symmetric_difference(truth).area < 1e-4 * truth.area


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("epsg", [4545, 4546, 4547])
def test_axes_of_projected_files(server, tmp_path: Path, epsg: int, named: bool):
    """4545 to 4547 declare north first; a file whose first number is the northing is turned round."""
    made = Database(server, f"axes_{epsg}_{named}".lower(), {"GIS_WORK_SRID": str(epsg)})
    try:
        for turned in (False, True):
            frame = houses().set_crs(epsg, allow_override=True)
            path = put(_swapped(frame) if turned else frame, tmp_path / f"{turned}.gpkg")
            said = made.cli("import", "buildings", path, *(["--crs", f"EPSG:{epsg}"] if named else []))
            assert said.code == 0, said.err
            assert ("axes exchanged" in said.err) == turned
            assert made.ask("SELECT read_rows, loaded + unchanged FROM gis.import ORDER BY 1 DESC LIMIT 1") == [(5, 5)]
            assert _first(made) == pytest.approx((EAST, NORTH), abs=1e-6)
    finally:
        databases.drop(made.server, made.name)


def test_axes_by_evidence(database: Database, tmp_path: Path):
    """No .prj and the northing first, with the zone's number in the easting."""
    path = put(_swapped(houses().to_crs(4524)), tmp_path / "h.shp")
    path.with_suffix(".prj").unlink()
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert "EPSG:4524" in said.err
    assert "zone number 36" in said.err
    assert _first(database) == pytest.approx((EAST, NORTH), abs=1e-3)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("declared", [True, False])
def test_axes_of_degrees(database: Database, tmp_path: Path, turned: bool, declared: bool):
    """EPSG:4490 is latitude first by definition; files are longitude first, mostly."""
    frame = houses().to_crs(4490)
    path = put(_swapped(frame) if turned else frame, tmp_path / "h.shp")
    if not declared:
        path.with_suffix(".prj").unlink()
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert ("axes exchanged" in said.err) == turned
    assert _first(database) == pytest.approx((EAST, NORTH), abs=1e-3)


def test_a_geojson_in_metres(database: Database, tmp_path: Path):
    """RFC 7946 knows degrees only; metres without a word are evidence, with a crs member they are said."""
    path = tmp_path / "h.geojson"
    collection = json.loads(houses().to_crs(4524).to_json())
    collection.pop("crs", None)
    path.write_text(json.dumps(collection))
    said = database.cli("import", "buildings", path)
    assert said.code == 0, said.err
    assert _first(database) == pytest.approx((EAST, NORTH), abs=1e-3)


def test_named_crs_wins_over_the_declared(database: Database, tmp_path: Path):
    path = put(houses().set_crs(4547, allow_override=True), tmp_path / "h.gpkg")
    assert database.cli("import", "buildings", path).code == 1
    said = database.cli("import", "buildings", path, "--crs", "4545")
    assert said.code == 0, said.err
    assert _first(database) == pytest.approx((EAST, NORTH), abs=1e-6)
    assert database.one("SELECT crs FROM gis.import ORDER BY import_id DESC LIMIT 1") == "EPSG:4545"


@pytest.mark.parametrize(
    ("lon", "lat", "east", "north"), [(109.397, 25.225, 640778.3, 2791710.0), (107.374, 24.511, 436556.6, 2712031.8)]
)
def test_test_points_of_the_domain(
    database: Database, tmp_path: Path, lon: float, lat: float, east: float, north: float
):
    path = tmp_path / "p.csv"
    path.write_text(f"hydrant_id,lon,lat\nW,{lon},{lat}\n")
    assert database.cli("import", "hydrants", path).code == 0
    assert database.ask("SELECT ST_X(geom), ST_Y(geom) FROM gis.hydrant")[0] == pytest.approx((east, north), abs=0.06)


# --- GCJ-02 and BD-09 ------------------------------------------------------------------------------------------

# docs/domain.md#shifted-datums: metres and azimuth of the shift.
SHIFTS = [
    ("gcj02", 109.397, 25.225, 556, 122), ("bd09", 109.397, 25.225, 1183, 73),
    ("gcj02", 107.374, 24.511, 531, 125), ("bd09", 107.374, 24.511, 1154, 71),
]  # fmt: skip
FORWARD = {"gcj02": gcj02_of, "bd09": bd09_of}


@pytest.mark.parametrize(("datum", "lon", "lat", "metres", "azimuth"), SHIFTS)
def test_shifts_are_those_of_the_domain(datum: str, lon: float, lat: float, metres: float, azimuth: float):
    x, y = FORWARD[datum](np.array([lon]), np.array([lat]))
    angle, _, length = GEOD.inv(lon, lat, x[0], y[0])
    assert length == pytest.approx(metres, abs=1.5)
    assert angle % 360 == pytest.approx(azimuth, abs=1.0)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_the_inverse_is_exact(datum: str):
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(107.0, 109.8, 500), rng.uniform(24.2, 25.6, 500)
    back = unshift(*FORWARD[datum](lon, lat), datum)
    assert GEOD.inv(lon, lat, *back)[2].max() < 1e-3


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_converted_when_named(database: Database, tmp_path: Path, datum: str):
    degrees = houses().to_crs(4490)
    moved = degrees.set_geometry(
        shapely.transform(degrees.geometry.to_numpy(), lambda p: np.column_stack(FORWARD[datum](p[:, 0], p[:, 1]))),
        crs=4490,
    )
    path = put(moved, tmp_path / "h.gpkg")
    said = database.cli("import", "buildings", path, "--datum", datum)
    assert said.code == 0, said.err
    assert _first(database) == pytest.approx((EAST, NORTH), abs=0.01)
    assert database.one("SELECT datum FROM gis.import") == datum


def test_mislabelled_outlines_are_suspected(shared_data: Path, database: Database):
    path = shared_data / "admin" / "counties_gcj02_mislabelled.geojson"
    options = ["--field", "code=adcode", "--field", "name=county"]
    said = database.cli("import", "boundaries", path, *options)
    assert said.code == 1
    assert "GCJ-02" in said.err
    assert "--datum gcj02" in said.err
    assert "--datum cgcs2000" in said.err
    metres = int(said.err.split("about ")[1].split(" m")[0])
    assert 480 <= metres <= 600
    assert database.one("SELECT count(*) FROM gis.admin_area") == 0

    assert database.cli("import", "boundaries", path, *options, "--datum", "gcj02").code == 0
    truth = gpd.read_file(ROOT / "data" / "boundaries" / "donglan.geojson").to_crs(4545).geometry[0]
    got = shapely.from_wkb(bytes(database.one("SELECT ST_AsBinary(geom) FROM gis.admin_area WHERE code = '451224'")))
    assert got.centroid.distance(truth.centroid) < 150, "coarse outlines, but no longer 530 m off"


def test_right_outlines_are_not_suspected(shared_data: Path, database: Database):
    said = database.cli("import", "boundaries", shared_data / "admin" / "counties_cgcs2000.geojson")
    assert said.code == 0, said.err


@pytest.mark.parametrize(("datum", "least", "most"), [("gcj02", 500, 560), ("bd09", 1120, 1190)])
@pytest.mark.parametrize("witness", ["township", "loaded before"])
def test_shifted_houses_are_suspected(
    demo_database: Database, tmp_path: Path, datum: str, least: int, most: int, witness: str
):
    """Houses of the demo county as Amap or Baidu show them: off where they were, or out of their townships."""
    rows = demo_database.ask(
        "SELECT building_id, township_code, ST_AsBinary(ST_Transform(geom, 4490)) FROM gis.building "
        "WHERE fid % 40 = 0 ORDER BY fid"
    )
    shapes = shapely.from_wkb([bytes(g) for *_, g in rows])
    moved = shapely.transform(shapes, lambda p: np.column_stack(FORWARD[datum](p[:, 0], p[:, 1])))
    frame = gpd.GeoDataFrame(
        {"building_id": [r[0] for r in rows], "township_code": [r[1] for r in rows]}, geometry=moved, crs=4490
    )
    if witness == "township":
        frame["building_id"] = "new " + frame["building_id"]
    else:
        frame = frame.drop(columns="township_code")
    path = put(frame, tmp_path / "shifted.gpkg")
    before = demo_database.counts()
    said = demo_database.cli("import", "buildings", path)
    assert said.code == 1, said.out
    assert f"--datum {datum}" in said.err
    assert least <= int(said.err.split("about ")[1].split(" m")[0]) <= most
    assert demo_database.counts() == before
    # Converted, the same file is what is there already: to a centimetre, and nothing is written by a dry run.
    dry = demo_database.cli("import", "buildings", path, "--datum", datum, "--dry-run")
    assert dry.code == 0, dry.err
    # Unshifted, the same houses raise no suspicion.
    plain = put(frame.set_geometry(shapes, crs=4490), tmp_path / "plain.gpkg")
    assert demo_database.cli("import", "buildings", plain, "--dry-run").code == 0
    assert demo_database.counts() == before


def test_axes_of_degrees_in_the_far_west():
    """In Kashgar both numbers could be a latitude: where the county lies tells which is."""
    kashgar = np.array([shapely.Point(39.47, 75.99)], dtype=object)
    county = (75.6, 39.2, 76.4, 39.8)
    assert crs_.decide(kashgar, CRS.from_epsg(4490), None, county, None).swap
    right = np.array([shapely.Point(75.99, 39.47)], dtype=object)
    assert not crs_.decide(right, CRS.from_epsg(4490), None, county, None).swap


def test_every_zone_is_compared():
    """In every zone of China, from both kinds of systems: what is true is taken, or is among what is asked."""
    taken, asked = 0, {}
    for meridian in range(75, 136, 3):
        county = (meridian - 0.4, 29.5, meridian + 0.4, 30.5)
        gauss, utm = 4534 + (meridian - 75) // 3, 32600 + int((meridian + 180) // 6) + 1
        for code in (gauss, utm):
            x, y = pyproj.Transformer.from_crs(4490, code, always_xy=True).transform(meridian + 0.1, 30.0)
            point = np.array([shapely.Point(x, y)], dtype=object)
            try:
                decision = crs_.decide(point, None, None, county, None)
            except InputError as question:
                asked[meridian, code] = question.en
            else:
                taken += 1
                assert decision.crs.to_epsg() == code
                assert (meridian - 75) % 6, "on a meridian of UTM both fit"
    for (_, code), question_en in asked.items():
        assert f"EPSG:{code} " in question_en, "what is true is among the answers"
        assert question_en.count("EPSG:") >= 3, "two answers and an example"
    assert taken >= 10
    assert len(asked) >= 20
