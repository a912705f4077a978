"""Notices in a real browser: chosen, issued as a job, served with a photograph; a plate switched on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser

from gis_service.jobs import worker
from tests.cases.conftest import photograph
from tests.conftest import Database, open_page, serving
from tests.record.conftest import TOWN


@pytest.fixture
def address(noticed: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


@pytest.mark.parametrize("width", [1366, 375])
def test_issued_and_served(browser: Browser, noticed: Database, address: str, tmp_path: Path, width: int):
    page, faults = open_page(browser, noticed, address, "township", width, place=TOWN)
    page.goto(f"{address}/notices")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("选 红旗饭店").check()
    page.get_by_label("文号").fill("东自建房通〔2022〕")
    page.get_by_label("期限").fill("2022-09-25")
    page.get_by_role("button", name="发出并打印").click()
    page.wait_for_url("**/jobs/*")
    assert worker.run_one("long")
    page.reload()
    page.get_by_text("H1 没有产权人信息，收件人留空").wait_for()
    assert page.get_by_role("link", name="下载").count()

    page.goto(f"{address}/notices?state=issued")
    page.get_by_role("button", name="登记送达").click()
    receipt = tmp_path / "receipt.jpg"
    receipt.write_bytes(photograph("green"))
    page.get_by_label("送达回证照片").set_input_files(receipt)
    page.get_by_role("button", name="登记", exact=True).click()
    page.get_by_text("没有符合条件的房屋").wait_for()
    page.goto(f"{address}/notices?state=served")
    page.get_by_role("link", name="回证").wait_for()
    assert "2022-09-08 直接送达" in page.locator("table").last.inner_text()
    assert noticed.one("SELECT served_on::text FROM gis.notice") == "2022-09-08"
    # A refusal of the service is said beside the button.
    page.goto(f"{address}/notices?state=none")
    page.get_by_label("文号").fill("另")
    page.get_by_label("期限").fill("2022-09-25")
    page.get_by_role("button", name="发出并打印").click()
    page.wait_for_url("**/jobs/*")
    assert worker.run_one("long")
    page.reload()
    page.get_by_text("请选 1 到 500 栋房屋").wait_for()
    assert faults == []


@pytest.mark.parametrize("width", [1366, 375])
def test_plates_are_switched_on_and_made(browser: Browser, noticed: Database, address: str, width: int):
    page, faults = open_page(browser, noticed, address, "planner", width)
    page.goto(f"{address}/plates")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("县联系电话").fill("0778-6320000")
    page.get_by_role("button", name="启用").click()
    page.get_by_text("已启用").wait_for()
    page.get_by_label("房屋编号").fill("H1\nnowhere")
    page.get_by_role("button", name="生成 PDF").click()
    page.get_by_text("没有房屋 nowhere").wait_for()
    page.get_by_label("房屋编号").fill("H1\nH2")
    with page.expect_download() as download:
        page.get_by_role("button", name="生成 PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    assert noticed.one("SELECT count(*) FROM gis.plate") == 2
    page.get_by_label("哪一栋的门牌").fill("H2")
    page.get_by_label("原因").fill("<i>遗失</i>")
    page.get_by_role("button", name="作废").click()
    page.get_by_role("cell", name="<i>遗失</i>").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert noticed.one("SELECT building_id FROM gis.plate JOIN gis.plate_withdrawal USING (plate_id)") == "H2"
    assert faults == []
