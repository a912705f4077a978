"""The houses behind a number of a bulletin, as rows for a page and for a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from gis_service.bulletins.count import STATUS, STATUS_EN, TIERS, TIERS_EN, Cut, House
from gis_service.bulletins.snapshot import Bulletin
from gis_service.codelists import HAZARD_TIER
from gis_service.db.queries import statement

SHOWN_MAX = 500
HEADINGS = (
    "房屋编号", "名称", "地址", "填报单位", "村（社区）", "经营性", "初步判定", "鉴定等级", "结构隐患", "整治情况", "管控", "逾期", "补录",
)  # fmt: skip


def named(connection: Connection, houses: list[House]) -> list[dict[str, Any]]:
    """Return houses as they were counted, with name, address and place as the record has them today."""
    ids = [house.building_id for house in houses]
    rows = connection.execute(text(statement("bulletins.named")), {"ids": ids}).mappings()
    known = {row["building_id"]: dict(row) for row in rows}
    nothing = {"name": None, "address": None, "unit": None, "village": None}
    return [house.as_row() | known.get(house.building_id, nothing) for house in houses]


def said(row: dict[str, Any], lang: str = "zh") -> dict[str, str]:
    """Return what a list says of a house in words."""
    zh = lang != "en"
    tiers, status = (TIERS, STATUS) if zh else (TIERS_EN, STATUS_EN)
    return {
        "use": ("经营性" if row["operating"] else "其他") if zh else ("operating" if row["operating"] else "other"),
        "judged": (HAZARD_TIER[row["judged"]] if zh else row["judged"].replace("_", " ")) if row["judged"] else "—",
        "grade": row["grade"] or "—",
        "tier": tiers[row["tier"]] if row["tier"] else "—",
        "status": status[row["status"]] if row["status"] else "—",
    }


def file_rows(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return rows under ``HEADINGS``."""
    made = []
    for row in rows:
        words = said(row)
        made.append(
            (
                row["building_id"], row["name"], row["address"], row["unit"] or row["unit_code"], row["village"],
                "是" if row["operating"] else "否", words["judged"], words["grade"], words["tier"], words["status"],
                "已管控" if row["controlled"] else None, "逾期" if row["overdue"] else None, "补录" if row["late"] else None,
            )
        )  # fmt: skip
    return made


def cut_said(cut: Cut, made: Bulletin, lang: str) -> str:
    """Return a condition in words, as the heading of its list."""
    zh = lang != "en"
    names = {row[1]["cut"].get("unit"): row[0] for row in _unit_names(made)}
    words: dict[str, Callable[[Any], Any]] = {
        "unit": lambda v: names.get(v, v),
        "use": lambda v: {"operating": ("经营性自建房", "operating"), "other": ("其他自建房", "not operating")}[v],
        "stands": lambda _: ("现存", "standing"),
        "judged": lambda v: {"any": ("已初步判定", "judged"), "none": ("尚未判定", "unjudged")}.get(
            v, (f"初步判定{HAZARD_TIER.get(v, v)}", f"judged {v}")
        ),
        "grade": lambda v: {"any": ("已安全鉴定", "appraised"), "none": ("未鉴定", "not appraised")}.get(
            v, (f"鉴定{v}级", f"grade {v}")
        ),
        "tier": lambda v: ("存在结构安全隐患", "with a hazard") if v == "any" else (TIERS[v], TIERS_EN[v]),
        "status": lambda v: (STATUS[v], STATUS_EN[v]),
        "controlled": lambda v: ("管控中", "controlled") if v else ("没有管控", "not controlled"),
        "secured": lambda v: ("已管控或已整治", "controlled or rectified") if v else ("尚未管控", "not under control"),
        "overdue": lambda v: ("逾期", "overdue") if v else ("未逾期", "in time"),
        "changed": lambda v: ("较上期有变化", "changed since") if v else ("较上期无变化", "unchanged"),
        "new": lambda v: ("本期新增", "new") if v else ("上期已有", "known before"),
        "late": lambda v: ("补录、更正", "entered late") if v else ("非补录", "not entered late"),
        "others": lambda v: ("其他类别隐患", "other hazards") if v else ("无其他类别隐患", "no other hazard"),
    }
    said_: list[str] = []
    for name, value in vars_of(cut).items():
        found = words[name](value)
        said_.append(found if isinstance(found, str) else found[0 if zh else 1])
    return ("、" if zh else ", ").join(said_) or ("全部" if zh else "all")


def vars_of(cut: Cut) -> dict[str, Any]:
    """Return what a condition says, by name."""
    return {name: getattr(cut, name) for name in cut.query()}


def _unit_names(made: Bulletin) -> list[tuple[str, dict[str, Any]]]:
    table = next(table for table in made.body["tables"] if table["name"] == "units")
    return [(row[1], row[2]) for row in table["rows"]]
