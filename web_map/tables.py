"""Tables of a page: numbers beside a map, in the reader's language, sortable, each row leading to its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gis_service.export.table import Table

_TIER_OF = {
    "severe": "severe", "operating_severe": "severe", "some": "some", "operating_some": "some",
    "none_found": "none_found", "operating_none_found": "none_found", "unjudged": "unjudged",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """A table as the template takes it: plain texts and numbers."""

    name: str
    title: str
    of: str
    columns: list[dict[str, str]]
    rows: list[dict[str, Any]]
    total: list[str]
    notes: list[str]


def shown(table: Table, lang: str, link: str | None = None) -> Shown:
    """Return ``table`` for a page; ``link`` is the address of a row's page with ``{code}`` in it."""
    at = 0 if lang == "zh" else 1
    return Shown(
        table.name,
        table.title[at],
        table.of[at],
        [{"name": _breakable((zh, en)[at]), "tier": _TIER_OF.get(name, "")} for name, zh, en in table.columns],
        [
            {
                "label": row.named(zh=lang == "zh"),
                "href": link.replace("{code}", row.code) if link and row.code else None,
                "at": None if row.c is None else f"{row.c[0]},{row.c[1]}",
                "values": [(value, f"{value:,}") for value in row.values],
            }
            for row in table.rows
        ],
        [f"{value:,}" for value in table.total],
        [note[at] for note in table.notes],
    )


def _breakable(heading: str) -> str:
    """Let a Chinese heading break between words of two characters and not inside them."""
    if not heading or heading[0] < "\u2e80":
        return heading
    pairs = [heading[i : i + 2] for i in range(0, len(heading), 2)]
    if len(pairs) > 1 and len(pairs[-1]) == 1:
        pairs[-2:] = ["".join(pairs[-2:])]
    return "\u200b".join(pairs)
