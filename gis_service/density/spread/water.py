"""Hydrants and other water: how much of each cluster they cover.

A building is covered by a hydrant whose distance to its footprint is at most 150 m (GB 50974-2014 7.2.5),
as the crow flies; the technical rule for urban villages wants every building inside the cover of two.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Ints
from gis_service.density.params import Params


def cover_of_buildings(
    footprints: NDArray[np.object_],
    hydrants: NDArray[np.object_],
    params: Params,
    kinds: NDArray[np.object_] | None = None,
) -> pd.DataFrame:
    """Measure every building's water.

    Parameters
    ----------
    footprints
        Polygonal footprints in one metric CRS.
    hydrants
        Points in the same CRS (or outlines of pools); missing and empty ones are passed over.
    params
        ``hydrant_radius_m``.
    kinds
        The kind of each hydrant, as text, or None.

    Returns
    -------
    pandas.DataFrame
        ``hydrants`` within the radius, ``hydrant_m`` (distance to the nearest in metres, however far; null
        where there are none at all) and its ``hydrant_kind`` (null when unknown).

    """
    count = len(footprints)
    given = np.asarray(hydrants, dtype=object)
    use = np.flatnonzero(~(shapely.is_missing(given) | shapely.is_empty(given)))
    within = np.zeros(count, np.int64)
    nearest = np.full(count, np.nan)
    kind = np.full(count, None, dtype=object)
    if len(use) and count:
        tree = shapely.STRtree(given[use])
        building, _ = tree.query(footprints, predicate="dwithin", distance=params.hydrant_radius_m)
        within = np.bincount(building, minlength=count)
        (building, which), metres = tree.query_nearest(footprints, return_distance=True, all_matches=True)
        # Of several equally near the first counts, whatever the tree's order.
        order = np.lexsort((which, building))
        building, first = np.unique(building[order], return_index=True)
        nearest[building] = metres[order][first]
        if kinds is not None:
            kind[building] = np.asarray(kinds, dtype=object)[use[which[order][first]]]
    return pd.DataFrame({"hydrants": within, "hydrant_m": nearest, "hydrant_kind": kind})


def cover_of_clusters(cover: pd.DataFrame, cluster_id: Ints, count: int) -> pd.DataFrame:
    """Sum the water of buildings up by cluster.

    Parameters
    ----------
    cover
        From `cover_of_buildings`.
    cluster_id
        The cluster of each building from 1; 0 or less for none.
    count
        How many clusters there are.

    Returns
    -------
    pandas.DataFrame
        One row a cluster, ``cluster_id`` from 1: ``hydrant_share`` and ``two_hydrants_share`` (shares of its
        buildings within the radius of at least one, at least two hydrants, 0 to 1), ``nearest_hydrant_m``
        and ``farthest_hydrant_m`` (of its buildings' distances to their nearest one, the least and the
        largest; null without hydrants).

    """
    inside = cluster_id > 0
    table = pd.DataFrame(
        {
            "cluster_id": cluster_id[inside],
            "one": cover["hydrants"].to_numpy()[inside] >= 1,
            "two": cover["hydrants"].to_numpy()[inside] >= 2,
            "metres": cover["hydrant_m"].to_numpy()[inside],
        }
    )
    out = table.groupby("cluster_id").agg(
        hydrant_share=("one", "mean"),
        two_hydrants_share=("two", "mean"),
        nearest_hydrant_m=("metres", "min"),
        farthest_hydrant_m=("metres", "max"),
    )
    return out.reindex(pd.RangeIndex(1, count + 1, name="cluster_id")).reset_index()
