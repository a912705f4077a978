"""A document as docx and as PDF: the same words, the office's faces, the same bytes."""

import io
import time
import xml.etree.ElementTree as ET
import zipfile

import docx as python_docx
import pytest
from PIL import Image
from pypdfium2 import PdfDocument

from gis_service.paper import docx, pdf
from gis_service.paper.blocks import Block, Cell, Document, NewPaper, Picture, Signed, Table, Text
from gis_service.paper.grid import placed
from gis_service.paper.styles import STYLES
from tests.paper.office import pages, words

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def picture():
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(made, "PNG")
    return made.getvalue()


TABLE = Table(
    [
        [Cell("序号", down=2), Cell("行政区划", down=2), Cell("初步判定结论", across=2)],
        ["严重", "一定"],
        ["1", "东兰镇", "38", "142"],
        ["2", Cell("<隘洞&镇>", align="left"), "14", "50"],
    ],
    [16, 60, 40, 40],
    head_rows=2,
)
BLOCKS: list[Block] = [
    Text("通报", "title"), Text("各乡镇人民政府：", "addressee"), Text("一、总体情况", "heading"),
    Text("已排查 79158 栋\x0b，其中经营性 4028 栋。"), TABLE, Picture(picture(), 50, "位置图"),
    Signed("县自建房专班", "2022年9月8日"), NewPaper(), Text("送达回证", "title"), Text("收件人："),
]  # fmt: skip
DOCUMENT = Document("通报", BLOCKS, "2022-09-08", author="县自建房专班")


def part(made, name):
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        return package.read(name).decode()


def test_same_blocks_are_the_same_bytes(monkeypatch):
    first = docx.write(DOCUMENT), pdf.write(DOCUMENT)
    # Years later: no clock is read.
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    assert (docx.write(DOCUMENT), pdf.write(DOCUMENT)) == first
    with zipfile.ZipFile(io.BytesIO(first[0])) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "2022-09-08T00:00:00Z" in part(first[0], "docProps/core.xml")


def test_every_style_names_its_chinese_face_and_no_theme_says_another():
    made = docx.write(DOCUMENT)
    root = ET.fromstring(part(made, "word/styles.xml"))
    for name, style in STYLES.items():
        fonts = root.find(f".//{W}style[@{W}styleId='{name}']/{W}rPr/{W}rFonts")
        assert fonts.get(f"{W}eastAsia") == style.face.name
        assert not [key for key in fonts.attrib if "Theme" in key]
    default = root.find(f".//{W}docDefaults//{W}rFonts")
    assert default.get(f"{W}eastAsia") == "仿宋_GB2312"
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        assert not [name for name in package.namelist() if "theme" in name or "font" in name]
    # A run that named a face would not follow its style.
    assert "rFonts" not in part(made, "word/document.xml")


def test_page_is_that_of_gb_t_9704():
    section = python_docx.Document(io.BytesIO(docx.write(DOCUMENT))).sections[-1]
    assert millimetres(section.page_width, section.page_height) == [210, 297]
    assert millimetres(section.top_margin, section.left_margin) == [37, 28]
    assert block(section) == [156, 225]
    across = python_docx.Document(
        io.BytesIO(docx.write(Document("表", [TABLE], "2022-09-08", landscape=True)))
    ).sections[0]
    assert millimetres(across.page_width, across.page_height) == [297, 210]
    assert block(across) == [225, 156]


def millimetres(*lengths):
    return [round(length / 36000) for length in lengths]


def block(section):
    width = section.page_width - section.left_margin - section.right_margin
    return millimetres(width, section.page_height - section.top_margin - section.bottom_margin)


def test_both_files_say_the_same_on_the_same_pages(tmp_path):
    said = [
        "通报各乡镇人民政府：一、总体情况已排查79158栋，其中经营性4028栋。",
        "送达回证收件人：",
    ]
    for found in (pages(docx.write(DOCUMENT), tmp_path), words(pdf.write(DOCUMENT))):
        assert len(found) == 2
        for page, text in zip(found, said, strict=True):
            assert text in page
            # Each paper counts its own pages.
            assert "—1—" in page
        assert all(
            one in found[0]
            for one in ("序号", "行政区划", "初步判定结论", "<隘洞&镇>", "142", "位置图", "县自建房专班2022年9月8日")
        )


def test_line_may_end_before_the_bracket_of_a_share():
    """Else the line before is spread wide: neither half can be cut, and both are long."""
    ends = set[str]()
    for before in range(40):
        said = "截至当日全县已经完成技术初步判定的比例为" + "房" * before + "25.52%（1028/4028）" + "栋" * 30
        made = PdfDocument(pdf.write(Document("t", [Text(said)], "2026-11-27")))
        lines = made[0].get_textpage().get_text_range().split("\r\n")
        made.close()
        assert "".join(lines).replace(" ", "").startswith(said), "what is found in the file is what was said"
        ends.update(line[-1] for line in lines if line)
    assert "%" in ends


def test_merged_cells_stand_where_they_belong():
    rows = placed(TABLE)
    assert [[(p.cell.text, p.column, p.below) for p in row] for row in rows[:2]] == [
        [("序号", 0, False), ("行政区划", 1, False), ("初步判定结论", 2, False)],
        [("序号", 0, True), ("行政区划", 1, True), ("严重", 2, False), ("一定", 3, False)],
    ]
    table = python_docx.Document(io.BytesIO(docx.write(DOCUMENT))).tables[0]
    assert [cell.text for cell in table.rows[1].cells] == ["序号", "行政区划", "严重", "一定"]
    assert [cell.text for cell in table.rows[0].cells] == ["序号", "行政区划", "初步判定结论", "初步判定结论"]


@pytest.mark.parametrize(
    "rows",
    [
        [["a"]],
        [["a", "b", "c"]],
        [[Cell("a", across=3)]],
        [[Cell("a", down=2), "b"]],
        [["a", "b"], [Cell("c", across=2), "d"]],
    ],
)
def test_table_that_does_not_fill_its_columns_is_refused(rows):
    with pytest.raises(ValueError, match="of the table"):
        placed(Table(rows, [10, 10]))
