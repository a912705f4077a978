"""The metric CRS of a run: CGCS2000 3-degree zones in China, UTM elsewhere, never degrees or Web Mercator."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from gis_service.density.compute.executor import Executor, in_chunks
from gis_service.density.layer.repairs import Repairs
from gis_service.errors import InputError
from gis_service.ingest.crs import check_conversion, decide, straight, transform

# Coarse by intention (tens of km): it only chooses which projection a data set is measured in, and both
# candidates are good to 0.05 % near the line. It is no statement about a border and is never drawn.
_CHINA = shapely.polygons(
    [
        (73.5, 39.4), (75, 37), (78, 34.5), (79, 32.5), (81, 30.3), (84.2, 28.9), (86, 28.1), (88.1, 28),
        (88.9, 27.4), (89.6, 28.2), (91.6, 27.8), (93.5, 28.6), (96, 29.2), (97.3, 28.2), (98.6, 27.5),
        (98.4, 25.8), (97.6, 24.3), (98.8, 23.8), (99.2, 22), (101.3, 21.2), (101.8, 22.4), (103.9, 22.5),
        (105.3, 23.2), (106.6, 22), (108.1, 21.4), (108.2, 18.2), (109.6, 17.9), (111.6, 19.5), (114.6, 21.8),
        (117.6, 23.2), (120, 25.2), (122.6, 29.5), (122.4, 31.5), (121.2, 33.5), (120, 35.2), (123, 37.2),
        (121.6, 38.5), (124.3, 39.9), (126.5, 41.6), (128.2, 41.9), (130.6, 42.4), (131.2, 44.8), (133.1, 45),
        (135, 48.4), (130.9, 47.8), (130.5, 48.9), (127.5, 49.9), (125.8, 53), (121.5, 53.5), (119.9, 52.8),
        (120, 51), (117.8, 49.5), (115.6, 47.8), (119.7, 46.8), (114, 44.8), (111.8, 43.7), (109, 42.4),
        (105, 41.6), (100.8, 42.7), (96.4, 42.8), (95.3, 44.2), (91, 45.3), (90, 47.9), (87.8, 49.1),
        (85.6, 48.2), (85.5, 47.1), (82.5, 45.3), (80.3, 45), (80.2, 42.1), (76.5, 40.5), (73.8, 39.8),
    ]
)  # fmt: skip

_MERCATOR = ("popular visualisation pseudo mercator", "mercator (variant a)", "mercator (variant b)")


def zone_srid(lon: float, lat: float) -> int | None:
    """Return the CGCS2000 3-degree zone (EPSG 4534..4554, CM 75..135°E) at a point in China, else None."""
    if not bool(shapely.contains_xy(_CHINA, lon, lat)):
        return None
    meridian = min(135, max(75, 3 * round(lon / 3)))
    return 4534 + (meridian - 75) // 3


def is_metric(crs: CRS) -> bool:
    """Say whether distances may be measured in ``crs``: projected, in metres and no Mercator on the equator."""
    if not crs.is_projected or any(abs(axis.unit_conversion_factor - 1.0) > 1e-9 for axis in crs.axis_info):
        return False
    operation = crs.coordinate_operation
    return operation is None or operation.method_name.lower() not in _MERCATOR


def to_metric(
    gdf: gpd.GeoDataFrame,
    work_srid: int | str,
    repairs: Repairs,
    executor: Executor | None = None,
    accept_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Return ``gdf`` in the work CRS.

    Parameters
    ----------
    work_srid
        An EPSG number of a metric CRS, or ``auto``: the data's own CRS where distances may be measured in it,
        else the CGCS2000 3-degree zone in China, else UTM.
    repairs
        Takes a note where the data are wider than the projection serves well.
    executor
        Lends its threads.
    accept_m
        The error of a conversion between datums, in metres, that is good enough.

    Raises
    ------
    InputError
        The data name no CRS and show none, lie outside of it, or cannot be converted with certainty.

    """
    shapes = np.asarray(gdf.geometry.values, dtype=object)
    if gdf.crs is None:
        decision = decide(shapes, None, None, None, None)
        shapes = straight(shapes, decision)
        gdf = gdf.set_geometry(gpd.GeoSeries(shapes, index=gdf.index, crs=decision.crs))
    crs = CRS(gdf.crs)
    if work_srid == "auto" and is_metric(crs):
        return gdf
    west, south, east, north = shapely.total_bounds(transform(shapes, crs, CRS.from_epsg(4326)))
    if not np.isfinite([west, south, east, north]).all():
        raise InputError(
            "坐标超出所声明坐标系的范围，请检查文件的坐标系。",
            "The coordinates lie outside the CRS that the file names; check the CRS of the file.",
        )
    lon, lat = (west + east) / 2, (south + north) / 2
    if work_srid != "auto":
        target = _given(work_srid)
    else:
        if east - west > 6:
            repairs.add("wide", ["-"])
        srid = zone_srid(lon, lat)
        target = CRS.from_epsg(srid) if srid is not None else gdf.estimate_utm_crs()
    if crs == target:
        return gdf
    check_conversion(crs, target, lon, lat, accept_m)
    moved = in_chunks(executor, lambda some: transform(shapes[some], crs, target), len(shapes))
    return gdf.set_geometry(gpd.GeoSeries(np.concatenate(moved), index=gdf.index, crs=target))


def like(layer: gpd.GeoDataFrame, crs: CRS, accept_m: float = 0.0) -> gpd.GeoDataFrame:
    """Return a layer in the CRS of the buildings; one that names no CRS is taken to be in it."""
    if layer.crs is None or CRS(layer.crs) == crs:
        return layer
    shapes = np.asarray(layer.geometry.values, dtype=object)
    west, south, east, north = shapely.total_bounds(transform(shapes, CRS(layer.crs), CRS.from_epsg(4326)))
    check_conversion(CRS(layer.crs), crs, (west + east) / 2, (south + north) / 2, accept_m)
    moved: NDArray[np.object_] = transform(shapes, CRS(layer.crs), crs)
    return layer.set_geometry(gpd.GeoSeries(moved, index=layer.index, crs=crs))


def _given(work_srid: int | str) -> CRS:
    try:
        target = CRS.from_epsg(int(work_srid))
    except Exception as error:
        raise InputError(f"EPSG:{work_srid} 不是已知的坐标系。", f"EPSG:{work_srid} is not a known CRS.") from error
    if not is_metric(target):
        raise InputError(
            f"EPSG:{work_srid} 不能量距离（经纬度或墨卡托），请改用以米为单位的投影，如 EPSG:4545。",
            f"EPSG:{work_srid} cannot measure distances (degrees or Mercator); use a metric projection, say EPSG:4545.",
        )
    return target
