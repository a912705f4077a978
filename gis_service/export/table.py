"""Tables of counts: rows, a total that the rows add up to, and what must be said where they do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line: what it is of, its code, its numbers in the order of the table's columns, where its place is."""

    label: str
    code: str | None
    values: tuple[int, ...]
    c: tuple[float, float] | None = None
    label_en: str | None = None

    def named(self, *, zh: bool) -> str:
        """Return what the line is of; a place has its name in either language."""
        return self.label if zh or self.label_en is None else self.label_en


@dataclass(frozen=True)
class Table:
    """A table with headings in Chinese and English; the rows add up to ``total`` unless a note says why not."""

    name: str
    title: tuple[str, str]
    of: tuple[str, str]
    columns: tuple[tuple[str, str, str], ...]
    rows: tuple[Row, ...]
    total: tuple[int, ...]
    notes: tuple[tuple[str, str], ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain JSON."""
        return {
            "name": self.name,
            "title": {"zh": self.title[0], "en": self.title[1]},
            "columns": [{"id": name, "zh": zh, "en": en} for name, zh, en in self.columns],
            "rows": [{"label": row.label, "code": row.code, "values": list(row.values)} for row in self.rows],
            "total": list(self.total),
            "notes": [{"zh": zh, "en": en} for zh, en in self.notes],
        }
