"""Places for a map's script: rounded degrees, latitude first as Leaflet takes them, the middle, and the facts shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.projection import transformed

# Six digits are 0.1 m: finer than any wall was surveyed, and a third of the bytes.
_DIGITS = 6
COARSE = 5
"""Digits of what is simplified to metres anyway: boundaries, buffers."""


def to_degrees(geometry: NDArray[np.object_], srid: int) -> NDArray[np.object_]:
    """Bring geometries from the work SRID to WGS 84 degrees (longitude, latitude)."""
    return transformed(geometry, srid, 4326)


def latlngs(geometry: Any, digits: int = _DIGITS) -> Any:
    """Return a geometry's coordinates nested as Leaflet's polygon, polyline or marker takes them."""
    kind = geometry.geom_type
    if kind == "Point":
        return _pairs(geometry, digits)[0]
    if kind == "LineString":
        return _pairs(geometry, digits)
    if kind == "Polygon":
        return [_pairs(ring, digits)[:-1] for ring in (geometry.exterior, *geometry.interiors)]
    return [latlngs(part, digits) for part in geometry.geoms]


def _pairs(geometry: shapely.Geometry, digits: int = _DIGITS) -> list[list[float]]:
    found: list[list[float]] = np.round(shapely.get_coordinates(geometry)[:, ::-1], digits).tolist()
    return found


def in_steps(features: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """Return features whose shapes are whole steps of a degree, and how many of them are one degree.

    A point is its two numbers; of a line or a ring the first point and then differences, in one list: a third of the
    bytes, compressed too. ``script/layers/packed.js`` is the other half.
    """
    shapes = [one["g"] for one in features]
    steps = 10**COARSE if all(_fits(shape, COARSE) for shape in shapes) else 10**_DIGITS
    return [{**one, "g": _stepped(one["g"], steps)} for one in features], steps


def _fits(shape: Any, digits: int) -> bool:
    return (
        all(_fits(part, digits) for part in shape) if isinstance(shape, list) else bool(round(shape, digits) == shape)
    )


def _stepped(shape: Any, steps: int) -> list[Any]:
    if not shape or not isinstance(shape[0], list):
        return [round(value * steps) for value in shape]
    if not shape[0] or isinstance(shape[0][0], list):
        return [_stepped(part, steps) for part in shape]
    points = [(round(lat * steps), round(lon * steps)) for lat, lon in shape]
    made = [*points[0]]
    for (lat, lon), (next_lat, next_lon) in pairwise(points):
        made += [next_lat - lat, next_lon - lon]
    return made


def middle(geometry: shapely.Geometry) -> list[float]:
    """Return a point on the geometry, latitude first."""
    return _pairs(shapely.point_on_surface(geometry))[0]


def feature(
    geometry: shapely.Geometry,
    properties: dict[str, Any],
    facts: dict[str, Any] | None = None,
    key: str | None = None,
    digits: int = _DIGITS,
) -> dict[str, Any]:
    """Return one feature of ``gis.js``: g its shape, c its middle, p for styling, f what its popup says, k its key."""
    made: dict[str, Any] = {"g": latlngs(geometry, digits), "p": properties}
    if not shapely.is_empty(geometry):
        made["c"] = middle(geometry)
    if facts is not None:
        made["f"] = facts
    if key is not None:
        made["k"] = key
    return made
