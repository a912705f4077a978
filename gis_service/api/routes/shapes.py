"""Shapes made from what a planner points at: a circle, a strip along a line or a road, the surroundings of a zone.

Distances are measured in the work CRS; the answer is GeoJSON in EPSG:4326, to be looked at, named and saved.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import shapely
from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from gis_service.api.http.authorisation import allow
from gis_service.api.http.bodies import SHAPES
from gis_service.api.http.connect import Reading
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import takes
from gis_service.areas.shapes import around, as_geojson, nearest_road, to_work, zone_grounds
from gis_service.identity import Right

router = Router(prefix="/api/shapes", tags=["Areas"], dependencies=[Depends(allow(Right.DRAW)), Depends(takes(SHAPES))])

Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-85, le=85, allow_inf_nan=False)]
Point = tuple[Lon, Lat]


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
    elif isinstance(given, RoadIn):
        core, name = nearest_road(connection, to_work(shapely.Point(given.near)))
        distance_m = given.distance_m
    else:
        core, name = zone_grounds(connection, given.zone_id)
        distance_m = given.distance_m
    shape = around(core, distance_m)
    return ShapeOut(geometry=as_geojson(shape), area_m2=round(shapely.area(shape), 1), name=name)
