"""Footprints as flat arrays of walls, the form in which compiled loops read them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Bytes, Floats, Ints
from gis_service.density.compute.compiled import compiled

ORIGIN_GRAIN_M = 10_000.0
"""Coordinates are counted from a corner of this grid: taking whole metres off costs no digit, and a house that is
built at the edge of the data does not shift (and round anew) all others."""

_AT_ONCE = 50_000
_SHORTEST_M = 1e-6
"""Walls shorter than this are dropped: they have no direction."""
_POLYGON = 3


def stretches(first: Ints, count: Ints) -> Ints:
    """Return first[0], first[0] + 1, … (``count[0]`` of them), then first[1], … as one array."""
    skip = first - np.concatenate(([0], np.cumsum(count)[:-1])) if len(first) else first
    return np.arange(int(count.sum()), dtype=np.int64) + np.repeat(skip, count).astype(np.int64)


def spans(start: Ints, which: Ints) -> Ints:
    """Return the rows ``start[i]:start[i + 1]`` for each i of ``which``, one after the other."""
    return stretches(start[which], start[which + 1] - start[which])


class Walls(NamedTuple):
    """Directed walls with the building on their left, ring by ring, in metres from ``origin``.

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
    boxes
        Box of each building: xmin, ymin, xmax, ymax.
    origin
        What was taken off all coordinates, so that a million metres cost no digits.

    """

    ends: Floats
    before: Ints
    after: Ints
    owner: Ints
    start: Ints
    boxes: Floats
    origin: tuple[float, float]

    def of(self, buildings: Ints) -> Ints:
        """Return the walls of ``buildings``, in their order."""
        return spans(self.start, buildings)

    def cut(self, buildings: Ints) -> Walls:
        """Return the walls of some buildings (ascending); rows and owners count what is left."""
        rows = self.of(buildings)
        count = self.start[buildings + 1] - self.start[buildings]
        start = np.concatenate(([0], np.cumsum(count))).astype(np.int64)
        shift = np.repeat(self.start[buildings] - start[:-1], count)
        return Walls(
            np.ascontiguousarray(self.ends[rows]), self.before[rows] - shift, self.after[rows] - shift,
            np.repeat(np.arange(len(buildings)), count), start, self.boxes[buildings], self.origin,
        )  # fmt: skip


def flatten(footprints: NDArray[np.object_], origin: tuple[float, float] | None = None) -> Walls:
    """Flatten Polygons and MultiPolygons in a metric CRS into walls.

    Parameters
    ----------
    footprints
        Valid polygonal footprints, rings in any direction.
    origin
        What to take off the coordinates; by default the corner of a 10 km grid left of and below all footprints.

    """
    if origin is None:
        low = shapely.total_bounds(footprints)[:2] if len(footprints) else np.zeros(2)
        low = np.floor(np.where(np.isfinite(low), low, 0.0) / ORIGIN_GRAIN_M) * ORIGIN_GRAIN_M
        origin = (float(low[0]), float(low[1]))
    # In parts: the bytes made on the way would otherwise take twice the walls' memory.
    parts, sizes, boxes = [], [np.zeros(1, np.int64)], [np.empty((0, 4))]
    for k in range(0, len(footprints), _AT_ONCE):
        texts = shapely.to_wkb(footprints[k : k + _AT_ONCE], output_dimension=2, byte_order=1)
        at = np.concatenate(([0], np.cumsum([len(text) for text in texts]))).astype(np.int64)
        ends, ring_first, size, box = _parse(np.frombuffer(b"".join(texts), np.uint8), at, *origin)
        parts.append((ends, ring_first))
        sizes.append(size)
        boxes.append(box)
    start = np.cumsum(np.concatenate(sizes)).astype(np.int64)
    ends = np.vstack([part[0] for part in parts]) if parts else np.empty((0, 4))
    first = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, np.bool_)
    before, after = _around(first)
    owner = np.repeat(np.arange(len(footprints)), np.diff(start))
    return Walls(ends, before, after, owner, start, np.vstack(boxes), origin)


@compiled
def _whole(blob: Bytes, at: int) -> int:
    """Return the little-endian 32-bit number at a byte."""
    return int(blob[at]) + (int(blob[at + 1]) << 8) + (int(blob[at + 2]) << 16) + (int(blob[at + 3]) << 24)


@compiled
def _ring(xy: Floats, hole: bool, ox: float, oy: float, x: Floats, y: Floats) -> int:
    """Take a ring's vertices over, the building on the left; return how many (the last repeats the first)."""
    n = len(xy) // 2 - 1
    area = 0.0
    for i in range(n):
        j = 2 * i
        area += (xy[j] - xy[0]) * (xy[j + 3] - xy[1]) - (xy[j + 2] - xy[0]) * (xy[j + 1] - xy[1])
    back = (area < 0.0) != hole and area != 0.0
    for i in range(n):
        j = 2 * (n - i if back else i)
        x[i], y[i] = xy[j] - ox, xy[j + 1] - oy
    # A vertex that begins a wall of no length goes; the walls that are left are looked at again.
    while n > 0:
        kept = 0
        x0, y0 = x[0], y[0]
        for i in range(n):
            qx, qy = (x[i + 1], y[i + 1]) if i + 1 < n else (x0, y0)
            if math.hypot(qx - x[i], qy - y[i]) > _SHORTEST_M:
                x[kept], y[kept] = x[i], y[i]
                kept += 1
        if kept == n:
            break
        n = kept
    return n


@compiled
def _parse(blob: Bytes, at: Ints, ox: float, oy: float) -> tuple[Floats, NDArray[np.bool_], Ints, Floats]:
    """Read well-known binary; return the walls, whether each begins a ring, walls a building, and boxes."""
    room = len(blob) // 16 + 1
    ends, first = np.empty((room, 4)), np.zeros(room, np.bool_)
    count = len(at) - 1
    size, box = np.zeros(count, np.int64), np.empty((count, 4))
    x, y = np.empty(room), np.empty(room)
    made = 0
    for b in range(count):
        begun = made
        k = at[b]
        parts = 1
        if _whole(blob, k + 1) != _POLYGON:
            parts = _whole(blob, k + 5)
            k += 9
        x0, y0, x1, y1 = np.inf, np.inf, -np.inf, -np.inf
        for _ in range(parts):
            rings = _whole(blob, k + 5)
            k += 9
            for r in range(rings):
                points = _whole(blob, k)
                k += 4
                n = _ring(blob[k : k + 16 * points].view(np.float64), r > 0, ox, oy, x, y)
                k += 16 * points
                if n:
                    first[made] = True
                for i in range(n):
                    j = i + 1 if i + 1 < n else 0
                    ends[made, 0], ends[made, 1], ends[made, 2], ends[made, 3] = x[i], y[i], x[j], y[j]
                    x0, y0, x1, y1 = min(x0, x[i]), min(y0, y[i]), max(x1, x[i]), max(y1, y[i])
                    made += 1
        size[b] = made - begun
        box[b, 0], box[b, 1], box[b, 2], box[b, 3] = x0, y0, x1, y1
    return ends[:made].copy(), first[:made].copy(), size, box


def _around(first: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return the row before and after each wall on its own closed ring, given which begin a ring."""
    count = len(first)
    after = np.arange(1, count + 1, dtype=np.int64)
    before = np.arange(-1, count - 1, dtype=np.int64)
    if count:
        begin = np.flatnonzero(first)
        final = np.append(begin[1:], count) - 1
        after[final] = begin
        before[begin] = final
    return before, after
