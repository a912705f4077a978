"""Named fields of templates, ``{{文号}}``: found, checked, filled in; in our blocks and in a county's own docx."""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import docx
from docx.document import Document as Docx
from docx.opc.constants import RELATIONSHIP_TARGET_MODE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from gis_service.errors import InputError
from gis_service.files import printable
from gis_service.notices.texts import FIELDS
from gis_service.paper import package
from gis_service.paper.blocks import Block, Cell, Signed, Table, Text

_FIELD = re.compile(r"\{\{\s*([^{}]{0,60}?)\s*\}\}")
BYTES_MAX = 2_000_000
UNPACKED_MAX = 20_000_000
"""A template's size, and that of all its parts unpacked."""
_FOREIGN = ("vba", "activex", "embeddings", "oleobject")
Values = Mapping[str, str]


def filled(text: str, values: Values) -> str:
    """Return a text with its fields filled in.

    Raises
    ------
    InputError
        It names a field that there is not.

    """
    return _FIELD.sub(lambda found: values[_known(found[1], "")], text)


def _known(name: str, where: str) -> str:
    if name not in FIELDS:
        raise InputError(
            f"模板{where}有未知字段“{{{{{name}}}}}”；可用的字段：{'、'.join(FIELDS)}。",
            f"The template{where} names an unknown field {{{{{name}}}}}; fields are {', '.join(FIELDS)}.",
            field=name,
        )
    return name


def fill_blocks(blocks: Sequence[Block], values: Values) -> list[Block]:
    """Return blocks with their fields filled in."""
    return [_filled_block(block, values) for block in blocks]


def _filled_block(block: Block, values: Values) -> Block:
    if isinstance(block, Text):
        return replace(block, text=filled(block.text, values))
    if isinstance(block, Signed):
        return Signed(filled(block.unit, values), filled(block.day, values))
    if isinstance(block, Table):
        rows = [
            [replace(c, text=filled(c.text, values)) if isinstance(c, Cell) else filled(c, values) for c in row]
            for row in block.rows
        ]
        return replace(block, rows=rows)
    return block


def check_docx(data: bytes) -> set[str]:
    """Return the fields that a county's template names; it can be used.

    Raises
    ------
    InputError
        It is no docx, holds what a template needs not (macros, embedded objects, links outward), or names a field that
        there is not, with the paragraph in which it stands.

    """
    document = _opened(data)
    found = set()
    for number, paragraph in enumerate(_paragraphs(document.element.body), 1):
        for name in _FIELD.findall("".join(_texts(paragraph))):
            found.add(_known(name, f"第 {number} 段"))
    for section in document.sections:
        for part in (section.header, section.footer):
            if _FIELD.search("".join(p.text for p in part.paragraphs)):
                raise InputError(
                    "模板的页眉页脚里不能有字段；请把字段移到正文。",
                    "A template's header or footer names a field; move it into the text.",
                )
    return found


def _opened(data: bytes) -> Docx:
    if len(data) > BYTES_MAX:
        raise InputError(
            f"模板超过 {BYTES_MAX // 1_000_000} MB；请去掉大图。", f"The template is over {BYTES_MAX // 1_000_000} MB."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            listed = parts.infolist()
        unpacked = sum(part.file_size for part in listed)
        foreign = any(word in part.filename.lower() for part in listed for word in _FOREIGN)
        document = None if unpacked > UNPACKED_MAX or foreign else docx.Document(io.BytesIO(data))
    except Exception:  # whatever a broken package makes the reader say
        document = None
    if document is None:
        raise InputError(
            "模板打不开：请用 Word 或 WPS 另存为 .docx（不含宏）再上传。",
            "The template cannot be opened: save it as .docx without macros.",
        )
    for part in document.part.package.iter_parts():
        if any(rel.is_external for rel in part.rels.values()):
            raise InputError(
                f"模板里有指向外部的链接（{RELATIONSHIP_TARGET_MODE.EXTERNAL}）；请去掉链接的图片和超链接。",
                "The template links outward; take linked pictures and hyperlinks out.",
            )
    return document


def _paragraphs(body: Any) -> Iterator[Any]:
    yield from body.iter(qn("w:p"))


def _texts(paragraph: Any) -> list[str]:
    return [node.text or "" for node in paragraph.iter(qn("w:t"))]


def fill_docx(data: bytes, papers: Sequence[Values], *, title: str, author: str, made_on: str) -> bytes:
    """Return one docx with a county's template filled in once for each paper, each on a new page.

    Raises
    ------
    InputError
        See ``check_docx``.

    """
    check_docx(data)
    document = _opened(data)
    body = document.element.body
    section = body.sectPr
    pattern = [element for element in body if element is not section]
    for element in pattern:
        body.remove(element)
    for number, values in enumerate(papers):
        if number:
            ends = parse_xml(f"<w:p {nsdecls('w')}><w:pPr/></w:p>")
            if section is not None:
                ends.pPr.append(copy.deepcopy(section))
            body_append(body, section, ends)
        for element in pattern:
            made = copy.deepcopy(element)
            for paragraph in [made] if made.tag == qn("w:p") else list(_paragraphs(made)):
                _fill_paragraph(paragraph, values)
            body_append(body, section, made)
    return package.save(document, title=title, author=author, made_on=made_on)


def body_append(body: Any, section: Any, element: Any) -> None:
    """Put an element at the end of a body, before its last section."""
    if section is None:
        body.append(element)
    else:
        section.addprevious(element)


def _fill_paragraph(paragraph: Any, values: Values) -> None:
    """Fill fields in, though an editor may have cut one into several runs: its value stands in the first of them."""
    nodes = list(paragraph.iter(qn("w:t")))
    whole = "".join(node.text or "" for node in nodes)
    for found in reversed(list(_FIELD.finditer(whole))):
        begin, end, value = found.start(), found.end(), printable(values[found[1]])
        at = 0
        for node in nodes:
            text = node.text or ""
            first, last = max(begin - at, 0), min(end - at, len(text))
            if first < last:
                node.text = text[:first] + (value if begin >= at else "") + text[last:]
                node.set(qn("xml:space"), "preserve")
            at += len(text)
