"""Counts by township, village and department, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gis_service.codelists import DEPARTMENT
from gis_service.db.queries import statement
from gis_service.export.table import Row, Table
from gis_service.selection.select import latest_run

OVERVIEW = (
    ("houses", "房屋", "houses"),
    ("operating", "经营性", "in business"),
    ("severe", "严重隐患", "severe"),
    ("some", "一定隐患", "some"),
    ("none_found", "未发现", "none found"),
    ("unjudged", "未判定", "unjudged"),
    ("priority", "优先排查", "to inspect first"),
    ("clusters", "连片区", "clusters"),
    ("in_clusters", "片内房屋", "in clusters"),
    ("unreached", "水带不可达", "unreached"),
)
# The headings of the notice's two annexes (东兰, 2022-09-08), with the tiers that they stand for (docs/domain.md#hazard-tiers).
ANNEX = (
    ("operating_judged", "已判定", "judged"),
    ("operating_severe", "需要管控并进行安全鉴定", "severe: control and appraise"),
    ("operating_some", "需要安全鉴定", "some: appraise"),
    ("operating_none_found", "基本安全", "basically safe"),
)
_NOT_SUMMED = "clusters"


@dataclass(frozen=True)
class Runs:
    """The runs that figures are of; None where nothing was selected or analysed yet."""

    selection: int | None
    density: int | None


def runs_of(connection: Connection) -> Runs:
    """Return the newest runs that the asker may see."""
    return Runs(latest_run(connection, "selection"), latest_run(connection, "density"))


def _places(connection: Connection, runs: Runs, township: str | None) -> list[dict[str, Any]]:
    rows = connection.execute(
        text(statement("figures.by_place")),
        {"township": township, "selection_run": runs.selection, "density_run": runs.density},
    ).mappings()
    return [dict(row) for row in rows]


def _rows(places: list[dict[str, Any]], columns: tuple[tuple[str, str, str], ...]) -> tuple[Row, ...]:
    return tuple(
        Row(
            p["name"] or p["code"] or "未填写",
            p["code"],
            tuple(int(p[name]) for name, _, _ in columns),
            None if p["lat"] is None else (round(p["lat"], 6), round(p["lon"], 6)),
        )
        for p in places
    )


def _sum(rows: tuple[Row, ...], count: int) -> list[int]:
    return [sum(row.values[i] for row in rows) for i in range(count)]


def place_tables(connection: Connection, runs: Runs, township: str | None = None) -> tuple[Table, Table]:
    """Return the overview and annex 1: by township, or by village of ``township``."""
    places = _places(connection, runs, township)
    of = ("乡镇", "township") if township is None else ("村（社区）", "village")
    overview = _rows(places, OVERVIEW)
    total = _sum(overview, len(OVERVIEW))
    clusters = next(i for i, column in enumerate(OVERVIEW) if column[0] == _NOT_SUMMED)
    summed = total[clusters]
    total[clusters] = int(
        connection.execute(
            text(statement("figures.clusters")), {"density_run": runs.density, "township": township}
        ).scalar_one()
    )
    notes: list[tuple[str, str]] = []
    if summed != total[clusters]:
        notes.append(
            (
                f"连片区跨界时在所涉{of[0]}各计一次，合计按不重复计（各行相加 {summed:,}，合计 {total[clusters]:,}）。",
                f"A cluster across a border counts for each {of[1]}; the total counts it once "
                f"(rows add up to {summed:,}, total {total[clusters]:,}).",
            )
        )
    annex = _rows(places, ANNEX)
    return (
        Table(
            "overview", ("总体情况", "Overview"), of, OVERVIEW, overview, tuple(total), tuple(notes),
        ),
        Table(
            "annex1",
            ("附件1 经营性自建房初步判定情况" + ("（按乡镇）" if township is None else "（按村）"),
             "Annex 1: operating houses by hazard tier"),
            of, ANNEX, annex, tuple(_sum(annex, len(ANNEX))),
        ),
    )  # fmt: skip


def department_table(connection: Connection) -> Table:
    """Return annex 2: operating houses by department; a house of two departments counts under each, and it says so."""
    found = [dict(row) for row in connection.execute(text(statement("figures.by_department"))).mappings()]
    rows = tuple(
        Row(
            DEPARTMENT.get(r["department"], r["department"]) if r["department"] else "未明确行业部门",
            r["department"],
            tuple(int(r[name]) for name, _, _ in ANNEX),
            label_en=r["department"].replace("_", " ") if r["department"] else "no department named",
        )
        for r in found
    )
    shared = connection.execute(text(statement("figures.shared_houses"))).mappings().one()
    notes: list[tuple[str, str]] = []
    if shared["extra"]:
        notes.append(
            (
                f"{shared['houses']:,} 栋由多个部门共管，在各部门分别计数，因此合计比附件1多 {shared['extra']:,} 栋。",
                f"{shared['houses']:,} houses are in charge of several departments and count under each: the total is "
                f"{shared['extra']:,} more than annex 1's.",
            )
        )
    return Table(
        "annex2", ("附件2 行业部门经营性自建房初步判定情况", "Annex 2: operating houses by department"),
        ("行业部门", "department"), ANNEX, rows, tuple(_sum(rows, len(ANNEX))), tuple(notes),
    )  # fmt: skip


WORST = (
    ("buildings", "房屋", "houses"),
    ("operating", "经营性", "in business"),
    ("severe", "严重隐患", "severe"),
    ("some", "一定隐患", "some"),
    ("share", "隐患占比%", "hazards %"),
    ("coverage", "建筑密度%", "coverage %"),
)
_WORST_MAX = 10


def worst_clusters(connection: Connection, runs: Runs) -> Table:
    """Return the dense clusters with most hazards (重灾区, 融政规〔2022〕6号 二(四)5): by hazards, their share, the coverage.

    The order is ours: the notice asks for the places to be treated as a whole and sets no measure.
    """
    found = connection.execute(
        text(statement("figures.worst_clusters")), {"density_run": runs.density, "limit": _WORST_MAX}
    ).mappings()
    rows = tuple(
        Row(
            f"{n}. {r['name'] or '连片区'} #{r['cluster_id']}", str(r["cluster_id"]),
            (r["buildings"], r["operating"], r["severe"], r["some"], round(100 * (r["severe"] + r["some"]) / r["buildings"]), r["coverage"]),
            label_en=f"{n}. {r['name'] or 'cluster'} #{r['cluster_id']}",
        )
        for n, r in enumerate(found, start=1)
    )  # fmt: skip
    note = (
        "按隐患房屋数、隐患占比、建筑密度排列的前10个连片区；排列方法为本系统所定。",
        "The first ten by hazards, their share, and the coverage; the order is this system's own.",
    )
    return Table(
        "worst", ("重灾区：隐患最多的连片区", "Worst clusters"), ("连片区", "cluster"), WORST, rows, (), (note,) if rows else ()
    )  # fmt: skip


def hazards_by_unit(connection: Connection) -> list[dict[str, Any]]:
    """Return hazards of operating houses by unit as their cases stand: those with most overdue first, then the least done."""
    return [dict(row) for row in connection.execute(text(statement("figures.hazards_by_unit"))).mappings()]
