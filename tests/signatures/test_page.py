"""Sign-off in a real browser: the county names who signs, a township signs, an edit is shown and named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from gis_service.db.engine import transaction
from gis_service.signatures import sign
from tests.cases.conftest import photograph
from tests.conftest import Database, open_page, serving
from tests.record.conftest import TOWN
from tests.signatures.conftest import PLANNER, A, B


@pytest.fixture
def address(signed_town: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


def _open(browser: Browser, town: Database, address: str, role: str, width: int) -> tuple[Page, list[str]]:
    return open_page(browser, town, address, role, width, place=TOWN if role == "township" else None)


@pytest.mark.parametrize("width", [1366, 375])
def test_named_signed_and_voided(browser: Browser, signed_town: Database, address: str, tmp_path: Path, width: int):
    town, faults_of_town = _open(browser, signed_town, address, "township", width)
    account = signed_town.one("SELECT name FROM gis.account WHERE role = 'township'")
    county, faults = _open(browser, signed_town, address, "planner", width)
    county.goto(f"{address}/signatures?unit={TOWN}")
    assert county.evaluate("document.documentElement.scrollWidth") <= width
    assert not county.get_by_role("button", name="签字", exact=True).count(), "the county does not sign"
    county.get_by_text("指定签字人", exact=True).click()
    form = county.locator("#signer-form")
    form.get_by_label("环节").select_option("team")
    form.get_by_label("村（乡镇主要领导不选）").select_option(A)
    form.get_by_label("姓名").fill("<i>韦某</i>")
    form.get_by_label("职务").fill("组长")
    form.get_by_label("账号").fill(account)
    form.get_by_role("button", name="指定").click()
    county.get_by_text("组长 <i>韦某</i>").wait_for()
    assert signed_town.one("SELECT name FROM gis.signer ORDER BY signer_id DESC LIMIT 1") == "<i>韦某</i>"

    town.goto(f"{address}/signatures")
    town.get_by_role("button", name="签字", exact=True).click()
    town.get_by_text("有效", exact=True).wait_for()
    signed_town.ask("UPDATE gis.building SET people = 40 WHERE building_id = 'H1'")
    town.reload()
    town.get_by_text("失效：名册已变更").wait_for()
    town.get_by_role("link", name="韦某").click()
    town.locator(".changes").get_by_text("H1").wait_for()
    assert "人数" in town.locator(".changes").first.inner_text()
    assert town.evaluate("document.documentElement.scrollWidth") <= width
    scan = tmp_path / "page.jpg"
    scan.write_bytes(photograph())
    town.locator("#p-file").set_input_files(scan)
    town.get_by_role("button", name="上传", exact=True).click()
    town.get_by_role("link", name="图片").wait_for()
    assert faults + faults_of_town == []


def test_all_that_wait_at_once(browser: Browser, signed_town: Database, address: str):
    town, faults = _open(browser, signed_town, address, "township", 375)
    account = signed_town.one("SELECT name FROM gis.account WHERE role = 'township'")
    with transaction(PLANNER) as connection:
        for village in (A, B):
            sign.name_signer(connection, TOWN, village, "team", "韦某", "组长", account)
    town.goto(f"{address}/signatures")
    assert town.evaluate("document.documentElement.scrollWidth") <= 375
    town.get_by_role("button", name="一并签字：排查小组 2 个村").click()
    town.get_by_text("有效", exact=True).nth(1).wait_for()
    assert signed_town.one("SELECT count(DISTINCT village_code) FROM gis.signature") == 2
    assert not town.get_by_role("button", name="一并签字").count()
    assert faults == []
