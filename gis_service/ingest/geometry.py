"""Check and repair geometries: what can be mended is mended and counted, what cannot is rejected with its remedy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.ingest.fields import Kind
from gis_service.ingest.values import Sentence

# Below it there is no outline at all; slivers above it are real rows and are counted by the density run.
_SMALLEST_M2 = 0.01


@dataclass(frozen=True)
class Fault:
    """Why one geometry is rejected and what to do."""

    code: str
    reason: Sentence
    remedy: Sentence


_REDRAW: Sentence = ("请在 GIS 中补画或删除该要素", "draw or delete the feature in your GIS")
EMPTY = Fault("empty_geometry", ("图形为空", "the geometry is empty or missing"), _REDRAW)
NAN = Fault("bad_coordinates", ("坐标不是有效数字", "a coordinate is not a finite number"), _REDRAW)
AWAY = Fault(
    "outside",
    ("位置远离本县或工作坐标系适用范围", "it lies far from the county or from where the work CRS is valid"),
    ("请核对该要素的坐标", "check the coordinates of this feature"),
)
TINY = Fault(
    "degenerate_geometry",
    (f"面积不足 {_SMALLEST_M2} 平方米，不成图形", f"the area is under {_SMALLEST_M2} m²: no outline"),
    _REDRAW,
)


def wrong_shape(kind: Kind, found: str) -> Fault:
    """Return the fault of a geometry whose type the kind does not take."""
    if "Point" in found and kind.name == "buildings":
        remedy = (
            "房屋需要轮廓（面）；请提供房屋轮廓图层",
            "buildings need outlines (polygons); send that layer",
        )
    else:
        remedy = (
            f"请只导出 {'、'.join(kind.shapes)} 类型的要素",
            f"export only {', '.join(kind.shapes)} features",
        )
    return Fault("wrong_geometry_type", (f"图形类型为 {found}", f"the geometry is a {found}"), remedy)


def too_many_vertices(count: int, limit: int) -> Fault:
    """Return the fault of a geometry with too many vertices."""
    return Fault(
        "too_many_vertices",
        (
            f"图形有 {count:,} 个顶点，上限 {limit:,}",
            f"the geometry has {count:,} vertices; the limit is {limit:,}",
        ),
        ("请简化该图形（例如容差 0.05 米）", "simplify it (to 0.05 m, say)"),
    )


def screen(geometry: NDArray[np.object_], kind: Kind) -> dict[int, Fault]:
    """Return by position the geometries that cannot be used, before any transformation."""
    faults: dict[int, Fault] = {}
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    vertices = shapely.get_num_coordinates(geometry)
    points, owners = shapely.get_coordinates(geometry, return_index=True)
    bad = np.zeros(len(geometry), dtype=bool)
    bad[owners[~np.isfinite(points).all(axis=1)]] = True
    allowed = np.isin(shapely.get_type_id(geometry), [shapely.GeometryType[shape.upper()] for shape in kind.shapes])
    for position in np.flatnonzero(missing | bad | ~allowed | (vertices > kind.vertices_max)):
        if bad[position]:
            faults[int(position)] = NAN
        elif missing[position]:
            faults[int(position)] = EMPTY
        elif not allowed[position]:
            faults[int(position)] = wrong_shape(kind, geometry[position].geom_type)
        else:
            faults[int(position)] = too_many_vertices(int(vertices[position]), kind.vertices_max)
    return faults


def repair(geometry: NDArray[np.object_], kind: Kind) -> tuple[NDArray[np.object_], int, dict[int, Fault]]:
    """Make geometries in the work CRS valid and of the column's type.

    Returns
    -------
    The geometries, how many were mended, and by position those that have nothing usable left.

    """
    if shapely.has_z(geometry).any():
        geometry = shapely.force_2d(geometry)
    mended = 0
    faults: dict[int, Fault] = {}
    dimension = shapely.get_dimensions(geometry)
    invalid = np.flatnonzero((dimension == 2) & ~shapely.is_valid(geometry))
    if len(invalid):
        geometry = geometry.copy()
        # "structure" keeps both lobes of a figure eight and takes a hole that crosses its shell as a hole.
        geometry[invalid] = [
            _polygons(part) for part in shapely.make_valid(geometry[invalid], method="structure", keep_collapsed=False)
        ]
        mended = len(invalid)
    if "Polygon" in kind.shapes:
        polygonal = shapely.get_dimensions(geometry) == 2
        was_area = dimension == 2
        too_small = was_area & (~polygonal | (shapely.area(geometry) < _SMALLEST_M2))
        faults = {int(position): TINY for position in np.flatnonzero(too_small)}
        mended -= int(np.isin(invalid, np.flatnonzero(too_small)).sum())
    return _of_column_type(geometry, kind), mended, faults


def _polygons(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = [part for part in shapely.get_parts(geometry) if shapely.get_dimensions(part) == 2]
    return shapely.union_all(parts) if parts else shapely.MultiPolygon()


def _of_column_type(geometry: NDArray[np.object_], kind: Kind) -> NDArray[np.object_]:
    result = geometry.copy()
    types = shapely.get_type_id(geometry)
    if kind.column_type == "Point":
        multi = types == shapely.GeometryType.MULTIPOINT
        result[multi] = shapely.centroid(geometry[multi])
        return result
    single, build = (
        (shapely.GeometryType.LINESTRING, shapely.multilinestrings)
        if kind.column_type == "MultiLineString"
        else (shapely.GeometryType.POLYGON, shapely.multipolygons)
    )
    chosen = np.flatnonzero(types == single)
    if len(chosen):
        result[chosen] = build(geometry[chosen], indices=np.arange(len(chosen)))
    return result
