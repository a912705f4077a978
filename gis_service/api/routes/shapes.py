"""Shapes made from what a planner points at: a circle, a strip along a line or a road, the surroundings of a zone.

Distances are measured in the work CRS; the answer is GeoJSON in EPSG:4326, to be looked at, named and saved.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import shapely
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from pyproj import CRS
from sqlalchemy import Connection, text

from gis_service.api.http.authorisation import allow
from gis_service.api.http.connect import Reading
from gis_service.api.routes.areas import to_work
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import Right
from gis_service.ingest.crs import transform

router = APIRouter(prefix="/api/shapes", tags=["Areas"], dependencies=[Depends(allow(Right.DRAW))])

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-85, le=85, allow_inf_nan=False)]
Point = tuple[Lon, Lat]
_ROAD_REACH_M = 60.0
_QUARTER = 16


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class CircleIn(BaseModel):
    """All within ``radius_m`` of a point."""

    model_config = _like({"of": "circle", "center": [107.374, 24.511], "radius_m": 300})
    of: Literal["circle"]
    center: Point
    radius_m: float = Field(gt=0, le=20_000, allow_inf_nan=False)


class LineIn(BaseModel):
    """All within ``distance_m`` of a drawn line."""

    model_config = _like({"of": "line", "line": [[107.370, 24.510], [107.378, 24.512]], "distance_m": 50})
    of: Literal["line"]
    line: list[Point] = Field(min_length=2, max_length=1_000)
    distance_m: float = Field(gt=0, le=2_000, allow_inf_nan=False)


class RoadIn(BaseModel):
    """All within ``distance_m`` of the road nearest to a point."""

    model_config = _like({"of": "road", "near": [107.374, 24.511], "distance_m": 50})
    of: Literal["road"]
    near: Point
    distance_m: float = Field(gt=0, le=2_000, allow_inf_nan=False)


class ZoneIn(BaseModel):
    """All within ``distance_m`` of a key zone's grounds."""

    model_config = _like({"of": "zone", "zone_id": "451224-school-1", "distance_m": 100})
    of: Literal["zone"]
    zone_id: str = Field(min_length=1, max_length=100)
    distance_m: float = Field(ge=0, le=5_000, allow_inf_nan=False)


class ShapeOut(BaseModel):
    """A shape to look at: GeoJSON in EPSG:4326, its area, what it was made from."""

    geometry: dict[str, Any]
    area_m2: float
    name: str | None


@router.post("", summary="A shape from a circle, a line, a road or a zone")
def make(
    given: Annotated[CircleIn | LineIn | RoadIn | ZoneIn, Field(discriminator="of")], connection: Reading
) -> ShapeOut:
    """Return the shape; nothing is stored."""
    name = None
    if isinstance(given, CircleIn):
        core, distance_m = to_work(shapely.Point(given.center)), given.radius_m
    elif isinstance(given, LineIn):
        core, distance_m = to_work(shapely.LineString(given.line)), given.distance_m
        if not shapely.length(core) > 0:
            raise InputError("线没有长度，请重画。", "The line has no length; draw it again.")
    elif isinstance(given, RoadIn):
        core, name = _road(connection, to_work(shapely.Point(given.near)))
        distance_m = given.distance_m
    else:
        core, name = _zone(connection, given.zone_id)
        distance_m = given.distance_m
    shape = shapely.buffer(core, distance_m, quad_segs=_QUARTER)
    if not shapely.area(shape) > 0:
        raise InputError("缓冲距离为 0 的点没有面积，请加大距离。", "A point with no buffer has no extent; widen it.")
    work, degrees = CRS.from_epsg(work_srid()), CRS.from_epsg(4326)
    moved = shapely.set_precision(transform(np.array([shape], dtype=object), work, degrees)[0], 1e-7)
    return ShapeOut(
        geometry=shapely.geometry.mapping(shapely.orient_polygons(moved)),
        area_m2=round(shapely.area(shape), 1),
        name=name,
    )


def _road(connection: Connection, point: shapely.Geometry) -> tuple[shapely.Geometry, str | None]:
    row = connection.execute(
        text(statement("maps.nearest_road")),
        {
            "x": float(shapely.get_x(point)),
            "y": float(shapely.get_y(point)),
            "srid": work_srid(),
            "reach_m": _ROAD_REACH_M,
        },
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"{_ROAD_REACH_M:g} 米内没有道路；请点在道路上。", f"No road within {_ROAD_REACH_M:g} m; point at a road."
        )
    return shapely.from_wkb(bytes(row[1])), row[0]


def _zone(connection: Connection, zone_id: str) -> tuple[shapely.Geometry, str | None]:
    row = None
    if "\0" not in zone_id:
        row = connection.execute(text(statement("maps.zone")), {"zone_id": zone_id}).one_or_none()
    if row is None:
        raise NotFoundError("没有这个重点区域。", "There is no such key zone.")
    return shapely.from_wkb(bytes(row[1])), row[0]
