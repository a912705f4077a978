"""Maps as a person meets them: they open, answer clicks, find places, and ask nobody outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import at_rest
from tests.conftest import Database

READY = "body[data-ready=true]"


@pytest.mark.parametrize("path", ["/", "/map/planner", "/map/fire", "/map/fire/1", "/map/planner?lang=en", "/api/docs"])
def test_pages_load_clean(watch: Any, address: str, path: str):
    seen = watch(address)
    seen.page.goto(address + path, wait_until="networkidle")
    if path != "/api/docs":
        seen.page.wait_for_selector(READY)
    seen.clean()


def test_the_planner_reads_why(watch: Any, address: str):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/planner", wait_until="networkidle")
    page.click("#tab-list")
    first = page.locator("#panel-list tbody tr").first
    label = first.locator("td").nth(2).inner_text()
    first.click()
    popup = page.locator(".gis-popup").last
    popup.locator("li").first.wait_for()
    reasons = popup.locator("li").all_inner_texts()
    assert label.startswith(reasons[0].split("（")[0])
    seen.clean()


def test_a_click_on_a_house_tells_its_reasons(watch: Any, address: str, analysed: Database):
    lat, lon, building = analysed.ask(
        """SELECT ST_Y(p), ST_X(p), building_id FROM (
               SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS p, building_id
               FROM gis.selection AS s JOIN gis.building AS b USING (building_id) ORDER BY s.score DESC LIMIT 1) AS top"""
    )[0]
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/planner#map=19/{lat:.6f}/{lon:.6f}", wait_until="networkidle")
    at_rest(page)
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".gis-popup li").first.wait_for()
    assert building in page.locator(".gis-popup h3").inner_text()
    seen.clean()


def test_search_finds_a_township(watch: Any, address: str):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/planner", wait_until="networkidle")
    page.fill("#gis-q", "武篆")
    found = page.locator("#gis-found button").first
    found.wait_for()
    assert "武篆镇" in found.inner_text()
    found.click()
    page.wait_for_function("() => gis.maps.map.getZoom() >= 13")
    seen.clean()


def test_layers_can_be_switched(watch: Any, address: str):
    seen = watch(address)
    page = seen.page
    page.goto(address + "/map/fire/1", wait_until="networkidle")
    boxes = page.locator(".gis-layer input")
    assert boxes.count() >= 6
    for k in range(boxes.count()):
        boxes.nth(k).click()
        boxes.nth(k).click()
    seen.clean()


def test_an_alley_tells_its_width(watch: Any, address: str, analysed: Database):
    lat, lon = analysed.ask(
        """SELECT ST_Y(p), ST_X(p) FROM (
               SELECT ST_Transform(ST_LineInterpolatePoint(ST_GeometryN(geom, 1), 0.5), 4326) AS p
               FROM gis.alley WHERE cluster_id = 1 AND class = 'sky_line' ORDER BY length_m DESC LIMIT 1) AS longest"""
    )[0]
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire/1#map=20/{lat:.7f}/{lon:.7f}", wait_until="networkidle")
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".gis-popup").wait_for()
    text = page.locator(".gis-popup").inner_text()
    assert "一线天" in text
    assert "平均宽度" in text
    seen.clean()


@pytest.mark.parametrize(("kind", "extra"), [("planner", ()), ("fire", ()), ("fire", ("--cluster", "2"))])
def test_files_open_with_the_network_unplugged(
    watch: Any, analysed: Database, tmp_path: Path, kind: str, extra: tuple[str, ...]
):
    out = tmp_path / "map.html"
    # Once as the command itself, whose process has nothing but what it loads.
    command = analysed.process if kind == "planner" else analysed.cli
    answer = command("map", kind, *extra, "--out", out)
    assert answer.code == 0, answer.err
    seen = watch(offline=True)
    page = seen.page
    page.goto(out.as_uri())
    page.wait_for_selector(READY)
    assert page.locator(".gis-layer").count() >= 4
    page.locator("#gis-list li button").first.click()
    at_rest(page)
    assert "模拟数据" in page.locator(".gis-head").inner_text() or "Simulated" in page.locator(".gis-head").inner_text()
    # On a phone the title keeps to a line, whatever stands beside it.
    page.set_viewport_size({"width": 375, "height": 812})
    title = page.locator(".gis-head h1").bounding_box()
    assert title
    assert title["height"] < 40
    seen.clean()


def test_a_phone(watch: Any, address: str):
    """At 375 px nothing is wider than the screen, and the panel folds."""
    seen = watch(address, 375, 740)
    page = seen.page
    page.goto(f"{address}/map/planner", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.click("#gis-fold")
    assert page.get_attribute("#gis-fold", "aria-expanded") == "false"
    seen.clean()


def test_a_page_that_is_not_there_says_so_in_words(watch: Any, address: str):
    seen = watch(address)
    answer = seen.page.goto(address + "/map/fire/999999", wait_until="networkidle")
    assert answer.status == 404
    assert "没有第 999999 号连片区" in seen.page.locator("h1").inner_text()
    seen.page.click("a")
    seen.page.wait_for_selector(READY)
