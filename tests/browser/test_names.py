"""Names that would like to be scripts, in every text of the data: they show as text, on every page and in every file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from gis_service.db.places import PLACES
from gis_service.db.server import Server
from tests.browser.conftest import at_rest
from tests.conftest import Database, cloned, serving, signed_in

EVIL = "<img src=x onerror=alert(1)>"
READY = "body[data-ready=true]"
TOWN = "451224100"
# An account's name is held to a pattern (tests/accounts), a site's is the cluster's, and a migration's is ours.
ELSEWHERE = {"account", "fire_site", "migration"}
# Lists, plans, rounds, institutions, duties, signatures and who signs have no place of their own on a map.
LISTED = {"run", "plan", "round", "institution", "signature", "signer", "duty"}


@pytest.fixture(scope="module")
def evil(server: Server, analysed_demo: str, app: FastAPI) -> Iterator[tuple[Database, str]]:
    """The county with that name on every house of its town, and on all places, zones, roads, hydrants, areas, clusters."""
    with cloned(server, analysed_demo) as database:
        database.ask("UPDATE gis.building SET name = %s, address = %s WHERE township_code = %s", EVIL, EVIL, TOWN)
        # Views show what their tables hold.
        named = database.ask("SELECT table_name FROM information_schema.columns JOIN information_schema.tables "
                             "USING (table_schema, table_name) WHERE table_schema = 'gis' AND column_name = 'name' "
                             "AND table_type = 'BASE TABLE'")  # fmt: skip
        places = {place for (place,) in named} - ELSEWHERE
        assert places <= set(PLACES) | LISTED, "who names things in a new table must be met here, or named in ELSEWHERE"
        for table in places - {"building", "cluster", "drawn_area"} - LISTED:
            database.ask(f"UPDATE gis.{table} SET name = %s", EVIL)
        database.ask("UPDATE gis.cluster SET name = %s WHERE %s = ANY (township_codes)", EVIL, TOWN)
        database.ask(
            "INSERT INTO gis.drawn_area (name, note, geom) SELECT %s, %s, "
            "ST_Multi(ST_Buffer(ST_PointOnSurface(geom), 300)) FROM gis.admin_area WHERE code = %s",
            EVIL, EVIL, TOWN,
        )  # fmt: skip
        from gis_service.db.engine import transaction
        from gis_service.identity import operator
        from gis_service.selection.published import publish
        from gis_service.selection.select import run_selection
        from gis_service.selection.terms import default_ask

        for table in ("round", "institution"):  # whose names must differ
            database.ask(f"UPDATE gis.{table} SET name = {table}_id || %s", EVIL)
        with transaction(operator()) as connection:  # reasons with the zones' new name
            run = run_selection(connection, default_ask(), EVIL).run_id
            publish(connection, run)
        database.ask("INSERT INTO gis.plan (name, run_id) VALUES (%s, %s)", EVIL, run)
        database.ask(
            "INSERT INTO gis.plan_version (plan_id, version, state, origin, parameters, refusal, data_version, code_version) "
            "SELECT plan_id, 1, 'failed', 'made', '{\"start\": \"2022-09-13\", \"deadline\": null}', "
            "jsonb_build_object('zh', %s, 'en', %s), 0, 'x' FROM gis.plan", EVIL, EVIL,
        )  # fmt: skip
        with serving(app) as address:
            yield database, address


@pytest.fixture
def analysed(evil: tuple[Database, str]) -> Database:
    """Whose accounts sign in."""
    return evil[0]


def _cluster(database: Database) -> int:
    return database.one(
        "SELECT cluster_id FROM gis.cluster WHERE name = %s AND township_codes = ARRAY[%s] ORDER BY cluster_id LIMIT 1",
        EVIL, TOWN,
    )  # fmt: skip


def _shown(page: Any) -> bool:
    """Whether the name can be read somewhere, as text."""
    return bool(page.evaluate("(evil) => document.body.innerText.includes(evil)", EVIL))


def _injected(page: Any) -> int:
    return int(page.evaluate("() => document.querySelectorAll('img[src=\"x\"], [onerror]').length"))


@pytest.mark.parametrize(
    "path", ["/", "/map/planner", "/map/fire", "/map/fire/{cluster}", f"/map/township/{TOWN}", "/accounts", "/audit-trail",
             "/plans", "/rounds", "/house?q=%3Cimg"]
)  # fmt: skip
def test_pages(watch: Any, evil: tuple[Database, str], path: str):
    database, address = evil
    seen = watch(address)
    page = seen.page
    page.goto(address + path.format(cluster=_cluster(database)), wait_until="networkidle")
    if path not in ("/accounts", "/audit-trail"):
        if path in ("/", "/plans") or path.startswith("/map"):
            page.wait_for_selector(READY)
        assert _shown(page), "the name is there to be read"
    assert _injected(page) == 0
    seen.clean()


def test_popups_and_search(watch: Any, evil: tuple[Database, str]):
    database, address = evil
    lat, lon = database.ask(
        "SELECT ST_Y(p), ST_X(p) FROM (SELECT ST_Transform(ST_PointOnSurface(b.geom), 4326) AS p FROM gis.building AS b "
        "JOIN gis.selection USING (building_id) WHERE b.name = %s ORDER BY score DESC LIMIT 1) AS x", EVIL,
    )[0]  # fmt: skip
    seen = watch(address)
    page = seen.page
    page.goto(f"{address}/map/planner#map=19/{lat:.6f}/{lon:.6f}", wait_until="networkidle")
    at_rest(page)
    box = page.locator(".folium-map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".gis-popup")).to_contain_text(EVIL)
    page.fill("#gis-q", EVIL[:12])
    found = page.locator("#gis-found button").first
    found.wait_for()
    assert EVIL in found.inner_text()
    found.hover()
    assert _injected(page) == 0
    page.locator("#tab-areas").click()
    expect(page.locator("#panel-areas li[data-area]").first).to_be_visible()
    assert _injected(page) == 0
    assert _shown(page)
    seen.clean()


@pytest.mark.parametrize(
    "path", ["/map/planner/offline", "/map/fire/{cluster}/offline", f"/map/township/{TOWN}/offline"]
)
def test_offline_files(watch: Any, evil: tuple[Database, str], tmp_path: Path, path: str):
    import httpx

    database, address = evil
    answer = httpx.get(address + path.format(cluster=_cluster(database)), headers=signed_in(database), timeout=60)
    assert answer.status_code == 200
    file = tmp_path / "map.html"
    file.write_bytes(answer.content)
    seen = watch(offline=True)
    page = seen.page
    page.goto(file.as_uri())
    page.wait_for_selector(READY, timeout=60_000)
    at_rest(page)
    assert _shown(page)
    assert _injected(page) == 0
    # Every list's first entries, opened.
    buttons = page.locator("#gis-list li button, .gis-row button, #gis-list button")
    for k in range(min(3, buttons.count())):
        if buttons.nth(k).is_visible():
            buttons.nth(k).click()
            at_rest(page)
            assert _injected(page) == 0
    seen.clean()
