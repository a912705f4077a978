"""Points from one CRS to another: what PROJ's own transformer gives, in every thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pyproj import Transformer

from gis_service.projection import transformer


@pytest.mark.parametrize(
    ("source", "target", "point"),
    [
        (4545, 4326, (436_500.25, 2_712_000.75)), (4326, 4545, (107.374, 24.511)), (3857, 4545, (11_952_000.0, 2_815_000.0)),
        (32648, 4326, (500_123.0, 2_700_000.0)), (4490, 4545, (107.374, 24.511)),
        (4214, 4326, (107.374, 24.511)),  # Beijing 54: several operations, of which PROJ chooses
    ],
)  # fmt: skip
def test_the_same_as_proj(source: int, target: int, point: tuple[float, float]):
    wanted = Transformer.from_crs(source, target, always_xy=True).transform(*point)
    assert np.allclose(transformer(source, target).transform(*point), wanted, rtol=0, atol=1e-9)
    with ThreadPoolExecutor(1) as other:
        there = other.submit(lambda: transformer(source, target).transform(*point)).result()
    assert np.allclose(there, wanted, rtol=0, atol=1e-9)
