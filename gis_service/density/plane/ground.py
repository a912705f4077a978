"""What every stage that works tile by tile shares: the walls of all buildings, and the tiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.density.plane.tiles import TILE_BUILDINGS, Tile, split
from gis_service.density.plane.walls import Walls, flatten


class Ground(NamedTuple):
    """Walls and tiles of a building set."""

    walls: Walls
    tiles: list[Tile]

    def tile_of(self) -> NDArray[np.int64]:
        """Return the tile of each building."""
        out = np.zeros(len(self.walls.boxes), dtype=np.int64)
        for k, tile in enumerate(self.tiles):
            out[tile.own] = k
        return out


def build_ground(
    footprints: NDArray[np.object_], tile_buildings: int = TILE_BUILDINGS, origin: tuple[float, float] | None = None
) -> Ground:
    """Flatten footprints (valid, in one metric CRS) into walls, counted from ``origin``, and cut them into tiles."""
    walls = flatten(footprints, origin)
    return Ground(walls, split(walls.boxes, tile_buildings))
