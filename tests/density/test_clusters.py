from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import Point, box

from gis_service.density.alleys.corridors import build_alleys
from gis_service.density.alleys.gaps import compute_gaps
from gis_service.density.clusters import build_clusters, label_clusters
from gis_service.density.layer.prepare import prepare
from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.score import PARTS, score_parts
from tests.density.shapes import layer, real


def grid(nx, ny, gap, x=0.0, y=0.0, size=6.0):
    step = size + gap
    return [
        box(x + i * step, y + j * step, x + i * step + size, y + j * step + size) for i in range(nx) for j in range(ny)
    ]


def made(polygons, params=None, access=None, **columns):
    prepared = prepare(layer(polygons, **columns))
    gaps = compute_gaps(prepared, params=params)
    alleys = build_alleys(prepared, gaps, params)
    return prepared, gaps, alleys, build_clusters(prepared, gaps, alleys, params, access, "open_edge")


def test_two_clusters_by_size_then_west_and_a_group_too_small():
    _, _, alleys, c = made(grid(3, 4, 1.5) + grid(5, 4, 1.5, x=100) + grid(3, 3, 1.5, x=300))
    assert c.table.buildings.tolist() == [20, 12]
    assert c.table.geometry.iloc[0].bounds[0] > 500_090
    assert np.bincount(c.of_building).tolist() == [9, 20, 12]
    assert set(c.of_alley) == {0, 1, 2}
    assert c.table.alley_m.sum() == pytest.approx(alleys.length_m[c.of_alley > 0].sum())


def test_equal_sizes_from_the_west():
    _, _, _, c = made(grid(3, 4, 1.5, x=500) + grid(3, 4, 1.5))
    assert c.table.geometry.bounds.minx.is_monotonic_increasing
    assert c.table.cluster_id.tolist() == [1, 2]


@pytest.mark.parametrize(("gap", "n"), [(2.99, 1), (3.0, 1), (3.01, 0)])
def test_the_link_distance_is_inclusive(gap, n):
    assert len(made(grid(4, 3, gap))[3]) == n


def test_nine_are_too_few_and_the_number_is_a_parameter():
    assert len(made(grid(3, 3, 1.0))[3]) == 0
    assert len(made(grid(3, 3, 1.0), Params(min_buildings=9))[3]) == 1


def test_figures_of_a_block():
    _, _, _, c = made(grid(5, 4, 1.5), floors=[4] * 20)
    row = c.table.iloc[0]
    assert row.footprint_m2 == pytest.approx(20 * 36)
    assert row.coverage == pytest.approx(720 / row.geometry.area)
    assert 0.5 < row.coverage < 0.7
    assert row.narrowest_m == pytest.approx(1.5)
    # Four lanes one way and three the other: what is walled measures 4·4·6 + 5·3·6 m.
    assert 186 <= row.alley_m <= 186 + 12 * 1.5 + 10
    assert row.sky_line_m == row.alley_m
    assert row.handshake_m == 0


def test_unknown_access_is_null_not_zero():
    row = made(grid(5, 4, 1.5))[3].table.iloc[0]
    for name in ("max_hose_m", "unreached", "max_depth", "burn_largest"):
        assert pd.isna(row[name])


def test_access_columns():
    polygons = grid(4, 3, 1.5) + grid(1, 1, 1, x=200)
    access = pd.DataFrame(
        {
            "hose_m": [5.0] * 11 + [np.nan, 99.0],
            "unreached": [False] * 11 + [True, False],
            "depth": pd.array([0] * 10 + [2, None, 7], dtype="Int64"),
            "burn_cluster_id": pd.array([1] * 5 + [2] * 3 + [None] * 5, dtype="Int64"),
        }
    )
    row = made(polygons, access=access)[3].table.iloc[0]
    assert (row.max_hose_m, row.unreached, row.max_depth, row.burn_largest) == (5.0, 1, 2, 5)
    assert row.access_basis == "open_edge"


def test_outline_is_concave_and_holds_its_houses():
    # An L of houses: the outline must not fill the square between the arms.
    polygons = grid(8, 1, 2.0) + grid(1, 8, 2.0)[1:]
    prepared, _, _, c = made(polygons)
    outline = c.table.geometry.iloc[0]
    assert outline.geom_type == "Polygon"
    assert shapely.covers(outline, prepared.footprints).all()
    assert outline.area < 0.5 * shapely.convex_hull(shapely.union_all(prepared.footprints)).area
    assert not outline.contains(Point(500_000 + 30, 2_700_000 + 30))


def test_houses_linked_by_corners_still_get_one_outline():
    steps = [box(8 * i, 8 * i, 8 * i + 6, 8 * i + 6) for i in range(12)]
    prepared, _, _, c = made(steps)
    assert len(c) == 1
    assert c.table.geometry.iloc[0].geom_type == "Polygon"
    assert shapely.covers(c.table.geometry.iloc[0], prepared.footprints).all()


def test_kochi_equals_components_found_another_way():
    prepared = prepare(real("buildings/kochi.parquet", 6672))
    assert len(prepared) == 100_371
    labels = label_clusters(prepared, find_pairs(prepared.footprints, 4.0))
    # The other way: candidates by circles round centres, distances by shapely, no tree of boxes and no pairs of ours.
    p = prepared.footprints
    centre = shapely.centroid(p)
    radius = shapely.hausdorff_distance(shapely.convex_hull(p), centre)
    big = radius > 25
    xy = np.c_[shapely.get_x(centre), shapely.get_y(centre)]
    small = np.flatnonzero(~big)
    close = cKDTree(xy[small]).query_pairs(2 * 25 + 3, output_type="ndarray")
    close = small[close]
    gap = np.hypot(*(xy[close[:, 0]] - xy[close[:, 1]]).T) - radius[close[:, 0]] - radius[close[:, 1]]
    close = close[gap <= 3.0]
    every = np.arange(len(p))
    far = [np.c_[np.full(len(p) - 1, k), np.delete(every, k)] for k in np.flatnonzero(big)]
    far = [f[np.hypot(*(xy[f[:, 1]] - xy[f[0, 0]]).T) - radius[f[:, 1]] - radius[f[0, 0]] <= 3.0] for f in far]
    a, b = np.vstack([close, *far]).T
    shapely.prepare(p)
    linked = shapely.dwithin(p[a], p[b], 3.0)
    _, component = connected_components(
        coo_matrix((np.ones(linked.sum()), (a[linked], b[linked])), shape=(len(p), len(p))), directed=False
    )
    size = np.bincount(component)
    assert len(np.unique(labels[labels > 0])) == (size >= 10).sum()
    assert np.array_equal(labels > 0, size[component] >= 10)
    inside = labels > 0
    assert len(np.unique(np.c_[labels[inside], component[inside]], axis=0)) == (size >= 10).sum()
    assert np.array_equal(np.bincount(labels)[1:], np.sort(size[size >= 10])[::-1])


def test_kyojima_outlines():
    prepared = prepare(real("buildings/kyojima_300m.geojson", 6677))
    gaps = compute_gaps(prepared)
    c = build_clusters(prepared, gaps, build_alleys(prepared, gaps))
    assert c.table.is_valid.all()
    assert (c.table.geom_type == "Polygon").all()
    outline = c.table.geometry.to_numpy()[c.of_building[c.members] - 1]
    assert shapely.covers(outline, prepared.footprints[c.members]).all()
    assert (c.table.alley_m >= c.table.sky_line_m + c.table.handshake_m - 1e-6).all()


def test_score_is_the_sum_of_its_parts():
    prepared, _, _, c = made(grid(5, 4, 1.5), floors=[4] * 20, structure=["木"] * 10 + ["砖混"] * 10)
    (one,) = score_parts(prepared, c)
    assert set(one["parts"]) == set(PARTS)
    known = [p for p in one["parts"].values() if p["value"] is not None]
    assert one["score"] == pytest.approx(sum(p["points"] for p in known), abs=0.1)
    assert 0 < one["score"] < 100
    assert one["share_known"] == pytest.approx(
        sum(p["weight"] for p in known) / sum(p.weight for p in PARTS.values()), abs=1e-3
    )
    assert one["parts"]["timber"]["value"] == 0.5
    assert one["parts"]["storeys"]["value"] == 4
    assert one["parts"]["hydrants"]["points"] is None
    assert one["parts"]["hose"]["points"] is None


def test_what_is_unknown_neither_raises_nor_lowers():
    prepared, _, _, c = made(grid(5, 4, 1.5), floors=[4] * 20)
    (bare,) = score_parts(prepared, c)
    nothing = np.full(20, None, dtype=object)
    (same,) = score_parts(prepared, c, hazard_tier=nothing, use_class=nothing)
    assert same["score"] == bare["score"]
    severe, sound = np.full(20, "severe", dtype=object), np.full(20, "none_found", dtype=object)
    (worse,) = score_parts(prepared, c, hazard_tier=severe)
    (better,) = score_parts(prepared, c, hazard_tier=sound)
    assert better["score"] < bare["score"] < worse["score"]


def test_hydrants_in_reach_and_none_at_all():
    prepared, _, _, c = made(grid(5, 4, 1.5))
    near = np.array([Point(500_000, 2_700_000), Point(500_030, 2_700_030)], dtype=object)
    (served,) = score_parts(prepared, c, hydrants=near)
    (dry,) = score_parts(prepared, c, hydrants=near[:0])
    assert served["parts"]["hydrants"]["value"] == 0
    assert dry["parts"]["hydrants"]["value"] == 1
    assert dry["score"] > served["score"]
