"""The fire brigade's maps: the county's clusters ranked, one cluster with all that there is to know, offline files."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, text

from gis_service.db.day import today
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.density.alleys.gaps import CLASS_GRAIN_M
from gis_service.errors import NotFoundError
from gis_service.facts.cluster import BASIS, RESULT, classes, figures, summary, title
from gis_service.fire import route
from gis_service.fire.clusters import run_of
from gis_service.fire.work import Work, work_of
from gis_service.identity import Identity, Right
from gis_service.settings import DEFAULTS, get_settings
from web_map import fire_layers as layers
from web_map.features import feature, to_degrees
from web_map.frame import Page
from web_map.parts import attribution, boundaries_of, county_of, extent_of, ground_layers, read, shapes_of

_LIST_MAX = 200
_WATER_MAX = 2_000


def fire_page(
    connection: Connection, run_id: int | None, cluster_id: int | None = None, *,
    offline: bool, lang: str = "zh", identity: Identity | None = None,
) -> Page:  # fmt: skip
    """Return the fire brigade's map of a density run.

    The county's page has tiles, and its list and facts come when they are asked for. One cluster is drawn whole. An
    offline file of the county draws the worst clusters until ``GIS_INLINE_LIMIT`` houses are reached and says how
    many it left out.

    Parameters
    ----------
    identity
        Who reads: forms are shown to whoever may record.

    Raises
    ------
    NotFoundError
        There is no such run or no such cluster.

    """
    run = run_of(connection, run_id)
    if cluster_id is None and not offline:
        return _county(connection, run, lang)
    return _drawn(connection, run, cluster_id, offline=offline, lang=lang, identity=identity)


def _county(connection: Connection, run: Any, lang: str) -> Page:
    zh = lang == "zh"
    run_id = run["run_id"]
    srid = work_srid()

    def tiled(made: dict[str, Any], source: str, key: str, **more: Any) -> dict[str, Any]:
        address = f"/tiles/{source}/{{z}}/{{x}}/{{y}}.pbf?run={run_id}"
        return made | {"tiles": address, "source": source, "key": key, "features": []} | more

    asked = {"ask": "/api/clusters/", "query": f"?run={run_id}"}
    whole = layers.clusters_layer([], [], zh=zh, whole=True)
    county = county_of(connection)
    extent = connection.execute(text(statement("fire.extent")), {"run_id": run_id}).one()
    parts = [
        *ground_layers(connection, boundaries_of(connection, srid), srid, zh=zh, tiled=True),
        tiled(layers.houses_layer([], srid, zh=zh), "reach", "cluster_id", **asked,
              colourings=layers.colourings(zh=zh, tiled=True)),
        tiled(layers.alleys_layer([], run["parameters"], srid, zh=zh), "alleys", "alley_id", width="mean_width_m"),
        tiled(whole, "clusters", "cluster_id", **asked),
    ]  # fmt: skip
    return Page(
        title="连片区消防图" if zh else "Dense clusters for the fire brigade",
        subtitle=_subtitle(county, run, None, zh=zh),
        bounds=(extent[1], extent[0], extent[3], extent[2]) if extent[4] else extent_of(connection),
        config={
            "layers": parts,
            "attribution": attribution(county, zh=zh),
            "search": f"/api/clusters?run={run_id}&limit=10&q=",
            "fire": _told(run["parameters"], zh=zh)
            | {
                "widths": f"/api/gaps/widths?run={run_id}",
                "clusters": f"/api/clusters?run={run_id}",
                "townships": [
                    {"code": t["code"], "name": t["name"], "clusters": t["clusters"]}
                    for t in connection.execute(text(statement("fire.townships")), {"run_id": run_id}).mappings()
                ],
            },
        },
        facts=_totals(connection, run_id, zh=zh),
        notes=_notes(run["parameters"], [], [], zh=zh, none=not extent[4]),
        simulated=_simulated(connection),
        lang=lang,
        links=_links(None, zh=zh),
        scripts=("fire.js",),
        current="/map/fire",
    )


def _drawn(
    connection: Connection, run: Any, cluster_id: int | None, *, offline: bool, lang: str, identity: Identity | None
) -> Page:
    zh = lang == "zh"
    clusters = read(connection, "fire.clusters", run_id=run["run_id"])
    drawn = _chosen(clusters, cluster_id)
    ids = [c["cluster_id"] for c in drawn]
    srid = work_srid()
    values = {"run_id": run["run_id"], "clusters": ids}
    whole = cluster_id is None
    outlined = clusters if whole else drawn
    outlines = shapes_of(outlined, srid)
    houses = read(connection, "fire.houses", **values)
    work = None if whole else work_of(connection, run["run_id"], ids[0], run["parameters"]["engine_width_m"])
    parts = [
        *ground_layers(connection, boundaries_of(connection, srid), srid, zh=zh, tiled=not offline),
        layers.engine_layer(read(connection, "fire.engine_space", **values), run["parameters"], srid, zh=zh),
        layers.clusters_layer(outlined, outlines, zh=zh, whole=whole),
        layers.around_layer(_others(connection, values, cluster_id, offline=offline), srid, zh=zh),
        layers.houses_layer(houses, srid, zh=zh),
        layers.alleys_layer(
            read(connection, "fire.alleys", **values),
            run["parameters"],
            srid,
            zh=zh,
            numbers={} if work is None else work.numbers,
        ),
        layers.breaks_layer(read(connection, "fire.firebreaks", **values), srid, zh=zh),
        *layers.water_layers(read(connection, "fire.water", **values, limit=_WATER_MAX), srid, zh=zh),
    ]
    fire: dict[str, Any] = {}
    if work is not None:
        this = {"run_id": run["run_id"], "cluster_id": cluster_id}
        gaps = read(connection, "fire.gaps", **this)
        parts.append(layers.gaps_layer(gaps, srid, zh=zh))
        parts.append(layers.burn_layer(houses, read(connection, "fire.burn", **this), srid, zh=zh))
        fire = _told(run["parameters"], zh=zh) | {"gaps": layers.gap_rows(gaps)}
        if offline:
            parts += _work_drawn(work, srid, zh=zh)
            fire["summary"] = route.describe_patrol(work, zh=zh)
        else:
            fire |= {
                "work": f"/api/clusters/{cluster_id}/patrol?run={run['run_id']}",
                "workLayers": layers.work_layers(zh=zh),
                "sheet": f"/map/fire/{cluster_id}/sheet.pdf?run={run['run_id']}",
                "records": {
                    "cluster": cluster_id,
                    "run": run["run_id"],
                    "write": identity is not None and identity.may(Right.RECORD),
                    "results": {name: words[0 if zh else 1] for name, words in RESULT.items()},
                },
            }
    county = county_of(connection)
    config: dict[str, Any] = {
        "layers": [part for part in parts if part["features"] or "tiles" in part],
        "list": _list(outlined, outlines, zh=zh),
        "listTitle": ("连片区排序（按风险分）" if zh else "Clusters by score"),
        "attribution": attribution(county, zh=zh),
        "places": [{"label": title(c), "bounds": _box(s)} for c, s in zip(outlined, outlines, strict=True)],
        "fire": fire,
    }  # fmt: skip
    if not offline:
        config["search"] = f"/api/clusters?run={run['run_id']}&limit=10&q="
    return Page(
        title="连片区消防图" if zh else "Dense clusters for the fire brigade",
        subtitle=_subtitle(county, run, None if whole else drawn[0], zh=zh),
        bounds=_bounds(connection, outlines),
        config=config,
        facts=_totals(connection, run["run_id"], zh=zh) if whole else figures(drawn[0], zh=zh),
        notes=_notes(run["parameters"], clusters, drawn, zh=zh, none=not clusters),
        simulated=_simulated(connection),
        lang=lang,
        links=[] if offline else _links(cluster_id, zh=zh),
        scripts=("fire.js",),
        current="/map/fire",
    )


def _told(parameters: dict[str, Any], *, zh: bool) -> dict[str, Any]:
    """Return the words and limits that the page's script needs: of classes, and of the width up to which gaps go."""
    return {
        "today": str(today()),
        "classes": classes(zh=zh),
        "widest_m": parameters["max_width_m"],
        "half_m": CLASS_GRAIN_M / 2,
    }


def _work_drawn(work: Work, srid: int, *, zh: bool) -> list[dict[str, Any]]:
    """Return patrol and staging points as layers, for a file that can ask nobody."""
    patrol, staging = layers.work_layers(zh=zh)
    for part, marks in ((patrol, route.steps(work, zh=zh)), (staging, route.places(work, zh=zh))):
        shapes: Any = to_degrees(np.array([mark.shape for mark in marks], dtype=object), srid) if marks else []
        for mark, shape in zip(marks, shapes, strict=True):
            kind = mark.properties.get("kind") or mark.properties["mark"]
            part["features"].append(feature(shape, {"kind": kind}, mark.facts))
    return [patrol, staging]


def _links(cluster_id: int | None, *, zh: bool) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = []
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


def _others(
    connection: Connection, values: dict[str, Any], cluster_id: int | None, *, offline: bool
) -> list[dict[str, Any]]:
    limit = get_settings().inline_limit
    if cluster_id is not None:
        run_id = values["run_id"]
        return read(connection, "fire.around", run_id=run_id, cluster_id=cluster_id, limit=limit)
    return read(connection, "fire.rest", **values, limit=limit) if offline else []


def _list(clusters: list[dict[str, Any]], outlines: Any, *, zh: bool) -> list[dict[str, Any]]:
    return [
        {"rank": rank, "label": title(c), "score": c["score"], "why": summary(c, zh=zh),
         "bounds": _box(shape)}
        for rank, (c, shape) in enumerate(zip(clusters[:_LIST_MAX], outlines[:_LIST_MAX], strict=True), start=1)
    ]  # fmt: skip


def _box(shape: Any) -> list[list[float]]:
    west, south, east, north = (round(float(v), 6) for v in shapely.bounds(shape))
    return [[south, west], [north, east]]


def _bounds(connection: Connection, outlines: Any) -> tuple[float, float, float, float]:
    if not len(outlines):
        return extent_of(connection)  # no cluster, or none that the reader may see
    west, south, east, north = (float(v) for v in shapely.total_bounds(outlines))
    return south, west, north, east


def _simulated(connection: Connection) -> bool:
    return bool(connection.execute(text(statement("fire.simulated"))).scalar_one())


def _subtitle(county: Any, run: Any, one: dict[str, Any] | None, *, zh: bool) -> str:
    name = county["name"] if county else ""
    if one:
        name = f"{name} {one['name']}"
    day = run["started_at"].astimezone().strftime("%Y-%m-%d")
    return f"{name} 第 {run['run_id']} 号分析 · {day}" if zh else f"{name} density run {run['run_id']} · {day}"


def _totals(connection: Connection, run_id: int, *, zh: bool) -> list[tuple[str, str]]:
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
    parameters: dict[str, Any], clusters: list[dict[str, Any]], drawn: list[dict[str, Any]], *, zh: bool, none: bool
) -> list[str]:
    notes = []
    if none:
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
            else f"{name} = {parameters[name]:g} {known.unit_in('en')}"
        )
    basis = clusters[0]["access_basis"] if clusters else None
    if basis:
        notes.append(f"消防车从{BASIS[basis][0]}进入。" if zh else f"Engines come from: {BASIS[basis][1]}.")
    notes.append(
        "间距由房屋轮廓量得；屋檐外挑和测图误差会使窄巷显得更窄，须现场核实。延烧片为筛查用，不是预测。"
        if zh
        else "Widths are measured between outlines; eaves and survey error narrow them: verify on site. Burn clusters "
        "are for screening, not prediction."
    )
    return notes
