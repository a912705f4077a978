"""The fire brigade's map: alleys by class and drawn to their width, houses by hose distance, clusters ranked."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.settings import DEFAULTS, get_settings
from gis_service.words import HAZARD_TIER, HYDRANT_KIND, STRUCTURE, USE_CLASS
from web_map.features import feature, to_degrees
from web_map.frame import Page
from web_map.palette import ALLEY_COLOR, HOSE_STEPS, UNREACHED, fill, line
from web_map.parts import attribution, boundaries_of, county_of, extent_of, ground_layers, layer, read, shapes_of

CLASS_ZH = {"handshake": "手牵手", "sky_line": "一线天", "narrow": "其他窄巷（<4 m）", "touching": "贴面"}
CLASS_EN = {"handshake": "handshake", "sky_line": "sky line", "narrow": "other under 4 m", "touching": "touching"}
BASIS_ZH = {"roads": "道路", "open_edge": "数据范围外的空地（无道路数据）"}
_LIST_MAX = 200
_WATER_MAX = 2_000


def fire_page(
    connection: Connection, run_id: int | None, cluster_id: int | None = None, *, offline: bool, lang: str = "zh"
) -> Page:
    """Return the fire brigade's map of a density run.

    All clusters are outlined and ranked. Houses, alleys and engine space are drawn for the cluster that is named.
    Where none is, the served page takes houses and alleys as tiles, and an offline file draws the worst clusters
    until ``GIS_INLINE_LIMIT`` houses are reached and says how many it left out.

    Raises
    ------
    NotFoundError
        There is no such run or no such cluster.

    """
    zh = lang == "zh"
    run = connection.execute(text(statement("fire.run")), {"run_id": run_id}).mappings().one_or_none()
    if run is None:
        raise NotFoundError(
            "还没有分析结果；请先运行 gis-service analyze。", "There is no density run; run gis-service analyze first."
        )
    clusters = read(connection, "fire.clusters", run_id=run["run_id"])
    drawn = _chosen(clusters, cluster_id) if offline or cluster_id is not None else []
    ids = [c["cluster_id"] for c in drawn]
    srid = work_srid()
    outlines = shapes_of(clusters, srid)
    values = {"run_id": run["run_id"], "clusters": ids}
    whole = cluster_id is None
    layers = [
        *ground_layers(connection, boundaries_of(connection, srid), srid, zh=zh),
        _engine_layer(read(connection, "fire.engine_space", **values), run["parameters"], srid, zh=zh),
        _cluster_layer(clusters, outlines, zh=zh, whole=whole),
        _around_layer(_others(connection, values, cluster_id, offline=offline), srid, zh=zh),
        _tiled(_house_layer(read(connection, "fire.houses", **values), srid, zh=zh), "reach", run, drawn),
        _tiled(_alley_layer(read(connection, "fire.alleys", **values), srid, zh=zh), "alleys", run, drawn),
        _break_layer(read(connection, "fire.firebreaks", **values), srid, zh=zh),
        *_water_layers(read(connection, "fire.water", **values, limit=_WATER_MAX), srid, zh=zh),
    ]
    county = county_of(connection)
    config: dict[str, Any] = {
        "layers": [part for part in layers if part["features"] or "tiles" in part],
        "list": _list(clusters if cluster_id is None else drawn, clusters, outlines, zh=zh),
        "listTitle": ("连片区排序（按风险分）" if zh else "Clusters by score"),
        "attribution": attribution(county),
        "places": [{"label": c["name"] or str(c["cluster_id"]), "bounds": _box(s)} for c, s in zip(clusters, outlines, strict=True)],
    }  # fmt: skip
    return Page(
        title="连片区消防图" if zh else "Dense clusters for the fire brigade",
        subtitle=_subtitle(county, run, drawn if cluster_id is not None else None, zh=zh),
        bounds=_bounds(connection, outlines, clusters, ids, one=cluster_id is not None),
        config=config,
        facts=_facts(connection, run["run_id"], None if whole else drawn[0], zh=zh),
        notes=_notes(run["parameters"], clusters, drawn, zh=zh),
        simulated=bool(connection.execute(text(statement("fire.simulated"))).scalar_one()),
        lang=lang,
        links=[] if offline else _links(cluster_id, zh=zh),
    )


def _tiled(made: dict[str, Any], source: str, run: Any, drawn: list[dict[str, Any]]) -> dict[str, Any]:
    """Let a layer come as tiles where the page draws no cluster by itself."""
    if drawn:
        return made
    address = f"/tiles/{source}/{{z}}/{{x}}/{{y}}.pbf?run={run['run_id']}"
    return made | {"tiles": address, "source": source, "features": []}


def _links(cluster_id: int | None, *, zh: bool) -> list[tuple[str, str]]:
    links = [("重点房屋图" if zh else "Planner's map", "/map/planner")]
    if cluster_id is not None:
        links.append(("全部连片区" if zh else "All clusters", "/map/fire"))
        links.append(("离线地图" if zh else "Offline map", f"/map/fire/{cluster_id}/offline"))
    return [*links, ("English" if zh else "中文", "?lang=en" if zh else "?lang=zh")]


def _chosen(clusters: list[dict[str, Any]], cluster_id: int | None) -> list[dict[str, Any]]:
    if cluster_id is not None:
        one = [c for c in clusters if c["cluster_id"] == cluster_id]
        if not one:
            raise NotFoundError(f"没有第 {cluster_id} 号连片区。", f"There is no cluster {cluster_id}.")
        return one
    room, chosen = get_settings().inline_limit, []
    for cluster in clusters:
        if cluster["buildings"] > room:
            break
        room -= cluster["buildings"]
        chosen.append(cluster)
    return chosen


def _engine_layer(rows: list[dict[str, Any]], parameters: dict[str, Any], srid: int, *, zh: bool) -> dict[str, Any]:
    style = fill("#9fd3a0", 0.55, 0.8, "#5d9f5f")
    # Views of neighbouring clusters overlap; drawn as one, no ground is darker than other ground.
    views = shapely.from_wkb([bytes(row["geom"]) for row in rows])
    whole: Any = to_degrees(shapely.get_parts(shapely.union_all(views)), srid) if rows else []
    features = [feature(shape, {}) for shape in whole]
    width_m = parameters["engine_width_m"]
    keys = [{"name": f"≥ {width_m:g} m" if zh else f"{width_m:g} m or wider", "style": style}]
    return layer("engine", "消防车可达空间" if zh else "Engine space", features, {"fallback": style}, keys)


def _cluster_layer(clusters: list[dict[str, Any]], outlines: Any, *, zh: bool, whole: bool) -> dict[str, Any]:
    style = line("#111111", 2, "7 4")
    features = [
        feature(
            shape, {"size": round(2 + c["buildings"] ** 0.5 / 2.5, 1)}, _cluster_facts(c, zh=zh), f"c{c['cluster_id']}"
        )
        for c, shape in zip(clusters, outlines, strict=True)
    ]
    far = {"farRadius": 4, "nearZoom": 14, "farStyle": fill("#b2182b")} if whole else {}
    keys = [{"name": "连片区范围" if zh else "cluster", "style": style}]
    return layer("clusters", "连片区" if zh else "Clusters", features, {"fallback": style}, keys, **far)


def _cluster_facts(c: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    def metres(value: float | None, digits: int = 0) -> str:
        return "—" if value is None else f"{value:,.{digits}f} m"

    pairs = [
        ("风险分", "score", f"{c['score']:g}"),
        ("栋数", "buildings", f"{c['buildings']:,}"),
        ("建筑密度", "coverage", f"{c['coverage']:.0%}"),
        ("手牵手巷道", "handshake alleys", metres(c["handshake_m"])),
        ("一线天巷道", "sky-line alleys", metres(c["sky_line_m"])),
        ("最窄处", "narrowest", metres(c["narrowest_m"], 2)),
        ("最远水带距离", "farthest hose", metres(c["max_hose_m"])),
        ("水带不可达", "unreached", f"{c['unreached']}" + (" 栋" if zh else "")),
        ("最大进深", "greatest depth", f"{c['max_depth']}" + (" 栋" if zh else "")),
        ("最大延烧片", "largest burn cluster", f"{c['burn_largest']}" + (" 栋" if zh else "")),
    ]
    if c["hydrant_share"] is not None:
        pairs.append(("消火栓覆盖", "hydrant cover", f"{c['hydrant_share']:.0%}"))
        pairs.append(("最近水源", "nearest water", metres(c["nearest_hydrant_m"])))
    parts = sorted(c["score_parts"].values(), key=lambda part: -float(part["points"] or 0))
    scored = [
        f"{part['zh' if zh else 'en']} {part['value']:g}：+{part['points']:g}"
        for part in parts
        if part["value"] is not None and part["points"]
    ]
    rows = [[z if zh else e, value] for z, e, value in pairs]
    return {"title": c["name"] or f"#{c['cluster_id']}", "rows": rows, "reasons": scored}


def _hose_style() -> dict[str, Any]:
    return {
        "by": "hose",
        "steps": [[least, fill(color, 0.92, 0.7, "#5a4a3a")] for least, color in HOSE_STEPS],
        "fallback": fill(UNREACHED, 0.95, 0.7, "#000000"),
    }


def _hose_keys(*, zh: bool) -> list[dict[str, Any]]:
    bounds = [least for least, _ in HOSE_STEPS]
    keys = []
    for position, (least, color) in reversed(list(enumerate(HOSE_STEPS))):
        above = bounds[position - 1] if position else None
        name = f"{least:g} m 以上" if above is None else f"{least:g}–{above:g} m"
        if not zh and above is None:
            name = f"over {least:g} m"
        keys.append({"name": name, "style": fill(color, 1, 1, "#5a4a3a")})
    keys.append({"name": "水带不可达" if zh else "unreached", "style": fill(UNREACHED, 1)})
    return keys


def _house_layer(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> dict[str, Any]:
    features = []
    for row, shape in zip(rows, shapes_of(rows, srid), strict=True):
        # A house that no hose reaches has no distance; its style is the fallback below every step.
        hose = -1.0 if row["hose_m"] is None else round(float(row["hose_m"]), 1)
        facts = [
            ("水带距离", "hose", "不可达" if zh and hose < 0 else "unreached" if hose < 0 else f"{hose:g} m"),
            ("进深", "depth", "—" if row["depth"] is None else str(row["depth"])),
            ("最近间距", "nearest gap", "—" if row["nearest_gap_m"] is None else f"{row['nearest_gap_m']:.2f} m"),
            ("层数", "storeys", "—" if row["floors"] is None else str(row["floors"])),
            ("结构", "structure", STRUCTURE[row["structure"]] if zh else row["structure"]),
            ("用途", "use", USE_CLASS[row["use_class"]] if zh else row["use_class"]),
            ("隐患", "hazard", HAZARD_TIER[row["hazard_tier"]] if zh else row["hazard_tier"]),
        ]
        told = {"title": row["name"] or row["building_id"], "rows": [[z if zh else e, v] for z, e, v in facts]}
        features.append(feature(shape, {"hose": hose}, told, row["building_id"]))
    name = "房屋（按水带距离）" if zh else "Houses by hose distance"
    return layer("houses", name, features, _hose_style(), _hose_keys(zh=zh))


def _others(
    connection: Connection, values: dict[str, Any], cluster_id: int | None, *, offline: bool
) -> list[dict[str, Any]]:
    """Return the houses that stand around what is drawn, so that the map can be read."""
    limit = get_settings().inline_limit
    if cluster_id is not None:
        run_id = values["run_id"]
        return read(connection, "fire.around", run_id=run_id, cluster_id=cluster_id, limit=limit)
    return read(connection, "fire.rest", **values, limit=limit) if offline else []


def _around_layer(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> dict[str, Any]:
    style = fill("#dcdfe3", 0.8, 0.6, "#9aa3ad")
    features = [feature(shape, {}) for shape in shapes_of(rows, srid)]
    return layer(
        "around", "其他房屋" if zh else "Other houses", features, {"fallback": style},
        [{"name": "不在所画连片区" if zh else "in no cluster drawn", "style": style}],
    )  # fmt: skip


def _alley_layer(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> dict[str, Any]:
    """Alleys as strips of their mean width, so that the map is to scale."""
    styles = {name: fill(color, 0.9, 1.2) for name, color in ALLEY_COLOR.items()}
    names = CLASS_ZH if zh else CLASS_EN
    features = []
    if rows:
        lines = shapely.from_wkb([bytes(row["geom"]) for row in rows])
        widths = np.array([row["mean_width_m"] for row in rows])
        strips = to_degrees(shapely.buffer(lines, np.maximum(widths, 0.4) / 2, cap_style="flat", quad_segs=2), srid)
        for row, strip in zip(rows, strips, strict=True):
            facts = [
                ("类别", "class", names[row["class"]]),
                ("长度", "length", f"{row['length_m']:.1f} m"),
                ("平均宽度", "mean width", f"{row['mean_width_m']:.2f} m"),
                ("最窄", "narrowest", f"{row['min_width_m']:.2f} m"),
                ("天空可视率", "sky view", "—" if row["sky_view"] is None else f"{row['sky_view']:.3f}"),
                ("两侧房屋", "houses along it", str(row["buildings"])),
                ("尽端", "dead end", ("是" if zh else "yes") if row["dead_end"] else ("否" if zh else "no")),
            ]
            title = f"{'巷道' if zh else 'Alley'} {row['alley_id']}"
            told = {"title": title, "rows": [[z if zh else e, v] for z, e, v in facts]}
            features.append(feature(strip, {"class": row["class"]}, told, f"a{row['alley_id']}"))
    keys = [{"name": names[name], "style": styles[name]} for name in ("handshake", "sky_line", "narrow")]
    style = {"by": "class", "values": styles, "fallback": styles["narrow"]}
    return layer("alleys", "巷道（按类别，按实宽绘制）" if zh else "Alleys by class, to scale", features, style, keys)


def _break_layer(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> dict[str, Any]:
    style = line("#e7298a", 2.5)
    features = []
    if rows:
        shapes = shapely.from_wkb([bytes(row["geom"]) for row in rows])
        # Houses that touch have no way between them to draw: a short bar marks the wall.
        shown = np.where(shapely.length(shapes) > 0.5, shapes, shapely.buffer(shapely.centroid(shapes), 0.8))
        for row, shape in zip(rows, to_degrees(_bars(shown), srid), strict=True):
            told = {
                "title": "防火隔离建议" if zh else "Firebreak proposal",
                "rows": [
                    ["防火墙长度" if zh else "wall to protect", f"{row['wall_m']:.1f} m"],
                    ["本片现有" if zh else "burn cluster now", f"{row['buildings']}"],
                    ["隔离后最大" if zh else "largest after", f"{row['largest_after']}"],
                    ["全部防火墙" if zh else "wall in all", f"{row['total_m']:.0f} m"],
                ],
            }
            features.append(feature(shape, {}, told))
    keys = [{"name": "需防火墙或拓宽处" if zh else "wall or widening", "style": style, "shape": "line"}]
    name = "防火隔离建议" if zh else "Firebreak proposals"
    return layer("breaks", name, features, {"fallback": style}, keys, shape="line")


def _bars(shapes: Any) -> Any:
    rings = shapely.get_dimensions(shapes) == 2
    result = shapes.copy()
    result[rings] = shapely.boundary(shapes[rings])
    return result


def _water_layers(rows: list[dict[str, Any]], srid: int, *, zh: bool) -> list[dict[str, Any]]:
    points = shapely.from_wkb([bytes(row["geom"]) for row in rows]) if rows else np.empty(0, object)
    radius = DEFAULTS["hydrant_radius_m"].value
    dot = fill("#0050c8", 1, 1.5, "#ffffff") | {"radius": 6}
    ring = line("#0050c8", 1.2, "3 5")
    marks = []
    for row, shape in zip(rows, to_degrees(points, srid) if rows else [], strict=True):
        kind = HYDRANT_KIND[row["kind"]] if zh else row["kind"]
        told = {"title": row["name"] or row["hydrant_id"], "rows": [["类型" if zh else "kind", kind]]}
        marks.append(feature(shape, {}, told))
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


def _list(
    listed: list[dict[str, Any]], clusters: list[dict[str, Any]], outlines: Any, *, zh: bool
) -> list[dict[str, Any]]:
    box = {c["cluster_id"]: _box(shape) for c, shape in zip(clusters, outlines, strict=True)}
    items = []
    for rank, c in enumerate(listed[:_LIST_MAX], start=1):
        hose = "—" if c["max_hose_m"] is None else f"{c['max_hose_m']:.0f} m"
        why = (
            f"{c['buildings']} 栋 · 手牵手 {c['handshake_m']:,.0f} m · 一线天 {c['sky_line_m']:,.0f} m · 水带 {hose}"
            if zh
            else f"{c['buildings']} houses · handshake {c['handshake_m']:,.0f} m · sky line {c['sky_line_m']:,.0f} m"
        )
        items.append(
            {"rank": rank, "label": c["name"] or str(c["cluster_id"]), "score": c["score"], "why": why,
             "bounds": box[c["cluster_id"]]}
        )  # fmt: skip
    return items


def _box(shape: Any) -> list[list[float]]:
    west, south, east, north = (round(float(v), 6) for v in shapely.bounds(shape))
    return [[south, west], [north, east]]


def _bounds(
    connection: Connection, outlines: Any, clusters: list[dict[str, Any]], ids: list[int], *, one: bool
) -> tuple[float, float, float, float]:
    if not len(outlines):
        return extent_of(connection)  # no cluster, or none that the reader may see
    chosen = [s for c, s in zip(clusters, outlines, strict=True) if not one or c["cluster_id"] in ids]
    west, south, east, north = (float(v) for v in shapely.total_bounds(np.array(chosen, dtype=object)))
    return south, west, north, east


def _subtitle(county: Any, run: Any, one: list[dict[str, Any]] | None, *, zh: bool) -> str:
    name = county["name"] if county else ""
    if one:
        name = f"{name} {one[0]['name']}"
    day = run["started_at"].astimezone().strftime("%Y-%m-%d")
    return f"{name} 第 {run['run_id']} 号分析 · {day}" if zh else f"{name} density run {run['run_id']} · {day}"


def _facts(connection: Connection, run_id: int, one: dict[str, Any] | None, *, zh: bool) -> list[tuple[str, str]]:
    if one is not None:
        return [(label, value) for label, value in _cluster_facts(one, zh=zh)["rows"][:8]]
    total = connection.execute(text(statement("fire.totals")), {"run_id": run_id}).mappings().one()
    labels = (
        ("连片区", "片内房屋", "手牵手巷道", "一线天巷道")
        if zh
        else ("Clusters", "Houses in them", "Handshake alleys", "Sky-line alleys")
    )
    values = (
        f"{total['clusters']:,}", f"{total['houses']:,}", f"{total['handshake_m'] / 1000:,.1f} km",
        f"{total['sky_line_m'] / 1000:,.1f} km",
    )  # fmt: skip
    return list(zip(labels, values, strict=True))


def _notes(
    parameters: dict[str, Any], clusters: list[dict[str, Any]], drawn: list[dict[str, Any]], *, zh: bool
) -> list[str]:
    notes = []
    if not clusters:
        notes.append("您的范围内没有连片区。" if zh else "There is no dense cluster in your place.")
    if 1 < len(drawn) < len(clusters):
        notes.append(
            f"房屋、巷道只画出风险分最高的 {len(drawn)} 片，其余 {len(clusters) - len(drawn):,} 片只画范围；"
            "单片请用 --cluster 制图。"
            if zh
            else f"Houses and alleys are drawn for the {len(drawn)} worst clusters; the other "
            f"{len(clusters) - len(drawn):,} are outlined. Use --cluster for one of them."
        )
    shown = (
        "handshake_m",
        "sky_line_m",
        "sky_view_max",
        "link_gap_m",
        "min_buildings",
        "engine_width_m",
        "hose_width_m",
    )
    for name in shown:
        known = DEFAULTS[name]
        notes.append(
            f"{known.label_zh} {parameters[name]:g} {known.unit}（{known.source}）"
            if zh
            else f"{name} = {parameters[name]:g} {known.unit}"
        )
    basis = clusters[0]["access_basis"] if clusters else None
    if basis:
        notes.append(f"消防车从{BASIS_ZH[basis]}进入。" if zh else f"Engines come from: {basis}.")
    notes.append(
        "间距由房屋轮廓量得；屋檐外挑和测图误差会使窄巷显得更窄，须现场核实。延烧片为筛查用，不是预测。"
        if zh
        else "Widths are measured between outlines; eaves and survey error narrow them: verify on site. Burn clusters "
        "are for screening, not prediction."
    )
    return notes
