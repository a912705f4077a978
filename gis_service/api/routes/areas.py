"""Priority areas drawn by planners: make, read, change, delete; each change raises the version."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import BackgroundTasks, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.bodies import SHAPES
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import takes
from gis_service.api.routes.tiles import forget_versions
from gis_service.areas import drawn
from gis_service.identity import Right

router = Router(prefix="/api/areas", tags=["Areas"])
_READ = [Depends(allow(Right.READ))]
_DRAW = [Depends(allow(Right.DRAW)), Depends(takes(SHAPES))]

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
    updated_at: datetime
    changed_by: str | None = Field(description="The account that drew it or changed it last")


@router.get("", summary="All drawn areas", dependencies=_READ)
def read_all(connection: Reading) -> list[AreaOut]:
    """Return all drawn areas."""
    return [_out(area) for area in drawn.read(connection)]


@router.get("/{area_id}", summary="One drawn area", dependencies=_READ)
def read(area_id: AreaId, connection: Reading) -> AreaOut:
    """Return one drawn area."""
    return _out(drawn.one(connection, area_id))


@router.post("", status_code=201, summary="Save a drawn area", dependencies=_DRAW)
def create(given: AreaIn, connection: Writing, audit: Audit, after: BackgroundTasks) -> AreaOut:
    """Save a new area."""
    area = drawn.add(connection, given.name, given.note, given.geometry.model_dump())
    audit.append(connection, Action.AREA_DRAWN, f"area {area.area_id}", name=area.name)
    after.add_task(forget_versions)
    return _out(area)


@router.put("/{area_id}", summary="Change a drawn area", dependencies=_DRAW)
def change(area_id: AreaId, given: AreaIn, connection: Writing, audit: Audit, after: BackgroundTasks) -> AreaOut:
    """Change an area; whoever changed an older version is told and loses nothing."""
    area = drawn.change(connection, area_id, given.version, given.model_dump())
    audit.append(connection, Action.AREA_CHANGED, f"area {area_id}", name=area.name, version=area.version)
    after.add_task(forget_versions)
    return _out(area)


@router.delete("/{area_id}", status_code=204, summary="Delete a drawn area", dependencies=_DRAW)
def remove(area_id: AreaId, connection: Writing, audit: Audit, after: BackgroundTasks) -> Response:
    """Delete an area; runs that used it keep it as it was."""
    drawn.remove(connection, area_id)
    audit.append(connection, Action.AREA_DELETED, f"area {area_id}")
    after.add_task(forget_versions)
    return Response(status_code=204)


def _out(area: drawn.Drawn) -> AreaOut:
    return AreaOut(**area._asdict())
