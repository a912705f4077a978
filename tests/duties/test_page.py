"""One's work in a real browser: a worker is given a cell and has its houses; the days between two looks are set."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from tests.conftest import Database, account_of, open_page, serving
from tests.duties.conftest import VILLAGE, WEST
from tests.record.conftest import TOWN


@pytest.fixture
def address(grid: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


@pytest.mark.parametrize("width", [1366, 375])
def test_a_worker_is_given_a_cell_and_has_its_houses(browser: Browser, grid: Database, address: str, width: int):
    grid.judge("true", "severe", on="2022-08-01")
    worker = account_of(grid, "village", place=VILLAGE).name
    page, faults = open_page(browser, grid, address, "township", width, place=TOWN)
    page.goto(f"{address}/work?kind=patrol")
    assert page.locator("table.ledger tbody tr").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("地方（输入名称或代码查找）").fill(WEST)
    page.get_by_label("账号").fill("nobody")
    page.get_by_label("姓名").fill("网格员甲")
    page.get_by_role("button", name="安排", exact=True).click()
    page.get_by_text("没有账号 nobody").wait_for()
    page.get_by_label("账号").fill(worker)
    page.get_by_role("button", name="安排", exact=True).click()
    page.get_by_role("button", name="不再负责").wait_for()
    theirs, faults_of_worker = open_page(browser, grid, address, "village", width, place=VILLAGE)
    theirs.goto(f"{address}/work?kind=patrol")
    assert theirs.get_by_text("范围：西片").is_visible()
    assert theirs.locator("table.ledger tbody tr").count() == 2
    assert theirs.evaluate("document.documentElement.scrollWidth") <= width
    theirs.get_by_role("link", name="去登记").first.click()
    theirs.wait_for_url("**/house/H*/visit*")
    page.get_by_role("button", name="不再负责").click()
    page.get_by_text("还没有安排人员。").wait_for()
    assert faults + faults_of_worker == []


def test_the_administrator_sets_the_days(browser: Browser, grid: Database, address: str):
    page, faults = open_page(browser, grid, address, "administrator", 1366)
    page.goto(f"{address}/work")
    days = page.get_by_label("存在严重安全隐患", exact=True)
    days.fill("5")
    with page.expect_response("**/api/patrol-rules/severe") as saved:
        page.locator("#days-severe button").click()
    assert saved.value.status == 204
    assert faults == []
    assert grid.one("SELECT days FROM gis.patrol_rule WHERE subject = 'severe'") == 5
