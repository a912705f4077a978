"""Signing in and out, and the administrator's page, in a real browser by keyboard and on a phone."""

from __future__ import annotations

from typing import Any

import pytest

from gis_service.accounts import people
from gis_service.db.engine import transaction
from gis_service.errors import NotFoundError
from gis_service.identity import Role, operator
from tests.conftest import Database

PASSWORD = "correct horse battery"


@pytest.fixture
def boss(analysed: Database) -> str:
    with transaction(operator()) as connection:
        try:
            return people.find(connection, "boss").name
        except NotFoundError:
            return people.add(connection, people.New("boss", Role.ADMINISTRATOR), PASSWORD).name


@pytest.mark.parametrize("width", [1366, 375])
def test_in_and_out_by_keyboard(watch: Any, address: str, boss: str, width: int):
    seen = watch(address, width=width, role=None)
    page = seen.page
    page.goto(f"{address}/map/planner")
    assert "/sign-in?next=%2Fmap%2Fplanner" in page.url
    page.locator("#name:focus").wait_for()
    page.keyboard.type(boss)
    page.keyboard.press("Tab")
    page.locator("#password:focus").wait_for()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/map/planner")
    page.wait_for_selector("body[data-ready=true]")
    assert page.locator('meta[name="csrf-token"]').get_attribute("content")
    page.goto(f"{address}/account")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.goto(f"{address}/account")
    assert "/sign-in" in page.url
    seen.clean()


def test_a_wrong_password_says_so(watch: Any, address: str, boss: str):
    seen = watch(address, role=None)
    page = seen.page
    page.goto(f"{address}/sign-in")
    page.fill("#name", boss)
    page.fill("#password", "something else")
    page.keyboard.press("Enter")
    assert page.get_by_role("alert").inner_text() == "账号或密码不对。"
    assert page.input_value("#name") == boss
    assert page.input_value("#password") == ""
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    assert seen.outside == []


def test_the_administrator_adds_an_account(watch: Any, address: str, analysed: Database):
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/accounts")
    if not page.locator("#name").is_visible():
        page.get_by_text("新建账号").first.click()
    page.fill("#name", "dongmen")
    page.select_option("#role", "township")
    page.fill("#place", "451224100")
    page.get_by_role("button", name="新建并显示密码").click()
    password = page.locator(".secret").inner_text()
    row = page.get_by_role("row", name="dongmen")
    assert "东兰镇" in row.inner_text()
    seen.clean()

    theirs = watch(address, role=None)
    theirs.page.goto(f"{address}/sign-in?next=/account")
    theirs.page.fill("#name", "dongmen")
    theirs.page.fill("#password", password)
    theirs.page.keyboard.press("Enter")
    theirs.page.wait_for_url("**/account")
    assert "451224100" in theirs.page.locator(".facts").inner_text()
    assert theirs.page.get_by_role("link", name="账号管理").count() == 0

    page.get_by_role("button", name="停用 dongmen").click()
    page.get_by_role("status").wait_for()
    theirs.page.reload()
    assert "/sign-in" in theirs.page.url, "the session ended with the account"
    theirs.clean()


def test_the_trail_is_searched(watch: Any, address: str):
    seen = watch(address, role="auditor")
    page = seen.page
    page.goto(f"{address}/audit-trail")
    page.select_option("#action", "signed_in")
    page.get_by_role("button", name="查询").click()
    assert page.locator("tbody tr").count() >= 1
    assert set(page.locator("tbody td:nth-child(4)").all_inner_texts()) == {"登录"}
    seen.clean()
