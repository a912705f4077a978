"""Areas by name: drawn ones, administrative ones, and ones in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS
from sqlalchemy import Connection, func, or_, select

from gis_service.areas.area import Area, area_of
from gis_service.db.engine import work_srid
from gis_service.db.models import AdminArea, DrawnArea
from gis_service.errors import InputError, NotFoundError
from gis_service.ingest import crs as crs_
from gis_service.ingest.source import read


def find_area(connection: Connection, name: str) -> Area:
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
        return Area(drawn[1], bytes(drawn[3]), drawn[0], drawn[2])
    places = connection.execute(
        select(AdminArea.name, func.ST_AsBinary(AdminArea.geom)).where(
            or_(AdminArea.name == name, AdminArea.code == name), AdminArea.geom.is_not(None)
        )
    ).all()
    if len(places) == 1:
        return Area(places[0][0], bytes(places[0][1]))
    if places:
        raise InputError(
            f"有 {len(places)} 个行政区域叫“{name}”；请用行政区划代码。",
            f"{len(places)} areas are called {name!r}; use the code.",
        )
    raise NotFoundError(
        f"找不到区域“{name}”：既不是已画的区域、行政区域，也不是文件。",
        f"There is no area {name!r}: no drawn area, no administrative area, no file.",
    )


def area_of_file(path: Path) -> Area:
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
    return area_of(path.stem, shapely.union_all(shapely.make_valid(moved, method="structure", keep_collapsed=False)))
