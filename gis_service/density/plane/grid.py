"""A flat grid over line segments, built and asked by compiled loops.

Cells are square. ``start`` and ``items`` are compressed rows: the segments that pass cell ``c`` are
``items[start[c]:start[c + 1]]``. ``shape`` is (x0, y0, cell, columns, rows), coordinates in metres.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.arrays import Floats, Ints
from gis_service.density.compute.compiled import compiled

_SLACK_M = 1e-6
"""Segments are registered this much wider, so that rounding at a cell's edge loses none."""


class Cells(NamedTuple):
    """What lies in each cell of a grid: ``items[start[k]:start[k + 1]]`` are the rows in cell k; whole numbers."""

    start: NDArray[np.integer]
    items: NDArray[np.integer]


class Segments(NamedTuple):
    """Segments registered in a grid.

    Attributes
    ----------
    ends
        (n, 4) float64: x1, y1, x2, y2 in metres.
    shape
        (5,) float64: x0, y0, side of a cell in metres, cells along x, along y; cell k = row * nx + column.
    cells
        Rows of ``ends`` by cell.

    """

    ends: Floats
    shape: Floats
    cells: Cells


def grid_shape(boxes: Floats, cell_m: float, most: int = 0) -> Floats:
    """Return the grid that covers ``boxes`` (x0, y0, x1, y1), with cells of at least ``cell_m`` metres.

    Cells grow where the extent is vast and nearly empty: never more than ``most`` of them (by default eight
    a box and a million besides).
    """
    if not len(boxes):
        return np.array([0.0, 0.0, cell_m, 1.0, 1.0])
    low, high = boxes[:, :2].min(axis=0) - 1e-3, boxes[:, 2:].max(axis=0) + 1e-3
    most = most or 8 * len(boxes) + 1_000_000
    wide, tall = high - low
    cell = max(cell_m, math.sqrt(wide * tall / most), max(wide, tall) / most)
    return np.array([low[0], low[1], cell, math.floor(wide / cell) + 1.0, math.floor(tall / cell) + 1.0])


@compiled
def _clamp(value: float, count: int) -> int:
    at = math.floor(value)
    return 0 if at < 0 else (count - 1 if at >= count else at)


@compiled
def row_span(ax: float, ay: float, bx: float, by: float, low: float, high: float) -> tuple[float, float]:
    """Return the smallest and largest x of segment a-b between the heights ``low`` and ``high``."""
    if ay == by:
        return min(ax, bx), max(ax, bx)
    s = min(max((low - ay) / (by - ay), 0.0), 1.0)
    t = min(max((high - ay) / (by - ay), 0.0), 1.0)
    x, z = ax + s * (bx - ax), ax + t * (bx - ax)
    return min(x, z), max(x, z)


@compiled
def grid_fill(ends: Floats, shape: Floats) -> Cells:
    """Register segments (rows x1, y1, x2, y2) in the cells that they pass."""
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    start = np.zeros(nx * ny + 1, np.int64)
    items = np.empty(0, np.int32)
    for turn in range(2):
        for i in range(len(ends)):
            ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
            r0 = _clamp((min(ay, by) - _SLACK_M - y0) / cell, ny)
            r1 = _clamp((max(ay, by) + _SLACK_M - y0) / cell, ny)
            for r in range(r0, r1 + 1):
                low, high = y0 + r * cell - _SLACK_M, y0 + (r + 1) * cell + _SLACK_M
                left, right = row_span(ax, ay, bx, by, low, high)
                c0 = _clamp((left - _SLACK_M - x0) / cell, nx)
                c1 = _clamp((right + _SLACK_M - x0) / cell, nx)
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
    return Cells(start, items)


@compiled
def grid_fill_points(x: Floats, y: Floats, shape: Floats) -> Cells:
    """Register points in the cell that holds each."""
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    start = np.zeros(nx * ny + 1, np.int64)
    at = np.empty(len(x), np.int64)
    for i in range(len(x)):
        at[i] = _clamp((y[i] - y0) / cell, ny) * nx + _clamp((x[i] - x0) / cell, nx)
        start[at[i] + 1] += 1
    for k in range(nx * ny):
        start[k + 1] += start[k]
    items = np.empty(len(x), np.int32)
    nxt = start[:-1].copy()
    for i in range(len(x)):
        items[nxt[at[i]]] = i
        nxt[at[i]] += 1
    return Cells(start, items)


@compiled
def cell_range(low: float, high: float, origin: float, cell: float, count: int) -> tuple[int, int]:
    """Return the first and last cell of a range on one axis, held inside the grid."""
    return _clamp((low - origin) / cell, count), _clamp((high - origin) / cell, count)


@compiled
def foot_on(px: float, py: float, ax: float, ay: float, bx: float, by: float) -> tuple[float, float]:
    """Return the point of segment a-b nearest to p."""
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    if square == 0.0:
        return ax, ay
    t = min(max(((px - ax) * dx + (py - ay) * dy) / square, 0.0), 1.0)
    return ax + t * dx, ay + t * dy


@compiled
def _meet(px: float, py: float, qx: float, qy: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Say whether the closed segments p-q and a-b meet; a-b counts as a millionth longer at both ends."""
    dx, dy, ex, ey = qx - px, qy - py, bx - ax, by - ay
    wx, wy = ax - px, ay - py
    turn = dx * ey - dy * ex
    reach = (abs(dx) + abs(dy)) * (abs(ex) + abs(ey))
    if abs(turn) <= 1e-12 * reach:
        square = dx * dx + dy * dy
        if square == 0.0 or abs(wx * dy - wy * dx) > 1e-7 * math.sqrt(square):
            return False
        s = (wx * dx + wy * dy) / square
        t = s + (ex * dx + ey * dy) / square
        return max(s, t) >= 0.0 and min(s, t) <= 1.0
    t = (wx * ey - wy * ex) / turn
    if t < -1e-9 or t > 1.0 + 1e-9:
        return False
    s = (wx * dy - wy * dx) / turn
    return -1e-6 <= s <= 1.0 + 1e-6


@compiled
def _blocker(px: float, py: float, qx: float, qy: float, grid: Segments) -> int:
    """Return a registered segment that meets the straight line from p to q, -1 if none does."""
    ends, shape, start, items = grid.ends, grid.shape, grid.cells.start, grid.cells.items
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    r0, r1 = _clamp((py - y0) / cell, ny), _clamp((qy - y0) / cell, ny)
    step = 1 if r1 >= r0 else -1
    for r in range(r0, r1 + step, step):
        left, right = row_span(px, py, qx, qy, y0 + r * cell - _SLACK_M, y0 + (r + 1) * cell + _SLACK_M)
        c0, c1 = cell_range(left, right, x0, cell, nx)
        for c in range(c0, c1 + 1):
            # Walk from p's side: in dense ground the first walls answer.
            k = r * nx + (c if qx >= px else c1 + c0 - c)
            for at in range(start[k], start[k + 1]):
                i = items[at]
                if _meet(px, py, qx, qy, ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]):
                    return int(i)
    return -1


@compiled
def blocked(px: float, py: float, qx: float, qy: float, grid: Segments, recent: Ints) -> bool:
    """Say whether any registered segment meets the straight line from p to q.

    ``recent`` (int64) holds segments that met the lines before, -1 for none: the few walls round a yard block all its
    views.
    """
    ends = grid.ends
    for k in range(len(recent)):
        i = recent[k]
        if i >= 0 and _meet(px, py, qx, qy, ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]):
            if k > 0:
                recent[k], recent[k - 1] = recent[k - 1], i
            return True
    i = _blocker(px, py, qx, qy, grid)
    if i < 0:
        return False
    for k in range(len(recent) - 1, 0, -1):
        recent[k] = recent[k - 1]
    recent[0] = i
    return True
