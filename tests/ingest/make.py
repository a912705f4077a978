"""Small files for import tests: houses near the seat of 东兰县, in any format."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from shapely import Polygon

# docs/domain.md#coordinates: 107.374E 24.511N in EPSG:4545.
EAST, NORTH = 436556.6, 2712031.8


def square(k: int, size: float = 10.0) -> Polygon:
    """The k-th house: a square of ``size`` metres, 20 m from the next."""
    x, y = EAST + 20 * (k % 10), NORTH + 20 * (k // 10)
    return shapely.box(x, y, x + size, y + size)


def houses(n: int = 5, **columns: Any) -> gpd.GeoDataFrame:
    """``n`` houses in EPSG:4545 with ids H1, H2, …; more columns as given."""
    data = {"building_id": [f"H{k + 1}" for k in range(n)], "floors": [k % 4 + 1 for k in range(n)]}
    return gpd.GeoDataFrame(data | columns, geometry=[square(k) for k in range(n)], crs=4545)


def put(frame: gpd.GeoDataFrame, path: Path, **more: Any) -> Path:
    """Write ``frame`` in the format of the path's extension and return the path."""
    drivers = {
        ".shp": "ESRI Shapefile",
        ".gpkg": "GPKG",
        ".geojson": "GeoJSON",
        ".gdb": "OpenFileGDB",
        ".kml": "LIBKML",
    }
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        frame.to_parquet(path)
        return path
    if suffix in {".csv", ".xlsx"}:
        table = frame.drop(columns="geometry").assign(wkt=frame.geometry.to_wkt())
        table.to_csv(path, index=False) if suffix == ".csv" else table.to_excel(path, index=False)
        return path
    if suffix in {".geojson", ".kml"}:
        frame = frame.to_crs(4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names cut at ten bytes are the point of some files
        pyogrio.write_dataframe(frame, path, driver=drivers[suffix], **more)
    return path


def zipped(files: list[Path], archive: Path) -> Path:
    """Put files (or the files of a shapefile's stem) into an archive."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in files:
            for part in sorted(file.parent.glob(f"{file.stem}.*")) if file.suffix == ".shp" else [file]:
                opened.write(part, part.name)
    return archive


def many_vertices(count: int) -> Polygon:
    """One ring of ``count`` vertices round a circle of 400 m."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.column_stack([EAST + 400 * np.cos(angle), NORTH + 400 * np.sin(angle)])
    return Polygon(points)
