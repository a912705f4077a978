"""The ground of a simulated county: a karst relief (峰丛洼地) whose valleys lie where its houses, roads and rivers are.

No height of it is real, and the file says so. It is made for the eye: hill shading that leads along the valleys.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.features import rasterize
from scipy import ndimage
from scipy.spatial import cKDTree

from gis_service.arrays import Floats, Objects
from gis_service.files import replacing

UNKNOWN = -32_768
CELL_M = 50.0
"""A peak is some ten cells wide; the whole county is a file of a few megabytes."""
_MARGIN_M = 1_500.0
_FLOOR_M, _MOUNTAINS_M = 220.0, 620.0
_PEAK_M, _PEAK_RADIUS_M, _PEAK_SPACING_M = 190.0, 300.0, 420.0
_PLAIN_M, _FOOT_M, _FAR_M = 90.0, 450.0, 4_000.0
"""How far from houses and roads the ground is flat, peaks are whole, mountains are whole."""


def make_relief(
    outline: shapely.Geometry, homes: Floats, ways: Objects, seed: int
) -> tuple[NDArray[np.int16], float, float]:
    """Return heights in metres on a grid of ``CELL_M``, and the west and north of its corner.

    Parameters
    ----------
    outline
        The county, in metres of a metric CRS; away from it nothing is known.
    homes
        A point a house.
    ways
        Lines and areas that lie in valleys: roads, rivers.
    seed
        The same seed gives the same relief.

    """
    rng = np.random.default_rng([seed, 7])
    box = shapely.bounds(outline)
    west, north = box[0] - _MARGIN_M, box[3] + _MARGIN_M
    width = int((box[2] - box[0] + 2 * _MARGIN_M) / CELL_M)
    height = int((box[3] - box[1] + 2 * _MARGIN_M) / CELL_M)
    grid = _frame(west, north)
    valley = np.zeros((height, width), dtype=np.uint8)
    valley[((north - homes[:, 1]) / CELL_M).astype(int), ((homes[:, 0] - west) / CELL_M).astype(int)] = 1
    there = ways[~shapely.is_empty(ways)]
    if len(there):
        valley |= rasterize(there, out_shape=valley.shape, transform=grid, all_touched=True, dtype="uint8")
    away: Floats = ndimage.distance_transform_edt(valley == 0) * CELL_M
    peaks = _peaks(width, height, rng) * np.clip((away - _PLAIN_M) / (_FOOT_M - _PLAIN_M), 0, 1) ** 1.5
    broad = _noise(width, height, 6_000, rng)
    mountains = _MOUNTAINS_M * (0.35 + 0.65 * broad) * np.clip((away - _PLAIN_M) / _FAR_M, 0, 1) ** 0.8
    floor = _FLOOR_M + 160 * _noise(width, height, 15_000, rng)
    rough = 6 * ndimage.gaussian_filter(rng.standard_normal((height, width)), 1.0)
    heights = floor + mountains + peaks + rough * np.clip(away / _FOOT_M, 0.05, 1)
    near = rasterize([shapely.buffer(outline, _MARGIN_M)], out_shape=valley.shape, transform=grid)
    return np.where(near == 1, np.round(heights), UNKNOWN).astype(np.int16), west, north


def _frame(west: float, north: float) -> Affine:
    """Return what brings a column and a row to metres, the first row in the north."""
    return Affine(CELL_M, 0, west, 0, -CELL_M, north)


def _noise(width: int, height: int, length_m: float, rng: np.random.Generator) -> Floats:
    """Return smooth noise from 0 to 1 that changes over some ``length_m``."""
    size = length_m / CELL_M
    coarse = rng.standard_normal((int(height / size) + 4, int(width / size) + 4))
    fine: Floats = ndimage.zoom(coarse, size, order=3)[:height, :width]
    low, high = fine.min(), fine.max()
    return np.asarray((fine - low) / (high - low))


def _peaks(width: int, height: int, rng: np.random.Generator) -> Floats:
    """Return steep round peaks that stand close to each other, each of its own height."""
    spacing = _PEAK_SPACING_M / CELL_M
    rows, columns = np.mgrid[0:height:spacing, 0:width:spacing]
    tops = np.column_stack([rows.ravel(), columns.ravel()]) + rng.uniform(-0.5, 0.5, (rows.size, 2)) * spacing
    tall = _PEAK_M * rng.uniform(0.4, 1.3, len(tops))
    cells = np.column_stack([axis.ravel() for axis in np.indices((height, width))])
    far, which = cKDTree(tops).query(cells, k=2)
    cone = np.clip(1 - (far * CELL_M / _PEAK_RADIUS_M) ** 1.6, 0, 1) * tall[which]
    made: Floats = cone.max(axis=1).reshape(height, width)
    return made


def write_relief(path: Path, heights: NDArray[np.int16], west: float, north: float, srid: int) -> None:
    """Write a relief as GeoTIFF that says it is simulated; with overviews, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, rasterio.open(
        partial, "w", driver="GTiff", width=heights.shape[1], height=heights.shape[0], count=1, dtype="int16",
        crs=f"EPSG:{srid}", transform=_frame(west, north), compress="deflate", predictor=2,
        tiled=True, nodata=UNKNOWN,
    ) as made:  # fmt: skip
        made.write(heights, 1)
        made.update_tags(simulated="yes", TIFFTAG_IMAGEDESCRIPTION="模拟地形，不是真实高程 (simulated heights)")
        made.build_overviews([2, 4, 8], Resampling.average)
