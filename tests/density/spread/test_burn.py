"""Burn clusters against brute force, and articulation gaps by cutting them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_service.density.params import Params
from gis_service.density.plane.pairs import find_pairs
from gis_service.density.spread.burn import find_bridges, find_burn, number_clusters
from tests.density.shapes import array, irregular


def row(gaps, classes=None, size=5.0):
    """Houses in a row with the given gaps."""
    shapes, x = [shapely.box(0, 0, size, size)], size
    for gap in gaps:
        shapes.append(shapely.box(x + gap, 0, x + gap + size, size))
        x += gap + size
    shapes = array(shapes)
    return find_burn(shapes, find_pairs(shapes, 4.0), 4.0, classes and array(classes), Params())


class TestSpread:
    def test_unknown_counts_as_third_class(self):
        assert row([6.0]).cluster_id.tolist() == [1, 1]
        assert row([6.01]).cluster_id.tolist() == [0, 0]
        assert row([6.0], [None, "unknown"]).cluster_id.tolist() == [1, 1]

    def test_fireproof_pair(self):
        assert row([3.0], ["I_II", "I_II"]).cluster_id.tolist() == [1, 1]
        assert row([3.01], ["I_II", "I_II"]).cluster_id.tolist() == [0, 0]

    @pytest.mark.parametrize("classes", [["I_II", "III"], ["III", "I_II"]])
    def test_the_larger_of_the_two_counts(self, classes):
        assert row([5.9], classes).cluster_id.tolist() == [1, 1]

    @pytest.mark.parametrize("classes", [["IV", "I_II"], ["I_II", "IV"], ["IV", "III"], ["III", "IV"], ["IV", "IV"]])
    def test_timber_reaches_twelve_metres(self, classes):
        assert row([12.0], classes).cluster_id.tolist() == [1, 1]
        assert row([12.01], classes).cluster_id.tolist() == [0, 0]

    def test_numbers_go_by_size_then_west(self):
        got = row([1, 50, 1, 1, 50, 1, 50]).cluster_id.tolist()
        assert got == [2, 2, 1, 1, 1, 3, 3, 0]

    def test_each_pair_once_and_sorted(self):
        got = row([1, 5, 11, 2], ["IV", "III", "I_II", "IV", "III"])
        assert len(set(zip(got.a, got.b, strict=True))) == len(got.a)
        assert (got.a < got.b).all()
        assert (np.lexsort((got.b, got.a)) == np.arange(len(got.a))).all()

    def test_largest_in_each_group(self):
        got = row([1, 1, 50, 1, 50])
        assert got.largest(np.array([1, 1, 0, 2, 2, 3]), 4).tolist() == [3, 2, 1, 1]

    def test_no_buildings(self):
        got = find_burn(array([]), find_pairs(array([]), 4.0), 4.0, None, Params())
        assert len(got.cluster_id) == 0


def test_against_brute_force():
    shapes = array(irregular(14, 3))
    classes = array(np.random.default_rng(0).choice(["I_II", "III", "IV", None], len(shapes), p=[0.6, 0.2, 0.1, 0.1]))
    keep = np.random.default_rng(1).random(len(shapes)) < 0.45
    shapes, classes = shapes[keep], classes[keep]
    got = find_burn(shapes, find_pairs(shapes, 4.0), 4.0, classes, Params())
    metres = np.array([{"I_II": 3, "IV": 12}.get(c, 6) for c in classes])
    near = shapely.distance(shapes[:, None], shapes[None, :]) <= np.maximum(metres[:, None], metres[None, :])
    assert np.array_equal(np.argwhere(np.triu(near, 1)), np.column_stack([got.a, got.b]))
    count, labels = connected_components(near)
    sizes = np.bincount(labels)
    assert 1 < count < len(shapes)
    assert list(got.sizes) == sorted(sizes[sizes > 1].tolist(), reverse=True)
    same = labels[:, None] == labels[None, :]
    ours = (got.cluster_id[:, None] == got.cluster_id[None, :]) & (got.cluster_id > 0)
    np.fill_diagonal(ours, True)
    assert np.array_equal(same, ours)


def test_bridges_are_what_separates_when_cut():
    dice = np.random.default_rng(7)
    for _ in range(20):
        count = 30
        edges = np.unique(np.sort(dice.integers(0, count, (34, 2)), axis=1), axis=0)
        edges = edges[edges[:, 0] != edges[:, 1]]

        def parts(rows, count=count):
            return connected_components(coo_array((np.ones(len(rows)), rows.T), shape=(count, count)), False)[0]

        expected = [parts(np.delete(edges, k, axis=0)) > parts(edges) for k in range(len(edges))]
        assert any(expected)
        assert not all(expected)
        assert find_bridges(count, edges[:, 0], edges[:, 1]).tolist() == expected


def test_numbers_break_ties_by_south():
    number, sizes = number_clusters(np.array([5, 5, 3, 3]), np.zeros(4), np.array([9.0, 9, 1, 1]))
    assert number.tolist() == [2, 2, 1, 1]
    assert sizes.tolist() == [2, 2]
