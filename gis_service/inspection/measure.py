"""The figures of a plan, told from its visits and rounds alone: after it is made, and after each change by hand."""

from __future__ import annotations

from collections.abc import Sequence

from gis_service.inspection import bounds, promises
from gis_service.inspection.model import Round, Team, Terms, Visit

Figures = dict[str, float | int | None]


def measure(visits: Sequence[Visit], rounds: Sequence[Round], teams: Sequence[Team], terms: Terms) -> Figures:
    """Return teams, stops, days, balance, split villages, overlap, travel and the lower bound of team-days."""
    overlaps, pairs = promises.overlapping(visits)
    per_day = max(team.per_day or terms.per_day for team in teams)
    need = sum(v.stop.minutes for v in visits) * 60
    travel = sum(r.travel_s for r in rounds)
    return {
        "teams": len({v.team for v in visits}),
        "stops": len(visits),
        "days": len({v.day for v in visits}),
        "balance_stops": promises.spread_of_teams(visits, teams, terms),
        "villages_split": len(promises.split_villages(visits)),
        "overlap_share": round(overlaps / pairs, 4) if pairs else 0.0,
        "travel_m": round(sum(r.travel_m for r in rounds), 2),
        "travel_share": round(travel / (travel + need), 4) if visits else None,
        "lower_bound_team_days": bounds.lower_bound(len(visits), need, per_day, terms),
    }
