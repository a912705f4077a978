"""The list of a run as a table of places, for files and pages."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from gis_service.codelists import APPRAISAL_GRADE, BUSINESS_USE, HAZARD_TIER, STRUCTURE, USE_CLASS
from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.selection.phrases import phrase

HEADINGS = {
    "rank": "序号",
    "building_id": "房屋编号",
    "name": "名称",
    "address": "地址",
    "township": "乡镇",
    "village": "村（社区）",
    "score": "优先分",
    "reasons": "选取原因",
    "hazard_tier": "安全隐患",
    "appraisal_grade": "鉴定等级",
    "use_class": "房屋用途",
    "business_uses": "经营用途",
    "floors": "层数",
    "people": "人数",
    "structure": "结构类型",
    "simulated": "模拟数据",
    "lon": "经度",
    "lat": "纬度",
}
_NO_LIMIT = 10_000_000


def rows_of(connection: Connection, run_id: int, limit: int | None = None) -> list[dict[str, Any]]:
    """Return a run's buildings, the highest score first: columns of ``runs.selected``, ``geom`` as WKB."""
    result = connection.execute(text(statement("runs.selected")), {"run_id": run_id, "limit": limit or _NO_LIMIT})
    return [dict(row) for row in result.mappings()]


def places_of(connection: Connection, run_id: int, lang: str = "zh") -> gpd.GeoDataFrame:
    """Return a run's list as a person reads it, geometry in the work CRS."""
    return frame_of(rows_of(connection, run_id), lang)


def frame_of(rows: list[dict[str, Any]], lang: str = "zh") -> gpd.GeoDataFrame:
    """Return rows as ``rows_of`` gives them as a person reads them; score and reasons may be null."""
    frame = pd.DataFrame(rows, columns=[*(name for name in HEADINGS if name not in {"rank", "lon", "lat"}), "geom"])
    frame.insert(0, "rank", range(1, len(frame) + 1))
    frame["score"] = frame["score"].astype(float)
    frame["reasons"] = [
        [phrase(r, lang) for r in sorted(reasons or [], key=lambda r: -float(r["points"]))]
        for reasons in frame["reasons"]
    ]
    if lang == "zh":
        for name, words in (
            ("hazard_tier", HAZARD_TIER),
            ("appraisal_grade", APPRAISAL_GRADE),
            ("use_class", USE_CLASS),
            ("structure", STRUCTURE),
        ):
            frame[name] = frame[name].map(words)
        frame["business_uses"] = [[BUSINESS_USE[u] for u in uses] for uses in frame["business_uses"]]
    for name in ("floors", "people"):
        frame[name] = frame[name].astype("Int64")
    shapes = shapely.from_wkb([bytes(g) for g in frame.pop("geom")])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=work_srid())
