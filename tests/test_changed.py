"""Which tests a change concerns: those that must be there are, and what is far is not."""

from __future__ import annotations

import pytest

from scripts.changed_tests import ROOT, addresses, concerned


@pytest.mark.parametrize(
    ("file", "first", "among", "not_among"),
    [
        ("gis_service/facts/house.py", "tests/", "tests/figures/test_pages.py", "tests/density/"),
        ("gis_service/sheet/draw.py", "tests/sheet/test_draw.py", "tests/sheet/test_wall.py", "tests/ingest/"),
        ("gis_service/api/routes/clusters.py", "tests/", "tests/api/test_clusters.py", "tests/density/"),
        ("gis_service/density/reach/sight.py", "tests/density/reach/", "tests/density/test_run.py", "tests/accounts/"),
        ("web_map/script/fire/slider.js", "tests/browser/", "tests/browser/test_fire.py", "tests/ingest/"),
        ("sql/queries/fire.sql", "tests/", "tests/access/test_rows.py", "tests/ingest/"),
        ("sql/migrations/0003_buildings.sql", "tests/db/", "tests/access/test_catalogue.py", "tests/density/"),
        ("docs/domain.md", "tests/docs/", "tests/docs/test_links.py", "tests/api/"),
        ("tests/town.py", "tests/", "tests/sheet/test_sheet.py", "tests/density/"),
    ],
)
def test_what_a_change_concerns(file: str, first: str, among: str, not_among: str):
    found = concerned([file])
    assert found[0].startswith(first)
    assert among in found
    assert not [test for test in found if test.startswith(not_among)]
    assert all((ROOT / test).is_file() for test in found)


def test_a_test_concerns_itself_first():
    assert concerned(["tests/sheet/test_draw.py"]) == ["tests/sheet/test_draw.py"]
    assert concerned([]) == []


def test_more_steps_find_more():
    near, far = (set(concerned(["gis_service/db/engine.py"], steps)) for steps in (0, 3))
    assert near < far


def test_addresses():
    found = addresses(ROOT / "gis_service/api/routes/clusters.py")
    assert {"/api/clusters", "/api/gaps/widths"} <= found
    assert "/api/figures" in addresses(ROOT / "gis_service/api/routes/figures.py")
