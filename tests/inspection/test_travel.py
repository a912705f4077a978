"""Ways along roads against Floyd and Warshall, on paper, and on real roads."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import floyd_warshall

from gis_service.inspection.travel import Network, Straight
from gis_service.settings import default

DRIVE = 3.6 / default("drive_kmh")
WALK = 3.6 / default("walk_kmh")


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=4, max_size=25))
def test_grid_against_floyd_warshall(steps: list[tuple[int, int, bool]]) -> None:
    """A grid of streets 1 km apart, houses on its corners: no walk, no short cut."""
    edges = {((x, y), (x + 1, y) if east else (x, y + 1)) for x, y, east in steps}
    corners = sorted({c for edge in edges for c in edge})
    at = {c: k for k, c in enumerate(corners)}
    roads = Network([shapely.LineString(np.array(edge) * 1000.0) for edge in sorted(edges)], [None] * len(edges))
    table = roads.table(np.array(corners) * 1000.0)
    graph = np.full((len(corners),) * 2, np.inf)
    for a, b in edges:
        graph[at[a], at[b]] = graph[at[b], at[a]] = 1000.0
    exact = floyd_warshall(graph)
    joined = np.isfinite(exact)
    assert np.allclose(table.metres[joined], exact[joined], atol=0.5)
    assert np.allclose(table.seconds[joined], exact[joined] * DRIVE, atol=2)
    assert (table.seconds[~joined] == 10**7).all()
    assert (table.seconds == table.seconds.T).all()
    parts = roads.parts(np.array(corners) * 1000.0)
    assert ((parts[:, None] == parts) == joined).all()


def test_steps_are_walked_and_a_junction_in_the_middle_of_a_road_is_met() -> None:
    roads = Network(
        [shapely.LineString([(0, 0), (2000, 0)]), shapely.LineString([(1000, 0.2), (1000, 500)])], [None, "steps"]
    )
    table = roads.table(np.array([[0.0, 0.0], [1000.0, 500.0]]))
    assert table.metres[0, 1] == pytest.approx(1500, abs=1)
    assert table.seconds[0, 1] == pytest.approx(1000 * DRIVE + 500 * 3.6 / default("steps_kmh"), abs=2)


def test_the_way_from_a_house_to_its_road_is_walked() -> None:
    roads = Network([shapely.LineString([(0, 0), (5000, 0)])], ["residential"])
    table = roads.table(np.array([[0.0, 100.0], [4000.0, -50.0]]))
    assert table.metres[0, 1] == pytest.approx(4150, abs=1)
    assert table.seconds[0, 1] == pytest.approx(150 * WALK + 4000 * DRIVE, abs=2)


def test_a_car_is_not_taken_through_a_footpath() -> None:
    """Two roads joined by a path of 400 m alone: on foot through it, and never by car from one end to the other.

    From the far end of one road to the far end of the other that is the whole way on foot: the car stays behind.
    """
    roads = Network(
        [
            shapely.LineString([(0, 0), (1000, 0)]),
            shapely.LineString([(1000, 0), (1400, 0)]),
            shapely.LineString([(1400, 0), (3000, 0)]),
        ],
        [None, "path", None],
    )
    table = roads.table(np.array([[0.0, 0.0], [1000.0, 0.0], [1400.0, 0.0], [3000.0, 0.0]]))
    assert table.seconds[0, 1] == pytest.approx(1000 * DRIVE, abs=2)
    assert table.seconds[1, 2] == pytest.approx(400 * WALK, abs=2)
    assert table.seconds[0, 3] == pytest.approx(3000 * WALK, abs=2)
    assert table.metres[0, 3] == pytest.approx(3000, abs=1)


def test_two_houses_on_one_stair_are_walked_between() -> None:
    """A stair of 200 m from a road, a house at its middle and one at its top: the car stays below for both."""
    roads = Network(
        [shapely.LineString([(0, 0), (1000, 0)]), shapely.LineString([(500, 0), (500, 200)])], [None, "steps"]
    )
    table = roads.table(np.array([[0.0, 0.0], [500.0, 100.0], [500.0, 200.0]]))
    stair = 3.6 / default("steps_kmh")
    assert table.seconds[1, 2] == pytest.approx(min(100 * stair, 140 * WALK), abs=2)
    assert table.seconds[0, 2] == pytest.approx(500 * DRIVE + 200 * stair, abs=2)


def test_an_island_with_paths_alone_is_walked() -> None:
    roads = Network([shapely.LineString([(0, 0), (2000, 0)])], ["footway"])
    table = roads.table(np.array([[0.0, 0.0], [2000.0, 0.0]]))
    assert table.seconds[0, 1] == pytest.approx(2000 * WALK, abs=2)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 9_000)), min_size=3, max_size=12))
def test_straight_lines(places: list[tuple[int, int]]) -> None:
    table = Straight().table(np.array(places, dtype=float))
    assert (table.seconds == table.seconds.T).all()
    through = (table.seconds[:, :, None] + table.seconds[None]).min(axis=1)
    # Times are rounded up, so a way in two legs is never more than a second quicker.
    assert (table.seconds <= through + 1).all()


@pytest.mark.parametrize(("short_m", "joined"), [(4.0, True), (9.0, False)])
def test_a_road_drawn_a_little_short_of_another_meets_it(short_m: float, joined: bool) -> None:
    roads = Network(
        [shapely.LineString([(0, 0), (2000, 0)]), shapely.LineString([(1000, short_m), (1000, 800)])], [None, None]
    )
    parts = roads.parts(np.array([[0.0, 0.0], [1000.0, 800.0]]))
    assert (parts[0] == parts[1]) == joined
    if joined:
        table = roads.table(np.array([[0.0, 0.0], [1000.0, 800.0]]))
        assert table.metres[0, 1] == pytest.approx(1800, abs=1)
