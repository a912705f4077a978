"""Judgements in force against a slow reading in Python: late entries, corrections, rows taken back, equal days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Database

FIRST = date(2022, 8, 1)
_HOUSES = ("H1", "H2")
_TIERS = ("severe", "some", "none_found")
_GRADES = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Row:
    """A row as it was added: its number is the order in which it was recorded."""

    number: int
    house: str
    kind: str
    value: str
    on: date
    supersedes: int | None


def slow(rows: list[Row], house: str, kinds: tuple[str, ...], day: date) -> str | None:
    """Read the contract word by word: of those judged until the day, whom none of those supersedes, the latest."""
    until = [row for row in rows if row.house == house and row.on <= day]
    gone = {row.supersedes for row in rows if row.on <= day}
    standing = [row for row in until if row.kind in kinds and row.number not in gone]
    return max(standing, key=lambda row: (row.on, row.number)).value if standing else None


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int, int, int | None]]:
    """House, kind, value, day, and which earlier row it supersedes (a fraction of those there), step by step."""
    step = st.tuples(
        st.integers(0, 1), st.integers(0, 2), st.integers(0, 4), st.integers(0, 6), st.none() | st.integers(0, 20)
    )
    return draw(st.lists(step, min_size=1, max_size=14))


def _rows(history: list[tuple[int, int, int, int, int | None]]) -> list[Row]:
    rows: list[Row] = []
    for house, kind_, value, day, which in history:
        kind = ("preliminary", "appraisal", "review")[kind_]
        values = _GRADES if kind == "appraisal" else _TIERS
        taken = {row.supersedes for row in rows}
        old = [r for r in rows if (r.house, r.kind) == (_HOUSES[house], kind) and r.number not in taken]
        supersedes = old[which % len(old)].number if which is not None and old else None
        nothing = "unknown" if kind == "appraisal" else "unjudged"
        said = nothing if value >= len(values) and supersedes is not None else values[value % len(values)]
        rows.append(Row(len(rows), _HOUSES[house], kind, said, FIRST + timedelta(days=day), supersedes))
    return rows


@pytest.fixture(scope="module")
def shared(server: Any, _town: str) -> Any:
    from tests.conftest import cloned

    with cloned(server, _town) as made:
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), bulk=st.booleans())
def test_against_a_slow_reading(shared: Database, history: list[tuple[int, int, int, int, int | None]], bulk: bool):
    rows = _rows(history)
    connection = psycopg2.connect(shared.url())
    try:
        with connection.cursor() as cursor:
            numbers: dict[int, int] = {}
            for row in rows:
                graded = row.kind == "appraisal"
                cursor.execute(
                    "INSERT INTO gis.judgement (building_id, kind, tier, grade, judged_on, supersedes) "
                    "VALUES (%s, %s, %s, %s, %s, %s) RETURNING judgement_id",
                    (row.house, row.kind, None if graded else row.value, row.value if graded else None, row.on,
                     None if row.supersedes is None else numbers[row.supersedes]),
                )  # fmt: skip
                numbers[row.number] = cursor.fetchone()[0]
            last = FIRST + timedelta(days=30)
            for house in _HOUSES:
                cursor.execute("SELECT hazard_tier, appraisal_grade FROM gis.building WHERE building_id = %s", (house,))
                assert cursor.fetchone() == (
                    slow(rows, house, ("preliminary", "review"), last) or "unjudged",
                    slow(rows, house, ("appraisal",), last) or "unknown",
                )
                for kind in ("preliminary", "appraisal", "review"):
                    cursor.execute(
                        "SELECT coalesce(tier, grade) FROM gis.judgement_in_force WHERE building_id = %s AND kind = %s",
                        (house, kind),
                    )
                    assert (cursor.fetchone() or (None,))[0] == slow(rows, house, (kind,), last)
                    for ahead in range(8):
                        day = FIRST + timedelta(days=ahead - 1)
                        cursor.execute(
                            "SELECT coalesce(tier, grade) FROM gis.in_force(%s, ARRAY[%s], %s)", (house, kind, day)
                        )
                        assert (cursor.fetchone() or (None,))[0] == slow(rows, house, (kind,), day), (house, kind, day)
            if bulk:
                # All at once, as an import brings them: the same history gives the same tier.
                cursor.execute(
                    "SELECT hazard_tier, appraisal_grade FROM gis.building WHERE building_id = ANY (%s) ORDER BY building_id",
                    (list(_HOUSES),),
                )
                one_by_one = cursor.fetchall()
                connection.rollback()
                plain = [row for row in rows if row.supersedes is None]
                if len(plain) == len(rows):
                    cursor.execute(
                        "INSERT INTO gis.judgement (building_id, kind, tier, grade, judged_on) SELECT h, k, t, g, d FROM "
                        "unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::date[]) AS v (h, k, t, g, d)",
                        ([r.house for r in rows], [r.kind for r in rows],
                         [None if r.kind == "appraisal" else r.value for r in rows],
                         [r.value if r.kind == "appraisal" else None for r in rows], [r.on for r in rows]),
                    )  # fmt: skip
                    cursor.execute(
                        "SELECT hazard_tier, appraisal_grade FROM gis.building WHERE building_id = ANY (%s) "
                        "ORDER BY building_id",
                        (list(_HOUSES),),
                    )
                    assert cursor.fetchall() == one_by_one
    finally:
        connection.rollback()
        connection.close()


def test_the_witness_itself():
    """The slow reading, on a history whose answer was worked out by hand."""
    day = date(2022, 8, 10)
    rows = [
        Row(0, "H1", "preliminary", "some", date(2022, 8, 1), None),
        Row(1, "H1", "preliminary", "severe", date(2022, 8, 5), None),
        Row(2, "H1", "preliminary", "none_found", date(2022, 8, 5), 1),
        Row(3, "H1", "preliminary", "some", date(2022, 8, 3), None),  # a late entry
    ]
    assert slow(rows, "H1", ("preliminary",), day) == "none_found"
    assert slow(rows, "H1", ("preliminary",), date(2022, 8, 4)) == "some"
    assert slow(rows[:2], "H1", ("preliminary",), day) == "severe"
    assert slow(rows, "H2", ("preliminary",), day) is None
