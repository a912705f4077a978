"""The whole of a density run: from layers of buildings, roads and hydrants to all result tables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_service.density.alleys.corridors import Alleys, build_alleys
from gis_service.density.alleys.gaps import Gaps, compute_gaps
from gis_service.density.clusters import Clusters, build_clusters, clusters_of_alleys, draw_outlines, label_clusters
from gis_service.density.compute.executor import Executor, InProcess, open_executor
from gis_service.density.layer.fields import read_column
from gis_service.density.layer.prepare import Prepared, prepare
from gis_service.density.layer.repairs import Repairs
from gis_service.density.layer.srid import like
from gis_service.density.params import Params
from gis_service.density.plane.ground import Ground, build_ground
from gis_service.density.plane.pairs import Pairs, find_pairs
from gis_service.density.plane.tiles import TILE_BUILDINGS
from gis_service.density.reach.access import Access, find_access
from gis_service.density.record import run_table
from gis_service.density.score import score_parts
from gis_service.density.spread.breaks import Breaks, find_breaks
from gis_service.density.spread.burn import Burn, find_burn
from gis_service.density.spread.water import cover_of_buildings, cover_of_clusters

OnProgress = Callable[[str, str], None]
"""Told the name of each stage, in Chinese and in English, as it begins."""

OnLayer = Callable[[str, gpd.GeoDataFrame], None]
"""Given the name of each layer (docs/layers.md) and the layer, as soon as it is made, in no certain order."""


@dataclass(frozen=True)
class Density:
    """All results of a run.

    Attributes
    ----------
    gaps, alleys, clusters, buildings, firebreaks, run
        The layers of docs/layers.md; geometry in the work CRS, lengths and distances in metres.
    burn_clusters
        One row a burn cluster: burn_cluster_id from 1, buildings, and of those larger than
        ``burn_part_buildings`` what the proposal does: parts, wall_m, largest_after, saved_mean.
    score_parts
        For each cluster what its score is made of (``score.score_parts``).
    prepared
        The cleaned buildings; ``prepared.row`` says which input row became which of them.
    corridors
        The alleys with their profiles along the way.
    access
        Engine space and its basis.
    seconds
        A stage (stages run side by side), and ``total``.

    """

    gaps: gpd.GeoDataFrame
    alleys: gpd.GeoDataFrame
    clusters: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    firebreaks: gpd.GeoDataFrame
    run: pd.DataFrame
    burn_clusters: pd.DataFrame
    score_parts: list[dict[str, Any]]
    prepared: Prepared
    corridors: Alleys
    access: Access
    seconds: dict[str, float] = field(default_factory=dict)


def density(
    buildings: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame | None = None,
    hydrants: gpd.GeoDataFrame | None = None,
    params: Params | None = None,
    executor: Executor | None = None,
    *,
    work_srid: int | str = "auto",
    keep: Collection[str] = (),
    accept_accuracy_m: float = 0.0,
    repairs: Repairs | None = None,
    input_sha256: str | None = None,
    on_progress: OnProgress | None = None,
    on_layer: OnLayer | None = None,
    origin: tuple[float, float] | None = None,
    access_basis: str | None = None,
    tile_buildings: int = TILE_BUILDINGS,
) -> Density:
    """Find gaps, alleys and dense clusters, what an engine and a hose can reach, and where fire can be stopped.

    Parameters
    ----------
    buildings
        Any layer of buildings (``prepare`` cleans it); ``hazard_tier`` and ``use_class`` raise scores when present.
    roads, hydrants
        Optional; transformed to the work CRS. No roads: engine space begins on open ground at the edge. With
        hydrants, which may have a column ``kind``, the clusters carry how well these cover them.
    executor
        Runs the parts that can be shared out (default: a thread a core); the results are the same.
    work_srid, keep, accept_accuracy_m, repairs
        See ``prepare``.
    input_sha256
        Of the input file, for the record; else of the cleaned buildings.
    on_layer
        Is given ``gaps``, ``alleys``, ``buildings`` and ``firebreaks`` while other parts are still computed; must not
        wait long.
    origin
        From where walls are counted (``plane.walls.flatten``), when the buildings do not say it: x, y in the work CRS.
    access_basis
        For islands (``plane.islands``) of a larger data set over whose open country engines come: the basis of its
        access. With it, and with its origin, they get the values that they have in a run over all of it.
    tile_buildings
        Buildings in a tile, at most; the results are the same.

    """
    params = params or Params()
    stages = _Stages(on_progress)
    begun = time.perf_counter()
    with nullcontext(executor) if executor is not None else open_executor() as running:
        with stages("prepare", "检查房屋", "checking buildings"):
            prepared = prepare(
                buildings, params, work_srid, running, keep=keep, accept_accuracy_m=accept_accuracy_m, repairs=repairs
            )
            # The outlines as they came in are of no more use, and as large as the cleaned ones.
            rows = pd.DataFrame(buildings.drop(columns=buildings.geometry.name))
            del buildings
        with stages("pairs", "查找相邻房屋", "finding neighbours"):
            reach_m = max(params.max_width_m, params.link_gap_m)
            near, ground = side_by_side(
                running,
                lambda running: find_pairs(prepared.footprints, reach_m, running),
                lambda _: build_ground(prepared.footprints, tile_buildings, origin),
            )
        streets = None if roads is None else like(roads, prepared.crs, accept_accuracy_m)
        town = _Town(prepared, near, reach_m, ground, label_clusters(prepared, near, params), params, stages, on_layer)
        narrow, (access, table, breaks) = side_by_side(
            running, town.narrow, lambda running: town.fire(running, streets, access_basis)
        )
    gaps, corridors, of_alley, outlines = narrow
    with stages("clusters", "划分连片区", "dense clusters"):
        found = build_clusters(
            prepared,
            gaps,
            corridors,
            params,
            table,
            access.basis,
            of_building=town.of_building,
            outline=outlines,
            of_alley=of_alley,
        )
        water = None if hydrants is None else like(hydrants, prepared.crs, accept_accuracy_m)
        clusters, scores = _described(found, rows, prepared, params, water)
    counts = {
        "buildings": len(prepared),
        "pairs": len(gaps.a),
        **{f"pairs_{kind}": int((gaps.kind == kind).sum()) for kind in sorted(set(gaps.kind))},
        "alleys": len(corridors),
        "clusters": len(found),
    }
    asked = {**params.as_dict(), **({"keep": sorted(keep)} if keep else {})}
    if accept_accuracy_m:
        asked["accept_accuracy_m"] = accept_accuracy_m
    stages.seconds["total"] = round(time.perf_counter() - begun, 3)
    return Density(
        gaps=town.layers["gaps"],
        alleys=town.layers["alleys"],
        clusters=clusters,
        buildings=town.layers["buildings"],
        firebreaks=town.layers["firebreaks"],
        run=run_table(prepared, asked, counts, stages.seconds["total"], input_sha256),
        burn_clusters=breaks.clusters,
        score_parts=scores,
        prepared=prepared,
        corridors=corridors,
        access=access,
        seconds=stages.seconds,
    )


class _Stages:
    """Tells of each stage as it begins, and times it."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str, zh: str, en: str) -> Iterator[None]:
        if self._on_progress is not None:
            with self._lock:
                self._on_progress(zh, en)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 3)


@dataclass
class _Town:
    """The buildings, their neighbours and their ground, which two branches of a run work on side by side."""

    prepared: Prepared
    near: Pairs
    reach_m: float
    ground: Ground
    of_building: NDArray[np.int64]
    params: Params
    stages: _Stages
    on_layer: OnLayer | None
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)

    def _add(self, name: str, layer: gpd.GeoDataFrame) -> None:
        self.layers[name] = layer
        if self.on_layer is not None:
            self.on_layer(name, layer)

    def narrow(self, executor: Executor) -> tuple[Gaps, Alleys, NDArray[np.int64], NDArray[np.object_]]:
        """Return gaps, alleys, the cluster of each alley, and the clusters' outlines."""
        prepared, params = self.prepared, self.params
        with self.stages("gaps", "量测间隙", "measuring gaps"):
            gaps = compute_gaps(prepared, self.near.at_most(params.max_width_m), params, executor, self.ground)
            self._add("gaps", gaps.frame(prepared))
        with self.stages("alleys", "连接巷道", "joining alleys"):
            corridors = build_alleys(prepared, gaps, params)
            of_alley = clusters_of_alleys(corridors, self.of_building)
            self._add("alleys", corridors.frame(prepared, of_alley))
        with self.stages("outlines", "勾画连片区", "outlining dense clusters"):
            return gaps, corridors, of_alley, draw_outlines(prepared, self.of_building, params, executor)

    def fire(
        self, executor: Executor, roads: gpd.GeoDataFrame | None, basis: str | None
    ) -> tuple[Access, pd.DataFrame, Breaks]:
        """Return access, the results of each building, and firebreaks."""
        prepared, params, ground = self.prepared, self.params, self.ground
        with self.stages("burn", "计算延烧片区", "burn clusters"):
            burn = find_burn(
                prepared.footprints, self.near, self.reach_m, prepared.fire_class, params, executor, ground
            )
        with self.stages("access", "计算消防车与水带可达", "engine and hose access"):
            lines = None if roads is None else np.asarray(roads.geometry.values, dtype=object)
            access = find_access(
                prepared.footprints, self.near, params, lines, executor, ground=ground, access_basis=basis
            )
            table = self._per_building(access.buildings, burn)
            self._add("buildings", self._buildings(table))
        with self.stages("firebreaks", "计算防火隔离", "firebreaks"):
            breaks = find_breaks(burn, prepared.footprints, ground.walls, int(params.burn_part_buildings))
            self._add("firebreaks", breaks.frame(prepared.ids, prepared.crs))
        return access, table, breaks

    def _per_building(self, access: pd.DataFrame, burn: Burn) -> pd.DataFrame:
        nearest = np.full(len(self.prepared), np.inf)
        for side in (self.near.a, self.near.b):
            np.minimum.at(nearest, side, self.near.min_width_m)
        return pd.DataFrame(
            {
                "burn_cluster_id": _nullable(np.asarray(burn.cluster_id, dtype=np.int64)).array,
                "hose_m": access["hose_m"].to_numpy(dtype=float),
                "unreached": pd.array(access["unreached"].to_numpy(), dtype="boolean"),
                "depth": pd.array(access["depth"].to_numpy(), dtype="Int64"),
                "nearest_gap_m": np.where(np.isfinite(nearest), nearest, np.nan),
            }
        )

    def _buildings(self, table: pd.DataFrame) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(
            {
                "building_id": self.prepared.ids,
                "cluster_id": _nullable(self.of_building),
                **table.to_dict("series"),
            },
            geometry=self.prepared.footprints,
            crs=self.prepared.crs,
        )


def side_by_side(executor: Executor, *branches: Callable[[Executor], Any]) -> list[Any]:
    """Run branches that do not need one another: while one thinks alone, the others keep the workers busy."""
    if isinstance(executor, InProcess):
        return [branch(executor) for branch in branches]
    with ThreadPoolExecutor(len(branches), thread_name_prefix="branch") as pool:
        return [job.result() for job in [pool.submit(branch, executor) for branch in branches]]


def _nullable(ids: NDArray[np.int64]) -> pd.Series:
    series = pd.Series(ids, dtype="Int64")
    return series.mask(series <= 0)


CLUSTER_COLUMNS = [
    "cluster_id", "buildings", "footprint_m2", "coverage", "alley_m", "sky_line_m", "handshake_m", "narrowest_m",
    "max_hose_m", "unreached", "max_depth", "burn_largest", "score", "access_basis", "geometry",
]  # fmt: skip


def _described(
    clusters: Clusters, rows: pd.DataFrame, prepared: Prepared, params: Params, hydrants: gpd.GeoDataFrame | None
) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]]]:
    """Return the layer ``clusters`` with scores, and with water where hydrants are known, and the scores' parts."""

    def column(name: str) -> NDArray[np.object_] | None:
        """Return a column of the input's rows for each building."""
        if name not in rows.columns:
            return None
        out = np.full(len(prepared), None, dtype=object)
        numbers = np.array([str(i) for i in range(len(rows))], dtype=object)
        values = read_column(rows, name, numbers, prepared.repairs)
        # Backwards, so that of the parts of one building the first row speaks.
        for i in np.flatnonzero(prepared.row >= 0)[::-1]:
            out[prepared.row[i]] = values[i]
        return out

    points = None if hydrants is None else np.asarray(hydrants.geometry.values, dtype=object)
    scores = score_parts(prepared, clusters, params, column("hazard_tier"), column("use_class"), points)
    table = clusters.table.assign(score=[s["score"] for s in scores])[CLUSTER_COLUMNS]
    if hydrants is None or points is None:
        return table, scores
    kinds = hydrants["kind"].to_numpy(dtype=object) if "kind" in hydrants else None
    water = cover_of_buildings(prepared.footprints, points, params, kinds)
    cover = cover_of_clusters(water, clusters.of_building, len(table)).drop(columns="cluster_id")
    table[list(cover)] = cover.to_numpy()
    return table[[*CLUSTER_COLUMNS[:-1], *cover, "geometry"]], scores
