"""The line at equal distance from two buildings, walked wall by wall; compiled.

From a point ``a`` on a wall of A with outward normal ``n`` a disc is blown up until it touches B. Its centre
p = a + t·n is at equal distance t from both, and by convexity of distance the least t over B's walls and corners
is the radius. Walking ``a`` along A's walls and turning ``n`` at its convex corners visits every such point once.
All lengths are metres; coordinates are taken relative to A's first corner, so results do not depend on where on
the earth (or in which tile) a pair lies.
"""

# Types are found by the compiler (numba) from the arrays that the Python callers pass.
# mypy: disable-error-code=no-untyped-def

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.density.compute.compiled import compiled_untyped

STEP = 0.2
"""Step along a wall in metres; ends of runs are found by bisection, so lengths do not depend on it."""

STEP_TURN = 0.1
"""Step of the normal at a corner in radians (at 2 m from the corner: 0.2 m)."""

OPEN_M = 0.005
"""Half the local width below which walls are in contact."""

GRAZE_M = 0.01
"""A foot's line may graze a third building by this much near its foot (walls of neighbours that share a corner)."""

DEEP = 1e-7

# What a point of the bisector is: not facing, facing but a third building stands in the line, a gap with a third
# building nearer than the two (counts for the pair, not for an alley), a gap with the two nearest.
OFF, HIDDEN, FLANKED, CLEAR = 0, 1, 2, 3


class Facing(NamedTuple):
    """When two walls face each other; 180° - 2φ is the smallest angle between the feet.

    Attributes
    ----------
    half_width_m
        Half the largest width.
    cos_feet, sin_half, cos_half
        cos 2φ, sin φ, cos φ.

    """

    half_width_m: float
    cos_feet: float
    sin_half: float
    cos_half: float


class Window(NamedTuple):
    """Walls that reach into a box.

    Attributes
    ----------
    walls
        (at least ``filled``, 7) float64: x0, y0, x1, y1 in metres from the pair's origin, the unit vector along the wall,
        its length in metres. The building lies on the left, so the outward normal is (uy, -ux).
    filled
        How many rows are filled.

    """

    walls: NDArray[np.float64]
    filled: int


class Scene(NamedTuple):
    """A pair of buildings A and B with all that can stand between them.

    Attributes
    ----------
    own, other, third
        Walls of A, of B, and of third buildings near the gap.
    facing
        When walls face each other.
    walls, start
        (walls, 4) float64 ends of all walls of the tile in metres, and (buildings + 1,) int64 first wall of each
        building: for telling whether a point lies in a building.
    x0, y0
        The pair's origin: A's first corner, in the metres of ``walls``.
    contact
        Row of B when A and B touch, so that parts of A may lie in B; else -1.
    covers, covering
        int64 rows of third buildings that touch both, so that they may lie over the gap; the first ``covering`` count.

    """

    own: Window
    other: Window
    third: Window
    facing: Facing
    walls: NDArray[np.float64]
    start: NDArray[np.int64]
    x0: float
    y0: float
    contact: int
    covers: NDArray[np.int64]
    covering: int


@compiled_untyped
def _first_touch(ax, ay, nx, ny, window, limit):
    """Return t and the touched point of a window's walls, t = inf when beyond ``limit`` (metres)."""
    walls, n = window.walls, window.filled
    best = limit
    fx = fy = 0.0
    found = False
    for i in range(n):
        x0, y0, ux, uy, length = walls[i, 0], walls[i, 1], walls[i, 4], walls[i, 5], walls[i, 6]
        vx, vy = x0 - ax, y0 - ay
        along = nx * vx + ny * vy
        if along > 0.0:
            t = (vx * vx + vy * vy) / (2.0 * along)
            if t < best:
                best, fx, fy, found = t, x0, y0, True
        # The wall's inside: its outward normal is (uy, -ux), so h > 0 when a stands before the wall.
        h = -vx * uy + vy * ux
        if h <= 0.0:
            continue
        toward = -(nx * uy - ny * ux)
        denominator = 1.0 + toward
        if denominator <= 1e-12 or h >= best * denominator:
            continue
        t = h / denominator
        s = (ax + t * nx - x0) * ux + (ay + t * ny - y0) * uy
        if 0.0 <= s <= length:
            best, found = t, True
            fx, fy = x0 + s * ux, y0 + s * uy
    if not found:
        return math.inf, 0.0, 0.0
    return best, fx, fy


@compiled_untyped
def _free(px, py, radius, window):
    """Say whether no wall comes nearer to p than ``radius`` (metres)."""
    walls, n = window.walls, window.filled
    for i in range(n):
        vx, vy = px - walls[i, 0], py - walls[i, 1]
        ux, uy = walls[i, 4], walls[i, 5]
        h = vx * uy - vy * ux
        if h >= radius or h <= -radius:
            continue
        s = vx * ux + vy * uy
        if s < 0.0:
            d = vx * vx + vy * vy
        elif s > walls[i, 6]:
            d = (px - walls[i, 2]) ** 2 + (py - walls[i, 3]) ** 2
        else:
            return False
        if d < radius * radius:
            return False
    return True


@compiled_untyped
def _inside(px, py, walls, first, last):
    odd = False
    for i in range(first, last):
        y0, y1 = walls[i, 1], walls[i, 3]
        if (y0 > py) != (y1 > py):
            x = walls[i, 0] + (py - y0) * (walls[i, 2] - walls[i, 0]) / (y1 - y0)
            if x > px:
                odd = not odd
    return odd


@compiled_untyped
def _crosses(px, py, qx, qy, length, window):
    """Say whether the line from p to the foot q crosses a wall, but for a graze at the foot."""
    walls, n = window.walls, window.filled
    dx, dy = (qx - px) / length, (qy - py) / length
    reach = length - GRAZE_M
    for i in range(n):
        x0, y0, x1, y1 = walls[i, 0], walls[i, 1], walls[i, 2], walls[i, 3]
        c0 = dx * (y0 - py) - dy * (x0 - px)
        c1 = dx * (y1 - py) - dy * (x1 - px)
        # Both ends on one side, or one exactly on the line: touching is no crossing.
        if (c0 <= DEEP and c1 <= DEEP) or (c0 >= -DEEP and c1 >= -DEEP):
            continue
        f = c0 / (c0 - c1)
        along = (x0 + f * (x1 - x0) - px) * dx + (y0 + f * (y1 - y0) - py) * dy
        if 0.0 < along < reach:
            return True
    return False


@compiled_untyped
def classify_point(scene, ax, ay, nx, ny):  # noqa: PLR0911 - each return is one verdict
    """Judge the bisector point seen from ``a`` on A's outline along its outward unit normal ``n``.

    Returns
    -------
    State (OFF .. CLEAR), t in metres, p.

    """
    t, fx, fy = _first_touch(ax, ay, nx, ny, scene.other, scene.facing.half_width_m)
    if t == math.inf or t < OPEN_M:
        return OFF, 0.0, ax, ay
    px, py = ax + t * nx, ay + t * ny
    if nx * (fx - px) + ny * (fy - py) < scene.facing.cos_feet * t:
        return OFF, t, px, py
    if not _free(px, py, t - DEEP, scene.own):
        return OFF, t, px, py
    walls, start, b = scene.walls, scene.start, scene.contact
    x, y = px + scene.x0, py + scene.y0
    # Where the two overlap, ``a`` may lie in B: its disc then begins beyond B's walls, or ends among them.
    if b >= 0 and (_inside(x, y, walls, start[b], start[b + 1]) or not _free(px, py, t - DEEP, scene.other)):
        return OFF, t, px, py
    for i in range(scene.covering):
        c = scene.covers[i]
        if _inside(x, y, walls, start[c], start[c + 1]):
            return HIDDEN, t, px, py
    if scene.third.filled == 0 or _free(px, py, t - DEEP, scene.third):
        return CLEAR, t, px, py
    if _crosses(px, py, ax, ay, t, scene.third) or _crosses(px, py, fx, fy, t, scene.third):
        return HIDDEN, t, px, py
    return FLANKED, t, px, py


@compiled_untyped
def gather(walls, first, last, x0, y0, box, out, n):
    """Copy the walls first .. last that reach into a box behind the ``n`` rows of ``out`` (a ``Window``'s).

    ``box`` is (4,) float64: xmin, ymin, xmax, ymax in metres from (x0, y0). Returns ``out``, grown where it was too
    small, and the count.
    """
    for i in range(first, last):
        ax, ay, bx, by = walls[i, 0] - x0, walls[i, 1] - y0, walls[i, 2] - x0, walls[i, 3] - y0
        if max(ax, bx) < box[0] or min(ax, bx) > box[2] or max(ay, by) < box[1] or min(ay, by) > box[3]:
            continue
        if n == out.shape[0]:
            bigger = np.empty((2 * n + 8, 7))
            bigger[:n] = out
            out = bigger
        dx, dy = bx - ax, by - ay
        length = math.sqrt(dx * dx + dy * dy)
        out[n, 0], out[n, 1], out[n, 2], out[n, 3] = ax, ay, bx, by
        out[n, 4], out[n, 5], out[n, 6] = dx / length, dy / length, length
        n += 1
    return out, n


@compiled_untyped
def clip(x0, y0, x1, y1, box):
    """Return the part of a wall inside a box (as of ``gather``) as two shares of its length; (1, 0) for none."""
    lo, hi = 0.0, 1.0
    for axis in range(2):
        p = x0 if axis == 0 else y0
        d = (x1 - x0) if axis == 0 else (y1 - y0)
        low, high = box[axis], box[axis + 2]
        if d == 0.0:
            if p < low or p > high:
                return 1.0, 0.0
            continue
        s, e = (low - p) / d, (high - p) / d
        if s > e:
            s, e = e, s
        lo, hi = max(lo, s), min(hi, e)
    return lo, hi
