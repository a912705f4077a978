"""The planner at work: counts that follow the controls, areas drawn, named, changed and undone, lists, two runs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Locator, Page, Route, expect

from gis_service.codelists import ZONE_KIND
from gis_service.db.engine import transaction
from gis_service.identity import operator
from gis_service.selection.preview import count
from gis_service.selection.rules import RULES, Limits, Rule
from gis_service.selection.terms import Ask, RuleTerm
from gis_service.settings import default
from tests.browser.conftest import Watched
from tests.conftest import Database

# The middle of 东兰镇 in the demo county.
VIEW = "#map=15/24.5105/107.3720"


PHONE = 375


@pytest.fixture
def seen(watch, address: str, request: pytest.FixtureRequest) -> Watched:
    """The page and what went wrong in it so far; as wide as a test asks, a phone with fingers."""
    width = getattr(request, "param", 1366)
    return watch(address, width, 812 if width == PHONE else 768, touch=width == PHONE)


@pytest.fixture
def unopened(seen: Watched, analysed: Database) -> Iterator[Page]:
    """The planner's page before it is opened, in a county without areas; what goes wrong in it fails the test at the end."""
    analysed.ask("DELETE FROM gis.drawn_area")  # whatever others drew in the county that is shared
    yield seen.page
    analysed.ask("DELETE FROM gis.drawn_area")
    seen.clean()


@pytest.fixture
def planner(unopened: Page, address: str) -> Page:
    """The planner's page at the county's town."""
    return open_planner(unopened, address)


def open_planner(page: Page, address: str) -> Page:
    """Open the planner's page at the county's town, and return it."""
    page.goto(f"{address}/map/planner{VIEW}")
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator(".gis-total")).to_contain_text(re.compile(r"\d"), timeout=20_000)
    return page


def _number(page: Page) -> int:
    page.wait_for_function("() => /\\d/.test(document.querySelector('.gis-total').textContent)")
    return int(re.sub(r"\D", "", page.locator(".gis-total").inner_text()))


def _comes_to(page: Page, houses: int) -> None:
    """Wait for the count of the last control: those on the way to it are told too."""
    expect(page.locator(".gis-total")).to_contain_text(re.compile(rf"(?<![\d,]){houses:,}(?![\d,])"), timeout=20_000)


def _draw(page: Page, points: list[tuple[int, int]]) -> None:
    page.click("#tab-areas")
    page.click("#draw-polygon")
    box = page.locator(".folium-map").bounding_box()
    assert box
    for x, y in points:
        page.mouse.move(box["x"] + x, box["y"] + y)
        page.mouse.click(box["x"] + x, box["y"] + y, delay=30)
        # leaflet-draw takes no further corner before a timer of 50 ms that it set at the click: one set now ends later.
        page.evaluate("new Promise((done) => setTimeout(done, 50))")
    x, y = points[0]
    page.mouse.click(box["x"] + x, box["y"] + y, delay=30)


def _on_screen(page: Page, lat: float, lon: float) -> tuple[float, float]:
    box = page.locator(".folium-map").bounding_box()
    assert box
    point = page.evaluate(
        "([lat, lon]) => { const p = gis.maps.map.latLngToContainerPoint([lat, lon]); return [p.x, p.y]; }", [lat, lon]
    )
    return box["x"] + point[0], box["y"] + point[1]


def _only(page: Page, *names: str) -> None:
    """Ask for these conditions and for no others."""
    for term in page.locator(".gis-term label").all():
        term.locator("input").set_checked(term.inner_text().strip().endswith(names))


def _term(page: Page, name: str) -> Locator:
    """The line of one condition: its box, its width or limit, and its count."""
    return page.locator(".gis-term", has=page.get_by_role("checkbox", name=re.compile(f"{name}$")))


SQUARE = [(300, 200), (600, 200), (600, 500), (300, 500)]


def _save(page: Page, name: str) -> None:
    page.fill("#gis-name", name)
    page.click(".gis-name button[type=submit]")
    expect(page.locator("ul.gis-areas")).to_contain_text(name, timeout=15_000)


def test_counts_follow_the_controls(planner: Page, analysed: Database):
    school, hospital = ZONE_KIND["school"], ZONE_KIND["hospital"]
    _only(planner, school)
    near = """SELECT count(*) FROM gis.building AS b WHERE EXISTS (
                SELECT FROM gis.key_zone AS z WHERE z.kind = %s AND ST_DWithin(b.geom, z.geom, %s))"""
    _comes_to(planner, analysed.one(near, "school", default("buffer_school_m")))
    planner.get_by_role("spinbutton", name=school).fill("50")
    _comes_to(planner, analysed.one(near, "school", 50))
    # What is off is counted too.
    off = analysed.one(near, "hospital", default("buffer_hospital_m"))
    expect(_term(planner, hospital).locator(".n")).to_have_text(f"{off:,}")
    _only(planner)
    expect(planner.locator(".gis-main-button").first).to_be_disabled()


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.limit], ids=lambda rule: rule.name)
def test_the_limit_of_a_rule(planner: Page, analysed: Database, rule: Rule):
    """Its control starts at the default, and counts follow it: every house in use is at 1 or above."""
    assert rule.limit
    _only(planner, rule.zh)
    control = planner.get_by_role("spinbutton", name=rule.zh)
    expect(control).to_have_value(str(rule.limit.default))
    with transaction(operator(), read_only=True) as connection:
        wanted = [
            count(connection, Ask((RuleTerm(rule.name),), limits=Limits({rule.limit.name: n}))).total
            for n in (rule.limit.default, rule.limit.default + 1)
        ]
    _comes_to(planner, wanted[0])
    control.fill(str(rule.limit.default + 1))
    _comes_to(planner, wanted[1])


def test_a_polygon_is_drawn_saved_listed_renamed_deleted_and_brought_back(planner: Page, analysed: Database):
    _draw(planner, SQUARE)
    expect(planner.locator("#gis-name")).to_be_visible()
    _save(planner, "老街片区")
    row = analysed.ask("SELECT area_id, version, ST_Area(geom) FROM gis.drawn_area WHERE name = '老街片区'")
    assert row
    assert row[0][1] == 1
    assert row[0][2] > 100_000
    # The list is of houses inside it now, and says so.
    planner.click("#tab-ask")
    expect(planner.locator("#panel-ask")).to_contain_text("老街片区")
    inside = _number(planner)
    assert 0 < inside < 19_000
    planner.click("#tab-areas")
    planner.click("li[data-area] button:has-text('改名')")
    planner.fill("#gis-name", "老街（改）")
    planner.click(".gis-name button[type=submit]")
    expect(planner.locator("ul.gis-areas")).to_contain_text("老街（改）")
    assert analysed.one("SELECT version FROM gis.drawn_area WHERE name = '老街（改）'") == 2
    planner.click("li[data-area] button:has-text('删除')")
    expect(planner.locator("ul.gis-areas")).to_contain_text("还没有画过区域")
    assert analysed.one("SELECT count(*) FROM gis.drawn_area") == 0
    planner.click("#panel-areas > button:has-text('撤销')")
    expect(planner.locator("ul.gis-areas")).to_contain_text("老街（改）")
    analysed.ask("DELETE FROM gis.drawn_area")


def test_a_count_on_its_way_is_taken_back_when_its_area_goes(planner: Page):
    """It would ask for houses within an area that is no more: the page's console, clean at the end, told of a 404."""
    _draw(planner, SQUARE)
    _save(planner, "即删片区")
    _number(planner)
    on_its_way: list[Route] = []

    def hold(route: Route) -> None:
        on_its_way.append(route)

    planner.route("**/api/selections/preview*", hold)
    box = planner.locator("li[data-area] input[type=checkbox]")
    box.uncheck()
    with planner.expect_request("**/api/selections/preview*"):
        box.check()
    planner.click("li[data-area] button:has-text('删除')")
    expect(planner.locator("ul.gis-areas")).to_contain_text("还没有画过区域")
    planner.unroute("**/api/selections/preview*")
    for route in on_its_way:
        with contextlib.suppress(Error):  # it was taken back
            route.continue_()
    _number(planner)


def test_what_is_drawn_is_counted_before_it_is_saved(planner: Page):
    _draw(planner, SQUARE)
    expect(planner.locator("#gis-name")).to_be_visible()
    planner.click("#tab-list")
    expect(planner.locator("#panel-list")).to_contain_text("预览（未保存）", timeout=15_000)
    assert planner.locator("#panel-list tbody tr").count() > 10
    planner.click("#tab-areas")
    planner.click("button:has-text('放弃')")
    expect(planner.locator("#panel-list p.gis-note")).not_to_contain_text("预览", timeout=15_000)


def test_a_circle_the_strip_along_a_road_and_round_a_zone(planner: Page, analysed: Database):
    planner.click("#tab-areas")
    box = planner.locator(".folium-map").bounding_box()
    assert box
    planner.click("#draw-circle")
    planner.mouse.click(box["x"] + 400, box["y"] + 300)
    planner.wait_for_function(
        """() => {
            let rings = 0;
            gis.maps.map.eachLayer((layer) => { rings += layer instanceof L.Circle && layer.options.pane === "gis-drawn"; });
            return rings === 1;
        }"""
    )
    planner.mouse.move(box["x"] + 460, box["y"] + 300, steps=5)
    planner.mouse.click(box["x"] + 460, box["y"] + 300)
    expect(planner.locator("#gis-name")).to_be_visible(timeout=10_000)
    _save(planner, "圆形片区")
    shape = analysed.ask("SELECT ST_Area(geom), ST_Perimeter(geom) FROM gis.drawn_area WHERE name = '圆形片区'")[0]
    assert shape[1] ** 2 / shape[0] == pytest.approx(4 * 3.14159, rel=0.01), "a circle in metres, not in degrees"
    x, y = _on_screen(planner, *analysed.ask(
        """SELECT ST_Y(p), ST_X(p) FROM (SELECT ST_Transform(ST_LineInterpolatePoint(ST_GeometryN(r.geom, 1), 0.5), 4326) AS p
           FROM gis.road AS r ORDER BY r.geom <-> ST_Transform(ST_SetSRID(ST_MakePoint(107.372, 24.5105), 4326), 4545) LIMIT 1) AS m"""
    )[0])  # fmt: skip
    planner.click("#draw-road")
    planner.mouse.click(x, y)
    expect(planner.locator("#gis-name")).to_be_visible(timeout=10_000)
    _save(planner, "沿路片区")
    alike = """SELECT count(*) FROM gis.drawn_area AS a, gis.road AS r
               WHERE a.name = '沿路片区' AND ST_Area(ST_SymDifference(a.geom, ST_Buffer(r.geom, 50, 16))) < 1"""
    assert analysed.one(alike) == 1, "fifty metres on each side of a whole road"
    planner.click("#draw-zone")
    planner.locator(".leaflet-marker-icon:has-text('校')").first.click()
    expect(planner.locator("#gis-name")).to_be_visible(timeout=10_000)
    _save(planner, "学校周边")
    round_one = """SELECT count(*) FROM gis.drawn_area AS a, gis.key_zone AS z WHERE a.name = '学校周边' AND z.kind = 'school'
                   AND abs(ST_Area(a.geom) - ST_Area(ST_Buffer(z.geom, 50, 16))) < 1"""
    assert analysed.one(round_one) == 1
    analysed.ask("DELETE FROM gis.drawn_area")


def test_two_people_at_one_area(planner: Page, seen: Watched, analysed: Database):
    _draw(planner, SQUARE)
    _save(planner, "争议片区")
    analysed.ask("UPDATE gis.drawn_area SET version = version + 1")  # somebody else was first
    planner.click("li[data-area] button:has-text('改名')")
    planner.fill("#gis-name", "我的改动")
    planner.click(".gis-name button[type=submit]")
    expect(planner.locator("#panel-areas .gis-told")).to_contain_text("第 2 版")
    expect(planner.locator("#panel-areas .gis-told")).to_contain_text("您画的仍在地图上")
    # What was drawn can be saved as one's own.
    expect(planner.locator("#gis-name")).to_have_value("我的改动")
    planner.click(".gis-name button[type=submit]")
    expect(planner.locator("ul.gis-areas")).to_contain_text("我的改动")
    assert analysed.one("SELECT count(*) FROM gis.drawn_area") == 2
    analysed.ask("DELETE FROM gis.drawn_area")
    # The browser itself tells its console of the refused request; nothing else may stand there.
    assert [fault for fault in seen.faults if "409" not in fault] == []
    assert seen.faults
    seen.faults.clear()


def test_no_name_no_area(planner: Page, analysed: Database):
    _draw(planner, SQUARE)
    planner.fill("#gis-name", "  ")
    planner.click(".gis-name button[type=submit]")
    expect(planner.locator("#panel-areas .gis-told")).to_contain_text("请先填名称")
    assert analysed.one("SELECT count(*) FROM gis.drawn_area") == 0


@pytest.mark.parametrize("seen", [1366, PHONE], indirect=True)
def test_a_list_is_made_sorted_and_linked_both_ways(planner: Page, analysed: Database):
    dangerous = analysed.one("SELECT count(*) FROM gis.building WHERE appraisal_grade IN ('C', 'D')")
    _only(planner, RULES["grade"].zh)
    expect(planner.locator(".gis-total")).to_contain_text(f"{dangerous:,}", timeout=20_000)
    planner.click(".gis-main-button")
    planner.wait_for_url(re.compile(r"run=\d+"))
    planner.wait_for_selector("body[data-ready=true]")
    expect(planner.locator("#panel-list tbody tr").first).to_be_visible(timeout=20_000)
    expect(planner.locator("#panel-list p.gis-note")).to_contain_text(f"{dangerous:,}")
    scores = [float(text) for text in planner.locator("#panel-list tbody tr td:first-child").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    # Only the operating ones are listed until the box is unticked; the address holds what is shown.
    operating = analysed.one(
        "SELECT count(*) FROM gis.building WHERE appraisal_grade IN ('C', 'D') AND use_class IN ('commercial', 'mixed')"
    )
    expect(planner.locator("#panel-list p.gis-note")).to_contain_text(f"共 {operating:,} 栋")
    planner.get_by_role("checkbox", name="只看经营性房屋").uncheck()
    expect(planner.locator("#panel-list p.gis-note")).to_contain_text(f"共 {dangerous:,} 栋", timeout=15_000)
    assert "operating=false" in planner.url
    last = analysed.one("SELECT right(max(building_id), 5) FROM gis.building WHERE appraisal_grade IN ('C', 'D')")
    planner.get_by_role("searchbox", name="名称、编号末几位、地址").fill(last)
    expect(planner.locator("#panel-list tbody tr")).to_have_count(1, timeout=15_000)
    planner.reload()
    planner.wait_for_selector("body[data-ready=true]")
    planner.click("#tab-list")
    expect(planner.locator("#panel-list tbody tr")).to_have_count(1, timeout=15_000)
    planner.get_by_role("searchbox", name="名称、编号末几位、地址").fill("")
    expect(planner.locator("#panel-list tbody tr").nth(3)).to_be_visible(timeout=15_000)
    house = planner.locator("#panel-list tbody tr").nth(3)
    house.click()
    expect(planner.locator(".leaflet-popup-content").last).to_contain_text("危房", timeout=15_000)
    expect(house).to_have_class(re.compile("gis-on"))
    planner.click("#tab-lists")
    planner.click(".gis-compare button")
    expect(planner.locator("#panel-lists details").nth(1)).to_contain_text("移出", timeout=20_000)
    planner.locator("#panel-lists summary", has_text="移出").click()
    expect(planner.locator("#panel-lists details").nth(1).locator("li").first).to_contain_text("分）")
    analysed.ask("DELETE FROM gis.run WHERE run_id = (SELECT max(run_id) FROM gis.run WHERE kind = 'selection')")


@pytest.mark.parametrize("seen", [1366, PHONE], indirect=True)
def test_a_draft_becomes_the_county_s_list_and_is_taken_back(planner: Page, watch, address: str, analysed: Database):
    """The planner's whole job: conditions, a name, a draft, published, seen by a township, withdrawn."""
    county = analysed.one("SELECT run_id FROM gis.run WHERE published_at IS NOT NULL")
    planner.get_by_role("radio", name="经营性房屋").check()
    expect(planner.locator("#gis-sentence")).to_contain_text("经营性房屋；", timeout=20_000)
    row = _term(planner, ZONE_KIND["school"])
    row.get_by_role("combobox").select_option("none_of")
    expect(planner.locator("#gis-sentence")).to_contain_text("排除：学校周边 200 米", timeout=20_000)
    planner.get_by_role("textbox", name="名单名称").fill("九月名单 <b>")
    planner.click(".gis-main-button")
    planner.wait_for_url(re.compile(r"run=\d+"))
    planner.wait_for_selector("body[data-ready=true]")
    run = int(re.search(r"run=(\d+)", planner.url)[1])
    expect(planner.locator(".gis-head p")).to_contain_text("“九月名单 <b>”")
    expect(planner.locator(".gis-head")).to_contain_text("草稿")
    town = watch(address, role="township", place="451224100").page
    try:
        for deed, number in (("发布为全县名单", run), ("撤回", None)):
            planner.click("#tab-lists")
            line = planner.locator(".gis-lists li", has_text="九月名单")
            line.get_by_role("button", name=deed).click()
            expect(line.get_by_role("alert")).to_contain_text("名单")
            planner.evaluate("document.body.dataset.before = ''")
            line.get_by_role("button", name="确定").click()
            planner.wait_for_selector("body[data-ready=true]:not([data-before])")
            town.goto(f"{address}/map/township/451224100")
            said = f"第 {number} 号名单" if number else "尚未发布名单"
            expect(town.locator(".gis-head p")).to_contain_text(said)
        town.goto(f"{address}/map/planner")
        expect(town.locator(".gis-head p")).to_contain_text("尚未发布名单")
    finally:
        analysed.ask("SELECT gis.publish(%s)", county)
        analysed.ask("DELETE FROM gis.run WHERE run_id = %s", run)
