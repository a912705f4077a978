"""A plan as a GeoPackage of five layers, whole or not at all: docs/layers.md says what stands in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from pyproj import CRS

from gis_service.density.record import code_version
from gis_service.files import replacing, unwritable
from gis_service.inspection.model import Visit, clock
from gis_service.inspection.planner import Plan

_KINDS = {"stops": "Point", "routes": "LineString", "territories": "Polygon"}
_HULL_M = 1.0
"""Territories of one stop, or of stops in one line, are drawn so wide."""


def layers(
    plan: Plan,
    crs: CRS,
    *,
    done: gpd.GeoDataFrame | None = None,
    left_out: Sequence[tuple[str, str]] = (),
    seconds: float = 0.0,
    parameters: Mapping[str, Any] | None = None,
    sha256: str = "",
) -> dict[str, pd.DataFrame]:
    """Return the five layers of a plan; ``done`` are rows of an earlier one, which stay as they were."""
    stops = _stops(plan.visits, crs)
    if done is not None and len(done):
        stops = pd.concat([done[list(stops.columns)], stops], ignore_index=True)
    unplanned = sorted([(s.stop_id, why) for s, why in plan.unplanned] + list(left_out))
    return {
        "stops": stops,
        "routes": _routes(plan, crs),
        "territories": _territories(plan, crs),
        "unplanned": pd.DataFrame(unplanned, columns=["stop_id", "reason"], dtype=str),
        "summary": _summary(plan, len(stops), seconds, parameters or {}, sha256),
    }


def write(tables: Mapping[str, pd.DataFrame], out: Path) -> None:
    """Write the layers into ``out``."""
    with replacing(out) as path:
        try:
            for name, table in tables.items():
                kind = {"geometry_type": _KINDS[name], "promote_to_multi": False} if name in _KINDS else {}
                pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=path.exists(), **kind)
        except (OSError, DataSourceError) as error:
            raise unwritable(out, error) from error


def _stops(visits: Sequence[Visit], crs: CRS) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {
        "stop_id": pd.Series([v.stop.stop_id for v in visits], dtype=object),
        "team": pd.Series([v.team for v in visits], dtype=object),
        "day": pd.Series([v.day.isoformat() for v in visits], dtype=object),
        "seq": pd.Series([v.seq for v in visits], dtype="int32"),
        "arrive": pd.Series([clock(v.arrive_s) for v in visits], dtype=object),
        "leave": pd.Series([clock(v.leave_s) for v in visits], dtype=object),
        "travel_m": pd.Series([round(v.travel_m, 2) for v in visits], dtype=float),
        "minutes": pd.Series([v.stop.minutes for v in visits], dtype="int32"),
        "urgency": pd.Series([v.stop.urgency for v in visits], dtype="int32"),
        "pinned": pd.Series([v.stop.pinned for v in visits], dtype=bool),
    }
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(v.stop.x, v.stop.y) for v in visits], crs=crs)


def _routes(plan: Plan, crs: CRS) -> gpd.GeoDataFrame:
    rounds = plan.rounds
    columns: dict[str, Any] = {
        "team": pd.Series([r.team for r in rounds], dtype=object),
        "day": pd.Series([r.day.isoformat() for r in rounds], dtype=object),
        "stops": pd.Series([r.stops for r in rounds], dtype="int32"),
        "minutes": pd.Series([r.minutes for r in rounds], dtype="int32"),
        "travel_m": pd.Series([round(r.travel_m, 2) for r in rounds], dtype=float),
    }
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(r.points) for r in rounds], crs=crs)


def _territories(plan: Plan, crs: CRS) -> gpd.GeoDataFrame:
    by_team = {team.name: [v for v in plan.visits if v.team == team.name] for team in plan.teams}
    some = {name: visits for name, visits in by_team.items() if visits}
    columns: dict[str, Any] = {
        "team": pd.Series(list(some), dtype=object),
        "stops": pd.Series([len(v) for v in some.values()], dtype="int32"),
        "minutes": pd.Series([sum(x.stop.minutes for x in v) for v in some.values()], dtype="int32"),
        "villages": pd.Series([len({x.stop.village for x in v} - {None}) for v in some.values()], dtype="int32"),
    }
    hulls = [_hull(np.array([(x.stop.x, x.stop.y) for x in v])) for v in some.values()]
    return gpd.GeoDataFrame(columns, geometry=hulls, crs=crs)


def _hull(xy: np.ndarray[Any, Any]) -> shapely.Geometry:
    hull = shapely.MultiPoint(xy).convex_hull
    return hull if hull.geom_type == "Polygon" else hull.buffer(_HULL_M)


def _summary(plan: Plan, stops: int, seconds: float, parameters: Mapping[str, Any], sha256: str) -> pd.DataFrame:
    worth = plan.lift
    row: dict[str, Any] = {
        **{name: value for name, value in plan.figures.items() if name != "travel_share"},
        "stops": stops,
        "lift": worth.lift if worth else None,
        "random_lift": worth.random if worth else None,
        "kept_share": round(plan.kept[0] / plan.kept[1], 4) if plan.kept and plan.kept[1] else None,
        "gave_way": "；".join(zh for zh, _ in plan.gave_way),
        "seconds": round(seconds, 2),
        "parameters": json.dumps(dict(parameters), ensure_ascii=False, sort_keys=True),
        "input_sha256": sha256,
        "version": code_version(),
        "lift_low": worth.low if worth else None,
        "lift_high": worth.high if worth else None,
        "random_lift_low": worth.random_low if worth else None,
        "random_lift_high": worth.random_high if worth else None,
        "travel_share": plan.figures["travel_share"],
    }
    table = pd.DataFrame([row])
    for name in (
        "lift",
        "random_lift",
        "kept_share",
        "lift_low",
        "lift_high",
        "random_lift_low",
        "random_lift_high",
        "travel_share",
    ):
        table[name] = table[name].astype(float)
    return table
