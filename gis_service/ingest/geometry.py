"""Check and repair geometries: what can be mended is mended and counted, what cannot is rejected with its remedy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.ingest.fields import Kind
from gis_service.ingest.footprints import HUGE_M2, SLIVER_M, SLIVER_M2, Chunks, one_by_one
from gis_service.ingest.values import Sentence

# Below it there is no outline at all, of no kind of area.
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


def no_house(code: str, other: str, share: float) -> Fault:
    """Return the fault of an outline that is no house of its own (``footprints.SET_ASIDE``).

    ``other`` is the house that it repeats, ``share`` what of it lies there, or how many houses it lies round.
    """
    reasons: dict[str, Sentence] = {
        "sliver": (
            f"面积不足 {SLIVER_M2:g} 平方米或宽不足 {SLIVER_M:g} 米，不是房屋",
            f"it is under {SLIVER_M2:g} m² or {SLIVER_M:g} m thick: no house",
        ),
        "huge": (f"面积超过 {HUGE_M2:,.0f} 平方米，不是一栋房屋", f"it is over {HUGE_M2:,.0f} m²: no single house"),
        "twice": (
            f"与房屋 {other} 重叠 {share:.0%}，是同一栋画了两次",
            f"{share:.0%} of it overlaps the house {other}: one house drawn twice",
        ),
        "around": (
            f"轮廓内有另外 {share:.0f} 栋房屋，是宗地或院落，不是一栋房屋",
            f"it lies round {share:.0f} other houses: a parcel or a yard, no house",
        ),
    }
    remedy = (
        f"请删除或改正；确为一栋房屋时加 --keep {code}",
        f"remove or correct it, or add --keep {code} if it is a house of its own",
    )
    return Fault(code, reasons[code], remedy)


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
    allowed |= collections(geometry) & ("Polygon" in kind.shapes)
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


def collections(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which geometries are collections with polygons in them, as KML writes a place with its label's point."""
    mixed = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    return np.asarray(mixed & (shapely.get_dimensions(geometry) == 2), dtype=bool)


def repair(geometry: NDArray[np.object_], kind: Kind) -> tuple[NDArray[np.object_], int, dict[int, Fault]]:
    """Make geometries in the work CRS valid and of the column's type.

    Returns
    -------
    The geometries, how many were mended, and by position those that have nothing usable left.

    """
    faults: dict[int, Fault] = {}
    dimension = shapely.get_dimensions(geometry)
    geometry, invalid = mend(geometry)
    mended = len(invalid)
    if "Polygon" in kind.shapes:
        polygonal = shapely.get_dimensions(geometry) == 2
        was_area = dimension == 2
        too_small = was_area & (~polygonal | (shapely.area(geometry) < _SMALLEST_M2))
        faults = {int(position): TINY for position in np.flatnonzero(too_small)}
        mended -= int(np.isin(invalid, np.flatnonzero(too_small)).sum())
    return of_column_type(geometry, kind), mended, faults


def mend(geometry: NDArray[np.object_], chunks: Chunks = one_by_one) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Make areas flat and valid; points and lines are left as they are.

    Returns
    -------
    The geometries, of areas the polygons alone, and the positions of those that were invalid.

    """
    deep = shapely.has_z(geometry) | shapely.has_m(geometry)
    if deep.any():
        geometry = geometry.copy()
        geometry[deep] = shapely.force_2d(geometry[deep])
    area = shapely.get_dimensions(geometry) == 2
    valid = np.concatenate(chunks(lambda some: shapely.is_valid(geometry[some]), len(geometry)))
    invalid = np.flatnonzero(area & ~valid)
    mixed = np.flatnonzero(collections(geometry))
    if len(invalid) or len(mixed):
        geometry = geometry.copy()
        # "structure" keeps both lobes of a figure eight and takes a hole that crosses its shell as a hole.
        geometry[invalid] = shapely.make_valid(geometry[invalid], method="structure", keep_collapsed=False)
        for i in np.flatnonzero(shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION):
            parts = shapely.get_parts(geometry[i])
            geometry[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return geometry, invalid


def of_column_type(geometry: NDArray[np.object_], kind: Kind) -> NDArray[np.object_]:
    """Bring geometries to the type of the kind's column: lines and polygons to their multiple kinds."""
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


def fingerprints(geometry: NDArray[np.object_], grain: float = 0.01) -> list[str | None]:
    """Return an identifier made of each outline; to ``grain`` (units of its CRS; a centimetre where these are metres).

    The same outline from another starting point is the same.
    """
    tidy = shapely.normalize(shapely.set_precision(geometry, grain, mode="pointwise"))
    return [None if g is None else hashlib.sha256(shapely.to_wkb(g)).hexdigest()[:20] for g in tidy]
