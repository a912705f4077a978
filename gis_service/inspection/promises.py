"""What a finished plan keeps, told from the plan alone, and what gave way, with its number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import combinations

import numpy as np
import shapely

from gis_service.inspection.model import Stop, Team, Terms, Visit

_TOUCH_M2 = 1.0
"""Hulls that share no more ground than this do not overlap."""


def spread_of_teams(visits: Sequence[Visit], teams: Sequence[Team], terms: Terms) -> float:
    """Return the largest less the smallest number of stops among teams, in proportion to what each does a day."""
    most = [team.per_day or terms.per_day for team in teams]
    count = Counter(v.team for v in visits)
    mean = sum(most) / len(most)
    loads = [count[team.name] * mean / each for team, each in zip(teams, most, strict=True)]
    spread = round(max(loads) - min(loads), 2)
    return int(spread) if spread == int(spread) else spread


def minutes_apart(visits: Sequence[Visit], teams: Sequence[Team], terms: Terms) -> float:
    """Return the most less the least minutes on site among teams, in proportion to what each does a day."""
    most = [team.per_day or terms.per_day for team in teams]
    mean = sum(most) / len(most)
    spent: Counter[str] = Counter()
    for v in visits:
        spent[v.team] += v.stop.minutes
    loads = [spent[team.name] * mean / each for team, each in zip(teams, most, strict=True)]
    return round(max(loads) - min(loads), 1)


def spread_of_days(visits: Sequence[Visit]) -> dict[str, int]:
    """Return for each team the largest less the smallest number of stops among its days."""
    days: dict[str, Counter[date]] = defaultdict(Counter)
    for v in visits:
        days[v.team][v.day] += 1
    return {team: max(count.values()) - min(count.values()) for team, count in days.items()}


def split_villages(visits: Sequence[Visit]) -> list[str]:
    """Return the villages whose stops are of several teams."""
    teams: dict[str, set[str]] = defaultdict(set)
    for v in visits:
        if v.stop.village is not None:
            teams[v.stop.village].add(v.team)
    return sorted(village for village, some in teams.items() if len(some) > 1)


def overlapping(visits: Sequence[Visit]) -> tuple[int, int]:
    """Return how many pairs of teams have hulls that overlap, and how many pairs there are."""
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for v in visits:
        places[v.team].append((v.stop.x, v.stop.y))
    hulls = [shapely.convex_hull(shapely.multipoints(np.array(xy))) for _, xy in sorted(places.items())]
    pairs = list(combinations(hulls, 2))
    return sum(float(shapely.area(shapely.intersection(a, b))) > _TOUCH_M2 for a, b in pairs), len(pairs)


def late_by_urgency(visits: Sequence[Visit]) -> list[tuple[str, int, int]]:
    """Return team, urgency and number of stops after the day by which the counts would have allowed all of them."""
    out = []
    for team in sorted({v.team for v in visits}):
        mine = [v for v in visits if v.team == team]
        load = Counter(v.day for v in mine)
        for urgency in sorted({v.stop.urgency for v in mine}):
            wanted = sum(v.stop.urgency <= urgency for v in mine)
            held = 0
            for day in sorted(load):
                held += load[day]
                if held >= wanted:
                    break
            late = sum(v.stop.urgency == urgency and v.day > day for v in mine)
            if late:
                out.append((team, urgency, late))
    return out


def gave_way(
    visits: Sequence[Visit], teams: Sequence[Team], terms: Terms, unplanned: Sequence[tuple[Stop, str]], repaired: int
) -> list[tuple[str, str]]:
    """Return what gave way, in the order of collisions, Chinese and English."""
    out = []
    if unplanned:
        out.append((f"未排入 {len(unplanned)} 栋", f"{len(unplanned)} stops unplanned"))
    overdue = sum(v.stop.due is not None and v.day > v.stop.due for v in visits)
    if overdue:
        out.append((f"期限：{overdue} 栋晚于期限", f"due days: {overdue} stops late"))
    late = late_by_urgency(visits)
    if late:
        stops = sum(n for _, _, n in late)
        out.append((f"先急后缓：{stops} 栋为让期限或指定而推后", f"urgency: {stops} stops later, for due days or pins"))
    if not visits:
        return out
    minutes = {v.stop.minutes for v in visits}
    spread = spread_of_teams(visits, teams, terms)
    if len(minutes) == 1 and spread > 1:
        out.append((f"各组均衡：栋数相差 {spread:g}", f"balance of teams: {spread:g} stops apart"))
    spent = minutes_apart(visits, teams, terms)
    if len(minutes) > 1 and spent > max(minutes):
        out.append((f"各组均衡：用时相差 {spent:g} 分钟", f"balance of teams: {spent:g} minutes apart"))
    days = {team: n for team, n in spread_of_days(visits).items() if n > 1}
    if days:
        worst = max(days.values())
        out.append(
            (
                f"每日均衡：{len(days)} 个组的日栋数相差至多 {worst}",
                f"balance of days: {len(days)} teams, {worst} apart",
            )
        )
    split = split_villages(visits)
    if split:
        named = "、".join(split)
        out.append((f"村不拆分：拆分 {len(split)} 个村（{named}）", f"villages whole: {len(split)} split ({named})"))
    if repaired:
        out.append(
            (f"紧凑：为期限或指定换组 {repaired} 栋", f"compact: {repaired} stops changed team for due days or pins")
        )
    return out
