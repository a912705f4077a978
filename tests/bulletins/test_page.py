"""A bulletin in a real browser: a number opens its houses, and a slow unit is written to from the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, expect

from tests.conftest import Database, open_page, serving


@pytest.fixture
def address(counted: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


@pytest.mark.parametrize("width", [1366, 375])
def test_from_the_list_of_days_to_the_houses_and_a_letter(
    browser: Browser, counted: Database, address: str, width: int
):
    page, faults = open_page(browser, counted, address, "planner", width)
    page.goto(f"{address}/bulletins")
    page.get_by_label("日期").fill("2022-09-06")
    page.locator("#bulletin-form button").click()
    page.wait_for_url(re.compile("/bulletins/2022-09-06"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The sentence of hazards: one house is severe, and its number leads to that house.
    sentence = page.locator(".paper p", has_text="其中存在严重安全隐患")
    sentence.locator("xpath=.//a[preceding-sibling::text()[1][contains(., '存在严重安全隐患')]]").first.click()
    page.wait_for_url(re.compile("/bulletins/2022-09-06/houses"))
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("红旗饭店")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    rows.first.get_by_role("link").first.click()
    page.wait_for_url(re.compile("/house/H1"))

    page.go_back()
    page.go_back()
    slow = page.locator(".slow tbody tr").first
    slow.locator("summary").click()
    form = slow.locator("form")
    form.get_by_label("文号").fill("东危房办函〔2022〕1号")
    form.get_by_label("方式").select_option("remind")
    form.get_by_label("期限").fill("2022-09-20")
    form.get_by_role("button", name="保存").click()
    expect(page.locator(".slow tbody tr").first).to_contain_text("东危房办函〔2022〕1号")
    assert counted.one("SELECT count(*) FROM gis.letter") == 1
    assert faults == []
    page.context.close()
