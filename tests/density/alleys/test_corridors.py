from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.affinity
from shapely import box

from gis_service.density.alleys.corridors import build_alleys
from gis_service.density.alleys.gaps import compute_gaps
from gis_service.density.layer.prepare import prepare
from tests.density.shapes import layer, real, rotated, row_of, shifted


def alleys(polygons, turn=0.0, **columns):
    prepared = prepare(rotated(layer(polygons, **columns), turn))
    return build_alleys(prepared, compute_gaps(prepared))


TURNS = pytest.mark.parametrize("turn", [0.0, 27.0])


@TURNS
def test_rows_of_touching_houses_are_one_alley(turn):
    a = alleys(row_of(7, 6, 8, 0) + row_of(7, 6, 8, 9.5), turn, floors=[3] * 14)
    assert len(a) == 1
    assert a.length_m[0] == pytest.approx(42, abs=0.5)
    assert a.mean_width_m[0] == pytest.approx(1.5, abs=0.02)
    assert a.min_width_m[0] == pytest.approx(1.5, abs=0.02)
    assert a.kind[0] == "sky_line"
    assert list(a.adjoining(0)) == list(range(14))
    assert not a.dead_end[0]
    profile = a.profile(0)
    assert profile[0][0] == 0
    assert profile[-1][0] == pytest.approx(a.length_m[0], abs=0.05)
    assert all(w == pytest.approx(1.5, abs=0.06) for _, w in profile)


def test_houses_out_of_step_are_one_alley_and_no_metre_counts_twice():
    a = alleys(row_of(7, 6, 8, 0) + row_of(9, 4.5, 8, 9.2, x=1))
    assert len(a) == 1
    assert a.length_m[0] == pytest.approx(41, abs=1.3)
    assert len(a.adjoining(0)) == 16


@TURNS
def test_l_bend_is_one_alley(turn):
    # A lane 2 m wide round the corner of one house, outer side of two houses: arms of 20 m and 15 m.
    a = alleys([box(0, 0, 20, 15), box(0, 17, 22, 22), box(22, 0, 27, 22)], turn)
    assert len(a) == 1
    # By the wall 20 + 15; round the corner the middle line measures 1 + 1 m, rounded off about 1.7.
    assert a.length_m[0] == pytest.approx(37, abs=1.1)
    assert len(a.adjoining(0)) == 3


@TURNS
def test_t_junction_ends_three_alleys(turn):
    a = alleys([box(0, 0, 20, 15), box(22, 0, 42, 15), box(0, 17, 42, 25)], turn)
    assert len(a) == 3
    assert sorted(a.length_m.round()) == pytest.approx([15, 20, 20], abs=1.01)
    # 20 + 20 + 15 along walls and, of the square of 2 m, something but not more than once.
    assert 55 <= a.length_m.sum() <= 57.3
    assert not a.dead_end.any()


@TURNS
def test_x_crossing_ends_four_alleys(turn):
    a = alleys([box(0, 0, 15, 15), box(17, 0, 32, 15), box(0, 17, 15, 32), box(17, 17, 32, 32)], turn)
    assert len(a) == 4
    # Each has 15 m of wall; outside it reaches 0.27 m beyond the wall's end, inside as much into the square.
    assert 60 <= a.length_m.sum() <= 62 + 4 * 0.27 + 0.1
    assert all(n == 2 for n in np.bincount(a.alley))


def test_x_of_a_wide_and_a_narrow_lane():
    a = alleys([box(0, 0, 15, 15), box(16, 0, 31, 15), box(0, 18, 15, 33), box(16, 18, 31, 33)])
    assert len(a) == 4
    assert 60 <= a.length_m.sum() <= 63.5


def test_a_short_side_gap_does_not_cut_the_lane():
    # A recess of 3 m between two houses of one row: too short for an alley, so the lane goes on.
    a = alleys([box(0, 0, 20, 15), box(20.8, 12, 40.8, 15), box(0, 17, 40.8, 25), box(20, 0, 40, 12)])
    assert a.length_m.max() == pytest.approx(40.8, abs=1.2)


def test_side_gaps_every_few_metres_leave_a_lane():
    south = [box(i * 4.5, 0, i * 4.5 + 4, 10) for i in range(8)]
    north = [box(i * 4.5, 11.5, i * 4.5 + 4, 22) for i in range(8)]
    a = alleys(south + north)
    lane = np.argmax(a.length_m)
    assert a.length_m[lane] == pytest.approx(35.5, abs=1.0)
    ys = shapely.get_coordinates(a.geometry[lane])[:, 1]
    assert np.ptp(ys) < 1.0
    # And the fourteen gaps between the houses, 10 m or 10.5 m deep.
    assert len(a) == 15


def test_touching_gaps_make_no_alley():
    assert len(alleys(row_of(2, 20, 8, 0) + row_of(2, 20, 8, 8.2))) == 0


@pytest.mark.parametrize(("length", "n"), [(4.2, 0), (5.0, 1)])
def test_at_least_five_metres(length, n):
    assert len(alleys([box(0, 0, length, 8), box(0, 9, length, 15)])) == n


def test_dead_end_and_open_end():
    closed = alleys([box(0, 0, 20, 8), box(0, 9.5, 20, 18), box(20, 0, 28, 18)])
    assert len(closed) == 1
    assert closed.dead_end[0]
    assert closed.length_m[0] == pytest.approx(20 - 0.75, abs=0.5)
    opened = alleys([box(0, 0, 20, 8), box(0, 9.5, 20, 18), box(30, 0, 38, 18)])
    assert len(opened) == 1
    assert not opened.dead_end[0]


def test_an_end_that_opens_to_one_side_is_open():
    # Beyond the lane's end a wall closes the way ahead and the left, the right is open ground.
    a = alleys([box(0, 0, 20, 8), box(0, 9.5, 30, 18), box(22.5, 3, 30, 9.5)])
    assert a.length_m.max() >= 20
    assert not a.dead_end[np.argmax(a.length_m)]


def test_ring_alley_has_no_end():
    ring = box(0, 0, 30, 30).difference(box(8, 8, 22, 22))
    a = alleys([ring, box(9.5, 9.5, 20.5, 20.5)])
    assert len(a) == 1
    assert a.length_m[0] == pytest.approx(4 * 12.5, abs=1.6)
    assert a.geometry[0].is_closed
    assert not a.dead_end[0]


def test_change_of_width_keeps_one_alley_with_its_narrow_part():
    a = alleys([box(0, 0, 30, 8), box(0, 9.5, 15, 16), box(15, 8.8, 30, 16)])
    assert len(a) == 1
    assert a.length_m[0] == pytest.approx(30, abs=0.6)
    assert a.min_width_m[0] == pytest.approx(0.8, abs=0.02)
    assert a.mean_width_m[0] == pytest.approx(1.15, abs=0.05)
    widths = [w for _, w in a.profile(0)]
    assert min(widths) == pytest.approx(0.8, abs=0.02)
    assert max(widths) == pytest.approx(1.55, abs=0.07)


def test_sky_view_of_a_row_with_one_unknown_height():
    heights = [9.0] * 13 + [None]
    a = alleys(row_of(7, 6, 8, 0) + row_of(7, 6, 8, 9.5), height_m=heights)
    assert a.sky_view[0] == pytest.approx(np.cos(np.arctan(9 / 0.75)), abs=0.005)
    a = alleys(row_of(7, 6, 8, 0) + row_of(7, 6, 8, 9.5), height_m=[9.0] * 7 + [None] * 7)
    assert np.isnan(a.sky_view[0])


@pytest.fixture(scope="module")
def kyojima():
    return real("buildings/kyojima_300m.geojson", 6677)


def _of(gdf):
    prepared = prepare(gdf)
    gaps = compute_gaps(prepared)
    return prepared, gaps, build_alleys(prepared, gaps)


def test_kyojima_alleys_run_between_buildings(kyojima):
    prepared, gaps, a = _of(kyojima)
    tree = shapely.STRtree(prepared.footprints)
    line, house = tree.query(a.geometry, predicate="intersects")
    cut = shapely.length(shapely.intersection(a.geometry[line], prepared.footprints[house]))
    assert cut.sum() < 0.1
    pieces = gaps.pieces.length_m[gaps.kind[gaps.pieces.pair] != "touching"].sum()
    assert 0.85 * pieces < a.length_m.sum() < 1.02 * pieces
    assert (a.length_m >= 5.0).all()
    assert np.allclose(a.length_m, shapely.length(a.geometry), atol=0.05)
    # No stretch belongs to two alleys: thin strips along them meet only at junctions and crossings.
    strips = shapely.buffer(a.geometry, 0.02, cap_style="flat")
    assert shapely.union_all(strips).area > 0.985 * shapely.area(strips).sum()


def test_unchanged_by_place_and_direction(kyojima):
    _, _, a = _of(kyojima)
    for other, back in (
        (shifted(kyojima, 1e6, -1e6), lambda g: shapely.affinity.translate(g, -1e6, 1e6)),
        (rotated(kyojima, 51), lambda g: shapely.affinity.rotate(g, -51, origin=(500_000, 2_700_000))),
    ):
        _, _, b = _of(other)
        assert len(b) == pytest.approx(len(a), abs=3)
        assert b.length_m.sum() == pytest.approx(a.length_m.sum(), rel=2e-3)
        strips = shapely.buffer(shapely.union_all([back(g) for g in b.geometry]), 0.1)
        same = shapely.length(shapely.intersection(a.geometry, strips)).sum()
        assert same > 0.995 * a.length_m.sum()


def test_row_order_gives_the_same_alleys_value_for_value(kyojima):
    named = kyojima.assign(building_id=kyojima.bld_id)
    p, _, a = _of(named)
    q, _, b = _of(named.sample(frac=1, random_state=5))
    assert a.frame(p).drop(columns="geometry").equals(b.frame(q).drop(columns="geometry"))
    assert all(shapely.equals_exact(a.geometry, b.geometry))
