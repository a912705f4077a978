"""The fire brigade's pages in a real browser: the slider, the list, colours, the patrol, records, the sheet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import at_rest
from tests.conftest import Database

READY = "body[data-ready=true]"
EVIL = "<img src=x onerror=alert(1)>"
COUNTS = "#gis-width-counts"


def _numbers(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


def _small(analysed: Database) -> int:
    """A cluster of middling size, so that a page of it is quick."""
    return int(
        analysed.one("SELECT cluster_id FROM gis.cluster WHERE buildings BETWEEN 30 AND 60 ORDER BY score DESC LIMIT 1")
    )


def test_the_slider_sums_up_the_county(watch: Any, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(address + "/map/fire", wait_until="networkidle")
    page.wait_for_selector(COUNTS)
    for width in (4.0, 1.0, 0.5):
        page.locator("#gis-width-m").fill(str(width))
        shown = _numbers(page.locator(COUNTS).inner_text())
        gaps, metres = analysed.ask(
            "SELECT count(*), sum(length_m) FROM gis.gap WHERE mean_width_m <= %s + 0.005", width
        )[0]
        houses = analysed.one(
            "SELECT count(DISTINCT b) FROM gis.gap, LATERAL (VALUES (building_a), (building_b)) AS s (b) "
            "WHERE mean_width_m <= %s + 0.005", width,
        )  # fmt: skip
        assert (shown[0], shown[2]) == (gaps, houses)
        assert shown[1] == pytest.approx(metres, rel=1e-4)
    seen.clean()


def test_the_slider_hides_what_is_wider(watch: Any, address: str, analysed: Database):
    cluster = _small(analysed)
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire/{cluster}", wait_until="networkidle")
    page.wait_for_selector(COUNTS)
    count = "gis.maps.layer('alleys').visible().length"
    for width in (4.0, 1.0, 0.3):
        page.locator("#gis-width-m").fill(str(width))
        assert page.evaluate(count) == analysed.one(
            "SELECT count(*) FROM gis.alley WHERE cluster_id = %s AND mean_width_m <= %s + 0.0055", cluster, width
        )
        shown = _numbers(page.locator(COUNTS).inner_text())
        gaps = analysed.one(
            "SELECT count(*) FROM gis.gap AS g WHERE mean_width_m <= %s + 0.0055 AND EXISTS (SELECT FROM gis.building_density AS d "
            "WHERE d.building_id IN (g.building_a, g.building_b) AND d.cluster_id = %s)", width, cluster,
        )  # fmt: skip
        assert shown[0] == gaps
    seen.clean()


def test_the_list_is_filtered_and_paged_and_opens_a_cluster(watch: Any, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(address + "/map/fire", wait_until="networkidle")
    items = page.locator("#gis-list li")
    items.first.wait_for()
    assert items.count() == 50
    first = items.first.inner_text()
    page.get_by_role("button", name="下一页").click()
    page.get_by_text("第 51–100 片").wait_for()
    assert page.locator("#gis-list .rank").first.inner_text() == "51"
    page.select_option("#gis-township", "451224104")
    count = analysed.one("SELECT count(*) FROM gis.cluster WHERE township_codes @> ARRAY['451224104']")
    page.get_by_text(f"共 {count:,} 片").wait_for()
    assert items.first.inner_text() != first
    zoom = page.evaluate("gis.maps.map.getZoom()")
    items.first.locator("button").click()
    page.wait_for_function("(before) => gis.maps.map.getZoom() > before", arg=zoom)
    items.first.locator("a").click()
    page.wait_for_selector(READY)
    assert re.search(r"/map/fire/\d+", page.url)
    seen.clean()


def test_a_dot_tells_its_cluster(watch: Any, address: str, analysed: Database):
    lat, lon, name = analysed.ask(
        "SELECT ST_Y(p), ST_X(p), name FROM (SELECT ST_Transform(ST_PointOnSurface(geom), 4326) AS p, name FROM gis.cluster "
        "WHERE cluster_id = 1) AS one"
    )[0]
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire#map=13/{lat:.6f}/{lon:.6f}", wait_until="networkidle")
    at_rest(page)
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".gis-popup table").wait_for()
    text = page.locator(".gis-popup").inner_text()
    assert name in text
    assert "打开本片地图" in text
    seen.clean()


def test_houses_in_another_colour(watch: Any, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire/{_small(analysed)}", wait_until="networkidle")
    colours = "(() => { const layer = gis.maps.layer('houses'); return layer.features.map((f) => layer.look({ props: f.p }).fillColor).join(); })()"
    before = page.evaluate(colours)
    found = {before}
    for choice in ("1", "2", "3"):
        page.select_option("#gis-colour-houses", choice)
        found.add(page.evaluate(colours))
    assert len(found) >= 3
    assert "经营性" in page.locator("#gis-layer-houses").inner_text()
    page.select_option("#gis-colour-houses", "0")
    assert page.evaluate(colours) == before
    seen.clean()


def test_the_patrol_is_drawn(watch: Any, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire/{_small(analysed)}", wait_until="networkidle")
    page.locator("#gis-show-patrol").click()
    assert page.get_attribute("#gis-show-patrol", "aria-pressed") == "true"
    assert page.evaluate(
        "gis.maps.map.hasLayer(gis.maps.layer('patrol')) && gis.maps.layer('patrol').features.length > 0"
    )
    assert page.evaluate("gis.maps.layer('staging').features.length") >= 1
    assert "巡查全程" in page.locator("#gis-patrol").inner_text()
    seen.clean()


def test_records_are_written_and_read_as_text(watch: Any, address: str, analysed: Database):
    cluster = _small(analysed)
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/fire/{cluster}", wait_until="networkidle")
    form = page.locator("#gis-patrols")
    form.locator("summary").click()
    form.locator("[name=dated]").fill("2022-08-01")
    form.locator("[name=unit]").fill("二中队")
    form.locator("[name=found]").fill(EVIL)
    form.get_by_role("button", name="保存").click()
    form.get_by_text("已保存").wait_for()
    assert EVIL in form.locator("li").first.inner_text()
    assert page.locator("img[src=x]").count() == 0
    stored = analysed.ask("SELECT unit, found FROM gis.fire_patrol ORDER BY patrol_id DESC LIMIT 1")
    assert stored == [("二中队", EVIL)]
    seen.clean()
    # What the service refuses is said in its own words, beside the button.
    form.locator("[name=dated]").fill("2022-08-01")
    form.locator("[name=unit]").fill("13812345678")
    form.get_by_role("button", name="保存").click()
    form.get_by_text("不写个人电话或证件号").wait_for()


@pytest.mark.parametrize("width", [1366, 375])
def test_what_is_due_this_month_and_a_record_corrected(watch: Any, address: str, analysed: Database, width: int):
    """The brigade's month: the ten worst, one walked and gone from them, its record corrected, and it is back."""
    worst = analysed.one("SELECT cluster_id FROM gis.cluster_card ORDER BY run_id DESC, rank LIMIT 1")
    seen = watch(address, width, touch=width == 375, role="fire")
    page = seen.page
    page.goto(f"{address}/map/fire", wait_until="networkidle")
    page.get_by_role("checkbox", name="本月应查十片").check()
    lines = page.locator("#gis-list ol li")
    expect(lines).to_have_count(10)
    first = lines.first.locator("button").inner_text()
    try:
        page.goto(f"{address}/map/fire/{worst}", wait_until="networkidle")
        form = page.locator("#gis-patrols")
        form.locator("summary").click()
        form.locator("input[name=dated]").fill("2022-09-05")
        form.locator("input[name=unit]").fill("县消防中队")
        form.get_by_role("button", name="保存").click()
        expect(form.locator("li").first).to_contain_text("登记 t.fire")
        page.goto(f"{address}/map/fire", wait_until="networkidle")
        page.get_by_role("checkbox", name="本月应查十片").check()
        expect(lines).to_have_count(10)
        expect(lines.first.locator("button")).not_to_have_text(first)
        page.goto(f"{address}/map/fire/{worst}", wait_until="networkidle")
        form.get_by_role("button", name="更正").click()
        expect(form.locator("input[name=unit]")).to_have_value("县消防中队")
        form.locator("input[name=dated]").fill("2022-08-20")
        form.get_by_role("button", name="保存").click()
        expect(form.locator("ul")).to_contain_text("（已更正）")
        page.goto(f"{address}/map/fire", wait_until="networkidle")
        page.get_by_role("checkbox", name="本月应查十片").check()
        expect(lines.first).to_contain_text("巡查 2022-08-20")
        seen.clean()
    finally:
        analysed.ask("DELETE FROM gis.fire_patrol; DELETE FROM gis.fire_site")


@pytest.mark.parametrize("width", [1366, 375])
def test_the_sheet_is_downloaded_and_opens(watch: Any, address: str, analysed: Database, tmp_path: Path, width: int):
    cluster = _small(analysed)
    seen = watch(address, width, touch=width == 375)
    page = seen.page
    page.goto(f"{address}/map/fire/{cluster}", wait_until="networkidle")
    with page.expect_download(timeout=60_000) as download:
        page.locator("#gis-sheet-A3").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name == f"fire-{cluster}-A3.pdf"
    document = pdfium.PdfDocument(file)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    assert "专项消防应急方案" in text
    assert "模拟数据" in text
    seen.clean()


def test_the_offline_file_has_the_patrol_and_the_slider(watch: Any, address: str, analysed: Database, tmp_path: Path):
    cluster = _small(analysed)
    out = tmp_path / "fire.html"
    said = analysed.cli("map", "fire", "--cluster", cluster, "--out", out)
    assert said.code == 0, said.err
    seen = watch(offline=True)
    page = seen.page
    page.goto(out.as_uri())
    page.wait_for_selector(READY)
    before = _numbers(page.locator(COUNTS).inner_text())
    page.locator("#gis-width-m").fill("1")
    after = _numbers(page.locator(COUNTS).inner_text())
    assert after[0] < before[0]
    assert page.evaluate("gis.maps.layer('patrol').features.length") > 0
    assert page.locator("#gis-records").count() == 0
    seen.clean()


def test_a_phone(watch: Any, address: str, analysed: Database):
    seen = watch(address, 375, 740)
    page = seen.page
    for path in ("/map/fire", f"/map/fire/{_small(analysed)}"):
        page.goto(address + path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    seen.clean()
