"""Plans in the database: made, changed by hand, taken back, published, replanned, compared, written to files."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from fastapi import FastAPI
from sqlalchemy import text

with warnings.catch_warnings():
    # Starlette would rather have another client; its own goes on working with httpx.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from gis_service.db.engine import transaction
from gis_service.errors import ConflictError, GisError, InputError
from gis_service.identity import Identity, Role
from gis_service.inspection.model import Team
from gis_service.inspection.stored import edit, make
from gis_service.inspection.stored.conditions import Conditions
from gis_service.inspection.stored.kept import read_kept
from gis_service.inspection.stored.read import Stored, read_plan, with_days
from gis_service.jobs.worker import run_one
from tests.conftest import Database, cloned, signed_in

PLANNER = Identity("ping", Role.PLANNER)
TOWN = "451224100"
ASKED = Conditions(8, date(2022, 9, 13), iterations=30, roads=False)
TEAMS = [Team("一组"), Team("二组", members="甲、乙")]


@pytest.fixture(scope="module")
def county(server: Any, demo: str) -> Iterator[Database]:
    """A copy of the demo county for the plans of this file."""
    with cloned(server, demo) as made:
        made.ask(
            "INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) VALUES ('selection', "
            '\'{"any_of": [], "all_of": [], "none_of": []}\', now(), 0, \'t\')'
        )
        # Thirty-two in the county's town, and the eight of other townships that are nearest to it.
        made.ask(
            "WITH hazard AS (SELECT b.building_id, b.township_code, b.geom <-> (SELECT ST_Centroid(geom) FROM "
            "gis.admin_area WHERE code = %s) AS away FROM gis.building AS b WHERE hazard_tier IN ('severe', 'some')) "
            "INSERT INTO gis.selection SELECT (SELECT max(run_id) FROM gis.run), building_id, 50, "
            '\'[{"rule": "hazard", "version": 1, "value": "severe", "points": 50}]\' FROM ('
            "(SELECT building_id FROM hazard WHERE township_code = %s ORDER BY building_id LIMIT 32) UNION ALL "
            "(SELECT building_id FROM hazard WHERE township_code <> %s ORDER BY away, building_id LIMIT 8)) AS chosen",
            TOWN, TOWN, TOWN,
        )  # fmt: skip
        yield made


@pytest.fixture
def run(county: Database) -> int:
    return int(county.one("SELECT max(run_id) FROM gis.run WHERE kind = 'selection'", role="postgres"))


@pytest.fixture
def plan_id(county: Database, run: int) -> Iterator[int]:
    with county.active():
        yield make.make_now(PLANNER, "九月排查", run, ASKED, TEAMS)


def _stored(plan_id: int, version: int | None = None) -> Stored:
    with transaction(PLANNER, read_only=True) as connection:
        return with_days(connection, read_plan(connection, plan_id, version))


def _seen(stored: Stored) -> edit.Seen:
    return edit.Seen(stored.head["plan_id"], stored.head["version"], stored.head["revision"])


def _rows(stored: Stored) -> dict[str, Any]:
    return {
        i: (s.visit.team, s.visit.day, s.visit.seq, s.visit.arrive_s, s.done, s.pin_day)
        for i, s in stored.seats.items()
    }


def test_made_and_read_back(plan_id: int, run: int):
    stored = _stored(plan_id)
    assert stored.head["state"] == "draft"
    assert len(stored.seats) == 40
    assert [t.name for t in stored.teams] == ["一组", "二组"]
    assert stored.teams[1].members == "甲、乙"
    assert all(t.start is not None for t in stored.teams)
    for (team, day), r in stored.rounds.items():
        seats = stored.of_day(team, day)
        assert r.stops == len(seats) <= 8
        assert [s.visit.seq for s in seats] == list(range(1, len(seats) + 1))
        # Back home no earlier than the last visit ends, and no later than the shift.
        assert seats[-1].visit.leave_s <= r.ends_s <= 17 * 3600 + 1800
    assert stored.head["run_id"] == run
    assert not [b for b in stored.broken() if b.hard]


def test_the_same_again(county: Database, run: int, plan_id: int):
    again = make.make_now(PLANNER, "又一次", run, ASKED, TEAMS)
    assert _rows(_stored(again)) == _rows(_stored(plan_id))


def test_a_move_says_minutes_and_promises_and_is_taken_back(plan_id: int):
    before = _stored(plan_id)
    stop = before.of_day("一组", min(d for t, d in before.rounds if t == "一组"))[0].visit.stop.stop_id
    target = ("二组", max(d for t, d in before.rounds if t == "二组"))
    with transaction(PLANNER) as connection:
        trial = edit.move(connection, _seen(before), stop, *target, None, only_try=True)
    assert _rows(_stored(plan_id)) == _rows(before), "a trial stores nothing"
    with transaction(PLANNER) as connection:
        done = edit.move(connection, _seen(before), stop, *target, None, only_try=False)
    after = _stored(plan_id)
    assert done.revision == after.head["revision"] == before.head["revision"] + 1
    seat = after.seats[stop]
    assert (seat.visit.team, seat.visit.day, seat.pin_team, seat.pin_day) == (*target, True, True)
    for key, minutes in done.minutes.items():
        team, day = key.rsplit("/", 1)
        of = (team, date.fromisoformat(day))
        old, new = before.rounds.get(of), after.rounds.get(of)
        work = [0 if r is None else r.minutes + round(r.travel_s / 60) for r in (old, new)]
        assert minutes == work[1] - work[0]
        assert new is None or new.stops == len(after.of_day(*of))
    assert trial.minutes == done.minutes
    assert {b.key for b in done.newly_broken} == {b.key for b in after.broken()} - {b.key for b in before.broken()}
    with transaction(PLANNER) as connection:
        edit.undo(connection, _seen(after))
    undone = _stored(plan_id)
    assert _rows(undone) == _rows(before)
    assert {k: r.stops for k, r in undone.rounds.items()} == {k: r.stops for k, r in before.rounds.items()}
    assert undone.head["revision"] == after.head["revision"] + 1
    with transaction(PLANNER) as connection, pytest.raises(InputError, match="no change"):
        edit.undo(connection, _seen(undone))


def test_what_is_kept_in_memory_is_what_is_stored(county: Database, plan_id: int):
    """After every change, one that is not committed, and one by somebody else in between."""

    def kept() -> Stored:
        with transaction(PLANNER, read_only=True) as connection:
            return read_kept(connection, plan_id)

    def same() -> Stored:
        ours, fresh = kept(), _stored(plan_id)
        for i, seat in ours.seats.items():
            assert repr(seat) == repr(fresh.seats[i])
        assert (ours.seats, dict(ours.head)) == (fresh.seats, dict(fresh.head))
        assert {k: replace(r, points=()) for k, r in ours.rounds.items()} == fresh.rounds
        assert {b.key: b.zh for b in ours.broken_before()} == {b.key: b.zh for b in fresh.broken()}
        return ours

    first = same()
    stops, days = list(first.seats), sorted(first.rounds)
    for k in range(6):
        with transaction(PLANNER) as connection:
            edit.move(
                connection, _seen(kept()), stops[7 * k], *days[(3 * k) % len(days)], None, only_try=bool(k % 3 == 2)
            )
        same()
    before = same()
    with contextlib.suppress(RuntimeError), transaction(PLANNER) as connection:
        edit.move(connection, _seen(before), stops[3], *days[-1], None, only_try=False)
        raise RuntimeError
    assert same().seats == before.seats, "what was not committed is not there"
    county.ask("UPDATE gis.plan_stop SET done = true WHERE plan_id = %s AND building_id = %s", plan_id, stops[0])
    assert same().seats[stops[0]].done
    county.ask("UPDATE gis.building SET village_code = NULL WHERE building_id = %s", stops[1])
    assert same().seats[stops[1]].visit.stop.village is None
    for change in (
        lambda c: edit.pin(c, _seen(kept()), stops[2], team=True, day=False),
        lambda c: edit.undo(c, _seen(kept())),
        lambda c: edit.publish(c, _seen(kept())),
        lambda c: edit.move(c, _seen(kept()), stops[5], *days[0], None, only_try=False),
    ):
        with transaction(PLANNER) as connection:
            change(connection)
        same()


def test_whatever_is_done_by_hand_is_taken_back_in_turn(plan_id: int):
    """Moves, pins, marks and a shared day, drawn with a seed: each stop once and in order, and all of it undone."""
    chance = random.Random(7)
    first = _stored(plan_id)
    states = [_rows(first)]
    houses = sorted(first.seats)
    for k in range(8):
        now = _stored(plan_id)
        open_ = [h for h in houses if not now.seats[h].done]
        with transaction(PLANNER) as connection:
            if k == 3:
                edit.mark_done(connection, _seen(now), chance.sample(open_, 3), done=True)
            elif k == 5:
                edit.share_day(connection, _seen(now), date(2022, 9, 14), "一组", "二组")
            else:
                to = (chance.choice(["一组", "二组"]), date(2022, 9, chance.choice([13, 14, 15, 20])))
                edit.move(
                    connection, _seen(now), chance.choice(open_), *to, chance.choice([None, 1, 4]), only_try=False
                )
        after = _stored(plan_id)
        assert set(after.seats) == set(houses)
        assert sum(r.stops for r in after.rounds.values()) == len(houses)
        for team, day in {(s.visit.team, s.visit.day) for s in after.seats.values()}:
            seats = after.of_day(team, day)
            assert len({s.visit.seq for s in seats}) == len(seats)
            assert after.rounds[team, day].stops == len(seats)
            left = [s.visit for s in seats if not s.done]
            assert all(a.leave_s <= b.arrive_s for a, b in itertools.pairwise(left))
        states.append(_rows(after))
    for wanted in reversed(states[:-1]):
        with transaction(PLANNER) as connection:
            edit.undo(connection, _seen(_stored(plan_id)))
        assert _rows(_stored(plan_id)) == wanted
    assert {k: (r.stops, r.ends_s) for k, r in _stored(plan_id).rounds.items()} == {
        k: (r.stops, r.ends_s) for k, r in first.rounds.items()
    }


def test_within_a_day_and_out_of_the_last(plan_id: int):
    stored = _stored(plan_id)
    key = min(stored.rounds)
    order = [s.visit.stop.stop_id for s in stored.of_day(*key)]
    with transaction(PLANNER) as connection:
        edit.move(connection, _seen(stored), order[-1], *key, 1, only_try=False)
    moved = _stored(plan_id)
    assert [s.visit.stop.stop_id for s in moved.of_day(*key)] == [order[-1], *order[:-1]]
    for one in order:
        now = _stored(plan_id)
        with transaction(PLANNER) as connection:
            edit.move(connection, _seen(now), one, "二组", date(2022, 10, 20), None, only_try=False)
    emptied = _stored(plan_id)
    assert key not in emptied.rounds
    assert emptied.rounds["二组", date(2022, 10, 20)].stops == len(order)


def test_the_second_of_two_is_told_and_changes_nothing(plan_id: int):
    stored = _stored(plan_id)
    stop = next(iter(stored.seats))
    with transaction(PLANNER) as connection:
        edit.pin(connection, _seen(stored), stop, team=True, day=False)
    with pytest.raises(ConflictError, match="ping") as told, transaction(Identity("anna", Role.ADMINISTRATOR)) as c:
        edit.move(c, _seen(stored), stop, "二组", date(2022, 9, 15), None, only_try=False)
    assert told.value.details["revision"] == stored.head["revision"] + 1
    assert _stored(plan_id).seats[stop].pin_team


def test_published_stays_and_a_change_is_the_next_version(plan_id: int, county: Database):
    stored = _stored(plan_id)
    with transaction(PLANNER) as connection:
        edit.publish(connection, _seen(stored))
    published = _stored(plan_id)
    stop = next(iter(stored.seats))
    with transaction(PLANNER) as connection:
        done = edit.pin(connection, _seen(published), stop, team=True, day=True)
    assert (done.version, done.revision) == (2, 1)
    assert not _stored(plan_id, 1).seats[stop].pin_team
    assert _stored(plan_id).seats[stop].pin_team
    assert _stored(plan_id).head["state"] == "draft"
    town = Identity("town", Role.TOWNSHIP, TOWN)
    with transaction(town, read_only=True) as connection:
        own = read_plan(connection, plan_id)
    assert own.head["version"] == 1
    wanted = county.ask(
        "SELECT building_id FROM gis.building WHERE building_id = ANY (%s) AND township_code = %s", list(stored.seats), TOWN,
        role="postgres",
    )  # fmt: skip
    assert set(own.seats) == {h for (h,) in wanted}


def test_replan_when_a_team_is_ill_keeps_the_rest(plan_id: int):
    old = _stored(plan_id)
    day = date(2022, 9, 14)
    teams = make.changed_teams(old.teams, {"二组": date(2022, 9, 15)}, {"三组": date(2022, 9, 15)}, {})
    version = make.replan_now(PLANNER, plan_id, make.Changes(date(2022, 9, 14), date(2022, 9, 13), teams))
    new = _stored(plan_id, version)
    assert set(new.seats) == set(old.seats)
    for i, seat in old.seats.items():
        if seat.visit.day == date(2022, 9, 13):
            assert _rows(new)[i][:4] == _rows(old)[i][:4]
            assert new.seats[i].done
    assert max(s.visit.day for s in new.seats.values() if s.visit.team == "二组") <= day
    assert {s.visit.team for s in new.seats.values()} == {"一组", "二组", "三组"}
    same, all_ = new.head["summary"]["kept"]
    assert 0 < same <= all_
    assert not [b for b in new.broken() if b.hard]


def test_houses_come_in_and_what_is_gone_is_said(county: Database, plan_id: int):
    """One house more, one that had found no place, one that is no longer in the data."""
    more, left = (
        h
        for (h,) in county.ask(
            "SELECT building_id FROM gis.building WHERE township_code = %s AND hazard_tier = 'none_found' "
            "ORDER BY building_id LIMIT 2", TOWN, role="postgres",
        )
    )  # fmt: skip
    county.ask("INSERT INTO gis.plan_unplanned VALUES (%s, 1, %s, '没有道路可达')", plan_id, left)
    county.ask(
        "INSERT INTO gis.plan_stop (plan_id, version, building_id, team, day, seq, arrive, leave, travel_m, minutes, "
        "urgency, unjudged) VALUES (%s, 1, 'torn-down', '一组', '2022-09-15', 9, '15:00', '15:30', 0, 30, 4, false)",
        plan_id,
    )
    version = make.replan_now(PLANNER, plan_id, make.Changes(date(2022, 9, 13), add_houses=[more]))
    new = _stored(plan_id, version)
    assert {more, left} < set(new.seats)
    assert len(new.seats) == 42
    gone = county.ask(
        "SELECT building_id, reason FROM gis.plan_unplanned WHERE plan_id = %s AND version = %s", plan_id, version
    )
    assert gone == [("torn-down", "房屋已不在数据里")]
    with transaction(PLANNER) as connection:
        edit.erase(connection, plan_id)
    assert county.one("SELECT count(*) FROM gis.plan_stop WHERE plan_id = %s", plan_id) == 0


def test_the_rest_of_a_day_is_shared(plan_id: int):
    stored = _stored(plan_id)
    day = date(2022, 9, 13)
    first = [s.visit.stop.stop_id for s in stored.of_day("一组", day)]
    with transaction(PLANNER) as connection:
        edit.mark_done(connection, _seen(stored), first[:6], done=True)
    with transaction(PLANNER) as connection:
        edit.share_day(connection, _seen(_stored(plan_id)), day, "一组", "二组")
    shared = _stored(plan_id)
    assert [s.visit.stop.stop_id for s in shared.of_day("一组", day)][:6] == first[:6], "what is done stays"
    both = [len([s for s in shared.of_day(t, day) if not s.done]) for t in ("一组", "二组")]
    assert sum(both) == len(first) - 6 + len(stored.of_day("二组", day))
    assert min(both) >= 2, "neither is left without work"
    assert all(shared.rounds[t, day].stops == len(shared.of_day(t, day)) for t in ("一组", "二组"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"per_day": 1, "deadline": date(2022, 9, 14)}, "team-days are missing"),
        ({"start": date(2022, 9, 17)}, "no working day"),
        ({"deadline": date(2022, 9, 1)}, "before the start"),
        ({"shift": "17:30-08:30"}, "Write the shift"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_stored(
    county: Database, run: int, changed: dict[str, Any], said: str
):
    from dataclasses import replace

    with county.active():
        before = county.counts()
        with pytest.raises(GisError, match=said):
            make.make_now(PLANNER, "不成", run, replace(ASKED, **changed), TEAMS)
        assert county.counts() == before


def test_a_list_whose_houses_are_gone(county: Database):
    with county.active():
        county.ask(
            "INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version) VALUES ('selection', '{}', "
            "now(), 0, 't')"
        )
        gone = county.one("SELECT max(run_id) FROM gis.run", role="postgres")
        county.ask("INSERT INTO gis.selection VALUES (%s, 'nowhere', 1, '[{}]')", gone)
        with pytest.raises(InputError, match="no longer in the data"):
            make.make_now(PLANNER, "x", gone, ASKED, TEAMS)
        county.ask("DELETE FROM gis.run WHERE run_id = %s", gone)


def test_lift_counts_what_was_judged_after(county: Database, plan_id: int):
    """The first quarter finds all: 1; nothing is counted of houses that were judged before."""
    stored = _stored(plan_id)
    assert stored.lift() is None, "all of them were judged when the plan was made"
    county.ask("UPDATE gis.plan_stop SET unjudged = true WHERE plan_id = %s", plan_id)
    order = sorted(stored.visits, key=lambda v: (v.day, v.arrive_s, v.team, v.seq))
    judge = "INSERT INTO gis.judgement (building_id, kind, tier, judged_on) SELECT unnest(%s), 'preliminary', %s, %s"
    county.ask(judge, [v.stop.stop_id for v in order[:10]], "severe", date(2022, 9, 8))
    county.ask(judge, [v.stop.stop_id for v in order[10:]], "none_found", date(2022, 9, 8))
    worth = _stored(plan_id).lift()
    assert worth is not None
    assert worth.lift == 1.0
    assert worth.random_low <= 0.25 <= worth.random_high
    county.ask(judge, list(stored.seats), "some", date(2022, 9, 8))


def test_files(county: Database, plan_id: int, tmp_path: Path):
    for suffix in ("xlsx", "gpkg", "geojson"):
        done = county.cli("plan", "export", plan_id, "--out", tmp_path / f"plan.{suffix}")
        assert done.code == 0, done.err
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    assert book.sheetnames == ["汇总", "各组各日", "明细", "导出信息"]
    assert book["明细"].max_row == 41
    table = book["各组各日"]
    assert table.cell(table.max_row, table.max_column).value == 40
    stops = pyogrio.read_dataframe(tmp_path / "plan.gpkg", layer="stops")
    assert len(stops) == 40
    assert {"stop_id", "team", "day", "seq", "reasons", "found", "photo"} <= set(stops.columns)
    with closing(sqlite3.connect(tmp_path / "plan.gpkg")) as base:
        styles = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles WHERE useAsDefault = 1").fetchall())
    assert set(styles) == {"stops", "routes", "territories"}
    assert "ValueMap" in styles["stops"]
    assert "严重" in styles["stops"]
    features = json.loads((tmp_path / "plan.geojson").read_text())["features"]
    assert len(features) == 40
    assert all(107 < f["geometry"]["coordinates"][0] < 108 for f in features)
    # What was written can be planned on from: the same file is an earlier plan to gis-service route.
    again = county.cli(
        "route", tmp_path / "plan.gpkg", "--layer", "stops", "--teams", 2, "--per-day", 8, "--start", "2022-09-13",
        "--previous", tmp_path / "plan.gpkg", "--iterations", 20, "--workers", 1, "--out", tmp_path / "again.gpkg",
    )  # fmt: skip
    assert again.code == 0, again.err
    assert "40 of 40" in again.out


def test_at_the_command_line(county: Database, run: int, tmp_path: Path):
    common = ("--teams", 2, "--per-day", 8, "--start", "2022-09-13", "--no-roads", "--iterations", 20)
    made = county.cli("plan", "make", "命令行", "--list", run, *common)
    assert made.code == 0, made.err
    assert "40 stops" in made.out
    number = int(made.out.split()[1])
    assert "命令行" in county.cli("plan", "list").out
    shown = county.cli("plan", "show", number)
    assert shown.code == 0
    assert shown.out.count("组\t") == 2
    again = county.cli(
        "plan", "replan", number, "--from", "2022-09-14", "--done-through", "2022-09-13", "--ill", "二组=2022-09-15"
    )
    assert again.code == 0, again.err
    assert "unfinished stops kept team and day" in again.out
    shared = county.cli("plan", "replan", number, "--from", "2022-09-14", "--share", "2022-09-14=一组,二组")
    assert shared.code == 0, shared.err
    assert county.cli("plan", "publish", number).code == 0
    maps = county.cli("map", "plan", "--plan", number, "--per-team", "--out", tmp_path / "map.html")
    assert maps.code == 0, maps.err
    assert {f.name for f in tmp_path.glob("*.html")} == {"map-一组.html", "map-二组.html"}
    for wrong, code in (
        (("plan", "show", 999_999), 1),
        (("plan", "publish", number), 1),
        (("plan", "replan", number, "--from", "2022-09-14", "--ill", "九组=2022-09-15"), 1),
        (("plan", "export", number, "--out", tmp_path / "plan.doc"), 1),
        (("plan", "make", "x", "--list", run, "--rule", "hazard", *common), 2),
        (("plan", "make", "x", "--list", 999_999, *common), 1),
        (("plan", "make", "x", "--list", run, *common, "--days", 1), 1),
    ):
        said = county.cli(*wrong)
        assert said.code == code, (wrong, said.err)
        if code == 1:
            # A machine that takes more than two seconds is told of the stages before, a line each.
            told = [line for line in said.err.strip().splitlines() if not line.endswith(" …")]
            assert len(told) == 1, said.err


def test_over_http(county: Database, app: FastAPI, plan_id: int, run: int):
    with county.active():
        planner, town = signed_in(county, "planner"), signed_in(county, "township", place=TOWN)
        with TestClient(app, raise_server_exceptions=False) as client:
            body = {"name": "网上", "teams": 2, "per_day": 8, "start": "2022-09-13", "run_id": run, "iterations": 20}
            assert client.post("/api/plans", json=body, headers=town).status_code == 403
            assert client.post("/api/plans", json=body | {"area_id": 1}, headers=planner).status_code == 422
            begun = client.post("/api/plans", json=body, headers=planner)
            assert begun.status_code == 202, begun.text
            number = begun.json()["plan_id"]
            job = f"/api/jobs/{begun.json()['job_id']}"
            assert client.get(job, headers=planner).json()["state"] == "waiting"
            assert run_one("long")
            assert client.get(job, headers=planner).json()["state"] == "done"
            state = client.get(f"/api/plans/{number}/state", headers=planner).json()
            assert state["state"] == "draft", state
            assert client.get(f"/api/plans/{number}", headers=town).status_code == 404
            whole = client.get(f"/api/plans/{number}", headers=planner).json()
            assert sum(d["stops"] for d in whole["days"]) == 40
            stop = client.get(f"/api/plans/{number}/stops?limit=1", headers=planner).json()["items"][0]
            assert stop["reasons"]
            seen = {"version": 1, "revision": 0}
            move = seen | {"building_id": stop["building_id"], "team": "二组", "day": "2022-09-14"}
            moved = client.post(f"/api/plans/{number}/moves", json=move, headers=planner)
            assert moved.status_code == 200, moved.text
            second = client.post(f"/api/plans/{number}/moves", json=move, headers=planner)
            assert (second.status_code, second.json()["error"]["code"]) == (409, "conflict")
            now = {"version": 1, "revision": 1}
            assert client.post(f"/api/plans/{number}/publish", json=now, headers=planner).status_code == 200
            own = client.get(f"/api/plans/{number}/stops?limit=500", headers=town).json()["items"]
            assert 0 < len(own) < 40
            assert client.post(f"/api/plans/{number}/moves", json=move, headers=town).status_code == 403
            sheet = client.get(f"/api/plans/{number}/sheets?team=一组&day=2022-09-13", headers=planner)
            assert sheet.content.startswith(b"%PDF")
            book = client.get(f"/api/plans/{number}/sheets?team=一组&format=xlsx", headers=planner)
            assert len(openpyxl.load_workbook(io.BytesIO(book.content)).worksheets) > 1, "one a day"
            whole = client.get(f"/api/plans/{number}/export?format=geojson", headers=planner)
            assert len(whole.json()["features"]) == 40
            none = client.get(f"/api/plans/{number}/sheets?team=九组", headers=planner)
            assert (none.status_code, none.json()["error"]["code"]) == (404, "not_found")
            made = county.ask("SELECT state FROM gis.job WHERE kind = 'day_sheets' ORDER BY job_id", role="postgres")
            assert [state for (state,) in made] == ["done", "done", "failed"]
            differ = client.get(f"/api/plans/{number}/compare?before=1&after=1", headers=planner).json()
            assert differ["counts"] == {"new": 0, "gone": 0, "moved": 0, "same": 40}
            for page in ("/plans", f"/plans/{number}", f"/plans/{number}/offline?team=一组"):
                answer = client.get(page, headers=planner | {"Accept": "text/html"})
                assert answer.status_code == 200, (page, answer.text[:300])
            trail = county.ask(
                "SELECT action FROM gis.audit_trail WHERE object = %s", f"plan {number}", role="postgres"
            )
            assert {a for (a,) in trail} == {"plan_made", "plan_changed", "plan_published"}
            with transaction(PLANNER, read_only=True) as connection:
                assert (
                    connection.execute(
                        text("SELECT count(*) FROM gis.plan_edit WHERE plan_id = :p"), {"p": number}
                    ).scalar_one()
                    == 1
                )
