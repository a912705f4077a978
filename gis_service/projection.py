"""Coordinates from one CRS to another, where which operation is meant is no question: work CRS, degrees, web maps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer


@lru_cache(maxsize=16)
def transformer(source: int, target: int) -> Transformer:
    """Return what transforms points from EPSG ``source`` to ``target``, x or longitude first.

    PROJ looks for the operation anew in every thread that uses a transformer (0.06 s for a CGCS2000 zone); one that is made
    of the operation which was found once is ready at once.
    """
    found = Transformer.from_crs(source, target, always_xy=True)
    # Of several candidates PROJ chooses at each point: there is no one operation to write down.
    return Transformer.from_pipeline(found.definition) if found.definition.startswith("proj=") else found


def transformed(geometry: NDArray[np.object_], source: int, target: int) -> NDArray[np.object_]:
    """Return geometries brought from EPSG ``source`` to ``target``."""
    moving = transformer(source, target)
    moved: NDArray[np.object_] = shapely.transform(
        geometry, lambda points: np.column_stack(moving.transform(points[:, 0], points[:, 1]))
    )
    return moved
