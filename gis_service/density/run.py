"""The whole of a density run: from layers of buildings, roads and hydrants to all result tables."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_service.density.access import Access, find_access
from gis_service.density.alleys import Alleys, build_alleys
from gis_service.density.burn import Burn, find_burn
from gis_service.density.clusters import Clusters, build_clusters, clusters_of_alleys, draw_outlines, label_clusters
from gis_service.density.executor import Executor, InProcess, open_executor
from gis_service.density.fields import read_column
from gis_service.density.gaps import Gaps, compute_gaps
from gis_service.density.ground import Ground, lay_out
from gis_service.density.pairs import Pairs, find_pairs, within
from gis_service.density.params import Params
from gis_service.density.prepare import Prepared, prepare
from gis_service.density.repairs import Repairs
from gis_service.density.score import score_parts
from gis_service.density.srid import like
from gis_service.density.tiles import TILE_BUILDINGS

Progress = Callable[[str, str], None]
"""Told the name of each stage, in Chinese and in English, as it begins."""

OnLayer = Callable[[str, gpd.GeoDataFrame], None]
"""Given the name of each layer of DESIGN.md 4 and the layer, as soon as it is made, in no certain order."""


@dataclass(frozen=True)
class Density:
    """All results of a run.

    ``gaps``, ``alleys``, ``clusters``, ``buildings``, ``run`` are the layers of DESIGN.md 4; the others are what
    they were made of. ``seconds`` a stage (stages run side by side), and ``total``.
    """

    gaps: gpd.GeoDataFrame
    alleys: gpd.GeoDataFrame
    clusters: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    run: pd.DataFrame
    scores: list[dict[str, Any]]
    prepared: Prepared
    made_alleys: Alleys
    made_clusters: Clusters
    access: Access
    burn: Burn
    ground: Ground
    params: Params
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
    progress: Progress | None = None,
    on_layer: OnLayer | None = None,
    origin: tuple[float, float] | None = None,
    beyond: str | None = None,
    tile_buildings: int = TILE_BUILDINGS,
) -> Density:
    """Find gaps, alleys and dense clusters, and what an engine and a hose can reach.

    Parameters
    ----------
    buildings
        Any layer of buildings (``prepare`` cleans it); ``hazard_tier`` and ``use_class`` raise scores when present.
    roads, hydrants
        Optional; transformed to the work CRS. No roads: engine space begins on open ground at the edge.
    executor
        Runs the parts that can be shared out (default: a thread a core); the results are the same.
    work_srid, keep, accept_accuracy_m, repairs
        See ``prepare``.
    input_sha256
        Of the input file, for the record; else of the cleaned buildings.
    on_layer
        Is given ``gaps``, ``alleys`` and ``buildings`` while other parts are still computed; must not wait long.
    origin
        From where walls are counted (``walls.flatten``), when the buildings do not say it.
    beyond
        For islands (``islands``) of a larger data set over whose open country engines come: the basis of its
        access. With it, and with its origin, they get the values that they have in a run over all of it.
    tile_buildings
        Buildings in a tile, at most; the results are the same.

    """
    params = params or Params()
    seconds: dict[str, float] = {}

    told = threading.Lock()

    @contextmanager
    def stage(name: str, zh: str, en: str) -> Iterator[None]:
        if progress is not None:
            with told:
                progress(zh, en)
        begun = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - begun, 3)

    layers: dict[str, gpd.GeoDataFrame] = {}

    def made(name: str, layer: gpd.GeoDataFrame) -> None:
        layers[name] = layer
        if on_layer is not None:
            on_layer(name, layer)

    def lanes(running: Executor) -> tuple[Gaps, Alleys, NDArray[np.int64], NDArray[np.object_]]:
        with stage("gaps", "量测间隙", "measuring gaps"):
            gaps = compute_gaps(prepared, pairs, params, running, ground)
            made("gaps", gaps.frame(prepared))
        with stage("alleys", "连接巷道", "joining alleys"):
            alleys = build_alleys(prepared, gaps, params)
            of_alley = clusters_of_alleys(alleys, of_building)
            made("alleys", alleys.frame(prepared, of_alley))
        with stage("outlines", "勾画连片区", "outlining dense clusters"):
            return gaps, alleys, of_alley, draw_outlines(prepared, of_building, params, running)

    def reached(running: Executor) -> tuple[Access, Burn, pd.DataFrame]:
        with stage("burn", "计算延烧片区", "burn clusters"):
            burn = find_burn(prepared.footprints, near, reach, prepared.fire_class, params, running, ground)
        with stage("access", "计算消防车与水带可达", "engine and hose access"):
            access = find_access(
                prepared.footprints,
                near,
                params,
                lines_of(roads, prepared, accept_accuracy_m),
                running,
                ground=ground,
                beyond=beyond,
            )
            table = per_building(prepared, near, access.buildings, np.asarray(burn.cluster_id, dtype=np.int64))
            made("buildings", layer_of_buildings(prepared, of_building, table))
        return access, burn, table

    begun = time.perf_counter()
    with nullcontext(executor) if executor is not None else open_executor() as running:
        with stage("prepare", "检查房屋", "checking buildings"):
            prepared = prepare(
                buildings, params, work_srid, running, keep=keep, accept_accuracy_m=accept_accuracy_m, repairs=repairs
            )
            reach = max(params.max_width_m, params.link_gap_m)
            # The outlines as they came in are of no more use, and as large as the cleaned ones.
            buildings = pd.DataFrame(buildings.drop(columns=buildings.geometry.name))
        with stage("pairs", "查找相邻房屋", "finding neighbours"):
            near, ground = side_by_side(
                running,
                lambda running: find_pairs(prepared.footprints, reach, running),
                lambda _: lay_out(prepared.footprints, tile_buildings, origin),
            )
            narrow = within(near, params.max_width_m)
            pairs = near if narrow.all() else Pairs(near.a[narrow], near.b[narrow], near.min_width_m[narrow])
            of_building = label_clusters(prepared, near, params)
        (gaps, alleys, of_alley, outlines), (access, burn, table) = side_by_side(running, lanes, reached)
    with stage("clusters", "划分连片区", "dense clusters"):
        clusters = build_clusters(
            prepared, gaps, alleys, params, table, access.basis, of_building, outlines, of_alley=of_alley
        )
        water = None if hydrants is None else like(hydrants, prepared.crs, accept_accuracy_m)
        scores = rate(buildings, prepared, clusters, params, water)
    seconds["total"] = round(time.perf_counter() - begun, 3)
    return tabulate(
        prepared,
        gaps,
        alleys,
        clusters,
        scores,
        access,
        burn,
        ground,
        params,
        seconds,
        input_sha256,
        layers,
        {
            **({"keep": sorted(keep)} if keep else {}),
            **({"accept_accuracy_m": accept_accuracy_m} if accept_accuracy_m else {}),
        },
    )


def side_by_side(executor: Executor, *branches: Callable[[Executor], Any]) -> list[Any]:
    """Run branches that do not need one another: while one thinks alone, the others keep the workers busy."""
    if isinstance(executor, InProcess):
        return [branch(executor) for branch in branches]
    with ThreadPoolExecutor(len(branches), thread_name_prefix="branch") as pool:
        return [job.result() for job in [pool.submit(branch, executor) for branch in branches]]


def lines_of(roads: gpd.GeoDataFrame | None, prepared: Prepared, accept_m: float = 0.0) -> NDArray[np.object_] | None:
    """Return the geometries of a layer of roads in the CRS of the buildings."""
    return None if roads is None else np.asarray(like(roads, prepared.crs, accept_m).geometry.values, dtype=object)


def per_building(prepared: Prepared, near: Pairs, access: pd.DataFrame, burnt: NDArray[np.int64]) -> pd.DataFrame:
    """Return the per-building results in the order of ``prepared``."""
    nearest = np.full(len(prepared), np.inf)
    for side in (near.a, near.b):
        np.minimum.at(nearest, side, near.min_width_m)
    return pd.DataFrame(
        {
            "burn_cluster_id": _nullable(burnt).array,
            "hose_m": access["hose_m"].to_numpy(dtype=float),
            "unreached": pd.array(access["unreached"].to_numpy(), dtype="boolean"),
            "depth": pd.array(access["depth"].to_numpy(), dtype="Int64"),
            "nearest_gap_m": np.where(np.isfinite(nearest), nearest, np.nan),
        }
    )


def rate(
    buildings: pd.DataFrame,
    prepared: Prepared,
    clusters: Clusters,
    params: Params,
    hydrants: gpd.GeoDataFrame | None,
) -> list[dict[str, Any]]:
    """Return the parts of the clusters' scores; ``buildings`` are the rows as they came in."""

    def column(name: str) -> NDArray[np.object_] | None:
        if name not in buildings.columns:
            return None
        out = np.full(len(prepared), None, dtype=object)
        rows = np.array([str(i) for i in range(len(buildings))], dtype=object)
        values = read_column(buildings, name, rows, prepared.repairs)
        # Backwards, so that of the parts of one building the first row speaks.
        for i in np.flatnonzero(prepared.row >= 0)[::-1]:
            out[prepared.row[i]] = values[i]
        return out

    points = None if hydrants is None else np.asarray(hydrants.geometry.values, dtype=object)
    return score_parts(prepared, clusters, params, column("hazard_tier"), column("use_class"), points)


def _nullable(ids: NDArray[np.int64]) -> pd.Series:
    series = pd.Series(ids, dtype="Int64")
    return series.mask(series <= 0)


def layer_of_buildings(prepared: Prepared, of_building: NDArray[np.int64], table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the layer ``buildings`` of DESIGN.md 4; ``table`` is that of ``per_building``."""
    return gpd.GeoDataFrame(
        {"building_id": prepared.ids, "cluster_id": _nullable(of_building), **table.to_dict("series")},
        geometry=prepared.footprints,
        crs=prepared.crs,
    )


CLUSTER_COLUMNS = [
    "cluster_id", "buildings", "footprint_m2", "coverage", "alley_m", "sky_line_m", "handshake_m", "narrowest_m",
    "max_hose_m", "unreached", "max_depth", "burn_largest", "score", "access_basis", "geometry",
]  # fmt: skip


def tabulate(
    prepared: Prepared,
    gaps: Gaps,
    alleys: Alleys,
    clusters: Clusters,
    scores: list[dict[str, Any]],
    access: Access,
    burn: Burn,
    ground: Ground,
    params: Params,
    seconds: dict[str, float],
    input_sha256: str | None,
    layers: dict[str, gpd.GeoDataFrame],
    asked: dict[str, Any],
) -> Density:
    """Put all results into the layers of DESIGN.md 4; ``layers`` are gaps, alleys and buildings.

    ``asked`` goes into the record beside the parameters.
    """
    cluster_layer = clusters.table.assign(score=[s["score"] for s in scores])[CLUSTER_COLUMNS]
    counts = {
        "buildings": len(prepared),
        "pairs": len(gaps.a),
        **{f"pairs_{kind}": int((gaps.kind == kind).sum()) for kind in sorted(set(gaps.kind))},
        "alleys": len(alleys),
        "clusters": len(clusters),
    }
    run = pd.DataFrame(
        {
            "parameters": [json.dumps({**params.as_dict(), **asked}, sort_keys=True)],
            "input_sha256": [input_sha256 or fingerprint(prepared)],
            "counts": [json.dumps(counts)],
            "seconds": [seconds["total"]],
            "version": [code_version()],
            "repairs": [json.dumps(prepared.repairs.as_dict(), ensure_ascii=False)],
        }
    )
    return Density(
        gaps=layers["gaps"],
        alleys=layers["alleys"],
        clusters=cluster_layer,
        buildings=layers["buildings"],
        run=run,
        scores=scores,
        prepared=prepared,
        made_alleys=alleys,
        made_clusters=clusters,
        access=access,
        burn=burn,
        ground=ground,
        params=params,
        seconds=seconds,
    )


def fingerprint(prepared: Prepared) -> str:
    """Return the SHA-256 of the cleaned buildings: ids, heights and outlines."""
    digest = hashlib.sha256("\0".join(prepared.ids.astype(str)).encode())
    digest.update(prepared.height_m.tobytes())
    digest.update(shapely.get_coordinates(prepared.footprints).tobytes())
    return digest.hexdigest()


def code_version() -> str:
    """Return the version of this program."""
    try:
        return version("gis-service")
    except PackageNotFoundError:
        return "0.1.0"
