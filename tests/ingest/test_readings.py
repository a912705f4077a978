"""What a file says is found wherever it stands, and what is not read is named."""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.ingest.source import read
from gis_service.settings import ROOT
from tests.conftest import Database
from tests.ingest.make import houses, put, square, zipped
from tests.shared import shared_data


@pytest.fixture
def county(database: Database) -> Database:
    assert database.cli("import", "boundaries", ROOT / "data" / "boundaries" / "donglan.geojson").code == 0
    return database


# --- GeoJSON ---------------------------------------------------------------------------------------------------


def test_the_crs_of_a_geojson_behind_much_else(database: Database):
    """Case cr: behind 4 kB of metadata."""
    said = database.cli("import", "buildings", shared_data("cases/cr/cr.geojson"))
    assert (said.code, "EPSG:4545 (declared by the file)" in said.err) == (0, True), said.err


def test_the_crs_of_a_geojson_behind_its_features(county: Database):
    """Case g1: taken for another zone, all houses lay 1.1 km off."""
    assert county.cli("import", "buildings", shared_data("cases/g1/g1.geojson")).code == 0
    x, y = county.ask("SELECT ST_XMin(geom), ST_YMin(geom) FROM gis.building WHERE building_id = 'g1-0'")[0]
    assert (x, y) == (pytest.approx(436400, abs=8), pytest.approx(2712200, abs=8))


def _collection(epsg: int | None, place: str, **more: Any) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"编号": str(k), **more},
            "geometry": json.loads(shapely.to_geojson(square(k))),
        }
        for k in range(2)
    ]
    crs = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}}} if epsg else {}
    members = {"type": "FeatureCollection", "features": features}
    return json.dumps(
        {**crs, **members} if place == "front" else {**members, "文": "x" * 9000, **crs}, ensure_ascii=False
    )


@pytest.mark.parametrize("place", ["front", "behind"])
@pytest.mark.parametrize("epsg", [4545, 4546, 32648])
def test_the_crs_counts_wherever_it_stands(tmp_path: Path, place: str, epsg: int):
    (tmp_path / "h.geojson").write_text(_collection(epsg, place))
    source = read(tmp_path / "h.geojson")
    assert source.crs is not None
    assert source.crs.to_epsg() == epsg


def test_a_property_called_crs_is_none(tmp_path: Path):
    (tmp_path / "h.geojson").write_text(
        _collection(None, "front", crs={"type": "name", "properties": {"name": "EPSG:4326"}})
    )
    assert read(tmp_path / "h.geojson").crs is None, "metres, and nothing is said"
    (tmp_path / "n.geojson").write_text(_collection(4545, "front").replace("EPSG::4545", "NONE::1"))
    with pytest.raises(InputError, match="unknown"):
        read(tmp_path / "n.geojson")


@pytest.mark.parametrize(("text", "name"), [
    ('{"type": "Topology", "objects": {}, "arcs": []}', "TopoJSON"), ('{"type": "CityJSON", "version": "1.1"}', "CityJSON"),
    ('{"geometryType": "esriGeometryPolygon", "features": []}', "Esri JSON"), ('{"a": 1}', "no GeoJSON"), ("[1, 2]", "no .json"),
    ('{"type": "FeatureCollection"}', "no .json"), ('{"type": "FeatureCollection", "features": [', "truncated"), ("{}", "no GeoJSON"),
    ('{"type": "FeatureCollection", "features": []} {}', "no .json"),
])  # fmt: skip
def test_json_of_other_kinds_is_named(tmp_path: Path, text: str, name: str):
    (tmp_path / "h.json").write_text(text)
    with pytest.raises(InputError, match=name):
        read(tmp_path / "h.json")


def test_city_json(database: Database):
    said = database.cli("import", "buildings", shared_data("cases/f3/f3.json"))
    assert (said.code, "CityJSON" in said.err) == (1, True)


_COORDINATE = st.floats(-180, 180, allow_nan=False)


# A property "id" that several features share is one of theirs; GDAL takes it for its own number and says so.
@pytest.mark.filterwarnings("ignore:Several features with id:RuntimeWarning")
@settings(deadline=None)  # a busy machine is no fault of the code
@given(
    st.lists(st.tuples(_COORDINATE, _COORDINATE), min_size=1, max_size=20),
    st.dictionaries(st.text(min_size=1, max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=12), st.booleans()), max_size=5),
)  # fmt: skip
@example([(0.0, 0.0), (1.0, 1.0)], {"id": -42987})
def test_geojson_as_gdal_reads_it(
    tmp_path_factory: pytest.TempPathFactory, points: list[tuple[float, float]], more: dict[str, Any]
):
    """Coordinates to the last bit, and properties as they were written."""
    path = tmp_path_factory.mktemp("g") / "h.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": more, "geometry": {"type": "Point", "coordinates": list(point)}} for point in points]}))  # fmt: skip
    source = read(path)
    assert np.array_equal(shapely.get_coordinates(source.frame.geometry), np.array(points))
    witness = pyogrio.read_dataframe(path)
    assert np.array_equal(shapely.get_coordinates(source.frame.geometry), shapely.get_coordinates(witness.geometry))
    for name, value in more.items():
        if name != "geometry":
            assert source.frame[name].tolist() == [value] * len(points)


# --- geometries ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "options"), [("g10/g10.csv", ("--crs", "4545")), ("g11_g12/g11.csv", ()), ("g11_g12/g12.csv", ()),
                                               ("g11_g12/g11.csv", ("--crs", "4545"))])  # fmt: skip
def test_geometries_as_databases_write_them(database: Database, case: str, options: tuple[str, ...]):
    """Cases g10 to g12: M values, EWKT, hex EWKB; the SRID in them is the file's CRS."""
    said = database.cli("import", "buildings", shared_data(f"cases/{case}"), *options)
    assert said.code == 0, said.err
    assert database.one("SELECT round(ST_Area(geom)) FROM gis.building") == 100
    assert ("M values" in said.err) == case.startswith("g10/")


@pytest.mark.parametrize("write", [
    lambda g: shapely.to_wkb(g, hex=True), lambda g: "\\x" + shapely.to_wkb(g, hex=True, byte_order=0), lambda g: g.wkt,
    lambda g: shapely.to_wkb(shapely.set_srid(g, 4545), hex=True, include_srid=True), lambda g: f"SRID=4545;{g.wkt}",
    lambda g: shapely.to_wkt(shapely.force_3d(g)), lambda g: g.wkt.replace("POLYGON", "polygon zm").replace(",", " 1 2,").replace("))", " 1 2))"),
])  # fmt: skip
def test_one_geometry_in_every_writing(tmp_path: Path, write: Any):
    (tmp_path / "h.csv").write_text(f'编号;geom\n1;"{write(square(0))}"\n')
    source = read(tmp_path / "h.csv")
    assert source.frame.geometry.iloc[0].equals(square(0)), source.faults
    assert not shapely.has_m(source.frame.geometry.iloc[0])


def test_srids_that_differ(tmp_path: Path):
    (tmp_path / "h.csv").write_text('编号,geom\n1,"SRID=4545;POINT (1 2)"\n2,"SRID=4546;POINT (1 2)"\n')
    with pytest.raises(InputError, match="4545、4546"):
        read(tmp_path / "h.csv")


@pytest.mark.parametrize(("text", "name"), [
    ("POLYHEDRALSURFACE Z (((0 0 0,0 1 0,1 1 0,0 0 0)))", "PolyhedralSurface"), ("TIN (((0 0,0 1,1 1,0 0)))", "TIN"),
    ("CURVEPOLYGON (CIRCULARSTRING (0 0,4 0,4 4,0 4,0 0))", "CurvePolygon"), ("MULTISURFACE (((0 0,0 1,1 1,0 0)))", "MultiSurface"),
    ("0" + "1" + "0f000000" + "00" * 8, "PolyhedralSurface"), ("POLYGON ((0 0", "WKT"), ("东兰县", "WKT"), ("0103", "WKT"),
])  # fmt: skip
def test_geometries_that_are_not_read_are_named(tmp_path: Path, text: str, name: str):
    (tmp_path / "h.csv").write_text(f'编号,wkt\n1,"{text}"\n2,POINT (1 2)\n')
    source = read(tmp_path / "h.csv")
    assert list(source.faults) == [2]
    assert name in source.faults[2].reason[1]
    assert "cell" in source.faults[2].remedy[1] or "convert" in source.faults[2].remedy[1]


def test_one_curve_among_houses(tmp_path: Path):
    """The other rows are read all the same."""
    path = put(houses(3), tmp_path / "h.gpkg")
    # A curve polygon whose ring is a plain line: the type's number alone is changed.
    plain = shapely.to_wkb(square(1))
    data = path.read_bytes()
    assert data.count(plain) == 1
    path.write_bytes(data.replace(plain, plain[:1] + b"\x0a" + plain[2:]))
    source = read(path)
    assert list(source.faults) == [2]
    assert "CurvePolygon" in source.faults[2].reason[1]
    assert source.frame.geometry.iloc[2].equals(square(2))


def test_a_polyhedral_surface_of_a_geopackage(database: Database):
    said = database.cli("import", "buildings", shared_data("cases/g13/g13b.gpkg"))
    assert (said.code, "PolyhedralSurface" in said.err, "convert" in said.err) == (1, True, True), said.err


def test_kml_geometries(database: Database, tmp_path: Path):
    said = database.cli(
        "import", "buildings", shared_data("cases/g14_g15_g17/g15.kml"), "--rejects", tmp_path / "r.csv"
    )
    assert "read 2 = loaded" in said.out, said.err
    assert database.one("SELECT ST_NumGeometries(geom) FROM gis.building WHERE building_id = 'g15-0'") == 2
    # A point beside an outline is no outline: that row is taken for its polygon, or rejected by its type.
    assert "loaded 2" in said.out or "GeometryCollection" in (tmp_path / "r.csv").read_text(encoding="utf-8-sig")


def test_a_kml_inside_a_kmz(tmp_path: Path):
    path = put(houses(2).rename(columns={"building_id": "编号"}), tmp_path / "h.kml")
    with zipfile.ZipFile(tmp_path / "h.kmz", "w") as opened:
        opened.write(path, "doc.kml")
        opened.writestr("files/icon.png", b"x")
    source = read(tmp_path / "h.kmz")
    assert source.frame["编号"].tolist() == ["H1", "H2"]
    assert any("icon.png" in en for _, en in source.notes)


def test_folders_of_a_kml_are_layers(tmp_path: Path):
    mark = "<Placemark><Point><coordinates>107.37,24.51,3</coordinates></Point></Placemark>"
    text = f"<kml><Document><Folder><name>甲</name>{mark}</Folder><Folder><name>乙</name>{mark}{mark}</Folder></Document></kml>"
    (tmp_path / "h.kml").write_text(text)
    with pytest.raises(InputError, match="甲、乙"):
        read(tmp_path / "h.kml")
    assert len(read(tmp_path / "h.kml", "乙").frame) == 2


# --- structures, layers, archives ------------------------------------------------------------------------------


def test_a_structure_is_named_by_its_parts(database: Database):
    """Case p5."""
    path = shared_data("cases/p5/p5.parquet")
    said = database.cli("import", "buildings", path, "--field", "name=names")
    assert (said.code, "names.primary" in said.err) == (1, True)
    said = database.cli("import", "buildings", path, "--field", "name=names.primary")
    assert said.code == 0, said.err
    assert database.one("SELECT min(name) FROM gis.building") == "老屋"
    said = database.cli("import", "buildings", path, "--field", "name=sources")
    assert (said.code, "nested" in said.err) == (1, True)


def test_lists_and_structures_of_other_files(tmp_path: Path, database: Database):
    (tmp_path / "h.geojson").write_text(_collection(4545, "front", names={"primary": "老屋"}, tags=["a", "b"]))
    source = read(tmp_path / "h.geojson")
    assert source.frame["names.primary"].tolist() == ["老屋"] * 2
    said = database.cli("import", "buildings", tmp_path / "h.geojson", "--field", "name=tags")
    assert said.code == 0, said.err
    assert database.one("SELECT min(name) FROM gis.building") == "a；b"


def test_unused_columns_are_listed(database: Database, tmp_path: Path):
    said = database.cli("import", "buildings", put(houses(2).assign(备注=["a", "b"], 摘要=1), tmp_path / "h.gpkg"))
    assert "备注, 摘要" in said.err
    assert "floors" not in said.err


def test_layers_without_geometry_are_named(tmp_path: Path):
    path = put(houses(2), tmp_path / "h.gpkg", layer="房屋")
    pyogrio.write_dataframe(houses(1).drop(columns="geometry"), path, layer="字典", driver="GPKG", append=True)
    assert any("字典" in en for _, en in read(path).notes)


@pytest.mark.parametrize(("case", "said"), [("z2/z2.zip", "password")])
def test_archives_that_are_refused(case: str, said: str):
    with pytest.raises(InputError, match=said):
        read(shared_data(f"cases/{case}"))


def test_archives_that_are_read():
    assert len(read(shared_data("cases/z1/z1.zip")).frame) == 1
    source = read(shared_data("cases/z4/z4.shp"))
    assert len(source.frame) == 1
    assert any("shx" in en for _, en in source.notes)


def test_a_missing_index_of_many_shapes(tmp_path: Path):
    """The index made anew finds the same shapes as the one that was there, empty ones and parts too."""
    shapes = [*(square(k, 5 + k % 3) for k in range(50)), None, shapely.MultiPolygon([square(60), square(62)])]
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs=4545)
    path = put(frame, tmp_path / "h.shp")
    whole = read(path).frame
    path.with_suffix(".shx").unlink()
    mended = read(path).frame
    assert mended["n"].tolist() == whole["n"].tolist()
    assert shapely.to_wkb(mended.geometry).tolist() == shapely.to_wkb(whole.geometry).tolist()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated"):
        read(path)


@pytest.mark.parametrize("suffix", [".dbf", ".prj", ".cpg"])
def test_parts_that_are_missing(tmp_path: Path, suffix: str):
    path = put(houses(2), tmp_path / "h.shp")
    path.with_suffix(suffix).unlink()
    if suffix == ".dbf":
        with pytest.raises(InputError, match=r"\.dbf"):
            read(path)
    else:
        assert len(read(path).frame) == 2


def test_upper_case_names(tmp_path: Path):
    path = put(houses(2).rename(columns={"building_id": "id"}), tmp_path / "h.shp")
    for part in list(tmp_path.glob("h.*")):
        part.rename(tmp_path / f"房屋{part.suffix.upper()}")
    assert path.stem == "h"
    assert read(tmp_path / "房屋.SHP").frame["id"].tolist() == ["H1", "H2"]


def test_what_lies_beside_the_data_in_an_archive(tmp_path: Path):
    put(houses(2), tmp_path / "h.shp")
    archive = zipped([tmp_path / "h.shp"], tmp_path / "h.zip")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("数据/说明.docx", b"x")
        opened.writestr("数据/代码.csv", b"x")
        opened.writestr("__MACOSX/._h.gpkg", b"x")
        opened.writestr("Thumbs.db", b"x")
    source = read(archive)
    note = next(en for _, en in source.notes if "not read" in en)
    assert "说明.docx" in note
    assert "代码.csv" in note
    assert "Thumbs" not in note


def test_a_geopackage_that_is_open_elsewhere(tmp_path: Path):
    """What QGIS has not yet put into the file stands in its journal, and counts."""
    path = put(houses(2), tmp_path / "h.gpkg", layer="h")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # its triggers mention them
        connection.create_function(name, 1, lambda _: None)
    connection.execute("UPDATE h SET floors = 9")
    connection.commit()
    assert read(path).frame["floors"].tolist() == [9, 9]
    connection.close()


def test_whole_numbers_without_gaps_stay_numbers(tmp_path: Path):
    for suffix in (".gpkg", ".parquet", ".geojson"):
        assert read(put(houses(3), tmp_path / f"h{suffix}")).frame["floors"].dtype.kind == "i", suffix


@pytest.mark.parametrize("srs", [0, -1])
def test_an_undefined_crs_is_none(tmp_path: Path, srs: int):
    path = put(houses(2), tmp_path / "h.gpkg", layer="h")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", [srs])
    connection.execute("UPDATE gpkg_contents SET srs_id = ?", [srs])
    connection.commit()
    connection.close()
    source = read(path)
    assert source.crs is None
    assert any("undefined" in en for _, en in source.notes)


def test_a_pipe_is_no_file(tmp_path: Path):
    os.mkfifo(tmp_path / "h.csv")
    with pytest.raises(InputError, match="no regular file"):
        read(tmp_path / "h.csv")


def test_an_area_with_a_shape_that_is_not_read(database: Database, tmp_path: Path):
    """Half an area is not the area."""
    (tmp_path / "area.csv").write_text(
        f'n,wkt\n1,"SRID=4545;{square(0).wkt}"\n2,"SRID=4545;TIN (((0 0,0 1,1 1,0 0)))"\n'
    )
    said = database.cli("select", "--area", tmp_path / "area.csv", "--out", tmp_path / "o.csv")
    assert (said.code, "row 3" in said.err, "TIN" in said.err) == (1, True, True), said.err


def test_a_workbook_with_a_password(tmp_path: Path):
    (tmp_path / "h.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(InputError, match="password"):
        read(tmp_path / "h.xlsx")


def test_a_name_that_cannot_be_one(tmp_path: Path):
    with pytest.raises(InputError, match="too long"):
        read(tmp_path / ("房" * 200 + ".csv"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path):
    path = put(houses(1), tmp_path / "h.gpkg")
    path.chmod(0)
    with pytest.raises(InputError, match="rights"):
        read(path)
