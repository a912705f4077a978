"""Areas of the demo: a county outline cut into small cells, and the cells shared out to townships and villages.

Nobody publishes township lines of these counties, so they are made: every area is a union of whole cells, which is
why areas of one level can neither overlap nor leave a hole. The lines are schematic and say nothing about the real
ones. Coordinates are metres in EPSG:4545.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.cluster.vq import kmeans2
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from gis_service.arrays import Floats, Ints, Objects
from gis_service.demo.names import villages
from gis_service.demo.tables import Plan

COUNTRY_M = 700.0
"""Spacing of cells in the country: a hamlet with its fields."""
BLOCK_M = 116.0
"""Spacing of cells in a town: a block of streets, under the 160 m of GB 50016 7.1.1."""


@dataclass
class Cells:
    """The cells of a county.

    Parameters
    ----------
    geometry, centre
        Polygons and, for each, a point inside (n × 2).
    town, rank
        Position of the town that a cell belongs to (-1: country) and its place in the town from the middle
        outwards; green cells round a town have a town and the rank -1.
    left, right, length
        Neighbours (positions, each pair once) and the length of the border between them, m.
    middle
        Middle of that border (n × 2).
    township, village
        Positions of the township and the village (in ``village_codes``) that a cell belongs to.

    """

    geometry: Objects
    centre: Floats
    town: Ints
    rank: Ints
    left: Ints
    right: Ints
    length: Floats
    middle: Floats
    township: Ints
    village: Ints
    village_codes: list[str]
    village_names: list[str]


def _grid(bounds: Floats, step: float, jitter: float, rng: np.random.Generator) -> Floats:
    """Return a jittered triangular grid over ``bounds``."""
    xs = np.arange(bounds[0] - 2 * step, bounds[2] + 2 * step, step)
    ys = np.arange(bounds[1] - 2 * step, bounds[3] + 2 * step, step * np.sqrt(0.75))
    x, y = np.meshgrid(xs, ys)
    x = x + (np.arange(len(ys)) % 2)[:, None] * step / 2
    points = np.column_stack([x.ravel(), y.ravel()])
    return points + rng.uniform(-jitter, jitter, points.shape) * step


def _town(seat: Floats, blocks: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Return seed points and ranks of one town of ``blocks`` blocks, drawn out along its valley."""
    angle, stretch = rng.uniform(0, np.pi), rng.uniform(1.3, 2.2)
    reach = int(np.ceil(np.sqrt(blocks) * 2.2)) + 3
    i, j = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    grid = np.column_stack([i.ravel(), j.ravel()]).astype(float)
    radius = np.hypot(grid[:, 0] / stretch, grid[:, 1]) + rng.uniform(0, 0.35, len(grid))
    order = np.argsort(radius, kind="stable")
    core = grid[order[:blocks]]
    rest = grid[order[blocks:]]
    near = cKDTree(core).query(rest)[0] < 1.5
    local = np.vstack([core, rest[near]])
    rank = np.r_[np.arange(blocks), np.full(int(near.sum()), -1)]
    # A slow bend keeps streets from running dead straight through a mountain town.
    bend = rng.uniform(-0.035, 0.035)
    local = np.column_stack([local[:, 0], local[:, 1] + bend * local[:, 0] ** 2])
    local = (local + rng.uniform(-0.11, 0.11, local.shape)) * BLOCK_M
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return seat + local @ turn, rank.astype(np.int64)


def _pieces(outline: Any, seeds: Floats) -> tuple[Objects, Ints]:
    """Cut ``outline`` into the Voronoi cells of ``seeds``; return the pieces and their seeds."""
    frame = shapely.box(*outline.buffer(4 * COUNTRY_M).bounds)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame, ordered=True))
    shapely.prepare(outline)
    inside = shapely.contains_properly(outline, cells)
    crossing = shapely.intersects(outline, cells) & ~inside
    # Nodes come from one noding of all lines, so neighbours share every vertex: the coverage is exact.
    lines = shapely.union_all(np.r_[shapely.boundary(cells[crossing]), shapely.boundary(outline)])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    points = shapely.point_on_surface(faces)
    owner = cKDTree(seeds).query(shapely.get_coordinates(points))[1]
    keep = shapely.contains(outline, points) & crossing[owner]
    geometry = np.r_[cells[inside], faces[keep]]
    seed = np.r_[np.flatnonzero(inside), owner[keep]].astype(np.int64)
    return geometry, seed


def _borders(geometry: Objects) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the neighbours of a coverage: left, right, border length, border middle."""
    points, owner = shapely.get_coordinates(shapely.get_exterior_ring(geometry), return_index=True)
    same = owner[1:] == owner[:-1]
    start, end, cell = points[:-1][same], points[1:][same], owner[1:][same]
    swap = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(swap[:, None], end, start), np.where(swap[:, None], start, end)
    key = np.column_stack([low, high])
    order = np.lexsort((cell, *key.T))
    key, cell = key[order], cell[order]
    twin = np.flatnonzero((key[1:] == key[:-1]).all(axis=1))
    left, right = np.minimum(cell[twin], cell[twin + 1]), np.maximum(cell[twin], cell[twin + 1])
    size = np.hypot(*(key[twin, 2:] - key[twin, :2]).T)
    # Two cells may share several segments: the longest one carries the crossing.
    order = np.lexsort((-size, right, left))
    left, right, size, key = left[order], right[order], size[order], key[twin][order]
    first = np.r_[True, (left[1:] != left[:-1]) | (right[1:] != right[:-1])]
    return left[first], right[first], size[first], (key[first, :2] + key[first, 2:]) / 2


def _graph(count: int, left: Ints, right: Ints, cost: Floats) -> csr_array:
    return csr_array((np.r_[cost, cost], (np.r_[left, right], np.r_[right, left])), shape=(count, count))


def _connect(label: Ints, graph: csr_array, home: Ints) -> Ints:
    """Give parts cut off from their area's home cell to the nearest area, so that every area is in one piece."""
    count = len(label)
    coo = graph.tocoo()
    kept = label[coo.row] == label[coo.col]
    inner = csr_array((coo.data[kept], (coo.row[kept], coo.col[kept])), shape=(count, count))
    part = connected_components(inner, directed=False)[1]
    sure = part == part[home[label]]
    if sure.all():
        return label
    _, _, source = dijkstra(graph, indices=np.flatnonzero(sure), min_only=True, return_predecessors=True)
    return np.asarray(label[source], dtype=np.int64)


def _share(cells: Cells, plan: Plan, homes: Ints, rng: np.random.Generator) -> None:
    """Share the cells out to townships, near their known extents, and to villages inside each."""
    count = len(cells.geometry)
    span = np.hypot(*(cells.centre[cells.left] - cells.centre[cells.right]).T)
    cost = span * rng.uniform(0.6, 1.5, len(span))
    far = np.empty((len(plan.towns), count))
    for t, town in enumerate(plan.towns):
        weight = cost
        if town.extent is not None:
            x0, y0, x1, y1 = (1000 * v for v in town.extent)
            x, y = cells.middle.T
            weight = cost * np.where((x > x0) & (x < x1) & (y > y0) & (y < y1), 1.0, 3.0)
        far[t] = dijkstra(_graph(count, cells.left, cells.right, weight), indices=homes[t])
    label = far.argmin(axis=0).astype(np.int64)
    label[cells.town >= 0] = cells.town[cells.town >= 0]
    graph = _graph(count, cells.left, cells.right, cost)
    cells.township = _connect(label, graph, homes)

    for t, town in enumerate(plan.towns):
        listed = villages(town.code)
        mine = np.flatnonzero(cells.township == t)
        where = np.full(count, -1)
        where[mine] = np.arange(len(mine))
        kept = (where[cells.left] >= 0) & (where[cells.right] >= 0)
        inner = _graph(len(mine), where[cells.left[kept]], where[cells.right[kept]], cost[kept])
        core = np.flatnonzero(cells.rank[mine] >= 0)
        urban = [k for k, (_, name) in enumerate(listed) if name.endswith("社区")][: max(1, len(core) // 4)]
        urban = urban or [0]
        rural = [k for k in range(len(listed)) if k not in urban]
        home = np.empty(len(listed), dtype=np.int64)
        home[urban] = core[_centres(cells.centre[mine[core]], len(urban), rng)]
        open_ = np.flatnonzero(cells.town[mine] < 0)
        home[rural] = open_[_centres(cells.centre[mine[open_]], len(rural), rng)]
        reach = dijkstra(inner, indices=home)
        # Communities hold the town; the country round it belongs to the villages.
        reach[urban] += 1200.0 if len(urban) > 1 or listed[urban[0]][1].endswith("社区") else 0.0
        reach[np.ix_(np.array(urban), core)] -= 1e7
        label = reach.argmin(axis=0).astype(np.int64)
        label = _connect(label, inner, home)
        cells.village[mine] = label + len(cells.village_codes)
        cells.village_codes += [code for code, _ in listed]
        cells.village_names += [name for _, name in listed]


def _centres(points: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Return positions of ``count`` points that lie evenly among ``points``."""
    chosen = [int(rng.integers(len(points)))]
    gap = np.hypot(*(points - points[chosen[0]]).T)
    while len(chosen) < count:
        chosen.append(int(gap.argmax()))
        gap = np.minimum(gap, np.hypot(*(points - points[chosen[-1]]).T))
    middle = kmeans2(points, points[chosen], iter=8, minit="matrix", missing="warn")[0]
    tree = cKDTree(points)
    result: list[int] = []
    for centre in middle:
        near = np.atleast_1d(tree.query(centre, k=min(len(points), count + 1))[1])
        result.append(next(int(k) for k in near if int(k) not in result))
    return np.array(result, dtype=np.int64)


def make_cells(outline: Any, plan: Plan, blocks: list[int], rng: np.random.Generator) -> Cells:
    """Cut a county into cells and share them out.

    Parameters
    ----------
    outline
        The county in EPSG:4545.
    plan
        Townships with seats and extents.
    blocks
        Number of blocks of each town.
    rng
        Source of every random choice.

    """
    country = _grid(np.array(outline.bounds), COUNTRY_M, 0.3, rng)
    town_xy, town_of, rank_of = [], [], []
    for t, (town, wanted) in enumerate(zip(plan.towns, blocks, strict=True)):
        xy, rank = _town(1000 * np.array(town.seat), wanted, rng)
        town_xy.append(xy)
        rank_of.append(rank)
        town_of.append(np.full(len(xy), t))
    towns = np.vstack(town_xy)
    country = country[cKDTree(towns).query(country)[0] > 0.55 * COUNTRY_M]
    seeds = np.vstack([towns, country])
    town = np.r_[np.concatenate(town_of), np.full(len(country), -1)].astype(np.int64)
    rank = np.r_[np.concatenate(rank_of), np.full(len(country), -1)].astype(np.int64)
    geometry, seed = _pieces(outline, seeds)
    whole = shapely.contains_xy(geometry, seeds[seed, 0], seeds[seed, 1])
    centre = np.where(whole[:, None], seeds[seed], shapely.get_coordinates(shapely.point_on_surface(geometry)))
    left, right, length, middle = _borders(geometry)
    nothing = np.full(len(geometry), -1)
    cells = Cells(
        geometry, centre, town[seed], rank[seed], left, right, length, middle, nothing, nothing.copy(), [], []
    )
    homes = np.array([np.flatnonzero((cells.town == t) & (cells.rank == 0))[0] for t in range(len(plan.towns))])
    _share(cells, plan, homes, rng)
    return cells
