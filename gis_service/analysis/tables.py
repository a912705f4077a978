"""A density run's results as the rows of its tables."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.analysis.read import County
from gis_service.density.reach.space import EngineSpace
from gis_service.density.run import Density
from gis_service.density.spread.firebreak import facing_wall, propose
from gis_service.density.spread.water import cover_of_buildings, cover_of_clusters

VIEW_M = 30.0
"""Engine space is drawn this far round a cluster, in metres."""


class Views:
    """Engine space round clusters, drawn when it is asked for: of thousands of views an edit changes a few."""

    def __init__(self, space: EngineSpace, outlines: NDArray[np.object_]) -> None:
        self._space = space
        self._windows = shapely.buffer(outlines, VIEW_M)

    def fingerprints(self) -> NDArray[np.int64]:
        """Return a number for what each drawing depends on."""
        return self._space.fingerprints(self._windows)

    def __getitem__(self, which: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return some drawings, None where no engine comes."""
        # GEOS works outside the interpreter's lock: two views are drawn at once.
        with ThreadPoolExecutor(max_workers=2) as pool:
            drawn = list(pool.map(self._space.draw, self._windows[which]))
        shapes = np.empty(len(drawn), dtype=object)
        shapes[:] = [shapely.MultiPolygon(list(parts)) if len(parts) else None for parts in drawn]
        return shapes


class Rows(NamedTuple):
    """Rows of one table.

    Attributes
    ----------
    frame
        Its columns.
    geometry
        In the work CRS; None where the table has none. A row whose geometry is None is not written.
    fingerprint
        Of what each geometry is made of, where that is quicker than making it.

    """

    table: str
    frame: pd.DataFrame
    geometry: NDArray[np.object_] | Views | None
    fingerprint: NDArray[np.int64] | None = None


def rows_of(county: County, found: Density) -> list[Rows]:
    """Return the rows of all tables of a run; alleys, clusters and burn clusters are numbered as the run found them."""
    sizes, breaks, between = _fire(found)
    houses, outlines = _houses(county, found)
    views = Views(found.access.space, found.clusters.geometry.to_numpy())
    alleys = found.alleys.drop(columns="geometry").assign(
        profile=[json.dumps(found.made_alleys.profile(k)) for k in range(len(found.alleys))]
    )
    return [
        Rows("gap", found.gaps.drop(columns="geometry"), _lines(found.gaps.geometry)),
        Rows("alley", alleys, _lines(found.alleys.geometry)),
        Rows("cluster", _clusters(county, found), _polygons(found.clusters.geometry)),
        Rows("building_density", houses, outlines),
        Rows("engine_space", pd.DataFrame({"cluster_id": found.clusters["cluster_id"]}), views, views.fingerprints()),
        Rows("burn_cluster", sizes, None),
        Rows("firebreak", breaks, between),
    ]


def _lines(geometry: Any) -> NDArray[np.object_]:
    return _multi(np.asarray(geometry, dtype=object), shapely.GeometryType.LINESTRING, shapely.multilinestrings)


def _polygons(geometry: Any) -> NDArray[np.object_]:
    return _multi(np.asarray(geometry, dtype=object), shapely.GeometryType.POLYGON, shapely.multipolygons)


def _multi(geometry: NDArray[np.object_], single: shapely.GeometryType, build: Any) -> NDArray[np.object_]:
    chosen = np.flatnonzero(shapely.get_type_id(geometry) == single)
    result = geometry.copy()
    if len(chosen):
        result[chosen] = build(geometry[chosen], indices=np.arange(len(chosen)))
    return result


def _clusters(county: County, found: Density) -> pd.DataFrame:
    table: pd.DataFrame = found.clusters.drop(columns="geometry").assign(
        score_parts=[json.dumps(s["parts"]) for s in found.scores]
    )
    if county.hydrants is None:
        return table
    water = cover_of_buildings(
        found.prepared.footprints,
        np.asarray(county.hydrants.geometry, dtype=object),
        found.params,
        county.hydrants["kind"].to_numpy(dtype=object),
    )
    cover = cover_of_clusters(water, found.made_clusters.of_building, len(table))
    joined: pd.DataFrame = table.merge(cover, on="cluster_id", how="left", validate="one_to_one")
    return joined


def _houses(county: County, found: Density) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Give every building the results of the building that it is part of."""
    of_row = found.prepared.row
    kept = np.flatnonzero(of_row >= 0)
    results = found.buildings.drop(columns=["building_id", "geometry"]).iloc[of_row[kept]].reset_index(drop=True)
    results.insert(0, "building_id", county.buildings["building_id"].to_numpy()[kept])
    return results, _polygons(county.buildings.geometry.to_numpy()[kept])


def _fire(found: Density) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.object_]]:
    """Return burn clusters, firebreaks of those that are too large, and the lines of these."""
    burn, prepared, most = found.burn, found.prepared, int(found.params.burn_part_buildings)
    large = np.flatnonzero(np.asarray(burn.sizes) > most) + 1
    walls_m = np.zeros(len(burn.a))
    asked = np.flatnonzero(np.isin(burn.cluster_id[burn.a], large))
    walls_m[asked] = facing_wall(found.ground.walls, burn.a[asked], burn.b[asked], burn.spread_m)
    proposed = [propose(burn, cluster_id, walls_m, most) for cluster_id in large.tolist()]
    sizes = pd.DataFrame({"burn_cluster_id": np.arange(1, len(burn.sizes) + 1), "buildings": burn.sizes})
    what = pd.DataFrame(
        [(p.cluster_id, p.parts, p.wall_m, p.after, p.saved_mean) for p in proposed],
        columns=["burn_cluster_id", "parts", "wall_m", "largest_after", "saved_mean"],
    )
    table = sizes.merge(what, on="burn_cluster_id", how="left", validate="one_to_one")
    table = table.astype({"parts": "Int64", "largest_after": "Int64", "wall_m": float, "saved_mean": float})
    cuts = [p.cuts.assign(burn_cluster_id=p.cluster_id) for p in proposed if len(p.cuts)]
    columns = ["burn_cluster_id", "building_a", "building_b", "wall_m", "widen_to_m"]
    every = pd.concat(cuts, ignore_index=True)[columns] if cuts else pd.DataFrame(columns=columns)
    a, b = every["building_a"].to_numpy(dtype=np.int64), every["building_b"].to_numpy(dtype=np.int64)
    between = _lines(shapely.shortest_line(prepared.footprints[a], prepared.footprints[b]))
    return table, every.assign(building_a=prepared.ids[a], building_b=prepared.ids[b]), between
