"""Tiers and grades of a file: they become judgements of the houses, and none overwrites a later one.

A tier is a preliminary judgement, a grade an appraisal, of the day that the file's column ``judged_on`` (of a grade
``appraised_on``) says, else of the day of import. What is in force already is not said again. What is older than the
judgement in force, in the future, or from before the house was built, is rejected with its row. Which row of which file
said something of a house is kept with it (``gis.import_row``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from psycopg2 import sql

from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER
from gis_service.db.copy import copy_rows
from gis_service.db.day import today
from gis_service.db.engine import get_engine
from gis_service.db.queries import query
from gis_service.ingest.fields import BUILDINGS, Kind
from gis_service.ingest.rejects import Reject
from gis_service.ingest.values import Sentence

FIELDS = tuple(own.name for own in BUILDINGS.fields if own.judged)
_NONE = {"tier": "unjudged", "grade": "unknown"}


@dataclass(frozen=True)
class _Said:
    """What one row says of one kind."""

    kind: str
    value: str
    on: date | None

    @property
    def words(self) -> Sentence:
        zh = (HAZARD_TIER | APPRAISAL_GRADE)[self.value]
        return zh, self.value


def _said(values: dict[str, list[Any]], i: int) -> list[_Said]:
    def at(name: str) -> Any:
        column = values.get(name)
        return None if column is None else column[i]

    judged_on, found = at("judged_on"), []
    if at("hazard_tier") not in (None, "unjudged"):
        found.append(_Said("preliminary", at("hazard_tier"), judged_on))
    if at("appraisal_grade") not in (None, "unknown"):
        found.append(_Said("appraisal", at("appraisal_grade"), at("appraised_on") or judged_on))
    return found


def refuse(kind: Kind, values: dict[str, list[Any]], numbers: list[int]) -> dict[int, Reject]:
    """Return by position the rows whose judgement cannot be taken; ``numbers`` are the rows' own, as the file counts."""
    if kind is not BUILDINGS or not {"hazard_tier", "appraisal_grade"} & values.keys():
        return {}
    now, keys = today(), values[kind.key.name]
    dated = [(i, said) for i in range(len(keys)) for said in _said(values, i) if said.on is not None]
    history = _history([keys[i] for i, _ in dated])
    found: dict[int, Reject] = {}
    for i, said in dated:
        known = history.get(keys[i], _History())
        built = (values.get("built_year") or [None] * len(keys))[i] or known.built_year
        fault = _fault(said, known, built, now)
        if fault is not None:
            found.setdefault(i, Reject(numbers[i], str(keys[i]), *fault))
    return found


@dataclass
class _History:
    """What is known of a house: its year, and of each kind the day in force and every value of a day."""

    built_year: int | None = None
    in_force: dict[str, tuple[date, str]] | None = None
    rows: frozenset[tuple[str, str, date]] = frozenset()


def _fault(said: _Said, known: _History, built: int | None, now: date) -> tuple[str, Sentence, Sentence] | None:
    zh, en = said.words
    on = said.on
    assert on is not None  # noqa: S101 - only what has a day is asked
    if on > now:
        return (
            "future_judgement",
            (f"判定日期 {on} 晚于今天（{now}）", f"the judgement of {on} is in the future (today is {now})"),
            ("请更正日期", "correct the day"),
        )
    if built is not None and on.year < built:
        return (
            "judged_before_built",
            (
                f"判定日期 {on} 早于建成年份 {built}",
                f"the judgement of {on} is from before the house was built ({built})",
            ),
            ("请更正判定日期或建成年份", "correct the day or the year"),
        )
    standing = (known.in_force or {}).get(said.kind)
    if standing is None or on >= standing[0] or (said.kind, said.value, on) in known.rows:
        return None
    day, value = standing
    return (
        "older_judgement",
        (
            f"{on} 的“{zh}”早于现行的“{(HAZARD_TIER | APPRAISAL_GRADE)[value]}”（{day}）",
            f"{en} of {on} is older than what is in force ({value} of {day})",
        ),
        (
            "现行结论有误时，请用 gis-service record judge 更正",
            "if that is wrong, correct it with gis-service record judge",
        ),
    )


def _history(keys: list[str]) -> dict[str, _History]:
    if not keys:
        return {}
    connection: Any = get_engine("owner").raw_connection()
    try:
        with connection.cursor() as cursor:
            cursor.execute(query("judgements.history"), {"keys": keys})
            found: dict[str, _History] = {}
            for house, built_year, kind, value, day, in_force in cursor.fetchall():
                known = found.setdefault(house, _History(built_year, {}))
                if kind is None:
                    continue
                known.rows |= {(kind, value, day)}
                if in_force and known.in_force is not None:
                    known.in_force[kind] = (day, value)
            return found
    finally:
        connection.close()


def stage(cursor: Any, keys: list[str], values: dict[str, list[Any]], numbers: list[int]) -> None:
    """Put what the file says of judgements, and where each row stood, beside the staged rows (``arrived_row``)."""
    cursor.execute(query("judgements.stage"))
    columns: dict[str, pa.Array] = {"building_id": pa.array(keys), "row_number": pa.array(numbers, pa.int32())}
    for name in FIELDS:
        empty = _NONE["tier"] if name == "hazard_tier" else _NONE["grade"] if name == "appraisal_grade" else None
        column = values.get(name) or [None] * len(keys)
        cells = [None if v is None or v == empty else str(v) for v in column]
        columns[name] = pa.array(cells, pa.string())
    copy_rows(cursor, sql.Identifier("arrived_row"), columns, None)
    cursor.execute(query("judgements.stage_index"))


def add(cursor: Any, import_id: int) -> tuple[list[int], list[Sentence]]:
    """Add the judgements that say something new; return the houses (``fid``) that have one, and notes."""
    cursor.execute(query("judgements.add_institutions"))
    unlisted = cursor.rowcount
    cursor.execute(query("judgements.add"), {"source": f"import {import_id}"})
    rows = cursor.fetchall()
    notes: list[Sentence] = []
    bare = sum(1 for _, kind, institution in rows if kind == "appraisal" and institution is None)
    if bare:
        notes.append(
            (
                f"{bare:,} 个鉴定等级没有写明鉴定机构，已收下，房屋页面上会一直提示",
                f"{bare:,} grades name no institution; they were taken, and the houses' pages say so",
            )
        )
    if unlisted > 0:
        notes.append(
            (
                f"{unlisted:,} 家鉴定机构不在名录里，已登记为“不在名录”",
                f"{unlisted:,} institutions are not on the list and were recorded as such",
            )
        )
    return sorted({int(fid) for fid, _, _ in rows}), notes


def trace(cursor: Any, import_id: int, written: list[int] | None, loaded: set[int] | None) -> None:
    """Keep which row of the file each house that it wrote came from; None is all of them."""
    values = {
        "import_id": import_id,
        "written": written,
        "loaded": None if loaded is None else sorted(loaded),
    }
    cursor.execute(query("judgements.trace"), values)
