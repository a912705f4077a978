"""What every map has besides its layers: the tape, coordinates, layers as they were left, a session that is taken up."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Page, expect
from pyproj import Geod

from tests.browser.conftest import Watched, at_rest
from tests.browser.test_planner import PHONE, VIEW, planner, seen, unopened  # noqa: F401 - fixtures
from tests.conftest import Database, session_of

_GEOD = Geod(ellps="WGS84")


def _number(text: str, unit: str) -> float:
    found = re.search(rf"([\d.]+) {unit}", text)
    assert found, text
    return float(found[1])


def test_the_tape_agrees_with_the_ellipsoid(watch: Any, address: str):
    seen = watch(address)  # noqa: F811
    page = seen.page
    page.goto(f"{address}/map/fire{VIEW}", wait_until="networkidle")
    at_rest(page)
    page.get_by_role("button", name="测量").click()
    box = page.locator(".folium-map").bounding_box()
    assert box
    corners = []
    for x, y in ((300, 200), (620, 240), (450, 520)):
        page.mouse.click(box["x"] + x, box["y"] + y)
        corners.append(page.evaluate(
            "([x, y]) => { const p = gis.maps.map.containerPointToLatLng([x, y]); return [p.lng, p.lat]; }", [x, y]
        ))  # fmt: skip
    lon, lat = zip(*corners, strict=True)
    said = page.locator(".gis-measured").inner_text()
    assert _number(said, "米" if "公里" not in said else "公里") * (1000 if "公里" in said else 1) == pytest.approx(
        _GEOD.line_length(lon, lat), rel=0.005
    )
    assert _number(said, "公顷") * 1e4 == pytest.approx(abs(_GEOD.polygon_area_perimeter(lon, lat)[0]), rel=0.01)
    expect(page.locator(".leaflet-popup")).to_have_count(0)  # what lies under the tape is not asked meanwhile
    page.get_by_role("button", name="测量").click()
    expect(page.locator(".gis-measured")).to_be_empty()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    shown = [float(part) for part in page.locator(".gis-where").inner_text().split(", ")]
    assert shown == pytest.approx(corners[0], abs=2e-5)
    seen.clean()


def test_layers_stay_as_they_were_left(watch: Any, address: str):
    seen = watch(address)  # noqa: F811
    page = seen.page
    last = page.locator("#gis-legend input[data-layer='staging']")  # it comes when the patrol is worked out
    page.goto(f"{address}/map/fire/1")
    expect(last).to_be_visible(timeout=20_000)
    boxes = page.locator("#gis-legend input[data-layer]")
    at_first = boxes.evaluate_all("all => all.map((box) => [box.dataset.layer, box.checked])")
    assert {on for _, on in at_first} == {True, False}, "some are shown at first and some are not"
    shown, hidden = (next(name for name, on in at_first if on is state) for state in (True, False))
    for name in (shown, hidden):
        page.locator(f"#gis-legend input[data-layer='{name}']").click()
    page.reload()
    expect(last).to_be_visible(timeout=20_000)
    again = dict(boxes.evaluate_all("all => all.map((box) => [box.dataset.layer, box.checked])"))
    assert again == dict(at_first) | {shown: False, hidden: True}
    seen.clean()


@pytest.mark.parametrize("seen", [1366, PHONE], indirect=True)
def test_a_session_that_ended_is_taken_up_again(planner: Page, seen: Watched, analysed: Database, address: str):  # noqa: F811
    name = planner.get_by_role("textbox", name="名单名称")
    name.fill("写到一半")
    analysed.ask("DELETE FROM gis.session")
    planner.wait_for_timeout(1_500)  # the service has kept for a moment who asks
    planner.click(".gis-main-button")
    dialog = planner.get_by_role("dialog")
    expect(dialog).to_contain_text("登录已结束", timeout=15_000)
    dialog.get_by_role("button", name="已登录，继续").click()
    expect(dialog).to_contain_text("还没有登录")
    opened = session_of(analysed, "administrator")
    planner.context.add_cookies([{"name": "gis_session", "value": opened.secret, "url": address}])
    with planner.expect_navigation(url=re.compile(r"run=\d+")):
        dialog.get_by_role("button", name="已登录，继续").click()
    planner.wait_for_selector("body[data-ready=true]")
    expect(planner.locator(".gis-head p")).to_contain_text("“写到一半”")
    analysed.ask("DELETE FROM gis.run WHERE name = '写到一半'")
    # The browser's own word on what was refused while nobody was signed in.
    seen.faults[:] = [fault for fault in seen.faults if "401" not in fault]


@pytest.mark.parametrize("page", ["/map/planner#map=15/24.5105/107.3720", "/map/fire/1"])
def test_a_map_is_drawn_for_the_paper(watch, address: str, analysed: Database, tmp_path: Path, page: str):
    """The button lays the page out as one A3 sheet: the same ground, the legend, nothing to press; then as it was."""
    shown = watch(address)
    shown.page.goto(f"{address}{page}")
    shown.page.wait_for_selector("body[data-ready=true]")
    at_rest(shown.page)
    ground = "[gis.maps.map.getBounds().getSouthWest(), gis.maps.map.getBounds().getNorthEast()].flatMap((p) => [p.lng, p.lat])"
    west, south, east, north = before = shown.page.evaluate(ground)
    shown.page.evaluate("window.print = () => { window.printed = true; }")
    shown.page.click("#gis-print")
    shown.page.wait_for_function("() => window.printed")
    on_paper = shown.page.evaluate(ground)
    assert on_paper[0] <= west
    assert on_paper[1] <= south
    assert on_paper[2] >= east
    assert on_paper[3] >= north
    assert on_paper[3] - on_paper[1] < 2 * (north - south) or on_paper[2] - on_paper[0] < 2 * (east - west)
    expect(shown.page.locator("#gis-layer-houses .gis-key").first).to_be_visible()
    expect(shown.page.locator("#gis-print")).not_to_be_visible()
    file = tmp_path / "map.pdf"
    shown.page.pdf(path=file, prefer_css_page_size=True, print_background=True)
    document = pypdfium2.PdfDocument(file)
    assert len(document) == 1
    assert [round(side * 25.4 / 72) for side in document[0].get_size()] == [420, 297]
    shown.page.evaluate("gis.tools.screen()")
    assert shown.page.evaluate(ground) == pytest.approx(before, abs=1e-9)
    expect(shown.page.locator("#gis-print")).to_be_visible()
    shown.clean()
