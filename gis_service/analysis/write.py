"""Write a density run's results to the database, all in one transaction."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from psycopg2 import sql

from gis_service.analysis.read import County
from gis_service.db.copy import copy_rows
from gis_service.db.queries import query, statement
from gis_service.density.firebreak import Firebreak, facing_wall, propose_all
from gis_service.density.params import Params
from gis_service.density.run import Density
from gis_service.density.water import cover_of_buildings, cover_of_clusters

TABLES = ("gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak")


def write_run(cursor: Any, run_id: int, county: County, found: Density, params: Params) -> None:
    """Write every table of run ``run_id``; the caller commits."""
    _put(cursor, "gap", run_id, found.gaps, _lines(found.gaps.geometry))
    alleys = found.alleys.assign(profile=[json.dumps(found.made_alleys.profile(k)) for k in range(len(found.alleys))])
    _put(cursor, "alley", run_id, alleys, _lines(found.alleys.geometry))
    _put(cursor, "cluster", run_id, _clusters(county, found, params), _polygons(found.clusters.geometry))
    _put_buildings(cursor, run_id, county, found)
    _put_engine_space(cursor, run_id, found)
    _put_fire(cursor, run_id, found, params)
    cursor.execute(statement("analysis.place_clusters"), {"run_id": run_id})
    cursor.execute(statement("analysis.number_clusters"), {"run_id": run_id})
    for table in TABLES:
        cursor.execute(query("analysis.forget").format(table=sql.Identifier(table)))


def _put(cursor: Any, table: str, run_id: int, frame: pd.DataFrame, geometry: NDArray[np.object_] | None) -> None:
    if not len(frame):
        return
    plain = frame.drop(columns="geometry", errors="ignore")
    columns = {"run_id": pa.array(np.full(len(plain), run_id))}
    columns |= {str(name): pa.array(plain[name], from_pandas=True) for name in plain.columns}
    copy_rows(cursor, sql.Identifier("gis", table), columns, geometry)


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


def _clusters(county: County, found: Density, params: Params) -> pd.DataFrame:
    table: pd.DataFrame = found.clusters.drop(columns="geometry").assign(
        score_parts=[json.dumps(s["parts"]) for s in found.scores]
    )
    if county.hydrants is None:
        return table
    water = cover_of_buildings(
        found.prepared.footprints,
        np.asarray(county.hydrants.geometry, dtype=object),
        params,
        county.hydrants["kind"].to_numpy(dtype=object),
    )
    cover = cover_of_clusters(water, found.made_clusters.of_building, len(table))
    joined: pd.DataFrame = table.merge(cover, on="cluster_id", how="left", validate="one_to_one")
    return joined


def _put_buildings(cursor: Any, run_id: int, county: County, found: Density) -> None:
    """Give every building the results of the building that it is part of."""
    of_row = found.prepared.row
    kept = np.flatnonzero(of_row >= 0)
    results = found.buildings.drop(columns=["building_id", "geometry"]).iloc[of_row[kept]].reset_index(drop=True)
    results.insert(0, "building_id", county.buildings["building_id"].to_numpy()[kept])
    _put(cursor, "building_density", run_id, results, _polygons(county.buildings.geometry.to_numpy()[kept]))


def _put_engine_space(cursor: Any, run_id: int, found: Density) -> None:
    views = [tuple(box) for box in shapely.bounds(shapely.buffer(found.clusters.geometry.to_numpy(), 30))]
    # GEOS works outside the interpreter's lock: two views are drawn at once.
    with ThreadPoolExecutor(max_workers=2) as pool:
        drawn = list(pool.map(found.access.space.draw, views))
    some = [k for k, parts in enumerate(drawn) if len(parts)]
    frame = pd.DataFrame({"cluster_id": found.clusters["cluster_id"].to_numpy()[some]})
    shapes = np.empty(len(some), dtype=object)
    for position, k in enumerate(some):
        shapes[position] = shapely.MultiPolygon(list(drawn[k]))
    _put(cursor, "engine_space", run_id, frame, shapes)


def _put_fire(cursor: Any, run_id: int, found: Density, params: Params) -> None:
    burn, ids = found.burn, found.prepared.ids
    sizes = pd.DataFrame({"burn_cluster_id": np.arange(1, len(burn.sizes) + 1), "buildings": burn.sizes})
    walls_m = facing_wall(found.prepared.footprints, burn.a, burn.b, burn.spread_m)
    proposals: list[Firebreak] = propose_all(burn, walls_m, int(params.burn_part_buildings))
    what = pd.DataFrame(
        [(p.cluster_id, p.parts, p.wall_m, p.after, p.saved_mean) for p in proposals],
        columns=["burn_cluster_id", "parts", "wall_m", "largest_after", "saved_mean"],
    )
    what["parts"] = what["parts"].astype("Int64")
    what["largest_after"] = what["largest_after"].astype("Int64")
    table = sizes.merge(what, on="burn_cluster_id", how="left", validate="one_to_one")
    for name in ("parts", "largest_after"):
        table[name] = table[name].astype("Int64")
    _put(cursor, "burn_cluster", run_id, table, None)
    cuts = [p.cuts.assign(burn_cluster_id=p.cluster_id) for p in proposals if len(p.cuts)]
    if not cuts:
        return
    every = pd.concat(cuts, ignore_index=True)
    a, b = every["building_a"].to_numpy(), every["building_b"].to_numpy()
    footprints = found.prepared.footprints
    between = shapely.shortest_line(footprints[a], footprints[b])
    frame = pd.DataFrame(
        {
            "burn_cluster_id": every["burn_cluster_id"],
            "building_a": ids[a],
            "building_b": ids[b],
            "wall_m": every["wall_m"],
            "widen_to_m": [None if math.isnan(v) else v for v in every["widen_to_m"].astype(float)],
        }
    )
    _put(cursor, "firebreak", run_id, frame, _lines(between))
