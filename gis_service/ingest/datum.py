"""GCJ-02 and BD-09, the shifted datums of Chinese web maps, and how to tell that a file is in one of them.

The forward formula of GCJ-02 is public knowledge (a polynomial with sines on a Krasovsky-like ellipsoid); the
inverse is its fixed point. docs/domain.md#shifted-datums: in 融安 the shift is 556 m towards azimuth 122°, in 东兰 531 m towards 125°;
BD-09 is 1,183 m and 1,154 m off.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.arrays import Floats

SHIFTED = ("gcj02", "bd09")
DATUMS = ("cgcs2000", "wgs84", *SHIFTED)

_AXIS_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323
_BD_TURN = np.pi * 3000.0 / 180.0


def gcj02_of(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS 84 or CGCS2000 degrees to GCJ-02 degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave_x = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave_x
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave_x
    d_lon += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lon += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    w = 1.0 - _ECCENTRICITY_2 * np.sin(phi) ** 2
    meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_2) / (w * np.sqrt(w))
    parallel_m = _AXIS_M / np.sqrt(w) * np.cos(phi)
    return lon + np.degrees(d_lon / parallel_m), lat + np.degrees(d_lat / meridian_m)


def bd09_of(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift WGS 84 or CGCS2000 degrees to BD-09 degrees."""
    x, y = gcj02_of(lon, lat)
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


_FORWARD: dict[str, Callable[[Floats, Floats], tuple[Floats, Floats]]] = {"gcj02": gcj02_of, "bd09": bd09_of}


def unshift(lon: Floats, lat: Floats, datum: str) -> tuple[Floats, Floats]:
    """Return the CGCS2000 degrees whose shift by ``datum`` gives ``lon`` and ``lat`` (to better than 1 mm)."""
    forward = _FORWARD[datum]
    true_lon, true_lat = lon.copy(), lat.copy()
    # The shift changes by less than one part in a thousand along its own length: each round gains three digits.
    for _ in range(6):
        shifted_lon, shifted_lat = forward(true_lon, true_lat)
        true_lon += lon - shifted_lon
        true_lat += lat - shifted_lat
    return true_lon, true_lat


def unshift_geometry(geometry: NDArray[np.object_], datum: str) -> NDArray[np.object_]:
    """Bring geometries in degrees of ``datum`` to CGCS2000 degrees."""

    def move(points: Floats) -> Floats:
        return np.column_stack(unshift(points[:, 0], points[:, 1], datum))

    moved: NDArray[np.object_] = shapely.transform(geometry, move)
    return moved
