"""The township's map for the wall: what it says, for whom, and what cannot be made."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from tests.conftest import Database

TOWN = "451224208"


def _texts(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    return [page.get_textpage().get_text_range() for page in document]


def test_what_the_wall_map_says(demo_database: Database, tmp_path: Path):
    out = tmp_path / "wall.pdf"
    done = demo_database.cli("map", "township", "--township", TOWN, "--out", out)
    assert (done.code, done.err) == (0, "")
    pages = _texts(out)
    houses = demo_database.one("SELECT count(*) FROM gis.building WHERE township_code = %s", TOWN)
    for told in ("切学乡自建房安全隐患图", "模拟数据", "内部工作用图", f"{houses:,}", "合计", "乡镇、村界线为示意"):
        assert told in pages[0], told
    whole = "".join(pages)
    severe = demo_database.ask(
        "SELECT building_id FROM gis.building WHERE township_code = %s AND hazard_tier IN ('severe', 'some')", TOWN
    )
    assert severe
    for (house,) in severe:
        assert house in whole
    width, height = pypdfium2.PdfDocument(out)[0].get_size()
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (420, 297), "A3, lying"
    others = {
        row[0] for row in demo_database.ask("SELECT building_id FROM gis.building WHERE township_code <> %s", TOWN)
    }
    assert not others & set(whole.split())


def test_names_are_text(demo_copy: Database, tmp_path: Path):
    evil = "<img src=x onerror=alert(1)>"
    demo_copy.ask("UPDATE gis.building SET name = %s WHERE hazard_tier = 'severe'", evil)
    demo_copy.ask("UPDATE gis.admin_area SET name = %s WHERE code = %s", evil, TOWN)
    out = tmp_path / "wall.pdf"
    assert demo_copy.cli("map", "township", "--township", TOWN, "--out", out).code == 0
    assert "<img" in "".join(_texts(out)).replace("\r\n", "")


@pytest.mark.parametrize(("code", "out"), [("451224299", "x.pdf"), (TOWN, "x.docx"), (TOWN, "no/x.pdf")])
def test_what_cannot_be_made(demo_database: Database, tmp_path: Path, code: str, out: str):
    done = demo_database.cli("map", "township", "--township", code, "--out", tmp_path / out)
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
