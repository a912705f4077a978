"""Tiles: a building set cut into pieces of a few thousand buildings, for work that looks only so far.

The cut depends on the buildings alone (where they lie and how many), never on the number of workers or the
order of rows; so do the results of whatever is computed tile by tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_service.arrays import Floats, Ints
from gis_service.density.compute.compiled import compiled, uncounted

TILE_BUILDINGS = 8_000
"""Buildings in a tile, at most: about 60,000 walls, some 50 MB of work space."""


@dataclass(frozen=True)
class Tile:
    """One tile.

    Attributes
    ----------
    own
        Its buildings, ascending: each building belongs to one tile.
    cell
        Its rectangle x0, y0, x1, y1 (x0 <= x < x1); the rectangles fill the plane, the outer ones are open
        to infinity.
    box
        The bounding box of its buildings.

    """

    own: Ints
    cell: tuple[float, float, float, float]
    box: tuple[float, float, float, float]

    def grown(self, halo_m: float) -> tuple[float, float, float, float]:
        """Return ``box`` grown by ``halo_m`` metres on all sides."""
        return self.box[0] - halo_m, self.box[1] - halo_m, self.box[2] + halo_m, self.box[3] + halo_m


def split(boxes: Floats, most: int = TILE_BUILDINGS) -> list[Tile]:
    """Cut buildings into tiles of at most ``most``, halving along the longer side at the median.

    Parameters
    ----------
    boxes
        Bounding boxes x0, y0, x1, y1 in metres, one row a building.
    most
        Buildings in a tile, at most. Buildings stacked on one spot stay together, whatever their number.

    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    tiles: list[Tile] = []
    todo = [(np.arange(len(boxes), dtype=np.int64), (-np.inf, -np.inf, np.inf, np.inf))]
    while todo:
        own, cell = todo.pop()
        if not len(own):
            continue
        cut = _cut(x[own], y[own]) if len(own) > most else None
        if cut is None:
            box = boxes[own]
            ends = [*box[:, :2].min(axis=0), *box[:, 2:].max(axis=0)]
            tiles.append(Tile(own, cell, (float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3]))))
            continue
        axis, at = cut
        low = (x if axis == 0 else y)[own] < at
        x0, y0, x1, y1 = cell
        first = (x0, y0, at, y1) if axis == 0 else (x0, y0, x1, at)
        second = (at, y0, x1, y1) if axis == 0 else (x0, at, x1, y1)
        todo += [(own[~low], second), (own[low], first)]
    return tiles


def _cut(x: Floats, y: Floats) -> tuple[int, float] | None:
    """Return the axis and the place to halve at, or None when nothing separates the points."""
    axes = (0, 1) if np.ptp(x) >= np.ptp(y) else (1, 0)
    for axis in axes:
        value = x if axis == 0 else y
        at = float(np.partition(value, len(value) // 2)[len(value) // 2])
        if (value < at).any():
            return axis, at
        above = value[value > at]
        if len(above):
            return axis, float(above.min())
    return None


@compiled
def _met(
    boxes: Floats, order: Ints, giants: Ints, first: int, last: int, rectangle: tuple[float, float, float, float]
) -> Ints:
    """Return which of the boxes first..last and of the giants before them meet a rectangle, ascending.

    ``boxes`` (n, 4) float64 are sorted by their left edge, ``order`` (int64) their rows before that, ``giants`` (int64) rows of
    ``boxes`` that are looked at every time; the rectangle is x0, y0, x1, y1.
    """
    x0, y0, x1, y1 = rectangle
    boxes, order = uncounted(boxes), uncounted(order)
    out = np.empty(len(giants) + last - first, np.int64)
    made = 0
    for k in range(len(giants) + last - first):
        i = giants[k] if k < len(giants) else first + k - len(giants)
        if k < len(giants) and i >= first:
            continue
        if boxes[i, 0] <= x1 and boxes[i, 2] >= x0 and boxes[i, 1] <= y1 and boxes[i, 3] >= y0:
            out[made] = order[i]
            made += 1
    found = out[:made].copy()
    found.sort()
    return found


class Finder:
    """Find boxes or points that a rectangle meets, without looking at all of them for every tile."""

    def __init__(self, boxes: Floats) -> None:
        self._order = np.argsort(boxes[:, 0])
        self._sorted = np.ascontiguousarray(boxes[self._order])
        widths = self._sorted[:, 2] - self._sorted[:, 0]
        # Few boxes are very wide (a hall, a mall); they are looked at every time, the rest by their left edge.
        self._wide = float(np.quantile(widths, 0.999)) if len(widths) else 0.0
        self._giants = np.flatnonzero(widths > self._wide)

    def within(self, x0: float, y0: float, x1: float, y1: float) -> Ints:
        """Return what meets the rectangle, ascending."""
        left = self._sorted[:, 0]
        first = int(np.searchsorted(left, x0 - self._wide))
        last = int(np.searchsorted(left, x1, side="right"))
        return _met(self._sorted, self._order, self._giants, first, max(first, last), (x0, y0, x1, y1))
