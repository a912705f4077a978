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
from gis_service.facts.cluster import BASIS, CLASS, RESULT, classes, figures, summary, title
from gis_service.fire import route
from gis_service.fire.clusters import run_of
from gis_service.fire.work import Work, work_of
from gis_service.identity import Identity, Right
from gis_service.settings import DEFAULTS, get_settings
from web_map.frame import Page
from web_map.layers import (
    Alleys,
    Asked,
    Breaks,
    BurnClusters,
    Clusters,
    EngineSpace,
    FeatureLayer,
    Gaps,
    HoseDistances,
    Houses,
    Patrol,
    Places,
    Staging,
    Tiles,
    Water,
    WaterCover,
)
from web_map.layers.features import feature, leaflet_shapes, to_degrees
from web_map.layers.source import of_rows
from web_map.parts import (
    attribution,
    boundaries_of,
    county_of,
    data_extent,
    drawn,
    extent_of,
    ground_layers,
    place_names,
    read,
    relief,
    shapes_of,
    with_ground,
)

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

    of_run = f"?run={run_id}"
    asked = Asked("/api/clusters/", "cluster_id", of_run)
    from_afar = with_ground("clusters", "names", query=of_run)

    def near(source: str, from_zoom: int, **more: Any) -> Tiles:
        return Tiles(f"/tiles/{source}/{{z}}/{{x}}/{{y}}.pbf{of_run}", source, from_zoom, **more)

    county = county_of(connection)
    extent = connection.execute(text(statement("fire.extent")), {"run_id": run_id}).one()
    ground = relief(extent_of(connection), simulated=_simulated(connection), lang=lang)
    layers: list[FeatureLayer] = [
        *([ground] if ground else []),
        *ground_layers(connection, boundaries_of(connection, srid), srid, lang=lang, tiled=from_afar),
        HoseDistances(near("reach", 13, asked=asked), lang=lang),
        Alleys(near("alleys", 14, key="alley_id"), parameters=run["parameters"], lang=lang),
        Clusters(Tiles(from_afar, "clusters", asked=asked), lang=lang),
        place_names(from_afar, lang=lang),
    ]
    return Page(
        title="连片区消防图" if zh else "Dense clusters for the fire brigade",
        subtitle=_subtitle(county, run, None, zh=zh),
        extent=data_extent(connection),
        bounds=(extent[1], extent[0], extent[3], extent[2]) if extent[4] else extent_of(connection),
        config={
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
        layers=layers,
        bundle="fire",
        facts=_totals(connection, run_id, zh=zh),
        notes=_notes(run["parameters"], [], [], zh=zh, none=not extent[4]),
        simulated=_simulated(connection),
        lang=lang,
        links=_links(None, zh=zh),
        current="/map/fire",
    )


def _drawn(
    connection: Connection, run: Any, cluster_id: int | None, *, offline: bool, lang: str, identity: Identity | None
) -> Page:
    zh = lang == "zh"
    clusters = read(connection, "fire.clusters", run_id=run["run_id"])
    shown = _chosen(clusters, cluster_id)
    ids = [c["cluster_id"] for c in shown]
    srid = work_srid()
    values = {"run_id": run["run_id"], "clusters": ids}
    whole = cluster_id is None
    outlined = clusters if whole else shown
    outlines = shapes_of(outlined, srid)
    houses = of_rows(read(connection, "fire.houses", **values), srid)
    work = None if whole else work_of(connection, run["run_id"], ids[0], run["parameters"]["engine_width_m"])

    def found(name: str, **given: Any) -> Places:
        return of_rows(read(connection, name, **given), srid)

    water = found("fire.water", **values, limit=_WATER_MAX)
    bounds = _bounds(connection, outlines)
    # Round one cluster no slope of an elevation file can be seen.
    ground = relief(bounds, simulated=_simulated(connection), lang=lang, offline=offline) if whole else None
    layers: list[FeatureLayer] = [
        *([ground] if ground else []),
        *ground_layers(
            connection, boundaries_of(connection, srid), srid, lang=lang, tiled=None if offline else with_ground()
        ),
        EngineSpace(found("fire.engine_space", **values), width_m=run["parameters"]["engine_width_m"], lang=lang),
        Clusters(of_rows(outlined, srid), dots=whole, lang=lang),
        _around(connection, values, cluster_id, srid, offline=offline, lang=lang),
        HoseDistances(houses, lang=lang),
        Alleys(
            found("fire.alleys", **values),
            parameters=run["parameters"],
            numbers={} if work is None else work.numbers,
            lang=lang,
        ),
        Breaks(found("fire.firebreaks", **values), lang=lang),
        WaterCover(water, lang=lang),
        Water(water, lang=lang),
    ]
    fire: dict[str, Any] = {}
    if work is not None:
        this = {"run_id": run["run_id"], "cluster_id": cluster_id}
        gaps = found("fire.gaps", **this)
        layers.append(Gaps(gaps, lang=lang))
        layers.append(BurnClusters(houses, read(connection, "fire.burn", **this), lang=lang))
        fire = _told(run["parameters"], zh=zh) | {"gaps": _gap_rows(gaps.rows)}
        if offline:
            layers += _work_drawn(work, srid, lang=lang)
            fire["summary"] = route.describe_patrol(work, zh=zh)
        else:
            fire |= {
                "work": f"/api/clusters/{cluster_id}/patrol?run={run['run_id']}",
                "workLayers": [Patrol(lang=lang).spec, Staging(lang=lang).spec],
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
        subtitle=_subtitle(county, run, None if whole else shown[0], zh=zh),
        bounds=bounds,
        extent=None if offline else data_extent(connection),
        config=config,
        layers=drawn(layers),
        bundle="fire",
        facts=_totals(connection, run["run_id"], zh=zh) if whole else figures(shown[0], zh=zh),
        notes=_notes(run["parameters"], clusters, shown, zh=zh, none=not clusters),
        simulated=_simulated(connection),
        lang=lang,
        links=[] if offline else _links(cluster_id, zh=zh),
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


def _gap_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the gaps for the width slider: mean width, length, class, and the two houses by number; narrowest first."""
    kinds = list(CLASS)
    houses: dict[Any, int] = {}
    listed = []
    for position, row in enumerate(rows):
        # A neighbour whose number the reader may not see is still a house, and counts once for each gap.
        a, b = (houses.setdefault(row[side] or (side, position), len(houses)) for side in ("building_a", "building_b"))
        listed.append([round(row["mean_width_m"], 3), round(row["length_m"], 2), kinds.index(row["class"]), a, b])
    return {"classes": kinds, "rows": sorted(listed)}


def _work_drawn(work: Work, srid: int, *, lang: str) -> list[FeatureLayer]:
    """Return patrol and staging points as layers, for a file that can ask nobody."""
    zh = lang == "zh"

    def features(marks: list[Any]) -> list[dict[str, Any]]:
        shapes: Any = to_degrees(np.array([mark.shape for mark in marks], dtype=object), srid) if marks else []
        return [
            feature(shape, {"kind": mark.properties.get("kind") or mark.properties["mark"]}, mark.facts)
            for mark, shape in zip(marks, leaflet_shapes(shapes), strict=True)
        ]

    return [
        Patrol(features(route.steps(work, zh=zh)), lang=lang), Staging(features(route.places(work, zh=zh)), lang=lang),
    ]  # fmt: skip


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


def _around(
    connection: Connection, values: dict[str, Any], cluster_id: int | None, srid: int, *, offline: bool, lang: str
) -> Houses:
    """Return the houses that stand around what is drawn, so that the map can be read."""
    limit = get_settings().inline_limit
    rows: list[dict[str, Any]] = []
    if cluster_id is not None:
        rows = read(connection, "fire.around", run_id=values["run_id"], cluster_id=cluster_id, limit=limit)
    elif offline:
        rows = read(connection, "fire.rest", **values, limit=limit)
    zh = lang == "zh"
    return Houses(
        of_rows(rows, srid),
        lang=lang,
        name="其他房屋" if zh else "Other houses",
        key="不在所画连片区" if zh else "in no cluster drawn",
        identifier="around",
    )


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
