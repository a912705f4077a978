"""In which CRS a file's coordinates are: what it says, else what they show, else a question to its sender.

Chinese county data comes in CGCS2000 degrees, in 3-degree Gauss-Krüger zones with or without the zone's number
before the easting, and often with the axes exchanged or without a word about any of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InputError
from gis_service.ingest.datum import SHIFTED, unshift_geometry

Bounds = tuple[float, float, float, float]
# CGCS2000: degrees; 3-degree zones with (25-45) and without the zone's number; 6-degree zones with it (13-23).
_DEGREES = 4490
_NEAR_COUNTY_DEG = 0.3
_NEAR_AREA_OF_USE_DEG = 1.5


@dataclass(frozen=True)
class Decision:
    """The CRS taken for a file, whether its axes must be exchanged, and why."""

    crs: CRS
    swap: bool
    why_zh: str
    why_en: str


def parse(text: str) -> CRS:
    """Return the CRS that a user names (``EPSG:4545``, ``4545``, a WKT).

    Raises
    ------
    InputError
        There is no such CRS.

    """
    try:
        return CRS.from_user_input(int(text) if text.isdigit() else text)
    except CRSError as error:
        raise InputError(
            f"不认识坐标系“{text}”；请写成 EPSG:4545 这样的代号。",
            f"Unknown CRS {text!r}; write it like EPSG:4545.",
        ) from error


def decide(
    geometry: NDArray[np.object_], declared: CRS | None, named: CRS | None, county: Bounds | None, work: CRS
) -> Decision:
    """Decide on the CRS of ``geometry``.

    Parameters
    ----------
    geometry
        The geometries as they were read.
    declared, named
        The CRS that the file declares and the one that the user names; the user wins.
    county
        West, south, east, north of the county in degrees, where it is known.
    work
        The deployment's work CRS; data must lie where it is valid.

    Raises
    ------
    InputError
        No CRS is evident, or the coordinates do not fit it.

    """
    x, y = _middle(geometry)
    stated = named or declared
    if stated is None:
        decision = _by_evidence(x, y, county)
    else:
        by_whom = ("由 --crs 指定", "named by --crs") if named is not None else ("文件声明", "declared by the file")
        decision = _checked(stated, x, y, *by_whom)
    _check_place(decision, x, y, county, work)
    return decision


def _middle(geometry: NDArray[np.object_]) -> tuple[float, float]:
    points = shapely.get_coordinates(geometry)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        raise InputError("文件里没有任何坐标。", "The file has no coordinates at all.")
    middle = np.median(points, axis=0)
    return float(middle[0]), float(middle[1])


def _name(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}（{crs.name}）" if code else crs.name


def _checked(crs: CRS, x: float, y: float, zh: str, en: str) -> Decision:
    swap = False
    if crs.is_geographic:
        # Latitude first, as EPSG:4490 defines its axes; a file's x is longitude.
        swap = abs(y) > 90 >= abs(x)
        x, y = (y, x) if swap else (x, y)
        if abs(x) > 181 or abs(y) > 90:
            raise InputError(
                f"文件声明经纬度坐标系 {_name(crs)}，但坐标（{x:.1f}, {y:.1f}）是米；请核对，用 --crs 指定，例如 --crs EPSG:4545。",
                f"The file says {crs.name}, which is in degrees, but its coordinates ({x:.1f}, {y:.1f}) are metres; "
                "name the right one, for example --crs EPSG:4545.",
            )
    elif _looks_like_degrees(x, y):
        raise InputError(
            f"坐标系 {_name(crs)} 以米为单位，但坐标（{x:.4f}, {y:.4f}）像经纬度；请用 --crs EPSG:4490 指定。",
            f"{crs.name} is in metres, but the coordinates ({x:.4f}, {y:.4f}) look like degrees; try --crs EPSG:4490.",
        )
    elif _is_gauss_krueger(crs):
        # Northings in China are 2 to 6 million metres; an easting is below 1 million or carries its zone's number.
        swap = 2e6 < x < 6e6 and (1e5 < y < 9e5 or y > 1.3e7)
    note = ("，坐标轴已对调", ", axes exchanged") if swap else ("", "")
    return Decision(crs, swap, f"{zh}{note[0]}", f"{en}{note[1]}")


def _is_gauss_krueger(crs: CRS) -> bool:
    operation = crs.coordinate_operation
    return operation is not None and operation.method_name.lower().startswith("transverse mercator")


def _looks_like_degrees(x: float, y: float) -> bool:
    return abs(x) <= 180 and abs(y) <= 180


def _by_evidence(x: float, y: float, county: Bounds | None) -> Decision:
    if _looks_like_degrees(x, y):
        return _degrees_by_evidence(x, y)
    for swap, (easting, northing) in ((False, (x, y)), (True, (y, x))):
        if not 1.5e6 < northing < 6e6:
            continue
        zone = int(easting // 1e6)
        if 25 <= zone <= 45:
            why = f"东坐标带号 {zone}", f"zone number {zone} in the easting"
            return Decision(CRS.from_epsg(4513 + zone - 25), swap, *why)
        if 13 <= zone <= 23:
            why = f"东坐标六度带号 {zone}", f"6-degree zone number {zone} in the easting"
            return Decision(CRS.from_epsg(4491 + zone - 13), swap, *why)
        if 1e5 < easting < 9e5 and county is not None:
            fits = [code for code in range(4534, 4555) if _falls_near(code, easting, northing, county)]
            if len(fits) == 1:
                why = "按此坐标系落在本县范围内", "with it the data falls inside the county"
                return Decision(CRS.from_epsg(fits[0]), swap, *why)
    raise InputError(
        f"文件没有坐标系说明，坐标（{x:.1f}, {y:.1f}）也不能确定；请向提供者问清中央经线，再用 --crs 指定："
        "108° 为 EPSG:4545，111° 为 EPSG:4546，经纬度为 EPSG:4490。",
        f"The file says no CRS and its coordinates ({x:.1f}, {y:.1f}) do not tell; ask for the central meridian and "
        "name it with --crs: 108E is EPSG:4545, 111E is EPSG:4546, degrees are EPSG:4490.",
    )


def _degrees_by_evidence(x: float, y: float) -> Decision:
    swap = 3 < x < 54 and 73 < y < 136
    lon, lat = (y, x) if swap else (x, y)
    if 73 < lon < 136 and 3 < lat < 54:
        note = ("，坐标轴已对调", ", axes exchanged") if swap else ("", "")
        return Decision(
            CRS.from_epsg(_DEGREES),
            swap,
            f"数值为中国境内的经纬度{note[0]}",
            f"degrees inside China{note[1]}",
        )
    raise InputError(
        f"文件没有坐标系说明，坐标（{x:.4f}, {y:.4f}）像经纬度但不在中国境内；请用 --crs 指定，例如 --crs EPSG:4326。",
        f"The file says no CRS; ({x:.4f}, {y:.4f}) look like degrees outside China; name it, for example --crs EPSG:4326.",
    )


def _lonlat(crs: CRS, x: float, y: float) -> tuple[float, float]:
    lon, lat = pyproj.Transformer.from_crs(crs, _DEGREES, always_xy=True).transform(x, y)
    return float(lon), float(lat)


def _near(lon: float, lat: float, bounds: Bounds, margin: float) -> bool:
    west, south, east, north = bounds
    return west - margin <= lon <= east + margin and south - margin <= lat <= north + margin


def _falls_near(code: int, easting: float, northing: float, county: Bounds) -> bool:
    lon, lat = _lonlat(CRS.from_epsg(code), easting, northing)
    return _near(lon, lat, county, _NEAR_COUNTY_DEG)


def _check_place(decision: Decision, x: float, y: float, county: Bounds | None, work: CRS) -> None:
    if decision.swap:
        x, y = y, x
    lon, lat = _lonlat(decision.crs, x, y)
    if not (np.isfinite(lon) and np.isfinite(lat)):
        raise InputError(
            f"坐标（{x:.1f}, {y:.1f}）不在坐标系 {_name(decision.crs)} 的有效范围内；请核对坐标系，用 --crs 指定。",
            f"The coordinates ({x:.1f}, {y:.1f}) are outside {decision.crs.name}; check the CRS and name it with --crs.",
        )
    if county is not None and not _near(lon, lat, county, _NEAR_COUNTY_DEG):
        away_km = _away_km(lon, lat, county)
        raise InputError(
            f"按坐标系 {_name(decision.crs)}，数据位于东经 {lon:.3f}°、北纬 {lat:.3f}°，离本县约 {away_km:,.0f} 公里；"
            "坐标系很可能不对，请核对后用 --crs 指定。",
            f"With {decision.crs.name} the data lies at {lon:.3f}E {lat:.3f}N, about {away_km:,.0f} km from the county; "
            "the CRS is probably wrong: check it and name it with --crs.",
        )
    area = _area_of_use(work)
    if area is not None and not _near(lon, lat, area, _NEAR_AREA_OF_USE_DEG):
        raise InputError(
            f"按坐标系 {_name(decision.crs)}，数据位于经度 {lon:.3f}°、纬度 {lat:.3f}°，不在工作坐标系 {_name(work)} 的适用范围内；"
            "请核对坐标系（--crs），或用 GIS_DATABASE 和 GIS_WORK_SRID 另建数据库。",
            f"With {decision.crs.name} the data lies at {lon:.3f}, {lat:.3f}, where the work CRS {work.name} is not "
            "valid; check --crs, or make another database with GIS_DATABASE and GIS_WORK_SRID.",
        )


def _away_km(lon: float, lat: float, county: Bounds) -> float:
    west, south, east, north = county
    nearest = min(max(lon, west), east), min(max(lat, south), north)
    return float(pyproj.Geod(ellps="GRS80").inv(lon, lat, *nearest)[2]) / 1000


def to_work(geometry: NDArray[np.object_], decision: Decision, datum: str, work: CRS) -> NDArray[np.object_]:
    """Bring geometries to the work CRS; ``datum`` gcj02 and bd09 take their shift away."""
    if decision.swap:
        geometry = shapely.transform(geometry, lambda points: points[:, ::-1])
    if datum in SHIFTED:
        degrees = unshift_geometry(transform(geometry, decision.crs, CRS.from_epsg(_DEGREES)), datum)
        return transform(degrees, CRS.from_epsg(_DEGREES), work)
    return transform(geometry, decision.crs, work)


def to_degrees(geometry: NDArray[np.object_], work: CRS) -> NDArray[np.object_]:
    """Bring geometries from the work CRS to CGCS2000 degrees."""
    return transform(geometry, work, CRS.from_epsg(_DEGREES))


def outside(geometry: NDArray[np.object_], county: Bounds | None, work: CRS) -> NDArray[np.bool_]:
    """Tell which geometries (in the work CRS) lie far from the county, or where the work CRS is not valid."""
    boxes = shapely.bounds(geometry)
    transformer = pyproj.Transformer.from_crs(work, _DEGREES, always_xy=True)
    lon, lat = transformer.transform((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2)
    inside = np.isfinite(lon) & np.isfinite(lat)
    for bounds, margin in ((county, _NEAR_COUNTY_DEG), (_area_of_use(work), _NEAR_AREA_OF_USE_DEG)):
        if bounds is not None:
            west, south, east, north = bounds
            inside &= (
                (lon >= west - margin) & (lon <= east + margin) & (lat >= south - margin) & (lat <= north + margin)
            )
    away: NDArray[np.bool_] = ~inside
    return away


def _area_of_use(crs: CRS) -> Bounds | None:
    return None if crs.area_of_use is None else crs.area_of_use.bounds


def transform(geometry: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Transform geometries between two CRS, x and y always being east and north."""
    if source == target:
        return geometry
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    moved: NDArray[np.object_] = shapely.transform(
        geometry, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
    )
    return moved
