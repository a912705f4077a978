"""Footprints as flat arrays of walls, the form in which compiled loops read them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AT_ONCE = 50_000
_SHORTEST_M = 1e-6
"""Walls shorter than this are dropped: they have no direction."""


@dataclass(frozen=True)
class Walls:
    """Directed walls with the building on their left, in metres from ``origin``.

    Attributes
    ----------
    ends
        One row a wall: x1, y1, x2, y2.
    before, after
        The wall that ends where this one starts, and the one that starts where it ends.
    owner
        The building (row of the input) of each wall; walls of a building are contiguous.
    start
        ``start[i]:start[i + 1]`` are the walls of building ``i``.
    origin
        What was taken off all coordinates, so that a million metres cost no digits.

    """

    ends: Floats
    before: Ints
    after: Ints
    owner: Ints
    start: Ints
    origin: tuple[float, float]

    def of(self, buildings: Ints) -> Ints:
        """Return the walls of ``buildings``, in their order."""
        first, last = self.start[buildings], self.start[buildings + 1]
        count = last - first
        if not count.sum():
            return np.empty(0, np.int64)
        skip = np.repeat(first - np.concatenate(([0], np.cumsum(count)[:-1])), count)
        return np.arange(int(count.sum()), dtype=np.int64) + skip


def flatten(footprints: NDArray[np.object_], origin: tuple[float, float] | None = None) -> Walls:
    """Flatten Polygons and MultiPolygons in a metric CRS into walls.

    Parameters
    ----------
    footprints
        Valid polygonal footprints.
    origin
        What to take off the coordinates; by default the lower left corner of all footprints.

    """
    if origin is None:
        low = shapely.total_bounds(footprints)[:2] if len(footprints) else np.zeros(2)
        origin = (float(low[0]), float(low[1]))
    if not len(footprints):
        none = np.empty(0, np.int64)
        return Walls(np.empty((0, 4)), none, none, none, np.zeros(1, np.int64), origin)
    # In parts: the geometries made on the way would otherwise take several times the walls' memory.
    pieces = [
        _walls_of(footprints[k : k + _AT_ONCE], np.asarray(origin), k) for k in range(0, len(footprints), _AT_ONCE)
    ]
    ends = np.vstack([piece[0] for piece in pieces])
    owner = np.concatenate([piece[3] for piece in pieces])
    shift = np.cumsum([0, *(len(piece[0]) for piece in pieces)])
    before = np.concatenate([piece[1] + by for piece, by in zip(pieces, shift[:-1], strict=True)])
    after = np.concatenate([piece[2] + by for piece, by in zip(pieces, shift[:-1], strict=True)])
    start = np.searchsorted(owner, np.arange(len(footprints) + 1)).astype(np.int64)
    return Walls(ends, before, after, owner, start, origin)


def _walls_of(footprints: NDArray[np.object_], origin: Floats, first_row: int) -> tuple[Floats, Ints, Ints, Ints]:
    """Return ends, before, after and owner of the walls of some footprints."""
    parts, part_owner = shapely.get_parts(footprints, return_index=True)
    rings, ring_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    xy = xy - origin
    # The last vertex repeats the first; drop it, and every vertex that gives a wall of no length.
    keep = np.append(ring[1:] == ring[:-1], False) if len(xy) else np.zeros(0, bool)
    while True:
        xy, ring = xy[keep], ring[keep]
        before, after = _around(ring)
        ends = np.hstack([xy, xy[after]])
        keep = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1]) > _SHORTEST_M
        if keep.all():
            break
    return ends, before, after, part_owner[ring_part[ring]].astype(np.int64) + first_row


def _around(ring: Ints) -> tuple[Ints, Ints]:
    """Return the row before and after each vertex on its own closed ring."""
    count = len(ring)
    after = np.arange(1, count + 1, dtype=np.int64)
    before = np.arange(-1, count - 1, dtype=np.int64)
    if count:
        first = np.flatnonzero(np.append(True, ring[1:] != ring[:-1]))
        final = np.append(first[1:], count) - 1
        after[final] = first
        before[first] = final
    return before, after
