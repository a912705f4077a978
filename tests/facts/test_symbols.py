"""Classes of the maps are told apart by readers who see fewer colours, and in print that has none.

Colour blindness after Machado, Oliveira and Fernandes 2009 (full severity, on linear RGB), differences in CIE L*a*b* (1976):
about 2 is just seen, 10 is plain.
"""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from gis_service.codelists import HAZARD_COLOR
from gis_service.facts.symbols import (
    ALLEY_COLOR,
    HOSE_STEPS,
    SCORE_STEPS,
    TEAM_COLOR,
    TIER_EDGE,
    TIER_MARK,
    ZONE_COLOR,
    ZONE_MARK,
)

_SEEN = {
    "as it is": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def _linear(color: str) -> NDArray[np.float64]:
    part = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def _lab(color: str, seen: str = "as it is") -> NDArray[np.float64]:
    xyz = _XYZ @ np.clip(_SEEN[seen] @ _linear(color), 0, 1) / (_XYZ @ np.ones(3))
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _light(color: str) -> float:
    return float(_lab(color)[0])


def test_the_measure_itself():
    """White, black and sRGB red have the published values; a red and a green of one lightness look alike to some."""
    assert _lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.01)
    assert _lab("#000000") == pytest.approx([0, 0, 0], abs=0.01)
    assert _lab("#ff0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    apart = [
        float(np.linalg.norm(_lab("#c04040", seen) - _lab("#808020", seen))) for seen in ("as it is", "deuteranopia")
    ]
    assert apart[0] > 40 > apart[1]


@pytest.mark.parametrize("steps", [SCORE_STEPS, HOSE_STEPS], ids=["scores", "hose distances"])
def test_steps_grow_darker_with_what_they_say(steps: tuple[tuple[float, str], ...]):
    light = [_light(color) for _, color in sorted(steps)]
    assert all(before - after > 8 for before, after in pairwise(light)), light


@pytest.mark.parametrize("seen", list(_SEEN))
@pytest.mark.parametrize("colors", [ZONE_COLOR, ALLEY_COLOR, HAZARD_COLOR], ids=["zones", "alleys", "tiers"])
def test_classes_are_apart_or_have_a_mark(colors: dict[str, str], seen: str):
    """What looks alike to somebody has another character, or another edge."""
    for one, other in combinations(colors, 2):
        apart = float(np.linalg.norm(_lab(colors[one], seen) - _lab(colors[other], seen)))
        marks = (
            {ZONE_MARK.get(one), ZONE_MARK.get(other)}
            if colors is ZONE_COLOR
            else {TIER_MARK.get(one), TIER_MARK.get(other)}
        )
        edges = abs(_light(TIER_EDGE[one]) - _light(TIER_EDGE[other])) if colors is HAZARD_COLOR else 0.0
        assert apart > 10 or (len(marks) == 2 and colors is not ALLEY_COLOR) or edges > 10, (
            one,
            other,
            round(apart, 1),
        )


def test_white_digits_are_read_on_every_team():
    for color in TEAM_COLOR:
        luminance = float(_XYZ[1] @ _linear(color))
        assert 1.05 / (luminance + 0.05) >= 4.5, color
