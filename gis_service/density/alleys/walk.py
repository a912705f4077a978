"""Walk the bisectors of many pairs and measure them; compiled. Python callers use ``gaps``."""

# Types are found by the compiler (numba) from the arrays that the Python callers pass.
# mypy: disable-error-code="no-untyped-def, arg-type"

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.density.alleys.bisector import (
    CLEAR,
    FLANKED,
    HIDDEN,
    OFF,
    STEP,
    STEP_TURN,
    Scene,
    Window,
    classify_point,
    clip,
    gather,
)
from gis_service.density.compute.compiled import compiled_untyped, uncounted

JOIN_M = 0.02
"""Two ends of the walk this near one another are the same place (a corner of 180° and a little more)."""

STRAIGHT_M = 0.01
"""A centreline is thinned to this, in place and in half width alike."""

SHORT_M = 1e-3
"""A run shorter than this is where two others meet, no run."""

HALVINGS = 11
"""Ends are found to the step over 2^11: a tenth of a millimetre."""


class Neighbours(NamedTuple):
    """Buildings within the largest width of each building.

    Attributes
    ----------
    offsets
        (buildings + 1,) int64: ``others[offsets[i]:offsets[i + 1]]`` are those of building i, ascending.
    others, near
        int64 rows, and bool: whether the two touch.

    """

    offsets: NDArray[np.int64]
    others: NDArray[np.int64]
    near: NDArray[np.bool_]


class Chosen(NamedTuple):
    """The pairs to trace: rows ``a`` < ``b`` (int64), and whether the two touch (bool)."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    touching: NDArray[np.bool_]


class Piece(NamedTuple):
    """One wall, or the turn of the normal at one convex corner, of A; metres from the pair's origin.

    Attributes
    ----------
    turns
        Whether it is a corner.
    x, y, dx, dy
        A wall's begin and its vector; of a corner the point, and nought.
    nx, ny
        The outward unit normal of the wall, or where the corner begins to turn it.
    turn
        By how many radians the corner turns it.

    """

    turns: bool
    x: float
    y: float
    dx: float
    dy: float
    nx: float
    ny: float
    turn: float


class Common(NamedTuple):
    """Common neighbours of a pair: int64 rows, whether each touches both (bool), how many are filled."""

    buildings: NDArray[np.int64]
    touching: NDArray[np.bool_]
    filled: int


class Lines(NamedTuple):
    """Stretches of bisectors as they are collected; arrays grow as they fill.

    Attributes
    ----------
    xyt, points
        (·, 3) float64: x, y in metres of the work CRS and half the local width; how many are filled.
    of, sums, filled
        (·, 3) int64: pair, first and last (excluded) point of each line; (·, 4) float64: its length, ∫width, ∫sky view,
        least width; how many are filled.
    stack
        (·, 2) int64 scratch of the thinning.

    """

    xyt: NDArray[np.float64]
    points: int
    of: NDArray[np.int64]
    sums: NDArray[np.float64]
    filled: int
    stack: NDArray[np.int64]


@compiled_untyped
def _grown(array, n):
    if n < array.shape[0]:
        return array
    bigger = np.empty((2 * array.shape[0], array.shape[1]), array.dtype)
    bigger[: array.shape[0]] = array
    return bigger


@compiled_untyped
def _put(track, n, state, t, x, y):
    """Append a point (x, y, t, state) to the track; a break is a point with state OFF."""
    if state == OFF and (n == 0 or track[n - 1, 3] == OFF):
        return track, n
    track = _grown(track, n)
    track[n, 0], track[n, 1], track[n, 2], track[n, 3] = x, y, t, state
    return track, n + 1


@compiled_untyped
def _at(piece, u):
    """Return the point on A's outline and its normal at share ``u`` of a wall or of a corner's turn."""
    if not piece.turns:
        return piece.x + u * piece.dx, piece.y + u * piece.dy, piece.nx, piece.ny
    turn = u * piece.turn
    c, s = math.cos(turn), math.sin(turn)
    return piece.x, piece.y, c * piece.nx - s * piece.ny, s * piece.nx + c * piece.ny


@compiled_untyped
def _along(scene, piece, lo, hi, steps, track, n):
    """Walk one wall or one corner of A from share lo to hi, with exact ends of every run."""
    ax, ay, nx, ny = _at(piece, lo)
    old, ot, ox, oy = classify_point(scene, ax, ay, nx, ny)
    if old != OFF and n > 0 and track[n - 1, 3] != OFF:
        gap = (track[n - 1, 0] - ox) ** 2 + (track[n - 1, 1] - oy) ** 2
        if gap > JOIN_M * JOIN_M:
            track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
    track, n = _put(track, n, old, ot, ox, oy)
    u = lo
    for step in range(1, steps + 1):
        v = lo + (hi - lo) * step / steps
        ax, ay, nx, ny = _at(piece, v)
        new, t, x, y = classify_point(scene, ax, ay, nx, ny)
        changes = 0
        while new != old and changes < 4:
            changes += 1
            near, far = u, v
            fs, ft, fx, fy = new, t, x, y
            for _ in range(HALVINGS):
                middle = 0.5 * (near + far)
                ax, ay, nx, ny = _at(piece, middle)
                ms, mt, mx, my = classify_point(scene, ax, ay, nx, ny)
                if ms == old:
                    near, ot, ox, oy = middle, mt, mx, my
                else:
                    far, fs, ft, fx, fy = middle, ms, mt, mx, my
            track, n = _put(track, n, old, ot, ox, oy)
            track, n = _put(track, n, fs, ft, fx, fy)
            old, ot, ox, oy, u = fs, ft, fx, fy, far
        track, n = _put(track, n, new, t, x, y)
        old, ot, ox, oy, u = new, t, x, y, v
    return track, n


@compiled_untyped
def _sky(t, ha, hb):
    return 0.5 * (1.0 / math.sqrt(1.0 + (ha / t) ** 2) + 1.0 / math.sqrt(1.0 + (hb / t) ** 2))


@compiled_untyped
def measure(track, first, last, ha, hb):
    """Return length, ∫width, ∫sky view and the least width of points first..last (nan sky without heights)."""
    length = width = sky = 0.0
    least = 2.0 * track[first, 2]
    before = _sky(track[first, 2], ha, hb)
    for i in range(first + 1, last + 1):
        d = math.sqrt((track[i, 0] - track[i - 1, 0]) ** 2 + (track[i, 1] - track[i - 1, 1]) ** 2)
        length += d
        width += d * (track[i, 2] + track[i - 1, 2])
        here = _sky(track[i, 2], ha, hb)
        sky += 0.5 * d * (here + before)
        before = here
        least = min(least, 2.0 * track[i, 2])
    return length, width, sky, least


@compiled_untyped
def _thin(track, first, last, x0, y0, out, n, stack):
    """Append points first..last to ``out``, thinned (Douglas-Peucker in x, y and half width)."""
    keep = np.zeros(last - first + 1, np.bool_)
    keep[0] = keep[last - first] = True
    stack[0, 0], stack[0, 1] = first, last
    top = 1
    while top > 0:
        top -= 1
        i, j = stack[top, 0], stack[top, 1]
        dx, dy, dz = track[j, 0] - track[i, 0], track[j, 1] - track[i, 1], track[j, 2] - track[i, 2]
        square = dx * dx + dy * dy
        worst, at = STRAIGHT_M * STRAIGHT_M, -1
        for k in range(i + 1, j):
            ex, ey, ez = track[k, 0] - track[i, 0], track[k, 1] - track[i, 1], track[k, 2] - track[i, 2]
            s = (ex * dx + ey * dy) / square if square > 0.0 else 0.0
            s = min(1.0, max(0.0, s))
            d = (ex - s * dx) ** 2 + (ey - s * dy) ** 2 + (ez - s * dz) ** 2
            if d > worst:
                worst, at = d, k
        if at >= 0:
            keep[at - first] = True
            if top + 2 > stack.shape[0]:
                stack = _grown(stack, stack.shape[0])
            stack[top, 0], stack[top, 1] = i, at
            stack[top + 1, 0], stack[top + 1, 1] = at, j
            top += 2
    for k in range(first, last + 1):
        if keep[k - first]:
            out = _grown(out, n)
            out[n, 0], out[n, 1], out[n, 2] = track[k, 0] + x0, track[k, 1] + y0, track[k, 2]
            n += 1
    return out, n, stack


@compiled_untyped
def _common(neighbours, a, b, found):
    """List the common neighbours of a and b in the arrays of ``found``."""
    offsets, others, near = neighbours.offsets, neighbours.others, neighbours.near
    buildings, touching = found.buildings, found.touching
    i, j = offsets[a], offsets[b]
    n = 0
    while i < offsets[a + 1] and j < offsets[b + 1]:
        if others[i] == others[j]:
            if n == buildings.shape[0]:
                bigger, flags = np.empty(2 * n, buildings.dtype), np.empty(2 * n, touching.dtype)
                bigger[:n], flags[:n] = buildings, touching
                buildings, touching = bigger, flags
            buildings[n] = others[i]
            touching[n] = near[i] and near[j]
            n += 1
            i += 1
            j += 1
        elif others[i] < others[j]:
            i += 1
        else:
            j += 1
    return Common(buildings, touching, n)


@compiled_untyped
def _first_wall(walls, first, last, x0, y0, box):
    """Choose where to begin a ring: a wall that begins away from B, so that no run is cut in two."""
    for i in range(first, last):
        x, y = walls[i, 0] - x0, walls[i, 1] - y0
        if x < box[0] or x > box[2] or y < box[1] or y > box[3]:
            return i
    return -1


@compiled_untyped
def _opposite(ax, ay, ux, uy, length, other, facing):
    """Return the part of a wall of A (shares of its length) that any of B can face.

    With the feet at least 180° - 2φ apart as seen from p, the foot on B lies within φ of the normal at ``a`` and
    no farther than the largest width, so B must have a wall in the strip before this part.
    """
    wb, n = other.walls, other.filled
    depth = 2.0 * facing.half_width_m
    sway = depth * facing.sin_half
    lo, hi = length, 0.0
    for i in range(n):
        vx, vy, wx, wy = wb[i, 0] - ax, wb[i, 1] - ay, wb[i, 2] - ax, wb[i, 3] - ay
        h0, h1 = vx * uy - vy * ux, wx * uy - wy * ux
        if (h0 <= 0.0 and h1 <= 0.0) or (h0 > depth and h1 > depth):
            continue
        s0, s1 = vx * ux + vy * uy, wx * ux + wy * uy
        lo, hi = min(lo, s0, s1), max(hi, s0, s1)
    return max(0.0, lo - sway) / length, min(length, hi + sway) / length


@compiled_untyped
def _before_corner(x, y, nx, ny, mx, my, other, facing):
    """Say whether any of B can lie before a corner of A whose normal turns from (nx, ny) to (mx, my)."""
    wb, n = other.walls, other.filled
    depth, cosine = 2.0 * facing.half_width_m, facing.cos_half
    kx, ky = nx + mx, ny + my
    size = math.sqrt(kx * kx + ky * ky)
    # Half the turn and φ more, as a cosine: beyond it nothing faces this corner.
    if size > 1e-6:
        kx, ky = kx / size, ky / size
        half = kx * nx + ky * ny
        limit = half * cosine - math.sqrt(max(0.0, 1.0 - half * half)) * facing.sin_half
    else:
        limit = -2.0
    for i in range(n):
        vx, vy = x - wb[i, 0], y - wb[i, 1]
        ux, uy, length = wb[i, 4], wb[i, 5], wb[i, 6]
        h = vx * uy - vy * ux
        if h > depth or h < -depth:
            continue
        # The wall meets the sector when an end lies in it or the wall crosses its middle.
        px, py, qx, qy = -vx, -vy, length * ux - vx, length * uy - vy
        p, q = px * kx + py * ky, qx * kx + qy * ky
        c, d = kx * py - ky * px, kx * qy - ky * qx
        if (
            p >= limit * math.sqrt(px * px + py * py)
            or q >= limit * math.sqrt(qx * qx + qy * qy)
            or (c * d <= 0.0 and (p * abs(d) + q * abs(c)) >= 0.0)
        ):
            return True
    return False


@compiled_untyped
def _ring(scene, box, r0, r1, begin, track, n):
    """Walk one ring of A (walls r0 .. r1) from the wall ``begin``."""
    walls, x0, y0 = scene.walls, scene.x0, scene.y0
    size = r1 - r0
    for k in range(size):
        i = r0 + (begin - r0 + k) % size
        f = r0 + (i - r0 + 1) % size
        ax, ay, bx, by = walls[i, 0] - x0, walls[i, 1] - y0, walls[i, 2] - x0, walls[i, 3] - y0
        dx, dy = bx - ax, by - ay
        length = math.sqrt(dx * dx + dy * dy)
        ux, uy = dx / length, dy / length
        lo, hi = clip(ax, ay, bx, by, box)
        near, far = _opposite(ax, ay, ux, uy, length, scene.other, scene.facing)
        lo, hi = max(lo, near), min(hi, far)
        if hi > lo:
            steps = max(1, math.ceil((hi - lo) * length / STEP))
            if lo > 0.0:
                track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
            track, n = _along(scene, Piece(False, ax, ay, dx, dy, uy, -ux, 0.0), lo, hi, steps, track, n)
        else:
            track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
        if bx < box[0] or bx > box[2] or by < box[1] or by > box[3]:
            track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
            continue
        ex, ey = walls[f, 2] - walls[f, 0], walls[f, 3] - walls[f, 1]
        cross, dot = dx * ey - dy * ex, dx * ex + dy * ey
        turn = math.atan2(cross, dot)
        if turn > 1e-9:
            far = math.sqrt(ex * ex + ey * ey)
            if not _before_corner(bx, by, uy, -ux, ey / far, -ex / far, scene.other, scene.facing):
                track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
                continue
            steps = max(1, math.ceil(turn / STEP_TURN))
            track, n = _along(scene, Piece(True, bx, by, 0.0, 0.0, uy, -ux, turn), 0.0, 1.0, steps, track, n)
    track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
    return track, n


@compiled_untyped
def _walk_all(scene, a, after, box, track):
    """Walk all rings of building ``a``; return the track and its length."""
    start = scene.start
    n, r0 = 0, start[a]
    for i in range(start[a], start[a + 1]):
        if after[i] > i:
            continue
        begin = _first_wall(scene.walls, r0, i + 1, scene.x0, scene.y0, box)
        begin = begin if begin >= 0 else r0
        track, n = _ring(scene, box, r0, i + 1, begin, track, n)
        r0 = i + 1
    return track, n


@compiled_untyped
def _between(found, walls, start, origin, box, wc, covers):
    """Gather the walls of the third buildings, and list those that may lie over the gap."""
    nc = nv = 0
    if covers.shape[0] < found.filled:
        covers = np.empty(2 * found.filled, np.int64)
    for i in range(found.filled):
        c = found.buildings[i]
        wc, nc = gather(walls, start[c], start[c + 1], origin[0], origin[1], box, wc, nc)
        if found.touching[i]:
            covers[nv] = c
            nv += 1
    return wc, nc, covers, nv


@compiled_untyped
def _runs(track, n, floor, runs):
    """List the stretches of the track whose state is ``floor`` or better, as (first, last)."""
    count = i = 0
    while i < n:
        if track[i, 3] < floor:
            i += 1
            continue
        j = i
        while j + 1 < n and track[j + 1, 3] >= floor:
            j += 1
        runs = _grown(runs, count)
        runs[count, 0], runs[count, 1] = i, j
        count += 1
        i = j + 1
    return runs, count


@compiled_untyped
def _store(lines, k, track, runs, heights, origin):
    """Add the runs of pair k to ``lines``; return them, and length, ∫width and ∫sky of all runs together.

    ``runs`` are the array and the count of ``_runs``, ``heights`` those of A and B in metres, ``origin`` the pair's in the
    work CRS.
    """
    xyt, n, of, sums, count, stack = lines
    total = np.zeros(3)
    for r in range(runs[1]):
        first, last = runs[0][r, 0], runs[0][r, 1]
        length, wide, sky, least = measure(track, first, last, heights[0], heights[1])
        total[0] += length
        total[1] += wide
        total[2] += sky
        if length <= SHORT_M:
            continue
        of, sums = _grown(of, count), _grown(sums, count)
        of[count, 0], of[count, 1] = k, n
        xyt, n, stack = _thin(track, first, last, origin[0], origin[1], xyt, n, stack)
        of[count, 2] = n
        sums[count, 0], sums[count, 1], sums[count, 2], sums[count, 3] = length, wide, sky, least
        count += 1
    return Lines(xyt, n, of, sums, count, stack), total


@compiled_untyped
def _no_lines():
    return Lines(
        np.empty((1024, 3)), np.int64(0), np.empty((256, 3), np.int64), np.empty((256, 4)), np.int64(0),
        np.empty((256, 2), np.int64),
    )  # fmt: skip


@compiled_untyped
def trace_bisectors(walls, heights, neighbours, pairs, facing):
    """Walk the bisector of every pair.

    Parameters
    ----------
    walls
        ``plane.walls.Walls``.
    heights
        (buildings,) float64 in metres, nan when unknown.
    neighbours, pairs, facing
        ``Neighbours``, ``Chosen``, ``bisector.Facing``.

    Returns
    -------
    (pairs, 4) float64: facing length (whatever stands between), gap length, ∫width, ∫sky. Lines of gaps: points
    (x, y, t), and per line (pair, first, last). Lines of the pieces to which no third building is nearer: the same,
    and per piece length, ∫width, ∫sky, least width. Lengths in metres.

    """
    ends, after, start = uncounted(walls.ends), uncounted(walls.after), uncounted(walls.start)
    boxes, origin = uncounted(walls.boxes), walls.origin
    around = Neighbours(uncounted(neighbours.offsets), uncounted(neighbours.others), uncounted(neighbours.near))
    m = pairs.a.shape[0]
    figures = np.zeros((m, 4))
    gaps, pieces = _no_lines(), _no_lines()
    wa, wb, wc = np.empty((64, 7)), np.empty((64, 7)), np.empty((256, 7))
    track, runs = np.empty((512, 4)), np.empty((64, 2), np.int64)
    common = Common(np.empty(64, np.int64), np.empty(64, np.bool_), np.int64(0))
    covers, box = np.empty(64, np.int64), np.empty(4)
    width = 2.0 * facing.half_width_m
    for k in range(m):
        a, b = pairs.a[k], pairs.b[k]
        x0, y0 = ends[start[a], 0], ends[start[a], 1]
        box[0], box[1] = boxes[a, 0] - x0 - width, boxes[a, 1] - y0 - width
        box[2], box[3] = boxes[a, 2] - x0 + width, boxes[a, 3] - y0 + width
        wb, nb = gather(ends, start[b], start[b + 1], x0, y0, box, wb, 0)
        for axis in range(2):
            shift = x0 if axis == 0 else y0
            box[axis] = max(box[axis], boxes[b, axis] - shift - width)
            box[axis + 2] = min(box[axis + 2], boxes[b, axis + 2] - shift + width)
        wa, na = gather(ends, start[a], start[a + 1], x0, y0, box, wa, 0)
        if na == 0 or nb == 0:
            continue
        common = _common(around, a, b, common)
        wc, nc, covers, nv = _between(common, ends, start, (x0, y0), box, wc, covers)
        scene = Scene(
            Window(uncounted(wa), na), Window(uncounted(wb), nb), Window(uncounted(wc), nc), facing, ends, start,
            x0, y0, b if pairs.touching[k] else -1, uncounted(covers), nv,
        )  # fmt: skip
        walked, n = _walk_all(scene, a, after, uncounted(box), uncounted(track))
        if walked.shape[0] > track.shape[0]:
            # It had to grow, and is an array of its own.
            track = walked
        tall = heights[a], heights[b]
        at = x0 + origin[0], y0 + origin[1]
        runs, count = _runs(track, n, HIDDEN, runs)
        for r in range(count):
            figures[k, 0] += measure(track, runs[r, 0], runs[r, 1], tall[0], tall[1])[0]
        runs, count = _runs(track, n, FLANKED, runs)
        gaps, total = _store(gaps, k, track, (runs, count), tall, at)
        figures[k, 1], figures[k, 2], figures[k, 3] = total[0], total[1], total[2]
        runs, count = _runs(track, n, CLEAR, runs)
        pieces, total = _store(pieces, k, track, (runs, count), tall, at)
    return (
        figures, gaps.xyt[: gaps.points].copy(), gaps.of[: gaps.filled].copy(), pieces.xyt[: pieces.points].copy(),
        pieces.of[: pieces.filled].copy(), pieces.sums[: pieces.filled].copy(),
    )  # fmt: skip
