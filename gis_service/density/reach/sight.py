"""Straight views between the points of a hose's way, tile by tile.

Passages narrower than the hose's need are shut by portals: the shortest line from a corner to a wall. A line
shorter than the width, with both ends on walls, cannot be crossed by anything of that width.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.arrays import Flags, Floats, Ints
from gis_service.density.compute.compiled import compiled, uncounted
from gis_service.density.plane.grid import (
    Cells,
    Segments,
    blocked,
    cell_range,
    foot_on,
    grid_fill,
    grid_fill_points,
    grid_shape,
)
from gis_service.density.reach.nodes import ASIDE_M, REACH_M, Nodes

_CELL_M = 4.0
_LOOSE_M = 8.0
"""Views up to this length are all kept; longer ones only where a taut hose could touch both corners."""
_RECENT = 4
"""So many walls that stood in the way last are tried first."""
_STOP_M = 1e-3
"""A view ends this far before the wall that it looks at."""
_BURIED_M = 2 * ASIDE_M
_INSIDE_M = 0.01
"""A view to an engine ends this far inside its disc: the disc's edge may lie on a wall."""


class Scene(NamedTuple):
    """What bounds the view in a tile and round it, registered in a grid.

    The first ``walls`` segments are walls, the rest portals: lines across openings narrower than a hose needs.
    """

    walls: int
    grid: Segments


class Engines(NamedTuple):
    """Places of engines by the grid's cells: ``at`` (n, 3) float64 x, y and radius in metres; first of each cell."""

    at: Floats
    start: NDArray[np.integer]


class Ways(NamedTuple):
    """Points (n, 2) float64 in metres, and the way of each from an engine in metres."""

    at: Floats
    way: Floats


class Points(NamedTuple):
    """Points of the visibility graph.

    Attributes
    ----------
    at
        (n, 2) float64 in metres.
    arms
        (n, 4) float64: unit vectors along the two walls of the corner at each.
    direct
        (n,) float64: straight way to an engine in metres, infinity without one.
    number
        (n,) int64, ascending.

    """

    at: Floats
    arms: Floats
    direct: Floats
    number: Ints


@compiled
def _portals(grid: Segments, before: Ints, width: float) -> Floats:
    ends, shape, start, items = grid.ends, grid.shape, grid.cells.start, grid.cells.items
    room, made = len(ends) + 64, 0
    out = np.empty((room, 4))
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    for i in range(len(ends)):
        px, py = ends[i, 0], ends[i, 1]
        h = before[i]
        d1x, d1y = px - ends[h, 0], py - ends[h, 1]
        d2x, d2y = ends[i, 2] - px, ends[i, 3] - py
        outer = d1x * d2y - d1y * d2x > 0.0
        c0, c1 = cell_range(px - width, px + width, x0, cell, nx)
        r0, r1 = cell_range(py - width, py + width, y0, cell, ny)
        first = made
        for row in range(r0, r1 + 1):
            for column in range(c0, c1 + 1):
                k = row * nx + column
                for at in range(start[k], start[k + 1]):
                    j = items[at]
                    if j in (i, h):
                        continue
                    fx, fy = foot_on(px, py, ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3])
                    vx, vy = fx - px, fy - py
                    gap = math.hypot(vx, vy)
                    if gap >= width or gap < 1e-9:
                        continue
                    left = d1x * vy - d1y * vx > 0.0
                    right = d2x * vy - d2y * vx > 0.0
                    if (left and right) if outer else (left or right):
                        # The line starts into the corner's own building.
                        continue
                    again = False
                    for m in range(first, made):
                        again = again or (out[m, 2] == fx and out[m, 3] == fy)
                    if again:
                        continue
                    if made == room:
                        bigger = np.empty((2 * room, 4))
                        bigger[:made] = out
                        out, room = bigger, 2 * room
                    out[made, 0], out[made, 1], out[made, 2], out[made, 3] = px, py, fx, fy
                    made += 1
    return out[:made].copy()


def make_scene(ends: Floats, before: Ints, hose_width_m: float) -> Scene:
    """Register walls and portals; ``before`` counts rows of ``ends``."""
    shape = grid_shape(ends, _CELL_M)
    portals = _portals(Segments(ends, shape, grid_fill(ends, shape)), before, hose_width_m - 1e-6)
    both = np.vstack([ends, portals])
    return Scene(len(ends), Segments(both, shape, grid_fill(both, shape)))


def _no_recent() -> Ints:
    """Return the memory of ``grid.blocked``, empty. Made outside the loops: what these make they also free early."""
    return np.full(_RECENT, -1)


@compiled
def _lent(grid: Segments) -> Segments:
    """Return a grid whose arrays are not counted each time that a loop looks at them."""
    cells = Cells(uncounted(grid.cells.start), uncounted(grid.cells.items))
    return Segments(uncounted(grid.ends), uncounted(grid.shape), cells)


@compiled
def _buried(px: float, py: float, scene: Scene, k: int) -> bool:
    """Say whether a point of cell ``k`` lies just behind a wall: in a building."""
    depth, count = _BURIED_M, scene.walls
    ends, start, items = scene.grid.ends, scene.grid.cells.start, scene.grid.cells.items
    for n in range(start[k], start[k + 1]):
        j = items[n]
        if j >= count:
            continue
        ax, ay, bx, by = ends[j, 0], ends[j, 1], ends[j, 2], ends[j, 3]
        dx, dy = bx - ax, by - ay
        left = dx * (py - ay) - dy * (px - ax)
        if left <= 0.0:
            continue
        square = dx * dx + dy * dy
        along = (px - ax) * dx + (py - ay) * dy
        if left * left <= depth * depth * square and 0.0 < along < square:
            return True
    return False


@compiled
def _direct(  # noqa: C901, PLR0912
    at: Floats, touched: Flags, wanted: Flags, counted: Scene, widest: float, engines: Engines, recent: Ints
) -> Floats:
    """Return, for each point, the shortest straight line from an engine in metres; infinity without one.

    ``at`` is (n, 2) float64 in metres; no engine's radius is larger than ``widest``. Points inside a building (where
    houses share a wall) see nothing, and get -1.
    """
    scene = Scene(counted.walls, _lent(counted.grid))
    shape, reach = scene.grid.shape, REACH_M
    recent = uncounted(recent)
    places, engine_start = engines.at, engines.start
    out = np.empty(len(at))
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    rings = math.ceil((reach + widest) / cell) + 1
    for u in range(len(at)):
        if touched[u]:
            out[u] = 0.0
            continue
        out[u] = np.inf
        if not wanted[u]:
            continue
        px, py = at[u, 0], at[u, 1]
        best = np.inf
        c, _ = cell_range(px, px, x0, cell, nx)
        w, _ = cell_range(py, py, y0, cell, ny)
        if _buried(px, py, scene, w * nx + c):
            out[u] = -1.0
            continue
        for ring in range(rings + 1):
            # All that is nearer than this ring has been seen; an engine reaches its radius towards us.
            if (ring - 1) * cell - widest >= min(best, reach):
                break
            for row in range(max(w - ring, 0), min(w + ring, ny - 1) + 1):
                whole = abs(row - w) == ring
                for side in range(1 if whole else 2):
                    # The ring's first and last rows whole, of the others both ends.
                    first = max(c - ring, 0) if whole else (c - ring if side == 0 else c + ring)
                    last = min(c + ring, nx - 1) if whole else first
                    if first < 0 or last >= nx:
                        continue
                    for n in range(engine_start[row * nx + first], engine_start[row * nx + last + 1]):
                        qx, qy, r = places[n, 0], places[n, 1], places[n, 2]
                        dx, dy = qx - px, qy - py
                        limit = min(best, reach)
                        if dx * dx + dy * dy > (limit + r) * (limit + r) * (1.0 + 1e-9):
                            continue
                        span = math.hypot(dx, dy)
                        gap = max(span - r, 0.0)
                        if gap >= limit:
                            continue
                        if r > 0.0:
                            part = min(gap + _INSIDE_M, span) / span if span > 0.0 else 0.0
                            qx, qy = px + part * dx, py + part * dy
                        if not blocked(px, py, qx, qy, scene.grid, recent):
                            best = gap
        out[u] = best
    return out


@compiled
def _taut(arms: Floats, u: int, dx: float, dy: float) -> bool:
    """Say whether a hose in direction d (of length 1) could bend round the corner ``u``."""
    one = dx * arms[u, 1] - dy * arms[u, 0]
    two = dx * arms[u, 3] - dy * arms[u, 2]
    return bool(one * two >= 0.0 or min(abs(one), abs(two)) < 0.09)


@compiled
def _views(own: Ints, points: Points, counted: Segments, cells: Cells, recent: Ints) -> tuple[Ints, Ints, Floats]:
    """Return the views from the ``own`` points (rows, int64) to those in ``cells``: two numbers, and metres."""
    grid, reach, loose = _lent(counted), REACH_M, _LOOSE_M
    shape = grid.shape
    recent = uncounted(recent)
    at, direct, number, arms = points.at, points.direct, points.number, uncounted(points.arms)
    node_start, node_items = cells.start, cells.items
    room, made = 8 * len(own) + 64, 0
    one, two, length = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    for u in own:
        # A view is of use only if it is shorter than the straight way that one of its ends has already.
        far = min(reach, direct[u])
        if far <= 0.0:
            continue
        px, py = at[u, 0], at[u, 1]
        c0, c1 = cell_range(px - far, px + far, x0, cell, nx)
        r0, r1 = cell_range(py - far, py + far, y0, cell, ny)
        for row in range(r0, r1 + 1):
            for n in range(node_start[row * nx + c0], node_start[row * nx + c1 + 1]):
                v = node_items[n]
                if direct[v] > direct[u] or (direct[v] == direct[u] and number[v] >= number[u]):
                    continue
                dx, dy = at[v, 0] - px, at[v, 1] - py
                if dx * dx + dy * dy > far * far * (1.0 + 1e-9):
                    continue
                gap = math.hypot(dx, dy)
                if gap >= far or gap == 0.0:
                    continue
                if gap > loose:
                    dx, dy = dx / gap, dy / gap
                    if not (_taut(arms, u, dx, dy) and _taut(arms, v, dx, dy)):
                        continue
                if blocked(px, py, at[v, 0], at[v, 1], grid, recent):
                    continue
                if made == room:
                    room *= 2
                    a, b, e = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room)
                    a[:made], b[:made], e[:made] = one, two, length
                    one, two, length = a, b, e
                one[made], two[made], length[made] = number[u], number[v], gap
                made += 1
    return one[:made].copy(), two[:made].copy(), length[:made].copy()


class Views(NamedTuple):
    """Views between points (by their numbers) and the straight ways to the tile's own.

    A straight way is infinite where no engine is in sight, and -1 at points that do not count.
    """

    one: Ints
    two: Ints
    length_m: Floats
    own: Ints
    direct_m: Floats


def find_views(
    scene: Scene, nodes: Nodes, number: Ints, own: Flags, near: Flags, discs: Floats, radius_m: float
) -> Views:
    """Find the views that matter from the tile's own points.

    Parameters
    ----------
    scene, nodes, discs
        All within twice `REACH_M` of the own points.
    number
        The points' numbers, ascending; the answers name points by them.
    own
        Which points are the tile's own.
    near
        Which points lie within `REACH_M` of the own ones.
    radius_m
        Half the engine's width.

    """
    shape = scene.grid.shape
    corners = nodes.xy[nodes.touched]
    engines = np.vstack([corners, discs])
    radius = np.repeat([0.0, radius_m], [len(corners), len(discs)])
    cells = grid_fill_points(engines[:, 0].copy(), engines[:, 1].copy(), shape)
    places = Engines(np.column_stack([engines, radius])[cells.items], cells.start)
    direct = _direct(nodes.xy, nodes.touched, near, scene, radius_m, places, _no_recent())
    # Not those that an engine touches (``direct`` has that way), nor those inside a building.
    some = np.flatnonzero(direct > 0.0)
    cells = grid_fill_points(nodes.xy[some, 0], nodes.xy[some, 1], shape)
    mine = np.flatnonzero(own)
    points = Points(nodes.xy, nodes.arms, direct, number)
    one, two, length = _views(mine, points, scene.grid, Cells(cells.start, some[cells.items]), _no_recent())
    return Views(one, two, length, number[mine], direct[mine])


@compiled
def _walls_met(
    first: Ints, last: Ints, best: Floats, ways: Ways, counted: Segments, cells: Cells, r: float, recent: Ints
) -> Floats:
    """Return the shortest way to any wall of each building, in metres; ``way`` below zero marks an engine's disc.

    ``cells`` hold the rows of ``ways``; ``r`` is the discs' radius. ``recent`` as in ``grid.blocked``.
    """
    at, way = ways.at, ways.way
    grid, reach, stop = _lent(counted), REACH_M, _STOP_M
    ends, shape = grid.ends, grid.shape
    recent = uncounted(recent)
    node_start, node_items = cells.start, cells.items
    x0, y0, cell = shape[0], shape[1], shape[2]
    nx, ny = int(shape[3]), int(shape[4])
    out = best.copy()
    for b in range(len(first)):
        least = out[b]
        for i in range(first[b], last[b]):
            ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
            far = min(least, reach) + r
            c0, c1 = cell_range(min(ax, bx) - far, max(ax, bx) + far, x0, cell, nx)
            r0, r1 = cell_range(min(ay, by) - far, max(ay, by) + far, y0, cell, ny)
            for row in range(r0, r1 + 1):
                for column in range(c0, c1 + 1):
                    k = row * nx + column
                    for n in range(node_start[k], node_start[k + 1]):
                        u = node_items[n]
                        px, py = at[u, 0], at[u, 1]
                        # The building lies on the left of its walls: look from the right only.
                        if (bx - ax) * (py - ay) - (by - ay) * (px - ax) > 0.0:
                            continue
                        fx, fy = foot_on(px, py, ax, ay, bx, by)
                        span = math.hypot(fx - px, fy - py)
                        gap = max(span - r, 0.0) if way[u] < 0.0 else span
                        if gap > reach or gap + max(way[u], 0.0) >= least:
                            continue
                        if span > stop:
                            skip = max(r - _INSIDE_M, 0.0) / span if way[u] < 0.0 else 0.0
                            keep = 1.0 - stop / span
                            if skip < keep and blocked(
                                px + skip * (fx - px),
                                py + skip * (fy - py),
                                px + keep * (fx - px),
                                py + keep * (fy - py),
                                grid,
                                recent,
                            ):
                                continue
                        least = gap + max(way[u], 0.0)
        out[b] = least
    return out


def meet_walls(
    scene: Scene,
    first: Ints,
    last: Ints,
    best: Floats,
    at: Floats,
    way: Floats,
    discs: Floats,
    radius_m: float,
) -> Floats:
    """Measure the way to buildings' walls.

    Parameters
    ----------
    first, last
        The buildings' walls: rows of ``scene.grid.ends``.
    best
        A way already known to each building in metres, or infinity.
    at, way
        Points with their ways from an engine, in metres; all finite.
    discs
        Where engines stick.

    """
    points = np.ascontiguousarray(np.vstack([at, discs]))
    ways = np.append(way, np.full(len(discs), -1.0))
    cells = grid_fill_points(points[:, 0].copy(), points[:, 1].copy(), scene.grid.shape)
    return _walls_met(first, last, best, Ways(points, ways), scene.grid, cells, radius_m, _no_recent())
