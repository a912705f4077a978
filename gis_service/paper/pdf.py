"""Blocks as PDF, by the same styles as the docx; faces that this machine lacks are stood in for.

Set by Typst from ``paper.typ``, which gets everything as data (decision 15). Sheets that are maps with a little text are
HTML (``html``).
"""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from gis_service.files import printable
from gis_service.paper import fonts, styles
from gis_service.paper.blocks import Block, Document, NewPaper, Picture, Signed, Table, Text
from gis_service.paper.grid import placed

_LAYOUT = Path(__file__).with_name("paper.typ")
_PNG = b"\x89PNG"


def write(document: Document) -> bytes:
    """Return a document as PDF; the same blocks are the same bytes on the same machine.

    Raises
    ------
    SetupError
        No font of this machine has Chinese characters.
    ValueError
        A table's cells do not fill its columns.

    """
    fonts.check()
    # The only folder that can be read while pages are set: the layout and the document's pictures.
    with TemporaryDirectory(prefix="paper-") as named:
        folder = Path(named)
        said = json.dumps(_said(document, folder))
        layout = folder / _LAYOUT.name
        layout.write_bytes(_LAYOUT.read_bytes())
        return typst.compile(layout, root=folder, font_paths=_fonts(), format="pdf", sys_inputs={"document": said})


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_embedded_fonts=False)


def _said(document: Document, folder: Path) -> dict[str, Any]:
    """Return what ``paper.typ`` sets; pictures are put into ``folder``."""
    made_on = date.fromisoformat(document.made_on)
    sides = (styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM, styles.LEFT_MM)
    size = styles.A4_MM
    if document.landscape:
        sides = (styles.LEFT_MM, styles.TOP_MM, styles.RIGHT_MM, styles.BOTTOM_MM)
        size = size[::-1]
    return {
        "title": document.title,
        "author": document.author or [],
        "made_on": {"year": made_on.year, "month": made_on.month, "day": made_on.day},
        "size_mm": size,
        "margins_mm": list(zip(("top", "right", "bottom", "left"), sides, strict=True)),
        "numbered": document.numbered,
        "number_mm": styles.PAGE_NUMBER_MM,
        "styles": _STYLES,
        "blocks": [_block(block, folder, n) for n, block in enumerate(document.blocks)],
    }


_STYLES = {
    name: {
        # As in the docx, whose first face is for Latin letters and digits.
        "families": [
            *({"name": family, "covers": "latin-in-cjk"} for family in (styles.LATIN, styles.LATIN_STAND_IN)),
            *style.face.families,
        ],
        "bold": style.face.bold,
        "size_pt": style.size_pt,
        "line_pt": style.line_pt,
        "before_pt": style.before_pt,
        "after_pt": style.after_pt,
        "align": style.align,
        "indent": style.indent,
        "heading": style.level is not None,
    }
    for name, style in styles.STYLES.items()
}


def _block(block: Block, folder: Path, n: int) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"kind": "text", "text": _text(block.text), "style": block.style, "align": block.align}
    if isinstance(block, Table):
        return {"kind": "table", "widths_mm": list(block.widths_mm)} | _cells(block)
    if isinstance(block, Picture):
        file = f"{n}.png" if block.data.startswith(_PNG) else f"{n}.jpg"
        (folder / file).write_bytes(block.data)
        return {"kind": "picture", "file": file, "width_mm": block.width_mm, "caption": printable(block.caption)}
    if isinstance(block, Signed):
        return {"kind": "signed", "unit": _text(block.unit), "day": _text(block.day)}
    assert isinstance(block, NewPaper)  # noqa: S101 - the last kind of block
    return {"kind": "paper"}


def _text(text: str) -> str:
    # An empty paragraph is a line too.
    return printable(text) or "\u00a0"


def _cells(table: Table) -> dict[str, Any]:
    rows = [
        [
            {
                "x": place.column,
                "y": number,
                "across": place.cell.across,
                "down": place.cell.down,
                "align": place.cell.align,
                "head": place.cell.head or number < table.head_rows,
                "text": _text(place.cell.text),
            }
            for place in row
            if not place.below
        ]
        for number, row in enumerate(placed(table))
    ]
    return {"head": list(chain(*rows[: table.head_rows])), "body": list(chain(*rows[table.head_rows :]))}
