"""Hill shading of heights: how bright slopes are under one sun, as a faint picture."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from gis_service.arrays import Floats

_AZIMUTH, _ALTITUDE = math.radians(315), math.radians(45)
"""The sun of printed maps, from the upper left: with another one valleys are seen as ridges."""
FLAT = math.sin(_ALTITUDE)
"""Brightness of level ground."""
_DARK, _LIGHT = 0.24, 0.65
"""How far shadow goes to black and light to white at most: houses and names lie above."""
GROUND = (243, 241, 236)
"""The ground of our maps (``--ground`` in gis.css): where nothing is shaded a picture cannot be seen."""
_NEAR_M = 30.0
_QUALITY = 80


def shaded(heights: Floats, cell_m: float) -> Floats:
    """Return the brightness of each cell but those of the border, 0 to 1, by Horn's slopes (1981).

    Parameters
    ----------
    heights
        Metres, the first row in the north; NaN where nothing is known.
    cell_m
        Width of a cell on the ground in metres.

    Returns
    -------
    ndarray
        Two rows and two columns fewer; NaN where one of the eight heights round a cell is not known.

    """
    # Of a whole county slopes are averaged away: they are steepened a little, as atlases do.
    steep = max(1.0, cell_m / _NEAR_M) ** 0.25
    h = heights
    east = (h[:-2, 2:] + 2 * h[1:-1, 2:] + h[2:, 2:]) - (h[:-2, :-2] + 2 * h[1:-1, :-2] + h[2:, :-2])
    south = (h[2:, :-2] + 2 * h[2:, 1:-1] + h[2:, 2:]) - (h[:-2, :-2] + 2 * h[:-2, 1:-1] + h[:-2, 2:])
    dx, dy = steep * east / (8 * cell_m), -steep * south / (8 * cell_m)
    # The surface's normal (-dx, -dy, 1) and the way to the sun.
    sun = (math.sin(_AZIMUTH) * math.cos(_ALTITUDE), math.cos(_AZIMUTH) * math.cos(_ALTITUDE), math.sin(_ALTITUDE))
    bright = (-dx * sun[0] - dy * sun[1] + sun[2]) / np.sqrt(dx * dx + dy * dy + 1)
    return np.asarray(np.clip(bright, 0, 1))


def picture(bright: Floats) -> bytes:
    """Return brightness as WebP: level ground, and what is not known, in the colour of a map's ground."""
    known = np.nan_to_num(bright, nan=FLAT)
    dark = _DARK * np.clip((FLAT - known) / FLAT, 0, 1)
    light = _LIGHT * np.clip((known - FLAT) / (1 - FLAT), 0, 1)
    ground = np.array(GROUND, dtype=np.float64)
    pixels = ground * (1 - dark[..., None]) + (255 - ground) * light[..., None]
    kept = io.BytesIO()
    Image.fromarray(np.round(pixels).astype(np.uint8)).save(kept, "WEBP", quality=_QUALITY, method=6)
    return kept.getvalue()
