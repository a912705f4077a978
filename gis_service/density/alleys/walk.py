"""Walk the bisectors of many pairs and measure them; compiled. Python callers use ``gaps``."""

# Types are found by the compiler (numba) from the arrays that the Python callers pass.
# mypy: disable-error-code=no-untyped-def

from __future__ import annotations

import math

import numpy as np

from gis_service.density.alleys.bisector import CLEAR, FLANKED, HIDDEN, OFF, STEP, STEP_TURN, clip, gather, judge
from gis_service.density.compute.compiled import loop, uncounted

JOIN_M = 0.02
"""Two ends of the walk this near one another are the same place (a corner of 180° and a little more)."""

STRAIGHT_M = 0.01
"""A centreline is thinned to this, in place and in half width alike."""

SHORT_M = 1e-3
"""A run shorter than this is where two others meet, no run."""

HALVINGS = 11
"""Ends are found to the step over 2^11: a tenth of a millimetre."""


@loop
def _grown(array, n):
    if n < array.shape[0]:
        return array
    bigger = np.empty((2 * array.shape[0], array.shape[1]), array.dtype)
    bigger[: array.shape[0]] = array
    return bigger


@loop
def _put(track, n, state, t, x, y):
    """Append a point (x, y, t, state) to the track; a break is a point with state OFF."""
    if state == OFF and (n == 0 or track[n - 1, 3] == OFF):
        return track, n
    track = _grown(track, n)
    track[n, 0], track[n, 1], track[n, 2], track[n, 3] = x, y, t, state
    return track, n + 1


@loop
def _at(piece, u):
    """Return the point on A's outline and its normal at share ``u`` of a wall or of a corner's turn."""
    if piece[0] == 0.0:
        return piece[1] + u * piece[3], piece[2] + u * piece[4], piece[5], piece[6]
    turn = u * piece[7]
    c, s = math.cos(turn), math.sin(turn)
    return piece[1], piece[2], c * piece[5] - s * piece[6], s * piece[5] + c * piece[6]


@loop
def _along(piece, lo, hi, steps, track, n, wa, na, wb, nb_, wc, nc, rule, walls, start, x0, y0, contact, covers, nv):
    """Walk one wall or one corner of A from share lo to hi, with exact ends of every run."""
    ax, ay, nx, ny = _at(piece, lo)
    old, ot, ox, oy = judge(ax, ay, nx, ny, wa, na, wb, nb_, wc, nc, rule, walls, start, x0, y0, contact, covers, nv)
    if old != OFF and n > 0 and track[n - 1, 3] != OFF:
        gap = (track[n - 1, 0] - ox) ** 2 + (track[n - 1, 1] - oy) ** 2
        if gap > JOIN_M * JOIN_M:
            track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
    track, n = _put(track, n, old, ot, ox, oy)
    u = lo
    for step in range(1, steps + 1):
        v = lo + (hi - lo) * step / steps
        ax, ay, nx, ny = _at(piece, v)
        new, t, x, y = judge(ax, ay, nx, ny, wa, na, wb, nb_, wc, nc, rule, walls, start, x0, y0, contact, covers, nv)
        changes = 0
        while new != old and changes < 4:
            changes += 1
            near, far = u, v
            fs, ft, fx, fy = new, t, x, y
            for _ in range(HALVINGS):
                middle = 0.5 * (near + far)
                ax, ay, nx, ny = _at(piece, middle)
                ms, mt, mx, my = judge(
                    ax, ay, nx, ny, wa, na, wb, nb_, wc, nc, rule, walls, start, x0, y0, contact, covers, nv
                )
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


@loop
def _sky(t, ha, hb):
    return 0.5 * (1.0 / math.sqrt(1.0 + (ha / t) ** 2) + 1.0 / math.sqrt(1.0 + (hb / t) ** 2))


@loop
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


@loop
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


@loop
def _common(offsets, others, near, a, b, found, touching):
    """List the common neighbours of a and b, and whether each touches both."""
    i, j = offsets[a], offsets[b]
    n = 0
    while i < offsets[a + 1] and j < offsets[b + 1]:
        if others[i] == others[j]:
            if n == found.shape[0]:
                bigger, flags = np.empty(2 * n, found.dtype), np.empty(2 * n, touching.dtype)
                bigger[:n], flags[:n] = found, touching
                found, touching = bigger, flags
            found[n] = others[i]
            touching[n] = near[i] and near[j]
            n += 1
            i += 1
            j += 1
        elif others[i] < others[j]:
            i += 1
        else:
            j += 1
    return found, touching, n


@loop
def _first_wall(walls, first, last, x0, y0, box):
    """Choose where to begin a ring: a wall that begins away from B, so that no run is cut in two."""
    for i in range(first, last):
        x, y = walls[i, 0] - x0, walls[i, 1] - y0
        if x < box[0] or x > box[2] or y < box[1] or y > box[3]:
            return i
    return -1


@loop
def _opposite(ax, ay, ux, uy, length, wb, n, rule):
    """Return the part of a wall of A (shares of its length) that any of B can face.

    With the feet at least 180° - 2φ apart as seen from p, the foot on B lies within φ of the normal at ``a`` and
    no farther than the largest width, so B must have a wall in the strip before this part.
    """
    depth = 2.0 * rule[0]
    sway = depth * rule[2]
    lo, hi = length, 0.0
    for i in range(n):
        vx, vy, wx, wy = wb[i, 0] - ax, wb[i, 1] - ay, wb[i, 2] - ax, wb[i, 3] - ay
        h0, h1 = vx * uy - vy * ux, wx * uy - wy * ux
        if (h0 <= 0.0 and h1 <= 0.0) or (h0 > depth and h1 > depth):
            continue
        s0, s1 = vx * ux + vy * uy, wx * ux + wy * uy
        lo, hi = min(lo, s0, s1), max(hi, s0, s1)
    return max(0.0, lo - sway) / length, min(length, hi + sway) / length


@loop
def _before_corner(x, y, nx, ny, mx, my, wb, n, rule):
    """Say whether any of B can lie before a corner of A whose normal turns from (nx, ny) to (mx, my)."""
    depth, cosine = 2.0 * rule[0], rule[3]
    kx, ky = nx + mx, ny + my
    size = math.sqrt(kx * kx + ky * ky)
    # Half the turn and φ more, as a cosine: beyond it nothing faces this corner.
    if size > 1e-6:
        kx, ky = kx / size, ky / size
        half = kx * nx + ky * ny
        limit = half * cosine - math.sqrt(max(0.0, 1.0 - half * half)) * rule[2]
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


@loop
def _ring(
    r0, r1, begin, walls, x0, y0, box, track, n, wa, na, wb, nb_, wc, nc, rule, start, contact, covers, nv, piece
):
    """Walk one ring of A from the wall ``begin``."""
    size = r1 - r0
    for k in range(size):
        i = r0 + (begin - r0 + k) % size
        f = r0 + (i - r0 + 1) % size
        ax, ay, bx, by = walls[i, 0] - x0, walls[i, 1] - y0, walls[i, 2] - x0, walls[i, 3] - y0
        dx, dy = bx - ax, by - ay
        length = math.sqrt(dx * dx + dy * dy)
        ux, uy = dx / length, dy / length
        lo, hi = clip(ax, ay, bx, by, box)
        near, far = _opposite(ax, ay, ux, uy, length, wb, nb_, rule)
        lo, hi = max(lo, near), min(hi, far)
        if hi > lo:
            piece[0], piece[1], piece[2], piece[3], piece[4], piece[5], piece[6] = (
                0.0,
                ax,
                ay,
                dx,
                dy,
                uy,
                -ux,
            )
            steps = max(1, math.ceil((hi - lo) * length / STEP))
            if lo > 0.0:
                track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
            track, n = _along(
                piece,
                lo,
                hi,
                steps,
                track,
                n,
                wa,
                na,
                wb,
                nb_,
                wc,
                nc,
                rule,
                walls,
                start,
                x0,
                y0,
                contact,
                covers,
                nv,
            )
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
            if not _before_corner(bx, by, uy, -ux, ey / far, -ex / far, wb, nb_, rule):
                track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
                continue
            piece[0], piece[1], piece[2], piece[5], piece[6], piece[7] = 1.0, bx, by, uy, -ux, turn
            steps = max(1, math.ceil(turn / STEP_TURN))
            track, n = _along(
                piece, 0.0, 1.0, steps, track, n, wa, na, wb, nb_, wc, nc, rule, walls, start, x0, y0, contact, covers,
                nv,
            )  # fmt: skip
    track, n = _put(track, n, OFF, 0.0, 0.0, 0.0)
    return track, n


@loop
def _walk_all(a, walls, after, start, x0, y0, box, track, wa, na, wb, nb_, wc, nc, rule, contact, covers, nv, piece):
    """Walk all rings of building ``a``; return the track and its length."""
    n, r0 = 0, start[a]
    for i in range(start[a], start[a + 1]):
        if after[i] > i:
            continue
        begin = _first_wall(walls, r0, i + 1, x0, y0, box)
        begin = begin if begin >= 0 else r0
        track, n = _ring(
            r0, i + 1, begin, walls, x0, y0, box, track, n, wa, na, wb, nb_, wc, nc, rule, start, contact, covers, nv, piece
        )  # fmt: skip
        r0 = i + 1
    return track, n


@loop
def _between(common, flags, n, walls, start, x0, y0, box, wc, covers):
    """Gather the walls of the third buildings, and list those that may lie over the gap."""
    nc = nv = 0
    if covers.shape[0] < n:
        covers = np.empty(2 * n, np.int64)
    for i in range(n):
        c = common[i]
        wc, nc = gather(walls, start[c], start[c + 1], x0, y0, box, wc, nc)
        if flags[i]:
            covers[nv] = c
            nv += 1
    return wc, nc, covers, nv


@loop
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


@loop
def _store(k, track, runs, count, x0, y0, ha, hb, xyt, n, of, sums, lines, stack):
    """Store the runs of pair k as lines; return the buffers, and length, ∫width and ∫sky of all together."""
    total = np.zeros(3)
    for r in range(count):
        length, wide, sky, least = measure(track, runs[r, 0], runs[r, 1], ha, hb)
        total[0] += length
        total[1] += wide
        total[2] += sky
        if length <= SHORT_M:
            continue
        of, sums = _grown(of, lines), _grown(sums, lines)
        of[lines, 0], of[lines, 1] = k, n
        xyt, n, stack = _thin(track, runs[r, 0], runs[r, 1], x0, y0, xyt, n, stack)
        of[lines, 2] = n
        sums[lines, 0], sums[lines, 1], sums[lines, 2], sums[lines, 3] = length, wide, sky, least
        lines += 1
    return xyt, n, of, sums, lines, stack, total


@loop
def trace(walls, after, start, boxes, origin_x, origin_y, heights, offsets, others, near, pa, pb, touching, rule):
    """Walk the bisector of every pair.

    Parameters
    ----------
    walls, after, start, boxes, origin_x, origin_y
        See ``walls.Walls``.
    heights
        Heights in metres, nan when unknown.
    offsets, others, near
        Neighbours of every building within the largest width, sorted, and whether each touches.
    pa, pb, touching
        The pairs, and whether the two touch.
    rule
        Half the largest width in metres; with 180° - 2φ the smallest angle between the feet: cos 2φ, sin φ, cos φ.

    Returns
    -------
    Per pair: facing length (whatever stands between), gap length, ∫width, ∫sky. Lines of gaps: points (x, y, t),
    and per line (pair, first, last). Lines of the pieces to which no third building is nearer: the same, and per
    piece length, ∫width, ∫sky, least width.

    """
    walls, after, start, boxes, rule = (
        uncounted(walls), uncounted(after), uncounted(start), uncounted(boxes), uncounted(rule)
    )  # fmt: skip
    offsets, others, near = uncounted(offsets), uncounted(others), uncounted(near)
    m = pa.shape[0]
    figures = np.zeros((m, 4))
    gap_xyt, med_xyt = np.empty((1024, 3)), np.empty((1024, 3))
    gap_of, med_of = np.empty((256, 3), np.int64), np.empty((256, 3), np.int64)
    gap_sum, med_sum = np.empty((256, 4)), np.empty((256, 4))
    ng = ngl = nm = nml = 0
    wa, wb, wc = np.empty((64, 7)), np.empty((64, 7)), np.empty((256, 7))
    track, stack, runs = np.empty((512, 4)), np.empty((256, 2), np.int64), np.empty((64, 2), np.int64)
    common, flags, covers = np.empty(64, np.int64), np.empty(64, np.bool_), np.empty(64, np.int64)
    box, piece = np.empty(4), np.empty(8)
    width = 2.0 * rule[0]
    for k in range(m):
        a, b = pa[k], pb[k]
        x0, y0 = walls[start[a], 0], walls[start[a], 1]
        box[0], box[1] = boxes[a, 0] - x0 - width, boxes[a, 1] - y0 - width
        box[2], box[3] = boxes[a, 2] - x0 + width, boxes[a, 3] - y0 + width
        wb, nb_ = gather(walls, start[b], start[b + 1], x0, y0, box, wb, 0)
        for axis in range(2):
            shift = x0 if axis == 0 else y0
            box[axis] = max(box[axis], boxes[b, axis] - shift - width)
            box[axis + 2] = min(box[axis + 2], boxes[b, axis + 2] - shift + width)
        wa, na = gather(walls, start[a], start[a + 1], x0, y0, box, wa, 0)
        if na == 0 or nb_ == 0:
            continue
        common, flags, n_common = _common(offsets, others, near, a, b, common, flags)
        wc, nc, covers, nv = _between(common, flags, n_common, walls, start, x0, y0, box, wc, covers)
        walked, n = _walk_all(
            a, walls, after, start, x0, y0, uncounted(box), uncounted(track), uncounted(wa), na, uncounted(wb), nb_,
            uncounted(wc), nc, rule, b if touching[k] else -1, uncounted(covers), nv, uncounted(piece),
        )  # fmt: skip
        if walked.shape[0] > track.shape[0]:
            # It had to grow, and is an array of its own.
            track = walked
        ha, hb = heights[a], heights[b]
        runs, count = _runs(track, n, HIDDEN, runs)
        for r in range(count):
            figures[k, 0] += measure(track, runs[r, 0], runs[r, 1], ha, hb)[0]
        runs, count = _runs(track, n, FLANKED, runs)
        gap_xyt, ng, gap_of, gap_sum, ngl, stack, total = _store(
            k, track, runs, count, x0 + origin_x, y0 + origin_y, ha, hb, gap_xyt, ng, gap_of, gap_sum, ngl, stack
        )
        figures[k, 1], figures[k, 2], figures[k, 3] = total[0], total[1], total[2]
        runs, count = _runs(track, n, CLEAR, runs)
        med_xyt, nm, med_of, med_sum, nml, stack, total = _store(
            k, track, runs, count, x0 + origin_x, y0 + origin_y, ha, hb, med_xyt, nm, med_of, med_sum, nml, stack
        )
    gaps = gap_xyt[:ng].copy(), gap_of[:ngl].copy()
    return figures, gaps[0], gaps[1], med_xyt[:nm].copy(), med_of[:nml].copy(), med_sum[:nml].copy()
