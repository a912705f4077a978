"""A visit on a phone, in a real browser: with and without a network, with and without a secure context."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as PlaywrightError

from tests.cases.conftest import photograph
from tests.conftest import Database, serving, session_of
from tests.record.conftest import TOWN


@pytest.fixture
def address(town: Database, app: FastAPI) -> Iterator[str]:
    with serving(app) as made:
        yield made


@pytest.fixture
def phone(browser: Browser, town: Database, address: str) -> Iterator[BrowserContext]:
    lon, lat = town.ask("SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_Centroid(geom), 4326) AS p FROM gis.building "
                        "WHERE building_id = 'H1') AS x")[0]  # fmt: skip
    town.ask("UPDATE gis.building SET floors = 3, people = 5 WHERE building_id = 'H1'")
    context = browser.new_context(
        viewport={"width": 375, "height": 812}, locale="zh-CN", has_touch=True, permissions=["geolocation"],
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 6},
    )  # fmt: skip
    opened = session_of(town, "township", place=TOWN)
    context.add_cookies([{"name": "gis_session", "value": opened.secret, "url": address}])
    yield context
    context.close()


def _fill(page: Page, tmp_path: Path) -> None:
    shot = tmp_path / "a.jpg"
    shot.write_bytes(photograph("red", (3000, 2000)))
    page.locator("#photos").set_input_files(shot)
    page.locator("#taken img").wait_for()
    page.get_by_text("存在一定安全隐患").last.click()
    page.locator('[data-question="floors"] [data-by="1"]').click()


def test_sent_at_once(phone: BrowserContext, town: Database, address: str, tmp_path: Path):
    page = phone.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/house/H1")
    page.get_by_role("link", name="到访").click()
    page.wait_for_url("**/visit")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert not page.locator("#insecure").is_visible()
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#visit-said")).to_have_text("请至少拍一张照片。")
    _fill(page, tmp_path)
    expect(page.locator("#place-said")).to_contain_text("误差约 6 米")  # located at the shutter
    small = page.evaluate("Math.min(...[...document.querySelectorAll('button, .big span, .ticks span')].filter(e => e.offsetParent)"
                          ".map(e => e.getBoundingClientRect().height))")  # fmt: skip
    assert small >= 30, "a thumb hits it"
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#visit-said")).to_contain_text("有 1 项与档案不同")
    assert not page.locator("#outbox").is_visible()
    assert town.ask("SELECT outcome, found, answers, position_by, accuracy_m, distance_m, cardinality(photographs), "
                    "visited_on::text FROM gis.visit") == [
        ("visited", "some", {"floors": 4}, "device", 6.0, 0.0, 1, "2022-09-08")
    ]  # fmt: skip
    assert town.one("SELECT greatest(width, height) FROM gis.attachment") == 1600, "made smaller on the phone"
    page.goto(f"{address}/house/H1")
    page.get_by_role("button", name="采纳").click()
    page.locator(".proposals").wait_for(state="detached")
    assert town.one("SELECT floors FROM gis.building WHERE building_id = 'H1'") == 4
    assert faults == []


def test_kept_without_a_network_and_sent_with_one(phone: BrowserContext, town: Database, address: str, tmp_path: Path):
    page = phone.new_page()
    page.goto(f"{address}/house/H1/visit")
    phone.set_offline(True)
    _fill(page, tmp_path)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#outbox-said")).to_have_text("1 条未发送")
    expect(page.locator("#visit-said")).to_contain_text("已存在手机里")
    with page.expect_download() as download:
        page.get_by_role("button", name="存为文件").click()
    saved = tmp_path / "visits.json"
    download.value.save_as(saved)
    kept = json.loads(saved.read_text())["visits"]
    assert (len(kept), kept[0]["building_id"], len(kept[0]["photographs"])) == (1, "H1", 1)
    assert town.one("SELECT count(*) FROM gis.visit") == 0
    phone.set_offline(False)
    expect(page.locator("#outbox")).to_be_hidden()
    assert [str(v) for (v,) in town.ask("SELECT visit_id FROM gis.visit")] == [kept[0]["visit_id"]]
    # The file of the same visit, brought in at the office, changes nothing.
    assert "unchanged 1" in town.process("import", "visits", saved).out


def _kept(page: Page) -> list[str]:
    """The pages that the phone keeps, by their paths, and how many files beside them."""
    return page.evaluate(
        "async () => (await (await caches.open('gis-visit-form')).keys()).map(r => new URL(r.url).pathname).sort()"
    )


def test_opened_without_a_network(phone: BrowserContext, town: Database, address: str, tmp_path: Path):
    page = phone.new_page()
    for house in ("H1", "H2"):
        page.goto(f"{address}/house/{house}/visit")
        page.get_by_text("本页已存在手机里").wait_for()
    kept = _kept(page)
    assert [path for path in kept if "/static/" not in path] == ["/house/H1/visit", "/house/H2/visit"]
    assert {"/static/built/visit.js", "/static/visit.css", "/static/page.css"} <= set(kept)
    page.close()
    phone.set_offline(True)
    page = phone.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/house/H1/visit")
    _fill(page, tmp_path)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#outbox-said")).to_have_text("1 条未发送")
    assert town.one("SELECT count(*) FROM gis.visit") == 0
    page.close()
    phone.set_offline(False)
    page = phone.new_page()
    # Any house's form sends what waits.
    page.goto(f"{address}/house/H2/visit")
    expect(page.locator("#outbox")).to_be_hidden()
    page.wait_for_function("indexedDB.databases().then(all => all.length > 0)")
    assert town.ask("SELECT building_id, answers FROM gis.visit") == [("H1", {"floors": 4})]
    assert faults == []
    # Signed out, nothing of a house is kept.
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/sign-in")
    page.wait_for_function("caches.keys().then(names => names.length === 0)")
    phone.set_offline(True)
    with pytest.raises(PlaywrightError, match="ERR_"):
        page.goto(f"{address}/house/H1/visit")


def test_kept_no_longer_than_a_session_may_last(phone: BrowserContext, address: str):
    page = phone.new_page()
    page.goto(f"{address}/house/H1/visit")
    page.get_by_text("本页已存在手机里").wait_for()
    # As the worker finds it thirteen hours later.
    page.evaluate(
        """async () => {
            const cache = await caches.open("gis-visit-form");
            const answer = await cache.match(location.href);
            const headers = new Headers(answer.headers);
            headers.set("x-keep-until", String(Number(headers.get("x-keep-until")) - 13 * 3600));
            await cache.put(location.href, new Response(await answer.blob(), { headers }));
        }"""
    )
    phone.set_offline(True)
    with pytest.raises(PlaywrightError, match="ERR_"):
        page.reload()


def test_refused_it_stays_with_its_reason(phone: BrowserContext, town: Database, address: str, tmp_path: Path):
    page = phone.new_page()
    page.goto(f"{address}/house/H1/visit")
    _fill(page, tmp_path)
    town.ask("UPDATE gis.building SET removed_on = '2022-08-01' WHERE building_id = 'H1'")
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#outbox .bad")).to_contain_text("房屋已于 2022-08-01 拆除")
    page.reload()
    expect(page.locator("#outbox-said")).to_have_text("1 条未发送")


def test_without_a_secure_context(phone: BrowserContext, town: Database, address: str, tmp_path: Path):
    """As a phone meets it over plain http: no position, no randomUUID; the page says so and a tap gives the place."""
    page = phone.new_page()
    page.add_init_script(
        "Object.defineProperty(window, 'isSecureContext', { get: () => false }); delete Crypto.prototype.randomUUID;"
    )
    page.goto(f"{address}/house/H1/visit")
    assert page.get_by_text("断网时也打不开本页").is_visible()
    assert not page.locator("#offline").is_visible()
    assert not page.locator("#locate").is_visible()
    _fill(page, tmp_path)
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#visit-said")).to_contain_text("在图上点出")
    page.locator("#place").click(position={"x": 200, "y": 100})
    expect(page.locator("#place-said")).to_have_text("在图上点出的位置")
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#visit-said")).to_contain_text("已发送")
    ((by, distance),) = town.ask("SELECT position_by, distance_m FROM gis.visit")
    assert (by, 0 <= distance < 40) == ("map", True)


def test_nobody_there(phone: BrowserContext, town: Database, address: str):
    page = phone.new_page()
    page.goto(f"{address}/house/H1/visit")
    page.get_by_text("无人").click()
    assert not page.locator(".of-visit").is_visible()
    page.get_by_role("button", name="用手机定位").click()
    expect(page.locator("#place-said")).to_contain_text("误差约 6 米")
    page.get_by_role("button", name="保存并发送").click()
    expect(page.locator("#visit-said")).to_contain_text("已发送")
    assert town.ask("SELECT outcome, answers FROM gis.visit") == [("absent", {})]
