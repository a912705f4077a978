"""Where a hose can turn: the points between which it is laid straight."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from gis_service.arrays import Flags, Floats, Ints
from gis_service.density.compute.compiled import compiled
from gis_service.density.plane.offset import OffsetBoundary
from gis_service.density.plane.walls import Walls
from gis_service.density.reach.faces import Faces

REACH_M = 24.0
"""Longest straight piece of a hose's way; longer ways go by further points, which are set for the purpose."""
ASIDE_M = 0.02
"""Points stand this far off their corner, so that walls in contact leave no slit to see through."""
_LONG_WALL_M = REACH_M / 2
_LATTICE_M = REACH_M / 3
_LATTICE_MOST = 200_000
_CROSSED = 4
"""In vast ground that no engine reaches, hoses cross at least this many times 24 m beyond buildings."""
_OFF = (0.0137, 0.0291)
"""The lattice lies off round numbers: a ray along a row of aligned corners would have to decide ties."""
_TURN = math.radians(2.0)


class Nodes(NamedTuple):
    """Points of a hose's way.

    Attributes
    ----------
    xy
        x, y in metres.
    arms
        At a corner the directions to the walls' other ends, x and y each; zeros elsewhere.
    touched
        Whether an engine touches the point.

    """

    xy: Floats
    arms: Floats
    touched: Flags


@compiled
def _corners(
    ends: Floats,
    before: Ints,
    touched: Flags,
    stretch_start: Ints,
    stretches: Floats,
    aside: float,
    long: float,
) -> tuple[Floats, Floats, Flags]:
    """Return the outer corners and points along long walls, each a little off its wall."""
    room = len(ends) + 16
    for i in range(len(ends)):
        room += int(math.hypot(ends[i, 2] - ends[i, 0], ends[i, 3] - ends[i, 1]) / long) + 1
    at, arms, flag = np.empty((room, 2)), np.zeros((room, 4)), np.empty(room, np.bool_)
    made = 0
    kept = 0.0
    for i in range(len(ends)):
        ax, ay, bx, by = ends[i, 0], ends[i, 1], ends[i, 2], ends[i, 3]
        length = math.hypot(bx - ax, by - ay)
        dx, dy = (bx - ax) / length, (by - ay) / length
        h = before[i]
        ux, uy = ax - ends[h, 0], ay - ends[h, 1]
        size = math.hypot(ux, uy)
        ux, uy = ux / size, uy / size
        turn = math.atan2(ux * dy - uy * dx, ux * dx + uy * dy)
        if h != i - 1:
            kept = 0.0
        # A round wall turns a little at each vertex: a point for every two degrees is enough.
        kept += turn
        if turn > 1e-9 and kept > _TURN:
            kept = 0.0
            nx, ny = uy + dy, -ux - dx
            size = math.hypot(nx, ny)
            if size < 1e-6:
                nx, ny, size = ux, uy, 1.0
            at[made, 0], at[made, 1] = ax + aside * nx / size, ay + aside * ny / size
            arms[made, 0], arms[made, 1], arms[made, 2], arms[made, 3] = -ux, -uy, dx, dy
            flag[made] = touched[i]
            made += 1
        elif turn < 0.0:
            kept = 0.0
        parts = math.ceil(length / long)
        for k in range(1, parts):
            t = length * k / parts
            at[made, 0], at[made, 1] = ax + t * dx + aside * dy, ay + t * dy - aside * dx
            flag[made] = False
            for m in range(stretch_start[i], stretch_start[i + 1]):
                if stretches[m, 0] <= t <= stretches[m, 1]:
                    flag[made] = True
            made += 1
    return at[:made].copy(), arms[:made].copy(), flag[:made].copy()


def find_nodes(walls: Walls, boundary: OffsetBoundary, faces: Faces, reached: Flags) -> Nodes:
    """Find all points of a hose's way.

    Parameters
    ----------
    walls, boundary, faces
        The buildings, and the boundary of the engines' ground with its grounds.
    reached
        Which pieces of the boundary an engine reaches.

    Returns
    -------
    Nodes
        Outer corners, points along long walls, and a lattice in wide ground that no engine reaches.

    """
    count = len(walls.ends)
    touched = np.zeros(count, bool)
    touched[boundary.wall[reached & boundary.arc]] = True
    lines = np.flatnonzero(reached & ~boundary.arc)
    lines = lines[np.argsort(boundary.wall[lines], kind="stable")]
    first = np.searchsorted(boundary.wall[lines], np.arange(count + 1)).astype(np.int64)
    stretches = np.ascontiguousarray(boundary.shape[lines, 6:8])
    at, arms, flag = _corners(walls.ends, walls.before, touched, first, stretches, ASIDE_M, _LONG_WALL_M)
    extra = _lattice(faces, reached)
    return Nodes(
        np.vstack([at, extra]),
        np.vstack([arms, np.zeros((len(extra), 4))]),
        np.append(flag, np.zeros(len(extra), bool)),
    )


def _lattice(faces: Faces, reached: Flags) -> Floats:
    """Return lattice points in grounds that are wide but not reached."""
    rest = np.flatnonzero(~reached)
    if not len(rest):
        return np.empty((0, 2))
    ground, inverse = np.unique(faces.ground[:-1][rest], return_inverse=True)
    box = np.full((len(ground), 4), np.inf)
    box[:, 2:] = -np.inf
    np.minimum.at(box[:, 0], inverse, faces.boxes[rest, 0])
    np.minimum.at(box[:, 1], inverse, faces.boxes[rest, 1])
    np.maximum.at(box[:, 2], inverse, faces.boxes[rest, 2])
    np.maximum.at(box[:, 3], inverse, faces.boxes[rest, 3])
    wide = np.flatnonzero(np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) > _LATTICE_M)
    found: list[Floats] = []
    near: Floats | None = None
    for k in wide:
        x0, y0, x1, y1 = np.ceil(box[k] / _LATTICE_M)
        x, y = np.arange(x0, x1) * _LATTICE_M + _OFF[0], np.arange(y0, y1) * _LATTICE_M + _OFF[1]
        if len(x) * len(y) > _LATTICE_MOST:
            # Open country that no road meets: only what lies near buildings is worth crossing.
            near = _near(faces.boxes) if near is None else near
            points = near[((near > box[k, :2]) & (near < box[k, 2:])).all(axis=1)]
        else:
            points = np.column_stack([g.ravel() for g in np.meshgrid(x, y)])
        if len(points):
            found.append(points[faces.locate(points) == ground[k]])
    return np.vstack(found) if found else np.empty((0, 2))


def _near(boxes: Floats) -> Floats:
    """Return the lattice points in squares of `REACH_M` up to `_CROSSED` squares from any piece of the boundary."""
    square = np.unique(np.floor((boxes[:, :2] + boxes[:, 2:]) / 2 / REACH_M).astype(np.int64), axis=0)
    side = np.arange(-_CROSSED, _CROSSED + 1)
    around = np.column_stack([g.ravel() for g in np.meshgrid(side, side)])
    square = np.unique((square[:, None, :] + around[None, :, :]).reshape(-1, 2), axis=0)
    inner = np.arange(round(REACH_M / _LATTICE_M)) * _LATTICE_M
    inside = np.column_stack([g.ravel() for g in np.meshgrid(inner, inner)]) + _OFF
    return np.asarray((square[:, None, :] * REACH_M + inside[None, :, :]).reshape(-1, 2))


def find_discs(boundary: OffsetBoundary, reached: Flags) -> Floats:
    """Return the places where an engine sticks: at the ends of the boundary's pieces, touching two walls.

    Beyond them the ground is too narrow; hoses start there.
    """
    first = boundary.shape[reached & (boundary.cut & 1 > 0), 0:2]
    second = boundary.shape[reached & (boundary.cut & 2 > 0), 2:4]
    both = np.vstack([first, second])
    if not len(both):
        return both
    # Each place ends two pieces; one disc is enough.
    place = np.round(both, 3)
    return np.ascontiguousarray(both[~pd.DataFrame({"x": place[:, 0], "y": place[:, 1]}).duplicated().to_numpy()])
