"""A bulletin as a paper: blocks that become docx and PDF, by GB/T 9704; no red head, which an office adds where it is asked."""

from __future__ import annotations

from typing import Any

from gis_service.bulletins.snapshot import Bulletin
from gis_service.bulletins.text import plain
from gis_service.bulletins.workbook import kept_said
from gis_service.paper.blocks import Block, Cell, Document, Signed, Table, Text
from gis_service.paper.styles import TEXT_MM

_STYLES = {"body": "body", "heading": "heading", "item": "body"}


def document(made: Bulletin) -> Document:
    """Return a bulletin's text, upright, with its tables after the signature as annexes."""
    body = made.body
    blocks: list[Block] = [Text(body["title"], "title")]
    blocks += [Text(f"（{mark}）", "number") for mark in body["marks"]]
    blocks.append(Text(body["addressed"], "addressee"))
    blocks += [Text(plain(one["parts"]), _STYLES[one["style"]]) for one in body["paragraphs"]]
    blocks.append(Signed(body["signed"], body["dated"]))
    for table in body["tables"]:
        blocks += [Text(table["title"], "caption"), _table(table["headings"], table["rows"])]
    blocks += [Text(said, "note") for said in kept_said(made)]
    return Document(
        title=body["title"], blocks=blocks, made_on=str(made.period.until), author=body["signed"],
    )  # fmt: skip


def _table(headings: list[str], rows: list[list[Any]]) -> Table:
    cells = [[Cell(heading, head=True) for heading in headings]]
    cells += [[Cell(plain(cell)) for cell in row] for row in rows]
    # The first two columns are a number and a name; the others share what is left.
    first = [8.0, 22.0]
    rest = (TEXT_MM[0] - sum(first)) / (len(headings) - 2)
    return Table(cells, [*first, *[rest] * (len(headings) - 2)])
