"""Clean a layer of buildings: one row a building, valid polygons in metres, every repair counted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis_service.density.compute.executor import Executor, in_chunks
from gis_service.density.layer.fields import numbers, read_column, read_fire_class
from gis_service.density.layer.repairs import Repairs
from gis_service.density.layer.srid import to_metric
from gis_service.density.params import Params
from gis_service.errors import InputError
from gis_service.ingest import footprints as footprints_
from gis_service.ingest.footprints import Screening
from gis_service.ingest.geometry import collections, mend
from gis_service.ingest.values import identifier, parse_column


@dataclass(frozen=True)
class Prepared:
    """Buildings ready to be measured, sorted by ``ids``; all arrays are parallel.

    Attributes
    ----------
    ids
        ``building_id`` as text, unique, ascending.
    footprints
        Valid Polygons and MultiPolygons in ``crs`` (metres), shells counter-clockwise.
    height_m
        Surveyed height in metres, else storeys times the storey height, else nan.
    floors
        Storeys, nan when unknown (unknown is not 0).
    structure, fire_class, township_code
        Identifiers of ``words`` (fire class: I_II, III, IV) and the code as given, None when unknown.
    crs
        The metric CRS.
    repairs
        What was mended on the way.
    row
        For every input row the position of its building here, -1 when it was left out.

    """

    ids: NDArray[np.object_]
    footprints: NDArray[np.object_]
    height_m: NDArray[np.float64]
    floors: NDArray[np.float64]
    structure: NDArray[np.object_]
    fire_class: NDArray[np.object_]
    township_code: NDArray[np.object_]
    crs: Any
    repairs: Repairs
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def area_m2(self) -> NDArray[np.float64]:
        """Footprint areas in m²."""
        return np.asarray(shapely.area(self.footprints), dtype=float)

    def take(self, index: NDArray[np.int64]) -> Prepared:
        """Return some of the buildings (ascending positions); measures between them are unchanged by it."""
        back = np.full(len(self) + 1, -1, dtype=np.int64)
        back[index] = np.arange(len(index))
        return Prepared(
            self.ids[index], self.footprints[index], self.height_m[index], self.floors[index],
            self.structure[index], self.fire_class[index], self.township_code[index],
            self.crs, self.repairs, back[self.row],
        )  # fmt: skip

    def frame(self) -> gpd.GeoDataFrame:
        """Return the buildings as a table with their cleaned attributes."""
        return gpd.GeoDataFrame(
            {
                "building_id": self.ids,
                "floors": self.floors,
                "height_m": self.height_m,
                "structure": self.structure,
                "fire_class": self.fire_class,
                "township_code": self.township_code,
            },
            geometry=self.footprints,
            crs=self.crs,
        )


class NoBuildingsError(InputError):
    """Nothing of the input is a building; ``repairs`` say why."""

    def __init__(self, repairs: Repairs | None = None) -> None:
        zh = en = ""
        if repairs is not None and repairs.counts:
            zh, en = "：" + "；".join(repairs.sentences()), ": " + "; ".join(repairs.sentences("en"))
        super().__init__(
            f"文件中没有可作房屋的面（多边形）{zh}。", f"The input has no polygons that are buildings{en}."
        )


def prepare(
    gdf: gpd.GeoDataFrame,
    params: Params | None = None,
    work_srid: int | str = "auto",
    executor: Executor | None = None,
    *,
    keep: Collection[str] = (),
    accept_accuracy_m: float = 0.0,
    repairs: Repairs | None = None,
) -> Prepared:
    """Clean a layer of buildings.

    Parameters
    ----------
    gdf
        Buildings. Columns taken when present: ``building_id`` (else the row number from 0), ``floors``,
        ``height_m``, ``structure``, ``fire_class``, ``township_code``.
    params
        Parameters of the run (the storey height, in metres).
    work_srid
        EPSG number of the metric CRS, or ``auto`` (see ``srid.to_metric``).
    executor
        Lends its threads.
    keep
        Kinds of ``ingest.footprints.SET_ASIDE`` that are taken for buildings.
    accept_accuracy_m
        See ``srid.to_metric``.
    repairs
        What was mended before; more is added to it.

    Raises
    ------
    InputError
        No building at all, no CRS and none that is evident, a work CRS that cannot measure.

    """
    params = params or Params()
    repairs = repairs if repairs is not None else Repairs()
    if not isinstance(gdf, gpd.GeoDataFrame) or gdf.active_geometry_name is None or not len(gdf):
        raise NoBuildingsError
    gdf = gdf.reset_index(drop=True)
    ids = _read_ids(gdf, repairs)
    geometry = np.asarray(gdf.geometry.values, dtype=object)
    polygonal = np.isin(shapely.get_type_id(geometry), (3, 6, 7))
    if not polygonal.any():
        raise NoBuildingsError
    gdf = to_metric(gdf, work_srid, repairs, executor, accept_accuracy_m)
    footprints = _polygons(np.asarray(gdf.geometry.values, dtype=object), ids, repairs, executor)
    position = np.flatnonzero(~(shapely.is_missing(footprints) | shapely.is_empty(footprints)))
    # Sorting first makes every later choice (which of two rows stays) independent of the order of rows.
    position = _sorted(position, ids, footprints)
    screening = footprints_.screen(
        footprints[position], np.arange(len(position)), keep, lambda work, count: in_chunks(executor, work, count)
    )
    for code in (*footprints_.SET_ASIDE, "inside"):
        repairs.add(code, ids[position[screening.of(code)]])
    houses = footprints_.several(footprints[position])
    several = np.flatnonzero((houses > 1) & (screening.stands >= 0))
    repairs.add("several", [f"{ids[position[k]]}: {houses[k]}" for k in several])
    if not (screening.stands >= 0).any():
        raise NoBuildingsError(repairs)
    position, screening = _left(position, screening)
    owner = _same_building(footprints[position], ids[position], screening, repairs)
    return _assemble(gdf, ids, footprints, position, owner, screening, repairs, params)


def take_apart(
    gdf: gpd.GeoDataFrame, work_srid: int | str, repairs: Repairs, accept_accuracy_m: float = 0.0
) -> gpd.GeoDataFrame:
    """Return a layer in the work CRS with every row of several houses as so many rows: ``ID#1``, ``ID#2`` and on."""
    gdf = gdf.reset_index(drop=True)
    ids = _read_ids(gdf, repairs)
    gdf = to_metric(gdf, work_srid, repairs, None, accept_accuracy_m)
    outlines, _ = mend(np.asarray(gdf.geometry.values, dtype=object))
    rows = np.flatnonzero(footprints_.several(outlines) > 1)
    repairs.add("split", ids[rows])
    outlines, of, number = footprints_.split(outlines, rows)
    names = [f"{ids[row]}#{part}" if part else ids[row] for row, part in zip(of, number, strict=True)]
    apart = gdf.iloc[of].reset_index(drop=True).assign(building_id=names)
    return apart.set_geometry(gpd.GeoSeries(outlines, crs=gdf.crs))


def _left(position: NDArray[np.int64], screening: Screening) -> tuple[NDArray[np.int64], Screening]:
    """Return the rows that are houses or parts of some, and what was found of them."""
    left = screening.stands >= 0
    place = np.cumsum(left) - 1
    stands = place[screening.stands[left]]
    return position[left], Screening(screening.code[left], stands, screening.share[left])


def _read_ids(gdf: gpd.GeoDataFrame, repairs: Repairs) -> NDArray[np.object_]:
    rows = np.array([str(i) for i in range(len(gdf))], dtype=object)
    if "building_id" not in gdf.columns:
        return rows
    out = np.full(len(gdf), None, dtype=object)
    column = parse_column(gdf["building_id"], identifier(100))
    for position, (zh, en) in column.failures.items():
        # Two houses whose numbers a sheet has rounded would become one.
        raise InputError(f"第 {position + 1} 行的 building_id：{zh}。", f"building_id of row {position + 1}: {en}.")
    out[:] = column.cells
    missing = pd.isna(out)
    if missing.any():
        taken = set(out[~missing])
        out[missing] = [r if r not in taken else f"row-{r}" for r in rows[missing]]
        repairs.add("no_id", rows[missing])
    return out


def _sorted(
    position: NDArray[np.int64], ids: NDArray[np.object_], footprints: NDArray[np.object_]
) -> NDArray[np.int64]:
    """Return positions by id; rows of one id by their outline."""
    names = ids[position].astype(str)
    order = np.argsort(names, kind="stable")
    position, names = position[order], names[order]
    again = names[1:] == names[:-1]
    alike = np.flatnonzero(np.r_[again, False] | np.r_[False, again])
    if len(alike):
        some = position[alike]
        position[alike] = some[np.lexsort((shapely.to_wkb(footprints[some]), names[alike]))]
    return position


def _polygons(
    geometry: NDArray[np.object_], ids: NDArray[np.object_], repairs: Repairs, executor: Executor | None
) -> NDArray[np.object_]:
    """Return the polygonal part of every geometry, valid and oriented; None where there is none."""
    out = geometry.copy()
    finite = np.isfinite(shapely.bounds(out)).all(axis=1)
    out[~finite | ~np.isin(shapely.get_type_id(out), (3, 6, 7))] = None
    repairs.add("collection", ids[collections(out)])
    out, broken = mend(out, lambda work, count: in_chunks(executor, work, count))
    repairs.add("invalid_ring", ids[broken])
    lost = shapely.is_missing(out) | shapely.is_empty(out) | ~np.isin(shapely.get_type_id(out), (3, 6))
    repairs.add("no_area", ids[lost])
    out[lost] = None

    def tidy(some: slice) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
        bare, thorny = footprints_.without_thorns(out[some])
        return shapely.orient_polygons(bare), thorny + some.start

    done = in_chunks(executor, tidy, len(out))
    repairs.add("thorn", ids[np.concatenate([thorny for _, thorny in done])])
    return np.concatenate([bare for bare, _ in done])


def _same_building(
    footprints: NDArray[np.object_], ids: NDArray[np.object_], screening: Screening, repairs: Repairs
) -> NDArray[np.int64]:
    """Return for each footprint the position of the one that names its building."""
    n = len(ids)
    area = shapely.area(footprints)
    first_of_id = pd.Series(np.arange(n)).groupby(ids, sort=False).transform("first").to_numpy()
    repeated = np.flatnonzero(first_of_id != np.arange(n))
    repairs.add("same_id", ids[repeated])
    rows = np.r_[np.arange(n), repeated]
    links = coo_matrix((np.ones(len(rows)), (rows, np.r_[screening.stands, first_of_id[repeated]])), shape=(n, n))
    _, label = connected_components(links, directed=False)
    # Of the footprints that stand for themselves the largest names a building; of equals, the first id.
    order = np.lexsort((np.arange(n), -area, screening.stands != np.arange(n), label))
    heads = order[np.r_[True, np.diff(label[order]) != 0]]
    return np.asarray(heads[label], dtype=np.int64)


def _assemble(
    gdf: gpd.GeoDataFrame,
    ids: NDArray[np.object_],
    footprints: NDArray[np.object_],
    position: NDArray[np.int64],
    owner: NDArray[np.int64],
    screening: Screening,
    repairs: Repairs,
    params: Params,
) -> Prepared:
    heads = np.unique(owner)
    heads = heads[np.argsort(ids[position[heads]].astype(str), kind="stable")]
    slot = np.full(len(position), -1, dtype=np.int64)
    slot[heads] = np.arange(len(heads))
    building = slot[owner]
    shapes = footprints[position[heads]]
    # What is drawn twice is drawn once: its second outline is no part of the building.
    once = screening.code != "twice"
    several = np.flatnonzero(np.bincount(building[once], minlength=len(heads)) > 1)
    order = np.flatnonzero(once)[np.argsort(building[once], kind="stable")]
    starts = np.searchsorted(building[order], several)
    ends = np.searchsorted(building[order], several, side="right")
    for k, s, e in zip(several, starts, ends, strict=True):
        shapes[k] = shapely.union_all(footprints[position[order[s:e]]])
    if len(several):
        shapes[several] = shapely.orient_polygons(shapes[several])

    row = np.full(len(ids), -1, dtype=np.int64)
    row[position] = building
    floors = numbers(read_column(gdf, "floors", ids, repairs))
    height = numbers(read_column(gdf, "height_m", ids, repairs))
    height = np.where(np.isnan(height), floors * params.storey_height_m, height)
    structure = read_column(gdf, "structure", ids, repairs)
    fire = read_fire_class(gdf, structure, ids, repairs)
    head_rows = position[heads]
    return Prepared(
        ids=ids[head_rows],
        footprints=shapes,
        height_m=_highest(height, row, head_rows),
        floors=_highest(floors, row, head_rows),
        structure=_first(structure, row, head_rows),
        fire_class=_first(fire, row, head_rows),
        township_code=_first(read_column(gdf, "township_code", ids, repairs), row, head_rows),
        crs=gdf.crs,
        repairs=repairs,
        row=row,
    )


def _highest(values: NDArray[np.float64], row: NDArray[np.int64], heads: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the greatest known value among the parts of each building (its highest part makes the wall)."""
    out = np.full(len(heads), -np.inf)
    known = (row >= 0) & ~np.isnan(values)
    np.maximum.at(out, row[known], values[known])
    return np.where(np.isfinite(out), out, np.nan)


def _first(values: NDArray[np.object_], row: NDArray[np.int64], heads: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return the head's value, else the first value known among the parts, in the order of the values."""
    out = values[heads].copy()
    lacking = {int(k) for k in np.flatnonzero(pd.isna(out))}
    parts: Iterable[int] = np.flatnonzero((row >= 0) & ~pd.isna(values))
    best: dict[int, Any] = {}
    for i in parts if lacking else ():
        k = int(row[i])
        if k in lacking and (k not in best or values[i] < best[k]):
            best[k] = values[i]
    for k, value in best.items():
        out[k] = value
    return out
