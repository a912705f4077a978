"""``import`` and ``density`` are of one mind: which CRS, which rows are houses, what a cell says."""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from pyproj import CRS, Geod, Transformer
from shapely import MultiPolygon, affinity, box

from gis_service import codelists
from gis_service.density.command import _houses
from gis_service.density.layer.fields import read_column, read_fire_class
from gis_service.density.layer.prepare import prepare, take_apart
from gis_service.density.layer.repairs import Repairs
from gis_service.errors import InputError
from gis_service.ingest import crs as crs_
from gis_service.ingest.fields import BUILDINGS, match
from gis_service.ingest.footprints import SET_ASIDE
from gis_service.ingest.vector import read_vector
from gis_service.settings import ROOT
from tests.conftest import Database, cloned
from tests.density.test_run import run as density_command
from tests.ingest.make import EAST, NORTH, houses, put, square


@dataclass(frozen=True)
class Verdict:
    """What a command made of a file: refused, or the ids taken for houses and what it set aside, by kind."""

    refused: bool
    taken: frozenset[str] = frozenset()
    set_aside: frozenset[tuple[str, str]] = frozenset()
    said: str = ""


@pytest.fixture(scope="module")
def county(server, template: str) -> Iterator[Database]:
    """A database that knows its county; ``by_import`` empties it of houses first."""
    with cloned(server, template) as made:
        said = made.cli("import", "boundaries", ROOT / "data" / "boundaries" / "donglan.geojson")
        assert said.code == 0, said.err
        yield made


def by_import(database: Database, path: Path, *options: str) -> Verdict:
    database.clear()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rejects = Path(folder) / "rejects.csv"
        said = database.cli("import", "buildings", path, "--rejects", rejects, *options)
        if rejects.exists():
            with rejects.open(encoding="utf-8-sig") as opened:
                rows = [(r["code"], r["key"]) for r in csv.DictReader(opened)]
    taken = frozenset(i for (i,) in database.ask("SELECT building_id FROM gis.building"))
    aside = frozenset((code, key) for code, key in rows if code in SET_ASIDE)
    return Verdict(said.code != 0, taken, aside, said.err)


def by_density(path: Path, *options: str) -> Verdict:
    """As the command does it, up to where walls are measured."""
    given = dict(zip(options[::2], options[1::2], strict=True))
    repairs = Repairs()
    try:
        layer = read_vector(path, given.get("--layer"), "", given.get("--crs"))
        frame = _houses(layer, {})
        if given.get("--multipart") == "split":
            frame = take_apart(frame, "auto", repairs)
        found = prepare(frame, keep=[given["--keep"]] if "--keep" in given else [], repairs=repairs)
    except InputError as refusal:
        aside = {(k, i) for k, ids in repairs.examples.items() for i in ids if k in SET_ASIDE}
        return Verdict(True, set_aside=frozenset(aside), said=refusal.en)
    aside = {(k, i) for k, ids in repairs.examples.items() for i in ids if k in SET_ASIDE}
    inside = repairs.examples.get("inside", [])
    return Verdict(False, frozenset([*found.ids, *inside]), frozenset(aside), "\n".join(repairs.sentences("en")))


CASES = [
    ("d3/d3.gpkg", ""), ("d3/d3.gpkg", "--keep twice"), ("d4b/d4b.gpkg", ""), ("d4b/d4b.gpkg", "--multipart split"),
    ("d8/d8.gpkg", ""), ("d9/d9.gpkg.zip", ""), ("d9/d9.gpkg.zip", "--layer 房屋"), ("d10/d10.gpkg", ""),
    ("d16/d16.geojson", "--crs 4545"), ("d17/d17.shp", ""), ("d20/d20.gpkg", ""), ("q2/q2.gpkg", ""),
    ("q2/q2.gpkg", "--keep huge"), ("q3/q3.gpkg.zip", ""), ("q3/q3.gpkg.zip", "--multipart split"), ("q4/q4.gpkg", ""),
    ("g1/g1.geojson", ""), ("g1/g1.geojson", "--crs EPSG:32649"), ("g10/g10.csv", "--crs 4545"),
    ("g11_g12/g11.csv", "--crs 4545"), ("g11_g12/g12.csv", "--crs 4545"), ("g13/g13b.gpkg", ""),
    ("g14_g15_g17/g15.kml", ""), ("i1/i1.gpkg", ""), ("i2/i2.geojson", ""), ("cr/cr.geojson", "--crs 4545"), ("cr/cr.geojson", ""), ("b1/houses.gpkg", ""),
    ("e03/e03.shp", ""), ("e04/e04.shp", ""), ("e08/e08.shp", ""), ("e11/e11.shp", ""), ("e18/e18.shp", ""),
    ("k8/k8.csv", "--crs 4545"), ("k9/k9.csv", "--crs 4545"), ("x1/x1.xlsx", "--crs 4545"), ("x2/x2.xlsx", "--crs 4545"),
    ("x3/x3.xlsx", "--crs 4545"), ("z1/z1.zip", ""), ("z2/z2.zip", ""), ("z4/z4.shp", ""), ("f1/f1.txt", ""),
    ("f3/f3.json", ""), ("r2/houses.gpkg", ""), ("p5/p5.parquet", ""), ("h10/h10.xlsx", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES)
def test_import_and_density_agree(shared_data: Path, county: Database, name: str, options: str):
    path = shared_data / "cases" / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    theirs, ours = by_density(path, *options.split()), by_import(county, path, *options.split())
    assert ours.refused == theirs.refused, f"import: {ours.said}\ndensity: {theirs.said}"
    if not ours.refused:
        # A row without a number has none in the register; density gives it that of its row.
        assert {i for i in theirs.taken if not i.isdigit() or i in ours.taken or len(i) > 3} == ours.taken
    assert ours.set_aside == theirs.set_aside


# --- each case, and a sibling of another column, place or CRS --------------------------------------------------


def _moved(frame: gpd.GeoDataFrame, degrees: float = 23) -> gpd.GeoDataFrame:
    return frame.set_geometry(frame.geometry.rotate(degrees, origin=(EAST, NORTH)))


def _both(county: Database, path: Path, *options: str) -> tuple[Verdict, Verdict]:
    ours, theirs = by_import(county, path, *options), by_density(path, *options)
    assert (ours.refused, ours.taken, ours.set_aside) == (theirs.refused, theirs.taken, theirs.set_aside)
    return ours, theirs


def test_houses_drawn_twice(county: Database, tmp_path: Path):
    """d3, q4: shifted by half a metre, in degrees, the later id the larger; the first id of each pair stays."""
    twins = [s for k in range(5) for s in (square(2 * k), affinity.translate(square(2 * k, 10.4), 0.5, -0.3))]
    ids = [f"{'ab'[k % 2]}{9 - k // 2}" for k in range(10)]
    frame = _moved(gpd.GeoDataFrame({"图斑编号": ids}, geometry=twins, crs=4545)).to_crs(4490)
    path = put(frame, tmp_path / "twins.gpkg")
    ours, _ = _both(county, path)
    assert ours.taken == {"a9", "a8", "a7", "a6", "a5"}
    assert {code for code, _ in ours.set_aside} == {"twice"}
    kept, _ = _both(county, path, "--keep", "twice")
    assert len(kept.taken) == 10
    # Without a file for them the import is refused, and says with which house.
    county.clear()
    said = county.cli("import", "buildings", path)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "overlaps the house a9" in said.err
    assert "--keep twice" in said.err
    # Once more the same file: the same rows are there and the same are set aside.
    again = [county.cli("import", "buildings", path, "--rejects", tmp_path / "r.csv") for _ in range(2)]
    assert "loaded 5" in again[0].out
    assert "unchanged 5" in again[1].out
    assert all("rejected 5" in said.out for said in again)


def test_the_twin_of_a_row_that_cannot_be_used_is_the_house(county: Database, tmp_path: Path):
    frame = gpd.GeoDataFrame(
        {"building_id": ["a", "b"], "floors": ["many", "2"]},
        geometry=[square(0), affinity.translate(square(0), 0.1, 0.1)],
        crs=4545,
    )
    assert by_import(county, put(frame, tmp_path / "h.gpkg")).taken == {"b"}


@pytest.mark.parametrize("kind", [".gpkg", ".geojson", ".parquet"])
def test_an_outline_round_other_houses(county: Database, tmp_path: Path, kind: str):
    frame = houses(6)
    yard = gpd.GeoDataFrame({"building_id": ["yard"]}, geometry=[box(*frame.total_bounds).buffer(3)], crs=4545)
    path = put(_moved(pd.concat([yard, frame], ignore_index=True)), tmp_path / f"yard{kind}")
    ours, _ = _both(county, path)
    assert ours.set_aside == {("around", "yard")}
    assert len(ours.taken) == 6
    kept = by_import(county, path, "--keep", "around")
    assert len(kept.taken) == 7
    assert "inside another count as part of it" in kept.said


def test_a_village_in_one_row(county: Database, tmp_path: Path):
    """d4b, q3: kept and said, or taken apart; what is read is what came of it, and the same again is unchanged."""
    village = MultiPolygon([square(k) for k in range(7)])
    frame = gpd.GeoDataFrame({"building_id": ["V", "H"], "floors": [2, 3]}, geometry=[village, square(30)], crs=4545)
    path = put(frame.to_crs(4326), tmp_path / "village.gpkg")
    ours, theirs = _both(county, path)
    assert ours.taken == {"V", "H"}
    assert "V: 7" in ours.said
    assert "V: 7" in theirs.said
    apart, _ = _both(county, path, "--multipart", "split")
    assert apart.taken == {"H", *(f"V#{k}" for k in range(1, 8))}
    assert "taken apart" in apart.said
    assert county.ask("SELECT DISTINCT floors FROM gis.building WHERE building_id LIKE 'V#%%'") == [(2,)]
    said = county.cli("import", "buildings", path, "--multipart", "split")
    assert "read 8 = loaded 0 + unchanged 8 + updated 0 + rejected 0" in said.out
    assert county.ask(
        "SELECT read_rows, loaded + unchanged + updated + rejected FROM gis.import ORDER BY import_id DESC LIMIT 1"
    ) == [(8, 8)]


def test_parts_that_are_no_house_are_rejected_alone(county: Database, tmp_path: Path):
    village = MultiPolygon([square(0), square(2), square(4)])
    frame = gpd.GeoDataFrame(
        {"building_id": ["H", "V"]}, geometry=[affinity.translate(square(2), 0.1, 0), village], crs=4545
    )
    ours, _ = _both(county, put(frame, tmp_path / "v.gpkg"), "--multipart", "split")
    assert ours.taken == {"H", "V#1", "V#3"}
    assert ours.set_aside == {("twice", "V#2")}


@pytest.mark.parametrize(("wide", "house"), [(300, True), (330, False), (2_000, False)])
def test_giants(county: Database, tmp_path: Path, wide: float, house: bool):
    """q2: above ten hectares."""
    frame = gpd.GeoDataFrame(
        {"building_id": ["g", "h"]}, geometry=[box(EAST, NORTH, EAST + wide, NORTH + wide), square(-15)], crs=4545
    )
    ours, _ = _both(county, put(_moved(frame), tmp_path / "g.gpkg"))
    assert ours.taken == ({"g", "h"} if house else {"h"})


def test_thorns_are_taken_off_before_walls_are_measured(shared_data: Path, county: Database, tmp_path: Path):
    """d10: the walls are 50.5 m apart, whatever stands out between them."""
    case = shared_data / "cases" / "d10" / "d10.gpkg"
    sibling = put(_moved(gpd.read_file(case), 70).to_crs(4490), tmp_path / "d10.gpkg")
    for path in (case, sibling):
        done = density_command(path, "--out", tmp_path / "out.gpkg")
        assert done.returncode == 0, done.stderr
        assert "2 buildings, 0 pairs" in done.stdout
        assert "thorns" in done.stderr
        ours = by_import(county, path)
        assert ours.taken == {"000", "001"}
        assert "thorns" in ours.said
        assert county.one("SELECT max(ST_Area(geom)) FROM gis.building") == pytest.approx(100, abs=0.01)


def test_metres_without_crs_are_asked_for_and_named(shared_data: Path, tmp_path: Path):
    """d16, and a sheet with WKT."""
    sheet = put(houses(12), tmp_path / "h.csv")
    for path in (shared_data / "cases" / "d16" / "d16.geojson", sheet):
        refused = density_command(path, "--out", tmp_path / "out.gpkg")
        assert refused.returncode == 1
        assert "--crs" in refused.stderr.strip().splitlines()[-1]
        assert not (tmp_path / "out.gpkg").exists()
        assert by_density(path, "--crs", "EPSG:4545").taken


def test_text_in_gbk_without_a_word(shared_data: Path, tmp_path: Path):
    """d17, and a sibling with other columns."""
    found = prepare(_houses(read_vector(shared_data / "cases" / "d17" / "d17.shp", None), {}))
    assert set(found.fire_class) == {"IV"}
    assert sorted(found.ids) == sorted(f"H{k}" for k in range(12))
    frame = houses(3).drop(columns=["floors", "building_id"])
    frame = frame.assign(
        建筑编号=["甲", "乙", "丙"], 层数=["三层", "两层半", "1"], 耐火等级=["三级", "", "四级"], 备注="x"
    )
    path = put(frame, tmp_path / "h.shp", encoding="GBK")
    path.with_suffix(".cpg").unlink()
    layer = read_vector(path, None)
    found = prepare(_houses(layer, {}))
    by_id = dict(zip(found.ids, zip(found.floors, found.fire_class, strict=True), strict=True))
    assert by_id == {"甲": (3, "III"), "乙": (2, None), "丙": (1, "IV")}
    assert ("没有用到的列：备注", "columns not used: 备注") in layer.notes


def test_axes_exchanged(shared_data: Path, county: Database, tmp_path: Path):
    """d20, and a sibling in metres."""
    case = shared_data / "cases" / "d20" / "d20.gpkg"
    frame = houses(4)
    turned = frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda p: p[:, ::-1]), crs=4545)
    for path in (case, put(turned, tmp_path / "t.gpkg")):
        layer = read_vector(path, None)
        found = prepare(_houses(layer, {}))
        assert found.crs.to_epsg() == 4545
        assert "axes exchanged" in " ".join(en for _, en in layer.notes)
        middle = shapely.centroid(shapely.union_all(found.footprints))
        assert abs(middle.x - 436_450) < 200
        assert abs(middle.y - 2_712_000) < 200
        _both(county, path)


def test_several_layers_are_asked_for(shared_data: Path, county: Database, tmp_path: Path):
    """d9, and a sibling of other names."""
    path = tmp_path / "two.gpkg"
    put(houses(1), path, layer="地块")
    put(houses(12), path, layer="建筑物", append=True)
    for file, name in ((shared_data / "cases" / "d9" / "d9.gpkg.zip", "房屋"), (path, "建筑物")):
        ours, theirs = _both(county, file)
        assert ours.refused
        assert name in theirs.said
        chosen, _ = _both(county, file, "--layer", name)
        assert len(chosen.taken) == 12


def test_identifiers_with_holes_are_exact(shared_data: Path, county: Database, tmp_path: Path):
    """d8, and a sibling of other digits: numbers of 18 digits beside an empty cell are read to the last digit."""
    assert len(by_density(shared_data / "cases" / "d8" / "d8.gpkg").taken) == 12
    numbers = [451224101002000123 + k for k in range(5)]
    frame = houses(6).assign(building_id=pd.array([*numbers, None], dtype="Int64"))
    path = put(frame, tmp_path / "n.gpkg")
    assert by_import(county, path).taken == {str(n) for n in numbers}
    assert {str(n) for n in numbers} <= by_density(path).taken


# --- CRS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_utm_is_told_from_gauss_krueger_or_asked_for(county: Database, tmp_path: Path, named: bool):
    """g1: 40 houses in UTM zone 49; without a word both fit, 1.1 km apart."""
    frame = houses(40).to_crs(32649)
    path = tmp_path / "utm.csv"
    put(frame, path)
    if named:
        assert len(by_import(county, path, "--crs", "EPSG:32649").taken) == 40
        assert county.ask("SELECT min(ST_XMin(geom)) FROM gis.building")[0][0] == pytest.approx(EAST, abs=0.01)
        return
    for verdict in (by_import(county, path), by_density(path)):
        assert verdict.refused
        assert "--crs" in verdict.said
    said = by_import(county, path).said
    assert "EPSG:4546" in said
    assert "EPSG:32649" in said
    away = int(said.split(" m away")[0].split()[-1].replace(",", ""))
    there = Transformer.from_crs(4546, 4490, always_xy=True).transform(*frame.total_bounds[:2])
    here = Transformer.from_crs(32649, 4490, always_xy=True).transform(*frame.total_bounds[:2])
    assert away == pytest.approx(Geod(ellps="GRS80").inv(*there, *here)[2], abs=2)


def test_a_crs_member_behind_the_features(shared_data: Path, county: Database):
    """g1 as it came: its crs member stands behind 40 features."""
    ours = by_import(county, shared_data / "cases" / "g1" / "g1.geojson")
    assert len(ours.taken) == 40
    assert county.ask("SELECT min(ST_XMin(geom)), min(ST_YMin(geom)) FROM gis.building")[0] == pytest.approx(
        (436_405, 2_712_205), abs=10
    )


@pytest.mark.parametrize("code", [2381, 2360, 4610, 2433, 4214, 21418, 4555])
def test_old_datums_are_not_passed_over(county: Database, tmp_path: Path, code: int):
    """g6a: Xian 1980, and its siblings: Beijing 1954, New Beijing; in degrees, by meridian and by zone."""
    frame = houses(3)
    # As if the numbers had been measured in the old datum.
    twin = {2381: 4545, 2360: 4524, 4610: 4490, 2433: 4545, 4214: 4490, 21418: 4496, 4555: 4490}[code]
    path = put(frame.to_crs(twin).set_crs(code, allow_override=True), tmp_path / "old.gpkg")
    refused = by_import(county, path)
    assert refused.refused
    assert "130 m" in refused.said
    assert "--accept-accuracy 130" in refused.said
    assert by_import(county, path, "--accept-accuracy", "100").refused
    accepted = by_import(county, path, "--accept-accuracy", "130")
    assert len(accepted.taken) == 3
    assert "130 m off (accepted)" in accepted.said
    # density measures where the data is, and converts to another datum as little as import does.
    if CRS.from_epsg(code).is_geographic:
        assert by_density(path).refused
    else:
        assert len(by_density(path).taken) == 3
        frame = _houses(read_vector(path, None), {})
        with pytest.raises(InputError, match="accept-accuracy"):
            prepare(frame, work_srid=4545)
        assert len(prepare(frame, work_srid=4545, accept_accuracy_m=130)) == 3


def test_case_g6a(shared_data: Path, county: Database):
    assert "130 m" in by_import(county, shared_data / "cases" / "g6a" / "g6_2381.shp").said


def test_parameters_of_a_datum_are_used(county: Database, tmp_path: Path):
    """With +towgs84 the shift is taken: against the formula of a geocentric translation, worked out step by step."""
    text = "+proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +y_0=0 +ellps=krass +towgs84=15.8,-154.4,-82.3 +units=m"
    path = put(houses(3).set_crs(2433, allow_override=True), tmp_path / "old.gpkg")
    ours = by_import(county, path, "--crs", text)
    assert len(ours.taken) == 3
    steps = (
        "+proj=pipeline +step +inv +proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +ellps=krass "
        "+step +proj=cart +ellps=krass +step +proj=helmert +x=15.8 +y=-154.4 +z=-82.3 "
        "+step +inv +proj=cart +ellps=GRS80 +step +proj=tmerc +lat_0=0 +lon_0=108 +k=1 +x_0=500000 +ellps=GRS80"
    )
    x, y, _ = Transformer.from_pipeline(steps).transform(EAST, NORTH, 0)
    got = county.ask("SELECT ST_XMin(geom), ST_YMin(geom) FROM gis.building WHERE building_id = 'H1'")[0]
    assert got == pytest.approx((x, y), abs=0.02)
    assert np.hypot(x - EAST, y - NORTH) > 30


def test_datums_of_our_days_are_taken_as_they_are():
    for code in (4326, 32648, 4490, 6668, 4258, 7844):
        assert crs_.check_conversion(CRS.from_epsg(code), CRS.from_epsg(4545), 107.4, 24.5) == 0.0


def test_older_zones_are_named_rightly():
    """Every zone of CGCS2000 against the names of the zones that are told for it."""
    for code in (*range(4491, 4502), *range(4502, 4513), *range(4513, 4534), *range(4534, 4555)):
        mine = CRS.from_epsg(code).name.removeprefix("CGCS2000 / ")
        xian, beijing = (CRS.from_epsg(int(t.split()[0].removeprefix("EPSG:"))).name for t in crs_._older_datums(code))
        assert xian == f"Xian 1980 / {mine}"
        assert beijing == f"Beijing 1954 / {mine}"


# --- cells -----------------------------------------------------------------------------------------------------

_WORDS = [
    (name, word)
    for name in ("structure", "fire_class", "hazard_tier", "use_class")
    for word in codelists.synonyms({"structure": codelists.STRUCTURE, "fire_class": codelists.FIRE_CLASS, "hazard_tier": codelists.HAZARD_TIER, "use_class": codelists.USE_CLASS}[name], name)
]  # fmt: skip
STOREYS = [
    "3.5",
    "三层半",
    "2层半",
    "地上3地下1",
    "地下一层地上3层",
    "3F",
    "十二层",
    "0",
    "-9999",
    "未知",
    "",
    "999",
    "4.0",
]


def test_every_word_means_the_same(county: Database, tmp_path: Path):
    """Every word of the closed lists and every other way of writing it, and storeys as people write them."""
    count = max(len(_WORDS), len(STOREYS))
    cells: dict[str, list[str | None]] = {n: [None] * count for n in ("floors", *dict.fromkeys(n for n, _ in _WORDS))}
    for k, (name, word) in enumerate(_WORDS):
        cells[name][k] = word
    cells["floors"][: len(STOREYS)] = STOREYS
    frame = houses(count, **{name: column for name, column in cells.items() if name != "floors"})
    frame["floors"] = cells["floors"]
    path = put(frame, tmp_path / "words.gpkg")
    ours = by_import(county, path)
    assert len(ours.taken) == count
    stored = pd.DataFrame(
        county.ask("SELECT building_id, floors, structure, fire_class, hazard_tier, use_class FROM gis.building"),
        columns=["building_id", "floors", "structure", "fire_class", "hazard_tier", "use_class"],
    ).set_index("building_id")
    layer = _houses(read_vector(path, None), {})
    ids, repairs = layer["building_id"].to_numpy(dtype=object), Repairs()
    for name in stored.columns:
        read = pd.Series(read_column(layer, name, ids, repairs), index=ids)
        told = read.notna()
        if name == "fire_class":
            structure = read_column(layer, "structure", ids, Repairs())
            # What a panel says of the class is stored too.
            panel = pd.Series(read_fire_class(layer, structure, ids, Repairs()), index=ids)
            named = stored[name].notna()
            assert panel[named[named].index].tolist() == stored.loc[named, name].tolist()
        assert read[told].tolist() == stored.loc[read.index[told], name].tolist(), name
        if name == "floors":
            assert stored.loc[read.index[~told], name].isna().all()
    assert set(repairs.counts) == {"floors", "floors_text", "floors_fraction", "floors_below"}
    for text in ("三层半 → 3", "地上3地下1 → 3"):
        assert text in ours.said


@pytest.mark.parametrize("field", [f for f in BUILDINGS.all_fields if not f.person], ids=lambda f: f.name)
def test_every_column_name_is_known_to_both(county: Database, tmp_path: Path, field: Any):
    """Each name of a column, as it is and as a shapefile cuts it: density takes the same columns as import."""
    for name in (field.name, *field.names):
        frame = houses(1).drop(columns="floors").rename(columns={"building_id": "房屋编号"})
        if field.name == "building_id":
            frame = frame.drop(columns="房屋编号")
        frame = frame.assign(**{name: "1"})
        path = put(frame, tmp_path / "n.parquet")
        mapping = match(BUILDINGS, frame.columns, {})
        assert mapping[field.name] == name
        layer = _houses(read_vector(path, None), {})
        assert layer[field.name].tolist() == ["1"]


def test_fields_are_named_as_in_import(tmp_path: Path):
    frame = houses(4).rename(columns={"floors": "stockwerke"}).assign(nr=list("wxyz"))
    path = put(frame, tmp_path / "h.gpkg")
    done = density_command(
        path, "--field", "floors=stockwerke", "--field", "building_id=nr", "--field", "structure==木", "--out",
        tmp_path / "out.gpkg",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert gpd.read_file(tmp_path / "out.gpkg", layer="buildings").building_id.tolist() == list("wxyz")
    assert "columns not used: building_id" in done.stderr
    wrong = density_command(path, "--field", "floors=etagen", "--out", tmp_path / "out.gpkg")
    assert wrong.returncode == 1
    assert "etagen" in wrong.stderr


def test_roads_without_crs_follow_the_houses_or_are_asked_for(tmp_path: Path):
    homes = put(houses(12), tmp_path / "h.csv")
    road = gpd.GeoDataFrame(
        {"road_id": ["R"]}, geometry=[shapely.LineString([(EAST - 9, NORTH - 9), (EAST + 99, NORTH - 9)])]
    )
    put(road.set_crs(4545), tmp_path / "r.csv")
    done = density_command(homes, "--crs", "4545", "--roads", tmp_path / "r.csv", "--out", tmp_path / "o.gpkg")
    assert done.returncode == 0, done.stderr
    put(houses(12), tmp_path / "h.gpkg")
    refused = density_command(tmp_path / "h.gpkg", "--roads", tmp_path / "r.csv", "--out", tmp_path / "p.gpkg")
    assert refused.returncode == 1
    assert "--crs" in refused.stderr


def test_long_names_of_outputs(tmp_path: Path):
    out = tmp_path / f"{'名' * 80}.gpkg"
    done = density_command(put(houses(2), tmp_path / "h.gpkg"), "--out", out)
    assert done.returncode == 0, done.stderr
    assert pyogrio.read_info(out, layer="buildings")["features"] == 2
    assert [p.name for p in tmp_path.glob(".gis-*")] == []


def test_density_reads_without_a_database():
    """What both read by knows no database, and nothing of ingest knows density."""
    loaded = (
        "import sys, gis_service.density.command, gis_service.density.run; "
        "print([m for m in sys.modules if m.startswith(('gis_service.db', 'sqlalchemy', 'psycopg'))])"
    )
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "[]\n"
    for file in (ROOT / "gis_service" / "ingest").glob("*.py"):
        assert "gis_service.density" not in file.read_text(), file.name
