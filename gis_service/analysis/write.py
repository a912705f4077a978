"""Write a density run's results to the database, all in one transaction."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from psycopg2 import sql

from gis_service.analysis.memory import Memory, digests
from gis_service.analysis.read import County
from gis_service.db.copy import copy_rows
from gis_service.db.queries import query, statement
from gis_service.density.alleys import Alleys
from gis_service.density.firebreak import facing_wall, propose
from gis_service.density.params import Params
from gis_service.density.run import Density
from gis_service.density.water import cover_of_buildings, cover_of_clusters

TABLES = ("gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster", "firebreak")
# Engine space is drawn this far round a cluster, in metres.
VIEW_M = 30.0
# A centreline keeps to the middle between two walls within this, in metres.
_DRAWING_M = 0.1


def write_run(cursor: Any, county: County, memory: Memory, *, amend: bool) -> None:
    """Write every table of a run; the caller commits.

    With ``amend`` the run has rows already: those that are no longer right are removed, and what is missing is added.
    """
    found, params = memory.found, memory.found.params
    sizes, breaks, between = _fire(memory, params)
    houses, outlines = _houses(county, found)
    views, shapes = _engine_space(memory)
    for table, frame, geometry in (
        ("gap", found.gaps, _lines(found.gaps.geometry)),
        ("alley", found.alleys, _lines(found.alleys.geometry)),
        ("cluster", _clusters(county, found, params), _polygons(found.clusters.geometry)),
        ("building_density", houses, outlines),
        ("engine_space", views, shapes),
        ("burn_cluster", sizes, None),
        ("firebreak", breaks, between),
    ):
        _put(cursor, memory, table, frame.drop(columns="geometry", errors="ignore"), geometry, amend=amend)
    if not amend:
        # A run that the statistics have never seen is planned as if it had no rows: a minute instead of a second.
        for table in TABLES:
            cursor.execute(query("analysis.analyse").format(table=sql.Identifier(table)))
    cursor.execute(statement("analysis.place_clusters"), {"run_id": memory.run_id})
    beside_m = params.max_width_m / 2 + _DRAWING_M
    cursor.execute(statement("analysis.place_alleys"), {"run_id": memory.run_id, "beside_m": beside_m})
    cursor.execute(statement("analysis.number_clusters"), {"run_id": memory.run_id})
    for table in TABLES:
        cursor.execute(query("analysis.forget").format(table=sql.Identifier(table)))


def _put(
    cursor: Any, memory: Memory, table: str, frame: pd.DataFrame, geometry: NDArray[np.object_] | None, *, amend: bool
) -> None:
    shape = {} if geometry is None else {"geom": shapely.to_wkb(geometry, hex=True)}
    profiles = {"profile": _profile_digests(memory.found.made_alleys)} if table == "alley" else {}
    digest = digests(frame.reset_index(drop=True).assign(**shape, **profiles))
    held, memory.rows[table] = memory.rows.get(table), digest
    which = np.arange(len(frame))
    if amend and held is not None:
        stale = np.setdiff1d(held, digest)
        if len(stale):
            names = {"table": sql.Identifier(table), "run_id": sql.Literal(memory.run_id)}
            cursor.execute(query("analysis.remove_stale").format(**names), {"stale": stale.tolist()})
        which = np.flatnonzero(~np.isin(digest, held))
    if not len(which):
        return
    frame = frame.iloc[which]
    if table == "alley":
        frame = frame.assign(profile=[json.dumps(memory.found.made_alleys.profile(int(k))) for k in which])
    columns = {"run_id": pa.array(np.full(len(frame), memory.run_id)), "digest": pa.array(digest[which])}
    columns |= {str(name): pa.array(frame[name], from_pandas=True) for name in frame.columns}
    copy_rows(cursor, sql.Identifier("gis", table), columns, None if geometry is None else geometry[which])


def _profile_digests(alleys: Alleys) -> NDArray[np.int64]:
    """Return a digest of the points and widths of each alley, of which its profile is made."""
    if not len(alleys):
        return np.zeros(0, dtype=np.int64)
    first = np.asarray(alleys.at)[:-1]
    place = np.arange(len(alleys.xyt)) - np.repeat(first, np.diff(alleys.at))
    points = pd.DataFrame(alleys.xyt).assign(place=place)
    return np.asarray(np.add.reduceat(digests(points), first), dtype=np.int64)


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


def _houses(county: County, found: Density) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Give every building the results of the building that it is part of."""
    of_row = found.prepared.row
    kept = np.flatnonzero(of_row >= 0)
    results = found.buildings.drop(columns=["building_id", "geometry"]).iloc[of_row[kept]].reset_index(drop=True)
    results.insert(0, "building_id", county.buildings["building_id"].to_numpy()[kept])
    return results, _polygons(county.buildings.geometry.to_numpy()[kept])


def _engine_space(memory: Memory) -> tuple[pd.DataFrame, NDArray[np.object_]]:
    """Draw the ground of engines round each cluster; a view in which nothing changed is taken from memory."""
    found, space = memory.found, memory.found.access.space
    views = shapely.bounds(found.clusters.geometry.to_numpy()) + np.array([-VIEW_M, -VIEW_M, VIEW_M, VIEW_M])
    names = space.digests(views)
    missing = [k for k, name in enumerate(names) if name not in memory.drawn]
    # GEOS works outside the interpreter's lock: two views are drawn at once.
    with ThreadPoolExecutor(max_workers=2) as pool:
        drawn = list(pool.map(space.draw, [tuple(views[k]) for k in missing]))
    fresh = {names[k]: list(parts) for k, parts in zip(missing, drawn, strict=True)}
    memory.drawn = {name: fresh[name] if name in fresh else memory.drawn[name] for name in names}
    some = [k for k, name in enumerate(names) if memory.drawn[name]]
    shapes = np.empty(len(some), dtype=object)
    for position, k in enumerate(some):
        shapes[position] = shapely.MultiPolygon(memory.drawn[names[k]])
    return pd.DataFrame({"cluster_id": found.clusters["cluster_id"].to_numpy()[some]}), shapes


def _fire(memory: Memory, params: Params) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.object_]]:
    """Return burn clusters, firebreaks and the lines of these; a cluster in which nothing changed is not split again."""
    burn, prepared = memory.found.burn, memory.found.prepared
    footprints, most = prepared.footprints, int(params.burn_part_buildings)
    large = np.flatnonzero(np.asarray(burn.sizes) > most) + 1
    members = np.argsort(burn.cluster_id, kind="stable")
    ranks = burn.cluster_id[members]
    wkb = shapely.to_wkb(footprints)
    known: dict[bytes, tuple[int, float, int, float, pd.DataFrame]] = {}
    names: dict[int, bytes] = {}
    waiting = []
    for cluster_id in large.tolist():
        own = members[np.searchsorted(ranks, cluster_id) : np.searchsorted(ranks, cluster_id, side="right")]
        content = b"".join(wkb[own]) + burn.spread_m[own].tobytes() + str(most).encode()
        name = names[cluster_id] = hashlib.blake2b(content, digest_size=16).digest()
        if name in memory.proposed:
            known[name] = memory.proposed[name]
        else:
            waiting.append(cluster_id)
    if waiting:
        walls_m = np.zeros(len(burn.a))
        asked = np.flatnonzero(np.isin(burn.cluster_id[burn.a], waiting))
        walls_m[asked] = facing_wall(footprints, burn.a[asked], burn.b[asked], burn.spread_m)
        for cluster_id in waiting:
            p = propose(burn, cluster_id, walls_m, most)
            ids = prepared.ids
            cuts = p.cuts.assign(
                building_a=ids[p.cuts["building_a"].to_numpy()], building_b=ids[p.cuts["building_b"].to_numpy()]
            )
            known[names[cluster_id]] = (p.parts, p.wall_m, p.after, p.saved_mean, cuts)
    memory.proposed = known
    return _fire_tables(memory, names)


def _fire_tables(memory: Memory, names: dict[int, bytes]) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.object_]]:
    burn, prepared = memory.found.burn, memory.found.prepared
    sizes = pd.DataFrame({"burn_cluster_id": np.arange(1, len(burn.sizes) + 1), "buildings": burn.sizes})
    what = pd.DataFrame(
        [(cluster_id, *memory.proposed[name][:4]) for cluster_id, name in names.items()],
        columns=["burn_cluster_id", "parts", "wall_m", "largest_after", "saved_mean"],
    )
    table = sizes.merge(what, on="burn_cluster_id", how="left", validate="one_to_one")
    for name_ in ("parts", "largest_after"):
        table[name_] = table[name_].astype("Int64")
    columns = ["burn_cluster_id", "building_a", "building_b", "wall_m", "widen_to_m"]
    cuts = [memory.proposed[name][4].assign(burn_cluster_id=cluster_id) for cluster_id, name in names.items()]
    cuts = [frame for frame in cuts if len(frame)]
    if not cuts:
        return table, pd.DataFrame(columns=columns), np.empty(0, dtype=object)
    every = pd.concat(cuts, ignore_index=True)[columns]
    at = pd.Series(np.arange(len(prepared)), index=prepared.ids)
    a, b = at.loc[every["building_a"]].to_numpy(), at.loc[every["building_b"]].to_numpy()
    return table, every, _lines(shapely.shortest_line(prepared.footprints[a], prepared.footprints[b]))
