"""The county's start page: what a county head asks for, by township, on a map and in tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, text

from gis_service.bulletins.course import Course, course
from gis_service.bulletins.progress import STEPS, STEPS_EN
from gis_service.codelists import HAZARD_COLOR
from gis_service.db.day import today
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.export.table import Table
from gis_service.figures.tables import (
    OVERVIEW,
    Runs,
    department_table,
    hazards_by_unit,
    place_tables,
    runs_of,
    worst_clusters,
)
from web_map.charts import Bar, Cell, Chart, Series, bars, lines
from web_map.frame import Page
from web_map.layers import Boundaries
from web_map.parts import all_houses, attribution, boundaries_of, county_of, drawn, extent_of
from web_map.tables import shown

_BARS_MAX = 30
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
    worst, units = worst_clusters(connection, runs), hazards_by_unit(connection)
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
        facts=_facts(overview, units, zh=zh),
        notes=_notes(runs, zh=zh),
        simulated=bool(head["simulated"]),
        lang=lang,
        links=_links(zh=zh),
        charts=_charts(units, course(connection, today()), zh=zh),
        tables=[
            shown(overview, lang, link),
            shown(annex1, lang, link),
            shown(department_table(connection), lang),
            *([shown(worst, lang, "/map/fire/{code}" + ("" if zh else "?lang=en"))] if worst.rows else []),
        ],
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


def _charts(units: list[dict[str, Any]], made: Course, *, zh: bool) -> list[Chart]:
    """Return who is overdue or has done least, and the course of the campaign; nothing where there is nothing."""
    found = []
    if units:
        title = "经营性自建房隐患整治（逾期多者在前）" if zh else "Hazards of operating houses (most overdue first)"
        note = "{done}/{hazards}，逾期 {overdue}" if zh else "{done}/{hazards}, {overdue} overdue"
        headings = ["单位", "已完成", "整治中", "隐患", ""] if zh else ["unit", "done", "in progress", "hazards", ""]
        shown = units[:_BARS_MAX]
        rows = [
            Bar(u["name"] or "—", u["done"], u["working"], u["hazards"], note.format(**u), _ledger(u, zh=zh))
            for u in shown
        ]
        numbers = replace(
            bars(title, rows, headings),
            headings=["单位" if zh else "unit", *((words if zh else en) for _, words, en, _ in _STATES)],
            rows=[[u["name"] or "—", *(_counted(u, *state, zh=zh) for state in _STATES)] for u in shown],
        )
        found.append(numbers)
    if made.days:
        words = STEPS if zh else STEPS_EN
        marks = [(one.due, words[one.step]) for one in made.deadlines]
        found.append(
            lines(
                "经营性自建房隐患：发现、采取措施、完成整治" if zh else "Hazards: found, dealt with, rectified",
                made.days,
                [
                    Series("累计发现" if zh else "found", "#5a6675", "", made.found),
                    Series("已采取措施" if zh else "dealt with", "#b26a00", "7 3", made.acted),
                    Series("已完成整治" if zh else "rectified", "#1f4e79", "2 2", made.done),
                ],
                marks,
            )
        )
        found.append(
            lines(
                "经营性自建房初步判定（累计）" if zh else "Operating houses judged so far",
                made.days, [Series("已判定" if zh else "judged", "#1f4e79", "", made.judged)], marks,
            )
        )  # fmt: skip
    return found


_STATES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("overdue", "逾期", "overdue", {"overdue": "true"}),
    ("pending", "待整治", "pending", {"state": "pending"}),
    ("working", "整治中", "in progress", {"state": "in_progress"}),
    ("accepted", "已验收", "accepted", {"state": "accepted"}),
    ("cleared", "已销号", "struck off", {"state": "cleared"}),
    ("hazards", "隐患", "hazards", {}),
)
"""What the ledger counts of a unit, in both languages, and by which filters it lists them."""


def _counted(unit: dict[str, Any], name: str, _zh: str, _en: str, more: dict[str, str], *, zh: bool) -> Cell:
    href = _ledger(unit, zh=zh, **more)
    return (f"{unit[name]:,}", href) if href else f"{unit[name]:,}"


def _ledger(unit: dict[str, Any], *, zh: bool, **more: str) -> str | None:
    """Return the ledger of a unit's structural hazards at operating houses; None of houses without a unit."""
    if not unit["code"]:
        return None
    asked = {"unit": unit["code"], "kind": "structure"} | more | ({} if zh else {"lang": "en"})
    return f"/cases?{urlencode(asked)}"


def _facts(overview: Table, units: list[dict[str, Any]], *, zh: bool) -> list[tuple[str, str]]:
    total = dict(zip((name for name, _, _ in overview.columns), overview.total, strict=True))
    names = {name: (zh_name if zh else en_name) for name, zh_name, en_name in overview.columns}
    overdue = sum(unit["overdue"] for unit in units)
    first = ("整治逾期" if zh else "overdue", f"{overdue:,}")
    return [
        first,
        *((names[m], f"{total[m]:,}") for m in ("houses", "operating", "severe", "some", "priority")),
    ]


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
        ("通报" if zh else "Bulletins", "/bulletins" + ("" if zh else "?lang=en")),
        ("统计表" if zh else "Tables by unit", "/tables" + ("" if zh else "?lang=en")),
        ("下载表格 xlsx" if zh else "Tables (xlsx)", "/api/figures/export"),
        ("English" if zh else "中文", "?lang=en" if zh else "?lang=zh"),
    ]
