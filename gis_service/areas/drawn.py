"""Areas that planners drew: stored, changed, removed; each change raises the version."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import shapely
from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.exc import IntegrityError

from gis_service.areas.area import Area
from gis_service.areas.shapes import checked_shape
from gis_service.db.engine import work_srid
from gis_service.db.models import DrawnArea
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError, NotFoundError


class Drawn(NamedTuple):
    """A stored area; ``geometry`` is GeoJSON in EPSG:4326."""

    area_id: int
    name: str
    note: str | None
    version: int
    area_m2: float
    geometry: dict[str, Any]
    updated_at: datetime
    changed_by: str | None


def read(connection: Connection, area_id: int | None = None) -> list[Drawn]:
    """Return all areas by number, or one."""
    asked = select(
        DrawnArea.area_id, DrawnArea.name, DrawnArea.note, DrawnArea.version, func.ST_Area(DrawnArea.geom),
        func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(func.ST_Transform(DrawnArea.geom, 4326)), 7).cast(JSON),
        DrawnArea.updated_at, DrawnArea.changed_by,
    ).order_by(DrawnArea.area_id)  # fmt: skip
    if area_id is not None:
        asked = asked.where(DrawnArea.area_id == area_id)
    return [Drawn(*row) for row in connection.execute(asked)]


def one(connection: Connection, area_id: int) -> Drawn:
    """Return one area.

    Raises
    ------
    NotFoundError
        There is none of that number.

    """
    found = read(connection, area_id)
    if not found:
        raise NotFoundError("没有这个区域。", "There is no such area.")
    return found[0]


def drawn_area(connection: Connection, area_id: int) -> Area:
    """Return a drawn area as a selection takes it.

    Raises
    ------
    NotFoundError
        There is none of that number.

    """
    row = connection.execute(
        select(DrawnArea.name, DrawnArea.version, func.ST_AsBinary(DrawnArea.geom)).where(DrawnArea.area_id == area_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("没有这个区域。", "There is no such area.")
    return Area(row[0], bytes(row[2]), area_id, row[1])


def add(connection: Connection, name: str, note: str | None, geojson: dict[str, Any]) -> Drawn:
    """Store a new area.

    Raises
    ------
    InputError, ConflictError
        The shape cannot be an area of this county; the name is taken.

    """
    shape = _ewkb(connection, geojson)
    try:
        area_id = connection.execute(
            insert(DrawnArea)
            .values(name=name, note=note, geom=func.ST_GeomFromEWKB(shape))
            .returning(DrawnArea.area_id)
        ).scalar_one()
    except IntegrityError as error:
        raise _taken(name) from error
    return one(connection, int(area_id))


def change(connection: Connection, area_id: int, version: int | None, values: dict[str, Any]) -> Drawn:
    """Change an area of which the caller saw ``version``; ``values`` are name, note and geometry (GeoJSON).

    Raises
    ------
    NotFoundError, InputError, ConflictError
        There is none; the shape cannot be an area; the name is taken, or somebody else changed it meanwhile.

    """
    current = one(connection, area_id)
    shape = _ewkb(connection, values["geometry"])
    try:
        changed = connection.execute(
            update(DrawnArea)
            .where(DrawnArea.area_id == area_id, DrawnArea.version == (version or -1))
            .values(
                name=values["name"],
                note=values["note"],
                geom=func.ST_GeomFromEWKB(shape),
                version=DrawnArea.version + 1,
                updated_at=func.now(),
            )
        ).rowcount
    except IntegrityError as error:
        raise _taken(values["name"]) from error
    if not changed:
        raise ConflictError(
            f"区域“{current.name}”已被他人改到第 {current.version} 版，请先重新载入再修改。",
            f"The area {current.name!r} is at version {current.version} by now; load it again before you change it.",
            version=current.version,
        )
    return one(connection, area_id)


def remove(connection: Connection, area_id: int) -> None:
    """Remove an area; runs that used it keep it as it was.

    Raises
    ------
    NotFoundError
        There is none of that number.

    """
    if not connection.execute(delete(DrawnArea).where(DrawnArea.area_id == area_id)).rowcount:
        raise NotFoundError("没有这个区域。", "There is no such area.")


def _ewkb(connection: Connection, geojson: dict[str, Any]) -> bytes:
    """Return a drawn shape as the database takes it (EWKB in the work SRID); one outside the county is refused."""
    shape: bytes = shapely.to_wkb(shapely.set_srid(checked_shape(geojson), work_srid()), include_srid=True)
    if not connection.execute(text(statement("maps.in_county")), {"shape": shape}).scalar_one():
        raise InputError(
            "区域完全在县域之外，请移回县内再保存。",
            "The area lies wholly outside the county; move it inside and save again.",
        )
    return shape


def _taken(name: str) -> ConflictError:
    return ConflictError(
        f"已有叫“{name}”的区域，请换一个名称。", f"There is an area called {name!r} already; choose another name."
    )
