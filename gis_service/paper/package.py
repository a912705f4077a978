"""A docx as a zip of XML parts: an empty one with our styles, and one saved so that the same content is the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import docx as python_docx

from gis_service.paper.styles import LATIN, STYLES, Style

if TYPE_CHECKING:
    from docx.document import Document

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip can name; no clock goes into a document."""


def styles_xml() -> str:
    """Return ``word/styles.xml``: each style names its East Asian face, and none is left to a theme."""
    body = STYLES["body"]
    default = (
        f"<w:docDefaults><w:rPrDefault><w:rPr>{_fonts(body)}<w:lang w:val='en-US' w:eastAsia='zh-CN'/></w:rPr>"
        "</w:rPrDefault><w:pPrDefault/></w:docDefaults>"
    )
    base = (
        "<w:style w:type='paragraph' w:default='1' w:styleId='Normal'><w:name w:val='Normal'/><w:qFormat/>"
        "<w:pPr><w:widowControl w:val='0'/></w:pPr></w:style>"
        "<w:style w:type='character' w:default='1' w:styleId='DefaultParagraphFont'><w:name w:val='Default Paragraph Font'/>"
        "</w:style><w:style w:type='table' w:default='1' w:styleId='TableNormal'><w:name w:val='Normal Table'/>"
        "<w:tblPr><w:tblCellMar><w:top w:w='28' w:type='dxa'/><w:left w:w='57' w:type='dxa'/>"
        "<w:bottom w:w='28' w:type='dxa'/><w:right w:w='57' w:type='dxa'/></w:tblCellMar></w:tblPr></w:style>"
        "<w:style w:type='table' w:styleId='Lined'><w:name w:val='表格线'/><w:basedOn w:val='TableNormal'/><w:tblPr>"
        "<w:tblBorders>"
        + "".join(
            f"<w:{edge} w:val='single' w:sz='4' w:space='0' w:color='000000'/>"
            for edge in ("top", "left", "bottom", "right", "insideH", "insideV")
        )
        + "</w:tblBorders></w:tblPr></w:style>"
    )
    return (
        f"{_HEAD}<w:styles xmlns:w='{_W}'>{default}{base}{''.join(_style(n, s) for n, s in STYLES.items())}</w:styles>"
    )


def _fonts(style: Style) -> str:
    name = quoteattr(style.face.name)
    half = round(style.size_pt * 2)
    return (
        f"<w:rFonts w:ascii={quoteattr(LATIN)} w:hAnsi={quoteattr(LATIN)} w:cs={quoteattr(LATIN)} w:eastAsia={name}/>"
        f"<w:sz w:val='{half}'/><w:szCs w:val='{half}'/>"
    )


def _style(name: str, style: Style) -> str:
    headed = style.level is not None
    outline = "" if style.level is None else f"<w:outlineLvl w:val='{style.level - 1}'/>"
    indent = (
        f"<w:ind w:firstLineChars='{style.indent * 100}' w:firstLine='{round(style.indent * style.size_pt * 20)}'/>"
    )
    return (
        f"<w:style w:type='paragraph' w:customStyle='1' w:styleId={quoteattr(name)}><w:name w:val={quoteattr(style.title)}/>"
        f"<w:basedOn w:val='Normal'/><w:qFormat/><w:pPr>{'<w:keepNext/>' * headed}<w:snapToGrid w:val='0'/>"
        f"<w:spacing w:before='{round(style.before_pt * 20)}' w:after='{round(style.after_pt * 20)}'"
        f" w:line='{round(style.line_pt * 20)}' w:lineRule='{'atLeast' if name.startswith('cell') else 'exact'}'/>"
        f"{indent if style.indent else ''}<w:jc w:val='{style.align}'/>"
        f"{outline}</w:pPr>"
        f"<w:rPr>{_fonts(style)}</w:rPr></w:style>"
    )


def empty() -> io.BytesIO:
    """Return a docx with no content, our styles, and no theme that could give East Asian text another face."""
    parts = {
        "[Content_Types].xml": (
            "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'>"
            "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
            "<Default Extension='xml' ContentType='application/xml'/>"
            f"<Override PartName='/word/document.xml' ContentType='{_TYPE}.document.main+xml'/>"
            f"<Override PartName='/word/styles.xml' ContentType='{_TYPE}.styles+xml'/>"
            f"<Override PartName='/word/settings.xml' ContentType='{_TYPE}.settings+xml'/>"
            "<Override PartName='/docProps/core.xml'"
            " ContentType='application/vnd.openxmlformats-package.core-properties+xml'/></Types>"
        ),
        "_rels/.rels": (
            f"<Relationships xmlns='{_RELATIONS}'>"
            f"<Relationship Id='rId1' Type='{_OFFICE}/officeDocument' Target='word/document.xml'/>"
            "<Relationship Id='rId2' Type='http://schemas.openxmlformats.org/package/2006/relationships/metadata/"
            "core-properties' Target='docProps/core.xml'/></Relationships>"
        ),
        "word/_rels/document.xml.rels": (
            f"<Relationships xmlns='{_RELATIONS}'><Relationship Id='rId1' Type='{_OFFICE}/styles' Target='styles.xml'/>"
            f"<Relationship Id='rId2' Type='{_OFFICE}/settings' Target='settings.xml'/></Relationships>"
        ),
        "word/document.xml": f"<w:document xmlns:w='{_W}' xmlns:r='{_OFFICE}'><w:body><w:sectPr/></w:body></w:document>",
        "word/settings.xml": (
            f"<w:settings xmlns:w='{_W}'><w:characterSpacingControl w:val='compressPunctuation'/>"
            "<w:compat><w:doNotExpandShiftReturn/><w:compatSetting w:name='compatibilityMode' w:uri='http://schemas.microsoft.com/office/word'"
            " w:val='15'/></w:compat></w:settings>"
        ),
        "docProps/core.xml": (
            "<cp:coreProperties xmlns:cp='http://schemas.openxmlformats.org/package/2006/metadata/core-properties'"
            " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:dcterms='http://purl.org/dc/terms/'"
            " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/>"
        ),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, _EPOCH), text if text.startswith(_HEAD) else _HEAD + text)
        package.writestr(zipfile.ZipInfo("word/styles.xml", _EPOCH), styles_xml())
    out.seek(0)
    return out


def save(document: Document, *, title: str, author: str, made_on: str) -> bytes:
    """Return a document as a file: the same content is the same file, byte for byte.

    Parameters
    ----------
    made_on
        The day of its content, ISO 8601, told as the day it was made and changed.

    """
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title, author, author
    properties.language = "zh-CN"
    properties.created = properties.modified = datetime.fromisoformat(made_on)
    written = io.BytesIO()
    document.save(written)
    return settled(written.getvalue())


def settled(package: bytes) -> bytes:
    """Return a zip with its parts in order of their names (the list of types first) and without the clock's time."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as read, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as write:
        for name in sorted(read.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            write.writestr(entry, read.read(name))
    return out.getvalue()


def marked(content: bytes, account: str, note: str) -> bytes:
    """Return a docx whose properties say who takes it away and when; what it says stays byte for byte what it was."""
    document = python_docx.Document(io.BytesIO(content))
    document.core_properties.last_modified_by = account
    document.core_properties.comments = note
    written = io.BytesIO()
    document.save(written)
    return settled(written.getvalue())
