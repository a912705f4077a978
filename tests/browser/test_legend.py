"""A class is switched off in the legend, and on again; at the county's zooms townships are counted in place of specks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from gis_service.facts.symbols import SCORE_STEPS, ZONE_MARK
from tests.browser.conftest import Watched, at_rest
from tests.conftest import Database

_TOWN = "#map=16/24.5105/107.3720"
# Pixels of one colour on the canvases of a layer, edges and overlaps left out.
_PIXELS = """([pane, color]) => {
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(color.slice(k, k + 2), 16));
  let n = 0;
  for (const canvas of document.querySelectorAll(`.leaflet-${pane}-pane canvas`)) {
    if (!canvas.width) continue; // a tile with nothing in it
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3] > 200 && Math.abs(data[i] - r) < 3 && Math.abs(data[i + 1] - g) < 3 && Math.abs(data[i + 2] - b) < 3) n += 1;
  }
  return n;
}"""


@pytest.fixture
def seen(watch, address: str) -> Watched:
    return watch(address)


def _until(page: Page, color: str, *, drawn: bool) -> None:
    """Wait until houses of a colour are drawn, or no longer are."""
    page.wait_for_function(f"() => (({_PIXELS})(['gis-houses', '{color}']) > 50) === {str(drawn).lower()}")


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("body[data-ready=true]")


@pytest.mark.parametrize("width", [1366, 375])
def test_a_class_is_switched_off_and_on(seen: Watched, address: str, analysed: Database, width: int):
    page = seen.page
    page.set_viewport_size({"width": width, "height": 800})
    _open(page, f"{address}/map/planner{_TOWN}")
    colours = [color for _, color in SCORE_STEPS]

    def drawn() -> list[bool]:
        return [page.evaluate(_PIXELS, ["gis-houses", color]) > 50 for color in colours]

    _until(page, colours[2], drawn=True)
    page.click("#tab-legend")
    before = drawn()
    assert before[2]
    assert before[1], "the middle of the town has houses of both classes"
    keys = page.locator("#gis-layer-houses button.gis-key")
    expect(keys).to_have_count(len(SCORE_STEPS))
    keys.nth(2).click()
    expect(keys.nth(2)).to_have_attribute("aria-pressed", "false")
    _until(page, colours[2], drawn=False)
    assert drawn()[:2] == before[:2], "the others stay"
    # Tiles that come later are drawn without it too.
    page.evaluate("void gis.maps.map.panBy([300, 0], { animate: false })")
    _until(page, colours[1], drawn=True)
    assert not drawn()[2]
    keys.nth(2).press("Enter")
    expect(keys.nth(2)).to_have_attribute("aria-pressed", "true")
    _until(page, colours[2], drawn=True)
    # A mark goes with its class.
    kinds = {kind for (kind,) in analysed.ask("SELECT DISTINCT kind FROM gis.key_zone")}
    marks = page.locator(".gis-zone", has_text=ZONE_MARK["school"])
    assert "school" in kinds
    assert marks.count() > 0
    page.locator("#gis-layer-zones button.gis-key").first.click()
    expect(page.locator("main .gis-zone", has_text=ZONE_MARK["school"])).to_have_count(0)
    seen.clean()


def test_townships_are_counted_at_the_county_s_zooms(seen: Watched, address: str, analysed: Database):
    page = seen.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    _open(page, f"{address}/map/planner#map=10/24.51/107.37")
    listed = dict(
        analysed.ask(
            "SELECT a.name, count(*) FROM gis.selection AS s JOIN gis.building AS b USING (building_id) "
            "JOIN gis.admin_area AS a ON a.code = b.township_code JOIN gis.run AS r USING (run_id) "
            "WHERE r.published_at IS NOT NULL GROUP BY 1"
        )
    )
    circles = page.locator(".gis-circle")
    expect(circles).to_have_count(len(listed))
    shown = {}
    for text in circles.all_inner_texts():
        number, name = re.match(r"([\d,]+)\s*(.+)", text, re.DOTALL).groups()
        shown[name.strip()] = int(number.replace(",", ""))
    assert shown == listed
    assert not [a for a in asked if re.search("/tiles/[^?]*(selection|buildings)", a)], "no speck is fetched"
    page.evaluate("void gis.maps.map.setZoom(12, { animate: false })")
    expect(circles).to_have_count(0)
    at_rest(page)
    assert [a for a in asked if "/tiles/buildings,selection/12/" in a]
    seen.clean()
