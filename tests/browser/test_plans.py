"""A plan on its page: made in the form, a stop dragged and its price seen, taken back, published, a second planner told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from gis_service.jobs.worker import run_one
from tests.browser.conftest import Watched
from tests.conftest import Database

Watch = Callable[..., Watched]


@pytest.fixture
def run(analysed: Database) -> Iterator[int]:
    """A list of forty houses with a hazard in the county's town."""
    analysed.ask(
        "INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) VALUES ('selection', "
        '\'{"any_of": [], "all_of": [], "none_of": []}\', now(), 0, \'t\')'
    )
    run = int(analysed.one("SELECT max(run_id) FROM gis.run"))
    analysed.ask(
        "INSERT INTO gis.selection SELECT %s, building_id, 50, "
        '\'[{"rule": "hazard", "version": 1, "value": "severe", "points": 50}]\' FROM (SELECT building_id FROM '
        "gis.building WHERE hazard_tier IN ('severe', 'some') AND township_code = '451224100' ORDER BY building_id "
        "LIMIT 40) AS chosen",
        run,
    )
    analysed.ask("UPDATE gis.run SET account = 't.planner' WHERE run_id = %s", run)
    yield run
    analysed.ask("DELETE FROM gis.plan")
    analysed.ask("DELETE FROM gis.run WHERE run_id = %s", run)


def _make(page: Page, address: str, run: int) -> None:
    page.goto(f"{address}/plans")
    page.wait_for_selector("body[data-ready=true]")
    page.fill("#name", "东兰镇九月排查")
    page.select_option("#source", f"run:{run}")
    page.fill("#teams", "2")
    page.fill("#per_day", "8")
    page.fill("#start", "2022-09-13")
    page.uncheck("input[name=roads]")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/api/plans")):
        page.click("button.main")
    # The form waits for the worker, and leads to the plan once it is made.
    assert run_one("long")
    page.wait_for_url(re.compile(r"/plans/\d+$"), timeout=60_000)
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator(".plan-grid")).to_be_visible(timeout=20_000)


def test_from_the_form_to_a_published_plan(watch: Watch, address: str, run: int):
    first, second = watch(address, role="planner"), watch(address, role="administrator")
    page, other = first.page, second.page
    _make(page, address, run)
    plan = page.url
    expect(page.locator(".plan-grid tbody tr")).to_have_count(2)
    expect(page.locator(".plan-grid tbody tr td.num")).to_have_text(["20", "20"])
    other.goto(plan)
    other.wait_for_selector("body[data-ready=true]")

    # A day is chosen: its stops in order, their numbers on the map, the way between them.
    cells = page.locator("button[data-team='一组'].full")
    cells.first.click()
    stops = page.locator(".plan-stops li")
    count = int(cells.first.inner_text())
    expect(stops).to_have_count(count)
    expect(page.locator(".plan-number")).to_have_count(count)

    # Dragged to another team's full day: minutes, the promise that breaks, and the day marked.
    name = stops.first.locator(".plan-name").inner_text().split("\n")[0]
    target = page.locator("button[data-team='二组'].full").first
    stops.first.drag_to(target)
    told = page.locator("#plan-told")
    expect(told).to_contain_text("已移到 二组")
    expect(told).to_contain_text(re.compile(r"二组 9 月 13 日 \+\d+ 分钟"))
    expect(told).to_contain_text(re.compile(r"一组 9 月 13 日 −\d+ 分钟"))
    expect(told).to_contain_text("各组栋数相差 2")
    assert page.evaluate("gis.plan.took") < 1_500  # a loaded machine; benchmarks say how quick it is
    expect(page.locator(".plan-grid tbody tr td.num")).to_have_text(["19", "21"])

    # The other planner's page says that it is out of date, and its own change is refused.
    expect(other.locator("#plan-banner")).to_contain_text("t.planner 在", timeout=15_000)
    other.locator("button[data-team='一组'].full").first.click()
    other.get_by_role("button", name=re.compile("^钉住 ")).first.click()
    expect(other.locator("#plan-banner")).to_contain_text("您的改动没有保存")
    second.faults[:] = [
        fault for fault in second.faults if "409" not in fault
    ]  # the browser reports the refusal itself

    # Taken back.
    page.click("#plan-undo")
    expect(told).to_contain_text("已撤销")
    expect(page.locator(".plan-grid tbody tr td.num")).to_have_text(["20", "20"])

    # The same by keyboard alone: the button of the line, team and day by their lists.
    page.get_by_role("button", name=re.compile("^移动 ")).first.focus()
    page.keyboard.press("Enter")
    page.locator(".plan-move select[name=team]").select_option("二组")
    page.locator(".plan-move button").press("Enter")
    expect(told).to_contain_text("已移到 二组")
    page.click("#plan-undo")
    expect(told).to_contain_text("已撤销")

    # Published after a second word; who had the draft open is told.
    other.reload()
    other.wait_for_selector("body[data-ready=true]")
    page.click("#plan-publish")
    page.click("#plan-publish-sure")
    expect(page.locator(".gis-head p")).to_contain_text("已发布", timeout=15_000)
    expect(other.locator("#plan-banner")).to_contain_text("发布了这个计划", timeout=15_000)
    assert name

    # A township sees the published plan, its own stops, and no tools.
    town = watch(address, role="township", place="451224100")
    town.page.goto(plan)
    town.page.wait_for_selector("body[data-ready=true]")
    expect(town.page.locator(".plan-grid tbody tr")).to_have_count(2)
    expect(town.page.locator("#plan-undo")).to_have_count(0)
    for one in (first, second, town):
        one.clean()
