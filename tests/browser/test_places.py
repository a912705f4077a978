"""The county's start page and a township's page and files, as their people use them."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import at_rest
from tests.conftest import Database

READY = "body[data-ready=true]"
TOWN = "451224205"


def test_the_county_at_a_glance(watch, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(address, wait_until="networkidle")
    page.wait_for_selector(READY)
    shown = "SELECT count(DISTINCT township_code) FROM gis.building WHERE hazard_tier = 'severe'"
    expect(page.locator(".gis-circle")).to_have_count(analysed.one(shown))
    severe = analysed.one("SELECT count(*) FROM gis.building WHERE hazard_tier = 'severe' AND township_code = %s", TOWN)
    assert (
        page.locator(".leaflet-marker-icon[title^='三弄瑶族乡']").get_attribute("title")
        == f"三弄瑶族乡 严重隐患 {severe}"
    )
    page.select_option("#gis-measure", "priority")
    expect(page.locator(".leaflet-marker-icon[title^='三弄瑶族乡']")).to_have_attribute("title", re.compile("优先排查"))
    rows = page.locator("#table-overview tbody tr")
    page.click("#table-overview thead th:nth-child(2) button")
    houses = [int(text.replace(",", "")) for text in rows.locator("td:nth-child(2)").all_inner_texts()]
    assert houses == sorted(houses, reverse=True)
    assert sum(houses) == analysed.one("SELECT count(*) FROM gis.building")
    rows.first.locator("th a").click()
    page.wait_for_url(re.compile("/map/township/451224100"))
    seen.clean()


@pytest.mark.parametrize("width", [1366, 375])
def test_a_township_clerk_works_from_the_list(watch, address: str, analysed: Database, width: int):
    phone = width < 500
    seen = watch(address, width, 812, role="township", place=TOWN, touch=phone)
    page = seen.page
    page.goto(address, wait_until="networkidle")
    page.wait_for_url(re.compile(f"/map/township/{TOWN}"))
    page.wait_for_selector(READY)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scrolling of the page"
    assert page.locator(".leaflet-marker-icon").count() > 3
    expect(page.locator("#gis-list")).to_contain_text("工作清单")
    rows = page.locator("#gis-list tr[data-house]")
    expect(rows).to_have_count(20)
    # What is to be stopped, in one village: the address says so, and a reload shows the same.
    village, title, expected = analysed.ask(
        """SELECT v.code, v.name, count(*) FROM gis.building AS b JOIN gis.admin_area AS v ON v.code = b.village_code
           WHERE b.township_code = %s AND b.removed_on IS NULL AND (b.hazard_tier = 'severe' OR b.appraisal_grade IN ('C', 'D'))
             AND b.hazard_tier IN ('severe', 'some')
           GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 1""",
        TOWN,
    )[0]
    page.select_option("#gis-by-village", label=title)
    page.select_option("#gis-by-action", label="停用")
    expect(page.locator("#gis-list")).to_contain_text(f"共 {expected} 栋")
    assert f"village={village}" in page.url
    assert "action=stop" in page.url
    page.reload()
    expect(page.locator("#gis-list")).to_contain_text(f"共 {expected} 栋")
    expect(page.locator("#gis-by-action")).to_have_value("stop")
    expect(rows.first).to_contain_text("停止使用")
    # A row brings its house onto the map, which stays in sight; the house on the map marks its row.
    house = rows.first.get_attribute("data-house")
    rows.first.tap() if phone else rows.first.click()
    expect(page.locator(".leaflet-popup-content").last).to_contain_text(house)
    expect(page.locator(".folium-map")).to_be_in_viewport(ratio=0.9)
    page.evaluate("document.querySelector('.gis-on').classList.remove('gis-on')")
    at = page.evaluate(
        """() => {
            const map = gis.maps.map, at = map._popup.getLatLng();
            map.closePopup();
            return { x: map.latLngToContainerPoint(at).x, y: map.latLngToContainerPoint(at).y };
        }"""
    )
    at_rest(page)
    page.locator(".folium-map").click(position=at)
    expect(page.locator(".gis-on")).to_have_attribute("data-house", house)
    page.fill("#gis-list input[type=search]", "没有这样的房屋")
    expect(page.locator("#gis-list")).to_contain_text("没有符合条件的房屋")
    assert page.goto(f"{address}/map/township/451224100").status == 404
    seen.faults = [fault for fault in seen.faults if "404" not in fault]
    seen.clean()


def test_the_offline_file_with_the_network_unplugged(watch, address: str, analysed: Database, tmp_path: Path):
    out = tmp_path / "town.html"
    assert analysed.cli("map", "township", "--township", TOWN, "--out", out, lang="zh").code == 0
    seen = watch(offline=True)
    page = seen.page
    page.goto(out.as_uri())
    page.wait_for_selector(READY)
    lat, lon, house = analysed.ask(
        """SELECT ST_Y(p), ST_X(p), building_id FROM (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS p, building_id
           FROM gis.building AS b WHERE township_code = %s AND hazard_tier = 'none_found' AND NOT EXISTS (
               SELECT FROM gis.selection AS s WHERE s.building_id = b.building_id) ORDER BY building_id LIMIT 1) AS one""",
        TOWN,
    )[0]
    page.evaluate("([lat, lon]) => { gis.maps.map.setView([lat, lon], 19, { animate: false }); }", [lat, lon])
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".leaflet-popup-content")).to_contain_text(house)
    expect(page.locator(".leaflet-popup-content")).to_contain_text("未发现安全隐患")
    page.fill("#gis-q", "YH451224")
    expect(page.locator("#gis-found button").first).to_be_visible()
    seen.clean()


def test_downloads_open(watch, address: str, tmp_path: Path):
    seen = watch(address, role="township", place=TOWN)
    page = seen.page
    page.goto(f"{address}/map/township/{TOWN}", wait_until="networkidle")
    for label, start in (("A3 挂图 PDF", b"%PDF"), ("下载名单 xlsx", b"PK"), ("断网可用的文件", b"<!DOCTYPE")):
        with page.expect_download(timeout=60_000) as waiting:
            page.click(f"a:has-text('{label}')")
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.read_bytes().startswith(start), label
        if start == b"%PDF":
            assert "三弄瑶族乡" in pypdfium2.PdfDocument(path)[0].get_textpage().get_text_range()
    seen.clean()
