"""Every page as axe-core sees it: names for screen readers, contrast, order of headings, what can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Database
from web_map import assets

_AXE = assets.MODULES / "axe-core" / "axe.min.js"
_PAGES = [
    "/", "/map/planner", "/map/planner?lang=en", "/map/fire", "/map/fire/1", "/map/township/451224100", "/plans", "/cases",
    "/enforcement", "/forms", "/jobs", "/rounds", "/house?q=1", "/house/{house}", "/house/{house}/visit", "/account", "/accounts",
    "/audit-trail", "/signatures", "/work", "/notices", "/bulletins", "/bulletins/2022-09-07", "/tables", "/plates",
]  # fmt: skip


@pytest.fixture
def axe() -> str:
    if not _AXE.exists():
        pytest.skip("axe-core is not installed (scripts/setup.sh test)")
    return _AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", _PAGES)
def test_nothing_serious(watch: Any, address: str, analysed: Database, axe: str, path: str):
    page = watch(address).page
    house = analysed.one("SELECT building_id FROM gis.building ORDER BY building_id LIMIT 1")
    answer = page.goto(address + path.format(house=house), wait_until="networkidle")
    assert answer.status == 200
    if path.startswith("/map/planner"):
        for tab in ("list", "areas", "lists", "legend"):
            page.click(f"#tab-{tab}")
            assert _serious(page, axe) == [], tab
    assert _serious(page, axe) == []


def _serious(page: Any, axe: str) -> list[tuple[str, str]]:
    """Return the rules that are broken gravely, with the first element that breaks each."""
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(f"() => {{ {axe} }}")
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'], selectors: false })")["violations"]
    return [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}]
