"""Places where engines stand: chosen greedily, on their space, told with what the hose has left to go."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from gis_service.fire.staging import choose, staging_points


def test_the_nearest_place_comes_first():
    way = np.array([[1.0, 9, 9], [4, 4, 4], [9, 9, 1]])
    assert choose(way, 1) == [1]
    assert choose(way, 2, worth_m=0.5) == [1, 0]
    assert choose(way, 3, worth_m=5) == [1]


def test_a_house_that_no_other_place_reaches_is_worth_a_place():
    way = np.array([[1.0, 1, np.inf], [50, 50, 2]])
    assert sorted(choose(way, 2, worth_m=5)) == [0, 1]
    assert choose(np.full((2, 2), np.inf)) == []
    assert choose(np.empty((0, 3))) == []


@pytest.mark.parametrize("seed", range(20))
def test_never_worse_than_the_promise(seed: int):
    """What three greedy places save is at least 63 % of what the best three save."""
    rng = np.random.default_rng(seed)
    way = rng.uniform(0, 100, (8, 12))
    worst = way.sum(axis=1).max()
    best = min(way[list(rows)].min(axis=0).sum() for rows in itertools.combinations(range(8), 3))
    chosen = choose(way, 3, worth_m=0)
    assert worst - way[chosen].min(axis=0).sum() >= 0.63 * (worst - best)


def test_engines_stand_on_their_space():
    # A road south of a row of houses, another north of it.
    houses = np.array([shapely.box(12 * k, 0, 12 * k + 11, 10) for k in range(10)], object)
    space = shapely.union(shapely.box(-20, -8, 140, -2), shapely.box(-20, 12, 140, 18))
    found = staging_points(space, houses, houses, width_m=4)
    assert 1 <= len(found.points) <= 6
    assert shapely.contains_properly(space, shapely.buffer(found.points, 1.95)).all()
    assert found.houses.sum() == 10
    assert found.unreached == 0
    assert found.mean_m <= found.farthest_m < 60


def test_a_house_behind_a_wall_is_told():
    ring = shapely.box(0, 0, 40, 40).difference(shapely.box(10, 10, 30, 30))
    inner = shapely.box(15, 15, 25, 25)
    houses = np.array([ring, inner], object)
    found = staging_points(shapely.box(-20, -10, 60, -3), houses, houses, width_m=4)
    assert found.unreached == 1


def test_no_space_no_place():
    houses = np.array([shapely.box(0, 0, 10, 10)], object)
    found = staging_points(shapely.Polygon(), houses, houses, width_m=4)
    assert len(found.points) == 0
    assert np.isnan(found.mean_m)
    far = staging_points(shapely.box(500, 500, 520, 520), houses, houses, width_m=4)
    assert len(far.points) == 0
