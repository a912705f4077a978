"""How near a fire engine comes, and how far the hose goes from there.

Engine space is the ground that a disc of the engine's width sweeps from a road, or from the open country
where there are no roads. The hose goes on by the shortest way through ground that it can pass, round corners
and never through a building, to the nearest wall. Both are computed from exact geometry, tile by tile with
a halo, and joined over the whole data set; the result does not depend on tiles, rows or workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gis_service.arrays import Flags, Floats, Ints
from gis_service.density.compute.compiled import compiled
from gis_service.density.compute.executor import Executor, InProcess
from gis_service.density.params import Params
from gis_service.density.plane.ground import Ground, build_ground
from gis_service.density.plane.offset import OffsetBoundary, clear_points, offset_boundary
from gis_service.density.plane.pairs import Pairs
from gis_service.density.plane.tiles import TILE_BUILDINGS, Finder, Tile
from gis_service.density.plane.walls import Walls
from gis_service.density.reach.faces import Faces
from gis_service.density.reach.nodes import REACH_M, Nodes, find_discs, find_nodes
from gis_service.density.reach.sight import Views, find_views, make_scene, meet_walls
from gis_service.density.reach.space import EngineSpace

ROADS, OPEN_EDGE = "roads", "open_edge"
_NO_RIM = OffsetBoundary(np.empty((0, 8)), np.empty(0, bool), np.empty(0, np.int64), np.empty(0, np.int8))


@dataclass(frozen=True)
class Access:
    """What engines and hoses reach.

    Attributes
    ----------
    buildings
        One row a building, in the order given: ``hose_m`` (metres, to the millimetre; null when unreached),
        ``unreached``, ``depth`` (null where no building is near enough to any that is reached),
        ``nearest_gap_m`` (metres; null when no other building stands within the reach of the pairs given).
    space
        The ground that engines reach.
    basis
        ``roads`` or ``open_edge``: from where engines come.

    """

    buildings: pd.DataFrame
    space: EngineSpace
    basis: str


class _Part(NamedTuple):
    """Walls of a tile and its halo; ``before`` and ``own`` count rows of ``ends``."""

    ends: Floats
    before: Ints
    own: Ints


class _RimTask(NamedTuple):
    part: _Part
    width_m: float


class _ViewTask(NamedTuple):
    part: _Part
    nodes: Nodes
    number: Ints
    own: Flags
    near: Flags
    discs: Floats
    radius_m: float
    hose_width_m: float


class _MeetTask(NamedTuple):
    part: _Part
    first: Ints
    last: Ints
    best: Floats
    at: Floats
    way: Floats
    discs: Floats
    radius_m: float
    hose_width_m: float


def _part(walls: Walls, buildings: Ints, own: Ints) -> _Part:
    """Cut the walls of ``buildings`` (ascending) out; ``own`` are walls over the whole data set."""
    rows = walls.of(buildings)
    count = walls.start[buildings + 1] - walls.start[buildings]
    shift = np.repeat(
        walls.start[buildings] - np.concatenate(([0], np.cumsum(count)[:-1])) if len(buildings) else [], count
    ).astype(np.int64)
    return _Part(
        np.ascontiguousarray(walls.ends[rows]),
        walls.before[rows] - shift,
        np.searchsorted(rows, own),
    )


def _rim_tile(task: _RimTask) -> OffsetBoundary:
    return offset_boundary(task.part.own, task.part.ends, task.part.before, task.width_m)


def _view_tile(task: _ViewTask) -> Views:
    scene = make_scene(task.part.ends, task.part.before, task.hose_width_m)
    return find_views(scene, task.nodes, task.number, task.own, task.near, task.discs, task.radius_m)


def _meet_tile(task: _MeetTask) -> Floats:
    scene = make_scene(task.part.ends, task.part.before, task.hose_width_m)
    return meet_walls(scene, task.first, task.last, task.best, task.at, task.way, task.discs, task.radius_m)


def find_access(
    footprints: NDArray[np.object_],
    pairs: Pairs,
    params: Params,
    roads: NDArray[np.object_] | None = None,
    executor: Executor | None = None,
    tile_buildings: int = TILE_BUILDINGS,
    ground: Ground | None = None,
    access_basis: str | None = None,
) -> Access:
    """Measure engine access, hose distance and depth of every building.

    Parameters
    ----------
    footprints
        Valid polygonal footprints in one metric CRS, sorted.
    pairs
        All pairs up to at least ``link_gap_m``, for depth; ``nearest_gap_m`` looks as far as they go.
    params
        ``engine_width_m``, ``hose_width_m``, ``depth_zero_m``, ``link_gap_m``.
    roads
        Lines in the same CRS on which engines drive, or None. Roads that nowhere run clear of buildings by
        half the engine's width count as none.
    executor, tile_buildings
        Who runs the tiles, and how large they are.
    ground
        The walls and tiles of the footprints when they are known already.
    access_basis
        For an island of a larger data set over whose open country engines come: that data set's basis.

    """
    executor = executor or InProcess()
    walls, tiles = ground or build_ground(footprints, tile_buildings)
    boxes = walls.boxes
    boundary = whole_boundary(walls, tiles, Finder(boxes), params.engine_width_m, executor)
    space = find_space(footprints, walls, boundary, params.engine_width_m, roads, access_basis)
    hose = find_hose(walls, boxes, tiles, space, params, executor)
    depth = find_depth(hose, pairs, params)
    table = pd.DataFrame(
        {
            "hose_m": hose,
            "unreached": np.isnan(hose),
            "depth": pd.array(np.where(depth < 0, 0, depth), dtype="Int64"),
            "nearest_gap_m": nearest_gap(len(footprints), pairs),
        }
    )
    table.loc[depth < 0, "depth"] = pd.NA
    table["access_basis"] = space.basis
    return Access(table, space, space.basis)


def whole_boundary(
    walls: Walls, tiles: list[Tile], finder: Finder, width_m: float, executor: Executor
) -> OffsetBoundary:
    """Find the boundary along all walls, tile by tile; ``wall`` counts walls of the whole data set."""
    near = [finder.within(*tile.grown(width_m + 0.01)) for tile in tiles]
    tasks = (_RimTask(_part(walls, some, walls.of(tile.own)), width_m) for tile, some in zip(tiles, near, strict=True))
    parts = executor.map(_rim_tile, tasks)
    count = sum(len(part.arc) for part in parts)
    out = OffsetBoundary(
        np.empty((count, 8)), np.empty(count, bool), np.empty(count, np.int64), np.empty(count, np.int8)
    )
    made = 0
    for k, some in enumerate(near):
        # Each part goes as it is taken over: all of them twice would be the largest thing in memory.
        part, parts[k] = parts[k], _NO_RIM
        here = slice(made, made + len(part.arc))
        out.shape[here], out.arc[here], out.cut[here] = part.shape, part.arc, part.cut
        out.wall[here] = walls.of(some)[part.wall]
        made += len(part.arc)
    return out


def find_space(
    footprints: NDArray[np.object_],
    walls: Walls,
    boundary: OffsetBoundary,
    width_m: float,
    roads: NDArray[np.object_] | None,
    access_basis: str | None = None,
) -> EngineSpace:
    """Find which grounds engines reach, from roads or else from the open country."""
    faces = Faces(boundary)
    basis, grounds = access_basis or OPEN_EDGE, np.array([faces.outside])
    if roads is not None and len(roads):
        lines = _segments(roads, walls.origin)
        met = faces.locate(clear_points(lines, walls.ends, width_m)) if len(lines) else np.empty(0, np.int64)
        met = np.unique(met[met >= 0])
        if len(met):
            basis, grounds = ROADS, met if access_basis is None else np.union1d(met, grounds)
    return EngineSpace(footprints, walls.origin, boundary, faces, grounds, width_m, basis)


def _segments(lines: NDArray[np.object_], origin: tuple[float, float]) -> Floats:
    """Return the segments of lines (or of polygons' outlines) as rows x1, y1, x2, y2."""
    parts = shapely.get_parts(lines)
    areal = shapely.get_dimensions(parts) == 2
    parts = np.concatenate([parts[~areal], shapely.get_parts(shapely.boundary(parts[areal]))])
    parts = parts[shapely.get_dimensions(parts) == 1]
    xy, line = shapely.get_coordinates(parts, return_index=True)
    xy = xy - np.asarray(origin)
    same = line[1:] == line[:-1]
    return np.hstack([xy[:-1][same], xy[1:][same]])


def find_hose(
    walls: Walls, boxes: Floats, tiles: list[Tile], space: EngineSpace, params: Params, executor: Executor
) -> Floats:
    """Return the hose distance of every building in metres; NaN where no hose comes."""
    boundary, reached = space.boundary, space.reached
    radius = params.engine_width_m / 2
    hose = np.full(len(walls.start) - 1, np.nan)
    hose[walls.owner[boundary.wall[reached]]] = 0.0
    if not np.isnan(hose).any():
        return hose
    nodes = find_nodes(walls, boundary, space.faces, reached)
    discs = find_discs(boundary, reached)
    finder, node_finder, disc_finder = Finder(boxes), _points(nodes.xy), _points(discs)
    seen: list[Ints] = []

    def view(tile: Tile) -> _ViewTask:
        x0, y0, x1, y1 = tile.cell
        inside = node_finder.within(x0, y0, x1, y1)
        xy = nodes.xy[inside]
        inside = inside[(xy[:, 0] >= x0) & (xy[:, 0] < x1) & (xy[:, 1] >= y0) & (xy[:, 1] < y1)]
        inside = inside[~nodes.touched[inside]]
        box = _box(nodes.xy[inside])
        some = node_finder.within(*_grown(box, 2 * REACH_M))
        close = node_finder.within(*_grown(box, REACH_M))
        seen.append(some)
        return _ViewTask(
            _part(walls, finder.within(*_grown(box, 2 * REACH_M)), np.empty(0, np.int64)),
            Nodes(nodes.xy[some], nodes.arms[some], nodes.touched[some]),
            # Numbers within the tile: a task must not know how many points there are elsewhere.
            np.arange(len(some)),
            np.isin(some, inside, assume_unique=True),
            np.isin(some, close, assume_unique=True),
            discs[disc_finder.within(*_grown(box, 2 * REACH_M + radius))],
            radius,
            params.hose_width_m,
        )

    views = executor.map(_view_tile, (view(tile) for tile in tiles))
    views = [_numbered(view, some) for view, some in zip(views, seen, strict=True)]
    way = _shortest(views, nodes)
    known = np.isfinite(way)

    def meet(tile: Tile) -> _MeetTask:
        own = tile.own[np.isnan(hose[tile.own])]
        box = _box(boxes[own].reshape(-1, 2))
        near = finder.within(*_grown(box, REACH_M))
        some = node_finder.within(*_grown(box, REACH_M))
        some = some[known[some]]
        count = walls.start[near + 1] - walls.start[near]
        last = np.cumsum(count)
        mine = np.searchsorted(near, own)
        return _MeetTask(
            _part(walls, near, np.empty(0, np.int64)),
            (last - count)[mine],
            last[mine],
            np.full(len(own), np.inf),
            nodes.xy[some],
            way[some],
            discs[disc_finder.within(*_grown(box, REACH_M + radius))],
            radius,
            params.hose_width_m,
        )

    met = executor.map(_meet_tile, (meet(tile) for tile in tiles))
    for tile, found in zip(tiles, met, strict=True):
        own = tile.own[np.isnan(hose[tile.own])]
        hose[own] = np.where(np.isfinite(found), np.round(found, 3), np.nan)
    return hose


def _numbered(view: Views, number: Ints) -> Views:
    """Return the views of a tile with the points' numbers over the whole data set."""
    return Views(number[view.one], number[view.two], view.length_m, number[view.own], view.direct_m)


def _points(at: Floats) -> Finder:
    return Finder(np.hstack([at, at]))


def _box(at: Floats) -> tuple[float, float, float, float]:
    if not len(at):
        return 0.0, 0.0, 0.0, 0.0
    low, high = at.min(axis=0), at.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _grown(box: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _shortest(views: list[Views], nodes: Nodes) -> Floats:
    """Return the shortest way from any engine to every point, over the views of all tiles, which it uses up."""
    count = len(nodes.xy)
    direct = np.full(count, np.inf)
    direct[nodes.touched] = 0.0
    for view in views:
        direct[view.own] = view.direct_m
    one = np.concatenate([view.one for view in views])
    two = np.concatenate([view.two for view in views])
    length = np.concatenate([view.length_m for view in views])
    views.clear()
    first = np.flatnonzero(np.isfinite(direct) & (direct > 0.0))
    # One more point stands for all engines; the straight ways are its views.
    graph = csr_array(
        (
            np.concatenate([length, direct[first]]),
            (np.concatenate([one, np.full(len(first), count)]), np.concatenate([two, first])),
        ),
        shape=(count + 1, count + 1),
    )
    way: Any = dijkstra(graph, directed=False, indices=count)
    return np.where(nodes.touched, 0.0, way[:count])


@compiled
def _spread(depth: Ints, start: Ints, other: Ints) -> None:
    queue = np.empty(len(depth), np.int64)
    tail = 0
    for i in range(len(depth)):
        if depth[i] == 0:
            queue[tail] = i
            tail += 1
    head = 0
    while head < tail:
        i = queue[head]
        head += 1
        for k in range(start[i], start[i + 1]):
            j = other[k]
            if depth[j] < 0:
                depth[j] = depth[i] + 1
                queue[tail] = j
                tail += 1


def find_depth(hose: Floats, pairs: Pairs, params: Params) -> Ints:
    """Return how many buildings deep each lies behind those near an engine; -1 where that is unknown."""
    depth = np.where(hose <= params.depth_zero_m, 0, -1).astype(np.int64)
    linked = pairs.min_width_m <= params.link_gap_m
    one = np.concatenate([pairs.a[linked], pairs.b[linked]])
    two = np.concatenate([pairs.b[linked], pairs.a[linked]])
    order = np.argsort(one, kind="stable")
    start = np.searchsorted(one[order], np.arange(len(hose) + 1)).astype(np.int64)
    _spread(depth, start, two[order].astype(np.int64))
    return depth


def nearest_gap(count: int, pairs: Pairs) -> Floats:
    """Return each building's distance to its nearest other in metres; NaN when no pair has it."""
    gap = np.full(count, np.inf)
    np.minimum.at(gap, pairs.a, pairs.min_width_m)
    np.minimum.at(gap, pairs.b, pairs.min_width_m)
    return np.where(np.isfinite(gap), gap, np.nan)
