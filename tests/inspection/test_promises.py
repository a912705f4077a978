"""Every promise of a plan, on small counties that hypothesis makes; told from the visits alone."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from math import ceil
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_service.inspection import Stop, Team, plan
from tests.inspection.town import MONDAY, loads, named, split, terms, values

QUICK = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def counties(draw: st.DrawFn, *, dues: bool = False) -> list[Stop]:
    """Return 6 to 40 stops in villages, with urgencies; a few are due when the first days can hold them."""
    count = draw(st.integers(6, 40))
    place = st.tuples(st.integers(0, 4_000), st.integers(0, 4_000))
    stops = []
    for k, (x, y) in enumerate(draw(st.lists(place, min_size=count, max_size=count))):
        urgency = draw(st.sampled_from([1, 2, 3, 4, 4, 4]))
        due = MONDAY + timedelta(draw(st.integers(1, 4))) if dues and k < 5 else None
        stops.append(Stop(f"{k:03d}", x, y, 20, urgency, due, f"{x // 1500}-{y // 1500}"))
    return stops


@QUICK
@given(counties(), st.integers(1, 4))
def test_teams_days_and_urgency(stops: list[Stop], teams: int) -> None:
    made = plan(stops, named(teams), terms(7))
    assert sorted(v.stop.stop_id for v in made.visits) == [s.stop_id for s in stops]
    load = loads(made)
    assert len(load) == teams
    of_teams = [sum(days.values()) for days in load.values()]
    assert max(of_teams) - min(of_teams) <= 1
    for team, days in load.items():
        assert max(days.values()) <= 7
        assert max(days.values()) - min(days.values()) <= 1
        assert len(days) == ceil(sum(days.values()) / 7)
        # As many stops as are of an urgency and greater are held by the days up to its last, and by no fewer.
        mine = [v for v in made.visits if v.team == team]
        for urgency in {v.stop.urgency for v in mine}:
            wanted = sum(v.stop.urgency <= urgency for v in mine)
            last = max(v.day for v in mine if v.stop.urgency == urgency)
            held_before = sum(n for day, n in days.items() if day < last)
            assert held_before < wanted
    share = ceil(len(stops) / teams)
    size = Counter(s.village for s in stops)
    large = sum(n > share for n in size.values())
    assert len(split(made, stops)) <= teams - 1 + large
    assert set(made.split) == split(made, stops)


@QUICK
@given(counties(dues=True), st.integers(1, 3), st.data())
def test_due_days_and_pins(stops: list[Stop], teams: int, data: st.DataObject) -> None:
    pins = data.draw(st.lists(st.tuples(st.integers(5, len(stops) - 1), st.integers(0, teams - 1), st.integers(0, 1)), max_size=3)) if len(stops) > 6 else []  # fmt: skip
    for at, team, day in pins:
        stops[at] = replace(stops[at], team=chr(65 + team), day=MONDAY + timedelta(day))
    made = plan(stops, named(teams), terms(7))
    assert len(made.visits) == len(stops)
    for v in made.visits:
        assert v.stop.due is None or v.day <= v.stop.due
        assert v.stop.team in (None, v.team)
        assert v.stop.day in (None, v.day)
    assert all(max(days.values()) <= 7 for days in loads(made).values())


@QUICK
@given(counties(), st.integers(1, 3), st.lists(st.integers(0, 6), max_size=3))
def test_hours_and_days_off(stops: list[Stop], teams: int, off: list[int]) -> None:
    away = frozenset(MONDAY + timedelta(k) for k in off)
    some = [replace(team, days_off=away if k == 0 else frozenset()) for k, team in enumerate(named(teams))]
    made = plan(stops, some, terms(30))
    for v in made.visits:
        assert v.day.isoweekday() <= 5
        assert v.team != "A" or v.day not in away
        assert v.leave_s - v.arrive_s == v.stop.minutes * 60
        assert v.leave_s <= 12 * 3600 or v.arrive_s >= 13 * 3600
        assert v.arrive_s >= 8.5 * 3600
        assert v.leave_s <= 17.5 * 3600
    for team, days in loads(made).items():
        for day in days:
            mine = sorted((v for v in made.visits if (v.team, v.day) == (team, day)), key=lambda v: v.seq)
            assert [v.seq for v in mine] == list(range(1, len(mine) + 1))
            assert all(a.leave_s <= b.arrive_s for a, b in itertools.pairwise(mine))


@QUICK
@given(counties(), st.integers(2, 4), st.data())
def test_unlike_minutes_differ_by_one_visit_at_most(stops: list[Stop], teams: int, data: st.DataObject) -> None:
    minutes = data.draw(st.lists(st.sampled_from([10, 20, 35]), min_size=len(stops), max_size=len(stops)))
    stops = [replace(s, minutes=m, village=None) for s, m in zip(stops, minutes, strict=True)]
    made = plan(stops, named(teams), terms(40))
    spent = [sum(v.stop.minutes for v in made.visits if v.team == t.name) for t in named(teams)]
    assert max(spent) - min(spent) <= max(minutes)


@settings(QUICK, max_examples=8)
@given(counties(dues=True), st.randoms(use_true_random=False))
def test_the_same_in_any_order_of_rows(stops: list[Stop], random: Random) -> None:
    first = plan(stops, named(2), terms(8))
    shuffled = list(stops)
    random.shuffle(shuffled)
    assert values(plan(shuffled, named(2), terms(8))) == values(first)


def test_the_same_with_any_number_of_processes() -> None:
    stops = [Stop(f"{k:04d}", 37.0 * (k % 23), 41.0 * (k % 17), 20, 1 + k % 4) for k in range(320)]
    teams = [Team(name) for name in "ABCD"]
    assert values(plan(stops, teams, terms(20), workers=2)) == values(plan(stops, teams, terms(20)))
