"""Islands: far enough apart, with all that they enclose, and with the answers of the whole data set."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_service.density.plane.islands import APART_M, find_islands
from gis_service.density.plane.walls import flatten
from gis_service.density.run import density
from tests.density.shapes import affinity, box, layer, np, real, shapely

FIGURES = ["hose_m", "unreached", "depth", "nearest_gap_m"]


def boxes_of(shapes):
    return shapely.bounds(np.array(shapes, dtype=object))


def quarter(x, y):
    """Two rows of houses in an L, with a yard that engines enter by one lane."""
    one = [box(i * 7.2, j * 7.5, i * 7.2 + 6, j * 7.5 + 6) for i in range(5) for j in range(4)]
    yard = [box(100, 0, 140, 10), box(100, 10, 110, 40), box(130, 10, 140, 40), box(100, 40, 118, 50),
            box(122.2, 40, 140, 50), box(115, 20, 125, 28)]  # fmt: skip
    return [affinity.translate(p, x, y) for p in (*one, *yard)]


def wall_round(x0, y0, x1, y1):
    """Houses in contact all round a rectangle: no engine comes in."""
    return [box(x0, y0, x1, y0 + 8), box(x0, y1 - 8, x1, y1), box(x0, y0 + 8, x0 + 8, y1 - 8),
            box(x1 - 8, y0 + 8, x1, y1 - 8)]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_islands_are_apart(seed):
    """Against brute force: houses less than a cell apart are on one island, islands are a cell apart or more."""
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 4_000, (250, 2))
    boxes = np.hstack([low, low + rng.uniform(2, 150, (250, 2))])
    island = find_islands(boxes).of(boxes)
    apart = np.maximum(boxes[:, None, :2] - boxes[None, :, 2:], boxes[None, :, :2] - boxes[:, None, 2:])
    distance = np.hypot(*np.maximum(apart, 0).transpose(2, 0, 1))
    assert (island > 0).all()
    assert len(np.unique(island)) > 5
    assert distance[island[:, None] != island[None, :]].min() >= APART_M
    # None is larger than chains of steps over one cell make it, unless it encloses others.
    _, chain = connected_components(coo_array(distance < 3 * APART_M), directed=False)
    assert all(len(np.unique(chain[island == k])) == 1 for k in np.unique(island))


def test_what_is_enclosed_belongs_to_its_island():
    ring, inside, outside = wall_round(0, 0, 900, 900), box(440, 440, 450, 450), box(1_200, 440, 1_210, 450)
    boxes = boxes_of([*ring, inside, outside])
    island = find_islands(boxes).of(boxes)
    assert len(set(island[:5])) == 1
    assert island[5] != island[0]
    # With a way out that is wide enough it is an island of its own.
    open_boxes = boxes_of([*ring[:3], inside, outside])
    island = find_islands(open_boxes).of(open_boxes)
    assert island[3] != island[0]


def test_open_country_and_what_lies_near():
    boxes = boxes_of([box(1_000, 1_000, 1_010, 1_010), box(2_000, 1_000, 2_010, 1_010)])
    islands = find_islands(boxes)
    asked = boxes_of([box(1_500, 1_000, 1_560, 1_010), box(1_040, 1_000, 1_560, 1_010), box(-90_000, 0, -80_000, 1)])
    assert islands.in_the_open(asked).tolist() == [True, False, True]
    assert islands.near(asked[1:2]).tolist() == islands.of(boxes[:1]).tolist()
    assert islands.near(asked[:1]).tolist() == []
    assert len(islands.near(boxes)) == 2


def test_data_strewn_over_the_world_are_one_island():
    boxes = boxes_of([box(0, 0, 10, 10), box(9e6, 9e6, 9e6 + 10, 9e6 + 10)])
    islands = find_islands(boxes)
    assert islands.of(boxes).tolist() == [1, 1]
    assert not islands.in_the_open(boxes).any()


def apart(gdf, roads, whole, basis):
    """Compare each island, worked out alone, with a run over everything."""
    boxes = gdf.bounds.to_numpy()
    island = find_islands(boxes).of(boxes)
    origin = flatten(gdf.geometry.to_numpy()).origin
    of_whole = whole.buildings.set_index("building_id")
    seen = {"gaps": 0, "alleys": 0, "clusters": 0}
    for k in np.unique(island):
        part = gdf[island == k]
        near = None if roads is None else roads.cx[slice(*part.total_bounds[::2]), slice(*part.total_bounds[1::2])]
        alone = density(part, near, origin=origin, access_basis=basis)
        mine = alone.buildings.set_index("building_id")
        pd.testing.assert_frame_equal(mine[FIGURES], of_whole.loc[mine.index, FIGURES], check_exact=True)
        groups = ["cluster_id", "burn_cluster_id"]
        for group in groups:
            named = pd.DataFrame({"alone": mine[group], "whole": of_whole.loc[mine.index, group]}).drop_duplicates()
            assert named["alone"].dropna().is_unique
            assert named["whole"].dropna().is_unique
            assert (named["alone"].isna() == named["whole"].isna()).all()
        for name in seen:
            ids = [f"{name[:-1]}_id", "cluster_id"]
            one, all_ = (getattr(run, name).drop(columns=ids, errors="ignore") for run in (alone, whole))
            key = all_.geometry.to_wkb()
            rows = all_[key.isin(one.geometry.to_wkb())]
            one, rows = (f.assign(key=f.geometry.to_wkb()).sort_values("key") for f in (one, rows))
            pd.testing.assert_frame_equal(
                pd.DataFrame(one.drop(columns=["geometry", "key"])).reset_index(drop=True),
                pd.DataFrame(rows.drop(columns=["geometry", "key"])).reset_index(drop=True),
                check_exact=True,
            )
            seen[name] += len(one)
    assert seen == {name: len(getattr(whole, name)) for name in seen}
    return island


@pytest.mark.parametrize("with_roads", [False, True])
def test_an_island_alone_has_the_values_of_the_whole(with_roads):
    """Quarters with a yard, one of them walled in, whose engines come from open country or from roads."""
    shapes = [*quarter(0, 0), *quarter(600, 100), *wall_round(2_000, 0, 2_500, 400), *quarter(2_150, 150),
              *quarter(4_000, 900)]  # fmt: skip
    gdf = layer(shapes, height_m=[3.0 + i % 4 for i in range(len(shapes))])
    roads = None
    if with_roads:
        lines = [shapely.LineString([(-500, -300), (5_000, -300)]), shapely.LineString([(2_100, 50), (2_140, 50)])]
        roads = gpd.GeoDataFrame(geometry=[affinity.translate(x, 500_000, 2_700_000) for x in lines], crs=gdf.crs)
    whole = density(gdf, roads)
    # Inside the walls engines come only where a road is.
    shut = whole.buildings.set_index("building_id").hose_m["b056"]
    assert (shut == 0) == with_roads
    island = apart(gdf, roads, whole, whole.access.basis)
    assert len(np.unique(island)) == 4


def test_a_real_quarter_among_others():
    """A quarter of Tokyo four times over, 600 m apart: each has the values that it has among the others."""
    one = real("buildings/kyojima_300m.geojson", 6677)
    many = [one.assign(building_id=one.bld_id + f"-{k}", geometry=one.geometry.translate(900 * k, 700 * (k % 2)))
            for k in range(4)]  # fmt: skip
    gdf = gpd.GeoDataFrame(pd.concat(many, ignore_index=True), crs=one.crs)[["building_id", "geometry"]]
    assert len(np.unique(apart(gdf, None, density(gdf), "open_edge"))) == 4
