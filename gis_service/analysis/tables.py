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


def table_rows(county: County, found: Density) -> list[Rows]:
    """Return the rows of all tables of a run; alleys, clusters and burn clusters are numbered as the run found them."""
    houses, outlines = _houses(county, found)
    views = Views(found.access.space, found.clusters.geometry.to_numpy())
    alleys = found.alleys.drop(columns="geometry").assign(
        profile=[json.dumps(found.corridors.profile(k)) for k in range(len(found.alleys))]
    )
    return [
        Rows("gap", found.gaps.drop(columns="geometry"), _lines(found.gaps.geometry)),
        Rows("alley", alleys, _lines(found.alleys.geometry)),
        Rows("cluster", _clusters(found), _polygons(found.clusters.geometry)),
        Rows("building_density", houses, outlines),
        Rows("engine_space", pd.DataFrame({"cluster_id": found.clusters["cluster_id"]}), views, views.fingerprints()),
        Rows("burn_cluster", found.burn_clusters, None),
        Rows("firebreak", found.firebreaks.drop(columns=["geometry", "line_id"]), _lines(found.firebreaks.geometry)),
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


def _clusters(found: Density) -> pd.DataFrame:
    parts = [json.dumps(score["parts"]) for score in found.score_parts]
    return pd.DataFrame(found.clusters.drop(columns="geometry")).assign(score_parts=parts)


def _houses(county: County, found: Density) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Give every building the results of the building that it is part of."""
    of_row = found.prepared.row
    kept = np.flatnonzero(of_row >= 0)
    results = found.buildings.drop(columns=["building_id", "geometry"]).iloc[of_row[kept]].reset_index(drop=True)
    results.insert(0, "building_id", county.buildings["building_id"].to_numpy()[kept])
    return results, _polygons(county.buildings.geometry.to_numpy()[kept])
