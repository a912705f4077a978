"""What is wrong with stops, teams and terms, said before any work: one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np

from gis_service.errors import InputError
from gis_service.inspection.calendar import works
from gis_service.inspection.model import Stop, Team, Terms
from gis_service.settings import default


def check(stops: Sequence[Stop], teams: Sequence[Team], terms: Terms) -> None:
    """Refuse what no plan can be made of.

    Raises
    ------
    InputError
        With the first thing that is wrong.

    """
    _check_terms(terms)
    if not teams:
        raise InputError(
            "没有排查组；请用 --teams 给出组数或分组文件。", "There are no teams; give --teams a number or a file."
        )
    twice = [name for name, n in Counter(team.name for team in teams).items() if n > 1]
    if twice:
        raise InputError(f"有两个组都叫“{twice[0]}”；请改名。", f"Two teams are called {twice[0]!r}; rename one.")
    idle = next((team for team in teams if team.per_day is not None and team.per_day < 1), None)
    if idle is not None:
        raise InputError(
            f"{idle.name}每日栋数为 {idle.per_day}，至少为 1。",
            f"Team {idle.name} does {idle.per_day} stops a day; at least 1.",
        )
    if not stops:
        raise InputError("没有要排查的房屋。", "There are no stops to visit.")
    _check_stops(stops)
    if len(teams) > len(stops):
        raise InputError(
            f"{len(teams):,} 个组多于 {len(stops):,} 栋房屋；请减少组数。",
            f"There are more teams ({len(teams):,}) than stops ({len(stops):,}); take fewer.",
        )
    _check_pins(stops, teams, terms)


def _check_terms(terms: Terms) -> None:
    if terms.per_day < 1:
        raise InputError(
            f"每组每日 {terms.per_day} 栋，至少为 1（--per-day）。",
            f"{terms.per_day} stops a day; --per-day is at least 1.",
        )
    if terms.deadline is not None and terms.deadline < terms.start:
        raise InputError(
            f"截止日 {terms.deadline} 早于开始日 {terms.start}；请核对 --start 与 --deadline。",
            f"The deadline {terms.deadline} is before the start {terms.start}; check --start and --deadline.",
        )
    if terms.days is not None and terms.days < 1:
        raise InputError(f"天数为 {terms.days}，至少为 1（--days）。", f"{terms.days} days; --days is at least 1.")
    if terms.shift_s <= 0:
        raise InputError(
            "班次除去午休没有时间；请核对 --shift 与 --lunch。",
            "The shift has no time beside lunch; check --shift and --lunch.",
        )
    if not works(terms.start, terms):
        raise InputError(
            f"开始日 {terms.start} 不上班（节假日或休息日）；请改 --start，或用 --workdays、--holidays 说明。",
            f"The start {terms.start} is no working day; change --start, or say otherwise with --workdays or --holidays.",
        )


def twice_said(twice: Sequence[str]) -> InputError:
    """Return the refusal of ids that occur twice."""
    return InputError(
        f"编号 {twice[0]} 出现了两次（共 {len(twice):,} 个编号重复）；每栋只排一次，请核对。",
        f"The id {twice[0]} occurs twice ({len(twice):,} ids do); each house is visited once: check the file.",
    )


def _check_stops(stops: Sequence[Stop]) -> None:
    twice = sorted(stop_id for stop_id, n in Counter(stop.stop_id for stop in stops).items() if n > 1)
    if twice:
        raise twice_said(twice)
    for stop in stops:
        if stop.minutes < 1 or stop.urgency not in (1, 2, 3, 4):
            raise InputError(
                f"{stop.stop_id}：用时 {stop.minutes} 分钟、缓急 {stop.urgency}；用时至少 1 分钟，缓急为 1 至 4。",
                f"{stop.stop_id}: {stop.minutes} minutes, urgency {stop.urgency}; minutes are at least 1, urgency 1 to 4.",
            )
    xy = np.array([(s.x, s.y) for s in stops])
    away = np.hypot(*(xy - np.median(xy, axis=0)).T) / 1000
    if float(away.max()) > default("route_extent_km"):
        stop = stops[int(away.argmax())]
        raise InputError(
            f"{stop.stop_id} 距其余房屋 {away.max():,.0f} 千米；请核对它的坐标或坐标系。",
            f"{stop.stop_id} lies {away.max():,.0f} km from the other stops; check its coordinates or the CRS.",
        )


def _check_pins(stops: Sequence[Stop], teams: Sequence[Team], terms: Terms) -> None:
    by_name = {team.name: team for team in teams}
    held: Counter[tuple[str | None, date]] = Counter()
    for stop in stops:
        if stop.team is not None and stop.team not in by_name:
            raise InputError(
                f"{stop.stop_id} 指定给“{stop.team}”，没有这个组；有：{'、'.join(by_name)}。",
                f"{stop.stop_id} is pinned to team {stop.team!r}, which does not exist; there are {', '.join(by_name)}.",
            )
        if stop.day is None:
            continue
        _check_day(stop, by_name.get(stop.team) if stop.team else None, terms)
        held[stop.team, stop.day] += 1
        held[None, stop.day] += 1 if stop.team is not None else 0
    for (name, day), count in held.items():
        working = [t for t in teams if t.is_there(day)] if name is None else [by_name[name]]
        most = sum(team.per_day or terms.per_day for team in working)
        if count > most:
            raise InputError(
                f"指定在 {day} 由{name or '各组'}排查的有 {count} 栋，当日最多 {most} 栋；请改一部分。",
                f"{count} stops are pinned to {name or 'all teams'} on {day}, which do at most {most}; move some.",
            )


def _check_day(stop: Stop, team: Team | None, terms: Terms) -> None:
    day = stop.day
    assert day is not None  # noqa: S101 - the caller looked
    if day < terms.start or (terms.deadline is not None and day > terms.deadline):
        raise InputError(
            f"{stop.stop_id} 指定在 {day}，不在计划期间（{terms.start} 起{f'，{terms.deadline} 止' if terms.deadline else ''}）。",
            f"{stop.stop_id} is pinned to {day}, outside the plan (from {terms.start}"
            f"{f' to {terms.deadline}' if terms.deadline else ''}).",
        )
    if not works(day, terms) or (team is not None and not team.is_there(day)):
        raise InputError(
            f"{stop.stop_id} 指定在 {day}，当天{f'{team.name}' if team else ''}不上班；请改日或改节假日设置。",
            f"{stop.stop_id} is pinned to {day}, a day off{f' of {team.name}' if team else ''}; choose another day.",
        )
    if stop.due is not None and day > stop.due:
        raise InputError(
            f"{stop.stop_id} 指定在 {day}，却须在 {stop.due} 前排查；请改其一。",
            f"{stop.stop_id} is pinned to {day} but due by {stop.due}; change one of them.",
        )
