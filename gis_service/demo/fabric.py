"""How houses of a town stand: terraces along streets, and crooked old cores.

Nothing overlaps by construction: a block is cut up with straight lines. Coordinates are metres.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Point = tuple[float, float]
Ring = list[Point]


@dataclass
class Fabric:
    """Houses and lanes of one place.

    Parameters
    ----------
    rings
        House outlines, not closed.
    front
        For each house whether it faces a street.
    lanes
        Polylines with their clear width, m.

    """

    rings: list[Ring] = field(default_factory=list)
    front: list[bool] = field(default_factory=list)
    lanes: list[tuple[Ring, float]] = field(default_factory=list)

    def add(self, ring: Ring, front: bool) -> None:
        """Add one house."""
        self.rings.append(ring)
        self.front.append(front)


def cut(ring: Ring, a: float, b: float, c: float) -> Ring:
    """Return the part of a convex ring where ``a x + b y <= c``."""
    result: Ring = []
    x0, y0 = ring[-1]
    d0 = a * x0 + b * y0 - c
    for x1, y1 in ring:
        d1 = a * x1 + b * y1 - c
        if (d0 <= 0) != (d1 <= 0):
            t = d0 / (d0 - d1)
            result.append((x0 + t * (x1 - x0), y0 + t * (y1 - y0)))
        if d1 <= 0:
            result.append((x1, y1))
        x0, y0, d0 = x1, y1, d1
    return result if len(result) >= 3 else []


def area(ring: Ring) -> float:
    """Return the area of a ring, m², positive when counter-clockwise."""
    total = 0.0
    x0, y0 = ring[-1]
    for x1, y1 in ring:
        total += x0 * y1 - x1 * y0
        x0, y0 = x1, y1
    return total / 2


def inset(ring: Ring, by: list[float]) -> Ring:
    """Move every edge of a convex counter-clockwise ring inwards, the edge that ends at vertex i by ``by[i]`` m."""
    result = ring
    x0, y0 = ring[-1]
    for (x1, y1), distance in zip(ring, by, strict=True):
        size = _length(x1 - x0, y1 - y0)
        if size > 1e-6 and result:
            a, b = (y1 - y0) / size, -(x1 - x0) / size  # outward normal of a counter-clockwise ring
            result = cut(result, a, b, a * x0 + b * y0 - distance)
        x0, y0 = x1, y1
    return result


def longest(ring: Ring) -> Point:
    """Return the unit direction of the longest edge."""
    most, x, y = 0.0, 0.0, 0.0
    x0, y0 = ring[-1]
    for x1, y1 in ring:
        size = _length(x1 - x0, y1 - y0)
        if size > most:
            most, x, y = size, (x1 - x0) / size, (y1 - y0) / size
        x0, y0 = x1, y1
    return x, y


def _length(x: float, y: float) -> float:
    # numpy's hypot to the last bit, without an array; math.hypot rounds otherwise.
    return abs(complex(x, y))


def _range(ring: Ring, x: float, y: float) -> Point:
    values = [x * px + y * py for px, py in ring]
    return min(values), max(values)


def _slab(ring: Ring, x: float, y: float, low: float, high: float) -> Ring:
    """Return the part of a ring whose coordinate along the direction (x, y) lies between ``low`` and ``high``."""
    part = cut(ring, x, y, high)
    return cut(part, -x, -y, -low) if part else part


def _compact(ring: Ring, least_area: float, least_width: float) -> bool:
    """Tell whether a piece can be a house: big enough and no sliver."""
    if len(ring) < 3:
        return False
    size = area(ring)
    if size < least_area:
        return False
    x, y = longest(ring)
    low, high = _range(ring, -y, x)
    u0, u1 = _range(ring, x, y)
    return high - low >= least_width and size >= 0.55 * (high - low) * (u1 - u0)


def terraces(block: Ring, whole: Ring, rng: np.random.Generator, *, planned: bool = False) -> Fabric:
    """Fill a block with rows of narrow houses, two rows back to back, streets of 5 to 8 m between the fronts.

    Parameters
    ----------
    block, whole
        The block without and with its share of the streets round it (convex, counter-clockwise).
    rng
        Source of every random choice.
    planned
        A resettlement area: equal plots of 6 m, regular gaps, straight backs.

    """
    out = Fabric()
    x, y = longest(block)
    low, high = _range(block, -y, x)
    height = high - low
    street = float(rng.uniform(7.0, 8.0) if planned else rng.uniform(5.0, 8.0))
    pairs = max(1, round((height + street) / (26.5 + street)))
    deep = (height - (pairs - 1) * street) / pairs
    if deep < 9:
        return out
    start, end = _range(block, x, y)
    for p in range(pairs):
        v = low + p * (deep + street)
        if p:
            chord = _slab(whole, -y, x, v - street / 2 - 0.01, v - street / 2 + 0.01)
            u0, u1 = _range(chord, x, y)
            m = v - street / 2
            out.lanes.append(([(u * x - m * y, u * y + m * x) for u in (u0, u1)], round(street - 1.0, 1)))
        alley = float(rng.uniform(1.6, 2.4) if planned else rng.uniform(0.5, 1.6))
        half = (deep - alley) / 2
        rows = [(v, min(v + half, v + 14.5), 1), (max(v + deep - half, v + deep - 14.5), v + deep, -1)]
        for near, far, side in rows if deep > 17 else [(v, v + min(deep, 14.5), 1)]:
            row = _slab(block, -y, x, near, far)
            if row:
                _slice(out, row, (x, y), (near, far, side), (start, end), rng, planned)
    return out


def _slice(
    out: Fabric,
    row: Ring,
    along: Point,
    across: tuple[float, float, int],
    span: Point,
    rng: np.random.Generator,
    planned: bool,
) -> None:
    """Cut one row into houses by their frontages."""
    x, y = along
    near, far, side = across
    u = span[0]
    while u < span[1] - 3:
        lot = rng.random(5)
        if planned:
            width, gap = 6.0, 0.0 if lot[1] < 0.5 else 1.5
        else:
            width = 3.5 + 1.7 * float(lot[0]) if lot[0] < 0.88 else 7.0 + 2.0 * float(lot[3])
            gap = 0.0 if lot[1] < 0.72 else 0.3 + 0.5 * float(lot[2]) if lot[1] < 0.9 else 1.0 + 1.8 * float(lot[2])
        if span[1] - (u + width) < 3.2:
            width = span[1] - u
        back = 0.0 if planned or lot[3] < 0.35 else 2.4 * float(lot[4])
        house = _slab(row, x, y, u, u + width)
        u += width + gap
        if house and back:
            house = _slab(house, -y, x, near + (back if side < 0 else 0), far - (back if side > 0 else 0))
        if not planned and lot[2] > 0.965:
            continue  # an empty plot or a yard
        if _compact(house, 20.0, 2.8):
            out.add(house, front=True)


def warren(block: Ring, rng: np.random.Generator, *, target: float, tight: float, fronts: bool = True) -> Fabric:
    """Fill a block by splitting it again and again: an old core with crooked alleys that narrow inwards.

    Parameters
    ----------
    block
        Convex, counter-clockwise.
    rng
        Source of every random choice.
    target
        Footprint aimed at, m².
    tight
        Factor on the width of alleys: 1 is an ordinary old core.
    fronts
        Whether it is told which houses stand on the block's edge; else none does.

    """
    out = Fabric()
    todo = [block]
    edge = block
    while todo:
        ring = todo.pop()
        size = area(ring)
        dice = rng.random(6)
        if size < target * (0.85 + 0.75 * float(dice[0])):
            if _compact(ring, 16.0, 2.6) and dice[1] > 0.04:
                out.add(ring, front=fronts and _touches(ring, edge))
            continue
        x, y = longest(ring)
        u0, u1 = _range(ring, x, y)
        v0, v1 = _range(ring, -y, x)
        if u1 - u0 < v1 - v0:
            x, y, u0, u1 = -y, x, v0, v1
        turn = float(dice[2] - 0.5) * 0.14
        c, s = float(np.cos(turn)), float(np.sin(turn))
        a, b = x * c - y * s, x * s + y * c
        u0, u1 = _range(ring, a, b)
        at = u0 + (u1 - u0) * (0.4 + 0.2 * float(dice[3]))
        gap = _alley(size, target, float(dice[4]), float(dice[5])) * tight
        halves = (cut(ring, a, b, at - gap / 2), cut(ring, -a, -b, -(at + gap / 2)))
        todo += [part for part in halves if part]
    return out


def _alley(size: float, target: float, dice: float, more: float) -> float:
    """Return the width of an alley that splits ``size`` m²: lanes first, then handshake gaps and shared walls."""
    if size > 45 * target:
        return 2.2 + 1.2 * dice
    if size > 9 * target:
        return 1.1 + 1.0 * dice
    if size > 3.5 * target:
        return 0.6 + 0.8 * dice
    return 0.0 if more < 0.45 else 0.35 + 0.5 * dice


def _touches(ring: Ring, block: Ring) -> bool:
    """Tell whether a house stands on the edge of its block."""
    x0, y0 = block[-1]
    for x1, y1 in block:
        size = _length(x1 - x0, y1 - y0) or 1.0
        if any(abs((x1 - x0) * (py - y0) - (y1 - y0) * (px - x0)) / size < 0.3 for px, py in ring):
            return True
        x0, y0 = x1, y1
    return False
