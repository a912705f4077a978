"""Made buildings for the cases solved on paper, and where the real data lie."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import affinity, box
from shapely.affinity import rotate

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def layer(polygons, crs="EPSG:4545", **columns):
    """Buildings far from the origin (so that metres never look like degrees), ids b000, b001, …"""
    columns.setdefault("building_id", [f"b{i:03d}" for i in range(len(polygons))])
    moved = [affinity.translate(p, 500_000, 2_700_000) for p in polygons]
    return gpd.GeoDataFrame(columns, geometry=moved, crs=crs)


def real(name, srid=None, **kwargs):
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; see data/SOURCES.md of the shared folder")
    gdf = gpd.read_parquet(path) if name.endswith(".parquet") else gpd.read_file(path, **kwargs)
    return gdf.to_crs(srid) if srid else gdf


def row_of(n, width, depth, y, x=0.0):
    """n touching houses in a row, each ``width`` wide and ``depth`` deep, from (x, y) to the right."""
    return [box(x + i * width, y, x + (i + 1) * width, y + depth) for i in range(n)]


def rotated(gdf, degrees):
    out = gdf.copy()
    out["geometry"] = gdf.geometry.rotate(degrees, origin=(500_000, 2_700_000))
    return out


def shifted(gdf, dx, dy):
    out = gdf.copy()
    out["geometry"] = gdf.geometry.translate(dx, dy)
    return out


def gap_between(frame, a, b):
    hit = frame[(frame.building_a == a) & (frame.building_b == b)]
    assert len(hit) == 1, f"{a}-{b}: {len(hit)} rows"
    return hit.iloc[0]


__all__ = [
    "DATA", "affinity", "box", "gap_between", "layer", "np", "real", "rotated", "row_of", "shapely", "shifted",
]  # fmt: skip


def array(shapes):
    out = np.empty(len(shapes), object)
    out[:] = shapes
    return out


def irregular(count=12, seed=5):
    """Houses on a jittered lattice, turned a little: gaps from nothing to some metres."""
    dice = np.random.default_rng(seed)
    shapes = []
    for i in range(count):
        for j in range(count):
            w, h = dice.uniform(5, 9, 2)
            x, y = 9.5 * i + dice.uniform(-1, 1), 9.5 * j + dice.uniform(-1, 1)
            shapes.append(rotate(box(x, y, x + w, y + h), dice.uniform(-12, 12)))
    tree = shapely.STRtree(shapes)
    clash = {max(a, b) for a, b in tree.query(shapes, predicate="intersects").T if a != b}
    return [s for i, s in enumerate(shapes) if i not in clash]
