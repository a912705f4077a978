"""Whether a row's outline is one house: thorns, giants, houses drawn twice, outlines round other houses, villages.

Pure: outlines in metres in, findings out. ``import`` sets aside what is no house and keeps it among the rejects;
``density`` leaves it out or lets the house that it repeats stand for it. What they find is the same, in any order of
the rows.

Every limit is ours (no rule gives one) and was chosen on 136,000 real footprints (Kochi, Tokyo, Manila, Malé,
Kathmandu): the largest building there has 52,016 m², the smallest shed 0.21 m² and a mean thickness of 0.12 m, and
no two buildings have more than 0.4 of their union in common but those of Malé that are drawn twice point for point.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Floats, Ints

Geometries = NDArray[np.object_]
Chunks = Callable[[Callable[[slice], Any], int], list[Any]]
"""Runs a function over slices that together are all rows, and returns its answers in their order."""

SLIVER_M2, SLIVER_M = 0.2, 0.1
"""Below this area, or this mean thickness (2 × area / perimeter), an outline is a digitising artefact, no shed."""
HUGE_M2 = 100_000.0
"""Above this (10 ha) an outline is a parcel, a district or a mistake of units, no house."""
TWICE_SHARE = 0.6
"""Two outlines with this share of their union in common are one house: 10 m by 10 m, shifted by up to 2.5 m."""
INSIDE_SHARE = 0.99
"""An outline of which this share lies in another is part of that house (drawn edges rarely coincide)."""
AROUND_SHARE, AROUND_HOUSES, AROUND_COVER = 0.9, 2, 0.8
"""An outline that holds this share of each of so many others is no house, but what lies round them (a parcel, a
yard), unless they cover this much of it: then it is a house and they are its parts."""
HOUSE_M2 = 10.0
"""What is smaller (a shed, a tank on a roof) makes neither an outline round it a parcel nor its row a village."""
THORN_M, THORN_LENGTH_M, THORN_DEG = 0.1, 0.5, 5.0
"""A thorn is thinner than a sliver, at least this long, and its sides run back on each other to this angle."""
_SLICE = 10_000
ROUNDS = 4
"""A thorn on a thorn takes a second round; what is left after so many is left."""

SET_ASIDE = ("sliver", "huge", "twice", "around")
"""What is no house of its own; the user may keep each kind (``--keep``)."""
SEPARATELY = ("keep", "split")
"""What is done with a row of several houses (``--multipart``). Kept by default: that invents no house and no
number, and is said."""


@dataclass(frozen=True)
class Screening:
    """What was found, parallel to the rows.

    Attributes
    ----------
    code
        ``sliver``, ``huge``, ``around`` (no house), ``twice``, ``inside`` (part of another row's house), or ``""``.
    stands
        The row whose house it is: itself, for ``twice`` and ``inside`` the other one, -1 where it is no house.
    share
        For ``twice`` the share of the smaller one that lies in the other, for ``around`` the number of houses inside.

    """

    code: NDArray[np.object_]
    stands: Ints
    share: Floats

    def of(self, code: str) -> Ints:
        """Return the rows with a finding."""
        return np.flatnonzero(self.code == code)


def one_by_one(function: Callable[[slice], Any], _count: int) -> list[Any]:
    """Run a function over all rows at once."""
    return [function(slice(None))]


def in_threads(function: Callable[[slice], Any], count: int) -> list[Any]:
    """Run a function over slices of the rows in threads: shapely works without the interpreter's lock."""
    slices = [slice(k, min(k + _SLICE, count)) for k in range(0, max(count, 1), _SLICE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, slices))


def screen(outlines: Geometries, rank: Ints, keep: Collection[str] = (), chunks: Chunks = one_by_one) -> Screening:
    """Find the rows that are no house of their own.

    Parameters
    ----------
    outlines
        Valid Polygons and MultiPolygons in metres; None is passed over.
    rank
        A number a row, all different, that does not depend on the order of rows: of a house drawn twice the row
        with the least stays.
    keep
        Kinds of ``SET_ASIDE`` that the user takes for houses.
    chunks
        Runs work on whole arrays, in threads perhaps.

    """
    n = len(outlines)
    code = np.full(n, "", dtype=object)
    stands = np.arange(n, dtype=np.int64)
    share = np.zeros(n)
    area = np.nan_to_num(shapely.area(outlines))
    there = ~(shapely.is_missing(outlines) | shapely.is_empty(outlines))
    with np.errstate(invalid="ignore", divide="ignore"):
        thickness = 2 * area / shapely.length(outlines)
    for name, found in (("sliver", (area < SLIVER_M2) | (thickness < SLIVER_M)), ("huge", area > HUGE_M2)):
        if name not in keep:
            code[there & found] = name
    stands[(code != "") | ~there] = -1
    rows = np.flatnonzero(stands >= 0)
    inner, outer, common = _overlaps(outlines, rows, area, rank, chunks)
    union = area[inner] + area[outer] - common
    alike = common >= TWICE_SHARE * union
    if "twice" not in keep:
        _twice(inner[alike], outer[alike], (common / area[inner])[alike], rank, code, stands, share)
    single = ~alike & (stands[inner] == inner) & (stands[outer] == outer)
    inner, outer, common = inner[single], outer[single], common[single]
    if "around" not in keep:
        _around(outlines, inner, outer, common, area, code, stands, share)
    _inside(inner, outer, common, area, rank, code, stands)
    return Screening(code, stands, share)


def _overlaps(outlines: Geometries, rows: Ints, area: Floats, rank: Ints, chunks: Chunks) -> tuple[Ints, Ints, Floats]:
    """Return pairs (smaller, larger; of equals the later rank first) that share much, and the area that they share."""
    shapes, bounds = outlines[rows], shapely.bounds(outlines[rows])
    tree = shapely.STRtree(shapes)

    def met(some: slice) -> Ints:
        # For any finding this much of the smaller one's area must be common: what the boxes have in common tells of
        # most neighbours that it is not.
        least = 2 * TWICE_SHARE / (1 + TWICE_SHARE)
        a, b = tree.query(shapes[some])
        a = a + (some.start or 0)
        size_a, size_b = area[rows[a]], area[rows[b]]
        smaller = (size_a < size_b) | ((size_a == size_b) & (rank[rows[a]] > rank[rows[b]]))
        a, b = a[smaller], b[smaller]
        wide = np.minimum(bounds[a, 2:], bounds[b, 2:]) - np.maximum(bounds[a, :2], bounds[b, :2])
        near = wide.prod(axis=1) >= least * area[rows[a]]
        return np.array([a[near], b[near]], dtype=np.int64)

    a, b = np.concatenate(chunks(met, len(rows)), axis=1) if len(rows) else np.empty((2, 0), dtype=np.int64)
    # Most of the pairs that are left do not even touch (houses askew have wide boxes): that is quick to tell.
    meet = chunks(lambda some: shapely.intersects(shapes[a[some]], shapes[b[some]]), len(a))
    touching = np.flatnonzero(np.concatenate(meet)) if meet else np.empty(0, dtype=np.int64)
    a, b = a[touching], b[touching]
    both = chunks(lambda some: shapely.area(shapely.intersection(shapes[a[some]], shapes[b[some]])), len(a))
    return rows[a], rows[b], np.concatenate(both) if both else np.empty(0)


def _twice(
    inner: Ints, outer: Ints, common: Floats, rank: Ints, code: NDArray[np.object_], stands: Ints, share: Floats
) -> None:
    """Let the row of least rank stand for all that are drawn over it."""
    for group in _groups(inner.tolist(), outer.tolist()):
        head = min(group, key=lambda row: int(rank[row]))
        again = [row for row in group if row != head]
        code[again] = "twice"
        stands[again] = head
    np.maximum.at(share, inner, common)
    np.maximum.at(share, outer, common)


def _groups(a: list[int], b: list[int]) -> list[list[int]]:
    """Return what hangs together by pairs, each group and the groups in ascending order."""
    parent: dict[int, int] = {}

    def root(member: int) -> int:
        while (above := parent.setdefault(member, member)) != member:
            parent[member] = member = parent.setdefault(above, above)
        return member

    for one, other in zip(a, b, strict=True):
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for member in sorted(parent):
        groups.setdefault(root(member), []).append(member)
    return list(groups.values())


def _around(
    outlines: Geometries, inner: Ints, outer: Ints, common: Floats, area: Floats, code: NDArray[np.object_],
    stands: Ints, share: Floats,
) -> None:  # fmt: skip
    """Set aside outlines round several houses, from the smallest: what is set aside is no house inside the next."""
    within = (common >= AROUND_SHARE * area[inner]) & (area[inner] >= HOUSE_M2)
    inner, outer = inner[within], outer[within]
    holders, counts = np.unique(outer, return_counts=True)
    holders = holders[counts >= AROUND_HOUSES]
    inside = {int(o): inner[outer == o] for o in holders}
    for o in sorted(inside, key=lambda o: area[o]):
        houses = [int(i) for i in inside[o] if stands[i] >= 0]
        # A part of a house inside is no further house.
        parts = set(inner[np.isin(outer, houses) & np.isin(inner, houses)].tolist())
        houses = [i for i in houses if i not in parts]
        if len(houses) < AROUND_HOUSES:
            continue
        if (
            shapely.area(shapely.intersection(shapely.union_all(outlines[houses]), outlines[o]))
            < AROUND_COVER * area[o]
        ):
            code[o], stands[o], share[o] = "around", -1, len(houses)


def _inside(
    inner: Ints, outer: Ints, common: Floats, area: Floats, rank: Ints, code: NDArray[np.object_], stands: Ints
) -> None:
    """Give each outline that lies in another to the largest that holds it."""
    part = (common >= INSIDE_SHARE * area[inner]) & (stands[inner] >= 0) & (stands[outer] >= 0)
    inner, outer = inner[part], outer[part]
    order = np.lexsort((rank[outer], -area[outer], inner))
    first = np.r_[True, np.diff(inner[order]) != 0][: len(order)]
    code[inner[order][first]] = "inside"
    stands[inner[order][first]] = outer[order][first]
    # The one that holds it may be drawn inside a third; and what stood for others hands them on.
    for _ in range(ROUNDS):
        stands[stands >= 0] = stands[stands[stands >= 0]]


def without_thorns(outlines: Geometries) -> tuple[Geometries, Ints]:
    """Take the thorns off outlines (metres): slips of the hand, that a house metres away would be measured from.

    Returns
    -------
    The outlines, and the positions of those that had thorns. Cuts into an outline stay: they bring it no nearer.

    """
    found = np.empty(0, dtype=np.int64)
    changed = outlines
    look = np.arange(len(outlines), dtype=np.int64)
    for _ in range(ROUNDS):
        tips = _thorns(changed[look])
        if not tips:
            break
        if changed is outlines:
            changed = outlines.copy()
        mended = {}
        for position, rings in tips.items():
            rebuilt = _rebuilt(changed[look[position]], rings)
            if rebuilt is not None:
                mended[int(look[position])] = rebuilt
        if not mended:
            break
        look = np.array(sorted(mended), dtype=np.int64)
        for position, shape in mended.items():
            changed[position] = shape
        found = np.union1d(found, look)
    return changed, found


def _thorns(outlines: Geometries) -> dict[int, dict[int, list[tuple[int, int]]]]:
    """Return by outline and number of its ring the vertices of thorns' tips: first and last of each tip."""
    rings, of_part, of_outline = _rings(outlines)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return {}
    # The last point of a ring repeats its first: sides lie between points that follow one another, but at ends of rings.
    end = np.flatnonzero(np.r_[of_ring[1:] != of_ring[:-1], True])
    begin = np.r_[0, end[:-1] + 1]
    side = np.diff(xy, axis=0, append=xy[:1])
    long = np.hypot(side[:, 0], side[:, 1])
    folded = np.empty(len(xy))
    folded[1:] = side[:-1, 0] * side[1:, 0] + side[:-1, 1] * side[1:, 1]
    folded[begin] = (side[end - 1] * side[begin]).sum(axis=1)
    product = np.empty(len(xy))
    product[1:] = long[:-1] * long[1:]
    product[begin] = long[end - 1] * long[begin]
    back = -np.cos(np.radians(THORN_DEG))

    def step(vertex: Ints, k: int) -> Ints:
        first, size = begin[of_ring[vertex]], (end - begin)[of_ring[vertex]]
        moved: Ints = first + (vertex - first + k) % size
        return moved

    # A tip is a point, or an edge so short that the thorn is none the wider for it. Few of either look like one.
    corners = np.ones(len(xy), dtype=bool)
    corners[end] = False
    sharp = np.flatnonzero(corners & (folded <= back * product))
    blunt = np.flatnonzero(corners & (long <= THORN_M))
    into, out = step(blunt, -1), step(blunt, 1)
    blunt = blunt[((side[into] * side[out]).sum(axis=1) <= back * long[into] * long[out])]
    sharp, blunt = sharp[(end - begin)[of_ring[sharp]] > 3], blunt[(end - begin)[of_ring[blunt]] > 4]
    first, last = np.r_[sharp, blunt], np.r_[sharp, step(blunt, 1)]
    if not len(first):
        return {}
    shell = np.r_[True, np.diff(of_part) != 0]
    turn = np.array([_turn(xy[begin[r] : end[r]]) * (1.0 if shell[r] else -1.0) for r in of_ring[first]])
    thorn = _is_thorn(xy[step(first, -1)], xy[first], xy[last], xy[step(last, 1)], turn)
    ring_of_outline = np.arange(len(rings)) - np.searchsorted(of_outline, of_outline)
    tips: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for vertex, other in zip(first[thorn].tolist(), last[thorn].tolist(), strict=True):
        ring = int(of_ring[vertex])
        here = tips.setdefault(int(of_outline[ring]), {}).setdefault(int(ring_of_outline[ring]), [])
        here.append((vertex - int(begin[ring]), other - int(begin[ring])))
    return tips


def _rings(outlines: Geometries) -> tuple[Geometries, Ints, Ints]:
    """Return the rings of outlines in their order, and of which polygon and which outline each is.

    A polygon without courts is its own ring: making a ring of each takes longer than all the rest.
    """
    parts, of_outline = shapely.get_parts(outlines, return_index=True)
    plain = shapely.get_num_interior_rings(parts) == 0
    whole, courted = np.flatnonzero(plain), np.flatnonzero(~plain)
    rings, of = shapely.get_rings(parts[courted], return_index=True)
    of_part = np.r_[whole, courted[of]]
    order = np.argsort(of_part, kind="stable")
    return np.concatenate([parts[whole], rings])[order], of_part[order], of_outline[of_part[order]]


def _turn(ring: Floats) -> float:
    """Return which way a ring turns; round what is built a court turns the other way than a shell."""
    local = ring - ring[0]
    return float(np.sign(_cross(local, np.roll(local, -1, axis=0)).sum()))


def _is_thorn(a: Floats, p: Floats, q: Floats, c: Floats, turn: Floats) -> NDArray[np.bool_]:
    """Tell where the sides from ``a`` to ``p`` and from ``q`` to ``c``, which run back on each other, make a thorn."""
    out, back = p - a, c - q
    long, short = np.hypot(*out.T), np.hypot(*back.T)
    with np.errstate(invalid="ignore", divide="ignore"):
        # How far apart the sides are where the shorter of them begins.
        width = np.where(long <= short, np.abs(_cross(back, a - q)) / short, np.abs(_cross(out, c - p)) / long)
    convex = (_cross(out, back) * turn > 0) | (_cross(out, q - p) * turn > 0)
    return np.asarray((np.minimum(long, short) >= THORN_LENGTH_M) & convex & (width <= THORN_M), dtype=bool)


def _cross(a: Floats, b: Floats) -> Floats:
    product: Floats = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def _rebuilt(outline: shapely.Geometry, tips: dict[int, list[tuple[int, int]]]) -> shapely.Geometry | None:
    """Return the outline without the tips, None where nothing of use is left."""
    polygons: list[shapely.Polygon] = []
    number = 0
    for polygon in shapely.get_parts(outline):
        rings = []
        for ring in shapely.get_rings(polygon):
            rings.append(_cut(shapely.get_coordinates(ring)[:-1], tips.get(number, [])))
            number += 1
        if len(rings[0]) >= 3:
            polygons.append(shapely.Polygon(rings[0], [hole for hole in rings[1:] if len(hole) >= 3]))
    if not polygons:
        return None
    whole = polygons[0] if isinstance(outline, shapely.Polygon) else shapely.MultiPolygon(polygons)
    # A house that is nothing but thorns is left to the rule for slivers.
    if not shapely.is_valid(whole) or shapely.area(whole) < SLIVER_M2:
        return None
    return whole


def _cut(points: Floats, tips: list[tuple[int, int]]) -> Floats:
    """Take tips off a ring: the longer side is cut where the shorter begins."""
    n = len(points)
    drop, put = set(), {}
    for first, end in tips:
        a, c = points[first - 1], points[(end + 1) % n]
        p, q = points[first], points[end]
        drop |= {first, end}
        short, tip, far = (a, q, c) if np.hypot(*(p - a)) <= np.hypot(*(c - q)) else (c, p, a)
        along = (far - tip) / np.hypot(*(far - tip))
        foot = tip + along * np.dot(short - tip, along)
        # Where both sides begin side by side, there is nothing left of the longer one.
        if np.hypot(*(foot - far)) > THORN_M:
            put[first] = foot
    rows = [put.get(i, points[i]) for i in range(n) if i not in drop or i in put]
    return np.array(rows)


def several(outlines: Geometries) -> Ints:
    """Return for each row of how many houses' outlines it is made, sheds apart: 1 for most.

    Parts that meet in a point (a figure eight that was mended) are one house.
    """
    houses = np.ones(len(outlines), dtype=np.int64)
    rows = np.flatnonzero(shapely.get_num_geometries(outlines) > 1)
    parts, of = shapely.get_parts(outlines[rows], return_index=True)
    large = np.bincount(of[shapely.area(parts) >= HOUSE_M2], minlength=len(rows))
    for row in rows[large > 1].tolist():
        houses[row] = len(_houses(outlines[row]))
    return houses


def split(outlines: Geometries, rows: Iterable[int]) -> tuple[Geometries, Ints, Ints]:
    """Take rows of several houses apart.

    Returns
    -------
    The outlines, a row of the input for each, and the number of the part: from 1, from west to east, 0 where the row
    is whole. A shed goes with the house nearest to it.

    """
    apart = {int(row) for row in rows}
    shapes: list[shapely.Geometry] = []
    of: list[int] = []
    number: list[int] = []
    for row, outline in enumerate(outlines):
        pieces = _houses(outline) if row in apart else [outline]
        shapes += pieces
        of += [row] * len(pieces)
        number += range(1, len(pieces) + 1) if row in apart else [0]
    made = np.empty(len(shapes), dtype=object)
    made[:] = shapes
    return made, np.array(of, dtype=np.int64), np.array(number, dtype=np.int64)


def _houses(outline: shapely.Geometry) -> list[shapely.Geometry]:
    parts = shapely.get_parts(outline)
    large = shapely.area(parts) >= HOUSE_M2
    houses = parts[large]
    bounds = shapely.bounds(houses)
    houses = houses[np.lexsort((bounds[:, 1], bounds[:, 0]))]
    a, b = shapely.STRtree(houses).query(houses, predicate="intersects")
    met = _groups(a.tolist(), b.tolist())
    label = np.empty(len(houses), dtype=np.int64)
    for k, members in enumerate(met):
        label[members] = k
    groups: list[list[Any]] = [list(houses[members]) for members in met]
    for shed in parts[~large]:
        groups[int(label[np.argmin(shapely.distance(houses, shed))])].append(shed)
    return [group[0] if len(group) == 1 else shapely.MultiPolygon(group) for group in groups]
