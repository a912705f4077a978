"""Pages in English say nothing of ours in Chinese: what is left of it are names of the data, marks, and titles of rules."""

from __future__ import annotations

import re

import pytest

from gis_service.facts.symbols import TIER_MARK, ZONE_MARK
from tests.browser.conftest import Watched, at_rest
from tests.conftest import Database

_TEXTS = """() => {
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("script, style")) found.push(walker.currentNode.textContent);
  for (const node of document.querySelectorAll("body *"))
    for (const name of ["title", "aria-label", "placeholder", "alt"]) if (node.getAttribute(name)) found.push(node.getAttribute(name));
  return found;
}"""
_CLAUSE = re.compile("〔[^〕]*〕|[一二三四][(（][一二三四][)）]")
_HAN = re.compile("[\u4e00-\u9fff]")
# The language itself, the notice, the rule for net cafés, who drew the boundaries, the hour's and the field's own words.
_TITLES = (
    "中文", "融政规〔2022〕6号", "互联网上网服务营业场所管理条例", "天地图，经", "（模拟）", "号", "北 N",
)  # fmt: skip
_PAGES = (
    "/", "/map/planner#map=15/24.5105/107.3720", "/map/fire", "/map/fire/1", "/map/township/451224100", "/plans", "/house", "/house/{house}",
    "/jobs", "/bulletins", "/tables", "/account", "/accounts", "/audit-trail",
)  # fmt: skip


@pytest.fixture(scope="module")
def names(analysed: Database) -> list[str]:
    rows = analysed.ask(
        "SELECT name FROM gis.admin_area UNION SELECT name FROM gis.key_zone UNION SELECT name FROM gis.building "
        "UNION SELECT address FROM gis.building UNION SELECT name FROM gis.road UNION SELECT name FROM gis.round "
        "UNION SELECT name FROM gis.institution UNION SELECT judge_unit FROM gis.judgement "
        "UNION SELECT name FROM gis.drawn_area UNION SELECT name FROM gis.run UNION SELECT name FROM gis.plan "
        "UNION SELECT body->>'title' FROM gis.snapshot"
    )
    return sorted(
        {name for (name,) in rows if name} | set(ZONE_MARK.values()) | set(TIER_MARK.values()), key=len, reverse=True
    )


@pytest.mark.parametrize("page", _PAGES)
def test_nothing_of_ours_in_chinese(watch, address: str, analysed: Database, names: list[str], page: str):
    house = analysed.one("SELECT min(building_id) FROM gis.building WHERE hazard_tier = 'severe'")
    place, _, view = page.replace("{house}", house).partition("#")
    seen: Watched = watch(address)
    seen.page.goto(f"{address}{place}?lang=en{'#' + view if view else ''}")
    if "/map/" in page or page == "/":
        seen.page.wait_for_selector("body[data-ready=true]")
        at_rest(seen.page)
    if page == "/audit-trail":  # what others did has the names that they gave
        seen.page.evaluate("for (const body of document.querySelectorAll('tbody')) body.remove()")
    texts = [text.strip() for text in seen.page.evaluate(_TEXTS) if _HAN.search(text)]
    left = []
    for text in dict.fromkeys(texts):
        rest = text
        for name in (*(n for n in names if n in text), *_TITLES):
            rest = rest.replace(name, "")
        rest = _CLAUSE.sub("", rest)
        if _HAN.search(rest):
            left.append((text[:120], rest[:60]))
    assert left == []
    seen.clean()
