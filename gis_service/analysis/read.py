"""Read what a density run needs from the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gis_service.db.queries import statement
from gis_service.errors import InputError


@dataclass(frozen=True)
class County:
    """Buildings, roads and hydrants in the work CRS; roads and hydrants are None where there are none."""

    buildings: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None
    hydrants: gpd.GeoDataFrame | None


def read_county(cursor: Any, srid: int) -> County:
    """Read the whole county.

    Raises
    ------
    InputError
        There are no buildings.

    """
    buildings = _read(cursor, "analysis.buildings", srid)
    if buildings is None:
        raise InputError(
            "数据库里没有房屋；请先用 gis-service import buildings 导入。",
            "The database has no buildings; import them with gis-service import buildings.",
        )
    return County(buildings, _read(cursor, "analysis.roads", srid), _read(cursor, "analysis.hydrants", srid))


def _read(cursor: Any, name: str, srid: int) -> gpd.GeoDataFrame | None:
    cursor.execute(statement(name))
    rows = cursor.fetchall()
    if not rows:
        return None
    frame = pd.DataFrame(rows, columns=[column.name for column in cursor.description])
    geometry = shapely.from_wkb([bytes(wkb) for wkb in frame.pop("geom")])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=srid)
