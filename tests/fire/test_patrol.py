"""Patrols: cases solved on paper, and every walk on small graphs tried out by brute force."""

from __future__ import annotations

import heapq
import itertools
import math

import networkx as nx
import numpy as np
import pytest
import shapely

from gis_service.fire.patrol import inspect, plan_patrol

NONE = np.empty((0, 2), int), np.empty(0)
NO_HOUSES = np.empty(0, object)


def _walked(count, alleys, metres, ways=NONE[0], way_m=NONE[1], *, closed=False) -> float:
    """Check that the legs are one walk over every alley, and return its length."""
    legs = inspect(count, np.array(alleys), np.array(metres, float), np.array(ways), np.array(way_m), closed=closed)
    lines = [*map(tuple, alleys), *map(tuple, ways)]
    length = [*metres, *way_m]
    assert {line for line, _ in legs if line < len(alleys)} == set(range(len(alleys)))
    along = [lines[line] if forward else lines[line][::-1] for line, forward in legs]
    for (_, here), (there, _) in itertools.pairwise(along):
        assert here == there
    if closed:
        assert along[0][0] == along[-1][1]
    return sum(length[line] for line, _ in legs)


def _shortest(count, alleys, metres, ways, way_m, *, closed) -> float:
    """The least length of all walks: Dijkstra over (place, alleys walked so far)."""
    lines = [(*pair, m, 1 << k) for k, (pair, m) in enumerate(zip(alleys, metres, strict=True))]
    lines += [(*pair, m, 0) for pair, m in zip(ways, way_m, strict=True)]
    all_ = (1 << len(alleys)) - 1
    best = math.inf
    for start in sorted({int(n) for pair in alleys for n in pair}):
        seen, heap = {}, [(0.0, start, 0)]
        while heap:
            cost, here, done = heapq.heappop(heap)
            if (here, done) in seen or cost >= best:
                continue
            seen[here, done] = cost
            if done == all_ and (not closed or here == start):
                best = cost
                break
            for a, b, m, bit in lines:
                for u, v in ((a, b), (b, a)):
                    if u == here and (v, done | bit) not in seen:
                        heapq.heappush(heap, (cost + m, int(v), done | bit))
    return best


def test_one_alley_is_walked_once():
    assert _walked(2, [(0, 1)], [7]) == 7
    assert _walked(2, [(0, 1)], [7], closed=True) == 14


def test_a_ring_is_walked_once():
    ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert _walked(4, ring, [5, 6, 7, 8]) == 26
    assert _walked(4, ring, [5, 6, 7, 8], closed=True) == 26


def test_a_tree_is_walked_twice_but_for_its_longest_path():
    # A stem of 10 with twigs of 3 and 4 at one end and of 1, 2 and 6 at the other; the longest path is 4 + 10 + 6.
    tree = [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (1, 6)]
    metres = [10, 3, 4, 1, 2, 6]
    assert _walked(7, tree, metres) == 2 * 26 - 20
    assert _walked(7, tree, metres, closed=True) == 2 * 26


def test_an_x():
    # Four arms from one place: two of them are walked twice, the shorter ones.
    assert _walked(5, [(0, 1), (0, 2), (0, 3), (0, 4)], [5, 4, 3, 2]) == 14 + 2 + 3


def test_two_dead_ends_on_a_ring():
    # A ring of 4 × 10 with dead ends of 3 and 5 at neighbouring corners: begin in one, end in the other, and the
    # side between the corners is walked again.
    alleys = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 5)]
    metres = [10, 10, 10, 10, 3, 5]
    assert _walked(6, alleys, metres) == 48 + min(10, 3, 5)


def test_open_ground_saves_walking_back():
    # Two alleys side by side, 20 long, joined at one end; at the other end one may cross in 2.
    alleys, metres = [(0, 1), (0, 2)], [20, 20]
    assert _walked(3, alleys, metres, [(1, 2)], [2], closed=True) == 42
    assert _walked(3, alleys, metres, closed=True) == 80


def test_parts_that_do_not_hang_together():
    alleys, metres = [(0, 1), (2, 3)], [5, 6]
    assert _walked(5, alleys, metres, [(1, 4), (4, 2), (0, 3)], [1, 2, 9]) == 14
    with pytest.raises(ValueError, match="do not join"):
        inspect(4, np.array(alleys), np.array(metres), *NONE)


def test_parallel_alleys_and_a_loop():
    assert _walked(2, [(0, 1), (0, 1)], [4, 5]) == 9
    assert _walked(2, [(0, 1), (1, 1)], [4, 5]) == 9
    assert inspect(3, *NONE, *NONE) == []


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("closed", [False, True])
def test_no_walk_is_shorter(seed: int, closed: bool):
    """Where the alleys hang together the walk is the shortest there is, whatever open ground there is besides."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 7))
    tree = nx.random_labeled_tree(count, seed=seed)
    more = [tuple(int(n) for n in rng.choice(count, 2, replace=False)) for _ in range(int(rng.integers(0, 4)))]
    alleys = [*tree.edges, *more]
    metres = rng.integers(1, 20, len(alleys)).astype(float)
    ways = [tuple(int(n) for n in rng.choice(count, 2, replace=False)) for _ in range(int(rng.integers(1, 4)))]
    way_m = rng.integers(1, 20, len(ways)).astype(float)
    found = _walked(count, alleys, metres, ways, way_m, closed=closed)
    assert found == pytest.approx(_shortest(count, alleys, metres, ways, way_m, closed=closed))


@pytest.mark.parametrize("seed", range(30))
def test_scattered_alleys_cost_at_most_half_again(seed: int):
    rng = np.random.default_rng(seed)
    alleys = [(2 * k, 2 * k + 1) for k in range(4)]
    metres = rng.integers(1, 20, 4).astype(float)
    places = rng.uniform(0, 30, (8, 2))
    ways = [(a, b) for a in range(8) for b in range(a)]
    way_m = np.array([np.hypot(*(places[a] - places[b])) for a, b in ways])
    found = _walked(8, alleys, metres, ways, way_m, closed=True)
    assert found <= 1.5 * _shortest(8, alleys, metres, ways, way_m, closed=True) + 1e-9


def _line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString(points)


def test_a_cross_of_alleys_between_four_houses():
    """Alleys end before their junction; the few paces across it are walked too, and are told apart."""
    houses = np.array([shapely.box(x, y, x + 10, y + 10) for x in (0, 11.0) for y in (0, 11.0)], object)
    alleys = np.array([
        _line((10.5, 0), (10.5, 9.9)), _line((10.5, 11.1), (10.5, 21)),
        _line((0, 10.5), (9.9, 10.5)), _line((11.1, 10.5), (21, 10.5)),
    ], object)  # fmt: skip
    patrol = plan_patrol(alleys, houses)
    assert {step.alley for step in patrol.steps if step.kind == "alley"} == {0, 1, 2, 3}
    assert patrol.lengths["alley"] == pytest.approx(4 * 9.9)
    assert patrol.lengths["direct"] == 0
    # Two arms are walked again, or the way outside round a house (more than 20 m) is taken: walking again is shorter.
    assert patrol.lengths["again"] == pytest.approx(2 * 9.9)
    assert patrol.line().length == pytest.approx(patrol.length_m)
    inside = shapely.intersection(patrol.line(), shapely.union_all(shapely.buffer(houses, -0.01)))
    assert inside.length == 0


def test_the_way_between_two_alleys_goes_round_the_house():
    houses = np.array([shapely.box(0, 0, 10, 10), shapely.box(11, 0, 21, 10), shapely.box(22, 0, 32, 10)], object)
    alleys = np.array([_line((10.5, 0), (10.5, 10)), _line((21.5, 0), (21.5, 10))], object)
    patrol = plan_patrol(alleys, houses)
    assert (patrol.lengths["alley"], patrol.lengths["again"], patrol.lengths["direct"]) == (20, 0, 0)
    assert 11 <= patrol.lengths["across"] <= 12.5
    assert [step.kind for step in patrol.steps] == ["alley", "across", "alley"]


def test_a_closed_yard_is_told_as_a_direct_link():
    """An alley inside a ring of wall has no way to the one outside: the link is there and says what it is."""
    ring = shapely.box(0, 0, 40, 40).difference(shapely.box(10, 10, 30, 30))
    alleys = np.array([_line((12, 20), (28, 20)), _line((45, 0), (45, 40))], object)
    patrol = plan_patrol(alleys, np.array([ring], object))
    assert patrol.lengths["direct"] > 0
    assert patrol.lengths["alley"] == 56


def test_nothing_to_walk():
    patrol = plan_patrol(np.empty(0, object), NO_HOUSES)
    assert (patrol.steps, patrol.length_m) == ((), 0)
    assert patrol.line().is_empty


def test_the_same_alleys_give_the_same_route():
    rng = np.random.default_rng(3)
    alleys = np.array([_line(*(tuple(p) for p in rng.uniform(0, 100, (2, 2)))) for _ in range(30)], object)
    first, second = plan_patrol(alleys, NO_HOUSES), plan_patrol(alleys, NO_HOUSES)
    assert first.line().equals(second.line())
    assert {step.alley for step in first.steps if step.kind == "alley"} == set(range(30))
