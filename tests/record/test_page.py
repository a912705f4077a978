"""A house's page in a real browser: found, read on a phone, judged, corrected, confirmed; what is refused is said there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from tests.conftest import Database, serving, session_of
from tests.record.conftest import TOWN


@pytest.fixture
def address(town: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


def _open(browser: Browser, town: Database, address: str, width: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 812}, locale="zh-CN")
    opened = session_of(town, "township", place=TOWN)
    context.add_cookies([{"name": "gis_session", "value": opened.secret, "url": address}])
    return context.new_page()


@pytest.mark.parametrize("width", [1366, 375])
def test_a_township_s_day_with_a_house(browser: Browser, town: Database, address: str, width: int):
    page = _open(browser, town, address, width)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/house")
    page.get_by_label("编号、名称或地址的任何部分").fill("红旗")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="红旗饭店").click()
    page.wait_for_url("**/house/H1")
    assert page.get_by_role("heading", level=1).inner_text() == "红旗饭店"
    assert page.get_by_text("模拟日期 2022-09-08").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_text("录入判定").click()
    form = page.locator("#judge-form")
    form.get_by_label("结论").select_option("severe")
    form.get_by_label("日期", exact=True).fill("2022-09-01")
    form.get_by_label("技术人员单位").fill("县技术组（模拟）")
    form.get_by_role("button", name="保存判定").click()
    page.get_by_text("初步判定：存在严重安全隐患").wait_for()
    assert page.locator(".badges .tier").first.inner_text() == "存在严重安全隐患"
    assert "不可以" in page.locator(".answer").inner_text()
    number = town.one("SELECT max(judgement_id) FROM gis.judgement")

    # Older than what is in force: said beside the button, and what was typed stays.
    page.get_by_text("录入判定").click()
    form.get_by_label("日期", exact=True).fill("2022-08-01")
    form.get_by_role("button", name="保存判定").click()
    page.locator("#judge-said.bad").wait_for()
    assert "早于现行" in page.locator("#judge-said").inner_text()
    assert form.get_by_label("日期", exact=True).input_value() == "2022-08-01"
    # A correction stands in the place of the mistake, which stays to be seen.
    form.get_by_label("结论").select_option("some")
    form.get_by_label("日期", exact=True).fill("2022-09-01")
    form.get_by_label("更正第几号判定（可空）").fill(str(number))
    form.get_by_label("依据、原因").fill("误判")
    form.get_by_role("button", name="保存判定").click()
    page.get_by_text("初步判定：存在一定安全隐患").wait_for()
    assert page.locator(".time .superseded .what").inner_text() == "初步判定：存在严重安全隐患"
    # One's own judgement is another's to confirm.
    page.get_by_role("button", name="确认").click()
    page.get_by_text("录入者本人不能确认").wait_for()
    assert town.ask("SELECT tier FROM gis.judgement ORDER BY judgement_id") == [("severe",), ("some",)]
    assert faults == []
    page.context.close()


def test_names_that_bite_do_not_run(browser: Browser, town: Database, address: str):
    evil = "<img src=x onerror=\"document.title='bitten'\">"
    town.ask("UPDATE gis.building SET name = %s, address = %s WHERE building_id = 'H1'", evil, evil)
    page = _open(browser, town, address, 1366)
    page.goto(f"{address}/house/H1")
    assert page.get_by_role("heading", level=1).inner_text() == evil
    assert page.title() != "bitten"
    page.context.close()
