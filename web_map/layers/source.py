"""Where a layer's rows come from: a query of the database, or a GeoDataFrame of anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import InputError
from web_map.layers.features import feature, leaflet_shapes, to_degrees

Row = dict[str, Any]


class _Known(dict[str, Any]):
    """A row in which a column that is not there is not known."""

    def __missing__(self, name: str) -> None:
        return None


@dataclass(frozen=True)
class Places:
    """Rows and their geometries, in metres.

    Attributes
    ----------
    rows
        One a place.
    shapes
        Their geometries, in the CRS ``srid``, which is metric.
    srid
        EPSG code.

    """

    rows: list[Row]
    shapes: NDArray[np.object_]
    srid: int

    def degrees(self) -> NDArray[np.object_]:
        """Return the geometries in longitude and latitude."""
        return to_degrees(self.shapes, self.srid) if len(self.shapes) else self.shapes

    def named(self) -> list[dict[str, Any]]:
        """Return the places as features that carry their name, empty where none is known."""
        return [
            feature(shape, {"name": row.get("name") or ""})
            for row, shape in zip(self.rows, leaflet_shapes(self.degrees()), strict=True)
        ]

    def needs(self, layer: str, *columns: str) -> Places:
        """Return the places, each of which has these columns.

        Raises
        ------
        InputError
            One is missing.

        """
        missing = [name for name in columns if self.rows and name not in self.rows[0]]
        if missing:
            raise InputError(
                f"图层 {layer} 缺少列：{'、'.join(missing)}；请在 GeoDataFrame 中改名或补充。",
                f"The layer {layer} needs the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: rename or "
                "add it in the GeoDataFrame.",
            )
        return self


def places(source: gpd.GeoDataFrame | Places) -> Places:
    """Return the places of a GeoDataFrame in any CRS; those of a query as they are.

    Raises
    ------
    InputError
        The GeoDataFrame does not say its CRS.

    """
    if isinstance(source, Places):
        return source
    if source.crs is None:
        raise InputError(
            "GeoDataFrame 没有坐标系；请先用 set_crs() 说明。",
            "The GeoDataFrame does not say its CRS; say it with set_crs() first.",
        )
    there = source[source.geometry.notna() & ~source.geometry.is_empty]
    crs = there.crs
    if len(there) and (not crs.is_projected or crs.to_epsg() is None or crs.axis_info[0].unit_name != "metre"):
        west, south, east, north = there.to_crs(4326).total_bounds
        crs = _zone(min(int((west + east) / 2 // 6), 29), bool(south + north >= 0))
        there = there.to_crs(crs)
    plain = pd.DataFrame(there.drop(columns=there.geometry.name))
    rows = [_Known({str(name): _plain(value) for name, value in row.items()}) for row in plain.to_dict("records")]
    return Places(rows, np.asarray(there.geometry.array), crs.to_epsg() or 4326)  # type: ignore[arg-type]


@lru_cache(maxsize=16)
def _zone(sixth: int, north: bool) -> CRS:
    """Return the UTM zone of 6 degrees from ``6 * sixth`` east of Greenwich; looked up once: it takes 0.09 s."""
    point = shapely.Point(6 * sixth + 3, 1 if north else -1)
    zone: CRS = gpd.GeoSeries([point], crs=4326).estimate_utm_crs()
    return zone


def read(connection: Connection, name: str, srid: int, **values: Any) -> Places:
    """Return the rows of a named query, whose ``geom`` is WKB in the work SRID."""
    rows = [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]
    return of_rows(rows, srid)


def of_rows(rows: list[Row], srid: int) -> Places:
    """Return rows whose ``geom`` is WKB in ``srid``."""
    shapes = shapely.from_wkb([bytes(row["geom"]) for row in rows]) if rows else np.empty(0, object)
    return Places(rows, shapes, srid)


def _plain(value: Any) -> Any:
    """Return a cell as plain Python: None where nothing is known."""
    if isinstance(value, (list, dict, np.ndarray)):
        return list(value) if isinstance(value, np.ndarray) else value
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
