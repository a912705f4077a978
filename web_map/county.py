"""The county's start page: what a county head asks for, by township, on a map and in tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_COLOR
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.export.table import Table
from gis_service.figures.tables import OVERVIEW, Runs, department_table, place_tables, runs_of
from web_map.frame import Page
from web_map.layers import Boundaries
from web_map.parts import all_houses, attribution, boundaries_of, county_of, drawn, extent_of
from web_map.tables import shown

# What the circles of the map can show; the first is shown at first.
_MEASURES = ("severe", "some", "priority", "in_clusters", "unreached", "unjudged")


def county_page(connection: Connection, lang: str = "zh") -> Page:
    """Return the start page for whoever asks: the figures count what they may see.

    Raises
    ------
    NotFoundError
        The database has neither houses nor areas.

    """
    zh = lang == "zh"
    srid = work_srid()
    runs = runs_of(connection)
    overview, annex1 = place_tables(connection, runs)
    boundaries = boundaries_of(connection, srid)
    county = county_of(connection)
    head = connection.execute(text(statement("maps.headline"))).mappings().one()
    link = "/map/township/{code}" + ("" if zh else "?lang=en")
    config: dict[str, Any] = {
        "attribution": attribution(county, zh=zh),
        "search": f"/api/search?lang={lang}&q=",
        "circles": _circles(overview, zh=zh, lang=lang),
    }
    # The circles carry the names.
    outlined = drawn([Boundaries(boundaries, labels=False, filled=True, lang=lang)])
    return Page(
        title="自建房安全专项整治一张图" if zh else "Self-built houses: the county at a glance",
        subtitle=county["name"] if county else "",
        bounds=extent_of(connection),
        config=config,
        layers=outlined or [all_houses(lang=lang)],
        facts=_facts(overview, zh=zh),
        notes=_notes(runs, zh=zh),
        simulated=bool(head["simulated"]),
        lang=lang,
        links=_links(zh=zh),
        tables=[shown(overview, lang, link), shown(annex1, lang, link), shown(department_table(connection), lang)],
        current="/",
    )


def _circles(overview: Table, *, zh: bool, lang: str) -> dict[str, Any]:
    names = {name: (zh_name if zh else en_name) for name, zh_name, en_name in OVERVIEW}
    position = {name: i for i, (name, _, _) in enumerate(OVERVIEW)}
    return {
        "label": "圆圈大小" if zh else "Circles show",
        "measures": [{"id": m, "name": names[m], "color": HAZARD_COLOR.get(m, "#1f4e79")} for m in _MEASURES],
        "places": [
            {
                "name": row.label,
                "c": row.c,
                "href": f"/map/township/{row.code}" + ("" if lang == "zh" else "?lang=en"),
                "values": {m: row.values[position[m]] for m in _MEASURES},
            }
            for row in overview.rows
            if row.c is not None and row.code
        ],
    }


def _facts(overview: Table, *, zh: bool) -> list[tuple[str, str]]:
    total = dict(zip((name for name, _, _ in overview.columns), overview.total, strict=True))
    names = {name: (zh_name if zh else en_name) for name, zh_name, en_name in overview.columns}
    return [(names[m], f"{total[m]:,}") for m in ("houses", "operating", "severe", "some", "priority", "unreached")]


def _notes(runs: Runs, *, zh: bool) -> list[str]:
    notes = []
    if runs.selection is None:
        notes.append(
            "尚未发布名单，“优先排查”各栏为 0。"
            if zh
            else "No list is published: the column of houses to inspect shows 0."
        )
    else:
        notes.append(
            f"优先排查：第 {runs.selection} 号名单（全部房屋和其中经营性房屋分列）。"
            if zh
            else f"To inspect first: list {runs.selection}."
        )
    if runs.density is None:
        notes.append("还没有连片区分析结果，连片区各栏为 0。" if zh else "No density run yet: its columns show 0.")
    else:
        notes.append(
            f"连片区、水带不可达：第 {runs.density} 号分析。"
            if zh
            else f"Clusters, unreached: density run {runs.density}."
        )
    notes.append(
        "经营性＝经营性自建房和住宅兼经营性自建房。隐患分级按《自建房结构安全排查技术要点（暂行）》。"
        if zh
        else "In business: commercial and mixed use. Hazard tiers after the Ministry's technical points (2022)."
    )
    return notes


def _links(*, zh: bool) -> list[tuple[str, str]]:
    return [
        ("下载表格 xlsx" if zh else "Tables (xlsx)", "/api/figures/export"),
        ("English" if zh else "中文", "?lang=en" if zh else "?lang=zh"),
    ]
