"""Inspection plans: who goes where on which day, from stops and teams alone.

Pure functions on records in a metric CRS; no database and no web page is known here.

    from datetime import date
    from gis_service.inspection import Stop, Team, Terms, plan

    stops = [Stop("a", 0.0, 0.0, minutes=30), Stop("b", 900.0, 0.0, minutes=30, urgency=1)]
    made = plan(stops, [Team("一组"), Team("二组")], Terms(per_day=10, start=date(2026, 3, 2)))
    made.visits                         # in order: team, day, sequence, hours, metres

Inside: ``territory`` (all stops of each team), ``days`` (how many a day, until when), ``order`` (PyVRP), ``rota`` (the
three for one team), ``travel`` (roads, straight lines), ``calendar``, ``clock``, ``bounds`` (what cannot be),
``promises`` (what gave way), ``keep`` (earlier plans), ``worth`` (lift).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gis_service.inspection.keep import Before
    from gis_service.inspection.model import Stop, Team, Terms
    from gis_service.inspection.planner import Plan, plan
    from gis_service.inspection.travel import Network, Straight

__all__ = ["Before", "Network", "Plan", "Stop", "Straight", "Team", "Terms", "plan"]

_MODULES = {
    "Before": "keep",
    "Network": "travel",
    "Plan": "planner",
    "Stop": "model",
    "Straight": "travel",
    "Team": "model",
    "Terms": "model",
    "plan": "planner",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: the solver is slow to load, and most commands need none."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
