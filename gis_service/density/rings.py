"""Footprints as flat arrays of walls, for compiled loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray


class Walls(NamedTuple):
    """Walls of all buildings, open ground on the right of each; ring by ring, building by building.

    Attributes
    ----------
    xy
        Ends of wall i: x0, y0, x1, y1 in metres.
    following
        The wall that begins where wall i ends.
    start
        Building k owns walls start[k] to start[k + 1].
    bounds
        Box of building k: xmin, ymin, xmax, ymax.

    """

    xy: NDArray[np.float64]
    following: NDArray[np.int64]
    start: NDArray[np.int64]
    bounds: NDArray[np.float64]


def walls_of(footprints: NDArray[np.object_]) -> Walls:
    """Flatten oriented polygons (shells counter-clockwise, holes clockwise) into walls."""
    parts, part_of = shapely.get_parts(footprints, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, at = shapely.get_coordinates(rings, return_index=True)
    building = part_of[ring_of][at]
    last = np.r_[at[1:] != at[:-1], True]
    a = np.flatnonzero(~last)
    walls = np.column_stack((xy[a], xy[a + 1]))
    ring, owner = at[a], building[a]
    real = (walls[:, 0] != walls[:, 2]) | (walls[:, 1] != walls[:, 3])
    walls, ring, owner = walls[real], ring[real], owner[real]
    n = len(walls)
    following = np.arange(1, n + 1)
    closes = np.flatnonzero(np.r_[ring[1:] != ring[:-1], True])
    following[closes] = np.r_[0, closes[:-1] + 1]
    start = np.searchsorted(owner, np.arange(len(footprints) + 1)).astype(np.int64)
    return Walls(np.ascontiguousarray(walls), following.astype(np.int64), start, shapely.bounds(footprints))
