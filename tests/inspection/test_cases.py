"""Plans that can be made on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np
import pytest
import shapely

from gis_service.errors import InputError
from gis_service.inspection import Network, Stop, Team, plan
from gis_service.inspection.keep import Before
from gis_service.inspection.promises import late_by_urgency
from tests.inspection.town import MONDAY, loads, named, row, split, terms

TUESDAY = MONDAY + timedelta(1)
FRIDAY = MONDAY + timedelta(4)


def test_two_villages_two_teams() -> None:
    stops = row(8, 0, name="w", village="west") + row(8, 3_000, name="e", village="east")
    made = plan(stops, named(2), terms())
    assert split(made, stops) == set()
    assert {frozenset(v.stop.village for v in made.visits if v.team == t) for t in "AB"} == {
        frozenset({"west"}),
        frozenset({"east"}),
    }
    assert made.figures["overlap_share"] == 0
    assert made.gave_way == []


def test_the_odd_stop_goes_where_its_village_is() -> None:
    stops = row(8, 0, name="w", village="west") + row(9, 3_000, name="e", village="east")
    made = plan(stops, named(2), terms())
    assert split(made, stops) == set()
    assert sorted(sum(days.values()) for days in loads(made).values()) == [8, 9]


def test_three_villages_two_teams_split_the_middle_one() -> None:
    stops = [s for k, name in enumerate("abc") for s in row(10, 3_000 * k, name=name, village=name)]
    made = plan(stops, named(2), terms(15))
    assert split(made, stops) == {"b"}
    assert [sum(days.values()) for days in loads(made).values()] == [15, 15]
    assert made.split == ["b"]
    assert "b" in made.gave_way[0][0]


def test_one_severe_house_far_away_is_first_day() -> None:
    stops = [*row(19, 0, name="n"), Stop("far", 30_000, 0, 20, urgency=1)]
    made = plan(stops, named(1), terms())
    assert {v.day for v in made.visits if v.stop.stop_id == "far"} == {MONDAY}
    assert list(loads(made)["A"].values()) == [10, 10]


@pytest.mark.parametrize(("count", "fits"), [(10, True), (11, False)])
def test_a_due_day_just_fits_or_just_does_not(count: int, fits: bool) -> None:
    stops = row(count, 0, name="due", due=MONDAY) + row(20 - count, 5_000, name="later")
    if fits:
        made = plan(stops, named(1), terms())
        assert all(v.day == MONDAY for v in made.visits if v.stop.due)
        return
    with pytest.raises(InputError, match="1 team-days are missing: by 2026-03-02 only 10 of 11") as refused:
        plan(stops, named(1), terms())
    assert "差 1 个组日：3 月 2 日前其他 11 栋只能排 10 栋" in refused.value.zh
    made = plan(stops, named(1), terms(partial=True))
    assert len(made.visits) == 19
    assert [why for _, why in made.unplanned] == ["2026-03-02 前组日不足：11 栋只能排 10 栋"]


def test_due_stops_of_one_village_are_shared_where_one_team_cannot() -> None:
    stops = row(16, 0, name="w", village="w", due=MONDAY) + row(16, 5_000, name="e", village="e")
    made = plan(stops, named(2), terms())
    assert all(v.day == MONDAY for v in made.visits if v.stop.due)
    assert [sum(days.values()) for days in loads(made).values()] == [16, 16]
    assert split(made, stops) == {"w", "e"}
    assert any("6" in zh for zh, _ in made.gave_way)


def test_urgency_gives_way_to_due_days_and_says_so() -> None:
    stops = row(10, 0, name="due", due=MONDAY) + row(5, 900, name="severe", urgency=1)
    made = plan(stops, named(1), terms())
    assert all(v.day == MONDAY for v in made.visits if v.stop.due)
    assert late_by_urgency(made.visits) == [("A", 1, 5)]
    assert any("先急后缓" in zh for zh, _ in made.gave_way)


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ({"team": "Z"}, "does not exist"),
        ({"day": date(2026, 3, 7)}, "a day off"),
        ({"day": date(2026, 2, 27)}, "outside the plan"),
        ({"day": TUESDAY, "due": MONDAY}, "but due by"),
        ({"day": TUESDAY, "team": "B"}, "a day off of B"),
    ],
)
def test_contradicting_pins_are_refused(pin: dict[str, object], said: str) -> None:
    stops = [replace(row(1, 0)[0], **pin), *row(9, 100, name="n")]  # type: ignore[arg-type]
    teams = [Team("A"), Team("B", days_off=frozenset({TUESDAY}))]
    with pytest.raises(InputError, match=said):
        plan(stops, teams, terms())


def test_too_many_pins_to_one_day() -> None:
    with pytest.raises(InputError, match="11 stops are pinned to A on 2026-03-03"):
        plan(row(11, 0, team="A", day=TUESDAY), named(1), terms())


def test_pins_to_team_and_day_are_kept() -> None:
    stops = row(20, 0, name="w") + row(20, 4_000, name="e")
    stops[0] = replace(stops[0], team="B", day=TUESDAY)
    stops[-1] = replace(stops[-1], team="A")
    made = plan(stops, named(2), terms())
    where = {v.stop.stop_id: (v.team, v.day) for v in made.visits}
    assert where["w000"] == ("B", TUESDAY)
    assert where["e019"][0] == "A"
    assert [sum(days.values()) for days in loads(made).values()] == [20, 20]


def test_a_late_pin_takes_no_empty_days() -> None:
    stops = row(12, 0)
    stops[3] = replace(stops[3], day=FRIDAY)
    made = plan(stops, named(1), terms())
    assert loads(made)["A"] == {MONDAY: 6, FRIDAY: 6}


def test_days_off_and_holidays() -> None:
    # Spring festival 2026: 15 to 23 February are off, Saturday 28 February is worked instead.
    begin = date(2026, 2, 13)
    made = plan(row(30, 0), [Team("A", days_off=frozenset({date(2026, 2, 24)}))], replace(terms(), start=begin))
    assert sorted(loads(made)["A"]) == [begin, date(2026, 2, 14), date(2026, 2, 25)]
    with pytest.raises(InputError, match="no working day"):
        plan(row(3, 0), named(1), replace(terms(), start=date(2026, 2, 17)))
    own = replace(terms(), start=date(2026, 2, 17), holidays={date(2026, 2, 17): False})
    assert sorted(loads(plan(row(3, 0), named(1), own))["A"]) == [date(2026, 2, 17)]


def test_lunch_and_shift() -> None:
    made = plan(row(14, 0, minutes=30), named(1), terms(20, iterations=100))
    for v in made.visits:
        assert v.leave_s <= 12 * 3600 or v.arrive_s >= 13 * 3600
        assert v.arrive_s >= 8.5 * 3600
        assert v.leave_s <= 17.5 * 3600
    # 8 hours of 30 minutes are 16 without a step of walking: 17 need a second day.
    assert len(loads(plan(row(17, 0, minutes=30), named(1), terms(20)))["A"]) == 2
    short = terms(20, shift=(time(9), time(11)), lunch=None)
    assert len(loads(plan(row(8, 0, minutes=60), named(1), short))["A"]) == 8


def test_a_house_beyond_a_shift() -> None:
    stops = [*row(5, 0), Stop("far", 250_000, 0, 30)]
    with pytest.raises(InputError, match="far and 0 more cannot be reached, visited and left within one shift"):
        plan(stops, named(1), terms())
    made = plan(stops, named(1), terms(partial=True))
    assert len(made.visits) == 5
    assert [s.stop_id for s, _ in made.unplanned] == ["far"]


def test_an_island_without_a_road() -> None:
    roads = Network(
        [shapely.LineString([(0, 10), (400, 10)]), shapely.LineString([(0, 3_000), (200, 3_000)])], [None, None]
    )
    stops = [*row(6, 0), Stop("isle", 100, 3010, 20), Stop("sea", 100, 9000, 20)]
    with pytest.raises(InputError, match="No road leads to 2 stops"):
        plan(stops, named(1), terms(), roads)
    made = plan(stops, named(1), terms(partial=True), roads)
    assert len(made.visits) == 6
    assert [(s.stop_id, why) for s, why in made.unplanned] == [("isle", "没有道路可达"), ("sea", "没有道路可达")]


@pytest.mark.parametrize(
    ("stops", "teams", "changed", "said"),
    [
        ([], 1, {}, "no stops"),
        (row(3, 0), 0, {}, "no teams"),
        (row(3, 0), 4, {}, "more teams"),
        (row(3, 0), 1, {"per_day": 0}, "at least 1"),
        (row(3, 0), 1, {"deadline": date(2026, 3, 1)}, "before the start"),
        (row(3, 0), 1, {"start": date(2026, 3, 1)}, "no working day"),
        (row(3, 0) + row(3, 0), 1, {}, "occurs twice"),
        ([*row(3, 0), Stop("off", 320_000, 0, 20)], 1, {}, "km from the other stops"),
    ],
)
def test_bad_input_is_one_sentence(stops: list[Stop], teams: int, changed: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said) as refused:
        plan(stops, named(teams), replace(terms(), **changed))  # type: ignore[arg-type]
    assert refused.value.zh.endswith("。")


def test_an_earlier_plan_is_kept_and_a_team_that_drops_out_is_shared() -> None:
    stops = row(20, 0, name="a") + row(20, 2_000, name="b") + row(20, 4_000, name="c")
    first = plan(stops, named(3), terms())
    before = {v.stop.stop_id: Before(v.team, v.day, v.leave_s, v.seq) for v in first.visits}
    same = plan(stops, named(3), terms(), before=before)
    assert same.kept == (60, 60)
    left = plan(stops, named(2), terms(), before=before)
    theirs = {v.stop.stop_id for v in first.visits if v.team in "AB"}
    assert all(
        (v.team, v.day) == (before[v.stop.stop_id].team, before[v.stop.stop_id].day)
        for v in left.visits
        if v.stop.stop_id in theirs
    )
    assert [sum(days.values()) for days in loads(left).values()] == [30, 30]
    joined = plan(stops, named(4), terms(), before=before)
    assert [sum(days.values()) for days in loads(joined).values()] == [15, 15, 15, 15]


def test_done_visits_take_room_on_their_day() -> None:
    done = {"x": Before("A", MONDAY, 10 * 3600, 1), "y": Before("A", MONDAY, 11 * 3600, 2)}
    made = plan(row(6, 0), named(1), terms(8), done=done)
    assert [v.seq for v in made.visits] == [3, 4, 5, 6, 7, 8]
    assert all(v.arrive_s >= 11 * 3600 for v in made.visits)


def test_more_steps_better_travel_by_at_most_3_percent() -> None:
    draw = np.random.default_rng(3)
    places = draw.uniform(0, 4_000, (60, 2)).tolist()
    stops = [Stop(f"{k:03d}", x, y, 20) for k, (x, y) in enumerate(places)]
    usual = plan(stops, named(2), terms(iterations=600))
    long = plan(stops, named(2), terms(iterations=6_000))
    for team in "AB":
        once, tenfold = (sum(r.travel_s for r in p.rounds if r.team == team) for p in (usual, long))
        assert once <= tenfold * 1.03


def test_a_pin_past_the_days_of_the_plan() -> None:
    stops = row(6, 0)
    stops[2] = replace(stops[2], day=FRIDAY)
    with pytest.raises(InputError, match="past the plan's days"):
        plan(stops, named(1), terms(days=3))


def test_a_pinned_day_goes_to_a_team_that_works_on_it() -> None:
    stops = row(6, 0, name="w") + row(6, 5_000, name="e")
    stops[0] = replace(stops[0], day=TUESDAY)
    off = frozenset({TUESDAY})
    teams = [Team("A", (0.0, 0.0), days_off=off), Team("B", (5_000.0, 0.0))]
    made = plan(stops, teams, terms())
    assert {(v.team, v.day) for v in made.visits if v.stop.stop_id == "w000"} == {("B", TUESDAY)}
    assert [sum(days.values()) for days in loads(made).values()] == [6, 6]


def test_days_are_of_the_plan_and_not_of_a_team() -> None:
    teams = [Team("A", days_off=frozenset({MONDAY})), Team("B")]
    made = plan(row(20, 0), teams, terms(days=2))
    assert loads(made) == {"A": {TUESDAY: 10}, "B": {MONDAY: 10}}


def test_lunch_outside_the_shift_takes_nothing() -> None:
    evening = terms(20, shift=(time(14), time(18)))
    assert evening.shift_s == 4 * 3600
    # 8 visits of 30 minutes would fill four hours without a step of walking.
    assert list(loads(plan(row(7, 0, minutes=30), named(1), evening))["A"].values()) == [7]


def test_nothing_fits() -> None:
    made = plan(row(3, 0, due=date(2026, 2, 20)), named(1), terms(partial=True))
    assert made.visits == []
    assert len(made.unplanned) == 3
