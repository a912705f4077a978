"""A township's hazard map as an A3 PDF for the wall: the whole, the places with the most hazards close by, the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_COLOR, HAZARD_TIER
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.export.mark import Mark
from gis_service.facts import house
from gis_service.facts.symbols import TIER_EDGE, TIER_MARK
from gis_service.figures.tables import place_tables, runs_of
from gis_service.figures.worklist import township_list
from gis_service.selection.reasons import phrases
from gis_service.sheet.draw import Drawing, Geometries, Ink, Label, mark_swatch, swatch
from gis_service.sheet.print import pdf

WHOLE_MM = (248.0, 246.0)
PART_MM = (194.0, 120.0)
PART_SCALE = 5_000
PARTS_MAX = 4
# Fewer hazards than this are found on the whole map as well.
_PART_LEAST = 4
_LIST_MAX = 1_000
_REASONS_MAX = 3

# The campaign's colours; hatch and character tell the tiers apart in black and white.
TIERS = {
    "severe": Ink(fill=HAZARD_COLOR["severe"], stroke=TIER_EDGE["severe"], width_mm=0.35, hatch="cross"),
    "some": Ink(fill=HAZARD_COLOR["some"], stroke=TIER_EDGE["some"], width_mm=0.25, hatch="light"),
    "none_found": Ink(fill=HAZARD_COLOR["none_found"], stroke=TIER_EDGE["none_found"], width_mm=0.05),
    "unjudged": Ink(fill=HAZARD_COLOR["unjudged"], stroke=TIER_EDGE["unjudged"], width_mm=0.05),
}
MARKS = {"severe": (TIER_MARK["severe"], "#b3001b"), "some": (TIER_MARK["some"], "#8a6a00")}
_ROAD = Ink(stroke="#b9b2a3", width_mm=0.35)
_VILLAGE = Ink(stroke="#98a2ad", width_mm=0.18, dash="1.6 1")
_TOWNSHIP = Ink(stroke="#1f4e79", width_mm=0.7)
_CLUSTER = Ink(stroke="#111111", width_mm=0.35, dash="2 1")
_PART = Ink(stroke="#b10dc9", width_mm=0.5)
_SHOWN = ("houses", "operating", "severe", "some", "priority", "clusters", "in_clusters")


@dataclass(frozen=True)
class _Data:
    """What the maps show, in the work SRID."""

    place: shapely.Geometry | None
    houses: Geometries
    tier: NDArray[np.object_]
    villages: list[tuple[str, Any]]
    roads: Geometries
    clusters: Geometries

    def of(self, tier: str) -> Geometries:
        chosen: Geometries = self.houses[self.tier == tier]
        return chosen


def print_wall_map(values: dict[str, Any]) -> bytes:
    """Return the PDF of what ``read_sheet_data`` found; takes seconds and needs no database."""
    return pdf("township.html", **values)


def read_sheet_data(connection: Connection, township: str, mark: Mark) -> dict[str, Any]:
    """Return what the wall map of a township (9 digits) shows of what the asker may see: maps, tables, list.

    Raises
    ------
    NotFoundError
        There is no such township, or none of its houses is the asker's to see.

    """
    runs = runs_of(connection)
    places = _rows(connection, "figures.township", township=township)
    houses = _rows(connection, "figures.township_houses", township=township)
    if not houses:
        raise NotFoundError(
            f"没有代码为 {township} 的乡镇，或其中没有您可以查看的房屋。",
            f"There is no township {township}, or none of its houses is yours to see.",
        )
    listed = township_list(connection, township, _LIST_MAX)
    clusters = _rows(connection, "figures.township_clusters", township=township, density_run=runs.density)
    data = _Data(
        shapely.from_wkb(bytes(places[0]["geom"])) if places and places[0]["geom"] is not None else None,
        _shapes(houses),
        np.array([row["hazard_tier"] for row in houses], dtype=object),
        [(row["name"], shapely.from_wkb(bytes(row["geom"]))) for row in _rows(connection, "figures.villages", township=township)],
        _shapes(_rows(connection, "figures.township_roads", township=township)),
        _shapes(clusters),
    )  # fmt: skip
    parts = _parts(data)
    svg, scale = _whole(data, parts)
    maps = {"whole": svg}
    maps |= {f"part{i}": _part(data, middle) for i, middle in enumerate(parts, start=1)}
    legend, swatches = _legend()
    overview, annex1 = place_tables(connection, runs, township)
    columns = [overview.columns.index(column) for column in overview.columns if column[0] in _SHOWN]
    hazards = [row for row in listed if row["hazard_tier"] in MARKS]
    return {
        "maps": maps | swatches,
        "name": places[0]["name"] if places else township,
        "schematic": bool(places and places[0]["schematic"]),
        "simulated": any(row["simulated"] for row in listed),
        "scale": f"{scale:,}",
        "part_scale": f"{PART_SCALE:,}",
        "parts": len(parts),
        "legend": legend,
        "figures": [(overview.columns[i][1], f"{overview.total[i]:,}") for i in columns],
        "headings": [overview.columns[i][1] for i in columns],
        "villages": [(row.label, [f"{row.values[i]:,}" for i in columns]) for row in overview.rows],
        "total": [f"{overview.total[i]:,}" for i in columns],
        "annex": [(zh, f"{value:,}") for (_, zh, _), value in zip(annex1.columns, annex1.total, strict=True)],
        "notes": [zh for zh, _ in overview.notes],
        "hazards": [_line(i, row) for i, row in enumerate(hazards, start=1)],
        "first": [
            _line(i, row) for i, row in enumerate([r for r in listed if r["hazard_tier"] not in MARKS][:40], start=1)
        ],
        "run": f"{f'第 {runs.selection} 号名单' if runs.selection else '尚未发布名单'} · 第 {runs.density or '—'} 号分析",
        "made_at": f"{datetime.now().astimezone():%Y-%m-%d %H:%M}",
        "account": mark.account,
    }


def _rows(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]


def _shapes(rows: list[dict[str, Any]]) -> Geometries:
    shapes: Geometries = np.asarray(shapely.from_wkb([bytes(row["geom"]) for row in rows]), dtype=object)
    return shapes


def _parts(data: _Data) -> list[tuple[float, float]]:
    """Return the middles of the frames at ``PART_SCALE`` that hold the most hazards: greedy, the fullest first."""
    points = shapely.get_coordinates(shapely.centroid(np.concatenate([data.of("severe"), data.of("some")])))
    half = np.array(PART_MM) * PART_SCALE / 2000 - 20.0
    middles: list[tuple[float, float]] = []
    while len(points) >= _PART_LEAST and len(middles) < PARTS_MAX:
        # A frame round each hazard: the best of them is never far from the best of all.
        inside: NDArray[np.bool_] = np.all(np.abs(points[:, None, :] - points[None, :, :]) <= half, axis=2)
        best = int(inside.sum(axis=1).argmax())
        held = points[inside[best]]
        if len(held) < _PART_LEAST:
            break
        x, y = (held.min(axis=0) + held.max(axis=0)) / 2
        middles.append((float(x), float(y)))
        points = points[~(np.abs(points - [x, y]) <= half).all(axis=1)]
    return middles


def _whole(data: _Data, parts: list[tuple[float, float]]) -> tuple[str, int]:
    shape: Any = data.place if data.place is not None else shapely.box(*shapely.total_bounds(data.houses))
    drawing = Drawing.fit(shape.bounds, *WHOLE_MM)
    drawing.draw([shape], Ink(fill="#f7f6f2"))
    drawing.draw(data.roads, _ROAD)
    drawing.draw([village for _, village in data.villages], _VILLAGE)
    drawing.draw([shape], _TOWNSHIP)
    # At this scale a house is smaller than a printed dot.
    reach = 0.35 / drawing.mm
    for tier in ("unjudged", "none_found"):
        dots: Geometries = shapely.buffer(shapely.centroid(data.of(tier)), reach, quad_segs=1)
        drawing.draw(dots, Ink(fill=TIERS[tier].fill))
    for tier, size in (("some", 2.3), ("severe", 2.9)):
        sign, color = MARKS[tier]
        for x, y in shapely.get_coordinates(shapely.centroid(data.of(tier))):
            drawing.mark(
                float(x), float(y), sign, fill=color, shape="round" if tier == "severe" else "square", size_mm=size
            )
    for i, middle in enumerate(parts, start=1):
        frame = shapely.box(*Drawing(middle, *PART_MM, PART_SCALE).frame)
        drawing.draw([shapely.boundary(frame)], _PART)
        west, _, _, north = frame.bounds
        drawing.label([Label(west + 2 / drawing.mm, north + 2 / drawing.mm, f"图{i}", 3.2, "#7d0a8e", "bold", 10_000)])
    for name, village in data.villages:
        at = shapely.point_on_surface(village)
        drawing.label([Label(at.x, at.y, name, 2.6, "#26313d", "bold", 100)])
    svg, _ = drawing.svg()
    return svg, drawing.scale


def _part(data: _Data, middle: tuple[float, float]) -> str:
    drawing = Drawing(middle, *PART_MM, PART_SCALE)
    drawing.draw(data.roads, Ink(stroke="#cfc9bb", width_mm=0.8))
    drawing.draw([village for _, village in data.villages], _VILLAGE)
    for tier in ("unjudged", "none_found", "some", "severe"):
        drawing.draw(data.of(tier), TIERS[tier])
    drawing.draw(data.clusters, _CLUSTER)
    for tier in ("some", "severe"):
        sign, color = MARKS[tier]
        for x, y in shapely.get_coordinates(shapely.centroid(data.of(tier))):
            drawing.mark(
                float(x), float(y), sign, fill=color, shape="round" if tier == "severe" else "square", size_mm=2.6
            )
    for name, village in data.villages:
        inside = shapely.intersection(village, shapely.box(*drawing.frame))
        if not inside.is_empty:
            at = shapely.point_on_surface(inside)
            drawing.label([Label(at.x, at.y, name, 3.2, "#26313d", "bold", 100)])
    svg, _ = drawing.svg()
    return svg


def _legend() -> tuple[list[tuple[str, str]], dict[str, str]]:
    keys = [
        *((mark_swatch(MARKS[t][0], MARKS[t][1], "round" if t == "severe" else "square"), HAZARD_TIER[t]) for t in MARKS),
        *((swatch(ink), f"{HAZARD_TIER[tier]}（分幅图）" if tier in MARKS else HAZARD_TIER[tier]) for tier, ink in TIERS.items()),
        (swatch(_CLUSTER, "line"), "密集连片区"),
        (swatch(_TOWNSHIP, "line"), "乡镇界"),
        (swatch(_VILLAGE, "line"), "村界"),
        (swatch(_ROAD, "line"), "道路"),
    ]  # fmt: skip
    return [(f"key{i}", said) for i, (_, said) in enumerate(keys)], {f"key{i}": svg for i, (svg, _) in enumerate(keys)}


def _line(number: int, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "house": row["building_id"] if row["name"] is None else f"{row['name']} {row['building_id']}",
        "village": row["village"] or "—",
        "tier": {"severe": "严重", "some": "一定"}.get(row["hazard_tier"], ""),
        "score": house.said(row, "score", zh=True) or "—",
        "reasons": _reasons(phrases(row["reasons"], "zh")) or HAZARD_TIER[row["hazard_tier"]],
    }


def _reasons(told: list[str]) -> str:
    """Return the weightiest reasons; a wall has no room for all, the list to work from has them."""
    return "；".join(told[:_REASONS_MAX]) + (f" 等 {len(told)} 条" if len(told) > _REASONS_MAX else "")
