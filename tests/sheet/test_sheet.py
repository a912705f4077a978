"""The sheet: what it says, that its fonts are inside, that a name is a name, and that nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from gis_service.db.server import Server
from gis_service.sheet.print import pdf
from tests import town
from tests.conftest import Database, cloned

EVIL = "<img src=x onerror=alert(1)>"


def _texts(file: Path) -> list[str]:
    document = pdfium.PdfDocument(file)
    try:
        return [document[k].get_textpage().get_text_bounded() for k in range(len(document))]
    finally:
        document.close()


@pytest.fixture(scope="module")
def built(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with the small town, analysed, and two names that would like to be more."""
    with cloned(server, template) as made:
        town.build(made, tmp_path_factory.mktemp("town"), {0: EVIL, 1: "file:///etc/passwd"})
        yield made.name


@pytest.fixture
def place(server: Server, built: str) -> Iterator[Database]:
    """A copy of the town for one test to change."""
    with cloned(server, built) as made:
        yield made


@pytest.mark.parametrize("paper", ["A4", "A3"])
def test_what_the_sheet_says(place: Database, tmp_path: Path, paper: str):
    out = tmp_path / "sheet.pdf"
    said = place.cli("sheet", 1, "--paper", paper, "--out", out)
    assert (said.code, said.err) == (0, "")
    texts = _texts(out)
    whole = "".join(texts)
    for expected in ("专项消防应急方案", "内部工作用图", "停车点", "联系人", "巡查路线", "巷道表", "延烧片", "手牵手", "一线天",
                     "南街栓", "村塘", "T00", "消防车净宽", "GB 50016", "数据版本", "水带距离", "进深"):  # fmt: skip
        assert expected in whole, expected
    # Pages are numbered and counted.
    for number, text in enumerate(texts, start=1):
        assert f"第 {number} 页 共 {len(texts)} 页" in text
    # Every alley of the cluster is in the table, under the number that stands on the map.
    alleys = place.ask("SELECT alley_id FROM gis.alley WHERE cluster_id = 1")
    assert len(alleys) > 3
    assert f"巷道表（{len(alleys)} 条" in whole
    # Numbers and widths are on the map, the first page.
    assert re.search(r"\d+·0\.8", texts[0])
    assert re.search(r"1 ?: ?\d{3}", texts[0])
    document = pdfium.PdfDocument(out)
    width, height = (round(v / 72 * 25.4) for v in document[0].get_size())
    document.close()
    assert (width, height) == ((210, 297) if paper == "A4" else (420, 297))


def test_names_are_text_and_nothing_is_fetched(place: Database, tmp_path: Path):
    out = tmp_path / "sheet.pdf"
    assert place.cli("sheet", 1, "--out", out).code == 0
    whole = "".join(_texts(out))
    assert EVIL in whole.replace("\r\n", "").replace("\n", "")
    assert "root:" not in whole
    raw = out.read_bytes()
    assert b"/URI" not in raw
    assert b"/JavaScript" not in raw


def test_the_fonts_are_inside(place: Database, tmp_path: Path):
    out = tmp_path / "sheet.pdf"
    assert place.cli("sheet", 1, "--out", out).code == 0
    pypdf_free = out.read_bytes()
    assert re.search(rb"/FontFile[23]?", pypdf_free) or b"/ObjStm" in pypdf_free
    document = pdfium.PdfDocument(out)
    fonts = set()
    for k in range(len(document)):
        for item in document[k].get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_TEXT]):
            font = pdfium.raw.FPDFTextObj_GetFont(item)
            fonts.add(pdfium.raw.FPDFFont_GetIsEmbedded(font))
    document.close()
    assert fonts == {1}


def test_records_are_on_the_sheet(place: Database, tmp_path: Path):
    place.ask("INSERT INTO gis.fire_site (name, geom) SELECT name, geom FROM gis.cluster")
    place.ask("INSERT INTO gis.fire_plan (site_id, version, number, dated, unit, body, run_id, cluster_id) VALUES "
              "(1, 1, '消〔2022〕1号', '2022-08-01', '县大队', '旧版内容', 1, 1), (1, 2, '消〔2022〕9号', '2022-09-01', '县大队', '新版内容', 1, 1)")  # fmt: skip
    place.ask(
        "INSERT INTO gis.fire_drill (site_id, dated, result, note) VALUES (1, '2022-09-02', 'faults', '水带不够长')"
    )
    place.ask(
        "INSERT INTO gis.fire_patrol (site_id, dated, unit, found) VALUES (1, '2022-09-03', '二中队', '摩托堵巷')"
    )
    out = tmp_path / "sheet.pdf"
    assert place.cli("sheet", 1, "--out", out).code == 0
    whole = "".join(_texts(out))
    for expected in ("第 2 版", "消〔2022〕9号", "新版内容", "有问题", "水带不够长", "二中队", "摩托堵巷"):
        assert expected in whole
    assert "旧版内容" not in whole


def test_what_cannot_be_made(place: Database, tmp_path: Path):
    out = tmp_path / "sheet.pdf"
    unknown = place.cli("sheet", 7, "--out", out)
    assert (unknown.code, unknown.err) == (1, "There is no cluster 7.\n")
    assert place.cli("sheet", 1, "--run", 99, "--out", out).code == 1
    assert "ends in .pdf" in place.cli("sheet", 1, "--out", tmp_path / "sheet.png").err
    assert "does not exist" in place.cli("sheet", 1, "--out", tmp_path / "no" / "sheet.pdf").err
    assert place.cli("sheet", "x", "--out", out).code == 2
    assert not out.exists()


def test_no_analysis_no_sheet(database: Database, tmp_path: Path):
    said = database.cli("sheet", 1, "--out", tmp_path / "sheet.pdf")
    assert said.code == 1
    assert "gis-service analyze" in said.err


def test_the_printer_hands_out_its_own_maps_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A template that asks for anything else gets nothing, and the file on disk stays unread."""
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>SECRET</text></svg>')
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "t.html").write_text(f'<img src="{secret.as_uri()}"><img src="map:one"><p>正文</p>')
    from jinja2 import Environment, FileSystemLoader

    from gis_service.sheet import print as printing

    monkeypatch.setattr(printing, "_templates", Environment(loader=FileSystemLoader(folder), autoescape=True))
    one = '<svg xmlns="http://www.w3.org/2000/svg" width="20mm" height="9mm"><text x="1" y="9">OWN</text></svg>'
    out = tmp_path / "t.pdf"
    out.write_bytes(pdf("t.html", maps={"one": one}))
    whole = "".join(_texts(out))
    assert "OWN" in whole
    assert "SECRET" not in whole
