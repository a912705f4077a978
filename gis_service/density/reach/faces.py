"""Which pieces of the boundary bound the same open ground, over the whole data set.

Pieces whose ends touch make one curve. Every island in the open ground has a leftmost point; a ray from
there to the left meets, first, another curve of the same ground, or leaves the data. Both facts together
join all curves of one ground, and one ray says in which ground any point lies.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.arrays import Floats, Ints, Items
from gis_service.density.compute.compiled import compiled, uncounted
from gis_service.density.plane.grid import Cells, cell_range, foot_on, grid_shape
from gis_service.density.plane.offset import OffsetBoundary


class Pieces(NamedTuple):
    """Pieces of the offset boundary, registered in a grid.

    Attributes
    ----------
    shape, arc
        As in ``offset.OffsetBoundary``: (n, 8) float64 in metres, and whether a piece is an arc.
    boxes
        (n, 4) float64 xmin, ymin, xmax, ymax.
    grid, cells
        Shape of the grid (``grid.grid_shape``) and the pieces by cell.

    """

    shape: Floats
    arc: NDArray[np.bool_]
    boxes: Floats
    grid: Floats
    cells: Cells


_SNAP_M = 1e-3
"""Ends this near a piece touch it: far above rounding, far below what a survey can tell."""


@compiled
def _lent(pieces: Pieces) -> Pieces:
    """Return the pieces in arrays that are not counted each time that a loop looks at them."""
    cells = Cells(uncounted(pieces.cells.start), uncounted(pieces.cells.items))
    return Pieces(
        uncounted(pieces.shape), uncounted(pieces.arc), uncounted(pieces.boxes), uncounted(pieces.grid), cells
    )


@compiled
def find_root(parent: Ints, i: int) -> int:
    """Return the root of ``i``, halving the way there."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@compiled
def unite(parent: Ints, i: int, j: int) -> None:
    """Join two sets; the smaller number stays the root."""
    i, j = find_root(parent, i), find_root(parent, j)
    if i < j:
        parent[j] = i
    elif j < i:
        parent[i] = j


@compiled
def _boxes(shape: Floats, arc: NDArray[np.bool_]) -> Floats:
    out = np.empty((len(shape), 4))
    for i in range(len(shape)):
        x1, y1, x2, y2 = shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3]
        x0, y0, x3, y3 = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
        if arc[i]:
            cx, cy, s, t = shape[i, 4], shape[i, 5], shape[i, 6], shape[i, 7]
            r = math.hypot(x1 - cx, y1 - cy)
            quarter = math.pi / 2
            k = math.ceil(s / quarter)
            while k * quarter <= t:
                at = int(k) % 4
                if at == 0:
                    x3 = cx + r
                elif at == 1:
                    y3 = cy + r
                elif at == 2:
                    x0 = cx - r
                else:
                    y0 = cy - r
                k += 1
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = x0, y0, x3, y3
    return out


@compiled
def _fill_boxes(boxes: Floats, grid: Floats, slack: float) -> tuple[Items, Items]:
    x0, y0, cell = grid[0], grid[1], grid[2]
    nx, ny = int(grid[3]), int(grid[4])
    start = np.zeros(nx * ny + 1, np.int32)
    items = np.empty(0, np.int32)
    for turn in range(2):
        for i in range(len(boxes)):
            c0, c1 = cell_range(boxes[i, 0] - slack, boxes[i, 2] + slack, x0, cell, nx)
            r0, r1 = cell_range(boxes[i, 1] - slack, boxes[i, 3] + slack, y0, cell, ny)
            for r in range(r0, r1 + 1):
                for c in range(c0, c1 + 1):
                    k = r * nx + c
                    if turn == 0:
                        start[k + 1] += 1
                    else:
                        items[start[k]] = i
                        start[k] += 1
        if turn == 0:
            for k in range(nx * ny):
                start[k + 1] += start[k]
            items = np.empty(start[nx * ny], np.int32)
    for k in range(nx * ny, 0, -1):
        start[k] = start[k - 1]
    start[0] = 0
    return start, items


@compiled
def _distance_to(shape: Floats, arc: NDArray[np.bool_], i: int, px: float, py: float) -> float:
    """Return the distance from p to piece ``i``."""
    if not arc[i]:
        fx, fy = foot_on(px, py, shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3])
        return math.hypot(px - fx, py - fy)
    cx, cy, s, t = shape[i, 4], shape[i, 5], shape[i, 6], shape[i, 7]
    angle = math.atan2(py - cy, px - cx)
    angle += 2 * math.pi * math.ceil((s - angle) / (2 * math.pi))
    if angle <= t:
        return abs(math.hypot(px - cx, py - cy) - math.hypot(shape[i, 0] - cx, shape[i, 1] - cy))
    return min(math.hypot(px - shape[i, 0], py - shape[i, 1]), math.hypot(px - shape[i, 2], py - shape[i, 3]))


@compiled
def _link(counted: Pieces, snap: float) -> Ints:
    """Join pieces whose ends lie within ``snap`` metres of another; return the curve of each."""
    pieces = _lent(counted)
    shape, arc, boxes = pieces.shape, pieces.arc, pieces.boxes
    grid, start, items = pieces.grid, pieces.cells.start, pieces.cells.items
    parent = np.arange(len(shape))
    x0, y0, cell = grid[0], grid[1], grid[2]
    nx, ny = int(grid[3]), int(grid[4])
    for i in range(len(shape)):
        for end in range(2):
            px, py = shape[i, 2 * end], shape[i, 2 * end + 1]
            c, _ = cell_range(px, px, x0, cell, nx)
            r, _ = cell_range(py, py, y0, cell, ny)
            k = r * nx + c
            for at in range(start[k], start[k + 1]):
                j = items[at]
                if (
                    j != i
                    and boxes[j, 0] - snap <= px <= boxes[j, 2] + snap
                    and boxes[j, 1] - snap <= py <= boxes[j, 3] + snap
                    and _distance_to(shape, arc, j, px, py) <= snap
                ):
                    unite(parent, i, j)
    for i in range(len(parent)):
        parent[i] = find_root(parent, i)
    return parent


@compiled
def _normal_x(shape: Floats, arc: NDArray[np.bool_], i: int, x: float, y: float) -> float:
    """Return the x part of the unit normal of piece ``i`` at (x, y), away from the wall."""
    if not arc[i]:
        return float(shape[i, 4])
    dx, dy = x - shape[i, 4], y - shape[i, 5]
    return float(dx / math.hypot(dx, dy))


@compiled
def _left_hit(shape: Floats, arc: NDArray[np.bool_], i: int, py: float, most: float) -> float:
    """Return the largest x not above ``most`` where piece ``i`` meets the height ``py``, or -inf."""
    best = -np.inf
    x1, y1, x2, y2 = shape[i, 0], shape[i, 1], shape[i, 2], shape[i, 3]
    eps = 1e-9
    if abs(y1 - py) <= eps and x1 <= most:
        best = x1
    if abs(y2 - py) <= eps and best < x2 <= most:
        best = x2
    if not arc[i]:
        if (y1 - py) * (y2 - py) < 0.0:
            x = x1 + (py - y1) / (y2 - y1) * (x2 - x1)
            if best < x <= most:
                best = x
        return best
    cx, cy, s, t = shape[i, 4], shape[i, 5], shape[i, 6], shape[i, 7]
    square = (x1 - cx) ** 2 + (y1 - cy) ** 2 - (py - cy) ** 2
    if square < 0.0:
        return best
    for side in range(2):
        dx = math.sqrt(square) * (1.0 if side == 0 else -1.0)
        angle = math.atan2(py - cy, dx)
        angle += 2 * math.pi * math.ceil((s - angle) / (2 * math.pi))
        if angle <= t and best < cx + dx <= most:
            best = cx + dx
    return best


@compiled
def _ray(pieces: Pieces, px: float, py: float, label: Ints, skip: int) -> tuple[int, float]:
    """Return the first piece left of p that is not labelled ``skip``, and where it is met; -1 for none."""
    shape, arc, boxes = pieces.shape, pieces.arc, pieces.boxes
    grid, start, items = pieces.grid, pieces.cells.start, pieces.cells.items
    x0, y0, cell = grid[0], grid[1], grid[2]
    nx, ny = int(grid[3]), int(grid[4])
    if py < y0 or py > y0 + ny * cell or px < x0:
        return -1, -np.inf
    c1, _ = cell_range(px, px, x0, cell, nx)
    r, _ = cell_range(py, py, y0, cell, ny)
    found, best = -1, -np.inf
    for c in range(c1, -1, -1):
        k = r * nx + c
        for at in range(start[k], start[k + 1]):
            i = items[at]
            if label[i] == skip or boxes[i, 1] > py + 1e-9 or boxes[i, 3] < py - 1e-9:
                continue
            if boxes[i, 0] > px or boxes[i, 2] < best:
                continue
            x = _left_hit(shape, arc, i, py, px)
            if x > best or (x == best and found >= 0 and i < found):
                found, best = i, x
        if best >= x0 + c * cell:
            break
    return found, best


@compiled
def _nest(counted: Pieces, curve: Ints) -> Ints:
    """Join curves of one ground; element ``len(curve)`` stands for the ground outside the data."""
    pieces = _lent(counted)
    shape, arc, boxes = pieces.shape, pieces.arc, pieces.boxes
    curve = uncounted(curve)
    count = len(curve)
    parent = np.arange(count + 1)
    leftmost = np.full(count, -1, np.int64)
    for i in range(count):
        parent[i] = curve[i]
        k = curve[i]
        if leftmost[k] < 0 or boxes[i, 0] < boxes[leftmost[k], 0]:
            leftmost[k] = i
    outside = count
    for k in range(count):
        i = leftmost[k]
        if i < 0:
            continue
        x = boxes[i, 0]
        if shape[i, 0] <= x + 1e-9:
            y = shape[i, 1]
        elif shape[i, 2] <= x + 1e-9:
            y = shape[i, 3]
        else:
            y = shape[i, 5]
        if _normal_x(shape, arc, i, x, y) > -0.99:
            # The leftmost point of a ground, not of an island in one: nothing to join.
            continue
        j, at = _ray(pieces, x, y, curve, k)
        if j < 0:
            unite(parent, k, outside)
        elif _normal_x(shape, arc, j, at, y) > -0.01:
            # Otherwise the ray came out of a building: the curve lies inside one that overlaps its wall.
            unite(parent, k, curve[j])
    for i in range(count + 1):
        parent[i] = find_root(parent, i)
    return parent


@compiled
def _locate(counted: Pieces, points: Floats, ground: Ints) -> Ints:
    """Return the ground in which each point lies; -1 inside a building or nearer to one than an engine's centre."""
    pieces = _lent(counted)
    shape, arc = pieces.shape, pieces.arc
    ground = uncounted(ground)
    out = np.empty(len(points), np.int64)
    for n in range(len(points)):
        x, y = points[n, 0], points[n, 1]
        i, at = _ray(pieces, x, y, ground, -1)
        if i < 0:
            out[n] = ground[len(shape)]
        elif _normal_x(shape, arc, i, at, y) > 0.0:
            out[n] = ground[i]
        else:
            out[n] = -1
    return out


class Faces:
    """The separate grounds that the boundary bounds.

    Attributes
    ----------
    ground
        The ground of each piece of the boundary, and last that of the open country outside the data. Numbers
        stand for nothing but equality.

    """

    def __init__(self, boundary: OffsetBoundary) -> None:
        self._shape = np.ascontiguousarray(boundary.shape)
        self._arc = boundary.arc
        self.boxes = _boxes(self._shape, self._arc)
        self._grid = grid_shape(self.boxes, 4.0)
        cells = Cells(*_fill_boxes(self.boxes, self._grid, 2 * _SNAP_M))
        self._pieces = Pieces(self._shape, self._arc, self.boxes, self._grid, cells)
        self.ground = _nest(self._pieces, _link(self._pieces, _SNAP_M))

    @property
    def outside(self) -> int:
        """The ground that reaches beyond the data."""
        return int(self.ground[-1])

    def locate(self, points: Floats) -> Ints:
        """Return the ground in which each point lies; -1 where an engine's centre cannot stand."""
        return _locate(self._pieces, np.ascontiguousarray(points, dtype=np.float64), self.ground)
