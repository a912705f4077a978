"""Township and village of houses: given by their file, or found by the outline in which they lie.

A found one follows the ground: it is found anew, in the same transaction, whenever the house or an outline changes. A
given one is never overwritten by the ground; where the two contradict one another, that is said. The rule of what a
house lies in stands in the database (``gis.lies_in``, migration 0013).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from gis_service.db.queries import query
from gis_service.ingest.fields import Field
from gis_service.ingest.values import Sentence, text

_NAMED = 5
GIVEN = "given"


@dataclass(frozen=True)
class _Place:
    level: str
    zh: str

    @property
    def code(self) -> str:
        return f"{self.level}_code"

    @property
    def source(self) -> str:
        return f"{self.level}_source"


_UNIT = _Place("unit", "填报单位")
_PLACES = (_Place("township", "乡镇"), _Place("village", "村"))


def with_sources(values: dict[str, list[Any]], fields: list[Field]) -> tuple[dict[str, list[Any]], list[Field]]:
    """Return a file's values and fields with where its codes of places come from: a code in the file is given."""
    said = [place for place in (*_PLACES, _UNIT) if place.code in values]
    sources = {p.source: [None if code is None else GIVEN for code in values[p.code]] for p in said}
    return values | sources, [*fields, *(Field(p.source, text()) for p in said)]


def keep_found(cursor: Any, names: list[str]) -> None:
    """Let staged rows without a code keep what was found: it is no change of this file's."""
    for place in _PLACES:
        if place.code in names:
            cursor.execute(query("ingest.keep_found").format(**_columns(place)))
    if _UNIT.code in names:
        cursor.execute(query("ingest.keep_unit"))


def find_places(cursor: Any, houses: list[int] | None) -> list[Sentence]:
    """Find the places of ``houses`` (``fid``; None is all) anew and return what came of it, in words.

    Only codes that were found, or that are missing, are written.
    """
    notes: list[Sentence] = []
    if houses == []:
        return notes
    for place in _PLACES:
        cursor.execute(query("ingest.find_places").format(**_columns(place)), {"level": place.level, "houses": houses})
        new, moved, lost = cursor.fetchone()
        if new:
            notes.append(
                (
                    f"{new:,} 栋按位置归入{place.zh}",
                    f"{new:,} buildings were given the {place.level} in which they lie",
                )
            )
        if moved:
            notes.append(
                (
                    f"{moved:,} 栋的{place.zh}随位置改变",
                    f"{moved:,} buildings lie in another {place.level} now, and were given it",
                )
            )
        if lost:
            notes.append(
                (
                    f"{lost:,} 栋不再位于任何{place.zh}的范围内，{place.zh}留空",
                    f"{lost:,} buildings lie in no {place.level} any more, and have none",
                )
            )
    return notes + _find_units(cursor, houses)


def _find_units(cursor: Any, houses: list[int] | None) -> list[Sentence]:
    cursor.execute(query("ingest.has_units"))
    if not cursor.fetchone()[0]:
        return []
    cursor.execute(query("ingest.find_units"), {"houses": houses})
    found = int(cursor.fetchone()[0])
    if not found:
        return []
    return [
        (f"{found:,} 栋按位置归入填报单位", f"{found:,} buildings were given the reporting unit in which they lie"),
    ]


def misplaced(cursor: Any, houses: list[int] | None) -> list[Sentence]:
    """Return which of ``houses`` (``fid``; None is all) have a given code that contradicts the ground, in words."""
    notes: list[Sentence] = []
    cursor.execute(query("ingest.misplaced"), {"houses": houses, "named": _NAMED})
    for level, count, ids in cursor.fetchall():
        zh = next(place.zh for place in _PLACES if place.level == level)
        more = "…" if count > len(ids) else ""
        notes.append(
            (
                f"{count:,} 栋的{zh}代码与位置不符，请核对：{'、'.join(ids)}{more}（全部：SELECT * FROM gis.misplaced()）",
                f"{count:,} buildings lie outside the {level} whose code they carry: check {', '.join(ids)}{more} "
                "(all of them: SELECT * FROM gis.misplaced())",
            )
        )
    return notes


def _columns(place: _Place) -> dict[str, sql.Identifier]:
    return {"code": sql.Identifier(place.code), "source": sql.Identifier(place.source)}
