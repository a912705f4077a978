"""``gis-service analyze`` over the database: what it stores, against the pure run and against PostGIS itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from psycopg2 import sql

from gis_service.analysis.command import analyse
from gis_service.db.copy import copy_rows
from gis_service.db.engine import get_engine
from gis_service.density.clusters import label_clusters
from gis_service.density.layer.prepare import prepare
from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.run import density
from tests.conftest import Database

_KOCHI_SRID = 6672


def _houses(folder: Path, boxes: dict[str, tuple[float, float, float, float]], **columns: list[object]) -> Path:
    path = folder / "houses.gpkg"
    frame = gpd.GeoDataFrame(
        {"building_id": list(boxes), **columns}, geometry=[shapely.box(*b) for b in boxes.values()], crs=4545
    )
    frame.to_file(path, engine="pyogrio")
    return path


def _rows(count: int, x0: float = 436_500.0, y0: float = 2_712_000.0) -> dict[str, tuple[float, float, float, float]]:
    """Two rows of houses, 10 m by 10 m, 1.5 m apart in each row, across an alley of 0.8 m."""
    boxes = {}
    for k in range(count):
        x = x0 + 11.5 * (k // 2)
        y = y0 + (k % 2) * 10.8
        boxes[f"h{k:03d}"] = (x, y, x + 10, y + 10)
    return boxes


def test_two_rows_of_houses(database: Database, tmp_path: Path):
    """Twelve houses on paper: six alleys across and one along, the lengths of which are known."""
    boxes = _rows(12)
    assert database.cli("import", "buildings", _houses(tmp_path, boxes, floors=[5] * 12)).code == 0
    answer = database.cli("analyze")
    assert answer.code == 0, answer.err
    run_id = database.one("SELECT max(run_id) FROM gis.run WHERE kind = 'density'")
    assert database.one("SELECT count(*) FROM gis.cluster WHERE run_id = %s", run_id) == 1
    buildings, name, handshake = database.ask("SELECT buildings, name, handshake_m FROM gis.cluster")[0]
    assert (buildings, name) == (12, "1号")
    # The alley along the rows is 6 x 10 m of walls and 5 crossings of 1.5 m.
    assert handshake == pytest.approx(60, abs=9)
    widths = database.ask("SELECT min_width_m FROM gis.gap WHERE class = 'handshake' ORDER BY 1")
    assert widths
    assert all(width == pytest.approx(0.8, abs=0.02) for (width,) in widths)
    across = database.ask("SELECT mean_width_m, length_m FROM gis.gap WHERE class = 'sky_line'")
    assert len(across) == 10
    assert all(w == pytest.approx(1.5, abs=0.02) and m == pytest.approx(10, abs=0.5) for w, m in across)
    # A threshold between 0 and 4 m is a query.
    assert database.one("SELECT count(*) FROM gis.gap WHERE min_width_m <= 1.0 AND length_m > 0") == 6
    assert database.one("SELECT count(*) FROM gis.building_density WHERE unreached") == 0
    assert database.one("SELECT bool_and(jsonb_array_length(profile) >= 2) FROM gis.alley")


def test_stored_equals_pure(demo_copy: Database):
    """What the tables hold is what the pure run gives for the same houses, value for value."""
    with demo_copy.active():
        connection: Any = get_engine("owner").raw_connection()
        demo_copy.clear("village_code NOT IN ('451224100001', '451224100002')")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM gis.road; DELETE FROM gis.hydrant")
        connection.commit()
        connection.close()
        run_id, counts = analyse(Params())
        houses = gpd.read_postgis(
            "SELECT building_id, floors, height_m, structure, fire_class, hazard_tier, use_class, geom FROM gis.building",
            get_engine("owner"),
            geom_col="geom",
        )
        pure = density(houses.sample(frac=1, random_state=1), work_srid=4545)
        assert counts["buildings"] == len(houses) > 1000
        for table, layer in (("gap", pure.gaps), ("alley", pure.alleys), ("cluster", pure.clusters)):
            stored = gpd.read_postgis(
                f"SELECT * FROM gis.{table} WHERE run_id = {run_id} ORDER BY fid", get_engine("owner"), geom_col="geom"
            )
            assert len(stored) == len(layer) > 0
            for column in layer.columns.drop("geometry"):
                a, b = stored[column], layer[column].reset_index(drop=True)
                same = (a == b) | (a.isna() & b.isna())
                assert same.astype(bool).all(), (table, column)
            assert shapely.equals_exact(
                shapely.normalize(stored.geometry.to_numpy()),
                shapely.normalize(_multi(layer.geometry.to_numpy())),
                1e-9,
            ).all()


def _multi(shapes: np.ndarray) -> np.ndarray:
    build: dict[str, Any] = {"LineString": shapely.MultiLineString, "Polygon": shapely.MultiPolygon}
    return np.array([build[s.geom_type]([s]) if s.geom_type in build else s for s in shapes], dtype=object)


def test_a_cluster_across_a_border_belongs_to_both(database: Database, tmp_path: Path):
    boxes = _rows(12)
    middle = 436_500.0 + 11.5 * 3 - 0.75
    areas = gpd.GeoDataFrame(
        {"code": ["451224100", "451224101"], "name": ["东兰镇", "隘洞镇"], "level": ["township"] * 2},
        geometry=[
            shapely.box(436_000, 2_711_000, middle, 2_713_000),
            shapely.box(middle, 2_711_000, 438_000, 2_713_000),
        ],
        crs=4545,
    )
    areas.to_file(tmp_path / "areas.gpkg", engine="pyogrio")
    assert database.cli("import", "boundaries", tmp_path / "areas.gpkg", "--datum", "cgcs2000").code == 0
    assert database.cli("import", "buildings", _houses(tmp_path, boxes)).code == 0
    assert database.cli("analyze").code == 0
    codes, name = database.ask("SELECT township_codes, name FROM gis.cluster")[0]
    assert sorted(codes) == ["451224100", "451224101"]
    assert "东兰镇" in name
    assert "隘洞镇" in name


def test_nothing_to_analyse(database: Database):
    answer = database.cli("analyze")
    assert answer.code == 1
    assert "import buildings" in answer.err
    assert database.one("SELECT count(*) FROM gis.run") == 0


def test_older_runs_lose_their_bulk_and_keep_their_record(database: Database, tmp_path: Path):
    assert database.cli("import", "buildings", _houses(tmp_path, _rows(12))).code == 0
    for _ in range(4):
        assert database.cli("analyze").code == 0
    assert database.one("SELECT count(*) FROM gis.run WHERE kind = 'density'") == 4
    assert database.one("SELECT count(DISTINCT run_id) FROM gis.gap") == 3
    same = """SELECT count(*) FROM (
        SELECT building_a, building_b, class, min_width_m, mean_width_m, length_m, sky_view FROM gis.gap WHERE run_id = {}
        EXCEPT SELECT building_a, building_b, class, min_width_m, mean_width_m, length_m, sky_view FROM gis.gap
        WHERE run_id = {}) AS differing"""
    last = database.one("SELECT max(run_id) FROM gis.gap")
    assert database.one(same.format(last, last - 1)) == 0


def test_clusters_equal_dbscan_of_postgis(database: Database, shared_data: Path):
    """100,371 real footprints: our components are those of ST_ClusterDBSCAN with one point as a core."""
    frame = gpd.read_parquet(shared_data / "buildings" / "kochi.parquet")
    params = Params()
    prepared = prepare(frame.rename(columns={"bld_id": "building_id"}), params, _KOCHI_SRID)
    ours = label_clusters(prepared, find_pairs(prepared.footprints, params.link_gap_m), params)
    with database.active():
        connection: Any = get_engine("owner").raw_connection()
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE house (n integer, geom geometry)")
            import pyarrow as pa

            copy_rows(cursor, sql.Identifier("house"), {"n": pa.array(range(len(ours)))}, prepared.footprints)
            cursor.execute("SELECT ST_ClusterDBSCAN(geom, 3.0, 1) OVER () FROM house ORDER BY n")
            theirs = np.array([row[0] for row in cursor.fetchall()])
        connection.rollback()
        connection.close()
    sizes = np.bincount(theirs)
    large = sizes[theirs] >= params.min_buildings
    assert np.array_equal(ours > 0, large)
    pairs = np.unique(np.column_stack([ours[large], theirs[large]]), axis=0)
    assert len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == ours.max()


def test_the_fire_map_is_one_file_that_asks_nobody(database: Database, tmp_path: Path):
    bad = "<img src=x onerror=alert(1)></script>"
    path = _houses(tmp_path, _rows(12), name=[bad] * 12)
    assert database.cli("import", "buildings", path).code == 0
    assert database.cli("map", "fire", "--out", tmp_path / "early.html").code == 1
    assert database.cli("analyze").code == 0
    for arguments in ((), ("--cluster", 1)):
        out = tmp_path / "fire.html"
        answer = database.cli("map", "fire", *arguments, "--out", out)
        assert answer.code == 0, answer.err
        page = out.read_text()
        assert "<img src=x" not in page
        assert "\\u003cimg src=x onerror=alert(1)\\u003e" in page
        assert "default-src 'none'" in page
        assert "<script src" not in page
        assert '<link rel="stylesheet"' not in page
    missing = database.cli("map", "fire", "--cluster", 99, "--out", tmp_path / "none.html")
    assert missing.code == 1
    assert not (tmp_path / "none.html").exists()
