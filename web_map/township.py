"""A township's hazard map: its houses by tier, those to go to and why, dense clusters that touch it, counts by village."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.export.table import Table
from gis_service.facts.duty import ACTIONS, duty
from gis_service.facts.symbols import TIER_MARK
from gis_service.figures.tables import Runs, place_tables, runs_of
from gis_service.figures.worklist import township_list
from gis_service.selection.reasons import house_facts
from gis_service.settings import get_settings
from web_map.frame import Page
from web_map.layers import Asked, Clusters, HazardTiers, Listed, Tiles, Veil
from web_map.layers.features import middle
from web_map.layers.source import of_rows
from web_map.parts import (
    attribution,
    boundaries_of,
    county_of,
    data_extent,
    drawn,
    ground_layers,
    joined,
    place_names,
    read,
    relief,
    shapes_of,
    with_ground,
)
from web_map.tables import shown

_LIST_MAX = 300


def township_page(connection: Connection, township: str, *, offline: bool, lang: str = "zh") -> Page:
    """Return the page of one township (9 digits) for whoever asks.

    An offline file holds all houses of the township, those to go to with their reasons.

    Raises
    ------
    NotFoundError
        There is no such township, or nothing of it is the asker's to see.

    """
    zh = lang == "zh"
    srid = work_srid()
    place, bounds = _place(connection, township)
    runs = runs_of(connection)
    overview, annex1 = place_tables(connection, runs, township)
    boundaries = boundaries_of(connection, srid)
    most = get_settings().inline_limit if offline else _LIST_MAX
    listed = township_list(connection, township, most + 1)
    left_out = len(listed) > most
    listed = listed[:most]
    shapes = shapes_of(listed, srid)
    clusters = read(connection, "figures.township_clusters", township=township, density_run=runs.density)
    county = county_of(connection)
    tiled = None if offline else with_ground("buildings", "names")
    ground = ground_layers(connection, boundaries, srid, lang=lang, tiled=tiled)
    head = connection.execute(text(statement("maps.headline"))).mappings().one()
    # A served page has their shapes and titles, and asks for what a click tells.
    of_house = None if offline else Asked("/api/buildings/")
    of_cluster = None if offline else Asked("/api/clusters/", "cluster_id", f"?run={runs.density}")
    layers = drawn(
        [
            relief(bounds, simulated=bool(head["simulated"]), lang=lang, offline=offline),
            *ground, _houses(connection, township, srid, tiled=tiled, lang=lang),
            Veil(of_rows([place], srid), lang=lang) if place and place["geom"] is not None else None,
            Clusters(
                of_rows(clusters, srid), dots=False, asked=of_cluster, lang=lang,
                name="密集连片区" if zh else "Dense clusters",
            ),
            Listed(of_rows(listed, srid), asked=of_house, lang=lang), place_names(tiled, lang=lang) if tiled else None,
        ]
    )  # fmt: skip
    list_name = "工作清单：严重、一定隐患和优先排查" if zh else "To work from: hazards and priorities"
    config: dict[str, Any] = {"attribution": attribution(county, zh=zh)}
    if offline:
        config["list"] = _list(listed, shapes, lang=lang)
        config["listTitle"] = list_name + _how_many(len(listed), left_out=left_out, zh=zh)
        config["places"] = [
            {"label": " ".join(str(p) for p in (row["name"], row["building_id"]) if p), "c": middle(shape), "zoom": 19, "k": row["building_id"]}
            for row, shape in zip(listed, shapes, strict=True)
        ]  # fmt: skip
    else:
        config["search"] = f"/api/search?lang={lang}&q="
        config["worklist"] = {"title": list_name, **_worklist(connection, township, zh=zh)}
    name = place["name"] if place else township
    return Page(
        title=f"{name}自建房安全隐患图" if zh else f"{name}: hazards of self-built houses",
        subtitle=_subtitle(county, runs, zh=zh),
        bounds=bounds,
        extent=None if offline else data_extent(connection),
        config=config,
        layers=layers,
        facts=_facts(overview, zh=zh),
        notes=_notes(place, len(listed), left_out=left_out, zh=zh),
        simulated=bool(head["simulated"]),
        lang=lang,
        links=[] if offline else _links(township, zh=zh),
        tables=[shown(overview, lang), shown(annex1, lang)],
        current="/map/township",
    )


def no_such_township(township: str) -> NotFoundError:
    """Return the refusal of a township that does not exist or is not the asker's."""
    return NotFoundError(
        f"没有代码为 {township} 的乡镇，或其中没有您可以查看的数据。",
        f"There is no township {township}, or nothing in it is yours to see.",
    )


def _place(connection: Connection, township: str) -> tuple[dict[str, Any] | None, tuple[float, float, float, float]]:
    places = read(connection, "figures.township", township=township)
    box = connection.execute(text(statement("figures.township_extent")), {"township": township}).one_or_none()
    if box is None:
        raise no_such_township(township)
    west, south, east, north = (float(v) for v in box)
    return (places[0] if places else None), (south, west, north, east)


def _houses(connection: Connection, township: str, srid: int, *, tiled: str | None, lang: str) -> HazardTiers:
    """Return the houses as tiles; for a file all of the township in it, each in few bytes and with few facts.

    Those to go to are drawn once more, with all of theirs.
    """
    if tiled is not None:
        return HazardTiers(Tiles(tiled, "buildings", asked=Asked("/api/buildings/", "building_id")), lang=lang)
    rows = read(connection, "figures.township_houses", township=township)
    return HazardTiers(of_rows(rows, srid), packed=True, lang=lang)


def _list(listed: list[dict[str, Any]], shapes: Any, *, lang: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for rank, (row, shape) in enumerate(zip(listed[:_LIST_MAX], shapes, strict=False), start=1):
        facts = house_facts(row, lang)
        tier = HAZARD_TIER[row["hazard_tier"]] if lang == "zh" else row["hazard_tier"]
        place = " · ".join(filter(None, (row["village"], duty(row, zh=lang == "zh"))))
        why = joined(facts["reasons"], zh=lang == "zh") or tier
        items.append(
            {
                "rank": rank, "label": f"{facts['title']}", "score": TIER_MARK.get(row["hazard_tier"], ""),
                "why": " · ".join(filter(None, (place, why))), "c": middle(shape), "k": row["building_id"],
            }
        )  # fmt: skip
    return items


def _worklist(connection: Connection, township: str, *, zh: bool) -> dict[str, Any]:
    """Return what ``worklist.js`` asks the service for, and the choices of its filters."""
    said = 0 if zh else 1
    return {
        "pages": f"/api/figures/worklist?township={township}",
        "file": f"/api/figures/list?township={township}",
        "village": [
            {"value": row["code"], "title": row["name"]}
            for row in read(connection, "figures.village_codes", township=township)
        ],
        "tier": [{"value": tier, "title": name if zh else tier} for tier, name in HAZARD_TIER.items()],
        "action": [{"value": action, "title": names[said]} for action, names in ACTIONS.items()],
        "marks": TIER_MARK,
    }


def _how_many(listed: int, *, left_out: bool, zh: bool) -> str:
    first = min(listed, _LIST_MAX)
    if first == listed and not left_out:
        return f"（{listed} 栋）" if zh else f" ({listed})"
    return f"（列前 {first} 栋，其余见导出名单）" if zh else f" (the first {first}; the rest in the export)"


def _subtitle(county: Any, runs: Runs, *, zh: bool) -> str:
    name = county["name"] if county else ""
    parts = [name]
    if runs.selection is not None:
        parts.append(f"第 {runs.selection} 号名单" if zh else f"list {runs.selection}")
    else:
        parts.append("尚未发布名单" if zh else "no list is published")
    if runs.density is not None:
        parts.append(f"第 {runs.density} 号分析" if zh else f"density run {runs.density}")
    return " · ".join(part for part in parts if part)


def _facts(overview: Table, *, zh: bool) -> list[tuple[str, str]]:
    total = dict(zip((name for name, _, _ in overview.columns), overview.total, strict=True))
    names = {name: (zh_name if zh else en_name) for name, zh_name, en_name in overview.columns}
    return [(names[m], f"{total[m]:,}") for m in ("houses", "operating", "severe", "some", "priority", "clusters")]


def _notes(place: dict[str, Any] | None, listed: int, *, left_out: bool, zh: bool) -> list[str]:
    notes = []
    if place is not None and place["schematic"]:
        notes.append("乡镇和村的界线为示意，不是真实界线。" if zh else "Township and village boundaries are schematic.")
    if listed == 0:
        notes.append(
            "没有严重、一定隐患房屋，也没有优先排查房屋。"
            if zh
            else "No house with a hazard and none on the priority list."
        )
    if left_out:
        notes.append(
            f"圈出的是最急的 {listed:,} 栋，其余优先排查房屋见导出名单。"
            if zh
            else f"Ringed are the {listed:,} most urgent houses; the export lists them all."
        )
    notes.append(
        "隐患分级和颜色按住建部《自建房结构安全排查技术要点（暂行）》；圈内“严”“定”为严重、一定隐患。"
        if zh
        else "Tiers and colours after the Ministry's technical points (2022); 严 severe, 定 some."
    )
    return notes


def _links(township: str, *, zh: bool) -> list[tuple[str, str]]:
    return [
        ("下载表格 xlsx" if zh else "Tables (xlsx)", f"/api/figures/export?township={township}"),
        ("下载名单 xlsx" if zh else "List (xlsx)", f"/api/figures/list?township={township}"),
        ("A3 挂图 PDF" if zh else "A3 wall map", f"/map/township/{township}/sheet.pdf"),
        ("断网可用的文件" if zh else "Offline file", f"/map/township/{township}/offline"),
        ("English" if zh else "中文", "?lang=en" if zh else "?lang=zh"),
    ]
