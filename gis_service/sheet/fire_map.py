"""The maps of a cluster's sheet: one of the whole cluster, and where that is too small to read, parts of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.facts import house, symbols
from gis_service.facts.cluster import class_limits
from gis_service.fire.work import Work
from gis_service.sheet.draw import Box, Drawing, Hatch, Ink, Label, mark_swatch, swatch
from gis_service.sheet.print import Paper

Geometries = NDArray[np.object_]

# Ink and what the legend says of each class of hose distance, the farthest first. Two classes are hatched, so the order
# can be read in black and white.
_HATCH: dict[float, Hatch] = {40: "dense", 20: "light"}
HOSE: tuple[tuple[float, Ink, str], ...] = tuple(
    (least, Ink(color, "#3a2a1a", 0.12, hatch=_HATCH.get(least, "")), name)
    for (least, color), name in zip(symbols.HOSE_STEPS, symbols.hose_names(zh=True), strict=True)
)
UNREACHED = Ink(symbols.UNREACHED, "#000000", 0.12)
AROUND = Ink("#e3e5e8", "#8d959e", 0.08)
SPACE = Ink("#cfe8cf", "#5d9f5f", 0.12)
ROAD = Ink("none", "#b9b2a3", 0.3)
BORDER = Ink("none", "#333333", 0.4, dash="3 1 0.6 1")
OUTLINE = Ink("none", "#000000", 0.45, dash="2.4 1.4")
WALL = Ink("none", "#d6006c", 0.75)
WALL_FAR = Ink("none", "#d6006c", 0.35)
PART = Ink("none", "#444444", 0.2, dash="0.6 0.6")
WALL_UNDER = Ink("none", "#ffffff", 1.3)
ROUTE = Ink("none", symbols.ROUTE, 0.25, dash="1 0.6")
ALLEY = {kind: Ink(color, color, 0.08) for kind, color in symbols.ALLEY_COLOR.items()}

# The frame of the first page and of a page of its own, in millimetres.
FIRST: dict[Paper, tuple[float, float]] = {"A4": (186.0, 162.0), "A3": (290.0, 252.0)}
WHOLE: dict[Paper, tuple[float, float]] = {"A4": (186.0, 248.0), "A3": (396.0, 256.0)}
DETAIL = 500
"""Scale of the parts."""

READABLE = 750
"""A map of the whole cluster as large as this needs no parts: its alleys have room for their numbers and widths."""


@dataclass(frozen=True)
class MapData:
    """Everything a cluster's maps show, in the work SRID."""

    outline: shapely.Geometry
    houses: Geometries
    hose_m: NDArray[np.float64]
    around: Geometries
    alleys: Geometries
    alley_kind: list[str]
    alley_width_m: list[float]
    alley_number: list[int | None]
    alley_length_m: list[float]
    space: Geometries
    roads: Geometries
    road_width_m: list[float]
    road_name: list[str | None]
    borders: Geometries
    walls: Geometries
    water: Geometries
    water_kind: list[str]
    work: Work


@dataclass(frozen=True)
class Part:
    """One of the maps at 1:500 that together show the cluster: its middle in the work SRID and its frame in mm."""

    number: int
    row: int
    column: int
    middle: tuple[float, float]
    size_mm: tuple[float, float]


def parts_of(data: MapData, paper: Paper) -> list[Part]:
    """Return the parts, row by row from the north-west; none where the whole map is large enough to be read."""
    if _whole(data, paper).scale <= READABLE:
        return []
    width, height = WHOLE[paper]
    # Neighbouring parts share a strip, so that a house on the edge is whole on one of them.
    step_x, step_y = (width - 20) * DETAIL / 1000, (height - 20) * DETAIL / 1000
    west, south, east, north = (float(v) for v in shapely.total_bounds(np.append(data.houses, [data.outline])))
    columns, rows = math.ceil((east - west) / step_x), math.ceil((north - south) / step_y)
    x0 = (west + east) / 2 - (columns - 1) * step_x / 2
    y0 = (south + north) / 2 + (rows - 1) * step_y / 2
    made: list[Part] = []
    for row in range(rows):
        for column in range(columns):
            middle = (x0 + column * step_x, y0 - row * step_y)
            if len(Drawing(middle, width, height, DETAIL).cut(data.houses)):
                made.append(Part(len(made) + 1, row + 1, column + 1, middle, (width, height)))
    return made


def _whole(data: MapData, paper: Paper) -> Drawing:
    return Drawing.fit(_bounds(data), *FIRST[paper])


def overview(data: MapData, paper: Paper, parts: list[Part]) -> tuple[str, int, int]:
    """Return the map of the whole cluster, its scale, and how many alleys' numbers found no room.

    Where parts follow, this map shows what a whole map can show, and where the parts lie.
    """
    drawing = _whole(data, paper)
    _draw(drawing, data, close=not parts)
    for part in parts:
        frame = Drawing(part.middle, *part.size_mm, DETAIL).frame
        drawing.draw([shapely.boundary(shapely.box(*frame))], PART)
        x, y = frame[0] + 22 / 2 / drawing.mm / 2, frame[3] - 22 / 2 / drawing.mm / 2
        drawing.label([Label(x, y, f"图{part.number}", 3.4, "#444444", "bold", 10_000)])
    svg, left = drawing.svg()
    return svg, drawing.scale, left


def detail_maps(data: MapData, parts: list[Part]) -> list[dict[str, Any]]:
    """Return the maps of the parts, with every alley's number and width."""
    made = []
    for part in parts:
        drawing = Drawing(part.middle, *part.size_mm, DETAIL)
        _draw(drawing, data, close=True)
        svg, left = drawing.svg()
        made.append({"svg": svg, "left": left, "number": part.number, "row": part.row, "column": part.column})
    return made


def _bounds(data: MapData) -> Box:
    shapes = np.append(data.houses, [data.outline])
    west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
    # A margin in which the way in can be seen.
    margin = max(8.0, 0.04 * max(east - west, north - south))
    return west - margin, south - margin, east + margin, north + margin


def hose_class(hose_m: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the row of ``HOSE`` for each house; −1 where no hose comes."""
    found = np.full(len(hose_m), -1, np.int64)
    for row, (least, _, _) in reversed(list(enumerate(HOSE))):
        found[hose_m >= least] = row
    return found


def _draw(drawing: Drawing, data: MapData, *, close: bool) -> None:
    drawing.draw(data.space, SPACE)
    for road, width_m in zip(data.roads, data.road_width_m, strict=True):
        drawing.draw([shapely.boundary(shapely.buffer(road, width_m / 2, cap_style="flat"))], ROAD)
    drawing.draw(data.around, AROUND)
    which = hose_class(data.hose_m)
    drawing.draw(data.houses[which == -1], UNREACHED)
    for row, (_, ink, _) in enumerate(HOSE):
        drawing.draw(data.houses[which == row], ink)
    kinds = np.array(data.alley_kind, dtype=object)
    if len(data.alleys):
        # Drawn to width, but never finer than a printer shows.
        half = np.maximum(np.array(data.alley_width_m), 0.35 / drawing.mm) / 2
        strips: Any = shapely.buffer(data.alleys, half, cap_style="flat", quad_segs=2)
        for kind in ("narrow", "sky_line", "handshake", "touching"):
            drawing.draw(strips[kinds == kind], ALLEY[kind])
    drawing.draw(data.borders, BORDER)
    drawing.draw([data.outline], OUTLINE)
    bars = _bars(data.walls, (1.2 if close else 0.6) / drawing.mm)
    if close:
        drawing.draw(bars, WALL_UNDER)
    drawing.draw(bars, WALL if close else WALL_FAR)
    route = data.work.patrol.line()
    if close and not route.is_empty:
        drawing.draw([route], ROUTE)
        drawing.arrows(route, ROUTE, 14.0)
    for shape, kind in zip(data.water, data.water_kind, strict=True):
        drawing.mark(shape.x, shape.y, symbols.WATER_MARK.get(kind, "水"), fill=symbols.WATER, shape="round")
    for number, point in enumerate(data.work.staging.points, start=1):
        drawing.mark(point.x, point.y, f"停{number}", fill=symbols.ENGINE, shape="square", size_mm=4.2)
    drawing.label(_labels(drawing, data, close=close))


def _bars(walls: Geometries, short_m: float) -> Geometries:
    """Return lines to draw for walls: where two houses touch there is no way between them, and a short bar stands."""
    if not len(walls):
        return walls
    middle = shapely.centroid(walls)
    bars: Geometries = np.where(
        shapely.length(walls) >= short_m, walls, shapely.boundary(shapely.buffer(middle, short_m / 2, quad_segs=4))
    )
    return bars


def _labels(drawing: Drawing, data: MapData, *, close: bool) -> list[Label]:
    made = []
    size = 2.1 if close else 1.9
    for shape, number, width_m, length_m, kind in zip(
        data.alleys, data.alley_number, data.alley_width_m, data.alley_length_m, data.alley_kind, strict=True
    ):
        if number is None:
            continue
        at = shapely.line_interpolate_point(
            shapely.line_merge(shape) if shape.geom_type != "LineString" else shape, 0.5, normalized=True
        )
        if at is None or at.is_empty:
            at = shapely.point_on_surface(shape)
        said = f"{number}·{width_m:.1f}" if close else f"{number}"
        worse = 1000 if kind in {"handshake", "sky_line"} else 0
        color = {"handshake": "#3f007d", "sky_line": "#0b4f8a"}.get(kind, "#00504c")
        made.append(Label(at.x, at.y, said, size, color, "bold", worse + length_m))
    for number, wall in enumerate(data.walls if close else [], start=1):
        at = shapely.centroid(wall)
        made.append(Label(at.x, at.y, f"隔{number}", 2.1, "#a00052", "bold", 5000 - number))
    seen: set[str] = set()
    west, south, east, north = drawing.frame
    frame = shapely.box(west, south, east, north)
    for shape, name in zip(data.roads, data.road_name, strict=True):
        inside = shape.intersection(frame) if name and name not in seen else None
        if inside is not None and not inside.is_empty:
            seen.add(str(name))
            at = shapely.point_on_surface(inside)
            made.append(Label(at.x, at.y, str(name), 2.4, "#5b5546", "normal", 4000))
    return made


def legend(parameters: Mapping[str, Any]) -> tuple[list[tuple[str, list[tuple[str, str]]]], dict[str, str]]:
    """Return the legend: headings with the names of swatches and what they stand for; and the swatches by name."""
    groups: list[tuple[str, list[tuple[str, str]]]] = [
        ("房屋：水带距离", [*((swatch(ink), said) for _, ink, said in reversed(HOSE)),
                      (swatch(UNREACHED), house.UNREACHED[0]), (swatch(AROUND), "片外房屋")]),
        ("巷道：按实宽绘", [(swatch(ALLEY[kind]), said) for kind, said in class_limits(parameters, zh=True).items()]),
        ("消防", [
            (swatch(SPACE), "消防车可达空间"),
            (mark_swatch("停1", symbols.ENGINE, "square"), "停车点"),
            (mark_swatch(symbols.WATER_MARK["hydrant"], symbols.WATER, "round"), "消火栓、水源"),
            (swatch(WALL, "line"), "隔离建议（隔1…）"),
            (swatch(ROUTE, "line"), "巡查路线"),
        ]),
        ("界线", [(swatch(OUTLINE, "line"), "连片区"), (swatch(BORDER, "line"), "乡镇界"), (swatch(ROAD, "line"), "道路")]),
    ]  # fmt: skip
    swatches: dict[str, str] = {}
    named = []
    for heading, keys in groups:
        rows = []
        for svg, said in keys:
            name = f"key{len(swatches)}"
            swatches[name] = svg
            rows.append((name, said))
        named.append((heading, rows))
    return named, swatches
