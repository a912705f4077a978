"""Bring a finished run up to date after an edit; equal, value for value, to a full run over the edited buildings.

What an edit can change is found from distances: cleaning (footprints that overlap), pairs and gaps (the edited
buildings and their neighbours), outlines (clusters whose members changed). Engines and hoses may take another way
round a whole quarter after a single lane is shut, so access is put together anew over the whole data set, but from
tiles whose answers are remembered (``memo.Remembering``) wherever nothing in them or round them changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.access import Access, find_access
from gis_service.density.alleys import Alleys, build_alleys
from gis_service.density.burn import Burn, find_burn
from gis_service.density.clusters import build_clusters, draw_outlines, label_clusters
from gis_service.density.executor import Executor, InProcess
from gis_service.density.gaps import Gaps, Pieces, compute_gaps
from gis_service.density.ground import Ground, lay_again
from gis_service.density.memo import Remembering
from gis_service.density.pairs import Pairs, find_pairs, neighbours, within
from gis_service.density.prepare import Prepared, prepare
from gis_service.density.repairs import Repairs
from gis_service.density.run import (
    Density,
    density,
    ids_of_rows,
    like,
    lines_of,
    per_building,
    rate,
    side_by_side,
    tabulate,
)
from gis_service.density.tiles import split
from gis_service.density.walls import spans
from gis_service.errors import InputError

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FEW = 100
"""So many boxes are compared one by one before a tree is quicker."""


class Moved(NamedTuple):
    """How edited buildings stand to those before.

    Attributes
    ----------
    prepared
        The buildings after the edit.
    old
        For each of them its position before; -1 for one that is new or that the edit changed.
    now
        For each building before its position now; -1 for one that is gone or that the edit changed.

    """

    prepared: Prepared
    old: Ints
    now: Ints


def update(
    previous: Density,
    buildings: gpd.GeoDataFrame,
    changed_ids: Iterable[str],
    roads: gpd.GeoDataFrame | None = None,
    hydrants: gpd.GeoDataFrame | None = None,
    executor: Executor | None = None,
) -> Density:
    """Return what ``density`` would return for edited buildings, with the parameters of the previous run.

    Parameters
    ----------
    previous
        The run before the edit.
    buildings
        All buildings after the edit, with ``building_id``, in the CRS of the previous run.
    changed_ids
        Buildings that were added, removed, moved or given another height, storeys, structure or fire class.
    roads, hydrants
        As in the previous run (roads that changed need no more than this).
    executor
        ``memo.Remembering``, the same that ran the previous run, makes it quick; any other gives the same values.

    Notes
    -----
    ``run`` counts only the repairs near the edit.

    """
    begun = time.perf_counter()
    seconds: dict[str, float] = {}

    def done(name: str) -> None:
        seconds[name] = round(time.perf_counter() - begun - sum(seconds.values()), 3)

    executor = executor or InProcess()
    if isinstance(executor, Remembering):
        executor.renew()
    params = previous.params
    moved = _prepared(previous, buildings, {str(i).strip() for i in changed_ids})
    prepared = moved.prepared
    done("prepare")
    near = _pairs(previous, moved)
    narrow = within(near, params.max_width_m)
    pairs = near if narrow.all() else Pairs(near.a[narrow], near.b[narrow], near.min_width_m[narrow])
    ground = lay_again(prepared.footprints, previous.ground)
    if ground.walls.origin != previous.ground.walls.origin:
        # Data that now begin in another square of 10 km are counted from another corner, and round differently.
        return density(buildings, roads, hydrants, params, executor, work_srid=_srid(prepared))
    done("pairs")

    def lanes(_executor: Executor) -> tuple[Gaps, Alleys]:
        gaps = _gaps(previous, moved, pairs, ground)
        return gaps, build_alleys(prepared, gaps, params)

    def reached(running: Executor) -> tuple[Access, Burn]:
        access = find_access(prepared.footprints, near, params, lines_of(roads, prepared), running, ground=ground)
        reach = max(params.max_width_m, params.link_gap_m)
        return access, find_burn(prepared.footprints, near, reach, prepared.fire_class, params, running, ground)

    (gaps, alleys), (access, burn) = side_by_side(executor, lanes, reached)
    done("alleys, access")
    of_building = label_clusters(prepared, near, params)
    outlines = _outlines(previous, moved, of_building)
    done("outlines")
    table = per_building(prepared, near, access.buildings, np.asarray(burn.cluster_id, dtype=np.int64))
    clusters = build_clusters(prepared, gaps, alleys, params, table, access.basis, of_building, outlines)
    ids = ids_of_rows(buildings)
    scores = rate(buildings, prepared, clusters, params, like(hydrants, prepared))
    done("clusters")
    seconds["total"] = round(time.perf_counter() - begun, 3)
    return tabulate(
        prepared, gaps, alleys, clusters, scores, table, access, burn, near, ground, params, ids, seconds, None
    )


def _prepared(previous: Density, buildings: gpd.GeoDataFrame, changed: set[str]) -> Moved:
    """Clean the rows that an edit can concern, and take the others over."""
    before = previous.prepared
    if "building_id" not in buildings.columns or buildings.crs != before.crs:
        raise InputError(
            "增量更新需要 building_id 列，且坐标系与上次运行相同。",
            "An update needs a building_id column and the CRS of the previous run.",
        )
    ids = ids_of_rows(buildings)
    known = _find(before.ids, ids)
    edited = np.isin(ids.astype(str), np.array(sorted(changed) or [""], dtype=str))
    # Rows that no building is named after (parts of one, duplicates, left out), and ids that repeat.
    odd = (known < 0) | pd.Series(ids).duplicated(keep=False).to_numpy()
    box = shapely.bounds(np.asarray(buildings.geometry.values, dtype=object))
    # Buildings that a changed row was, or was a part of.
    gone = before.row[np.isin(previous.row_ids.astype(str), np.array(sorted(changed) or [""], dtype=str))]
    gone = np.unique(gone[gone >= 0])
    local = edited | odd
    local |= _meets(box, np.vstack([box[local], shapely.bounds(before.footprints[gone])]))
    rows = np.flatnonzero(local)
    some = buildings.iloc[rows]
    try:
        near = prepare(some, previous.params, _srid(before)) if len(rows) else before.take(np.zeros(0, np.int64))
    except InputError:
        # No polygon among them: all that was near is gone.
        near = before.take(np.zeros(0, np.int64))
    replaced = ~np.isin(before.ids.astype(str), ids.astype(str))
    replaced[known[rows][known[rows] >= 0]] = True
    kept = np.flatnonzero(~replaced)
    together = np.concatenate([before.ids[kept], near.ids])
    order = np.argsort(together.astype(str), kind="stable")

    def joined(name: str) -> Any:
        return np.concatenate([getattr(before, name)[kept], getattr(near, name)])[order]

    old = np.concatenate([kept, _unchanged(before, near)])[order]
    now = np.full(len(before), -1, dtype=np.int64)
    now[old[old >= 0]] = np.flatnonzero(old >= 0)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    slot = np.full(len(before) + 1, -1, dtype=np.int64)
    slot[kept] = place[: len(kept)]
    row = slot[known]
    local_row = near.row if len(near) else np.full(len(rows), -1, dtype=np.int64)
    row[rows] = np.where(local_row >= 0, place[len(kept) :][local_row] if len(near) else -1, -1)
    prepared = Prepared(
        joined("ids"), joined("footprints"), joined("height_m"), joined("floors"), joined("structure"),
        joined("fire_class"), joined("township_code"), before.crs, near.repairs if len(near) else Repairs(), row,
    )  # fmt: skip
    return Moved(prepared, old, now)


def _srid(prepared: Prepared) -> int | str:
    """Return the EPSG number of the buildings' CRS, ``auto`` where it has none."""
    return (prepared.crs.to_epsg() if prepared.crs is not None else None) or "auto"


def _find(names: NDArray[np.object_], wanted: NDArray[np.object_]) -> Ints:
    """Return the position of each wanted name, -1 where there is none."""
    return np.asarray(pd.Index(names).get_indexer(pd.Index(wanted)), dtype=np.int64)


def _meets(box: NDArray[np.float64], targets: NDArray[np.float64]) -> Flags:
    """Say which boxes meet any of the targets."""
    hit = np.zeros(len(box), dtype=bool)
    targets = targets[np.isfinite(targets).all(axis=1)]
    if len(targets) > _FEW:
        boxes: Any = shapely.box(*targets.T)
        finite = np.flatnonzero(np.isfinite(box).all(axis=1))
        hit[finite[shapely.STRtree(boxes).query(shapely.box(*box[finite].T))[0]]] = True
        return hit
    for x0, y0, x1, y1 in targets:
        hit |= (box[:, 0] <= x1) & (box[:, 2] >= x0) & (box[:, 1] <= y1) & (box[:, 3] >= y0)
    return hit


def _unchanged(before: Prepared, near: Prepared) -> Ints:
    """Return where each of some freshly cleaned buildings stood before, -1 where anything about it differs."""
    at = _find(before.ids, near.ids)
    hit = np.flatnonzero(at >= 0)
    same = shapely.equals_exact(before.footprints[at[hit]], near.footprints[hit], tolerance=0.0)
    for name in ("height_m", "floors", "structure", "fire_class", "township_code"):
        one, two = pd.Series(getattr(before, name)[at[hit]]), pd.Series(getattr(near, name)[hit])
        same &= ((one == two) | (one.isna() & two.isna())).to_numpy(dtype=bool)
    at[hit[~same]] = -1
    return at


def _pairs(previous: Density, moved: Moved) -> Pairs:
    """Return all pairs: those between unchanged buildings as they were, those of the others measured."""
    was, shapes = previous.near, moved.prepared.footprints
    reach = max(previous.params.max_width_m, previous.params.link_gap_m)
    a, b = moved.now[was.a], moved.now[was.b]
    stays = (a >= 0) & (b >= 0)
    fresh = moved.old < 0
    box = shapely.bounds(shapes)
    target = box[fresh] + np.array([-reach, -reach, reach, reach]) * 1.001
    some = np.flatnonzero(_meets(box, target))
    found = find_pairs(shapes[some], reach)
    one, two = some[found.a], some[found.b]
    new = fresh[one] | fresh[two]
    a, b = np.concatenate([a[stays], one[new]]), np.concatenate([b[stays], two[new]])
    width = np.concatenate([was.min_width_m[stays], found.min_width_m[new]])
    order = np.lexsort((b, a))
    return Pairs(a[order], b[order], width[order])


def _gaps(previous: Density, moved: Moved, pairs: Pairs, ground: Ground) -> Gaps:
    """Return all gaps, measured anew between the edited buildings and their neighbours, old and new."""
    was, n = previous.made_gaps, len(moved.prepared)
    touched = moved.old < 0
    offsets, others = neighbours(pairs, n)
    touched[others[spans(offsets, np.flatnonzero(moved.old < 0))]] = True
    for one, two in ((was.a, was.b), (was.b, was.a)):
        beside = moved.now[two[moved.now[one] < 0]]
        touched[beside[beside >= 0]] = True
    # A building that changed may stand between any two of its neighbours.
    fresh = touched[pairs.a] & touched[pairs.b]
    again = np.flatnonzero(fresh)
    index = np.unique(np.concatenate([pairs.a[again], pairs.b[again]]))
    index = np.unique(np.concatenate([index, others[spans(offsets, index)]]))
    place = np.full(n, -1, dtype=np.int64)
    place[index] = np.arange(len(index))
    inside = np.flatnonzero((place[pairs.a] >= 0) & (place[pairs.b] >= 0))
    part = Pairs(place[pairs.a[inside]], place[pairs.b[inside]], pairs.min_width_m[inside])
    walls = ground.walls.cut(index)
    found = compute_gaps(
        moved.prepared.take(index), part, previous.params, np.searchsorted(inside, again),
        ground=Ground(walls, split(walls.boxes)),
    )  # fmt: skip
    # Where each pair that stays was before: both lists are sorted by a, then b.
    code = moved.now[was.a] * n + moved.now[was.b]
    code[(moved.now[was.a] < 0) | (moved.now[was.b] < 0)] = -1
    rest = np.flatnonzero(~fresh)
    known = np.flatnonzero(code >= 0)
    source = known[np.searchsorted(code[known], pairs.a[rest] * n + pairs.b[rest])]

    def joined(name: str) -> Any:
        one, two = getattr(was, name), getattr(found, name)
        out = np.empty(len(pairs.a), dtype=one.dtype)
        out[rest], out[again] = one[source], two
        return out

    to = np.full(len(was.a), -1, dtype=np.int64)
    to[source] = rest
    keep = to[was.pieces.pair] >= 0
    pair = np.concatenate([to[was.pieces.pair[keep]], again[found.pieces.pair]])
    order = np.argsort(pair, kind="stable")
    shift = len(was.pieces.xyt)

    def piece(name: str, by: int = 0) -> Any:
        return np.concatenate([getattr(was.pieces, name)[keep], getattr(found.pieces, name) + by])[order]

    first, last = piece("first", shift), piece("last", shift)
    pieces = Pieces(
        pair[order], np.concatenate([was.pieces.xyt, found.pieces.xyt]), first, last, piece("length_m"),
        piece("width_integral"), piece("sky_integral"), piece("min_width_m"),
    )  # fmt: skip
    return Gaps(
        pairs.a.astype(np.int64), pairs.b.astype(np.int64), joined("kind"), pairs.min_width_m, joined("mean_width_m"),
        joined("length_m"), joined("sky_view"), joined("geometry"), pieces,
    )  # fmt: skip


def _outlines(previous: Density, moved: Moved, of_building: Ints) -> NDArray[np.object_]:
    """Return the outlines of all clusters, drawn anew where the members changed."""
    count = int(of_building.max(initial=0))
    out = np.full(count, None, dtype=object)
    was = previous.made_clusters
    label = np.where(moved.old >= 0, was.of_building[moved.old], 0)
    lowest, highest = np.full(count + 1, np.iinfo(np.int64).max), np.zeros(count + 1, dtype=np.int64)
    np.minimum.at(lowest, of_building, label)
    np.maximum.at(highest, of_building, label)
    size, before = np.bincount(of_building, minlength=count + 1), np.diff(was.at)
    same = (lowest == highest) & (lowest > 0)
    same[same] = before[lowest[same] - 1] == size[same]
    same[0] = False
    old = np.asarray(was.table.geometry.values, dtype=object)
    keep = np.flatnonzero(same)
    out[keep - 1] = old[lowest[keep] - 1]
    anew = np.flatnonzero(~same[1:]) + 1
    if len(anew):
        number = np.zeros(count + 1, dtype=np.int64)
        number[anew] = np.arange(1, len(anew) + 1)
        out[anew - 1] = draw_outlines(moved.prepared, number[of_building], previous.params)
    return out
