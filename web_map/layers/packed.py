"""Many houses in few bytes, for a file that opens with no network: differences of rounded degrees, columns by number.

Spelled out, a house costs some 550 bytes; packed, about 62 (12,745 houses of the demo county). ``script/layers/packed.js`` is the
other half of this module.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gis_service.errors import InputError

# A millionth of a degree is 0.1 m, finer than any wall was surveyed.
_STEPS = 1_000_000


def pack(rows: list[dict[str, Any]], shapes: Any, coded: dict[str, list[str]]) -> dict[str, Any]:
    """Return houses as plain JSON.

    Parameters
    ----------
    rows
        ``building_id``, ``floors`` and the columns of ``coded``.
    shapes
        Polygons or MultiPolygons in degrees, one a row.
    coded
        Column → its closed list of identifiers; a house has the position in it as one character.

    Raises
    ------
    InputError
        An identifier is not in its list.

    """
    origin = (
        np.floor(np.array(shapely.total_bounds(shapes)[:2]) * _STEPS).astype(np.int64) if rows else np.zeros(2, int)
    )
    return {
        "o": [int(v) for v in origin],
        "steps": _STEPS,
        "shapes": [_shape(shape, origin) for shape in shapes],
        "k": [row["building_id"] for row in rows],
        "floors": [row["floors"] or 0 for row in rows],
        "coded": {
            name: {"of": known, "at": "".join(chr(48 + _position(known, row[name], name)) for row in rows)}
            for name, known in coded.items()
        },
    }


def _position(known: list[str], code: str, column: str) -> int:
    if code not in known:
        raise InputError(
            f"列 {column} 的值 {code} 不在代码表中；可用的有：{'、'.join(known)}。",
            f"{code} in the column {column} is in no code list; known are {', '.join(known)}.",
        )
    return known.index(code)


def _shape(shape: shapely.Geometry, origin: Any) -> list[Any]:
    """Return a list of parts, each a list of rings; a ring is x, y, then differences; one plain ring is given bare."""
    parts = [[_ring(ring, origin) for ring in (part.exterior, *part.interiors)] for part in shapely.get_parts(shape)]
    return parts[0][0] if len(parts) == 1 and len(parts[0]) == 1 else parts


def _ring(ring: Any, origin: Any) -> list[int]:
    points = np.round(shapely.get_coordinates(ring)[:-1] * _STEPS).astype(np.int64) - origin
    points[1:] -= points[:-1].copy()
    return [int(v) for v in points.ravel()]
