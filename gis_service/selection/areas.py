"""Areas that restrict or select: drawn ones, administrative ones, and ones from a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import Connection, func, or_, select

from gis_service.db.engine import work_srid
from gis_service.db.models import AdminArea, DrawnArea
from gis_service.errors import InputError, NotFoundError
from gis_service.ingest import crs as crs_
from gis_service.ingest.source import read
from gis_service.selection.terms import AreaTerm


def find_area(connection: Connection, name: str) -> AreaTerm:
    """Return the area that a user means: a file, a drawn area's name, or an administrative name or code.

    Raises
    ------
    NotFoundError
        There is none.
    InputError
        The file holds no usable area.

    """
    path = Path(name)
    if path.suffix and path.exists():
        return area_of_file(path)
    drawn = connection.execute(
        select(DrawnArea.area_id, DrawnArea.name, DrawnArea.version, func.ST_AsBinary(DrawnArea.geom)).where(
            DrawnArea.name == name
        )
    ).one_or_none()
    if drawn is not None:
        return AreaTerm(drawn[1], bytes(drawn[3]), drawn[0], drawn[2])
    places = connection.execute(
        select(AdminArea.name, func.ST_AsBinary(AdminArea.geom)).where(
            or_(AdminArea.name == name, AdminArea.code == name), AdminArea.geom.is_not(None)
        )
    ).all()
    if len(places) == 1:
        return AreaTerm(places[0][0], bytes(places[0][1]))
    if places:
        raise InputError(
            f"有 {len(places)} 个行政区域叫“{name}”；请用行政区划代码。",
            f"{len(places)} areas are called {name!r}; use the code.",
        )
    raise NotFoundError(
        f"找不到区域“{name}”：既不是已画的区域、行政区域，也不是文件。",
        f"There is no area {name!r}: no drawn area, no administrative area, no file.",
    )


def find_drawn(connection: Connection, area_id: int) -> AreaTerm:
    """Return a drawn area by its number.

    Raises
    ------
    NotFoundError
        There is none.

    """
    drawn = connection.execute(
        select(DrawnArea.name, DrawnArea.version, func.ST_AsBinary(DrawnArea.geom)).where(DrawnArea.area_id == area_id)
    ).one_or_none()
    if drawn is None:
        raise NotFoundError("没有这个区域。", "There is no such area.")
    return AreaTerm(drawn[0], bytes(drawn[2]), area_id, drawn[1])


def area_of_file(path: Path) -> AreaTerm:
    """Return the union of a file's polygons, in the work SRID."""
    source = read(path)
    if source.faults:
        row, fault = next(iter(source.faults.items()))
        raise InputError(
            f"{path.name} 第 {row} 行：{fault.reason[0]}；{fault.remedy[0]}。",
            f"{path.name}, row {row}: {fault.reason[1]}; {fault.remedy[1]}.",
        )
    geometry = np.asarray(source.frame.geometry.array, dtype=object)
    geometry = geometry[~shapely.is_missing(geometry)]
    if not len(geometry) or (shapely.get_dimensions(geometry) != 2).any():
        raise InputError(
            f"{path.name} 里的区域不是面；请只导出多边形。",
            f"The areas in {path.name} are no polygons; export polygons only.",
        )
    work = CRS.from_epsg(work_srid())
    decision = crs_.decide(geometry, source.crs, None, None, work)
    moved = crs_.to_work(geometry, decision, "cgcs2000", work)
    return area_term(path.stem, shapely.union_all(shapely.make_valid(moved, method="structure", keep_collapsed=False)))


def area_term(name: str, shape: shapely.Geometry) -> AreaTerm:
    """Return a term for a shape in the work SRID."""
    if not shapely.area(shape) > 0:
        raise InputError(f"区域“{name}”没有面积。", f"The area {name!r} has no extent.")
    return AreaTerm(name, shapely.to_wkb(shapely.force_2d(shape)))
