"""Which stops a team visits on which day and in which order: days are the vehicles of a routing model (PyVRP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvrp
from numpy.typing import NDArray
from pyvrp.stop import MaxIterations

FOREVER = 2**40


@dataclass(frozen=True)
class Call:
    """A place to be served once: how long, from when and until when it may begin, how much it loads.

    With a ``prize`` it may be left out, at the cost of the prize.
    """

    service: int
    early: int = 0
    late: int = FOREVER
    load: int = 1
    prize: int | None = None


@dataclass(frozen=True)
class Shift:
    """``count`` ways from and to the depot: what each loads, from when until when, how long at most, what it costs."""

    capacity: int
    opens: int = 0
    closes: int = FOREVER
    longest: int = FOREVER
    count: int = 1
    kind: int = 0


@dataclass(frozen=True)
class Solved:
    """The best that was found: for each way used its shift (position) and its calls, in order; what is left out."""

    routes: list[tuple[int, list[int]]]
    left_out: list[int]
    cost: int
    feasible: bool


def problem(travel: NDArray[np.int64], calls: Sequence[Call], shifts: Sequence[Shift]) -> pyvrp.ProblemData:
    """Return the model of stops and shifts.

    Parameters
    ----------
    travel
        Square, whole numbers of the calls' time unit: row and column 0 are the depot, k + 1 is ``calls[k]``. It is what
        is minimised, and what the clock takes.

    """
    locations = [pyvrp.Location(0, 0) for _ in range(len(calls) + 1)]
    clients = [
        pyvrp.Client(
            k + 1, delivery=[call.load], service_duration=call.service, tw_early=call.early, tw_late=call.late,
            prize=call.prize or 0, required=call.prize is None,
        )
        for k, call in enumerate(calls)
    ]  # fmt: skip
    vehicles = [
        pyvrp.VehicleType(
            shift.count, [shift.capacity], tw_early=shift.opens, tw_late=shift.closes, shift_duration=shift.longest
        )
        for shift in shifts
    ]
    matrix: Any = travel
    return pyvrp.ProblemData(locations, clients, [pyvrp.Depot(0)], vehicles, [matrix], [matrix])


def solve(
    travel: NDArray[np.int64],
    calls: Sequence[Call],
    shifts: Sequence[Shift],
    *,
    seed: int,
    iterations: int,
    begin_with: Sequence[tuple[int, list[int]]] | None = None,
) -> Solved:
    """Return the best ways found in ``iterations`` steps; the same input, seed and steps give the same ways.

    ``begin_with`` (shift, calls in order) is a solution to improve on.
    """
    data = problem(travel, calls, shifts)
    initial = None
    if begin_with is not None:
        initial = pyvrp.Solution(
            data,
            [
                pyvrp.Route(data, [pyvrp.Activity(pyvrp.ActivityType.CLIENT, k) for k in way], vehicle_type=shift)
                for shift, way in begin_with
                if way
            ],
        )
    result = pyvrp.solve(
        data, MaxIterations(iterations), seed=seed, collect_stats=False, display=False, initial_solution=initial
    )
    best = result.best
    routes = [(route.vehicle_type(), [a.idx for a in route.schedule() if a.is_client()]) for route in best.routes()]
    served = {k for _, way in routes for k in way}
    left_out = [k for k in range(len(calls)) if k not in served]
    cost = int(best.distance() + sum(calls[k].prize or 0 for k in left_out))
    return Solved(sorted(routes), left_out, cost, best.is_feasible())
