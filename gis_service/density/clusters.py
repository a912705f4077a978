"""Dense clusters: buildings linked by short distances, their figures, outline and score (docs/domain.md#dense-clusters, docs/layers.md#clusters)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis_service.density.alleys.corridors import Alleys
from gis_service.density.alleys.gaps import Gaps
from gis_service.density.compute.executor import Executor, InProcess
from gis_service.density.layer.prepare import Prepared
from gis_service.density.params import Params
from gis_service.density.plane.pairs import Pairs

_SHARE = 2_000
"""Buildings in a share of the outlines, about."""

_NEARLY_CONVEX = 1.1
"""A part whose convex hull is at most so many times as large is outlined by its hull."""


@dataclass(frozen=True)
class Clusters:
    """Dense clusters, by buildings descending, then by westernmost.

    Attributes
    ----------
    of_building
        cluster_id (from 1) of every building, 0 outside clusters.
    of_alley
        cluster_id of every alley, 0 outside clusters.
    members
        Positions of the buildings, cluster after cluster; cluster k + 1 owns members[at[k]:at[k + 1]].
    table
        One row a cluster: the columns of the layer ``clusters`` (docs/layers.md#clusters) but score, and geometry.

    """

    of_building: NDArray[np.int64]
    of_alley: NDArray[np.int64]
    members: NDArray[np.int64]
    at: NDArray[np.int64]
    table: gpd.GeoDataFrame

    def __len__(self) -> int:
        return len(self.at) - 1


def label_clusters(prepared: Prepared, pairs: Pairs, params: Params | None = None) -> NDArray[np.int64]:
    """Return the cluster_id of every building (0: none): connected components of distances up to ``link_gap_m``.

    Over all buildings given: run it on the whole data set, before any township filter. ``pairs`` must reach
    ``link_gap_m``.
    """
    params = params or Params()
    n = len(prepared)
    a, b, _ = pairs.at_most(params.link_gap_m)
    _, component = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    size = np.bincount(component)
    box = shapely.bounds(prepared.footprints)
    west, south = np.full(len(size), np.inf), np.full(len(size), np.inf)
    np.minimum.at(west, component, box[:, 0])
    np.minimum.at(south, component, box[:, 1])
    order = np.lexsort((south, west, -size))
    order = order[size[order] >= params.min_buildings]
    ids = np.zeros(len(size), dtype=np.int64)
    ids[order] = np.arange(1, len(order) + 1)
    return np.asarray(ids[component], dtype=np.int64)


def build_clusters(
    prepared: Prepared,
    gaps: Gaps,
    alleys: Alleys,
    params: Params | None = None,
    access: pd.DataFrame | None = None,
    access_basis: str | None = None,
    *,
    of_building: NDArray[np.int64] | None = None,
    outline: NDArray[np.object_] | None = None,
    of_alley: NDArray[np.int64] | None = None,
) -> Clusters:
    """Describe the dense clusters.

    Parameters
    ----------
    gaps
        All pairs of the buildings (their distances make the links).
    access
        Per building, in the order of ``prepared``: ``hose_m`` (nan when unreached), ``unreached``, ``depth``,
        ``burn_cluster_id`` (null: burns alone). What is not known is null, not zero.
    access_basis
        ``roads`` or ``open_edge``.
    of_building
        Labels of ``label_clusters`` when they are known already.
    outline
        Outlines of ``draw_outlines`` when they are known already.
    of_alley
        Answer of ``clusters_of_alleys`` when it is known already.

    """
    params = params or Params()
    if of_building is None:
        of_building = label_clusters(prepared, Pairs(gaps.a, gaps.b, gaps.min_width_m), params)
    members, at = _members(of_building)
    count = len(at) - 1
    of_alley = clusters_of_alleys(alleys, of_building) if of_alley is None else of_alley
    outline = draw_outlines(prepared, of_building, params) if outline is None else outline
    footprint = np.bincount(of_building, weights=prepared.area_m2, minlength=count + 1)[1:]
    table = gpd.GeoDataFrame(
        {
            "cluster_id": np.arange(1, count + 1),
            "buildings": np.diff(at),
            "footprint_m2": footprint,
            "coverage": np.minimum(1.0, footprint / shapely.area(outline)) if count else footprint,
            **_alley_metres(alleys, of_alley, count),
            "narrowest_m": _narrowest(gaps, of_building, count),
            **_access(access, of_building, count),
        },
        geometry=outline,
        crs=prepared.crs,
    )
    table["access_basis"] = pd.Series([access_basis] * count, dtype="str")
    return Clusters(of_building, of_alley, members, at, table)


def clusters_of_alleys(alleys: Alleys, of_building: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the cluster of every alley: the one that most of its buildings belong to; of equals the first."""
    out = np.zeros(len(alleys), dtype=np.int64)
    cluster = of_building[alleys.building]
    some = cluster > 0
    count = int(cluster.max(initial=0)) + 1
    pair, votes = np.unique(alleys.alley[some] * count + cluster[some], return_counts=True)
    if len(pair):
        alley, named = pair // count, pair % count
        order = np.lexsort((named, -votes, alley))
        first = order[np.r_[True, np.diff(alley[order]) != 0]]
        out[alley[first]] = named[first]
    return out


def _alley_metres(alleys: Alleys, of_alley: NDArray[np.int64], count: int) -> dict[str, NDArray[np.float64]]:
    def metres(which: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(of_alley[which], weights=alleys.length_m[which], minlength=count + 1)[1:], float)

    every = np.ones(len(alleys), dtype=bool)
    return {
        "alley_m": metres(every),
        "sky_line_m": metres(alleys.kind == "sky_line"),
        "handshake_m": metres(alleys.kind == "handshake"),
    }


def _narrowest(gaps: Gaps, of_building: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return the least width of an open gap (walls in contact are none) among the pairs of each cluster."""
    cluster = of_building[gaps.a]
    # A wedge that opens from contact has a gap, but its point is no width that anybody could pass or not pass.
    open_gap = (
        (gaps.min_width_m > 0)
        & (cluster > 0)
        & (cluster == of_building[gaps.b])
        & (gaps.length_m > 0)
        & (gaps.kind != "touching")
    )
    out = np.full(count + 1, np.inf)
    np.minimum.at(out, cluster[open_gap], gaps.min_width_m[open_gap])
    return np.where(np.isfinite(out), out, np.nan)[1:]


def _access(
    access: pd.DataFrame | None, of_building: NDArray[np.int64], count: int
) -> dict[str, pd.Series | NDArray[np.float64]]:
    """Return the access columns; null where the per-building column is wholly unknown."""
    index = pd.RangeIndex(1, count + 1)
    if access is None:
        access = pd.DataFrame(index=range(len(of_building)))
    frame = access.reset_index(drop=True).assign(cluster=of_building)

    def whole(series: pd.Series) -> pd.Series:
        return series.reindex(index).astype("Float64").round().astype("Int64").reset_index(drop=True)

    def greatest(name: str) -> pd.Series:
        if name not in frame or frame[name].isna().all():
            return pd.Series(np.nan, index=index)
        return frame[frame.cluster > 0].groupby("cluster")[name].max()

    unreached = pd.Series(np.nan, index=index)
    if "unreached" in frame and frame["unreached"].notna().any():
        unreached = frame[frame.cluster > 0].groupby("cluster")["unreached"].sum()
    largest: Any = pd.Series(np.nan, index=index)
    if "burn_cluster_id" in frame:
        # The whole of a burn cluster counts, beyond the dense cluster too; a building that burns alone is one.
        size = frame.burn_cluster_id.map(frame.burn_cluster_id.value_counts()).fillna(1)
        largest = size[frame.cluster > 0].groupby(frame.cluster).max()
    return {
        "max_hose_m": greatest("hose_m").reindex(index).to_numpy(dtype=float, na_value=np.nan),
        "unreached": whole(unreached),
        "max_depth": whole(greatest("depth")),
        "burn_largest": whole(largest),
    }


def draw_outlines(
    prepared: Prepared, of_building: NDArray[np.int64], params: Params, executor: Executor | None = None
) -> NDArray[np.object_]:
    """Return a concave outline round each cluster that holds all its buildings.

    Footprints are grown by a little over half the link distance, so that linked ones merge, and the whole is shrunk
    again by a little less: what lies between linked houses stays in, what lies between others does not. Inner
    courts are filled. Shares of the clusters go to the executor.
    """
    members, at = _members(of_building)
    # Shares of about as many buildings each, small enough that no worker waits long for another.
    cuts = np.unique(np.searchsorted(at, np.arange(0, len(members) + _SHARE, _SHARE).clip(max=len(members))))
    shares = (
        (prepared.footprints[members[at[i] : at[j]]], at[i : j + 1] - at[i], params.link_gap_m)
        for i, j in pairwise(cuts)
    )
    parts = (executor or InProcess()).map(_outline_share, shares)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=object)


def _members(of_building: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the buildings cluster after cluster, and where each cluster begins."""
    inside = np.flatnonzero(of_building)
    members = inside[np.argsort(of_building[inside], kind="stable")]
    count = int(of_building.max(initial=0))
    return members, np.searchsorted(of_building[members], np.arange(1, count + 2))


def _outline_share(share: tuple[NDArray[np.object_], NDArray[np.int64], float]) -> NDArray[np.object_]:
    """Outline some clusters: their footprints, where each cluster begins among them, and the link distance."""
    own, at, link_gap_m = share
    count, slack = len(at) - 1, 0.25
    grow = link_gap_m / 2 + slack
    # Mitred corners lie at ``grow`` from every wall or beyond; shrinking by 0.4 m less, simplified by 0.25 m before and
    # 0.15 m after, leaves all houses inside; the rare exception is put in after. One buffer of all parts of a cluster
    # takes half the time of a union, and of parts with few corners two thirds of that.
    parts, of = shapely.get_parts(own, return_index=True)
    cluster = np.repeat(np.arange(count), np.diff(at))[of]
    together: Any = shapely.multipolygons(_plain(parts), indices=cluster)
    merged: Any = shapely.buffer(together, grow, join_style="mitre", mitre_limit=1.5)
    out = _shrunk(_simple(_filled(merged), 0.25), (grow - 0.4, grow / 2, slack))
    shapely.prepare(out)
    owner = np.repeat(np.arange(count), np.diff(at))
    outside = np.flatnonzero(~shapely.covers(out[owner], own))
    shapely.destroy_prepared(out)
    for k in np.unique(owner[outside]):
        missing = own[outside[owner[outside] == k]]
        out[k] = _filled(np.array([shapely.union_all(np.r_[missing, out[k]])], dtype=object))[0]
    return out


def _shrunk(outline: NDArray[np.object_], steps: tuple[float, ...]) -> NDArray[np.object_]:
    """Shrink by the first of ``steps`` that leaves each outline in one piece (links by a corner break early).

    Round corners: shrinking cuts a mitre off farther inside than its distance, into the houses.
    """
    out = outline.copy()
    todo = np.arange(len(outline))
    for step in steps:
        small = shapely.buffer(outline[todo], -step, quad_segs=2)
        whole = (shapely.get_type_id(small) == 3) & ~shapely.is_empty(small)
        out[todo[whole]] = _filled(small[whole])
        todo = todo[~whole]
        if not len(todo):
            break
    return _simple(out, 0.15)


def _plain(parts: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons with fewer corners that hold them: the convex hull of each that is nearly convex."""
    hull: Any = shapely.convex_hull(parts)
    return np.where(shapely.area(hull) <= _NEARLY_CONVEX * shapely.area(parts), hull, parts)


def _simple(outline: NDArray[np.object_], by_m: float) -> NDArray[np.object_]:
    """Simplify rings by at most ``by_m``; the few that would cross themselves go the slow way."""
    out: Any = shapely.simplify(outline, by_m, preserve_topology=False)
    bad = np.flatnonzero(~shapely.is_valid(out) | (shapely.get_type_id(out) != 3) | shapely.is_empty(out))
    out[bad] = shapely.simplify(outline[bad], by_m)
    return np.asarray(out, dtype=object)


def _filled(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons without their holes; the hull of what is no polygon."""
    shapes = np.where(shapely.get_type_id(shapes) == 3, shapes, shapely.convex_hull(shapes))
    return np.asarray(shapely.polygons(shapely.get_exterior_ring(shapes)), dtype=object)
