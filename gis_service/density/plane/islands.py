"""Islands: parts of a building set so far from one another that each can be worked out alone.

Everything a density run finds is local: gaps and links reach a few metres, fire as far as its spread distance, a straight
piece of hose ``nodes.REACH_M``, drawn engine space some 70 m. What is not local is where engines come from: ground
reaches through a lane round a whole quarter. But grounds that are parted by buildings are parted by buildings in
contact (the rims of sets that are apart are curves that do not meet, and a point is shut in by a union of such sets
only if one of them shuts it in alone). So where engines come over the open country, an island with all that
lies inside it knows its own answers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gis_service.arrays import Flags, Floats, Ints

APART_M = 100.0
"""Islands are at least so far apart: farther than anything of a run reaches across open ground."""

_CELLS_MOST = 30_000_000
"""Of the grid: 3,000 km² of county take 300,000. Data strewn wider than this are one island."""

_AROUND = np.ones((3, 3), dtype=bool)


class Islands(NamedTuple):
    """Islands of boxes on a grid of square cells.

    Attributes
    ----------
    label
        The island of each cell, from 1; 0 is open country. What an island encloses belongs to it.
    low
        Column and row, counted from the origin of the CRS, of the first cell.

    """

    label: NDArray[np.int32]
    low: Ints

    def of(self, boxes: Floats) -> Ints:
        """Return the island of each box (x0, y0, x1, y1 in metres) of those that made the grid."""
        first, _ = self._cells(boxes)
        return self.label[first[:, 0], first[:, 1]].astype(np.int64)

    def near(self, boxes: Floats) -> Ints:
        """Return the islands that lie in or beside the cells that some boxes meet, ascending."""
        found: set[int] = set()
        first, last = self._cells(boxes)
        for (i, j), (k, m) in zip(first.tolist(), last.tolist(), strict=True):
            found |= set(np.unique(self.label[max(i - 1, 0) : k + 2, max(j - 1, 0) : m + 2]).tolist())
        return np.array(sorted(found - {0}), dtype=np.int64)

    def in_the_open(self, boxes: Floats) -> Flags:
        """Say which boxes lie wholly in open country, a cell or more from any island."""
        sums = np.pad(ndimage.binary_dilation(self.label > 0, _AROUND).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        first, last = self._cells(boxes)
        (i, j), (k, m) = first.T, last.T + 1
        return np.asarray(sums[k, m] - sums[i, m] - sums[k, j] + sums[i, j] == 0)

    def _cells(self, boxes: Floats) -> tuple[Ints, Ints]:
        """Return the first and the last cell of each box; beyond the grid its outermost ones, which are open."""
        cells = np.floor(boxes / APART_M).astype(np.int64) - np.tile(self.low, 2)
        most = np.tile(np.array(self.label.shape) - 1, 2)
        cells = np.clip(cells, 0, most)
        return cells[:, :2], cells[:, 2:]


def find_islands(boxes: Floats) -> Islands:
    """Find the islands of boxes.

    Parameters
    ----------
    boxes
        x0, y0, x1, y1 of every building, in metres.

    """
    first, last = np.floor(boxes[:, :2] / APART_M).astype(np.int64), np.floor(boxes[:, 2:] / APART_M).astype(np.int64)
    # Two open cells all round: what lies farther out still finds itself in the open.
    low = first.min(axis=0) - 2 if len(boxes) else np.zeros(2, np.int64)
    shape = last.max(axis=0) - low + 3 if len(boxes) else np.full(2, 5)
    if shape[0] * shape[1] > _CELLS_MOST:
        return Islands(np.ones((1, 1), dtype=np.int32), low)
    taken = np.zeros(tuple(shape.tolist()), dtype=bool)
    first, last = first - low, last - low
    for i, j in ((first, first), (first, last), (last, first), (last, last)):
        taken[i[:, 0], j[:, 1]] = True
    for k in np.flatnonzero((last - first > 1).any(axis=1)):
        taken[first[k, 0] : last[k, 0] + 1, first[k, 1] : last[k, 1] + 1] = True
    # Open country is what joins side by side: through a corner between two taken cells nothing is promised.
    label, _ = ndimage.label(ndimage.binary_fill_holes(taken), structure=_AROUND)
    return Islands(label.astype(np.int32), low)
