"""Blocks as PDF, by the same styles as the docx; faces that this machine lacks are stood in for."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from html import escape
from multiprocessing import get_context

import pikepdf

from gis_service.files import printable
from gis_service.paper import styles
from gis_service.paper.blocks import Document, NewPaper, Picture, Signed, Table, Text
from gis_service.paper.grid import placed
from gis_service.paper.html import Parts, pdf

Paragraphs = Text | Table | Picture | Signed
_SHARE_MIN = 40
"""Papers that are worth a process of their own, which takes a second or two to begin."""
_START = "<!DOCTYPE html><html lang='zh-CN'><head>"
_PNG = b"\x89PNG"


def write(document: Document, workers: int = 1) -> bytes:
    """Return a document as PDF; the same blocks are the same bytes on the same machine.

    Parameters
    ----------
    workers
        Processes among which the papers of a long file are shared; small ones are made here.

    Raises
    ------
    SetupError
        No font of this machine has Chinese characters.
    ValueError
        A table's cells do not fill its columns.

    """
    papers = _papers(document)
    shares = min(workers, len(papers) // _SHARE_MIN)
    if shares < 2:
        return _pdf(document, papers)
    size = -(-len(papers) // shares)
    pieces = [papers[start : start + size] for start in range(0, len(papers), size)]
    with ProcessPoolExecutor(len(pieces), mp_context=get_context("spawn")) as pool:
        made = list(pool.map(_pdf, [document] * len(pieces), pieces))
    return _joined(made, document)


def _papers(document: Document) -> list[list[Paragraphs]]:
    papers: list[list[Paragraphs]] = [[]]
    for block in document.blocks:
        if isinstance(block, NewPaper):
            papers.append([])
        else:
            papers[-1].append(block)
    return papers


def _joined(made: list[bytes], document: Document) -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as whole:
        for piece in made:
            with pikepdf.open(io.BytesIO(piece)) as opened:
                whole.pages.extend(opened.pages)
        whole.docinfo["/Title"], whole.docinfo["/Author"] = document.title, document.author
        whole.save(out, deterministic_id=True)
    return out.getvalue()


def _pdf(document: Document, papers: list[list[Paragraphs]]) -> bytes:
    parts: Parts = {}
    head = (
        f"<meta charset='utf-8'><title>{escape(document.title)}</title><meta name='author' content='{escape(document.author)}'>"
        f"<meta name='dcterms.created' content='{escape(document.made_on)}'>"
    )
    css = _css(document.landscape, document.numbered)
    # Pages of neighbours have different names: where the name changes, a paper begins.
    body = "".join(
        f"<div class='paper{number % 2}'>{''.join(_html(block, parts) for block in paper)}</div>"
        for number, paper in enumerate(papers)
    )
    return pdf(f"{_START}{head}<style>{css}</style></head><body>{body}</body></html>", parts)


@lru_cache(maxsize=4)
def _css(landscape: bool, numbered: bool) -> str:
    sides = (styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM, styles.LEFT_MM)
    if landscape:
        sides = (styles.LEFT_MM, styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM)
    rules = [f"@page {{ size: A4{' landscape' * landscape}; margin: {' '.join(f'{s:g}mm' for s in sides)} }}"]
    page = styles.STYLES["page"]
    for name in ("paper0", "paper1"):
        rules.append(f".{name} {{ page: {name} }} @page :nth(1 of {name}) {{ counter-reset: page 1 }}")
        for which, box, edge in (
            (("2n + 1", "@bottom-right", "right"), ("2n", "@bottom-left", "left")) if numbered else ()
        ):
            rules.append(
                f"@page :nth({which} of {name}) {{ {box} {{ content: '— ' counter(page) ' —'; vertical-align: top;"
                f" padding-top: {styles.PAGE_NUMBER_MM:g}mm; padding-{edge}: {page.size_pt:g}pt;"
                f" font: {page.size_pt:g}pt {styles.LATIN!r}, {page.face.css} }} }}"
            )
    rules.append("body { margin: 0 } p, td { margin: 0; white-space: pre-line; orphans: 2; widows: 2 }")
    for name, style in styles.STYLES.items():
        align = "justify" if style.align == "both" else style.align
        # As in the docx, whose first face is for Latin letters and digits.
        rules.append(
            f".{name} {{ font: {'bold ' if style.face.bold else ''}{style.size_pt:g}pt/{style.line_pt:g}pt"
            f" {styles.LATIN!r}, 'Liberation Serif', {style.face.css}, serif; text-align: {align};"
            f" text-indent: {style.indent}em; margin: {style.before_pt:g}pt 0 {style.after_pt:g}pt;"
            f" {'break-after: avoid' if style.level is not None else ''} }}"
        )
    rules.append(
        "table { border-collapse: collapse; margin: 0 auto 6pt; table-layout: fixed } td { border: 0.5pt solid #000;"
        " padding: 1.4pt 2.8pt; vertical-align: middle } tr { break-inside: avoid }"
        ".left { text-align: left } .center { text-align: center } .right { text-align: right }"
        f".from {{ break-inside: avoid; margin-right: {4 * styles.STYLES['signed'].size_pt:g}pt }}"
        "figure { margin: 3pt 0; text-align: center; break-inside: avoid }"
    )
    return "\n".join(rules)


def _html(block: Paragraphs, parts: Parts) -> str:
    if isinstance(block, Text):
        return _paragraph(block.text, block.style, block.align)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Picture):
        address = f"picture:{len(parts)}"
        parts[address] = (block.data, "image/png" if block.data.startswith(_PNG) else "image/jpeg")
        caption = _paragraph(block.caption, "note", "center") if block.caption else ""
        return f"<figure><img src='{address}' style='width: {block.width_mm:g}mm' alt=''>{caption}</figure>"
    assert isinstance(block, Signed)  # noqa: S101 - the last kind of block
    return f"<div class='from'>{_paragraph(block.unit, 'signed')}{_paragraph(block.day, 'signed')}</div>"


def _paragraph(text: str, style: str, align: str | None = None) -> str:
    return f"<p class='{style}{' ' + align if align else ''}'>{_text(text)}</p>"


def _text(text: str) -> str:
    return escape(printable(text)) or "&#160;"


def _table(table: Table) -> str:
    rows = []
    for number, row in enumerate(placed(table)):
        cells = "".join(
            f"<td class='{'cell_head' if p.cell.head or number < table.head_rows else 'cell'} {p.cell.align}'"
            f" colspan='{p.cell.across}' rowspan='{p.cell.down}'>{_text(p.cell.text)}</td>"
            for p in row
            if not p.below
        )
        rows.append(f"<tr>{cells}</tr>")
    columns = "".join(f"<col style='width: {width:g}mm'>" for width in table.widths_mm)
    head, body = "".join(rows[: table.head_rows]), "".join(rows[table.head_rows :])
    return (
        f"<table style='width: {sum(table.widths_mm):g}mm'><colgroup>{columns}</colgroup>"
        f"{f'<thead>{head}</thead>' if head else ''}<tbody>{body}</tbody></table>"
    )
