"""Pairs of buildings that stand close to one another."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray


class Pairs(NamedTuple):
    """Unordered pairs of footprints, each once, sorted by ``a`` then ``b`` (positions in the input, a < b)."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    min_width_m: NDArray[np.float64]


def find_pairs(footprints: NDArray[np.object_], max_m: float) -> Pairs:
    """Find every pair of footprints whose exact distance is at most ``max_m`` metres.

    Parameters
    ----------
    footprints
        Valid, non-empty Polygons and MultiPolygons in one metric CRS.
    max_m
        Largest distance in metres, inclusive.

    """
    tree = shapely.STRtree(footprints)
    left, right = tree.query(footprints, predicate="dwithin", distance=max_m)
    once = left < right
    a, b = left[once], right[once]
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    return Pairs(a, b, shapely.distance(footprints[a], footprints[b]))
