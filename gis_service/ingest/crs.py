"""In which CRS a file's coordinates are: what it says, else what they show, else a question to its sender.

Chinese county data comes in CGCS2000 degrees, in 3-degree Gauss-Krüger zones with or without the zone's number
before the easting, and often with the axes exchanged or without a word about any of it. Nothing is guessed among
equals: where coordinates fit two systems, both are named with the distance between them on the ground. Nor is a
datum passed over: a conversion that nobody has parameters for is refused with the error that it would make.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from pyproj.transformer import AreaOfInterest, TransformerGroup

from gis_service.errors import InputError
from gis_service.ingest.datum import SHIFTED, unshift_geometry

Bounds = tuple[float, float, float, float]
# CGCS2000: degrees; 3-degree zones with (25-45) and without the zone's number; 6-degree zones with it (13-23).
_DEGREES = 4490
_WGS84 = 4326
_NEAR_COUNTY_DEG = 0.3
_NEAR_AREA_OF_USE_DEG = 1.5
# Systems without a zone's number that Chinese data comes in: CGCS2000 3-degree and 6-degree zones by their central
# meridian, UTM from the Pamirs to the Amur. With the number there is one only.
_BY_MERIDIAN = (*range(4534, 4555), *range(4502, 4513), *range(32643, 32654))
_SAME_M = 1.0
"""Two systems that bring the data as near together as this say the same (a 3-degree zone and a 6-degree zone on one
meridian do)."""
_ACCURACY_M = 5.0
"""Conversions that are less exact are refused: a house would stand on its neighbour's ground."""
_BALLPARK_M = 130.0
"""How far off a place is that is taken from one datum to another without parameters: for Xian 1980 up to 43 m and
119 m, for Beijing 1954 up to 62 m and 84 m northwards and eastwards (国家测绘局《2000国家大地坐标系推广使用技术指南》)."""


@dataclass(frozen=True)
class Decision:
    """The CRS taken for a file, whether its axes must be exchanged, and why."""

    crs: CRS
    swap: bool
    why_zh: str
    why_en: str
    accuracy_m: float = 0.0
    """Of the conversion to the work CRS, where the user accepted a worse one than is taken without asking."""


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
    geometry: NDArray[np.object_],
    declared: CRS | None,
    named: CRS | None,
    county: Bounds | None,
    work: CRS | None,
    accept_m: float = 0.0,
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
        The deployment's work CRS; data must lie where it is valid. None: the data are not brought to another one.
    accept_m
        The error of the conversion, in metres, that the user accepts.

    Raises
    ------
    InputError
        No CRS is evident or several are, the coordinates do not fit it, or it cannot be converted with certainty.

    """
    x, y = _middle(geometry)
    stated = named or declared
    if stated is None:
        decision = _by_evidence(x, y, county)
    else:
        by_whom = ("由 --crs 指定", "named by --crs") if named is not None else ("文件声明", "declared by the file")
        decision = _checked(stated, x, y, county, *by_whom)
    lon, lat = _check_place(decision, x, y, county, work)
    if work is None:
        return decision
    return replace(decision, accuracy_m=check_conversion(decision.crs, work, lon, lat, accept_m))


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


def _checked(crs: CRS, x: float, y: float, county: Bounds | None, zh: str, en: str) -> Decision:
    swap = False
    if crs.is_geographic:
        # Latitude first, as EPSG:4490 defines its axes; a file's x is longitude.
        swap = abs(y) > 90 >= abs(x) or (
            county is not None and _near(y, x, county, _NEAR_COUNTY_DEG) and not _near(x, y, county, _NEAR_COUNTY_DEG)
        )
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
    operation = (crs.source_crs if crs.is_bound and crs.source_crs is not None else crs).coordinate_operation
    return operation is not None and operation.method_name.lower().startswith("transverse mercator")


def _looks_like_degrees(x: float, y: float) -> bool:
    return abs(x) <= 180 and abs(y) <= 180


def _by_evidence(x: float, y: float, county: Bounds | None) -> Decision:
    if _looks_like_degrees(x, y):
        return _degrees_by_evidence(x, y)
    for swap, (easting, northing) in ((False, (x, y)), (True, (y, x))):
        zone = int(easting // 1e6)
        if not 1.5e6 < northing < 6e6:
            continue
        if 25 <= zone <= 45:
            return _by_zone(4513 + zone - 25, swap, f"东坐标带号 {zone}", f"zone number {zone} in the easting")
        if 13 <= zone <= 23:
            return _by_zone(
                4491 + zone - 13, swap, f"东坐标六度带号 {zone}", f"6-degree zone number {zone} in the easting"
            )
        if 1e5 < easting < 9e5 and county is not None:
            fits = _fitting(easting, northing, county)
            if len(fits) > 1:
                raise _ambiguous(x, y, fits)
            if fits:
                why = "按此坐标系落在本县范围内，别的都不在", "with it, and no other, the data falls inside the county"
                return _by_zone(fits[0].code, swap, *why)
    raise InputError(
        f"文件没有坐标系说明，坐标（{x:.1f}, {y:.1f}）也不能确定；请向提供者问清坐标系和中央经线，再用 --crs 指定："
        "108° 为 EPSG:4545，111° 为 EPSG:4546，经纬度为 EPSG:4490。",
        f"The file says no CRS and its coordinates ({x:.1f}, {y:.1f}) do not tell; ask for the central meridian and "
        "name the CRS with --crs: 108E is EPSG:4545, 111E is EPSG:4546, degrees are EPSG:4490.",
    )


def _by_zone(code: int, swap: bool, zh: str, en: str) -> Decision:
    """Return the decision for a system by evidence; older datums have the same numbers and are named."""
    older = _older_datums(code)
    if older is not None:
        zh += "；若实为 {} 或 {}，位置会差几十米，请用 --crs 指定".format(*older)
        en += "; were it {} or {}, it would be tens of metres off: name it with --crs then".format(*older)
    note = ("，坐标轴已对调", ", axes exchanged") if swap else ("", "")
    return Decision(CRS.from_epsg(code), swap, f"{zh}{note[0]}", f"{en}{note[1]}")


def _older_datums(code: int) -> tuple[str, str] | None:
    """Return the zones of Xian 1980 and of Beijing 1954 with the numbers of a zone of CGCS2000."""
    for first, last, xian, beijing in (
        (4513, 4533, 2349, 2401), (4534, 4554, 2370, 2422), (4491, 4501, 2327, 21413), (4502, 4512, 2338, 21453),
    ):  # fmt: skip
        if first <= code <= last:
            return f"EPSG:{xian + code - first} (Xian 1980)", f"EPSG:{beijing + code - first} (Beijing 1954)"
    return None


@dataclass(frozen=True)
class _Fit:
    """A system with which data falls inside the county, and where."""

    code: int
    lon: float
    lat: float


def _fitting(easting: float, northing: float, county: Bounds) -> list[_Fit]:
    fits: list[_Fit] = []
    for code in _BY_MERIDIAN:
        lon, lat = _lonlat(CRS.from_epsg(code), easting, northing)
        if _near(lon, lat, county, _NEAR_COUNTY_DEG) and all(_apart_m(f, lon, lat) > _SAME_M for f in fits):
            fits.append(_Fit(code, lon, lat))
    return fits


def _apart_m(fit: _Fit, lon: float, lat: float) -> float:
    return float(pyproj.Geod(ellps="GRS80").inv(fit.lon, fit.lat, lon, lat)[2])


def _ambiguous(x: float, y: float, fits: list[_Fit]) -> InputError:
    first, *others = fits
    answers_zh = "、".join(
        [f"{_name(CRS.from_epsg(first.code))}"]
        + [f"{_name(CRS.from_epsg(f.code))}（相距 {_apart_m(first, f.lon, f.lat):,.0f} 米）" for f in others]
    )
    answers_en = ", ".join(
        [f"EPSG:{first.code} ({CRS.from_epsg(first.code).name})"]
        + [f"EPSG:{f.code} ({CRS.from_epsg(f.code).name}, {_apart_m(first, f.lon, f.lat):,.0f} m away)" for f in others]
    )
    return InputError(
        f"文件没有坐标系说明，坐标（{x:.1f}, {y:.1f}）按 {len(fits)} 种坐标系都落在本县：{answers_zh}；"
        f"请向提供者问清，再用 --crs 指定，例如 --crs EPSG:{first.code}。",
        f"The file says no CRS and its coordinates ({x:.1f}, {y:.1f}) fall inside the county with {len(fits)} systems: "
        f"{answers_en}; ask its sender and name one with --crs, for example --crs EPSG:{first.code}.",
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
    for step in _steps(crs, CRS.from_epsg(_DEGREES)):
        x, y = step.transform(x, y)
    return float(x), float(y)


def _near(lon: float, lat: float, bounds: Bounds, margin: float) -> bool:
    west, south, east, north = bounds
    return west - margin <= lon <= east + margin and south - margin <= lat <= north + margin


def _check_place(
    decision: Decision, x: float, y: float, county: Bounds | None, work: CRS | None
) -> tuple[float, float]:
    """Return where the data lies, in degrees; refuse what lies where it cannot."""
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
    area = None if work is None else _area_of_use(work)
    if work is not None and area is not None and not _near(lon, lat, area, _NEAR_AREA_OF_USE_DEG):
        raise InputError(
            f"按坐标系 {_name(decision.crs)}，数据位于经度 {lon:.3f}°、纬度 {lat:.3f}°，不在工作坐标系 {_name(work)} 的适用范围内；"
            "请核对坐标系（--crs），或用 GIS_DATABASE 和 GIS_WORK_SRID 另建数据库。",
            f"With {decision.crs.name} the data lies at {lon:.3f}, {lat:.3f}, where the work CRS {work.name} is not "
            "valid; check --crs, or make another database with GIS_DATABASE and GIS_WORK_SRID.",
        )
    return lon, lat


def _away_km(lon: float, lat: float, county: Bounds) -> float:
    west, south, east, north = county
    nearest = min(max(lon, west), east), min(max(lat, south), north)
    return float(pyproj.Geod(ellps="GRS80").inv(lon, lat, *nearest)[2]) / 1000


def straight(geometry: NDArray[np.object_], decision: Decision) -> NDArray[np.object_]:
    """Return geometries with x east and y north."""
    if not decision.swap:
        return geometry
    turned: NDArray[np.object_] = shapely.transform(geometry, lambda points: points[:, ::-1])
    return turned


def to_work(geometry: NDArray[np.object_], decision: Decision, datum: str, work: CRS) -> NDArray[np.object_]:
    """Bring geometries to the work CRS; ``datum`` gcj02 and bd09 take their shift away."""
    geometry = straight(geometry, decision)
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
    steps = _steps(source, target)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = points[:, 0], points[:, 1]
        for step in steps:
            x, y = step.transform(x, y)
        return np.column_stack([x, y])

    moved: NDArray[np.object_] = shapely.transform(geometry, move)
    return moved


@lru_cache(256)
def _steps(source: CRS, target: CRS) -> tuple[pyproj.Transformer, ...]:
    """Return the way from one CRS to another.

    PROJ passes over parameters that are written into a CRS (``+towgs84``) unless the way ends in WGS 84.
    """
    way = [source, *([CRS.from_epsg(_WGS84)] if source.is_bound or target.is_bound else []), target]
    return tuple(pyproj.Transformer.from_crs(a, b, always_xy=True) for a, b in pairwise(way))


def check_conversion(source: CRS, target: CRS, lon: float, lat: float, accept_m: float = 0.0) -> float:
    """Refuse a conversion at a place (degrees) that is less exact than 5 m and than ``accept_m``; return its accuracy.

    Raises
    ------
    InputError
        Nobody knows how the datums lie to each other there, or not well enough.

    """
    accuracy_m = _accuracy_m(source, target, round(lon, 1), round(lat, 1))
    off_m = _BALLPARK_M if accuracy_m is None else accuracy_m
    if off_m <= _ACCURACY_M:
        return 0.0
    if off_m <= accept_m:
        return off_m
    zh = "没有转换参数" if accuracy_m is None else "的转换参数不够精确"
    en = "there are no parameters" if accuracy_m is None else "the parameters are not exact enough"
    raise InputError(
        f"从 {_name(source)} 换算到 {_name(target)} {zh}，位置可能偏差约 {off_m:.0f} 米；"
        "请索取 CGCS2000 成果，或在 --crs 里写明参数（PROJ 的 +towgs84=… 或带 BOUNDCRS 的 WKT）；"
        f"能接受这一偏差时加 --accept-accuracy {off_m:.0f}。",
        f"To convert {_name(source)} to {_name(target)} {en}: places may be about {off_m:.0f} m off; ask for the data "
        "in CGCS2000, or write the parameters into --crs (PROJ's +towgs84=… or a WKT with BOUNDCRS); add "
        f"--accept-accuracy {off_m:.0f} if that is good enough.",
        accuracy_m=round(off_m),
    )


@lru_cache(256)
def _accuracy_m(source: CRS, target: CRS, lon: float, lat: float) -> float | None:
    """Return how exact a conversion is, None where PROJ has no parameters and passes over the datum."""
    here, there = source.geodetic_crs, target.geodetic_crs
    if source.is_bound or target.is_bound or here is None or there is None or here == there:
        return 0.0
    if _is_geocentric(here) and _is_geocentric(there):
        return 1.0
    around = AreaOfInterest(lon - 0.1, lat - 0.1, lon + 0.1, lat + 0.1)
    found = TransformerGroup(here, there, always_xy=True, area_of_interest=around).transformers
    if not found or "ballpark" in found[0].description.lower() or found[0].accuracy < 0:
        return None
    return float(found[0].accuracy)


def _is_geocentric(crs: CRS) -> bool:
    """Tell a datum of our days: their ellipsoids are alike, and they agree to some decimetres wherever they are used."""
    ellipsoid = crs.ellipsoid
    return ellipsoid is not None and (
        abs(ellipsoid.semi_major_metre - 6378137.0) < 0.5 and abs(ellipsoid.inverse_flattening - 298.2572) < 1e-3
    )
