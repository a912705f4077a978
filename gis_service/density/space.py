"""The ground that engines reach, to ask and to draw."""

from __future__ import annotations

import hashlib

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.density.faces import Faces
from gis_service.density.offset import Rim
from gis_service.density.tiles import Finder

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEAR_M = 30.0
"""Engine space is drawn this far from buildings; beyond, it is open country."""
_ARC_SEGMENTS = 8


class EngineSpace:
    """Engine space over the whole data set; drawn only where asked.

    Attributes
    ----------
    basis
        ``roads`` or ``open_edge``: from where engines come.
    width_m
        The engines' width in metres.
    reached
        Which pieces of the rim bound ground that engines reach.

    """

    def __init__(
        self,
        footprints: NDArray[np.object_],
        origin: tuple[float, float],
        rim: Rim,
        faces: Faces,
        grounds: NDArray[np.int64],
        width_m: float,
        basis: str,
    ) -> None:
        self.rim, self.faces, self.basis, self.width_m = rim, faces, basis, width_m
        self.reached: Flags = np.isin(faces.ground[:-1], grounds)
        self._grounds = grounds
        self._footprints = footprints
        self._origin = np.asarray(origin)
        self._tree: shapely.STRtree | None = None

    def holds(self, points: Floats) -> Flags:
        """Say for each point (x, y in the footprints' CRS) whether an engine's centre can come there."""
        return np.isin(self.faces.locate(np.asarray(points) - self._origin), self._grounds)

    def draw(self, bounds: tuple[float, float, float, float], near_m: float = NEAR_M) -> NDArray[np.object_]:
        """Return engine space inside ``bounds`` as polygons, one a connected part of the view.

        Parameters
        ----------
        bounds
            x0, y0, x1, y1 in the footprints' CRS: a cluster or a tile, not a county.
        near_m
            How far from buildings it is drawn, in metres.

        """
        half = self.width_m / 2
        if self._tree is None:
            self._tree = shapely.STRtree(self._footprints)
        window = shapely.box(*bounds)
        wide = shapely.buffer(window, 2 * self.width_m, join_style="mitre")
        some = self._footprints[self._tree.query(shapely.buffer(wide, near_m), predicate="intersects")]
        if not len(some):
            return np.empty(0, object)
        near = shapely.intersection(shapely.union_all(shapely.buffer(some, near_m, quad_segs=4)), wide)
        walls = shapely.union_all(shapely.buffer(some, half, quad_segs=_ARC_SEGMENTS))
        free = shapely.get_parts(shapely.difference(near, walls))
        free = free[shapely.area(free) > 0]
        middle = shapely.get_coordinates(shapely.point_on_surface(free))
        free = free[self.holds(middle)] if len(free) else free
        swept = shapely.union_all(shapely.buffer(free, half, quad_segs=_ARC_SEGMENTS))
        swept = shapely.difference(swept, shapely.union_all(some))
        parts = shapely.get_parts(shapely.intersection(swept, window))
        return np.asarray(parts[shapely.get_dimensions(parts) == 2])

    def digests(self, views: Floats) -> list[bytes]:
        """Name each view by all that its drawing depends on, so that a drawing can be taken from memory.

        Parameters
        ----------
        views
            One row a view: x0, y0, x1, y1 in the footprints' CRS.

        """
        reach = NEAR_M + 2 * self.width_m
        wide = np.asarray(views) + np.array([-reach, -reach, reach, reach])
        houses, pieces = Finder(shapely.bounds(self._footprints)), Finder(self.faces.boxes)
        # Each house by a digest of its own, once: it lies in several views.
        walls = np.array([hashlib.blake2b(b, digest_size=16).digest() for b in shapely.to_wkb(self._footprints)], "S16")
        names = []
        for view, seen, moved in zip(np.asarray(views), wide, wide - np.tile(self._origin, 2), strict=True):
            near, rim = houses.within(*seen), pieces.within(*moved)
            # Numbers of grounds differ from run to run; whether a ground is reached does not.
            content = [view.tobytes(), walls[near].tobytes(), self.reached[rim].tobytes(), str(self.width_m).encode()]
            names.append(hashlib.blake2b(b"".join(content), digest_size=16).digest())
        return names
