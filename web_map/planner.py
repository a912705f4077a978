"""The county planner's map: zones, their buffers, and the houses to inspect first, each with its reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from gis_service.codelists import ZONE_KIND
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.facts import house
from gis_service.facts.symbols import ZONE_COLOR, ZONE_MARK
from gis_service.identity import Identity
from gis_service.selection.lists import rows_of
from gis_service.selection.reasons import house_facts, phrases
from gis_service.selection.rules import RULES, points_table
from gis_service.selection.select import latest_run
from gis_service.selection.sentence import sentence
from gis_service.selection.terms import Ask, HouseTerm, changes, complete, default_ask
from gis_service.settings import DEFAULTS, get_settings
from web_map.controls import controls
from web_map.features import feature, to_degrees
from web_map.frame import Page
from web_map.palette import fill, score_keys, score_rule
from web_map.parts import (
    all_houses_layer,
    attribution,
    boundaries_of,
    county_of,
    extent_of,
    ground_layers,
    joined,
    layer,
    read,
    shapes_of,
)

_LIST_MAX = 100
_RUNS_MAX = 50
_ZONES_MAX = 3_000
_HOUSES_FROM_ZOOM = 12


def planner_page(
    connection: Connection, run_id: int | None, *, offline: bool, lang: str = "zh", who: Identity | None = None
) -> Page:
    """Return the planner's page for a list: where none is named, the published one.

    A served page with nothing published says so, and has the conditions to make a list. An offline file holds at most
    ``GIS_INLINE_LIMIT`` of the selected houses, the highest scores first, and says how many it left out; the served
    page takes them as tiles.

    Raises
    ------
    NotFoundError
        There is no such list; offline, none is published.

    """
    run = _run(connection, run_id, offline=offline)
    head = connection.execute(text(statement("maps.headline"))).mappings().one()
    total = int(connection.execute(text(statement("runs.total")), {"run_id": run["run_id"]}).scalar_one())
    zh = lang == "zh"
    srid = work_srid()
    boundaries = boundaries_of(connection, srid)
    zones, buffers = _zones(connection, run["parameters"], srid, zh=zh)
    # A served page takes its houses as tiles and its list from the service.
    rows = rows_of(connection, run["run_id"] or 0, get_settings().inline_limit) if offline else []
    houses = _houses(rows, srid, lang)
    county = county_of(connection)
    layers = [
        *ground_layers(connection, boundaries, srid, zh=zh, tiled=not offline),
        layer("buffers", "重点区域缓冲区" if zh else "Buffers", buffers, _zone_style(0.10, 1.2, "5 4"), [], shown=True),
        layer(
            "zones", "重点区域" if zh else "Key zones", zones, _zone_style(0.35, 1.6), _zone_keys(zh=zh),
            mark={k: {"mark": ZONE_MARK[k], "color": ZONE_COLOR[k]} for k in ZONE_KIND}, farRadius=3.5, nearZoom=13,
        ),
    ]  # fmt: skip
    if run["run_id"] is not None:
        layers.append(_house_layer(houses, run["run_id"], lang, offline=offline))
    circles = None if offline else _circles(connection, run["run_id"], boundaries, zh=zh)
    if not offline:
        layers.insert(1, all_houses_layer(zh=zh))
    if circles is not None:
        for part in layers:
            if part["id"] in {"houses", "buildings"}:
                part["minZoom"] = _HOUSES_FROM_ZOOM
            elif part["id"] == "boundaries":
                part["labelFrom"] = _HOUSES_FROM_ZOOM  # before it a circle carries the name
    config: dict[str, Any] = {
        # A layer with nothing in it is no line of the legend.
        "layers": [part for part in layers if part["features"] or "tiles" in part],
        "list": _list(rows[:_LIST_MAX], srid, lang),
        "attribution": attribution(county, zh=zh),
    }
    if circles is not None:
        config["circles"] = circles
    if offline:
        config["places"] = _places(boundaries, zones, houses)
    else:
        config["search"] = f"/api/search?lang={lang}&q="
        config["planner"] = controls(connection, run, who, lang)
    return Page(
        title="重点房屋排查图" if zh else "Houses to inspect first",
        subtitle=_subtitle(county, run, zh=zh),
        bounds=extent_of(connection),
        config=config,
        facts=_facts(head, total, zh=zh),
        notes=_notes(run["parameters"], total, len(houses), offline=offline, zh=zh),
        simulated=bool(head["simulated"]),
        draft=run["run_id"] is not None and run["published_at"] is None,
        lang=lang,
        links=[] if offline else _links(run, latest_run(connection), zh=zh),
        scripts=()
        if offline
        else (
            "vendor/draw.js",
            "circles.js",
            "tabs.js",
            "areas.js",
            "conditions.js",
            "listing.js",
            "lists.js",
            "planner.js",
        ),
        styles=() if offline else ("vendor/draw.css",),
        current="/map/planner",
    )


def _kind(kind: str, *, zh: bool) -> str:
    """Return what a kind of zone is called; one that is gone by its identifier."""
    return ZONE_KIND.get(kind, kind) if zh else kind


def _run(connection: Connection, run_id: int | None, *, offline: bool) -> dict[str, Any]:
    """Return the list to show; where none is published and none is named, the conditions to begin with."""
    wanted = run_id if run_id is not None else latest_run(connection)
    if wanted is None and not offline:
        start = Ask(default_ask().any_of, (HouseTerm("operating"),)).parameters()
        return {"run_id": None, "parameters": complete(start), "published_at": None, "name": None}
    if wanted is None:
        raise NotFoundError(
            "尚未发布名单；请先在规划图上发布，或运行 gis-service runs publish 编号。",
            "No list is published; publish one on the planner's map, or by gis-service runs publish NUMBER.",
        )
    row = connection.execute(text(statement("maps.run")), {"run_id": wanted}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(
            "没有这次选取结果；请先运行 gis-service select。",
            "There is no such selection; run gis-service select first.",
        )
    return dict(row) | {"parameters": complete(row["parameters"])}


def _circles(
    connection: Connection, run_id: int | None, boundaries: list[dict[str, Any]], *, zh: bool
) -> dict[str, Any] | None:
    """Return what the county's zooms show in place of specks: how many listed houses each reporting unit has.

    None where nothing is listed, or a listed house lies in a unit without an outline: a circle less would hide it.
    """
    listed = {row["code"]: row["listed"] for row in read(connection, "runs.by_unit", run_id=run_id)}
    known = {area["k"]: area for area in boundaries if area["p"]["level"] in {"township", "unit"}}
    if not listed or not listed.keys() <= known.keys():
        return None
    return {
        "label": f"放大到 {_HOUSES_FROM_ZOOM} 级以后显示每栋房屋；以前圆圈为各乡镇名单栋数。"
        if zh
        else f"Houses are drawn from zoom {_HOUSES_FROM_ZOOM} on; before it circles count the listed ones of each township.",
        "below": _HOUSES_FROM_ZOOM,
        "measures": [{"id": "listed", "name": "名单上" if zh else "listed", "color": "#fc8d59"}],
        "places": [
            {"name": known[code]["p"]["name"], "c": known[code]["c"], "values": {"listed": count}}
            for code, count in sorted(listed.items())
        ],
    }


def _zone_style(opacity: float, weight: float, dash: str | None = None) -> dict[str, Any]:
    extra = {"dashArray": dash} if dash else {}
    values = {kind: fill(color, opacity, weight) | extra for kind, color in ZONE_COLOR.items()}
    return {"by": "kind", "values": values, "fallback": fill("#5b5f66", opacity, weight)}


def _zone_keys(*, zh: bool) -> list[dict[str, Any]]:
    return [
        {
            "name": ZONE_KIND[kind] if zh else kind,
            "style": fill(color, 1),
            "mark": ZONE_MARK[kind],
            "shape": "",
            "of": kind,
        }
        for kind, color in ZONE_COLOR.items()
    ]


def _zones(
    connection: Connection, parameters: dict[str, Any], srid: int, *, zh: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    asked = _buffers(parameters)
    rows = read(connection, "maps.zones", limit=_ZONES_MAX)
    work = shapely.from_wkb([bytes(row["geom"]) for row in rows]) if rows else np.empty(0, object)
    zones, buffers = [], []
    widths = np.array([asked.get(row["kind"], 0.0) for row in rows])
    kinds = np.array([row["kind"] for row in rows])
    for kind_, width in asked.items():
        # One shape a kind: where buffers overlap, the colour grows no darker.
        around = shapely.union_all(shapely.buffer(work[kinds == kind_], width, quad_segs=8)) if rows else None
        if around is not None and not shapely.is_empty(around):
            buffers.append(feature(to_degrees(np.array([around]), srid)[0], {"kind": kind_}))
    for row, shape, width in zip(rows, shapes_of(rows, srid), widths, strict=True):
        kind = _kind(row["kind"], zh=zh)
        lines = [["类型" if zh else "kind", kind]]
        if width:
            lines.append(["缓冲距离" if zh else "buffer", f"{width:g} m"])
        facts = {"title": row["name"] or row["zone_id"], "rows": lines}
        zones.append(feature(shape, {"kind": row["kind"]}, facts, row["zone_id"]))
    return zones, buffers


def _buffers(parameters: dict[str, Any]) -> dict[str, float]:
    terms = [*parameters["any_of"], *parameters["all_of"]]
    return {term["kind"]: float(term["buffer_m"]) for term in terms if term["term"] == "zone"}


def _houses(rows: list[dict[str, Any]], srid: int, lang: str) -> list[dict[str, Any]]:
    return [
        feature(shape, {"score": row["score"]}, house_facts(row, lang), row["building_id"])
        for row, shape in zip(rows, shapes_of(rows, srid), strict=True)
    ]


def _house_layer(houses: list[dict[str, Any]], run_id: int, lang: str, *, offline: bool) -> dict[str, Any]:
    title = "优先排查房屋（按优先分）" if lang == "zh" else "Houses to inspect, by score"
    made = layer("houses", title, houses, score_rule(), score_keys(lang), farRadius=4, nearZoom=15)
    if not offline:
        made |= {
            "tiles": f"/tiles/selection/{{z}}/{{x}}/{{y}}.pbf?run={run_id}",
            "source": "selection",
            "ask": f"/api/selections/{run_id}/buildings/",
            "features": [],
        }
    return made


def _list(rows: list[dict[str, Any]], srid: int, lang: str) -> list[dict[str, Any]]:
    items = []
    for rank, (row, shape) in enumerate(zip(rows, shapes_of(rows, srid), strict=True), start=1):
        c = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
        item = {
            "rank": rank,
            "label": house.title(row),
            "score": row["score"],
            "why": joined(phrases(row["reasons"], lang), zh=lang == "zh"),
            "c": [round(float(c[1]), 6), round(float(c[0]), 6)],
            "k": row["building_id"],
        }
        items.append(item)
    return items


def _places(
    boundaries: list[dict[str, Any]], zones: list[dict[str, Any]], houses: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    found = [{"label": b["p"]["name"], "c": b["c"], "zoom": 13} for b in boundaries if b["p"]["level"] != "county"]
    found += [{"label": z["f"]["title"], "c": z["c"], "k": z["k"], "zoom": 17} for z in zones]
    for one in houses:
        title, key = one["f"]["title"], one["k"]
        found.append({"label": title if title == key else f"{title} {key}", "c": one["c"], "k": key, "zoom": 19})
    return found


def _subtitle(county: Any, run: dict[str, Any], *, zh: bool) -> str:
    place = county["name"] if county else ""
    if run["run_id"] is None:
        return f"{place} 尚未发布名单" if zh else f"{place}: no list is published"
    day = run["started_at"].astimezone().strftime("%Y-%m-%d")
    name = run["name"] or ""
    if zh:
        said = (
            f"{place} 第 {run['run_id']} 号名单{f'“{name}”' if name else ''} · {day} · 数据版本 {run['data_version']}"
        )
        return said if run["published_at"] else f"{said} · 草稿：不是全县的名单"
    said = f"{place} list {run['run_id']}{f' “{name}”' if name else ''} · {day} · data version {run['data_version']}"
    return said if run["published_at"] else f"{said} · a draft, not the county's list"


def _facts(head: Any, total: int, *, zh: bool) -> list[tuple[str, str]]:
    labels = (
        ("房屋总数", "经营性房屋", "优先排查", "经营性严重／一定隐患")
        if zh
        else ("Houses", "In business use", "To inspect first", "of these severe / some")
    )
    shown = (
        f"{head['houses']:,}", f"{head['operating']:,}", f"{total:,}", f"{head['operating_severe']:,} / {head['operating_some']:,}",
    )  # fmt: skip
    return list(zip(labels, shown, strict=True))


def _notes(parameters: dict[str, Any], total: int, drawn: int, *, offline: bool, zh: bool) -> list[str]:
    notes = [sentence(parameters, "zh" if zh else "en")]
    if offline and drawn < total:
        notes.append(
            f"本文件只画出优先分最高的 {drawn:,} 栋，另有 {total - drawn:,} 栋未画出；完整名单请用 gis-service select 导出。"
            if zh
            else f"This file draws the {drawn:,} highest scores and leaves out {total - drawn:,}; export the whole list "
            "with gis-service select."
        )
    for kind, width in _buffers(parameters).items():
        known = DEFAULTS.get(f"buffer_{kind}_m")
        source = (f"（{known.source}）" if zh else f" ({known.source_in('en')})") if known else ""
        notes.append(f"{_kind(kind, zh=zh)}缓冲 {width:g} 米{source}" if zh else f"{kind} buffer {width:g} m{source}")
    terms = [*parameters["any_of"], *parameters["all_of"]]
    notes += [_rule_note(term, parameters, zh=zh) for term in terms if term["term"] == "rule"]
    notes += [told[0] if zh else told[1] for told in changes(parameters)]
    notes.append("分值为本系统取值，可修改。" if zh else "Points are ours and editable.")
    return notes


def _rule_note(term: dict[str, Any], parameters: dict[str, Any], *, zh: bool) -> str:
    """Return what a list says of one of its rules: the version and the points that it was made with, and the source."""
    rule = RULES.get(term["name"])
    name = term["name"] if rule is None else rule.title("zh" if zh else "en")
    if rule and rule.limit:
        number = parameters[rule.limit.name]
        name += f"，{number} {rule.limit.zh}（含本数）" if zh else f", {number} {rule.limit.en}"
    said = [f"第 {term.get('version', 1)} 版" if zh else f"version {term.get('version', 1)}"]
    most = parameters.get("points", points_table()).get(term["name"])
    if most is not None:
        said.append(f"最高 {most:g} 分" if zh else f"up to {most:g}")
    if rule:
        said.append(rule.source("zh" if zh else "en"))
    return f"{name}（{'；'.join(said)}）" if zh else f"{name} ({'; '.join(said)})"


def _links(run: dict[str, Any], county: int | None, *, zh: bool) -> list[tuple[str, str]]:
    run_id = run["run_id"]
    if run_id is None:
        return [("English" if zh else "中文", "?lang=en" if zh else "?lang=zh")]
    back = [("全县名单" if zh else "The county's list", "/map/planner")] if county and county != run_id else []
    return [
        *back,
        ("下载名单 xlsx" if zh else "List (xlsx)", f"/api/selections/{run_id}/export?format=xlsx"),
        ("GeoPackage", f"/api/selections/{run_id}/export?format=gpkg"),
        ("GeoJSON", f"/api/selections/{run_id}/export?format=geojson"),
        ("离线地图" if zh else "Offline map", f"/map/planner/offline?run={run_id}"),
        ("English" if zh else "中文", f"?lang=en&run={run_id}" if zh else f"?lang=zh&run={run_id}"),
    ]
