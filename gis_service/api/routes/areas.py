"""Priority areas drawn by planners: make, read, change, delete; each change raises the version."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import shapely
from fastapi import APIRouter, BackgroundTasks, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pyproj import CRS
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.routes.tiles import forget_versions
from gis_service.db.engine import transaction, work_srid, zone_bounds
from gis_service.db.models import DrawnArea
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError
from gis_service.identity import Identity, Right
from gis_service.ingest.crs import transform

router = APIRouter(prefix="/api/areas", tags=["Areas"])
_READ = [Depends(allow(Right.READ))]
_DRAW = [Depends(allow(Right.DRAW))]

_VERTICES_MAX = 10_000
AreaId = Annotated[int, Path(ge=1, le=2**62)]


class ShapeIn(BaseModel):
    """A GeoJSON Polygon or MultiPolygon in EPSG:4326."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class AreaIn(BaseModel):
    """A drawn area."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "县城老街",
                    "geometry": {
                        "type": "Polygon",
                        "coordinates": [[[107.37, 24.51], [107.38, 24.51], [107.38, 24.52], [107.37, 24.51]]],
                    },
                }
            ]
        },
    )
    name: str = Field(min_length=1, max_length=100)
    note: str | None = Field(None, max_length=2000)
    geometry: ShapeIn
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="The version that you changed; needed to change")

    @field_validator("name", "note")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and (any(ord(c) < 32 and c != "\n" for c in value) or not value.strip()):
            raise ValueError("must be printable text")
        if value is not None and any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError("must be valid text")
        return value


class AreaOut(BaseModel):
    """A stored area."""

    area_id: int
    name: str
    note: str | None
    version: int
    area_m2: float
    geometry: dict[str, Any]


def checked_shape(given: ShapeIn) -> shapely.Geometry:
    """Return the shape in the work CRS, or say what is wrong with it."""
    too_many = InputError(
        f"图形顶点超过 {_VERTICES_MAX:,} 个，请简化。",
        f"The shape has more than {_VERTICES_MAX:,} vertices; simplify it.",
    )
    if _count(given.coordinates) > _VERTICES_MAX:
        raise too_many
    try:
        shape = shapely.geometry.shape(given.model_dump())
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


def _stored(connection: Connection, given: ShapeIn) -> bytes:
    """Return a drawn shape as the database takes it (EWKB in the work SRID); one outside the county is refused."""
    shape: bytes = shapely.to_wkb(shapely.set_srid(checked_shape(given), work_srid()), include_srid=True)
    if not connection.execute(text(statement("maps.in_county")), {"shape": shape}).scalar_one():
        raise InputError(
            "区域完全在县域之外，请移回县内再保存。",
            "The area lies wholly outside the county; move it inside and save again.",
        )
    return shape


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


def _one(connection: Connection, area_id: int) -> AreaOut:
    rows = _read(connection, area_id)
    if not rows:
        raise NotFoundError("没有这个区域。", "There is no such area.")
    return rows[0]


def _read(connection: Connection, area_id: int | None = None) -> list[AreaOut]:
    asked = select(
        DrawnArea.area_id, DrawnArea.name, DrawnArea.note, DrawnArea.version, func.ST_Area(DrawnArea.geom),
        func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(func.ST_Transform(DrawnArea.geom, 4326)), 7).cast(_json()),
    ).order_by(DrawnArea.area_id)  # fmt: skip
    if area_id is not None:
        asked = asked.where(DrawnArea.area_id == area_id)
    names = ("area_id", "name", "note", "version", "area_m2", "geometry")
    return [AreaOut(**dict(zip(names, row, strict=True))) for row in connection.execute(asked)]


def _json() -> Any:
    from sqlalchemy.dialects.postgresql import JSON

    return JSON


def _touch(identity: Identity) -> None:
    """Move the data's version on, after the change is committed: no tile made before it may pass for one made after."""
    with transaction(identity) as connection:
        connection.execute(text(statement("ingest.bump_version")))
    forget_versions()


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"已有叫“{name}”的区域，请换一个名称。", f"There is an area called {name!r} already; choose another name."
    )


@router.get("", summary="All drawn areas", dependencies=_READ)
def read_all(connection: Reading) -> list[AreaOut]:
    """Return all drawn areas."""
    return _read(connection)


@router.get("/{area_id}", summary="One drawn area", dependencies=_READ)
def read(area_id: AreaId, connection: Reading) -> AreaOut:
    """Return one drawn area."""
    return _one(connection, area_id)


@router.post("", status_code=201, summary="Save a drawn area", dependencies=_DRAW)
def create(given: AreaIn, connection: Writing, audit: Audit, after: BackgroundTasks) -> AreaOut:
    """Save a new area."""
    shape = _stored(connection, given.geometry)
    try:
        area_id = connection.execute(
            insert(DrawnArea)
            .values(name=given.name, note=given.note, geom=func.ST_GeomFromEWKB(shape))
            .returning(DrawnArea.area_id)
        ).scalar_one()
    except IntegrityError as error:
        raise _taken(given.name) from error
    audit.append(connection, Action.AREA_DRAWN, f"area {area_id}", name=given.name)
    after.add_task(_touch, audit.identity)
    return _one(connection, int(area_id))


@router.put("/{area_id}", summary="Change a drawn area", dependencies=_DRAW)
def change(area_id: AreaId, given: AreaIn, connection: Writing, audit: Audit, after: BackgroundTasks) -> AreaOut:
    """Change an area; whoever changed an older version is told and loses nothing."""
    current = _one(connection, area_id)
    shape = _stored(connection, given.geometry)
    try:
        changed = connection.execute(
            update(DrawnArea)
            .where(DrawnArea.area_id == area_id, DrawnArea.version == (given.version or -1))
            .values(
                name=given.name,
                note=given.note,
                geom=func.ST_GeomFromEWKB(shape),
                version=DrawnArea.version + 1,
                updated_at=func.now(),
            )
        ).rowcount
    except IntegrityError as error:
        raise _taken(given.name) from error
    if not changed:
        raise ConflictError(
            f"区域“{current.name}”已被他人改到第 {current.version} 版，请先重新载入再修改。",
            f"The area {current.name!r} is at version {current.version} by now; load it again before you change it.",
            version=current.version,
        )
    audit.append(connection, Action.AREA_CHANGED, f"area {area_id}", name=given.name, version=current.version + 1)
    after.add_task(_touch, audit.identity)
    return _one(connection, area_id)


@router.delete("/{area_id}", status_code=204, summary="Delete a drawn area", dependencies=_DRAW)
def remove(area_id: AreaId, connection: Writing, audit: Audit, after: BackgroundTasks) -> Response:
    """Delete an area; runs that used it keep it as it was."""
    if not connection.execute(delete(DrawnArea).where(DrawnArea.area_id == area_id)).rowcount:
        raise NotFoundError("没有这个区域。", "There is no such area.")
    audit.append(connection, Action.AREA_DELETED, f"area {area_id}")
    after.add_task(_touch, audit.identity)
    return Response(status_code=204)
