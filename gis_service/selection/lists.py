"""The list of a run as a table of places, for files and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from gis_service.codelists import HAZARD_TIER
from gis_service.db.engine import work_srid
from gis_service.db.queries import part, statement
from gis_service.errors import NotFoundError
from gis_service.facts.duty import LABEL, duty
from gis_service.facts.house import HOUSE
from gis_service.selection.reasons import phrases
from gis_service.selection.select import compare, latest_run

_LABELS = {column: fact.zh for column, fact in HOUSE.items()}
HEADINGS = {
    "rank": "序号",
    **{column: _LABELS[column] for column in ("building_id", "name", "address", "township", "village", "score")},
    "duty": LABEL[0],
    "reasons": "选取原因",
    **_LABELS,  # those that are not there yet
    "simulated": "模拟数据",
    "lon": "经度",
    "lat": "纬度",
}
"""Columns of a list and what stands over them."""


@dataclass(frozen=True)
class Narrowed:
    """Which houses of a list are shown: all conditions hold together; None and empty ask for nothing.

    ``text`` is part of a house's name, number, address or village, letter by letter.
    """

    operating: bool = False
    township: str | None = None
    village: str | None = None
    tier: str | None = None
    min_score: float | None = None
    text: str | None = None

    def values(self) -> dict[str, Any]:
        """Return the values that ``runs.selected`` and ``runs.page`` bind."""
        said = (self.text or "").strip().replace("\0", "")
        return {
            "operating": self.operating, "township": self.township or None, "village": self.village or None,
            "tier": self.tier or None, "min_score": self.min_score, "pattern": part(said) if said else None,
        }  # fmt: skip

    def sentence(self, names: Mapping[str, str], lang: str = "zh") -> str:
        """Return in words what is shown; empty where all of the list is. ``names`` are of places, by their codes."""
        zh = lang == "zh"
        said = [
            ("经营性房屋" if zh else "operating houses") if self.operating else "",
            names.get(self.village or self.township or "", self.village or self.township or ""),
            (HAZARD_TIER.get(self.tier, self.tier) if zh else self.tier) if self.tier else "",
            (f"优先分不低于 {self.min_score:g}" if zh else f"score at least {self.min_score:g}")
            if self.min_score is not None
            else "",
            (f"含“{self.text}”" if zh else f"with “{self.text}”") if self.text else "",
        ]
        return ("、" if zh else ", ").join(filter(None, said))


ALL = Narrowed()


def rows_of(
    connection: Connection, run_id: int, limit: int | None = None, narrowed: Narrowed = ALL
) -> list[dict[str, Any]]:
    """Return a run's buildings, the highest score first: columns of ``runs.selected``, ``geom`` as WKB."""
    values = {"run_id": run_id, "density_run": latest_run(connection, "density"), "limit": limit, **narrowed.values()}
    return [dict(row) for row in connection.execute(text(statement("runs.selected")), values).mappings()]


def one_of(connection: Connection, run_id: int, building_id: str) -> dict[str, Any]:
    """Return one building of a run's list: columns of ``runs.one_selected``, its middle in degrees.

    Raises
    ------
    NotFoundError
        It is not on the list, or the asker may not see it.

    """
    values = {"run_id": run_id, "density_run": latest_run(connection, "density"), "building_id": building_id}
    row = None
    if "\0" not in building_id:  # PostgreSQL knows no such text
        row = connection.execute(text(statement("runs.one_selected")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError("名单里没有这栋房屋。", "That building is not on the list.")
    return dict(row)


def selected_frame(connection: Connection, run_id: int, lang: str = "zh", narrowed: Narrowed = ALL) -> gpd.GeoDataFrame:
    """Return a run's list as a person reads it, geometry in the work CRS."""
    return frame_of_rows(rows_of(connection, run_id, None, narrowed), lang)


def frame_of_rows(rows: list[dict[str, Any]], lang: str = "zh") -> gpd.GeoDataFrame:
    """Return rows as ``rows_of`` gives them as a person reads them; score and reasons may be null."""
    frame = pd.DataFrame(rows, columns=[*(name for name in HEADINGS if name not in {"rank", "lon", "lat"}), "geom"])
    frame.insert(0, "rank", range(1, len(frame) + 1))
    frame["duty"] = [duty(row, zh=lang == "zh") for row in rows]
    frame["score"] = frame["score"].astype(float)
    frame["reasons"] = [phrases(reasons, lang) for reasons in frame["reasons"]]
    for name, fact in HOUSE.items():
        if fact.words is not None:
            frame[name] = [fact.worded(value, zh=lang == "zh") for value in frame[name]]
    for name in ("floors", "people"):
        frame[name] = frame[name].astype("Int64")
    shapes = shapely.from_wkb([bytes(g) for g in frame.pop("geom")])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=work_srid())


CHANGE = {"new": ("新增", "new"), "gone": ("移出", "gone"), "changed": ("分值或原因有变", "other score or reasons")}
"""How a house of one list stands in another, in Chinese and in English."""
DIFFERENCE_HEADINGS = (
    "变化", "房屋编号", "名称", "乡镇", "村（社区）", "原优先分", "现优先分", "原选取原因", "现选取原因",
)  # fmt: skip


def difference_rows(connection: Connection, before: int, after: int) -> list[tuple[Any, ...]]:
    """Return what differs between two lists, one row a house under ``DIFFERENCE_HEADINGS``."""
    return [
        (
            CHANGE[change][0], row["building_id"], row["name"], row["township"], row["village"], row["score_before"],
            row["score_after"], "；".join(phrases(row["reasons_before"], "zh")),
            "；".join(phrases(row["reasons_after"], "zh")),
        )
        for change, rows in compare(connection, before, after).items()
        for row in rows
    ]  # fmt: skip
