"""Hill shading of heights: how bright slopes are under one sun, as a picture that lies faintly on any ground."""

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
_DARK, _LIGHT = 84, 96
"""Greatest opacity of shadow and of light, of 255: houses and names lie above."""
_NEAR_M = 30.0
_QUALITY = 55


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
    """Return brightness as WebP: shadow in black, light in white, level ground and what is not known transparent."""
    known = np.nan_to_num(bright, nan=FLAT)
    dark = np.clip((FLAT - known) / FLAT, 0, 1) * _DARK
    light = np.clip((known - FLAT) / (1 - FLAT), 0, 1) * _LIGHT
    pixels = np.zeros((*known.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.where(light > 0, 255, 0)[..., None]
    pixels[..., 3] = np.maximum(dark, light).astype(np.uint8)
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "WEBP", quality=_QUALITY, method=4)
    return kept.getvalue()
