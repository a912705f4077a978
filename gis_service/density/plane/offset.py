"""The offset boundary of the ground where an engine's centre can stand: all points at half its width from the walls.

The offset boundary is computed exactly, wall by wall: the line that runs at distance r outside a wall, and the arc of
radius r round an outer corner, less what lies nearer than r to any other wall. So a lane of 3.99 m is shut
and one of 4.01 m open, whatever their direction; no raster and no polygon for an arc is involved.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.arrays import Floats, Ints
from gis_service.density.compute.compiled import compiled, uncounted
from gis_service.density.plane.grid import Segments, cell_range, foot_on, grid_fill, grid_shape

Segment = tuple[float, float, float, float]

SHUT_M = 5e-7
"""A passage is shut when it is narrower than the width by more than this: a lane of exactly 4 m is open."""
_SLOTS = 4096
"""Free stretches of one wall or road piece that are kept apart: a hall a kilometre long has some hundred."""
_LEAST = 1e-7
_ALMOST_BACK = 3.0
"""Radians of a turn from which an arc's tangents meet too far away to be of use."""


class OffsetBoundary(NamedTuple):
    """Pieces of the offset boundary, lines and arcs.

    Attributes
    ----------
    shape
        One row a piece: its ends x1, y1, x2, y2; then for a line its outward normal and the stretch along
        its wall in metres, for an arc its centre and its angles in radians (ascending).
    arc
        Whether the piece is an arc.
    wall
        The wall that the piece runs along; for an arc, the wall that starts at the corner.
    cut
        Bit 1: the piece was cut at its first end by another wall; bit 2: at its second.

    """

    shape: Floats
    arc: NDArray[np.bool_]
    wall: Ints
    cut: NDArray[np.int8]


@compiled
def subtract(low: float, high: float, free: Floats, count: int) -> int:
    """Take the range low-high out of the ``count`` ranges in ``free``; return how many are left."""
    k = 0
    while k < count:
        a, b = free[k, 0], free[k, 1]
        if high <= a or low >= b:
            k += 1
            continue
        if low <= a and high >= b:
            count -= 1
            free[k, 0], free[k, 1] = free[count, 0], free[count, 1]
            continue
        if low > a and high < b:
            if count < len(free):
                free[count, 0], free[count, 1] = high, b
                count += 1
            free[k, 1] = low
        elif low <= a:
            free[k, 0] = high
        else:
            free[k, 1] = low
        k += 1
    return count


@compiled
def cover_line(px: float, py: float, dx: float, dy: float, segment: Segment, near: float) -> tuple[float, float]:
    """Return the stretch of the line p + t d (d of length 1) nearer than ``near`` metres to a segment a-b.

    The set is convex, so it is one stretch; an empty one has its low end above its high end.
    """
    ax, ay, bx, by = segment
    low, high = np.inf, -np.inf
    u1, v1 = (ax - px) * dx + (ay - py) * dy, (ay - py) * dx - (ax - px) * dy
    u2, v2 = (bx - px) * dx + (by - py) * dy, (by - py) * dx - (bx - px) * dy
    if min(v1, v2) >= near or max(v1, v2) <= -near:
        return low, high
    if abs(v1) < near:
        half = math.sqrt(near * near - v1 * v1)
        low, high = u1 - half, u1 + half
    if abs(v2) < near:
        half = math.sqrt(near * near - v2 * v2)
        low, high = min(low, u2 - half), max(high, u2 + half)
    # Between the ends: the points of the line whose foot falls on the segment's inside.
    eu, ev = u2 - u1, v2 - v1
    length = math.sqrt(eu * eu + ev * ev)
    eu, ev = eu / length, ev / length
    s0, s1 = -np.inf, np.inf
    # 0 <= (t - u1) eu - v1 ev <= length, and |(t - u1) ev + v1 eu| < near.
    if abs(eu) > 1e-15:
        one, two = u1 + v1 * ev / eu, u1 + (length + v1 * ev) / eu
        s0, s1 = max(s0, min(one, two)), min(s1, max(one, two))
    elif not 0.0 <= -v1 * ev <= length:
        return low, high
    if abs(ev) > 1e-15:
        one, two = u1 + (near - v1 * eu) / ev, u1 + (-near - v1 * eu) / ev
        s0, s1 = max(s0, min(one, two)), min(s1, max(one, two))
    elif abs(v1 * eu) >= near:
        return low, high
    if s0 < s1:
        low, high = min(low, s0), max(high, s1)
    return low, high


@compiled
def _turned(angle: float) -> float:
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


@compiled
def _cover_circle(px: float, py: float, r: float, segment: Segment, near: float) -> tuple[float, float]:
    """Return the angles of the circle of radius r round p that lie nearer than ``near`` (about r) to a segment a-b."""
    ax, ay, bx, by = segment
    fx, fy = foot_on(px, py, ax, ay, bx, by)
    gap = math.hypot(fx - px, fy - py)
    if gap >= r + near:
        return 1.0, 0.0
    length = math.hypot(bx - ax, by - ay)
    ex, ey = (bx - ax) / length, (by - ay) / length
    along = (px - ax) * ex + (py - ay) * ey
    if gap > 1e-6:
        middle = math.atan2(fy - py, fx - px)
    elif 1e-6 < along < length - 1e-6:
        return -math.pi, math.pi
    else:
        middle = math.atan2((ay + by) / 2 - py, (ax + bx) / 2 - px)
    low, high = np.inf, -np.inf
    for end in range(3):
        qx, qy = (ax, ay) if end == 0 else ((bx, by) if end == 1 else (fx, fy))
        rho = math.hypot(qx - px, qy - py)
        if rho < 1e-6 or rho >= r + near:
            continue
        cosine = (r * r + rho * rho - near * near) / (2 * r * rho)
        if cosine >= 1.0:
            continue
        half = math.acos(cosine)
        at = _turned(math.atan2(qy - py, qx - px) - middle)
        low, high = min(low, at - half), max(high, at + half)
    # Where the straight sides of the wall's surroundings cut the circle.
    height = (py - ay) * ex - (px - ax) * ey
    base = math.atan2(ey, ex)
    for side in range(2):
        sine = ((near if side == 0 else -near) - height) / r
        if abs(sine) > 1.0:
            continue
        one = math.asin(sine)
        for other in range(2):
            angle = one if other == 0 else math.pi - one
            if 0.0 <= along + r * math.cos(angle) <= length:
                at = _turned(base + angle - middle)
                low, high = min(low, at), max(high, at)
    return middle + low, middle + high


@compiled
def _box_of_arc(px: float, py: float, first: float, turn: float, r: float) -> tuple[float, float, float, float]:
    """Return a box (left, right, low, high) round an arc: it lies between its ends and where its tangents meet."""
    if turn > _ALMOST_BACK:
        return px - r, px + r, py - r, py + r
    middle, far = first + turn / 2, r / math.cos(turn / 2)
    x0, x1, x2 = r * math.cos(first), r * math.cos(first + turn), far * math.cos(middle)
    y0, y1, y2 = r * math.sin(first), r * math.sin(first + turn), far * math.sin(middle)
    return (
        px + max(min(x0, x1, x2), -r) - _LEAST,
        px + min(max(x0, x1, x2), r) + _LEAST,
        py + max(min(y0, y1, y2), -r) - _LEAST,
        py + min(max(y0, y1, y2), r) + _LEAST,
    )


@compiled
def _rim(  # noqa: C901, PLR0912, PLR0915
    own: Ints, before: Ints, r: float, near: float, grid: Segments, free: Floats
) -> tuple[Floats, NDArray[np.bool_], Ints, NDArray[np.int8], int]:
    """Return the pieces of the offset boundary (as ``OffsetBoundary``), and how many there are.

    ``own`` (int64) are rows of the grid's segments, ``before`` (int64) the wall before each; ``r`` is the offset in metres,
    and what lies nearer than ``near`` to a wall is covered. ``free`` (slots, 2) float64 is scratch that outlives the loop.
    """
    ends, shape, start, items = grid.ends, grid.shape, grid.cells.start, grid.cells.items
    free = uncounted(free)
    room = 4 * len(own) + 64
    out, arc = np.empty((room, 8)), np.empty(room, np.bool_)
    wall, cut = np.empty(room, np.int64), np.empty(room, np.int8)
    made = 0
    seen = np.full(len(ends), -1, np.int64)
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    for kind in range(2):
        for number in range(len(own)):
            i = own[number]
            ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
            length = math.hypot(bx - ax, by - ay)
            dx, dy = (bx - ax) / length, (by - ay) / length
            h = before[i]
            if kind == 0:
                ox, oy = ax + r * dy, ay - r * dx
                zx, zy = bx + r * dy, by - r * dx
                free[0, 0], free[0, 1] = 0.0, length
                left, right, low, high = min(ox, zx), max(ox, zx), min(oy, zy), max(oy, zy)
                turn, first = 0.0, 0.0
            else:
                ux, uy = ax - ends[h, 0], ay - ends[h, 1]
                turn = math.atan2(ux * dy - uy * dx, ux * dx + uy * dy)
                if turn <= _LEAST:
                    continue
                first = math.atan2(-ux, uy)
                free[0, 0], free[0, 1] = 0.0, turn
                ox, oy, zx, zy = ax, ay, ax, ay
                left, right, low, high = _box_of_arc(ax, ay, first, turn, r)
            count = 1
            c0, c1 = cell_range(left - near, right + near, x0, cell, nx)
            r0, r1 = cell_range(low - near, high + near, y0, cell, ny)
            mark = 2 * number + kind
            for row in range(r0, r1 + 1):
                for column in range(c0, c1 + 1):
                    k = row * nx + column
                    for at in range(start[k], start[k + 1]):
                        j = items[at]
                        if j == i or (kind == 1 and j == h) or seen[j] == mark:
                            continue
                        seen[j] = mark
                        cx, cy, ex, ey = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
                        if (
                            min(cx, ex) >= right + near
                            or max(cx, ex) <= left - near
                            or min(cy, ey) >= high + near
                            or max(cy, ey) <= low - near
                        ):
                            continue
                        if kind == 0:
                            s, t = cover_line(ox, oy, dx, dy, (cx, cy, ex, ey), near)
                            if s < t:
                                count = subtract(s, t, free, count)
                        else:
                            s, t = _cover_circle(ax, ay, r, (cx, cy, ex, ey), near)
                            if s < t:
                                s, t = s - first, t - first
                                back = 2 * math.pi * math.floor((s + math.pi) / (2 * math.pi))
                                s, t = s - back, t - back
                                for round_ in range(-1, 2):
                                    more = 2 * math.pi * round_
                                    count = subtract(s + more, t + more, free, count)
                        if count == 0:
                            break
                    if count == 0:
                        break
                if count == 0:
                    break
            for k in range(count):
                s, t = free[k, 0], free[k, 1]
                if t - s < _LEAST:
                    continue
                if made == room:
                    room *= 2
                    wider, kinds = np.empty((room, 8)), np.empty(room, np.bool_)
                    along, ends_cut = np.empty(room, np.int64), np.empty(room, np.int8)
                    wider[:made], kinds[:made], along[:made], ends_cut[:made] = out, arc, wall, cut
                    out, arc, wall, cut = wider, kinds, along, ends_cut
                whole = length if kind == 0 else turn
                cut[made] = (1 if s > 0.0 else 0) + (2 if t < whole else 0)
                wall[made], arc[made] = i, kind == 1
                if kind == 0:
                    out[made, 0], out[made, 1] = ox + s * dx, oy + s * dy
                    out[made, 2], out[made, 3] = ox + t * dx, oy + t * dy
                    out[made, 4], out[made, 5], out[made, 6], out[made, 7] = dy, -dx, s, t
                else:
                    s, t = s + first, t + first
                    out[made, 0], out[made, 1] = ax + r * math.cos(s), ay + r * math.sin(s)
                    out[made, 2], out[made, 3] = ax + r * math.cos(t), ay + r * math.sin(t)
                    out[made, 4], out[made, 5], out[made, 6], out[made, 7] = ax, ay, s, t
                made += 1
    return out[:made].copy(), arc[:made].copy(), wall[:made].copy(), cut[:made].copy(), made


def offset_boundary(own: Ints, ends: Floats, before: Ints, width_m: float) -> OffsetBoundary:
    """Find the offset boundary along the walls ``own`` (rows of ``ends``), seen among all walls given.

    Parameters
    ----------
    own
        The walls whose offset boundary is wanted.
    ends, before
        Walls as in `Walls`; all walls within ``width_m`` of the wanted ones must be there. ``before`` counts
        rows of ``ends``.
    width_m
        Width of what must pass, in metres.

    """
    shape = grid_shape(ends, max(width_m, 2.0))
    r = width_m / 2
    out, arc, wall, cut, _ = _rim(
        own, before, r, r - SHUT_M, Segments(ends, shape, grid_fill(ends, shape)), np.empty((_SLOTS, 2))
    )
    return OffsetBoundary(out, arc, wall, cut)


@compiled
def _uncovered(lines: Floats, near: float, grid: Segments) -> Floats:
    """Return the middles of the stretches of ``lines`` that keep ``near`` metres from all registered walls."""
    ends, shape, start, items = grid.ends, grid.shape, grid.cells.start, grid.cells.items
    room = 4 * len(lines) + 64
    out = np.empty((room, 2))
    made = 0
    free = np.empty((_SLOTS, 2))
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    for i in range(len(lines)):
        ax, ay, bx, by = lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3]
        length = math.hypot(bx - ax, by - ay)
        if length == 0.0:
            continue
        dx, dy = (bx - ax) / length, (by - ay) / length
        free[0, 0], free[0, 1] = 0.0, length
        count = 1
        c0, c1 = cell_range(min(ax, bx) - near, max(ax, bx) + near, x0, cell, nx)
        r0, r1 = cell_range(min(ay, by) - near, max(ay, by) + near, y0, cell, ny)
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                k = row * nx + column
                for at in range(start[k], start[k + 1]):
                    j = items[at]
                    s, t = cover_line(ax, ay, dx, dy, (ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]), near)
                    if s < t:
                        count = subtract(s, t, free, count)
        for k in range(count):
            if free[k, 1] - free[k, 0] > _LEAST:
                if made == room:
                    room *= 2
                    more = np.empty((room, 2))
                    more[:made] = out
                    out = more
                middle = (free[k, 0] + free[k, 1]) / 2
                out[made, 0], out[made, 1] = ax + middle * dx, ay + middle * dy
                made += 1
    return out[:made].copy()


def clear_points(lines: Floats, ends: Floats, width_m: float) -> Floats:
    """Return one point on every stretch of ``lines`` that stays ``width_m`` / 2 clear of all walls.

    Parameters
    ----------
    lines, ends
        Segments of the roads and walls of the buildings: x1, y1, x2, y2 in metres.

    """
    # Long road segments would ask for huge blocks of cells: 25 m pieces keep each search small.
    span = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1])
    parts = np.maximum(np.ceil(span / 25.0), 1).astype(np.int64)
    which = np.repeat(np.arange(len(lines)), parts)
    step = np.arange(int(parts.sum())) - np.repeat(np.cumsum(parts) - parts, parts)
    s, t = (step / parts[which])[:, None], ((step + 1) / parts[which])[:, None]
    a, b = lines[which, :2], lines[which, 2:]
    pieces = np.ascontiguousarray(np.hstack([a + s * (b - a), a + t * (b - a)]))
    shape = grid_shape(ends, max(width_m, 2.0))
    return _uncovered(pieces, width_m / 2 - SHUT_M, Segments(ends, shape, grid_fill(ends, shape)))
