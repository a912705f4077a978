"""What every map shares: reading places, roads and boundaries, the county's source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import NotFoundError, SetupError
from gis_service.relief.elevation import elevation
from web_map.layers import Boundaries, FeatureLayer, Houses, PlaceNames, Places, Relief, Roads, Tiles, WaterAreas
from web_map.layers.source import of_rows

_ROADS_MAX, _WATER_MAX = 6_000, 1_000
_WATER_FROM_ZOOM = 9
_GROUND = "water,roads"
Extent = tuple[float, float, float, float]
"""South, west, north, east in degrees."""


def read(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a named query."""
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]


def shapes_of(rows: list[dict[str, Any]], srid: int) -> Any:
    """Return the rows' ``geom`` (WKB in the work SRID) as geometries in degrees."""
    return of_rows(rows, srid).degrees()


def boundaries_of(connection: Connection, srid: int) -> Places:
    """Return the county's and the townships' areas."""
    return of_rows(read(connection, "maps.boundaries"), srid)


def with_ground(*layers: str, query: str = "") -> str:
    """Return the address of tiles that hold the ground and more: one answer a square in place of one each."""
    return tiles_of(_GROUND, *layers, query=query)


def tiles_of(*layers: str, query: str = "") -> str:
    """Return the address of tiles that hold several layers."""
    return f"/tiles/{','.join(layers)}/{{z}}/{{x}}/{{y}}.pbf{query}"


def ground_layers(
    connection: Connection, boundaries: Places, srid: int, *, lang: str, tiled: str | None = None, labels_from: int = 0
) -> list[FeatureLayer]:
    """Return the layers that every map stands on: water where any is known, roads, boundaries.

    Where the page is served they are of the tiles at ``tiled`` (``with_ground``).
    """
    roads: Places | Tiles = Tiles(tiled or "", "roads")
    if not tiled:
        roads = of_rows(read(connection, "maps.roads", limit=_ROADS_MAX), srid)
    water: list[FeatureLayer] = []
    if connection.execute(text(statement("maps.has_water"))).scalar_one():
        rows = [] if tiled else read(connection, "maps.water_areas", limit=_WATER_MAX)
        tiles = Tiles(tiled or "", "water", from_zoom=_WATER_FROM_ZOOM)
        water = [WaterAreas(tiles if tiled else of_rows(rows, srid), lang=lang)]
    return [*water, Roads(roads, lang=lang), Boundaries(boundaries, labels_from=labels_from, lang=lang)]


def relief(extent: Extent, *, simulated: bool, lang: str, offline: bool = False) -> Relief | None:
    """Return the shape of the ground, the lowest layer, where there is an elevation file that can be used.

    Parameters
    ----------
    extent
        South, west, north, east in degrees.
    simulated
        Whether the map's houses are.
    offline
        As one picture of the extent.

    """
    south, west, north, east = extent
    box = (west, south, east, north)
    try:
        found = elevation(box, simulated=simulated)
    except SetupError:  # said at the start; the map does without
        return None
    if found is None:
        return None
    return Relief(found, box=box, lang=lang) if offline else Relief(found, address="/relief/{z}/{x}/{y}", lang=lang)


def place_names(tiled: str, *, lang: str) -> PlaceNames:
    """Return the names of villages, for a served page; the last layer, so that the others' names come first.

    They are of the tiles at ``tiled`` (``with_ground("names")``).
    """
    return PlaceNames(Tiles(tiled, "names", from_zoom=13), lang=lang)


def county_of(connection: Connection) -> Any:
    """Return the county's name and source, or None where no county is known."""
    return connection.execute(text(statement("maps.county"))).mappings().one_or_none()


def extent_of(connection: Connection) -> tuple[float, float, float, float]:
    """Return south, west, north, east in degrees of the county, else of the houses.

    Raises
    ------
    NotFoundError
        Neither is known.

    """
    row = connection.execute(text(statement("maps.extent"))).one_or_none()
    if row is None:
        raise NotFoundError(
            "数据库里还没有房屋和行政区域。请先导入行政区域（gis-service import boundaries 文件），再导入房屋"
            "（gis-service import buildings 文件，shp、gpkg、geojson、xlsx 等均可），然后刷新本页。",
            "The database has no houses and no areas yet. Load outlines (gis-service import boundaries FILE), then houses "
            "(gis-service import buildings FILE: shp, gpkg, geojson, xlsx and others), and reload this page.",
        )
    west, south, east, north = (float(v) for v in row)
    return south, west, north, east


def data_extent(connection: Connection) -> Extent | None:
    """Return within which box there is anything that tiles show: no tile is asked for away from it."""
    west, south, east, north = connection.execute(text(statement("maps.data_extent"))).one()
    return None if west is None else (south, west, north, east)


def attribution(county: Any, *, zh: bool = True) -> str:
    """Return the line that names the boundaries' source."""
    return "" if county is None or not county["source"] else f"{'界线：' if zh else 'Boundaries: '}{county['source']}"


def joined(sentences: Iterable[str], *, zh: bool) -> str:
    """Return sentences as one text, parted as the language parts them."""
    return ("；" if zh else "; ").join(sentences)


def all_houses(*, lang: str, from_zoom: int = 0, tiled: str | None = None) -> Houses:
    """Return every house as tiles, pale: the ground of a list, and the whole map where no outline is known.

    They are of the tiles at ``tiled``, or of their own.
    """
    return Houses(Tiles(tiled or tiles_of("buildings"), "buildings", from_zoom), lang=lang)


def drawn(layers: Iterable[FeatureLayer | None]) -> list[FeatureLayer]:
    """Return the layers in which there is something: one with nothing in it is no line of the legend."""
    return [layer for layer in layers if layer is not None and layer.has_content]
