"""The list of a run as a table of places, for files and pages."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection, text

from gis_service.db.engine import work_srid
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.facts.house import HOUSE
from gis_service.selection.reasons import phrases
from gis_service.selection.select import latest_run

_LABELS = {column: fact.zh for column, fact in HOUSE.items()}
HEADINGS = {
    "rank": "序号",
    **{column: _LABELS[column] for column in ("building_id", "name", "address", "township", "village", "score")},
    "reasons": "选取原因",
    **_LABELS,  # those that are not there yet
    "simulated": "模拟数据",
    "lon": "经度",
    "lat": "纬度",
}
"""Columns of a list and what stands over them."""


def rows_of(connection: Connection, run_id: int, limit: int | None = None) -> list[dict[str, Any]]:
    """Return a run's buildings, the highest score first: columns of ``runs.selected``, ``geom`` as WKB."""
    values = {"run_id": run_id, "density_run": latest_run(connection, "density"), "limit": limit}
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


def selected_frame(connection: Connection, run_id: int, lang: str = "zh") -> gpd.GeoDataFrame:
    """Return a run's list as a person reads it, geometry in the work CRS."""
    return frame_of_rows(rows_of(connection, run_id), lang)


def frame_of_rows(rows: list[dict[str, Any]], lang: str = "zh") -> gpd.GeoDataFrame:
    """Return rows as ``rows_of`` gives them as a person reads them; score and reasons may be null."""
    frame = pd.DataFrame(rows, columns=[*(name for name in HEADINGS if name not in {"rank", "lon", "lat"}), "geom"])
    frame.insert(0, "rank", range(1, len(frame) + 1))
    frame["score"] = frame["score"].astype(float)
    frame["reasons"] = [phrases(reasons, lang) for reasons in frame["reasons"]]
    for name, fact in HOUSE.items():
        if fact.words is not None:
            frame[name] = [fact.worded(value, zh=lang == "zh") for value in frame[name]]
    for name in ("floors", "people"):
        frame[name] = frame[name].astype("Int64")
    shapes = shapely.from_wkb([bytes(g) for g in frame.pop("geom")])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=work_srid())
