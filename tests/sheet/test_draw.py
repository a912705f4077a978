"""Maps on paper: to scale, cut to the frame, texts apart from one another."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely

from gis_service.sheet.draw import SCALES, Drawing, Ink, Label, bar_metres, scale_for, text_width


def test_the_scale_is_the_largest_that_fits():
    assert scale_for((0, 0, 100, 50), 200, 200) == 500
    assert scale_for((0, 0, 100.1, 50), 200, 200) == 600
    assert scale_for((0, 0, 0, 0), 200, 200) == SCALES[0]


def test_a_metre_is_as_long_as_the_scale_says():
    drawing = Drawing((1000, 2000), 100, 80, 500)
    drawing.draw([shapely.LineString([(1000, 2000), (1010, 2000)])], Ink(stroke="#000000"))
    svg, _ = drawing.svg()
    assert 'd="M50.00 40.00L70.00 40.00"' in svg
    west, south, east, north = drawing.frame
    assert (east - west, north - south) == (50, 40)


@pytest.mark.parametrize("scale", SCALES)
def test_the_bar_is_round_and_fits(scale: int):
    metres = bar_metres(scale)
    assert 19 <= metres * 1000 / scale <= 50.001
    assert float(f"{metres:e}".split("e")[0]) in {1, 2, 5}


def test_what_lies_outside_is_not_drawn():
    drawing = Drawing((0, 0), 100, 80, 1000)
    assert len(drawing.cut(np.array([shapely.box(200, 200, 210, 210), shapely.box(-5, -5, 5, 5)], object))) == 1
    big = drawing.cut(np.array([shapely.box(-1e4, -1e4, 1e4, 1e4)], object))
    assert shapely.total_bounds(big).tolist() == [-1, -1, 101, 81]


def test_texts_do_not_touch():
    rng = np.random.default_rng(5)
    drawing = Drawing((0, 0), 120, 90, 1000)
    drawing.mark(0, 0, "停1", fill="#000000", shape="square")
    drawing.label(
        Label(x, y, f"{k}·0.8", 2.0, importance=float(k)) for k, (x, y) in enumerate(rng.uniform(-50, 50, (150, 2)))
    )
    svg, left = drawing.svg()
    boxes = drawing._taken
    for k, one in enumerate(boxes):
        for other in boxes[:k]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)
    drawn = {int(n) for n in re.findall(r">(\d+)·0\.8</text>", svg)}
    assert len(drawn) + left <= 150
    assert 149 in drawn, "the most important is placed first"
    assert left > 0


def test_a_text_is_escaped():
    drawing = Drawing((0, 0), 100, 80, 1000)
    drawing.label([Label(0, 0, '<script>"&', 3)])
    svg, _ = drawing.svg()
    assert "&lt;script&gt;&quot;&amp;" in svg
    assert "<script" not in svg


def test_chinese_is_wider():
    assert text_width("巷道", 2) == 4
    assert text_width("12", 2) < 4


def test_a_hatch_stays_inside():
    drawing = Drawing((0, 0), 100, 80, 1000)
    drawing.draw([shapely.box(-10, -10, 10, 10)], Ink("#ffffff", "#000000", hatch="dense"))
    numbers = [float(n) for n in re.findall(r"[ML](-?[\d.]+) ", drawing._parts[-1])]
    assert numbers
    assert min(numbers) >= 39.99
    assert max(numbers) <= 60.01
