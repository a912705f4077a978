"""What every stage that works tile by tile shares: the walls of all buildings, and the tiles."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_service.density.tiles import TILE_BUILDINGS, Tile, split
from gis_service.density.walls import Walls, flatten


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


def lay_again(footprints: NDArray[np.object_], before: Ground) -> Ground:
    """Lay an edited building set out on the tiles that it had: what no edit touches is then the same, bit for bit."""
    walls = flatten(footprints)
    if walls.origin != before.walls.origin or not before.tiles:
        return Ground(walls, split(walls.boxes))
    x, y = (walls.boxes[:, 0] + walls.boxes[:, 2]) / 2, (walls.boxes[:, 1] + walls.boxes[:, 3]) / 2
    tiles = []
    for tile in before.tiles:
        x0, y0, x1, y1 = tile.cell
        own = np.flatnonzero((x >= x0) & (x < x1) & (y >= y0) & (y < y1))
        if len(own):
            low, high = walls.boxes[own, :2].min(axis=0), walls.boxes[own, 2:].max(axis=0)
            tiles.append(Tile(own, tile.cell, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))))
    return Ground(walls, tiles)


def lay_out(footprints: NDArray[np.object_], tile_buildings: int = TILE_BUILDINGS) -> Ground:
    """Flatten footprints (valid, in one metric CRS) into walls and cut them into tiles."""
    walls = flatten(footprints)
    return Ground(walls, split(walls.boxes, tile_buildings))
