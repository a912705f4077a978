"""The ledger and a case in a real browser, as the township and then the county: only what may be done is offered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from tests.cases.conftest import photograph
from tests.conftest import Database, open_page, serving
from tests.record.conftest import TOWN


@pytest.fixture
def address(town: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


def _open(browser: Browser, town: Database, address: str, role: str, width: int) -> tuple[Page, list[str]]:
    return open_page(browser, town, address, role, width, place=TOWN if role == "township" else None)


@pytest.mark.parametrize("width", [1366, 375])
def test_from_the_ledger_to_the_clearance(browser: Browser, town: Database, address: str, tmp_path: Path, width: int):
    town.judge("building_id = 'H1'", tier="severe", on="2022-07-01")
    town.judge("building_id = 'H3'", tier="some", on="2022-07-01")
    page, faults = _open(browser, town, address, "township", width)
    page.goto(f"{address}/cases")
    assert page.get_by_role("link", name="红旗饭店").is_visible()
    assert not page.get_by_text("H3", exact=True).count(), "of operating houses, unless all are asked for"
    page.get_by_label("用途").select_option("true")
    page.get_by_role("button", name="查看").click()
    page.get_by_text("H3").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="红旗饭店").click()
    page.get_by_text("按规定应立即落实").wait_for()
    assert "封控警示、人员撤离、停止使用" in page.locator(".lacks").inner_text()
    offered = page.locator("[data-step]").all_inner_texts()
    assert {"停止使用", "开始整治", "一栋一策方案"} <= set(offered)
    assert not {"同意销号", "临时查封", "一事一议", "方案备案"} & set(offered), "another's steps are not offered"

    form = page.locator("#step-form")
    assert not form.is_visible()
    page.get_by_role("button", name="停止使用", exact=True).click()
    form.get_by_label("范围、部位").fill("<b>整栋</b>")
    form.get_by_role("button", name="停止使用").click()
    page.get_by_text("范围、部位：<b>整栋</b>").wait_for()
    # Refused: said in the form, and what was typed stays.
    page.get_by_role("button", name="一栋一策方案").click()
    form.get_by_label("完成时限").fill("2022-09-30")
    form.get_by_label("责任人").fill("镇长")
    form.get_by_label("已采取硬隔离").select_option("false")
    form.get_by_label("说明").fill("先管控，后加固")
    form.get_by_role("button", name="一栋一策方案").click()
    form.locator("[role=status].bad").wait_for()
    assert "未硬隔离的原因" in form.locator("[role=status]").inner_text()
    assert form.get_by_label("说明").input_value() == "先管控，后加固"
    form.get_by_label("未硬隔离的原因").fill("已有围墙")
    form.get_by_label("未鉴定的原因").fill("已委托")
    form.get_by_role("button", name="一栋一策方案").click()
    page.get_by_text("责任人（职务、单位）：镇长").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for name in ("开始整治", "提交验收"):
        page.locator(f"[data-step]:text-is('{name}')").click()
        form.get_by_role("button", name=name).click()
        page.locator(".what", has_text=name).wait_for()
    assert "验收通过" not in page.locator("[data-step]").all_inner_texts(), "not one's own"

    county, more = _open(browser, town, address, "planner", width)
    county.goto(page.url)
    county.get_by_role("button", name="验收通过").click()
    county.locator("#step-form").get_by_role("button", name="验收通过").click()
    county.locator(".what", has_text="验收通过").wait_for()
    page.reload()
    page.get_by_role("button", name="提交销号：整治完成").click()
    shots = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for path, color in zip(shots, ("red", "blue"), strict=True):
        path.write_bytes(photograph(color))
    form.get_by_label("需要更新房屋信息").select_option("false")
    form.get_by_label("照片").set_input_files(shots)
    form.get_by_role("button", name="提交销号").click()
    page.locator(".photographs img").nth(1).wait_for()
    county.reload()
    county.get_by_role("button", name="同意销号").click()
    county.locator("#step-form").get_by_role("button", name="同意销号").click()
    county.locator(".badges .state", has_text="已销号").wait_for()
    assert town.ask("SELECT state, basis FROM gis.case ORDER BY case_id LIMIT 1") == [("cleared", "works")]
    page.goto(f"{address}/house/H1")
    assert page.locator(".of-house .state").inner_text() == "已销号"
    assert page.locator(".time", has_text="同意销号").count() == 1
    assert "管控措施在执行：停止使用" in page.locator(".answer").inner_text(), "a control counts until it is ended"
    assert (faults, more) == ([], [])
    county.context.close()
    page.context.close()


def test_a_case_opened_from_the_house(browser: Browser, town: Database, address: str):
    page, faults = _open(browser, town, address, "township", 375)
    page.goto(f"{address}/house/H2?lang=en")
    page.get_by_text("Open a case").click()
    form = page.locator("#case-form")
    assert "fire" not in form.get_by_label("Kind").inner_text()
    form.get_by_label("Kind").select_option("legality")
    form.get_by_label("What was found").fill("a storey added")
    form.get_by_role("button", name="Open").click()
    page.wait_for_url("**/cases/*")
    assert page.get_by_text("a storey added").is_visible()
    text = page.locator("main").inner_text()
    assert not [c for c in text if "\u4e00" <= c <= "\u9fff" and c not in "东兰镇江平社区号"], (
        "a page in English shows no Chinese of ours"
    )
    assert faults == []
    page.context.close()
