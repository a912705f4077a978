"""An elevation file: GeoTIFF, ERDAS Imagine or ESRI ASCII grid, one band of metres, in any CRS that it names.

A deployment names one with ``GIS_ELEVATION``; the simulated county has one of its own. A file that cannot be used is
said in a sentence, and maps do without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from gis_service.arrays import Floats
from gis_service.errors import SetupError
from gis_service.relief.files import named_path
from gis_service.relief.shade import picture, shaded

Box = tuple[float, float, float, float]
"""West, south, east, north."""

TILE = 256
FROM_ZOOM = 8
"""From afar a county is a few pixels, and all of a large file would be read for them."""
_DRIVERS = {"GTiff", "HFA", "AAIGrid"}
_HALF_M = 20_037_508.342789244
_EQUATOR_M = 2 * _HALF_M
_UNKNOWN = -32_768.0


@dataclass(frozen=True)
class Elevation:
    """A file that can be used.

    Attributes
    ----------
    path
        The file.
    box
        Where it lies, in degrees.
    native_zoom
        The zoom whose pixels are as fine as the file's.
    simulated
        Whether it says that it is made up.

    """

    path: Path
    box: Box
    native_zoom: int
    simulated: bool


def version() -> tuple[str, int] | None:
    """Return which file there is and when it was last changed, for whatever is kept that hangs on it."""
    path = named_path()
    return None if path is None or not path.is_file() else (str(path), path.stat().st_mtime_ns)


def elevation(county: Box | None, *, simulated: bool) -> Elevation | None:
    """Return the elevation of a map, or None where there is none to be shown.

    Parameters
    ----------
    county
        Extent in degrees; None where it is not known.
    simulated
        Whether the map's houses are; the ground of the simulated county belongs to no other.

    Raises
    ------
    SetupError
        The file cannot be used.

    """
    path = named_path()
    if path is None:
        return None
    if not path.is_file():
        raise SetupError(
            f"GIS_ELEVATION 指定的高程文件不存在：{path}；请更正路径，或去掉这项设置。",
            f"The elevation file of GIS_ELEVATION is not there: {path}; mend the path, or leave the setting out.",
        )
    found = _read(path, path.stat().st_mtime_ns)
    if county is not None and not _meet(found.box, county):
        west, south, east, north = found.box
        raise SetupError(
            f"高程文件 {path} 不在本县范围内（它在经度 {west:.2f}–{east:.2f}、纬度 {south:.2f}–{north:.2f}）；请换成本县的文件。",
            f"The elevation file {path} does not touch the county (it lies at longitude {west:.2f} to {east:.2f}, "
            f"latitude {south:.2f} to {north:.2f}); name one of the county.",
        )
    return found if simulated or not found.simulated else None


def refusal(county: Sequence[float] | None) -> SetupError | None:
    """Return what is wrong with the file, for whoever starts the service; None where nothing is, or there is none.

    ``county`` is its extent in degrees, a row of ``maps.extent``.
    """
    try:
        elevation(None if county is None else (county[0], county[1], county[2], county[3]), simulated=True)
    except SetupError as error:
        return error
    return None


@lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int) -> Elevation:
    try:
        with rasterio.open(path) as source:
            if source.driver not in _DRIVERS:
                raise _unreadable(path)
            if source.count != 1 or source.dtypes[0] in {"complex64", "complex128"}:
                raise SetupError(
                    f"高程文件 {path} 有 {source.count} 个波段；高程是单个波段的米数，请换成数字高程模型（DEM）。",
                    f"The elevation file {path} has {source.count} bands; heights are one band of metres: name an "
                    "elevation model.",
                )
            if not source.crs:
                raise SetupError(
                    f"高程文件 {path} 没有坐标系；请用 gdal_edit.py -a_srs EPSG:编号 写入后再用。",
                    f"The elevation file {path} does not say its CRS; write it in with gdal_edit.py -a_srs EPSG:NUMBER.",
                )
            box = transform_bounds(source.crs, "EPSG:4326", *source.bounds)
            middle = math.cos(math.radians((box[1] + box[3]) / 2))
            cell_m = (box[2] - box[0]) / source.width * _EQUATOR_M / 360 * middle
            zoom = math.log2(_EQUATOR_M * middle / TILE / cell_m)
            return Elevation(path, box, min(max(round(zoom), FROM_ZOOM), 18), source.tags().get("simulated") == "yes")
    except (RasterioError, ValueError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> SetupError:
    return SetupError(
        f"高程文件 {path} 读不出来；请用 GeoTIFF、Imagine（img）或 ASCII 格网（asc）。",
        f"The elevation file {path} cannot be read; use GeoTIFF, Imagine (img) or an ASCII grid (asc).",
    )


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def tile_of(found: Elevation, z: int, x: int, y: int) -> bytes:
    """Return a tile of hill shading in EPSG:3857 as WebP, the plain ground where the file does not lie."""
    size = 2 * _HALF_M / 2**z
    west, north = x * size - _HALF_M, _HALF_M - y * size
    return _picture(found, (west, north - size, west + size, north), TILE, TILE)


def picture_of(found: Elevation, box: Box, longest: int) -> tuple[bytes, Box] | None:
    """Return the shading of ``box`` (degrees) as one picture in EPSG:3857, ``longest`` pixels or fewer, and its extent.

    None where the file does not lie there.
    """
    if not _meet(found.box, box):
        return None
    within = (
        max(box[0], found.box[0]),
        max(box[1], found.box[1]),
        min(box[2], found.box[2]),
        min(box[3], found.box[3]),
    )
    west, south, east, north = transform_bounds("EPSG:4326", "EPSG:3857", *within)
    cell = max(east - west, north - south) / longest
    size = max(1, round((east - west) / cell)), max(1, round((north - south) / cell))
    return _picture(found, (west, south, east, north), *size), within


def _picture(found: Elevation, box: Box, width: int, height: int) -> bytes:
    """Return the shading of a box in EPSG:3857, whose metres are longer than the ground's away from the equator."""
    west, south, east, north = box
    cell = (east - west) / width
    heights = _heights(found.path, (west - cell, south - cell, east + cell, north + cell), width + 2, height + 2)
    latitude = 2 * math.atan(math.exp((south + north) / 2 / (_HALF_M / math.pi))) - math.pi / 2
    return picture(shaded(heights, cell * math.cos(latitude)))


def _heights(path: Path, box: Box, width: int, height: int) -> Floats:
    """Return heights on a grid of EPSG:3857, NaN where none is known."""
    west, south, east, north = box
    frame = Affine((east - west) / width, 0, west, 0, (south - north) / height, north)
    with (
        rasterio.open(path) as source,
        WarpedVRT(
            source, crs="EPSG:3857", transform=frame, width=width, height=height,
            resampling=Resampling.bilinear, nodata=_UNKNOWN, dtype="float32",
        ) as grid,
    ):  # fmt: skip
        read: Floats = grid.read(1).astype(np.float64)
    read[read == _UNKNOWN] = np.nan
    return read
