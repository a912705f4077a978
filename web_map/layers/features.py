"""Places for a map's script: rounded degrees, latitude first as Leaflet takes them, the middle, and the facts shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import GeometryType

from gis_service.projection import transformed

# Six digits are 0.1 m: finer than any wall was surveyed, and a third of the bytes.
_DIGITS = 6
COARSE = 5
"""Digits of what is simplified to metres anyway: boundaries, buffers."""


def to_degrees(geometry: NDArray[np.object_], srid: int) -> NDArray[np.object_]:
    """Bring geometries from the work SRID to WGS 84 degrees (longitude, latitude)."""
    return transformed(geometry, srid, 4326)


class Shape(NamedTuple):
    """A geometry as a script draws it.

    Attributes
    ----------
    g
        Its coordinates nested as Leaflet's polygon, polyline or marker takes them.
    c
        A point on it; None where it is empty.

    """

    g: list[Any]
    c: list[float] | None


def leaflet_shapes(geometries: Sequence[shapely.Geometry] | NDArray[np.object_], digits: int = _DIGITS) -> list[Shape]:
    """Return geometries in longitude and latitude, which have no collections in them, as a script draws them."""
    geometry = np.asarray(geometries, dtype=object)
    # All at once: shapely is called a few times, not a few times a house.
    points = iter(_pairs(geometry, digits))
    middles = iter(_pairs(shapely.point_on_surface(geometry), _DIGITS))
    parts, of_geometry = shapely.get_parts(geometry, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    ring_sizes = iter(shapely.get_num_coordinates(rings).tolist())

    def part(kind: int, size: int, rings: int) -> list[Any]:
        if kind == GeometryType.POLYGON:  # a ring ends where it begins: said once
            return [list(islice(points, next(ring_sizes)))[:-1] for _ in range(rings)]
        line = list(islice(points, size))
        return line[0] if kind == GeometryType.POINT and line else line

    kinds, sizes = shapely.get_type_id(parts).tolist(), shapely.get_num_coordinates(parts).tolist()
    rings_each = np.bincount(of_part, minlength=len(parts)).tolist()
    nested = iter([part(*one) for one in zip(kinds, sizes, rings_each, strict=True)])
    parts_each = np.bincount(of_geometry, minlength=len(geometry)).tolist()
    single = (shapely.get_type_id(geometry) <= GeometryType.POLYGON).tolist()
    empty = shapely.is_empty(geometry).tolist()
    return [
        Shape(next(nested) if alone else list(islice(nested, count)), None if nothing else next(middles))
        for alone, count, nothing in zip(single, parts_each, empty, strict=True)
    ]


def _pairs(geometry: Any, digits: int) -> list[list[float]]:
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
    return _pairs(shapely.point_on_surface(geometry), _DIGITS)[0]


def feature(
    shape: Shape, properties: dict[str, Any], facts: dict[str, Any] | None = None, key: str | None = None
) -> dict[str, Any]:
    """Return one feature of ``gis.js``: g its shape, c its middle, p for styling, f what its popup says, k its key."""
    made: dict[str, Any] = {"g": shape.g, "p": properties}
    if shape.c is not None:
        made["c"] = shape.c
    if facts is not None:
        made["f"] = facts
    if key is not None:
        made["k"] = key
    return made
