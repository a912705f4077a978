"""Engine access: cases solved on paper, invariances, and a raster as an independent witness."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.affinity import rotate, translate

from gis_service.density.compute.executor import open_executor
from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.plane.walls import ORIGIN_GRAIN_M
from gis_service.density.reach.access import find_access
from tests.density.shapes import array, irregular
from tests.density.witness import raster_hose
from tests.shared import shared_data


def access(shapes, roads=None, **params):
    shapes = array(shapes)
    return find_access(shapes, find_pairs(shapes, 4.0), Params(**params), None if roads is None else array(roads))


def hose(shapes, roads=None, **params):
    return access(shapes, roads, **params).buildings["hose_m"].to_numpy()


def box(x0, y0, x1, y1):
    return shapely.box(x0, y0, x1, y1)


def block(rows=3, columns=9, gap=1.0):
    """Houses 8 m wide and 10 m deep, ``gap`` apart on all sides; row by row."""
    return [
        box(c * (8 + gap), r * (10 + gap), c * (8 + gap) + 8, r * (10 + gap) + 10)
        for r in range(rows)
        for c in range(columns)
    ]


def sunk(width, engine=4.0):
    """How far an engine's disc reaches into the mouth of an alley."""
    return engine / 2 - math.sqrt((engine / 2) ** 2 - (width / 2) ** 2)


def lane(width, deep=20.0):
    """A lane between two long houses, shut at its end by a third: that is the last one."""
    return [
        box(-30, 0, 0, deep + 10),
        box(width, 0, width + 30, deep + 10),
        box(0, deep, width, deep + 10),
        box(-30, deep + 10, width + 30, deep + 20),
    ]


def ring(slit, size=10.0, thick=5.0):
    """A closed courtyard with a house in it, and a slit through its south side (0: none)."""
    outer, inner = (
        box(0, 0, size + 2 * thick, size + 2 * thick),
        box(thick, thick, size + thick, size + thick),
    )
    wall = outer.difference(inner)
    middle = thick + size / 2
    if slit:
        wall = wall.difference(box(middle - slit / 2, -1, middle + slit / 2, thick + 1))
    return [wall, box(middle - 1, middle - 1, middle + 1, middle + 1)]


class TestOnPaper:
    def test_block_three_rows_deep(self):
        got = hose(block()).reshape(3, 9)
        assert (got[[0, 2]] == 0).all()
        assert (got[1, [0, 8]] == 0).all()
        # From the disc stuck between two corners 1 m apart, straight to the corner of the middle row.
        back = 2 - sunk(1.0)
        inner = math.hypot(0.5, 11 + back) - 2
        side = math.hypot(0.5, 9 + back) - 2
        assert got[1, [1, 7]] == pytest.approx(side, abs=0.05)
        assert got[1, 2:7] == pytest.approx(inner, abs=0.05)

    def test_depth_counts_buildings_from_the_engine(self):
        table = access(block(5, 9)).buildings
        depth = table["depth"].to_numpy().reshape(5, 9)
        assert (depth[[0, 4]] == 0).all()
        assert (depth[:, [0, 8]] == 0).all()
        assert (depth[[1, 3], 1:8] == 1).all()
        assert list(depth[2]) == [0, 1, 2, 2, 2, 2, 2, 1, 0]

    def test_depth_is_null_where_nobody_is_reached(self):
        table = access(ring(0, thick=5.0)).buildings
        assert table["depth"].isna().tolist() == [False, True]

    @pytest.mark.parametrize(("width", "open_"), [(3.99, False), (3.999, False), (4.0, True), (4.01, True)])
    @pytest.mark.parametrize("angle", [0.0, 33.3])
    def test_lane_at_the_limit(self, width, open_, angle):
        shapes = [rotate(s, angle, origin=(0, 0)) for s in lane(width)]
        expected = 0.0 if open_ else 20 - sunk(width)
        assert hose(shapes)[2] == pytest.approx(expected, abs=0.05)

    def test_lane_between_corners_at_the_limit(self):
        # Two houses that face one another only with a corner each: no parallel walls to help.
        for gap, reached in ((3.99, False), (4.01, True)):
            half = gap / 2 / math.sqrt(2)
            # A square yard, shut but for the passage between the two corners in its south-west.
            shapes = [
                box(-half - 20, half, -half, 40), box(half, -half - 20, 40, -half),
                box(-half - 20, 40, 60, 50), box(40, -half - 20, 60, 40),
            ]  # fmt: skip
            found = access(shapes)
            assert found.space.holds(np.array([[20.0, 20.0]]))[0] == reached

    def test_small_engine_passes_where_a_large_one_does_not(self):
        assert hose(lane(3.5))[2] > 15
        assert hose(lane(3.5), engine_width_m=3.0)[2] == 0

    def test_cul_de_sac(self):
        assert hose(lane(6.0))[2] == 0
        assert hose(lane(3.0))[2] == pytest.approx(20 - sunk(3.0), abs=0.05)
        assert hose(lane(1.0, 60.0))[2] == pytest.approx(60 - sunk(1.0), abs=0.1)

    def test_courtyard_that_nobody_enters(self):
        table = access(ring(0)).buildings
        assert table["unreached"].tolist() == [False, True]
        assert np.isnan(table["hose_m"][1])

    @pytest.mark.parametrize("angle", [0.0, 17.0])
    def test_passage_of_the_hose_at_the_limit(self, angle):
        def turned(slit):
            return hose([rotate(s, angle, origin=(0, 0)) for s in ring(slit)])[1]

        assert np.isnan(turned(0.49))
        # The house stands 4 m behind a slit 5 m long.
        assert turned(0.51) == pytest.approx(9 - sunk(0.51), abs=0.05)
        assert turned(0.50) == pytest.approx(9 - sunk(0.50), abs=0.05)

    def test_courtyard_of_one_building_keeps_its_slit_shut(self):
        # The slit is between two walls of one building: no pair has it, yet it counts.
        assert len(find_pairs(array(ring(0.49)), 4.0).a) == 1
        assert np.isnan(hose(ring(0.49))[1])

    def test_taut_string_round_a_corner(self):
        shapes = [
            box(-10, 0, 0, 32), box(2, 0, 32, 20), box(0, 22, 32, 32), box(22, 20, 24, 22), box(24, 20, 32, 22)
        ]  # fmt: skip
        first = math.hypot(1, 20 + math.sqrt(3)) - 2
        assert hose(shapes)[3] == pytest.approx(first + 20, abs=0.1)

    def test_far_over_wide_ground_that_no_engine_enters(self):
        outer, inner = box(0, 0, 210, 210), box(5, 5, 205, 205)
        wall = outer.difference(inner).difference(box(104.5, -1, 105.5, 6))
        got = hose([wall, box(150, 150, 160, 160)])[1]
        expected = math.hypot(0.5, 5 + 2 - sunk(1.0)) - 2 + math.hypot(44.5, 145)
        assert expected - 0.1 <= got <= expected * 1.02

    def test_touching_houses_leave_no_way_between_them(self):
        # Two rows back to back in contact all over, the third house walled in by them.
        shapes = [box(0, 0, 10, 10), box(10, 0, 20, 10), box(0, 10, 5, 20), box(5, 10, 15, 20),
                  box(15, 10, 20, 20), box(0, 20, 20, 30)]  # fmt: skip
        got = hose(shapes)
        assert np.isnan(got[3])
        assert (np.delete(got, 3) == 0).all()

    def test_long_wall_with_many_sheds(self):
        # Between two sheds, 8 m apart, an engine touches the hall's wall; the sheds stand 1 m off it.
        sheds = [box(8 * i, 1, 8 * i + 2, 3) for i in range(200)]
        hall = box(-5, -20, 1605, 0)
        boundary = access([hall, *sheds]).space.boundary
        # Coordinates of the boundary are counted from a corner of the 10 km grid.
        pieces = boundary.shape[
            ~boundary.arc & (boundary.shape[:, 1] % ORIGIN_GRAIN_M == 2.0) & (boundary.shape[:, 5] == 1.0)
        ]
        assert len(pieces) == 201
        inner = np.sort(pieces[:, [0, 2]], axis=1)
        inner = inner[np.argsort(inner[:, 0])][1:-1]
        assert inner[:, 1] - inner[:, 0] == pytest.approx(6 - 2 * 2, abs=1e-3)

    def test_overlapping_houses_open_no_ground_inside(self):
        # A wall of the second runs 15 m deep through the first, far from all its walls.
        found = access([box(0, 0, 30, 30), box(15, -10, 45, 15)])
        assert not found.space.holds(np.array([[8.0, 8.0], [10.0, 20.0]])).any()
        boundary = found.space.boundary.shape[found.space.reached]
        middle = (boundary[:, :2] + boundary[:, 2:4]) / 2 + (0.0, -10.0)
        inside = shapely.contains_xy(shapely.union_all([box(0, 0, 30, 30), box(15, -10, 45, 15)]), *middle.T)
        assert len(boundary) > 8
        assert not inside.any()
        assert (found.buildings["hose_m"] == 0).all()

    def test_nearest_gap(self):
        table = access([box(0, 0, 5, 5), box(6.5, 0, 10, 5), box(100, 0, 105, 5)]).buildings
        assert table["nearest_gap_m"][0] == pytest.approx(1.5)
        assert table["nearest_gap_m"][1] == pytest.approx(1.5)
        assert np.isnan(table["nearest_gap_m"][2])


class TestRoadsAndEdge:
    def test_without_roads_engines_come_from_outside_and_the_result_says_so(self):
        table = access(ring(0, 40.0)).buildings
        assert set(table["access_basis"]) == {"open_edge"}
        assert table["unreached"].tolist() == [False, True]

    def test_road_inside_a_closed_yard(self):
        shapes = [*ring(0, 40.0), box(100, 0, 110, 10)]
        found = access(shapes, [shapely.LineString([(10, 10), (10, 40)])])
        assert found.basis == "roads"
        # The yard's inside is served, the world outside has no road.
        assert found.buildings["unreached"].tolist() == [False, False, True]

    def test_vast_country_without_a_road(self):
        # The only road lies in a closed yard; 60 km away stands another house, and one 90 m off the yard's
        # gate, which lets a hose through but no engine.
        yard = ring(1.0, 40.0)
        shapes = [*yard, box(24, -100, 26, -90), box(60_000, 60_000, 60_010, 60_010)]
        found = access(shapes, [shapely.LineString([(10, 10), (10, 40)])])
        assert found.buildings["unreached"].tolist() == [False, False, False, True]
        assert found.buildings["hose_m"][2] == pytest.approx(5 + 90, rel=0.05)

    def test_road_too_narrow_for_an_engine_is_none(self):
        shapes = lane(3.0)
        found = access(shapes, [shapely.LineString([(1.5, 5), (1.5, 15)])])
        assert found.basis == "open_edge"

    def test_roads_under_a_building_are_none(self):
        assert access([box(0, 0, 30, 30)], [shapely.LineString([(10, 15), (20, 15)])]).basis == "open_edge"

    def test_nothing_at_all(self):
        assert len(access([]).buildings) == 0


class TestInvariance:
    def test_irregular_case_is_worth_testing(self):
        got = hose(irregular())
        assert (got > 5).sum() > 15

    @pytest.mark.parametrize("shift", [(1e6, 1e6), (-1e6, 37.125)])
    def test_translation(self, shift):
        shapes = irregular()
        moved = [translate(s, *shift) for s in shapes]
        assert np.allclose(hose(shapes), hose(moved), atol=2e-3, equal_nan=True)

    @pytest.mark.parametrize("angle", [90.0, 31.7])
    def test_rotation(self, angle):
        shapes = irregular()
        turned = [rotate(s, angle, origin=(50, 50)) for s in shapes]
        one, two = hose(shapes), hose(turned)
        assert np.allclose(one, two, atol=0.02, equal_nan=True)

    def test_row_order_and_winding(self):
        shapes = irregular()
        order = np.random.default_rng(1).permutation(len(shapes))
        mixed = hose([shapely.reverse(shapes[i]) for i in order])
        assert np.array_equal(hose(shapes)[order], mixed, equal_nan=True)

    def test_tiles_and_workers_change_nothing(self):
        shapes = array(irregular(14, 8))
        pairs = find_pairs(shapes, 4.0)
        whole = find_access(shapes, pairs, Params()).buildings
        tiled = find_access(shapes, pairs, Params(), tile_buildings=20).buildings
        with open_executor(workers=2) as executor:
            spread = find_access(shapes, pairs, Params(), executor=executor, tile_buildings=20).buildings
        assert whole.equals(tiled)
        assert whole.equals(spread)


class TestWitness:
    def _compare(self, shapes, cell):
        """A raster cannot tell 3.95 m from 4.05 m; it is asked once too leniently and once too strictly."""
        unreached = 1e6
        got = np.nan_to_num(hose(shapes), nan=unreached)
        low = np.minimum(raster_hose(shapes, cell, 4 - 3 * cell, 0.5 - 3 * cell), unreached)
        high = np.minimum(raster_hose(shapes, cell, 4 + 3 * cell, 0.5 + 3 * cell), unreached)
        assert (got >= low - np.maximum(0.5, 0.05 * low) - cell).all()
        assert (got <= high + np.maximum(0.5, 0.05 * high) + cell).all()
        return got, low, high

    def test_kyojima(self):
        kyojima = shared_data("buildings/kyojima_300m.geojson")
        shapes = np.asarray(gpd.read_file(kyojima).to_crs(6677).geometry.values)
        got, low, high = self._compare(shapes, 0.15)
        # Where leniency makes no difference, the two must agree closely; that must be many buildings.
        sure = (got > 0) & (np.abs(high - low) < np.maximum(0.5, 0.05 * low))
        assert sure.sum() >= 25
        assert np.abs(got - low)[sure].mean() < 0.3

    def test_irregular(self):
        got, _, _ = self._compare(irregular(), 0.1)
        assert (got > 5).sum() > 15


def test_drawn_space_is_clear_of_buildings_and_as_wide_as_an_engine():
    shapes = array(block())
    found = access(block())
    drawn = found.space.draw(shapely.box(-10, -10, 90, 45))
    assert len(drawn) >= 1
    area = shapely.area(shapely.intersection(shapely.union_all(drawn), shapely.union_all(shapes)))
    assert area < 1e-6
    assert not shapely.contains_xy(shapely.union_all(drawn), 8.5, 5.0)
    assert shapely.contains_xy(shapely.union_all(drawn), 8.5, -0.05)
