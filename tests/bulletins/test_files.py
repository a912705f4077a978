"""Files of a bulletin: the same snapshot the same content; LibreOffice opens them, and numbers and tables survive."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from openpyxl import load_workbook

from gis_service.bulletins.period import period
from gis_service.bulletins.snapshot import bulletin
from gis_service.bulletins.text import plain
from gis_service.db.engine import transaction
from gis_service.identity import operator
from tests.conftest import Database
from tests.paper import office

TODAY = date(2022, 9, 8)


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_the_same_snapshot_prints_the_same(replayed: Database, tmp_path: Path, kind: str):
    """Two exports differ in their properties alone: who took it, and when."""
    parts: dict[str, list[Any]] = {"docx": [], "pdf": [], "xlsx": []}
    for n in (1, 2):
        for suffix, found in parts.items():
            out = tmp_path / f"{n}.{suffix}"
            told = replayed.cli("bulletin", "--kind", kind, "--day", "2022-08-31", "--out", out)
            assert told.code == 0, told.err
            found.append(_content(out.read_bytes(), suffix))
    for suffix, (one, other) in parts.items():
        assert one == other, suffix
    last = period(kind, date(2022, 8, 31), TODAY).day  # type: ignore[arg-type]
    assert replayed.one("SELECT count(*) FROM gis.snapshot WHERE (kind, day) = (%s, %s)", kind, last) == 1


def _content(data: bytes, suffix: str) -> Any:
    if suffix == "pdf":
        # All that is drawn, as it is drawn.
        return [
            (page.get_textpage().get_text_range(), page.render(scale=0.5).to_numpy().tobytes())
            for page in pypdfium2.PdfDocument(data)
        ]
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = [n for n in package.namelist() if n != "docProps/core.xml"]
        if suffix == "xlsx":  # the sheet of who exported comes last, and its texts behind all others
            book = load_workbook(io.BytesIO(data))
            last = len(book.worksheets)
            assert book.worksheets[-1].title == "导出信息"
            names = [n for n in names if n not in {f"xl/worksheets/sheet{last}.xml", "xl/sharedStrings.xml"}]
            cells = [[c.value for row in sheet.iter_rows() for c in row] for sheet in book.worksheets[:-1]]
            return cells, {n: package.read(n) for n in names}
        return {n: package.read(n) for n in names}


def _squeezed(said: str) -> str:
    """A text without blanks, and without what a program may set into a margin or leave out at the end of a line."""
    return re.sub(r"[\s、，。；：]", "", said)


@pytest.fixture
def files(replayed: Database, tmp_path: Path) -> dict[str, bytes]:
    found = {}
    for suffix in ("docx", "pdf", "xlsx"):
        out = tmp_path / f"b.{suffix}"
        told = replayed.cli("bulletin", "--kind", "monthly", "--day", "2022-08-31", "--out", out)
        assert told.code == 0, told.err
        found[suffix] = out.read_bytes()
    return found


def test_an_office_opens_it(replayed: Database, files: dict[str, bytes], tmp_path: Path):
    """As LibreOffice sets the docx and the workbook, and as our PDF is read: every sentence and every table is there."""
    who = operator()
    with transaction(who) as connection:
        body = bulletin(connection, who, "monthly", date(2022, 8, 31)).body
    # The same line is broken in another place by each program, and page numbers stand between pages.
    read = {
        "docx": "".join(office.pages(files["docx"], tmp_path)),
        "pdf": "".join(office.words(files["pdf"])),
        "xlsx": "".join(_sheets(files["xlsx"], tmp_path)),
    }
    for suffix, said in read.items():
        text = _squeezed(re.sub(r"—\d+—", "", said))
        for line in (
            body["title"],
            body["addressed"],
            *(plain(one["parts"]) for one in body["paragraphs"]),
            body["signed"],
        ):
            assert _squeezed(line) in text, (suffix, line)
        for table in body["tables"]:
            for row in table["rows"]:
                assert _squeezed(plain(row[1])) in text, (suffix, row)
        total = "".join(plain(cell) for cell in body["tables"][0]["rows"][0])
        assert total in text, (suffix, total)


def _sheets(xlsx: bytes, folder: Path) -> list[str]:
    source = folder / "paper.xlsx"
    source.write_bytes(xlsx)
    return office.words(office.converted(source, folder))


def test_the_faces_are_named_and_none_is_embedded(files: dict[str, bytes]):
    with zipfile.ZipFile(io.BytesIO(files["docx"])) as package:
        styles = package.read("word/styles.xml").decode()
        assert not [name for name in package.namelist() if "font" in name.lower() or "theme" in name.lower()]
    assert {"方正小标宋简体", "仿宋_GB2312", "黑体"} <= set(re.findall(r'w:eastAsia="([^"]+)"', styles))


def test_numbers_are_numbers_in_the_workbook(replayed: Database, files: dict[str, bytes]):
    book = load_workbook(io.BytesIO(files["xlsx"]))
    assert book.sheetnames[:3] == ["通报", "各单位进展情况表", "月度考核得分表"]
    rows: list[Any] = list(book["各单位进展情况表"].iter_rows(min_row=3, values_only=True))
    assert rows[0][:3] == ("序号", "填报单位", "经营性自建房")
    operating = replayed.one("SELECT count(*) FROM gis.building WHERE use_class IN ('commercial', 'mixed')")
    assert rows[1][:4] == (None, "东兰县", operating, rows[1][3])
    for column in range(2, 15):
        assert rows[1][column] == sum(row[column] for row in rows[2:]), rows[0][column]
