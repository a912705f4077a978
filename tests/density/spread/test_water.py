"""Hydrant cover, solved on paper and against brute force."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis_service.density.params import Params
from gis_service.density.spread.water import cover_of_buildings, cover_of_clusters
from tests.density.shapes import array, irregular


def houses(xs):
    return array([shapely.box(x, 0, x + 10, 10) for x in xs])


def test_distance_is_from_the_wall_and_the_limit_is_inclusive():
    got = cover_of_buildings(houses([150, 150.01]), array([shapely.Point(0, 5)]), Params())
    assert got["hydrant_m"].tolist() == pytest.approx([150, 150.01])
    assert got["hydrants"].tolist() == [1, 0]


def test_one_and_two_hydrants_by_cluster():
    points = array([shapely.Point(0, 5), shapely.Point(200, 5)])
    # Walls at 50 and 60 (both hydrants), 160 and 170 (one: 160 m and 30 m), 500 (none).
    cover = cover_of_buildings(houses([50, 160, 500]), points, Params(), array(["ground", "pool"]))
    assert cover["hydrants"].tolist() == [2, 1, 0]
    assert cover["hydrant_kind"].tolist() == ["ground", "pool", "pool"]
    table = cover_of_clusters(cover, np.array([1, 1, 1]), 1).iloc[0]
    assert table["hydrant_share"] == pytest.approx(2 / 3)
    assert table["two_hydrants_share"] == pytest.approx(1 / 3)
    assert table["nearest_hydrant_m"] == pytest.approx(30)
    assert table["farthest_hydrant_m"] == pytest.approx(300)


def test_buildings_outside_clusters_do_not_count():
    cover = cover_of_buildings(houses([50, 500]), array([shapely.Point(0, 5)]), Params())
    table = cover_of_clusters(cover, np.array([2, 0]), 2)
    assert table["cluster_id"].tolist() == [1, 2]
    assert np.isnan(table["hydrant_share"][0])
    assert table["hydrant_share"][1] == 1.0


@pytest.mark.parametrize("points", [[], [None], [shapely.Point()]])
def test_no_hydrants(points):
    cover = cover_of_buildings(houses([50]), array(points), Params(), array(["x"] * len(points)))
    assert cover["hydrants"].tolist() == [0]
    assert np.isnan(cover["hydrant_m"][0])
    assert cover_of_clusters(cover, np.array([1]), 1)["hydrant_share"].tolist() == [0.0]


def test_against_brute_force():
    shapes = array(irregular(10))
    points = array([shapely.Point(*p) for p in np.random.default_rng(2).uniform(-100, 200, (12, 2))])
    got = cover_of_buildings(shapes, points, Params(hydrant_radius_m=70))
    metres = shapely.distance(shapes[:, None], points[None, :])
    assert got["hydrants"].tolist() == (metres <= 70).sum(axis=1).tolist()
    assert 0 < (got["hydrants"] == 0).sum() < len(shapes)
    assert got["hydrant_m"].to_numpy() == pytest.approx(metres.min(axis=1))
