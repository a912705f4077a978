"""What a document says, apart from the file it becomes: ``docx.write`` and ``pdf.write`` take the same blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Text:
    """A paragraph in one of the styles of ``styles.STYLES``; the body by default."""

    text: str
    style: str = "body"
    align: Align | None = None
    """Instead of the style's own."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table; ``across`` and ``down`` are how many columns and rows it takes."""

    text: str
    across: int = 1
    down: int = 1
    align: Align = "center"
    head: bool = False


@dataclass(frozen=True)
class Table:
    """A table with all its lines drawn.

    Parameters
    ----------
    rows
        Cells from left to right; a text is a cell of its own. A row leaves out what a cell above reaches down into.
    widths_mm
        One a column; together at most the text's width (156 mm upright).
    head_rows
        How many rows are repeated on each page.

    """

    rows: Sequence[Sequence[Cell | str]]
    widths_mm: Sequence[float]
    head_rows: int = 1


@dataclass(frozen=True)
class Picture:
    """A PNG or JPEG, ``width_mm`` wide, with what stands under it."""

    data: bytes
    width_mm: float
    caption: str = ""


@dataclass(frozen=True)
class Signed:
    """Who a paper is from, and its day, at the right below the text (落款)."""

    unit: str
    day: str


@dataclass(frozen=True)
class NewPaper:
    """Here begins the next paper of the same file: on a new page, and its pages are counted from 1."""


Block = Text | Table | Picture | Signed | NewPaper


@dataclass(frozen=True)
class Document:
    """A document.

    Parameters
    ----------
    title
        Of the file's properties; what is printed as a title is a block.
    blocks
        What it says, in order.
    made_on
        The day of its content, ISO 8601: the file's properties carry it instead of the clock.
    author
        Of the properties: the office.
    landscape
        A4 across, for wide tables.
    numbered
        Whether pages carry their number (GB/T 9704-2012, 7.5).

    """

    title: str
    blocks: Sequence[Block]
    made_on: str
    author: str = ""
    landscape: bool = False
    numbered: bool = True
    keywords: Sequence[str] = field(default_factory=tuple)
