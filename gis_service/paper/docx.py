"""Blocks as docx: styles by name, faces named and none embedded; the same blocks are the same bytes."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.section import Section
from docx.shared import Mm, Pt

from gis_service.files import printable
from gis_service.paper import styles
from gis_service.paper.blocks import Align, Block, Document, NewPaper, Picture, Signed, Table, Text
from gis_service.paper.grid import placed
from gis_service.paper.package import empty, save

_NS = nsdecls("w")
_TWIPS_MM = 1440 / 25.4


def write(document: Document) -> bytes:
    """Return a document as docx.

    Raises
    ------
    ValueError
        A table's cells do not fill its columns.

    """
    made = docx.Document(empty())
    section = made.sections[0]
    _page(section, landscape=document.landscape)
    if document.numbered:
        made.settings.odd_and_even_pages_header_footer = True
        _number(section.footer, "right")
        _number(section.even_page_footer, "left")
    body = made.element.body
    end = body.sectPr
    for block in document.blocks:
        for element in _elements(made, block, end):
            end.addprevious(element)
    return save(made, title=document.title, author=document.author, made_on=document.made_on)


def _page(section: Section, *, landscape: bool) -> None:
    width, height = styles.A4_MM
    sides = (styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM, styles.LEFT_MM)
    if landscape:
        # The sheet turned: its upper edge is bound as the left edge of an upright one.
        width, height = height, width
        sides = (styles.LEFT_MM, styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM)
        section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(width), Mm(height)
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = (Mm(s) for s in sides)
    section.header_distance = Mm(sides[0] / 2)
    # To the lower edge of the number's own line.
    line_mm = styles.STYLES["page"].line_pt * styles.PT_MM
    section.footer_distance = Mm(max(sides[2] - styles.PAGE_NUMBER_MM - line_mm, 5.0))
    properties: Any = section._sectPr
    properties.append(parse_xml(f"<w:pgNumType {_NS} w:start='1'/>"))
    if not landscape:
        pitch = round(styles.TEXT_MM[1] * _TWIPS_MM / styles.LINES)
        properties.append(parse_xml(f"<w:docGrid {_NS} w:type='lines' w:linePitch='{pitch}'/>"))


def _number(footer: Any, align: Align) -> None:
    """Put the page's number between dashes at the outer edge, one character in."""
    paragraph = footer.paragraphs[0]
    fields = "".join(
        f"<w:r>{part}</w:r>"
        for part in (
            "<w:t>— </w:t>".replace("<w:t>", "<w:t xml:space='preserve'>"),
            "<w:fldChar w:fldCharType='begin'/>",
            "<w:instrText xml:space='preserve'> PAGE </w:instrText>",
            "<w:fldChar w:fldCharType='separate'/>",
            "<w:t>1</w:t>",
            "<w:fldChar w:fldCharType='end'/>",
            "<w:t xml:space='preserve'> —</w:t>",
        )
    )
    size = Pt(styles.STYLES["page"].size_pt).twips
    made = parse_xml(
        f"<w:p {_NS}><w:pPr><w:pStyle w:val='page'/><w:ind w:{align}='{size}'/><w:jc w:val='{align}'/></w:pPr>{fields}</w:p>"
    )
    paragraph._p.getparent().replace(paragraph._p, made)


def _elements(made: Any, block: Block, section: Any) -> Iterator[Any]:
    if isinstance(block, Text):
        yield parse_xml(_paragraph(block.text, block.style, block.align))
    elif isinstance(block, Table):
        yield parse_xml(_table(block))
        # Two tables without a paragraph between them would be one.
        yield parse_xml(
            f"<w:p {_NS}><w:pPr><w:spacing w:before='0' w:after='0' w:line='120' w:lineRule='exact'/></w:pPr></w:p>"
        )
    elif isinstance(block, Picture):
        yield _picture(made, block)
        if block.caption:
            yield parse_xml(_paragraph(block.caption, "note", "center"))
    elif isinstance(block, Signed):
        # Above the day, in the middle of its width, four characters from the edge: 7.3.5.
        right = 4 * styles.STYLES["signed"].size_pt * 20
        for text in (block.unit, block.day):
            yield parse_xml(_paragraph(text, "signed", None, f"<w:keepNext/><w:ind w:right='{round(right)}'/>"))
    elif isinstance(block, NewPaper):
        ends = parse_xml(
            f"<w:p {_NS}><w:pPr><w:spacing w:before='0' w:after='0' w:line='20' w:lineRule='exact'/></w:pPr></w:p>"
        )
        ends.pPr.append(copy.deepcopy(section))
        yield ends


def _runs(text: str) -> str:
    lines = [f"<w:t xml:space='preserve'>{escape(printable(line))}</w:t>" for line in text.split("\n")]
    return "<w:br/>".join(lines)


def _paragraph(text: str, style: str, align: Align | None = None, more: str = "") -> str:
    aligned = f"<w:jc w:val='{align}'/>" if align else ""
    return f"<w:p {_NS}><w:pPr><w:pStyle w:val='{style}'/>{more}{aligned}</w:pPr><w:r>{_runs(text)}</w:r></w:p>"


def _table(table: Table) -> str:
    widths = [round(width * _TWIPS_MM) for width in table.widths_mm]
    rows = []
    for number, row in enumerate(placed(table)):
        cells = []
        for place in row:
            cell = place.cell
            span = f"<w:gridSpan w:val='{cell.across}'/>" if cell.across > 1 else ""
            merge = "<w:vMerge/>" if place.below else "<w:vMerge w:val='restart'/>" if cell.down > 1 else ""
            style = "cell_head" if cell.head or number < table.head_rows else "cell"
            width = sum(widths[place.column : place.column + cell.across])
            cells.append(
                f"<w:tc><w:tcPr><w:tcW w:w='{width}' w:type='dxa'/>{span}{merge}<w:vAlign w:val='center'/></w:tcPr>"
                f"{_paragraph('' if place.below else cell.text, style, cell.align)}</w:tc>"
            )
        head = "<w:tblHeader/>" if number < table.head_rows else ""
        rows.append(f"<w:tr><w:trPr><w:cantSplit/>{head}</w:trPr>{''.join(cells)}</w:tr>")
    grid = "".join(f"<w:gridCol w:w='{width}'/>" for width in widths)
    return (
        f"<w:tbl {_NS}><w:tblPr><w:tblStyle w:val='Lined'/><w:tblW w:w='{sum(widths)}' w:type='dxa'/><w:jc w:val='center'/>"
        f"<w:tblLayout w:type='fixed'/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _picture(made: Any, picture: Picture) -> Any:
    inline = made.part.new_pic_inline(io.BytesIO(picture.data), width=Mm(picture.width_mm))
    paragraph = parse_xml(
        f"<w:p {_NS}><w:pPr>{'<w:keepNext/>' * bool(picture.caption)}<w:spacing w:before='60' w:after='60'/>"
        "<w:jc w:val='center'/></w:pPr><w:r><w:drawing/></w:r></w:p>"
    )
    paragraph.find(".//{*}drawing").append(inline)
    return paragraph
