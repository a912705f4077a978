"""Read what a density run needs from the database."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from psycopg2 import sql

from gis_service.arrays import Floats, Ints
from gis_service.db.queries import query, statement
from gis_service.density.plane.walls import ORIGIN_GRAIN_M
from gis_service.errors import InputError

_HEAD, _TAIL = 19, 2
"""Bytes before and after the rows of a binary COPY; each row has its number of fields, each field its size."""


@dataclass(frozen=True)
class County:
    """Buildings, roads and hydrants in the work CRS; roads and hydrants are None where there are none."""

    buildings: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame | None
    hydrants: gpd.GeoDataFrame | None


class Boxes(NamedTuple):
    """Key and bounding box (x0, y0, x1, y1 in the work CRS) of every house."""

    fid: Ints
    box: Floats


def read_county(
    cursor: Any, srid: int, fids: Ints | None = None, window: tuple[float, float, float, float] | None = None
) -> County:
    """Read the county: all of it, or some houses and the roads that meet a rectangle; always all hydrants.

    Raises
    ------
    InputError
        There are no buildings.

    """
    buildings = _read(cursor, "analysis.buildings", srid, {"fids": None if fids is None else fids.tolist()})
    if buildings is None:
        raise InputError(
            "数据库里没有房屋；请先用 gis-service import buildings 导入。",
            "The database has no buildings; import them with gis-service import buildings.",
        )
    roads = _read(cursor, "analysis.roads", srid, {"window": None if window is None else shapely.box(*window).wkt})
    return County(buildings, roads, _read(cursor, "analysis.hydrants", srid, {}))


def _read(cursor: Any, name: str, srid: int, values: dict[str, Any]) -> gpd.GeoDataFrame | None:
    cursor.execute(statement(name), values)
    rows = cursor.fetchall()
    if not rows:
        return None
    frame = pd.DataFrame(rows, columns=[column.name for column in cursor.description])
    geometry = shapely.from_wkb([bytes(wkb) for wkb in frame.pop("geom")])
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=srid)


def origin_of(boxes: Floats) -> tuple[float, float]:
    """Return from where the walls of houses are counted (``density.walls.flatten``), by the boxes of all."""
    if not len(boxes):
        return 0.0, 0.0
    x, y = np.floor(boxes[:, :2].min(axis=0) / ORIGIN_GRAIN_M) * ORIGIN_GRAIN_M
    return float(x), float(y)


def house_boxes(cursor: Any) -> Boxes:
    """Return the boxes of all houses; copied, for 80,000 rows one by one would take a third of a second."""
    stream = io.BytesIO()
    cursor.copy_expert(sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(query("analysis.house_boxes")), stream)
    fields = [("count", ">i2"), ("fid_size", ">i4"), ("fid", ">i8")]
    fields += [part for k in range(4) for part in ((f"size_{k}", ">i4"), (f"at_{k}", ">f8"))]
    rows = np.frombuffer(stream.getbuffer()[_HEAD:-_TAIL], dtype=fields)
    box = np.column_stack([rows[f"at_{k}"] for k in range(4)]).astype(np.float64)
    return Boxes(rows["fid"].astype(np.int64), box)
