"""The layers of the fire brigade's maps: what each draws, its legend, what a click tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from gis_service.codelists import HYDRANT_KIND, USE_CLASS
from gis_service.facts import cluster, house
from gis_service.facts.patrol import KIND
from gis_service.facts.symbols import ALLEY_COLOR, ENGINE, HOSE_STEPS, ROUTE, UNREACHED, WATER, hose_names
from gis_service.settings import DEFAULTS
from web_map.features import feature, to_degrees
from web_map.palette import fill, line
from web_map.parts import layer, shapes_of

Rows = list[dict[str, Any]]

_EDGE = "#5a4a3a"
_NUMBERS_FROM_ZOOM = 20
_DEPTH_STEPS = ((5, "#3f007d"), (4, "#54278f"), (3, "#756bb1"), (2, "#9e9ac8"), (1, "#cbc9e2"), (0, "#f2f0f7"))
_FLOOR_STEPS = ((7, "#00441b"), (5, "#238b45"), (4, "#66c2a4"), (3, "#b2e2e2"), (1, "#edf8fb"))
_USE_COLOR = {"commercial": "#d95f02", "mixed": "#fdb462", "other": "#e5e5e5"}


def engine_layer(rows: list[dict[str, Any]], parameters: dict[str, Any], srid: int, *, zh: bool) -> dict[str, Any]:
    """Return where an engine can stand."""
    style = fill("#9fd3a0", 0.55, 0.8, "#5d9f5f")
    # Views of neighbouring clusters overlap; drawn as one, no ground is darker than other ground.
    views = shapely.from_wkb([bytes(row["geom"]) for row in rows])
    whole: Any = to_degrees(shapely.get_parts(shapely.union_all(views)), srid) if rows else []
    features = [feature(shape, {}) for shape in whole]
    width_m = parameters["engine_width_m"]
    keys = [{"name": f"≥ {width_m:g} m" if zh else f"{width_m:g} m or wider", "style": style}]
    return layer("engine", "消防车可达空间" if zh else "Engine space", features, {"fallback": style}, keys)


def clusters_layer(clusters: Rows, outlines: Any, *, zh: bool, whole: bool) -> dict[str, Any]:
    """Return the clusters' outlines; from afar, where the whole county is drawn, as dots by their size."""
    style = line("#111111", 2, "7 4")
    features = [
        feature(shape, {"size": dot_px(c["buildings"])}, cluster.facts(c, zh=zh), f"c{c['cluster_id']}")
        for c, shape in zip(clusters, outlines, strict=True)
    ]
    far = {"farRadius": 4, "nearZoom": 14, "farStyle": fill("#b2182b")} if whole else {}
    keys = [{"name": "连片区范围" if zh else "cluster", "style": style}]
    return layer("clusters", "连片区" if zh else "Clusters", features, {"fallback": style}, keys, **far)


def dot_px(buildings: int) -> float:
    """Return the radius of a cluster's dot: its area grows with the houses (sql/queries/tiles.sql has the same)."""
    return round(2 + math.sqrt(buildings) / 2.5, 1)


def around_layer(rows: Rows, srid: int, *, zh: bool) -> dict[str, Any]:
    """Return the houses that stand around what is drawn, so that the map can be read."""
    style = fill("#dcdfe3", 0.8, 0.6, "#9aa3ad")
    features = [feature(shape, {}) for shape in shapes_of(rows, srid)]
    return layer(
        "around", "其他房屋" if zh else "Other houses", features, {"fallback": style},
        [{"name": "不在所画连片区" if zh else "in no cluster drawn", "style": style}],
    )  # fmt: skip


def hose_style() -> dict[str, Any]:
    """Return the style of houses by hose distance."""
    return {
        "by": "hose",
        "steps": [[least, fill(color, 0.92, 0.7, _EDGE)] for least, color in HOSE_STEPS],
        "fallback": fill(UNREACHED, 0.95, 0.7, "#000000"),
    }


def hose_keys(*, zh: bool) -> list[dict[str, Any]]:
    """Return its legend."""
    steps = zip(hose_names(zh=zh), HOSE_STEPS, strict=True)
    keys = [{"name": name, "style": fill(color, 1, 1, _EDGE), "of": f"{least:g}"} for name, (least, color) in steps][
        ::-1
    ]
    keys.append({"name": house.UNREACHED[0 if zh else 1], "style": fill(UNREACHED, 1), "of": ""})
    return keys


def houses_layer(rows: Rows, srid: int, *, zh: bool) -> dict[str, Any]:
    """Return the houses of the clusters drawn, by hose distance, and what else they may be coloured by."""
    features = []
    for row, shape in zip(rows, shapes_of(rows, srid), strict=True):
        # A house that no hose reaches has no distance; its style is the fallback below every step.
        hose = -1.0 if row["hose_m"] is None else round(float(row["hose_m"]), 1)
        popup = house.facts(row, zh=zh, columns=house.FOR_THE_BRIGADE)
        shown = {
            "hose": hose,
            "depth": -1 if row["depth"] is None else row["depth"],
            "floors": row["floors"] or -1,
            "use": row["use_class"],
        }
        features.append(feature(shape, shown, popup, row["building_id"]))
    name = "房屋" if zh else "Houses"
    return layer("houses", name, features, hose_style(), hose_keys(zh=zh), colourings=colourings(zh=zh))


def colourings(*, zh: bool, tiled: bool = False) -> list[dict[str, Any]]:
    """Return what houses may be coloured by, the first at first; tiles know hose distance and depth only."""
    unit = "栋" if zh else ""
    unknown = "未知" if zh else "unknown"
    made = [
        {"name": "水带距离" if zh else "hose distance", "style": hose_style(), "keys": hose_keys(zh=zh)},
        _stepped(
            "depth", "进深（距消防车隔几栋）" if zh else "depth", _DEPTH_STEPS, unit, "不可达" if zh else "unreached"
        ),
    ]
    if not tiled:
        made.append(_stepped("floors", "层数" if zh else "storeys", _FLOOR_STEPS, "层" if zh else "", unknown))
        styles = {name: fill(color, 0.92, 0.7, _EDGE) for name, color in _USE_COLOR.items()}
        keys = [{"name": USE_CLASS[name] if zh else name, "style": style, "of": name} for name, style in styles.items()]
        rule = {"by": "use", "values": styles, "fallback": styles["other"]}
        made.append({"name": "用途" if zh else "use", "style": rule, "keys": keys})
    return made


def _stepped(by: str, name: str, steps: Any, unit: str, none: str) -> dict[str, Any]:
    rule = {"by": by, "steps": [[least, fill(color, 0.92, 0.7, _EDGE)] for least, color in steps],
            "fallback": fill(UNREACHED, 0.95, 0.7, "#000000")}  # fmt: skip
    keys = []
    for position, (least, color) in reversed(list(enumerate(steps))):
        above = steps[position - 1][0] - 1 if position else None
        said = f"{least}+" if above is None else f"{least}" if above == least else f"{least}–{above}"
        keys.append({"name": f"{said}{unit}", "style": fill(color, 1, 1, _EDGE), "of": f"{least:g}"})
    keys.append({"name": none, "style": fill(UNREACHED, 1), "of": ""})
    return {"name": name, "style": rule, "keys": keys}


def alleys_layer(
    rows: Rows, parameters: dict[str, Any], srid: int, *, zh: bool, numbers: Mapping[int, int] = MappingProxyType({})
) -> dict[str, Any]:
    """Return alleys as strips of their mean width, so that the map is to scale; no rows where they come as tiles.

    ``numbers`` are those of one cluster's sheet.
    """
    styles = {name: fill(color, 0.9, 1.2) for name, color in ALLEY_COLOR.items()}
    features = []
    if rows:
        lines = shapely.from_wkb([bytes(row["geom"]) for row in rows])
        widths = np.array([row["mean_width_m"] for row in rows])
        strips = to_degrees(shapely.buffer(lines, np.maximum(widths, 0.4) / 2, cap_style="flat", quad_segs=2), srid)
        for row, strip in zip(rows, strips, strict=True):
            popup = cluster.alley_facts(row, zh=zh, number=numbers.get(row["alley_id"]))
            shown = {"class": row["class"], "w": round(row["mean_width_m"], 3)}
            if row["alley_id"] in numbers:
                shown["number"] = str(numbers[row["alley_id"]])
            features.append(feature(strip, shown, popup, f"a{row['alley_id']}"))
    limits = cluster.class_limits(parameters, zh=zh)
    keys = [{"name": said, "style": styles[name], "of": name} for name, said in limits.items()]
    style = {"by": "class", "values": styles, "fallback": styles["narrow"]}
    named = {"label": "number", "labelFrom": _NUMBERS_FROM_ZOOM} if numbers else {}
    return layer(
        "alleys", "巷道（按类别，按实宽绘制）" if zh else "Alleys by class, to scale", features, style, keys,
        width="w", **named,
    )  # fmt: skip


def gaps_layer(rows: Rows, srid: int, *, zh: bool) -> dict[str, Any]:
    """Return the gaps between two houses, those too short for an alley among them, as lines."""
    styles = {name: line(color, 2.2, "4 3") for name, color in ALLEY_COLOR.items()}
    names = cluster.classes(zh=zh)
    features = []
    for row, shape in zip(rows, shapes_of(rows, srid), strict=True):
        popup = {
            "title": "两栋之间" if zh else "Between two houses",
            "rows": [
                ["类别" if zh else "class", names[row["class"]]],
                ["平均宽度" if zh else "mean width", cluster.metres(row["mean_width_m"], 2)],
                ["最窄" if zh else "narrowest", cluster.metres(row["min_width_m"], 2)],
                ["长度" if zh else "length", cluster.metres(row["length_m"], 1)],
            ],
        }
        features.append(feature(shape, {"class": row["class"], "w": round(row["mean_width_m"], 3)}, popup))
    style = {"by": "class", "values": styles, "fallback": styles["narrow"]}
    keys = [{"name": names[name], "style": styles[name], "shape": "line", "of": name} for name in styles]
    name = "间隙（含短于 5 m 的）" if zh else "Gaps, short ones too"
    return layer("gaps", name, features, style, keys, shape="line", width="w", shown=False)


def gap_rows(rows: Rows) -> dict[str, Any]:
    """Return the gaps for the width slider: mean width, length, class, and the two houses by number; narrowest first."""
    classes = list(cluster.CLASS)
    houses: dict[Any, int] = {}
    listed = []
    for position, row in enumerate(rows):
        # A neighbour whose number the reader may not see is still a house, and counts once for each gap.
        a, b = (houses.setdefault(row[side] or (side, position), len(houses)) for side in ("building_a", "building_b"))
        listed.append([round(row["mean_width_m"], 3), round(row["length_m"], 2), classes.index(row["class"]), a, b])
    return {"classes": classes, "rows": sorted(listed)}


def burn_layer(houses: Rows, burn: Rows, srid: int, *, zh: bool) -> dict[str, Any]:
    """Return each burn cluster as one outline round its houses, with what splitting it takes and saves."""
    style = line("#7a0177", 2.2, "8 4 2 4")
    known = {row["burn_cluster_id"]: row for row in burn if row["buildings"] > 1}
    of: dict[int, list[Any]] = {}
    for row in houses:
        if row["burn_cluster_id"] in known:
            of.setdefault(row["burn_cluster_id"], []).append(shapely.from_wkb(bytes(row["geom"])))
    # Grown until neighbours meet, then shrunk to just outside the walls.
    shapes = [
        shapely.buffer(shapely.union_all(shapely.buffer(np.array(g, object), 3.5, quad_segs=2)), -2.5, quad_segs=2)
        for g in of.values()
    ]
    features = []
    for number, shape in zip(of, to_degrees(np.array(shapes, object), srid) if shapes else [], strict=True):
        row = known[number]
        popup = {
            "title": f"延烧片 {number}" if zh else f"Burn cluster {number}",
            "rows": [
                ["房屋" if zh else "houses", str(row["buildings"])],
                ["可分成" if zh else "can be split into", str(row["parts"] or 1)],
                ["防火墙总长" if zh else "wall in all", cluster.metres(row["wall_m"])],
                [
                    "隔离后最大" if zh else "largest after",
                    "—" if row["largest_after"] is None else str(row["largest_after"]),
                ],
                ["一次火灾平均少烧" if zh else "saves in the mean", _houses(row["saved_mean"], zh=zh)],
            ],
        }
        features.append(feature(shape, {}, popup))
    keys = [
        {
            "name": "一处起火、无人扑救时全部烧到的房屋" if zh else "all burn if one does",
            "style": style,
            "shape": "line",
        }
    ]
    return layer("burn", "延烧片" if zh else "Burn clusters", features, {"fallback": style}, keys, shown=False)


def _houses(count: float | None, *, zh: bool) -> str:
    return "—" if count is None else f"{count:.0f} 栋" if zh else f"{count:.0f} houses"


def work_layers(*, zh: bool) -> list[dict[str, Any]]:
    """Describe the patrol's and the staging points' layers; what they draw comes when it is worked out."""
    route = line(ROUTE, 2.2, "6 4")
    again = line("#d94801", 2.6, "2 4")
    values = {
        "alley": route,
        "again": again,
        "across": line("#74c476", 2, "2 5"),
        "direct": line("#cb181d", 2.2, "1 5"),
    }
    keys = [
        {"name": KIND[kind][0 if zh else 1], "style": style, "shape": "line", "of": kind}
        for kind, style in values.items()
    ]
    rule = {"by": "kind", "values": values, "fallback": route}
    dot = fill(ENGINE, 1, 1.5, "#ffffff") | {"radius": 9}
    marks = {str(k): {"color": ENGINE, "mark": str(k)} for k in range(1, 10)}
    return [
        layer("patrol", "巡查路线" if zh else "Patrol", [], rule, keys, shape="line", shown=False),
        layer("staging", "停车点" if zh else "Staging points", [], {"fallback": dot},
              [{"name": "消防车停放处" if zh else "where an engine stands", "style": dot, "shape": "dot", "mark": "1"}],
              mark=marks),
    ]  # fmt: skip


def breaks_layer(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> dict[str, Any]:
    """Return the walls to protect, or ways to widen, with what they save."""
    style = line("#e7298a", 2.5)
    features = []
    if rows:
        shapes = shapely.from_wkb([bytes(row["geom"]) for row in rows])
        # Houses that touch have no way between them to draw: a short bar marks the wall.
        shown = np.where(shapely.length(shapes) > 0.5, shapes, shapely.buffer(shapely.centroid(shapes), 0.8))
        for row, shape in zip(rows, to_degrees(_bars(shown), srid), strict=True):
            popup = {
                "title": "防火隔离建议" if zh else "Firebreak proposal",
                "rows": [
                    ["防火墙长度" if zh else "wall to protect", f"{row['wall_m']:.1f} m"],
                    ["本片现有" if zh else "burn cluster now", f"{row['buildings']}"],
                    ["隔离后最大" if zh else "largest after", f"{row['largest_after']}"],
                    ["全部防火墙" if zh else "wall in all", f"{row['total_m']:.0f} m"],
                    ["一次火灾平均少烧" if zh else "saves in the mean", _houses(row["saved_mean"], zh=zh)],
                ],
            }
            features.append(feature(shape, {}, popup))
    keys = [{"name": "需防火墙或拓宽处" if zh else "wall or widening", "style": style, "shape": "line"}]
    name = "防火隔离建议" if zh else "Firebreak proposals"
    return layer("breaks", name, features, {"fallback": style}, keys, shape="line")


def _bars(shapes: Any) -> Any:
    rings = shapely.get_dimensions(shapes) == 2
    result = shapes.copy()
    result[rings] = shapely.boundary(shapes[rings])
    return result


def water_layers(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> list[dict[str, Any]]:
    """Return hydrants and other water, and how far each covers."""
    points = shapely.from_wkb([bytes(row["geom"]) for row in rows]) if rows else np.empty(0, object)
    radius = DEFAULTS["hydrant_radius_m"].value
    dot = fill(WATER, 1, 1.5, "#ffffff") | {"radius": 6}
    ring = line(WATER, 1.2, "3 5")
    marks = []
    for row, shape in zip(rows, to_degrees(points, srid) if rows else [], strict=True):
        kind = HYDRANT_KIND[row["kind"]] if zh else row["kind"]
        popup = {"title": row["name"] or row["hydrant_id"], "rows": [["类型" if zh else "kind", kind]]}
        marks.append(feature(shape, {}, popup))
    rings = [feature(s, {}) for s in to_degrees(shapely.buffer(points, radius, quad_segs=12), srid)] if rows else []
    return [
        layer(
            "cover", f"水源保护范围 {radius:g} m" if zh else f"Water cover {radius:g} m", rings, {"fallback": ring},
            [], shown=False,
        ),
        layer(
            "water", "消火栓与水源" if zh else "Hydrants and water", marks, {"fallback": dot},
            [{"name": "水源" if zh else "water point", "style": dot, "shape": "dot"}], shape="dot",
        ),
    ]  # fmt: skip
