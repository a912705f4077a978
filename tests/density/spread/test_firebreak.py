"""Firebreaks: the limit holds, the cuts do separate, and easy cases are solved at the least cost."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.affinity import translate

from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.plane.walls import flatten
from gis_service.density.spread.burn import find_burn
from gis_service.density.spread.firebreak import facing_wall, partition, propose, propose_all
from gis_service.errors import InputError
from tests.density.shapes import array, irregular


def burn_of(shapes, classes=None):
    shapes = array(shapes)
    got = find_burn(shapes, find_pairs(shapes, 4.0), 4.0, classes and array(classes), Params())
    return got, facing_wall(flatten(shapes), got.a, got.b, got.spread_m)


def largest_after(burn, proposal):
    """Cut the proposal's pairs and count anew."""
    cut = set(zip(proposal.cuts["building_a"], proposal.cuts["building_b"], strict=True))
    left = np.array([(a, b) for a, b in zip(burn.a, burn.b, strict=True) if (a, b) not in cut]).reshape(-1, 2)
    count = len(burn.cluster_id)
    graph = coo_array((np.ones(len(left)), left.T), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    return int(np.bincount(labels[proposal.buildings]).max())


class TestFacingWall:
    def test_parallel_walls(self):
        # The walls face each other over 10 m; the sides count as far as fire reaches (6 m), less the 2 m gap.
        shapes = array([shapely.box(0, 0, 10, 10), shapely.box(12, 0, 22, 10)])
        got = facing_wall(flatten(shapes), np.array([0]), np.array([1]), np.full(2, 6.0))
        assert got[0] == pytest.approx(10 + 2 * 4, abs=0.1)

    def test_the_shorter_of_the_two_walls(self):
        shapes = array([shapely.box(0, 0, 40, 10), shapely.box(18, 13, 22, 30)])
        got = facing_wall(flatten(shapes), np.array([0]), np.array([1]), np.full(2, 3.0))
        assert got[0] == pytest.approx(4, abs=0.1)

    def test_against_buffers(self):
        shapes = array(irregular(6))
        pairs = find_pairs(shapes, 4.0)
        got = facing_wall(flatten(shapes), pairs.a, pairs.b, np.full(len(shapes), 6.0))
        for a, b, length in zip(pairs.a, pairs.b, got, strict=True):
            sides = [
                shapes[i].boundary.intersection(shapes[j].buffer(6.0, quad_segs=64)).length for i, j in ((a, b), (b, a))
            ]
            assert length == pytest.approx(min(sides), abs=0.02)

    def test_either_order(self):
        shapes = array(irregular(5))
        pairs = find_pairs(shapes, 4.0)
        one = facing_wall(flatten(shapes), pairs.a, pairs.b, np.full(len(shapes), 6.0))
        two = facing_wall(flatten(shapes), pairs.b, pairs.a, np.full(len(shapes), 6.0))
        assert np.allclose(one, two)
        assert (one > 0).all()


class TestPartition:
    def test_dumb_bell_is_cut_at_its_handle(self):
        # Two cliques of ten, joined by one light edge.
        cliques = [(i, j) for base in (0, 10) for i in range(base, base + 10) for j in range(i + 1, base + 10)]
        edges = np.array([*cliques, (4, 13)])
        part = partition(20, edges[:, 0], edges[:, 1], np.append(np.full(90, 100), 5), 10)
        assert part.tolist() == [1] * 10 + [2] * 10

    def test_chain_is_cut_at_its_lightest_links(self):
        a = np.arange(29)
        weight = np.full(29, 1000)
        weight[[9, 19]] = 1
        part = partition(30, a, a + 1, weight, 10)
        assert np.flatnonzero(part[a] != part[a + 1]).tolist() == [9, 19]

    def test_merging_takes_back_a_needless_cut(self):
        a = np.arange(9)
        assert set(partition(10, a, a + 1, np.full(9, 10), 10)) == {1}

    @pytest.mark.parametrize("most", [1, 2, 7, 30])
    def test_the_limit_holds_on_random_graphs(self, most):
        dice = np.random.default_rng(most)
        for count in (2, 31, 200):
            edges = np.unique(np.sort(dice.integers(0, count, (3 * count, 2)), axis=1), axis=0)
            edges = edges[edges[:, 0] != edges[:, 1]]
            part = partition(count, edges[:, 0], edges[:, 1], dice.integers(1, 5000, len(edges)), most)
            assert len(part) == count
            assert np.bincount(part)[1:].max() <= most
            assert np.bincount(part)[1:].min() >= 1

    def test_a_star_whose_parts_fall_apart(self):
        # Cutting anything from a star frees single leaves: parts must not count as one when they are many.
        part = partition(50, np.zeros(49, int), np.arange(1, 50), np.full(49, 10), 10)
        assert np.bincount(part)[1:].max() == 10


class TestProposal:
    def test_two_blocks_joined_by_one_narrow_house(self):
        left = [shapely.box(7 * i, 7 * j, 7 * i + 6, 7 * j + 6) for i in range(3) for j in range(3)]
        right = [translate(s, 31, 0) for s in left]
        bridge = shapely.box(25, 6, 26, 7)
        burn, wall = burn_of([*left, bridge, *right])
        assert burn.sizes.tolist() == [19]
        got = propose(burn, 1, wall, 10)
        assert got.before == 19
        assert got.after <= 10
        assert largest_after(burn, got) <= 10
        # All cuts are at the narrow house.
        assert ((got.cuts["building_a"] == 9) | (got.cuts["building_b"] == 9)).all()
        assert got.wall_m == pytest.approx(got.cuts["wall_m"].sum(), abs=0.1)

    @pytest.mark.parametrize("most", [5, 12, 30])
    def test_cutting_separates(self, most):
        burn, wall = burn_of(irregular(13, 4))
        assert burn.sizes[0] > 60
        got = propose(burn, 1, wall, most)
        assert largest_after(burn, got) == got.after <= most
        assert np.bincount(got.part)[1:].max() == got.after
        sizes = np.bincount(got.part)[1:]
        assert (np.diff(sizes) <= 0).all()
        assert got.saved_mean == pytest.approx(got.before - (sizes**2).sum() / got.before)

    def test_better_than_cutting_by_position(self):
        shapes = irregular(13, 4)
        burn, wall = burn_of(shapes)
        got = propose(burn, 1, wall, 30)
        west = np.argsort([s.bounds[0] for s in np.array(shapes, object)[got.buildings]], kind="stable")
        strip = np.empty(len(west), int)
        strip[west] = np.arange(len(west)) // 30
        place = np.full(len(shapes), -1)
        place[got.buildings] = strip
        mine = burn.cluster_id[burn.a] == 1
        naive = wall[mine][place[burn.a[mine]] != place[burn.b[mine]]].sum()
        assert got.wall_m < 0.9 * naive

    def test_same_again(self):
        burn, wall = burn_of(irregular(10, 6))
        assert propose(burn, 1, wall, 20).cuts.equals(propose(burn, 1, wall, 20).cuts)

    def test_only_large_clusters_are_proposed(self):
        burn, wall = burn_of(irregular(8, 2))
        assert propose_all(burn, wall, int(burn.sizes[0])) == []
        assert propose_all(burn, wall, int(burn.sizes[0]) - 1)[0].cluster_id == 1

    def test_refusals(self):
        burn, wall = burn_of(irregular(4))
        with pytest.raises(InputError, match="at least one building"):
            propose(burn, 1, wall, 0)
        with pytest.raises(InputError, match="no burn cluster 99"):
            propose(burn, 99, wall, 30)
