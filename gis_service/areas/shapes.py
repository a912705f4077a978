"""Shapes that people draw or point at: checked, brought to the work CRS, and made from points, lines, roads and zones."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import Connection, text

from gis_service.db.engine import work_srid, zone_bounds
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.ingest.crs import transform

_VERTICES_MAX = 10_000
_ROAD_REACH_M = 60.0
_QUARTER = 16


def checked_shape(geojson: dict[str, Any]) -> shapely.Geometry:
    """Return a GeoJSON Polygon or MultiPolygon in EPSG:4326 as a MultiPolygon in the work CRS.

    Raises
    ------
    InputError
        What is wrong with it: too many vertices, incomplete, no degrees, edges that cross, no extent, far away.

    """
    too_many = InputError(
        f"图形顶点超过 {_VERTICES_MAX:,} 个，请简化。",
        f"The shape has more than {_VERTICES_MAX:,} vertices; simplify it.",
    )
    if _count(geojson["coordinates"]) > _VERTICES_MAX:
        raise too_many
    try:
        with np.errstate(invalid="ignore"):  # what is no number is told below
            shape = shapely.geometry.shape(geojson)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        raise InputError(
            "图形坐标不完整，请重画。", "The shape's coordinates are incomplete; draw it again."
        ) from error
    points = shapely.get_coordinates(shape)
    if not len(points) or not (abs(points) <= [180, 90]).all():
        raise InputError("图形坐标应为经纬度。", "The shape must be in degrees of longitude and latitude.")
    if not shapely.is_valid(shape):
        raise InputError("图形的边自相交，请重画。", "The shape's edges cross; draw it again.")
    moved = to_work(shapely.force_2d(shape))
    if not shapely.area(moved) >= 1.0:
        raise InputError("图形没有面积，请重画。", "The shape has no extent; draw it again.")
    whole: shapely.Geometry = shapely.MultiPolygon(list(shapely.get_parts(moved)))
    return whole


def _count(coordinates: Any) -> int:
    total, waiting = 0, [coordinates]
    while waiting and total <= _VERTICES_MAX:
        level = waiting.pop()
        if isinstance(level, list):
            if level and not isinstance(level[0], list):
                total += 1
            else:
                waiting.extend(level)
    return total


def to_work(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape in degrees (EPSG:4326) in the work CRS.

    Raises
    ------
    InputError
        It lies where the work CRS has no coordinates: a Gauss-Krüger zone folds back on itself far from its meridian.

    """
    west, south, east, north = zone_bounds()
    points = shapely.get_coordinates(shape)
    if not ((points >= [west, south]) & (points <= [east, north])).all():
        raise InputError("图形远在县域之外，请移回县内。", "The shape lies far outside the county; move it inside.")
    moved: shapely.Geometry = transform(
        np.array([shape], dtype=object), CRS.from_epsg(4326), CRS.from_epsg(work_srid())
    )[0]
    return moved


def around(core: shapely.Geometry, distance_m: float) -> shapely.Geometry:
    """Return all within ``distance_m`` metres of a shape, both in the work CRS.

    Raises
    ------
    InputError
        A line of no length, or a point with no distance: nothing has an extent.

    """
    if shapely.get_type_id(core) == shapely.GeometryType.LINESTRING and not shapely.length(core) > 0:
        raise InputError("线没有长度，请重画。", "The line has no length; draw it again.")
    shape: shapely.Geometry = shapely.buffer(core, distance_m, quad_segs=_QUARTER)
    if not shapely.area(shape) > 0:
        raise InputError("缓冲距离为 0 的点没有面积，请加大距离。", "A point with no buffer has no extent; widen it.")
    return shape


def as_geojson(shape: shapely.Geometry) -> dict[str, Any]:
    """Return a shape in the work CRS as GeoJSON in EPSG:4326, rings as RFC 7946 wants them."""
    work, degrees = CRS.from_epsg(work_srid()), CRS.from_epsg(4326)
    moved = shapely.set_precision(transform(np.array([shape], dtype=object), work, degrees)[0], 1e-7)
    geojson: dict[str, Any] = shapely.geometry.mapping(shapely.orient_polygons(moved))
    return geojson


def nearest_road(connection: Connection, point: shapely.Geometry) -> tuple[shapely.Geometry, str | None]:
    """Return the road nearest to a point (work CRS) and its name.

    Raises
    ------
    NotFoundError
        None lies within 60 m.

    """
    asked = {
        "x": float(shapely.get_x(point)), "y": float(shapely.get_y(point)), "srid": work_srid(),
        "reach_m": _ROAD_REACH_M,
    }  # fmt: skip
    row = connection.execute(text(statement("maps.nearest_road")), asked).one_or_none()
    if row is None:
        raise NotFoundError(
            f"{_ROAD_REACH_M:g} 米内没有道路；请点在道路上。", f"No road within {_ROAD_REACH_M:g} m; point at a road."
        )
    return shapely.from_wkb(bytes(row[1])), row[0]


def zone_grounds(connection: Connection, zone_id: str) -> tuple[shapely.Geometry, str | None]:
    """Return the grounds of a key zone (work CRS) and its name.

    Raises
    ------
    NotFoundError
        There is none of that number.

    """
    row = None
    if "\0" not in zone_id:
        row = connection.execute(text(statement("maps.zone")), {"zone_id": zone_id}).one_or_none()
    if row is None:
        raise NotFoundError("没有这个重点区域。", "There is no such key zone.")
    return shapely.from_wkb(bytes(row[1])), row[0]
