"""Measures, faces and styles of a document: GB/T 9704-2012 where it says something, else ours. Said once for docx and PDF.

An office's machines have the faces that are named here, and no document embeds one. Where PDF is made they are seldom
there; what stands in for each is named after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

A4_MM = (210.0, 297.0)
TOP_MM, LEFT_MM = 37.0, 28.0
"""GB/T 9704-2012, 5.1 and 5.2.1."""
TEXT_MM = (156.0, 225.0)
"""The block of text, 5.2.1: so 26 mm are left at the right and 35 mm at the foot."""
RIGHT_MM = A4_MM[0] - LEFT_MM - TEXT_MM[0]
BOTTOM_MM = A4_MM[1] - TOP_MM - TEXT_MM[1]
PAGE_NUMBER_MM = 7.0
"""From the block's lower edge to the page number, 7.5."""
LINES, CHARACTERS = 22, 28
"""Lines a page and characters a line, 5.2.3."""
LINE_PT = 28.0
"""Between lines of 3号: what offices set by hand; 22 lines of it fill the block."""
PT_MM = 25.4 / 72
LATIN, LATIN_STAND_IN = "Times New Roman", "Liberation Serif"


@dataclass(frozen=True)
class Face:
    """A typeface: its name in a docx, and the families that a PDF asks for in turn, of which the last is what Debian has."""

    name: str
    families: tuple[str, ...]
    bold: bool = False
    """Whether the stand-in of the PDF is set bold."""


XIAOBIAOSONG = Face("方正小标宋简体", ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "Noto Serif CJK SC"), bold=True)
FANGSONG = Face("仿宋_GB2312", ("仿宋_GB2312", "FangSong_GB2312", "FangSong", "Noto Serif CJK SC"))
KAITI = Face("楷体_GB2312", ("楷体_GB2312", "KaiTi_GB2312", "KaiTi", "LXGW WenKai", "Noto Serif CJK SC"))
HEITI = Face("黑体", ("黑体", "SimHei", "Noto Sans CJK SC"))
SONGTI = Face("宋体", ("宋体", "SimSun", "Noto Serif CJK SC"))


@dataclass(frozen=True)
class Style:
    """How paragraphs of a kind look; sizes and distances in points, ``indent`` in characters of the first line."""

    title: str
    face: Face
    size_pt: float = 16.0
    align: Literal["left", "center", "right", "both"] = "left"
    indent: int = 0
    line_pt: float = LINE_PT
    before_pt: float = 0.0
    after_pt: float = 0.0
    level: int | None = None
    """Of the outline, from 1."""


# 2号 is 22 pt, 3号 16 pt, 4号 14 pt, 小4号 12 pt, 5号 10.5 pt. Title, body and headings: 7.3; page number: 7.5.
STYLES = {
    "title": Style("公文标题", XIAOBIAOSONG, 22.0, "center", line_pt=34.0, after_pt=14.0, level=1),
    "number": Style("文号", FANGSONG, align="center", after_pt=14.0),
    "addressee": Style("主送", FANGSONG),
    "body": Style("正文", FANGSONG, align="both", indent=2),
    "heading": Style("一级标题", HEITI, indent=2, level=2),
    "heading2": Style("二级标题", KAITI, indent=2, level=3),
    "heading3": Style("三级标题", FANGSONG, indent=2, level=4),
    "plain": Style("不缩进", FANGSONG, align="both"),
    "signed": Style("落款", FANGSONG, align="right"),
    "caption": Style("表题", HEITI, 14.0, "center", line_pt=24.0, before_pt=6.0, after_pt=4.0),
    "note": Style("附注", FANGSONG, 12.0, line_pt=18.0),
    "cell": Style("表格", FANGSONG, 10.5, "center", line_pt=15.0),
    "cell_head": Style("表头", HEITI, 10.5, "center", line_pt=15.0),
    "page": Style("页码", SONGTI, 14.0, "center", line_pt=16.0),
}
"""By the name that a block gives; ``title`` is what Word and WPS show in their list of styles."""
