"""How houses of the country stand: hamlets in rows on slopes, old villages in a huddle, single farmhouses.

Nothing overlaps by construction: in a row every house has its own sector, and a huddle is cut up with straight
lines. Coordinates are metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_service.arrays import Floats
from gis_service.demo.fabric import area, warren


@dataclass
class Hamlet:
    """A hamlet in its own frame: the road lies below the x axis, the slope rises along y.

    Parameters
    ----------
    rings
        Houses as arrays of vertices.
    lanes
        Polylines and clear widths, m; the first one runs along the front.
    centre, radius
        Circle round everything, m.

    """

    rings: list[Floats]
    lanes: list[tuple[Floats, float]]
    centre: Floats
    radius: float


def house(width: float, depth: float, notch: float, corner: int) -> Floats:
    """Return a house round the origin, with a corner left out where ``notch`` (a share of its sides) is not 0."""
    w, d = width / 2, depth / 2
    if notch <= 0:
        return np.array([[-w, -d], [w, -d], [w, d], [-w, d]])
    a, b = w - notch * width, d - notch * depth
    ring = np.array([[-w, -d], [w, -d], [w, b], [a, b], [a, d], [-w, d]])
    if corner & 1:
        ring = (ring * [-1, 1])[::-1]
    if corner & 2:
        ring = (ring * [1, -1])[::-1]
    return ring


@dataclass(frozen=True)
class _Slope:
    """The ground of a hamlet.

    Parameters
    ----------
    base
        Radius of the innermost row, m.
    swing, wave, phase
        Folds that all rows share: half their depth and their length, m, and where they begin. Rows swing in and
        out together, so alleys widen and narrow.
    lane
        Half the lane that climbs through the rows, m.
    dense
        Whether houses crowd.

    """

    base: float
    swing: float
    wave: float
    phase: float
    lane: float
    dense: bool


def _row(
    many: int, inner: float, slope: _Slope, rng: np.random.Generator, *, first: bool
) -> tuple[list[Floats], float, tuple[float, float]]:
    """Build one row on the arc of radius ``inner``; return its houses, its depth in m, and the angles of its ends.

    Every house stands in its own sector of the arc, which is what keeps neighbours apart.
    """
    turn = 0.05 if slope.dense else 0.24
    width = np.clip(rng.normal(9.2, 1.7, many), 5.5, 14.5)
    depth = np.clip(rng.normal(9.6, 1.5, many), 6.0, 13.5)
    phi = rng.normal(0, turn / 2, many).clip(-turn, turn)
    wide = width * np.cos(phi) + depth * np.abs(np.sin(phi))
    tall = depth * np.cos(phi) + width * np.abs(np.sin(phi))
    if slope.dense:
        gap = np.where(rng.random(many) < 0.15, 0.05, rng.uniform(0.4, 2.2, many))
    else:
        gap = rng.uniform(0.8, 5.0, many) + np.where(rng.random(many) < 0.16, rng.uniform(4, 16, many), 0.0)
    step = wide + gap
    left = round(many * float(rng.uniform(0.35, 0.65)))
    shift = float(rng.uniform(-0.5, 0.5))
    start = np.r_[
        -np.cumsum(step[:left]) - slope.lane + gap[:left] + shift,
        np.cumsum(step[left:]) - step[left:] + slope.lane + shift,
    ]
    middle = (start + wide / 2) / inner
    # Houses of a row do not stand on one line: shallow ones move within the depth of the row.
    slack = tall.max() - tall
    offset = inner + tall / 2 + (np.minimum(slack, 1.2) if first else slack) * rng.random(many)
    offset = offset + slope.swing * (1 + np.sin(middle * slope.base * 2 * np.pi / slope.wave + slope.phase))
    notch = np.where(rng.random(many) < 0.2, rng.uniform(0.25, 0.42, many), 0.0)
    corner = rng.integers(0, 4, many)
    rings = []
    for k in range(many):
        ring = house(float(width[k]), float(depth[k]), float(notch[k]), int(corner[k]))
        angle = float(phi[k] - middle[k])
        c, s = np.cos(angle), np.sin(angle)
        at = offset[k] * np.array([np.sin(middle[k]), np.cos(middle[k])])
        rings.append(ring @ np.array([[c, s], [-s, c]]) + at)
    bulge = float((wide**2).max() / (8 * inner)) + 0.05
    ends = (float(start.min()) / inner, float((start + wide).max()) / inner)
    return rings, float(tall.max()) + bulge, ends


def hamlet(count: int, rng: np.random.Generator, *, dense: bool) -> Hamlet:
    """Build a hamlet of ``count`` houses in rows that follow the slope.

    Parameters
    ----------
    count
        Houses wanted.
    rng
        Source of every random choice.
    dense
        Alleys of 0.4 to 2.5 m and little turning, else 1 to 6 m, yards, and houses turned up to 14°.

    """
    hollow = rng.random() < 0.5  # the road runs inside the bend, else outside it
    rows = int(np.clip(round(np.sqrt(count) * rng.uniform(0.42, 0.72)), 1, 9))
    sizes = np.maximum(2, np.round(rng.dirichlet(np.full(rows, 5.0)) * count)).astype(int)
    sizes[0] += count - int(sizes.sum())
    sizes = sizes[sizes > 0]
    # No row may bend round by more than about 100°, else its ends would meet other rows and the lane.
    base = max(float(rng.uniform(70, 420)), float(sizes.max()) * (12.0 if dense else 14.0) / 1.7)
    wave = float(rng.uniform(70, 150))
    steep = (0.11 if dense else 0.3) * float(rng.uniform(0.4, 1.0))
    slope = _Slope(
        base, steep * wave / (2 * np.pi), wave, float(rng.uniform(0, 6.28)), 1.6 if count >= 12 else 0.4, dense
    )
    rings: list[Floats] = []
    radius, edge = base, base
    reach = (0.0, 0.0)
    for r, many in enumerate(sizes):
        row, deep, ends = _row(int(many), radius, slope, rng, first=r == 0)
        rings += row
        if r == 0 or not hollow:
            reach = ends
        edge = radius + deep
        alley = float(rng.uniform(0.4, 1.6) if dense else rng.uniform(1.2, 4.5))
        # Houses of two rows that face each other stand at most one house apart along the slope.
        radius = edge + alley + steep * (15.5 if dense else 17.5)
    line = base - 2.2 if hollow else edge + 2 * slope.swing + 2.2
    theta = np.linspace(*reach, 15)
    lanes = [(np.column_stack([np.sin(theta), np.cos(theta)]) * line, 3.0)]
    if slope.lane > 1:
        lanes.append((np.array([[0.0, line], [0.0, edge + slope.swing if hollow else base]]), 2.2))
    move = np.array([0.0, line])
    flip = 1 if hollow else -1
    rings = [((ring - move) * [1, flip])[::flip] for ring in rings]
    lanes = [((lane - move) * [1, flip], width) for lane, width in lanes]
    return _circle(rings, lanes)


def _circle(rings: list[Floats], lanes: list[tuple[Floats, float]]) -> Hamlet:
    points = np.vstack([*rings, *(lane for lane, _ in lanes)])
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    return Hamlet(rings, lanes, centre, float(np.hypot(*(points - centre).T).max()))


def stockade(count: int, rng: np.random.Generator) -> Hamlet:
    """Build an old village (寨) of about ``count`` houses in one huddle with crooked alleys of 0.5 to 4 m."""
    target = float(rng.uniform(78, 105))
    angle = np.sort(rng.uniform(0, 2 * np.pi, 11))
    size = float(np.sqrt(count * target * 1.62))
    stretch = float(rng.uniform(1.0, 1.7))
    ring = np.column_stack([np.cos(angle) * np.sqrt(stretch), np.sin(angle) / np.sqrt(stretch)])
    tilt = float(rng.uniform(-0.5, 0.5))
    ring = ring @ np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
    points = [(float(x), float(y)) for x, y in ring]
    scale = size / float(np.sqrt(max(area(points), 0.5)))
    block = [(x * scale, y * scale) for x, y in points]
    made = warren(block, rng, target=target, tight=1.35, fronts=False)
    rings = []
    for piece in made.rings:
        dice = rng.random(2)
        if dice[0] < 0.13:
            continue  # a yard, a plot of vegetables
        points_ = np.array(piece)
        middle = points_.mean(axis=0)
        rings.append(middle + (points_ - middle) * (1.0 - 0.16 * dice[1]))
    rings = rings[:count]
    every = np.vstack(rings)
    move = np.array([0.0, every[:, 1].min() - 2.2])
    rings = [ring_ - move for ring_ in rings]
    reach = every[:, 0].min(), every[:, 0].max()
    return _circle(rings, [(np.array([[reach[0], 0.0], [0.0, 0.0], [reach[1], 0.0]]), 3.0)])
