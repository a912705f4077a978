"""What every map shares: reading places, a layer's description, roads and boundaries, the county's source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from web_map.features import feature, to_degrees
from web_map.palette import fill, line

_ROADS_MAX = 6_000


def layer(
    name: str,
    title: str,
    features: list[dict[str, Any]],
    style: dict[str, Any],
    keys: list[dict[str, Any]],
    **more: Any,
) -> dict[str, Any]:
    """Describe a layer to ``gis.js``: features, style rule, lines of the legend, and what is special."""
    return {"id": name, "name": title, "features": features, "style": style, "keys": keys, **more}


def read(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    """Return the rows of a named query."""
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]


def shapes_of(rows: list[dict[str, Any]], srid: int) -> Any:
    """Return the rows' ``geom`` (WKB in the work SRID) as geometries in degrees."""
    return to_degrees(shapely.from_wkb([bytes(row["geom"]) for row in rows]), srid) if rows else np.empty(0, object)


def boundaries_of(connection: Connection, srid: int) -> list[dict[str, Any]]:
    """Return the county's and the townships' areas as features."""
    rows = read(connection, "maps.boundaries")
    return [
        # The county's name stands in the page's head; on the map it would cover a township's.
        feature(
            shape, {"level": row["level"], "name": "" if row["level"] == "county" else row["name"]}, None, row["code"]
        )
        for row, shape in zip(rows, shapes_of(rows, srid), strict=True)
    ]


def ground_layers(
    connection: Connection, boundaries: list[dict[str, Any]], srid: int, *, zh: bool, tiled: bool = False
) -> list[dict[str, Any]]:
    """Return the layers that every map stands on: roads (as tiles where the page is served) and boundaries."""
    county = line("#26313d", 2.6)
    township = line("#6b7785", 1.3, "6 4")
    roads = [] if tiled else read(connection, "maps.roads", limit=_ROADS_MAX)
    tiles = {"tiles": "/tiles/roads/{z}/{x}/{y}.pbf", "source": "roads"} if tiled else {}
    return [
        layer(
            "roads", "道路" if zh else "Roads",
            [feature(shape, {}) for shape in shapes_of(roads, srid)],
            {"fallback": line("#b9b2a3", 1.6)}, [], shape="line", **tiles,
        ),
        layer(
            "boundaries", "县界、乡镇界" if zh else "County and townships", boundaries,
            {"by": "level", "values": {"county": county, "township": township}, "fallback": township},
            [
                {"name": "县界" if zh else "county", "style": county, "shape": "line"},
                {"name": "乡镇界" if zh else "township", "style": township, "shape": "line"},
            ],
            label="name", noFill=True,
        ),
    ]  # fmt: skip


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


def attribution(county: Any, *, zh: bool = True) -> str:
    """Return the line that names the boundaries' source."""
    return "" if county is None or not county["source"] else f"{'界线：' if zh else 'Boundaries: '}{county['source']}"


def joined(sentences: Iterable[str], *, zh: bool) -> str:
    """Return sentences as one text, parted as the language parts them."""
    return ("；" if zh else "; ").join(sentences)


def all_houses_layer(*, zh: bool) -> dict[str, Any]:
    """Return every house as tiles, pale: the ground of a list, and the whole map where no outline is known."""
    plain = fill("#c9ced4", 0.75, 0.6, "#8d97a3")
    made = layer(
        "buildings", "全部房屋" if zh else "All houses", [], {"fallback": plain},
        [{"name": "房屋（放大后显示轮廓）" if zh else "house (outlines when near)", "style": plain}],
    )  # fmt: skip
    return made | {"tiles": "/tiles/buildings/{z}/{x}/{y}.pbf", "source": "buildings"}
