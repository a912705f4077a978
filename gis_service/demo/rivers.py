"""Water of the demo: a river through the county, streams that run to it, ponds beside hamlets; no house stands in it.

A river takes the cheapest way over a grid on which houses and key zones are dear. Coordinates are metres in EPSG:4545.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from gis_service.arrays import Floats, Objects

_CELL_M = 150.0
_DEAR = 60.0
_RIVER_M, _STREAM_M, _POND_M = 32.0, 7.0, 11.0
"""Half the width of rivers and streams, the radius of ponds."""
_CLEAR_M = 3.0
_SOURCES = ((0.0, 0.35), (0.95, 0.75), (0.15, 0.85), (1.0, 0.4))
"""Where streams begin, as shares of the county's extent."""


class Water(NamedTuple):
    """One area of water: its kind, its name, its outline."""

    kind: str
    name: str
    shape: Any


def make_water(outline: Any, houses: Objects, zones: Objects, ponds: Floats, rng: np.random.Generator) -> list[Water]:
    """Return the water of a county, the river first.

    Parameters
    ----------
    outline
        The county.
    houses, zones
        Polygons that stay dry.
    ponds
        Points beside which a pond lies.
    rng
        Source of every random choice.

    """
    west, south, east, north = shapely.bounds(outline)
    grid = _Grid(outline, np.concatenate([houses, zones]), rng)
    river = grid.way(
        np.array([west + 0.3 * (east - west), north]), np.array([west + 0.62 * (east - west), south]),
    )  # fmt: skip
    found = [("river", "县境河流（模拟）", river, _RIVER_M)]
    for number, (x, y) in enumerate(_SOURCES, start=1):
        spring = np.array([west + x * (east - west), south + y * (north - south)])
        mouth = shapely.get_coordinates(shapely.shortest_line(river, shapely.Point(spring)))[0]
        found.append(("stream", f"{number} 号溪（模拟）", grid.way(spring, mouth), _STREAM_M))
    bare = [Water(kind, name, shapely.buffer(line, half, quad_segs=4)) for kind, name, line, half in found]
    bare += [Water("pond", "水塘（模拟）", shapely.buffer(shapely.Point(p), _POND_M, quad_segs=3)) for p in ponds]
    tree = shapely.STRtree(np.concatenate([houses, zones]))
    return [kept for water in bare if (kept := _dry(water, outline, tree)) is not None]


def _dry(water: Water, outline: Any, tree: shapely.STRtree) -> Water | None:
    """Return water without what is built; None where nothing is left of it."""
    near = tree.geometries[tree.query(water.shape, predicate="dwithin", distance=_CLEAR_M)]
    shape = shapely.intersection(water.shape, outline)
    if len(near):
        shape = shapely.difference(shape, shapely.union_all(shapely.buffer(near, _CLEAR_M, quad_segs=1)))
    parts = shapely.get_parts(shape)
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 50)]
    return Water(water.kind, water.name, shapely.multipolygons(parts)) if len(parts) else None


class _Grid:
    """What it costs water to run over each cell of the county."""

    def __init__(self, outline: Any, dry: Objects, rng: np.random.Generator) -> None:
        west, south, east, north = shapely.bounds(outline)
        self._corner = np.array([west, south])
        self._shape = (int((north - south) / _CELL_M) + 1, int((east - west) / _CELL_M) + 1)
        middles = shapely.get_coordinates(shapely.centroid(dry))
        built = np.zeros(self._shape, dtype=bool)
        rows, columns = self._cells(middles)
        built[rows, columns] = True
        rough = ndimage.gaussian_filter(rng.standard_normal(self._shape), 4)
        self._cost = 1.0 + 1.5 * (rough - rough.min()) / (rough.max() - rough.min())
        self._cost[ndimage.binary_dilation(built)] = _DEAR
        y, x = np.indices(self._shape)
        inside = shapely.contains_xy(outline, west + (x + 0.5) * _CELL_M, south + (y + 0.5) * _CELL_M)
        self._cost[~inside] *= 4

    def _cells(self, points: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        at = ((points - self._corner) / _CELL_M).astype(np.int64)
        return np.clip(at[:, 1], 0, self._shape[0] - 1), np.clip(at[:, 0], 0, self._shape[1] - 1)

    def way(self, start: Floats, end: Floats) -> Any:
        """Return the cheapest line from one point to another, bent as water runs."""
        number = np.arange(self._cost.size).reshape(self._shape)
        pairs = []
        for a, b, far in (
            (np.s_[:, :-1], np.s_[:, 1:], 1.0), (np.s_[:-1, :], np.s_[1:, :], 1.0),
            (np.s_[:-1, :-1], np.s_[1:, 1:], 2**0.5), (np.s_[:-1, 1:], np.s_[1:, :-1], 2**0.5),
        ):  # fmt: skip
            pairs.append((number[a].ravel(), number[b].ravel(), far * (self._cost[a] + self._cost[b]).ravel() / 2))
        i, j, cost = (np.concatenate(part) for part in zip(*pairs, strict=True))
        graph = coo_array((cost, (i, j)), shape=(self._cost.size, self._cost.size)).tocsr()
        rows, columns = self._cells(np.array([start, end]))
        first, last = number[rows, columns]
        _, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
        chain = [int(last)]
        while chain[-1] != first:
            chain.append(int(before[chain[-1]]))
        y, x = np.unravel_index(chain[::-1], self._shape)
        points = self._corner + (np.column_stack([x, y]) + 0.5) * _CELL_M
        points[[0, -1]] = start, end
        for _ in range(3):  # Chaikin: corners are cut until there are none
            quarter = np.concatenate([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]])
            order = np.argsort(np.tile(np.arange(len(points) - 1), 2), kind="stable")
            points = np.concatenate([points[:1], quarter[order], points[-1:]])
        return shapely.simplify(shapely.LineString(points), 4.0)
