"""One day by hand, on paper: hours of a given order, the best place of a stop, a day shared by two teams."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InputError
from gis_service.inspection import Stop, Team, plan
from gis_service.inspection.adjust import Outing, share, timed, with_stop
from gis_service.inspection.broken import broken
from gis_service.inspection.keep import Before
from gis_service.inspection.model import Visit
from tests.inspection.town import MONDAY, named, row, terms

OPENS = 8 * 3600 + 1800
PLAIN = replace(terms(), lunch=None)


def _outing(stops: list[Stop], team: str = "A", start: tuple[float, float] = (0.0, 0.0), opens: int = OPENS) -> Outing:
    return Outing(team, MONDAY, start, tuple(stops), opens)


def test_hours_of_an_order_on_paper() -> None:
    """100 m straight are 140 m on foot at 4 km/h: 126 s; the 280 m back are quicker by car: 41 s and two minutes to park."""
    found = timed(_outing([Stop("a", 100, 0, 20), Stop("b", 200, 0, 20)]), PLAIN)
    assert [v.arrive_s - OPENS for v in found.visits] == [126, 126 + 1200 + 126]
    assert found.ends_s == OPENS + 2 * (126 + 1200) + 161
    assert [round(v.travel_m) for v in found.visits] == [140, 140]
    assert found.round.travel_s == 126 + 126 + 161
    assert found.over_s < 0


def test_nothing_is_begun_before_lunch_that_would_be_cut_by_it() -> None:
    noon = replace(terms(), lunch=(time(12), time(13)))
    found = timed(_outing([Stop("a", 0, 0, 220)], opens=OPENS), noon)
    assert found.visits[0].arrive_s == 13 * 3600


def test_a_day_goes_home_from_where_it_went_on() -> None:
    from_the_field = replace(_outing([Stop("a", 100, 0, 20)], start=(200.0, 0.0)), home=(0.0, 0.0))
    assert timed(from_the_field, PLAIN).ends_s == OPENS + 126 + 1200 + 126
    assert timed(replace(from_the_field, home=None), PLAIN).round.points[-1] == (200.0, 0.0)


@given(
    places=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=6, unique=True),
    at=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
@settings(max_examples=30, deadline=None)
def test_the_best_place_is_the_best_of_all(places: list[tuple[int, int]], at: tuple[int, int]) -> None:
    stops = [Stop(f"s{k}", 50.0 * x, 50.0 * y, 20) for k, (x, y) in enumerate(places)]
    new = Stop("new", 50.0 * at[0], 50.0 * at[1], 20)
    best = with_stop(_outing(stops), new, None, PLAIN)
    every = [timed(_outing([*stops[:k], new, *stops[k:]]), PLAIN).ends_s for k in range(len(stops) + 1)]
    assert best.ends_s == min(every)
    assert [v.seq for v in best.visits] == list(range(1, len(stops) + 2))
    asked = with_stop(_outing(stops), new, 0, PLAIN)
    assert asked.visits[0].stop.stop_id == "new"


def test_a_day_is_shared_by_place_and_by_time_left() -> None:
    """Twelve in a row; one team stands at each end: six each, none behind the other's back."""
    stops = row(12, 0)
    one, other = share(_outing(stops[:11], "A"), _outing(stops[11:], "B", (600.0, 0.0)), terms())
    assert [len(one.visits), len(other.visits)] == [6, 6]
    assert max(v.stop.x for v in one.visits) < min(v.stop.x for v in other.visits)
    later = _outing(stops[11:], "B", (600.0, 0.0), opens=OPENS + 4 * 3600)
    one, other = share(_outing(stops[:11], "A"), later, terms())
    assert len(one.visits) > len(other.visits)
    assert len(one.visits) + len(other.visits) == 12


def test_a_shared_day_keeps_pins_and_goes_the_shortest_way() -> None:
    stops = row(8, 0)
    held = [replace(stops[7], team="A"), *stops[:7]]
    one, other = share(_outing(held, "A"), _outing([], "B"), terms())
    assert "0007" in {v.stop.stop_id[-4:] for v in one.visits} or stops[7].stop_id in {
        v.stop.stop_id for v in one.visits
    }
    for part in (one, other):
        some = [v.stop for v in part.visits]
        if 1 < len(some) < 6:
            least = min(
                timed(replace(_outing(list(order), part.round.team)), terms()).round.travel_s
                for order in permutations(some)
            )
            assert part.round.travel_s == least


@pytest.mark.parametrize("names", [("A", "A"), ("A", "B")])
def test_what_cannot_be_shared(names: tuple[str, str]) -> None:
    one, other = (_outing(row(2, 0) if names[0] == names[1] else [], n) for n in names)
    with pytest.raises(InputError):
        share(one, other, terms())


def test_each_broken_promise_is_said_once_with_its_measure() -> None:
    stops = row(4, 0)
    late = replace(stops[3], due=MONDAY - timedelta(1))
    visits = [Visit(s, "A", MONDAY, k, OPENS, OPENS + 1200, 0.0) for k, s in enumerate([*stops[:3], late], start=1)]
    found = broken(visits, [Team("A", per_day=3), Team("B")], terms(), {("A", MONDAY): 18 * 3600})
    keys = {b.key for b in found}
    assert {f"count/A/{MONDAY}", f"shift/A/{MONDAY}", f"due/{late.stop_id}", "teams"} <= keys
    assert all(b.hard for b in found[:3])
    saturday = MONDAY + timedelta(5)
    off = broken([replace(visits[0], day=saturday)], named(1), terms(), {})
    assert [b.key for b in off if b.hard] == [f"off/A/{saturday}"]
    assert broken(visits[:3], named(1), terms(), {("A", MONDAY): OPENS}) == []


def _before(made: object) -> dict[str, Before]:
    return {v.stop.stop_id: Before(v.team, v.day, v.leave_s, v.seq) for v in made.visits}  # type: ignore[attr-defined]


def test_a_team_that_falls_ill_gives_up_the_days_after() -> None:
    """Two teams, two days of ten each: B is gone from Tuesday on, so A takes B's Tuesday on Wednesday."""
    stops = row(20, 0, name="w") + row(20, 3_000, name="e")
    first = plan(stops, named(2), terms())
    tuesday = MONDAY + timedelta(1)
    gone = [Team("A"), Team("B", last=MONDAY)]
    again = plan(stops, gone, terms(), before=_before(first))
    assert {v.day for v in again.visits if v.team == "B"} == {MONDAY}
    was = {v.stop.stop_id: (v.team, v.day) for v in first.visits}
    now = {v.stop.stop_id: (v.team, v.day) for v in again.visits}
    assert all(now[i] == was[i] for i in was if was[i][0] == "A" or was[i][1] == MONDAY)
    assert {now[i][0] for i in was if was[i] == ("B", tuesday)} == {"A"}
    assert len(now) == 40


def test_a_team_that_joins_works_from_its_day_on() -> None:
    stops = row(40, 0)
    made = plan(stops, [Team("A"), Team("C", first=MONDAY + timedelta(2))], terms())
    assert min(v.day for v in made.visits if v.team == "C") == MONDAY + timedelta(2)
