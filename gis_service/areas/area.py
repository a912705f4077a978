"""An area by its name and shape: what a selection stays within, whatever it came from."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from gis_service.errors import InputError


@dataclass(frozen=True)
class Area:
    """A named area.

    Attributes
    ----------
    wkb
        Its (Multi)Polygon in the work SRID.
    area_id, version
        Of a drawn area, else None.

    """

    name: str
    wkb: bytes
    area_id: int | None = None
    version: int | None = None


def area_of(name: str, shape: shapely.Geometry) -> Area:
    """Return a shape in the work SRID as an area.

    Raises
    ------
    InputError
        It has no extent.

    """
    if not shapely.area(shape) > 0:
        raise InputError(f"区域“{name}”没有面积。", f"The area {name!r} has no extent.")
    return Area(name, shapely.to_wkb(shapely.force_2d(shape)))
