"""Small counties for plans, and the promises of a plan told from its visits alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from gis_service.inspection import Plan, Stop, Team, Terms

MONDAY = date(2026, 3, 2)
"""A working week without holidays begins."""


def row(count: int, x: float, y: float = 0.0, *, name: str = "", **more: object) -> list[Stop]:
    """Return stops 20 m apart in a line, numbered from the west."""
    return [Stop(f"{name}{k:03d}", x + 20 * k, y, **{"minutes": 20, **more}) for k in range(count)]  # type: ignore[arg-type]


def named(count: int) -> list[Team]:
    """Return teams A, B, …."""
    return [Team(chr(65 + k)) for k in range(count)]


def terms(per_day: int = 10, **more: object) -> Terms:
    """Return quick terms from that Monday."""
    return Terms(per_day, MONDAY, **{"iterations": 40, **more})  # type: ignore[arg-type]


def loads(plan: Plan) -> dict[str, Counter[date]]:
    """Return stops by team and day."""
    out: dict[str, Counter[date]] = defaultdict(Counter)
    for visit in plan.visits:
        out[visit.team][visit.day] += 1
    return dict(out)


def values(plan: Plan) -> list[tuple[object, ...]]:
    """Return all that a plan says, in order."""
    return [(v.stop.stop_id, v.team, v.day, v.seq, v.arrive_s, v.leave_s, round(v.travel_m, 6)) for v in plan.visits]


def split(plan: Plan, stops: Sequence[Stop]) -> set[str]:
    """Return the villages that several teams visit."""
    teams = defaultdict(set)
    team_of = {v.stop.stop_id: v.team for v in plan.visits}
    for stop in stops:
        if stop.village is not None and stop.stop_id in team_of:
            teams[stop.village].add(team_of[stop.stop_id])
    return {village for village, some in teams.items() if len(some) > 1}
