"""A square with too much in it says so: on every page with tiles, in both languages, in the legend too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gis_service.api.routes import tiles

_SPOT = "24.511/107.374"


@pytest.fixture
def low(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three features fill a tile."""
    monkeypatch.setattr(tiles, "FEATURES_MAX", 3)
    tiles._cache.cache_clear()
    yield
    tiles._cache.cache_clear()


@pytest.mark.parametrize(
    ("path", "layer", "words"),
    [
        ("/map/planner", "roads", "要素过多，请放大"),
        ("/map/planner?lang=en", "roads", "Too many to draw; zoom in"),
        ("/map/fire", "roads", "要素过多，请放大"),
        ("/map/township/451224100", "houses", "要素过多，请放大"),
    ],
)
def test_a_mark_on_the_square_and_in_the_legend(watch: Any, address: str, low: None, path: str, layer: str, words: str):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}{path}#map=15/{_SPOT}", wait_until="networkidle")
    page.wait_for_selector(".gis-capped")
    box = page.locator(".gis-capped").first.bounding_box()
    assert (box["width"], box["height"]) == (256, 256), "as large as the tile"
    assert page.locator(".gis-capped").first.inner_text() == words
    sentence = page.evaluate("gis.maps.words.cappedHere")
    in_legend = page.locator(f"#gis-layer-{layer} .gis-incomplete")
    read_out = page.locator("#gis-incomplete[role=status]")
    name = page.locator(f"#gis-layer-{layer} label").text_content().strip()
    assert in_legend.text_content() == sentence
    assert name in read_out.text_content()
    assert read_out.text_content().endswith(sentence)
    page.evaluate(f"document.querySelector('#gis-layer-{layer} input').click()")
    page.wait_for_function(f"() => !document.querySelector('#gis-layer-{layer} .gis-incomplete').textContent")
    assert name not in read_out.text_content()
    seen.clean()


def test_no_mark_where_all_is_drawn(watch: Any, address: str):
    seen = watch(address)
    seen.page.goto(f"{address}/map/planner#map=15/{_SPOT}", wait_until="networkidle")
    assert seen.page.locator(".gis-capped").count() == 0
    assert seen.page.locator("#gis-incomplete").text_content() == ""
    seen.clean()
