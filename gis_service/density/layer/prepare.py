"""Clean a layer of buildings: one row a building, valid polygons in metres, every repair counted."""

from __future__ import annotations

from collections.abc import Iterable
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
from gis_service.density.layer.fields import read_fire_class, read_floors, read_heights
from gis_service.density.layer.repairs import Repairs
from gis_service.density.layer.srid import to_metric
from gis_service.density.params import Params
from gis_service.errors import InputError

SLIVER_M2, SLIVER_M = 0.2, 0.1
"""Below this area, or this mean thickness (2 × area / perimeter), a polygon is a digitising artefact. Sheds and
porches of real surveys (Kochi: down to 0.21 m² and 0.12 m) stay."""

HUGE_M2 = 1_000_000.0
"""Above this (100 ha) a polygon is a parcel, a district or a unit mistake, no building."""

INSIDE_SHARE = 0.99
"""A footprint of which this share lies in another is part of that other (digitised edges rarely coincide)."""

CUT_SHORT = {"building_i": "building_id", "township_c": "township_code"}
"""A shapefile keeps ten characters of a name."""

OPTIONAL = ("floors", "height_m", "structure", "fire_class", "township_code")


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
        As given (fire class: I_II, III, IV), None when unknown.
    crs
        The metric CRS, None when the input named none.
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
    """Nothing of the input is a building."""

    def __init__(self) -> None:
        super().__init__("文件中没有房屋面（多边形）。", "There are no polygons in the input, so no buildings.")


def prepare(
    gdf: gpd.GeoDataFrame,
    params: Params | None = None,
    work_srid: int | str = "auto",
    executor: Executor | None = None,
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

    Raises
    ------
    InputError
        No polygons at all, no CRS with coordinates in degrees, a work CRS that cannot measure.

    """
    params = params or Params()
    repairs = Repairs()
    if not isinstance(gdf, gpd.GeoDataFrame) or gdf.active_geometry_name is None or not len(gdf):
        raise NoBuildingsError
    gdf = gdf.reset_index(drop=True)
    gdf = gdf.rename(columns={cut: name for cut, name in CUT_SHORT.items() if name not in gdf.columns})
    ids = _read_ids(gdf, repairs)
    geometry = np.asarray(gdf.geometry.values, dtype=object)
    polygonal = np.isin(shapely.get_type_id(geometry), (3, 6, 7))
    if not polygonal.any():
        raise NoBuildingsError
    gdf = to_metric(gdf, work_srid, repairs, executor)
    footprints = _polygons(np.asarray(gdf.geometry.values, dtype=object), ids, repairs, executor)
    kept = ~(shapely.is_missing(footprints) | shapely.is_empty(footprints))
    footprints, kept = _plausible(footprints, kept, ids, repairs)
    position = np.flatnonzero(kept)
    if not len(position):
        raise NoBuildingsError

    # Sorting first makes every later choice (which duplicate stays) independent of the order of rows.
    position = _sorted(position, ids, footprints)
    owner = _same_building(footprints[position], ids[position], repairs, executor)
    return _assemble(gdf, ids, footprints, position, owner, repairs, params)


def _read_ids(gdf: gpd.GeoDataFrame, repairs: Repairs) -> NDArray[np.object_]:
    rows = np.array([str(i) for i in range(len(gdf))], dtype=object)
    if "building_id" not in gdf.columns:
        return rows
    column = gdf["building_id"]
    if pd.api.types.is_float_dtype(column.dtype):
        # An integer column with one hole arrives as floats: 17.0 is building 17.
        texts = [str(int(v)) if np.isfinite(v) and v == int(v) else str(v) for v in column.fillna(np.nan)]
    else:
        texts = [str(v).strip() for v in column]
    out = np.array(texts, dtype=object)
    missing = column.isna().to_numpy() | (out == "")
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
    deep = shapely.has_z(out)
    out[deep] = shapely.force_2d(out[deep])
    finite = np.isfinite(shapely.bounds(out)).all(axis=1)
    kind = shapely.get_type_id(out)
    out[~finite | ~np.isin(kind, (3, 6, 7))] = None
    valid = np.concatenate(in_chunks(executor, lambda some: shapely.is_valid(out[some]), len(out)))
    broken = ~shapely.is_missing(out) & ~valid
    repairs.add("invalid_ring", ids[broken])
    out[broken] = shapely.make_valid(out[broken], method="structure", keep_collapsed=False)
    loose = np.flatnonzero(shapely.get_type_id(out) == 7)
    for i in loose:
        parts = shapely.get_parts(out[i])
        out[i] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), (3, 6))])
    lost = shapely.is_missing(out) | shapely.is_empty(out) | ~np.isin(shapely.get_type_id(out), (3, 6))
    repairs.add("no_area", ids[lost])
    out[lost] = None
    return np.concatenate(in_chunks(executor, lambda some: shapely.orient_polygons(out[some]), len(out)))


def _plausible(
    footprints: NDArray[np.object_], kept: NDArray[np.bool_], ids: NDArray[np.object_], repairs: Repairs
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    area = np.where(kept, shapely.area(footprints), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        thickness = 2 * area / shapely.length(footprints)
    sliver, huge = (area < SLIVER_M2) | (thickness < SLIVER_M), area > HUGE_M2
    repairs.add("sliver", ids[sliver])
    repairs.add("huge", ids[huge])
    return footprints, kept & ~sliver & ~huge


def _same_building(
    footprints: NDArray[np.object_], ids: NDArray[np.object_], repairs: Repairs, executor: Executor | None
) -> NDArray[np.int64]:
    """Return for each footprint the position of the one that names its building."""
    n = len(ids)
    area = shapely.area(footprints)
    first_of_id = pd.Series(np.arange(n)).groupby(ids, sort=False).transform("first").to_numpy()
    bounds = shapely.bounds(footprints)
    tree = shapely.STRtree(footprints)
    met = in_chunks(executor, lambda some: np.add(tree.query(footprints[some]), [[some.start], [0]]), n)
    a, b = np.concatenate(met, axis=1)
    # ``a`` is the one inside: the smaller; of equals the later in the sorted order, so that the first id stays.
    smaller = (a != b) & ((area[a] < area[b]) | ((area[a] == area[b]) & (a > b)))
    a, b = a[smaller], b[smaller]
    slack = 0.02 * np.sqrt(area[a])
    fits = (bounds[a, :2] >= bounds[b, :2] - slack[:, None]).all(axis=1)
    fits &= (bounds[a, 2:] <= bounds[b, 2:] + slack[:, None]).all(axis=1)
    a, b = a[fits], b[fits]
    common = in_chunks(
        executor, lambda some: shapely.area(shapely.intersection(footprints[a[some]], footprints[b[some]])), len(a)
    )
    share = np.concatenate(common) / area[a]
    inside = share >= INSIDE_SHARE
    a, b = a[inside], b[inside]
    repeated = np.flatnonzero(first_of_id != np.arange(n))
    repairs.add("same_id", ids[repeated])
    alike = area[a] >= INSIDE_SHARE * area[b]
    other = ids[a] != ids[b]
    repairs.add("duplicate", pd.unique(ids[a[alike & other]]))
    repairs.add("inside", np.setdiff1d(ids[a[~alike & other]].astype(str), ids[a[alike & other]].astype(str)))
    links = coo_matrix(
        (np.ones(len(a) + len(repeated)), (np.r_[a, repeated], np.r_[b, first_of_id[repeated]])), shape=(n, n)
    )
    _, label = connected_components(links, directed=False)
    # The largest footprint of a building names it; of equals, the first id.
    order = np.lexsort((np.arange(n), -area, label))
    heads = order[np.r_[True, np.diff(label[order]) != 0]]
    return np.asarray(heads[label], dtype=np.int64)


def _assemble(
    gdf: gpd.GeoDataFrame,
    ids: NDArray[np.object_],
    footprints: NDArray[np.object_],
    position: NDArray[np.int64],
    owner: NDArray[np.int64],
    repairs: Repairs,
    params: Params,
) -> Prepared:
    heads = np.unique(owner)
    heads = heads[np.argsort(ids[position[heads]].astype(str), kind="stable")]
    slot = np.full(len(position), -1, dtype=np.int64)
    slot[heads] = np.arange(len(heads))
    building = slot[owner]
    shapes = footprints[position[heads]]
    several = np.flatnonzero(np.bincount(building, minlength=len(heads)) > 1)
    for k in several:
        parts = footprints[position[building == k]] if len(several) < 50 else None
        shapes[k] = shapely.union_all(parts) if parts is not None else None
    if len(several) >= 50:
        order = np.argsort(building, kind="stable")
        starts = np.searchsorted(building[order], several)
        ends = np.searchsorted(building[order], several, side="right")
        for k, s, e in zip(several, starts, ends, strict=True):
            shapes[k] = shapely.union_all(footprints[position[order[s:e]]])
    if len(several):
        shapes[several] = shapely.orient_polygons(shapes[several])

    row = np.full(len(ids), -1, dtype=np.int64)
    row[position] = building
    column = {name: gdf[name] if name in gdf.columns else None for name in OPTIONAL}
    nothing = np.full(len(ids), np.nan)
    floors = nothing if column["floors"] is None else read_floors(column["floors"], ids, repairs)
    height = nothing if column["height_m"] is None else read_heights(column["height_m"], ids, repairs)
    height = np.where(np.isnan(height), floors * params.storey_height_m, height)
    fire = read_fire_class(column["fire_class"], column["structure"], ids, repairs)
    head_rows = position[heads]
    return Prepared(
        ids=ids[head_rows],
        footprints=shapes,
        height_m=_highest(height, row, head_rows),
        floors=_highest(floors, row, head_rows),
        structure=_first(_texts(column["structure"], len(ids)), row, head_rows),
        fire_class=_first(fire, row, head_rows),
        township_code=_first(_texts(column["township_code"], len(ids)), row, head_rows),
        crs=gdf.crs,
        repairs=repairs,
        row=row,
    )


def _texts(column: pd.Series | None, n: int) -> NDArray[np.object_]:
    if column is None:
        return np.full(n, None, dtype=object)
    return np.array([None if pd.isna(v) else str(v).strip() or None for v in column], dtype=object)


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
