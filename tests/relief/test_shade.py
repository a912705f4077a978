"""Hill shading of planes, whose brightness is known, and of what is not known."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gis_service.relief.shade import FLAT, GROUND, picture, shaded
from gis_service.settings import ROOT


@pytest.mark.parametrize("aspect", range(0, 360, 45))
@pytest.mark.parametrize("slope", [0.0, 10.0, 35.0, 60.0])
def test_a_plane_is_as_bright_as_the_textbook_says(aspect: int, slope: float):
    """cos z·cos s + sin z·sin s·cos(azimuth - aspect), ``aspect`` being where the slope faces (Burrough, 1998)."""
    rise = math.tan(math.radians(slope))
    y, x = np.mgrid[0:6, 0:6] * 10.0
    facing = math.radians(aspect)
    heights = -rise * (x * math.sin(facing) - y * math.cos(facing))  # rows run southward
    zenith, sun = math.radians(45), math.radians(315)
    expected = math.cos(zenith) * math.cos(math.radians(slope)) + math.sin(zenith) * math.sin(
        math.radians(slope)
    ) * math.cos(sun - facing)
    assert shaded(heights, 10.0) == pytest.approx(max(expected, 0.0))


def test_level_ground_and_unknown_ground_are_the_map_s_own():
    heights = np.full((10, 10), 300.0)
    assert shaded(heights, 50.0) == pytest.approx(FLAT)
    heights[5, 5] = np.nan
    bright = shaded(heights, 50.0)
    assert np.isnan(bright).sum() == 8  # its neighbours
    pixels = _pixels(picture(bright))
    assert pixels.shape == (8, 8, 3)
    assert np.abs(pixels - GROUND).max() <= 3  # what the compression costs
    style = (ROOT / "web_map" / "static" / "gis.css").read_text()
    assert "--ground: #" + bytes(GROUND).hex() in style


def test_shadow_is_dark_and_light_is_light():
    y, x = np.mgrid[0:34, 0:34] * 10.0
    shadow, light = (_pixels(picture(shaded(-0.7 * facing * (x + y), 10.0)))[16, 16] for facing in (1, -1))
    assert (shadow < np.array(GROUND) - 30).all()
    assert (shadow > 140).all()  # names are read on it
    assert (light > GROUND).all()


def _pixels(content: bytes) -> NDArray[np.int64]:
    return np.asarray(Image.open(io.BytesIO(content))).astype(np.int64)
