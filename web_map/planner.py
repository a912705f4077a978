"""The county planner's map: zones, their buffers, and the houses to inspect first, each with its reasons."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Connection, text

from gis_service.codelists import ZONE_KIND
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.facts import house
from gis_service.identity import Identity
from gis_service.selection.lists import rows_of
from gis_service.selection.reasons import phrases
from gis_service.selection.rules import RULES, points_table
from gis_service.selection.select import latest_run
from gis_service.selection.sentence import sentence
from gis_service.selection.terms import Ask, HouseTerm, changes, complete, default_ask
from gis_service.settings import DEFAULTS, get_settings
from web_map import assets
from web_map.controls import controls
from web_map.frame import Page
from web_map.layers import Asked, Buffers, KeyZones, Places, PriorityHouses, Tiles
from web_map.layers.features import middle
from web_map.layers.source import of_rows
from web_map.parts import (
    all_houses,
    attribution,
    boundaries_of,
    county_of,
    data_extent,
    drawn,
    extent_of,
    ground_layers,
    joined,
    place_names,
    read,
    relief,
    shapes_of,
    tiles_of,
    with_ground,
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
    buffers = _buffers(run["parameters"])
    zones = of_rows(read(connection, "maps.zones", limit=_ZONES_MAX), srid)
    # A served page takes its houses as tiles and its list from the service.
    rows = rows_of(connection, run["run_id"] or 0, get_settings().inline_limit) if offline else []
    county = county_of(connection)
    circles = None if offline else _circles(connection, run["run_id"], boundaries, zh=zh)
    extent = extent_of(connection)
    # Below this zoom circles stand in place of houses, and carry the names.
    from_zoom = 0 if circles is None else _HOUSES_FROM_ZOOM
    tiled = None if offline else with_ground("names")
    *ground, outlines = ground_layers(connection, boundaries, srid, lang=lang, tiled=tiled, labels_from=from_zoom)
    key_zones = KeyZones(zones, buffers=buffers, lang=lang)
    houses, with_houses = None, None
    if run["run_id"] is not None:
        # The list and the houses it stands among are one answer a square.
        with_houses = tiles_of("buildings", "selection", query=f"?run={run['run_id']}")
        listed = Asked(f"/api/selections/{run['run_id']}/buildings/", "building_id")
        source = Tiles(with_houses, "selection", from_zoom, asked=listed)
        houses = PriorityHouses(of_rows(rows, srid) if offline else source, lang=lang)
    config: dict[str, Any] = {
        "list": _list(rows[:_LIST_MAX], srid, lang),
        "attribution": attribution(county, zh=zh),
    }
    if circles is not None:
        config["circles"] = circles
    if offline:
        config["places"] = _places(boundaries, key_zones, houses)
    else:
        config["search"] = f"/api/search?lang={lang}&q="
        # Drawing is brought when it is first needed: script and styles.
        drawing = [assets.link("vendor/geoman.js"), assets.link("vendor/geoman.css")]
        config["planner"] = controls(connection, run, who, lang) | {"drawing": drawing}
    return Page(
        title="重点房屋排查图" if zh else "Houses to inspect first",
        subtitle=_subtitle(county, run, zh=zh),
        bounds=extent,
        extent=None if offline else data_extent(connection),
        config=config,
        layers=drawn(
            [
                relief(extent, simulated=bool(head["simulated"]), lang=lang, offline=offline),
                *ground,
                None if offline else all_houses(lang=lang, from_zoom=from_zoom, tiled=with_houses),
                outlines,
                Buffers(zones, buffers=buffers, lang=lang),
                key_zones,
                houses,
                place_names(tiled, lang=lang) if tiled else None,
            ]
        ),
        bundle="planner",
        facts=_facts(head, total, zh=zh),
        notes=_notes(run["parameters"], total, len(rows), offline=offline, zh=zh),
        simulated=bool(head["simulated"]),
        draft=run["run_id"] is not None and run["published_at"] is None,
        lang=lang,
        links=[] if offline else _links(run, latest_run(connection), zh=zh),
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


def _circles(connection: Connection, run_id: int | None, boundaries: Places, *, zh: bool) -> dict[str, Any] | None:
    """Return what the county's zooms show in place of specks: how many listed houses each reporting unit has.

    None where nothing is listed, or a listed house lies in a unit without an outline: a circle less would hide it.
    """
    listed = {row["code"]: row["listed"] for row in read(connection, "runs.by_unit", run_id=run_id)}
    known = {
        row["code"]: (row["name"], shape)
        for row, shape in zip(boundaries.rows, boundaries.degrees(), strict=True)
        if row["level"] in {"township", "unit"}
    }
    if not listed or not listed.keys() <= known.keys():
        return None
    return {
        "label": f"放大到 {_HOUSES_FROM_ZOOM} 级以后显示每栋房屋；以前圆圈为各乡镇名单栋数。"
        if zh
        else f"Houses are drawn from zoom {_HOUSES_FROM_ZOOM} on; before it circles count the listed ones of each township.",
        "below": _HOUSES_FROM_ZOOM,
        "measures": [{"id": "listed", "name": "名单上" if zh else "listed", "color": "#fc8d59"}],
        "places": [
            {"name": known[code][0], "c": middle(known[code][1]), "values": {"listed": count}}
            for code, count in sorted(listed.items())
        ],
    }


def _buffers(parameters: dict[str, Any]) -> dict[str, float]:
    terms = [*parameters["any_of"], *parameters["all_of"]]
    return {term["kind"]: float(term["buffer_m"]) for term in terms if term["term"] == "zone"}


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


def _places(boundaries: Places, zones: KeyZones, houses: PriorityHouses | None) -> list[dict[str, Any]]:
    found = [
        {"label": row["name"], "c": middle(shape), "zoom": 13}
        for row, shape in zip(boundaries.rows, boundaries.degrees(), strict=True)
        if row["level"] != "county"
    ]
    found += [{"label": z["f"]["title"], "c": z["c"], "k": z["k"], "zoom": 17} for z in zones.spec["features"]]
    for one in houses.spec["features"] if houses else []:
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
