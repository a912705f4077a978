"""Tell that a file is in GCJ-02 or BD-09 though nobody said so: by where things lie that are known already.

Two witnesses: the same areas known in CGCS2000 (outlines of the county and its townships), and the township whose
code a feature carries.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from psycopg2 import sql

from gis_service.db.engine import get_engine
from gis_service.db.queries import query
from gis_service.errors import InputError
from gis_service.ingest.datum import unshift, unshift_geometry
from gis_service.settings import ROOT

# Two datums are told apart by hundreds of metres; coarse outlines agree to within some tens (docs/domain.md#shifted-datums).
_ALARM_M = 300.0
SAMPLE = 1_000
"""So many features of a file are enough to tell where they lay before."""
_LEAST_KNOWN = 3
_METRES_PER_DEGREE = 111_320.0


def check(geometry: NDArray[np.object_], codes: list[str | None], *, outlines: bool) -> None:
    """Refuse features in degrees that fit what is known much better once a shift is taken from them.

    Parameters
    ----------
    geometry
        Features in CGCS2000 degrees, if the file is what it is taken for.
    codes
        The administrative codes of the features themselves, or the township codes that they carry.
    outlines
        Whether the features are administrative areas themselves.

    Raises
    ------
    InputError
        They are about 500 m (GCJ-02) or 1,150 m (BD-09) off.

    """
    known = _known({code for code in codes if code})
    _refuse(_by_outlines(geometry, codes, known) if outlines else _by_townships(geometry, codes, known))


def check_known(table: str, key: str, geometry: NDArray[np.object_], keys: list[str | None]) -> None:
    """Refuse features in degrees that were loaded before, and then lay where they lie once a shift is taken off.

    Raises
    ------
    InputError
        They are about 500 m (GCJ-02) or 1,150 m (BD-09) off.

    """
    chosen = {k: g for k, g in zip(keys, geometry, strict=True) if k}
    names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(query("ingest.known_middles").format(**names), {"keys": list(chosen)})
            found = cursor.fetchall()
    finally:
        connection.close()
    if len(found) < _LEAST_KNOWN:
        return
    _refuse(_off(np.array([chosen[k] for k, _, _ in found], dtype=object), np.array([f[1:] for f in found])))


def _refuse(verdict: tuple[str, float] | None) -> None:
    if verdict is None:
        return
    datum, off_m = verdict
    name = {"gcj02": "GCJ-02", "bd09": "BD-09"}[datum]
    raise InputError(
        f"数据整体偏移约 {off_m:.0f} 米，很像 {name} 坐标（高德、百度等网络地图）；"
        f"确认后请加 --datum {datum} 转换，若确实没有偏移请加 --datum cgcs2000。",
        f"The data sits about {off_m:.0f} m off, as {name} does (coordinates of a web map); add --datum {datum} to "
        "convert it, or --datum cgcs2000 if it is right as it is.",
        datum=datum,
        off_m=round(off_m),
    )


def _known(codes: set[str]) -> dict[str, shapely.Geometry]:
    if not codes:
        return {}
    known: dict[str, shapely.Geometry] = {}
    for file in sorted((ROOT / "data" / "boundaries").glob("*.geojson")):
        for feature in json.loads(file.read_text())["features"]:
            code = str(feature["properties"].get("code"))
            if code in codes:
                known[code] = shapely.geometry.shape(feature["geometry"])
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(query("ingest.known_outlines"), {"codes": sorted(codes)})
            known |= {code: shapely.from_wkb(bytes(wkb)) for code, wkb in cursor.fetchall()}
    finally:
        connection.close()
    return known


def _by_outlines(
    geometry: NDArray[np.object_], codes: list[str | None], known: dict[str, shapely.Geometry]
) -> tuple[str, float] | None:
    pairs = [(g, known[code]) for g, code in zip(geometry, codes, strict=True) if code is not None and code in known]
    if not pairs:
        return None
    reference = shapely.get_coordinates(shapely.centroid(np.array([r for _, r in pairs], dtype=object)))
    return _off(np.array([g for g, _ in pairs], dtype=object), reference)


def _off(given: NDArray[np.object_], reference: NDArray[np.float64]) -> tuple[str, float] | None:
    geod = pyproj.Geod(ellps="GRS80")

    def off_m(candidate: NDArray[np.object_]) -> float:
        # Where the same thing lies, seen as one shift: outlines of another generalisation keep their middle.
        a = shapely.get_coordinates(shapely.centroid(candidate))
        return float(np.median(geod.inv(a[:, 0], a[:, 1], reference[:, 0], reference[:, 1])[2]))

    plain = off_m(given)
    if plain < _ALARM_M:
        return None
    after = {datum: off_m(unshift_geometry(given, datum)) for datum in ("gcj02", "bd09")}
    best = min(after, key=lambda datum: after[datum])
    return (best, plain) if after[best] < plain / 2 else None


def _by_townships(
    geometry: NDArray[np.object_], townships: list[str | None], known: dict[str, shapely.Geometry]
) -> tuple[str, float] | None:
    chosen = [i for i, code in enumerate(townships) if code in known]
    if len(chosen) < 5:
        return None
    points = shapely.get_coordinates(shapely.centroid(geometry[chosen]))
    areas = np.array([known[str(townships[i])] for i in chosen], dtype=object)
    for area in {id(area): area for area in areas}.values():
        shapely.prepare(area)

    def outside(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> int:
        return int((~shapely.contains_xy(areas, lon, lat)).sum())

    plain = outside(points[:, 0], points[:, 1])
    # A shift of 500 m takes few houses out of a township ten kilometres wide; that taking it off brings nearly all of
    # them back is what tells it from wrong codes and coarse outlines, which it would scatter further.
    if plain < max(3, 0.005 * len(chosen)):
        return None
    after = {datum: outside(*unshift(points[:, 0], points[:, 1], datum)) for datum in ("gcj02", "bd09")}
    best = min(after, key=lambda datum: after[datum])
    if after[best] > plain / 4:
        return None
    moved = np.column_stack(unshift(points[:, 0], points[:, 1], best))
    offset = (moved - points) * [np.cos(np.radians(points[:, 1].mean())), 1.0] * _METRES_PER_DEGREE
    return best, float(np.hypot(*offset.T).mean())
