from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from shapely import Point, box

from gis_service import cli
from gis_service.density import geopackage
from gis_service.density.alleys.gaps import compute_gaps
from gis_service.density.command import density as command
from gis_service.density.compute.executor import InProcess
from gis_service.density.geopackage import write
from gis_service.density.layer.prepare import prepare
from gis_service.density.params import Params
from gis_service.density.plane.ground import build_ground
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.run import density
from gis_service.errors import InputError
from gis_service.ingest.source import read
from gis_service.settings import get_settings
from tests.density.shapes import DATA, layer, real

COLUMNS = {
    "gaps": "building_a building_b class min_width_m mean_width_m length_m sky_view",
    "alleys": "alley_id cluster_id class length_m min_width_m mean_width_m sky_view buildings dead_end",
    "clusters": "cluster_id buildings footprint_m2 coverage alley_m sky_line_m handshake_m narrowest_m max_hose_m "
    "unreached max_depth burn_largest score access_basis",
    "buildings": "building_id cluster_id burn_cluster_id hose_m unreached depth nearest_gap_m",
    "firebreaks": "burn_cluster_id building_a building_b wall_m widen_to_m line_id",
    "run": "parameters input_sha256 counts seconds version repairs",
}


def block(n=5, m=4, gap=1.5):
    return [box(i * (6 + gap), j * (6 + gap), i * (6 + gap) + 6, j * (6 + gap) + 6) for i in range(n) for j in range(m)]


class OneByOne:
    """An executor that hands every share through pickle, as a worker process would."""

    def map(self, function, tiles):
        import pickle

        return [pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(tile))))) for tile in tiles]


@pytest.fixture(scope="module")
def kyojima():
    gdf = real("buildings/kyojima_300m.geojson", 6677)
    return gdf.assign(building_id=gdf.bld_id)


def _same(one, two):
    for name in ("gaps", "alleys", "clusters", "buildings", "firebreaks"):
        a, b = getattr(one, name), getattr(two, name)
        assert a.drop(columns="geometry").equals(b.drop(columns="geometry")), name
        assert shapely.equals_exact(a.geometry.to_numpy(), b.geometry.to_numpy()).all(), name


def test_same_values_in_any_row_order(kyojima):
    first = density(kyojima)
    _same(first, density(kyojima.sample(frac=1, random_state=11)))
    assert first.run.input_sha256[0] == density(kyojima.iloc[::-1]).run.input_sha256[0]


@pytest.mark.parametrize("size", [40, 300, 10_000])
def test_shares_equal_the_whole(kyojima, size):
    prepared = prepare(kyojima)
    pairs = find_pairs(prepared.footprints, 4.0)
    whole = compute_gaps(prepared, pairs)
    shared = compute_gaps(prepared, pairs, Params(), OneByOne(), build_ground(prepared.footprints, size))
    assert whole.frame(prepared).drop(columns="geometry").equals(shared.frame(prepared).drop(columns="geometry"))
    assert shapely.equals_exact(whole.geometry, shared.geometry).all()
    alone = density(kyojima, executor=InProcess())
    _same(alone, density(kyojima, executor=OneByOne()))
    _same(alone, density(kyojima))
    assert np.array_equal(whole.pieces.length_m, shared.pieces.length_m)


def test_layers_and_columns(tmp_path):
    out = tmp_path / "out.gpkg"
    write(density(layer(block(), floors=[4] * 20)), out)
    assert {str(n) for n, _ in pyogrio.list_layers(out)} == set(COLUMNS)
    for name, columns in COLUMNS.items():
        info = pyogrio.read_info(out, layer=name)
        assert list(info["fields"]) == columns.split(), name
        assert info["crs"] == (None if name == "run" else "EPSG:4545")
    run = pyogrio.read_dataframe(out, layer="run").iloc[0]
    assert json.loads(run.parameters)["max_width_m"] == 4
    assert json.loads(run.counts)["buildings"] == 20
    assert len(run.input_sha256) == 64
    gaps = gpd.read_file(out, layer="gaps")
    assert (gaps.building_a < gaps.building_b).all()
    alleys = gpd.read_file(out, layer="alleys")
    assert set(alleys.cluster_id) == {1}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.gpkg"]


def test_firebreaks_of_a_large_burn_cluster_are_a_layer(tmp_path):
    """Forty houses that burn together: the cuts leave no part of more than thirty."""
    town = layer(block(8, 5), fire_class=["IV"] * 40)
    found = density(town)
    write(found, tmp_path / "out.gpkg")
    cuts = gpd.read_file(tmp_path / "out.gpkg", layer="firebreaks")
    assert len(cuts) > 0
    assert set(cuts.burn_cluster_id) == {1}
    whole = dict(zip(town.building_id, town.geometry, strict=True))
    crossed = {
        (a, b) for a in whole for b in whole if a < b and whole[a].distance(whole[b]) <= Params().spread_iv_m
    }  # fmt: skip
    left = crossed - set(zip(cuts.building_a, cuts.building_b, strict=True))
    largest = max(len(part) for part in connected(whole, left))
    assert largest == found.burn_clusters.largest_after[0] <= Params().burn_part_buildings
    apart = [whole[a].distance(whole[b]) for a, b in zip(cuts.building_a, cuts.building_b, strict=True)]
    assert cuts.geometry.length.tolist() == pytest.approx(apart, abs=1e-6)
    assert cuts.line_id.isna().all()


def connected(nodes, edges):
    """Parts of a graph, by walking it."""
    beside: dict[object, set[object]] = {node: set() for node in nodes}
    for a, b in edges:
        beside[a].add(b)
        beside[b].add(a)
    parts = []
    while beside:
        todo, part = [next(iter(beside))], set()
        while todo:
            node = todo.pop()
            if node not in part:
                part.add(node)
                todo += beside.pop(node)
        parts.append(part)
    return parts


def test_clusters_carry_their_water_where_hydrants_are_given(tmp_path):
    town = layer(block())
    town.to_file(tmp_path / "houses.gpkg")
    west, south, *_ = town.total_bounds
    # 150 m counts as covered: one hydrant is 140 m west of the first column, another reaches nobody.
    points = [Point(west - 140, south + 3), Point(west - 2000, south)]
    gpd.GeoDataFrame({"kind": ["hydrant", "pool"]}, geometry=points, crs=town.crs).to_file(tmp_path / "water.gpkg")
    arguments = [tmp_path / "houses.gpkg", "--hydrants", tmp_path / "water.gpkg", "--out", tmp_path / "out.gpkg"]
    assert CliRunner().invoke(command, [str(a) for a in arguments], catch_exceptions=False).exit_code == 0
    (cluster,) = gpd.read_file(tmp_path / "out.gpkg", layer="clusters").to_dict("records")
    metres = town.distance(Point(west - 140, south + 3))
    assert cluster["hydrant_share"] == pytest.approx((metres <= 150).mean())
    assert cluster["two_hydrants_share"] == 0
    assert cluster["nearest_hydrant_m"] == pytest.approx(140)
    assert cluster["farthest_hydrant_m"] == pytest.approx(metres.max())


def test_alleys_outside_clusters_have_no_cluster(tmp_path):
    result = density(layer([box(0, 0, 12, 5), box(0, 6.2, 12, 11)]))
    assert len(result.alleys) == 1
    assert result.alleys.cluster_id.isna().all()
    assert result.buildings.cluster_id.isna().all()
    assert len(result.clusters) == 0
    write(result, tmp_path / "out.gpkg")
    assert pyogrio.read_info(tmp_path / "out.gpkg", layer="clusters")["features"] == 0


def test_one_house_alone(tmp_path):
    result = density(layer([box(0, 0, 12, 5)]))
    assert (len(result.gaps), len(result.alleys), len(result.clusters)) == (0, 0, 0)
    write(result, tmp_path / "out.gpkg")
    assert pyogrio.read_info(tmp_path / "out.gpkg", layer="buildings")["features"] == 1


def test_nothing_half_written(tmp_path, monkeypatch):
    out = tmp_path / "out.gpkg"
    out.write_bytes(b"the old file")
    result = density(layer(block()))
    real_write = geopackage._layer

    def breaks(table, name, draft):
        real_write(table, name, draft)
        if name == "clusters":
            raise RuntimeError("power cut")

    monkeypatch.setattr(geopackage, "_layer", breaks)
    with pytest.raises(RuntimeError):
        write(result, out)
    assert out.read_bytes() == b"the old file"
    assert [p.name for p in tmp_path.iterdir()] == ["out.gpkg"]


def test_output_must_be_a_geopackage_in_a_folder(tmp_path):
    result = density(layer([box(0, 0, 12, 5)]))
    with pytest.raises(InputError):
        write(result, tmp_path / "out.shp")
    with pytest.raises(InputError):
        write(result, tmp_path / "nowhere" / "out.gpkg")


def process(*args):
    """The command in a process of its own."""
    env = {k: v for k, v in os.environ.items() if k != "GIS_LANG"} | {"GIS_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", "gis_service.density.command", *map(str, args)],
        capture_output=True, text=True, env=env, check=False,
    )  # fmt: skip


def run(*args):
    """The command in this process, as ``gis-service density`` runs it: same words, same exit status."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        patch.setenv("GIS_LANG", "en")
        patch.setattr(sys, "argv", ["gis-service", "density", *map(str, args)])
        get_settings.cache_clear()
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
    get_settings.cache_clear()
    return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())


def test_command_on_a_file(tmp_path):
    source, out = tmp_path / "houses.geojson", tmp_path / "out.gpkg"
    layer(block(), floors=["三层"] * 20).to_crs(4326).to_file(source)
    done = process(source, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "20 buildings" in done.stdout
    assert "20 storeys were read from text" in done.stderr
    assert "measuring gaps" in done.stderr
    assert "\r" not in done.stderr
    clusters = gpd.read_file(out, layer="clusters")
    assert clusters.crs.to_epsg() == 4545
    assert clusters.buildings.tolist() == [20]


def test_command_refuses_with_one_sentence(tmp_path):
    points, text = tmp_path / "points.geojson", tmp_path / "notes.txt"
    gpd.GeoDataFrame(geometry=[Point(109, 25)], crs=4326).to_file(points)
    text.write_text("no map")
    out = tmp_path / "out.gpkg"
    for source, how in ((points, process), (text, run)):
        refused = how(source, "--out", out)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()[-1]) > 20
        assert "Traceback" not in refused.stderr
        assert not out.exists()


@pytest.mark.parametrize(
    "args",
    [
        [], ["missing.gpkg", "--out", "x.gpkg"], ["HERE"], ["HERE", "--out", "x.shp"],
        ["HERE", "--out", "x.gpkg", "--work-srid", "north"], ["HERE", "--out", "x.gpkg", "--max-width-m", "wide"],
        ["HERE", "--out", "x.gpkg", "--workers", "0"],
    ],
)  # fmt: skip
def test_wrong_usage_is_two(tmp_path, args):
    source = tmp_path / "a.geojson"
    layer([box(0, 0, 5, 5)]).to_crs(4326).to_file(source)
    outcome = CliRunner().invoke(command, [str(source) if a == "HERE" else a for a in args])
    assert outcome.exit_code == 2


def test_missing_layer_is_named(tmp_path):
    source = tmp_path / "a.gpkg"
    layer([box(0, 0, 5, 5)]).to_file(source, layer="houses")
    refused = run(source, "--layer", "roofs", "--out", tmp_path / "x.gpkg")
    assert refused.returncode == 1
    assert "houses" in refused.stderr


def test_real_places_go_through():
    if not DATA.exists():
        pytest.skip(f"{DATA} is not here")
    for name, kind in (("places/kathmandu.gpkg", "buildings"), ("places/maldives.gpkg", "buildings")):
        result = density(gpd.read_file(DATA / name, layer=kind))
        assert len(result.gaps) > 1000
        assert len(result.clusters) > 0
        assert result.clusters.score.between(0, 100).all()


def test_a_shapefile_in_gbk_goes_through_and_its_attributes_count(tmp_path):
    source = tmp_path / "houses.shp"
    houses = layer(block(), floors=["三层"] * 20).rename(columns={"building_id": "building_i"})
    houses.to_file(source, encoding="GBK")
    before = read(source).sha256
    done = run(source, "--out", tmp_path / "out.gpkg")
    assert done.returncode == 0, done.stderr
    assert "20 storeys were read from text" in done.stderr
    recorded = pyogrio.read_dataframe(tmp_path / "out.gpkg", layer="run").input_sha256[0]
    assert recorded == before
    assert gpd.read_file(tmp_path / "out.gpkg", layer="buildings").building_id.tolist() == sorted(houses.building_i)
    houses.assign(floors="四层").to_file(source, encoding="GBK")
    assert read(source).sha256 != before


def test_a_layer_is_written_in_batches_as_it_is_whole(tmp_path, monkeypatch):
    """Text from several sources lies in several chunks, and a batch may end anywhere in them."""
    part = gpd.GeoDataFrame(
        {"building_a": pd.Series(["1", None, "3"], dtype="str"), "length_m": [1.0, np.nan, 3.0]},
        geometry=[Point(0, 0), None, box(0, 0, 1, 1)],
        crs="EPSG:4545",
    )
    table = pd.concat([part, part.assign(building_a="x")], ignore_index=True)
    monkeypatch.setattr(geopackage, "_BATCH", 4)
    geopackage._layer(table, "gaps", tmp_path / "batches.gpkg")
    back = gpd.read_file(tmp_path / "batches.gpkg", layer="gaps")
    assert back.crs == table.crs
    assert back.length_m.equals(table.length_m)
    assert back.building_a.fillna("-").tolist() == ["1", "-", "3", "x", "x", "x"]
    assert [None if g is None else g.wkt for g in back.geometry] == [
        None if g is None else g.wkt for g in table.geometry
    ]
