"""The firebreak proposals of all burn clusters, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.plane.walls import Walls
from gis_service.density.spread.burn import Burn
from gis_service.density.spread.firebreak import facing_wall, propose

_CUT_COLUMNS = ["burn_cluster_id", "building_a", "building_b", "wall_m", "widen_to_m"]


@dataclass(frozen=True)
class Breaks:
    """What to protect or widen so that no burn cluster keeps more than so many buildings.

    Attributes
    ----------
    clusters
        One row a burn cluster: burn_cluster_id from 1, buildings, and of the too large ones parts (number of parts),
        wall_m (wall to protect in metres), largest_after (buildings in the largest part), saved_mean (by how many
        buildings fewer burn, on average over where the fire starts); null of the others.
    cuts
        One row a pair: burn_cluster_id, building_a and building_b (rows of the input), wall_m, widen_to_m.
    lines
        For each cut the shortest line between the two buildings.

    """

    clusters: pd.DataFrame
    cuts: pd.DataFrame
    lines: NDArray[np.object_]

    def frame(self, ids: NDArray[np.object_], crs: Any) -> gpd.GeoDataFrame:
        """Return the layer ``firebreaks``; ``ids`` names the buildings."""
        named = {side: ids[self.cuts[side].to_numpy(dtype=np.int64)] for side in ("building_a", "building_b")}
        # Which line on the ground a cut belongs to is not computed yet.
        unknown = pd.array([pd.NA] * len(self.cuts), dtype="Int64")
        return gpd.GeoDataFrame(self.cuts.assign(**named, line_id=unknown), geometry=self.lines, crs=crs)


def find_breaks(burn: Burn, footprints: NDArray[np.object_], walls: Walls, most: int) -> Breaks:
    """Propose firebreaks for every burn cluster with more than ``most`` buildings.

    Parameters
    ----------
    footprints, walls
        Of the buildings, in one metric CRS, in the order of ``burn``.

    """
    large = np.flatnonzero(np.asarray(burn.sizes) > most) + 1
    walls_m = np.zeros(len(burn.a))
    asked = np.flatnonzero(np.isin(burn.cluster_id[burn.a], large))
    walls_m[asked] = facing_wall(walls, burn.a[asked], burn.b[asked], burn.spread_m)
    proposed = [propose(burn, cluster_id, walls_m, most) for cluster_id in large.tolist()]
    sizes = pd.DataFrame({"burn_cluster_id": np.arange(1, len(burn.sizes) + 1), "buildings": burn.sizes})
    effect = pd.DataFrame(
        [(p.cluster_id, p.parts, p.wall_m, p.after, p.saved_mean) for p in proposed],
        columns=["burn_cluster_id", "parts", "wall_m", "largest_after", "saved_mean"],
    )
    clusters = sizes.merge(effect, on="burn_cluster_id", how="left", validate="one_to_one")
    clusters = clusters.astype({"parts": "Int64", "largest_after": "Int64", "wall_m": float, "saved_mean": float})
    cuts = [p.cuts.assign(burn_cluster_id=p.cluster_id) for p in proposed if len(p.cuts)]
    every = pd.concat(cuts, ignore_index=True)[_CUT_COLUMNS] if cuts else pd.DataFrame(columns=_CUT_COLUMNS)
    a, b = every["building_a"].to_numpy(dtype=np.int64), every["building_b"].to_numpy(dtype=np.int64)
    return Breaks(clusters, every, shapely.shortest_line(footprints[a], footprints[b]))
