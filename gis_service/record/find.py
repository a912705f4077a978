"""Find houses by parts of their number, name and address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import part, statement

FOUND_MAX = 50


@dataclass(frozen=True)
class Found:
    """The houses found, and whether there are more."""

    rows: list[dict[str, Any]]
    truncated: bool


def find(connection: Connection, written: str, limit: int = FOUND_MAX) -> Found:
    """Return the houses of which every word is a part of the number, the name or the address; none for no word."""
    words = written.replace("\0", " ").split()[:8]
    if not words:
        return Found([], truncated=False)
    patterns = [part(word) for word in words]
    # The longest word says most: it is asked of the index.
    values = {
        "words": patterns, "first": max(patterns, key=len), "last": patterns[-1], "exact": " ".join(words), "limit": limit + 1,
    }  # fmt: skip
    rows = [dict(row) for row in connection.execute(text(statement("record.find")), values).mappings()]
    return Found(rows[:limit], truncated=len(rows) > limit)
