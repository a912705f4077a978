"""What a stored plan stands on: the houses of its list as stops, and the county's roads as a network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import shapely
from sqlalchemy import Connection, text

from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import Identity
from gis_service.inspection.model import Stop, urgency_of
from gis_service.inspection.stored.conditions import Conditions
from gis_service.inspection.travel import Network, Straight, Ways

_networks: dict[tuple[Any, ...], Network] = {}
_lock = threading.Lock()


def stops_of_run(connection: Connection, run_id: int, conditions: Conditions) -> list[Stop]:
    """Return the houses of a list as stops.

    Raises
    ------
    InputError
        The list is empty, or its houses are gone.

    """
    stops = _stops(connection, "plans.houses", conditions, run_id=run_id)
    if not stops:
        listed = connection.execute(text(statement("plans.selected_count")), {"run_id": run_id}).scalar_one()
        if listed:
            raise InputError(
                f"第 {run_id} 号名单的 {listed:,} 栋房屋已不在数据里；请重新选取后再排计划。",
                f"The {listed:,} houses of list {run_id} are no longer in the data; select anew, then plan.",
            )
        raise InputError(f"第 {run_id} 号名单是空的，没有要排查的房屋。", f"List {run_id} is empty: no stops to visit.")
    return stops


def stops_of(
    connection: Connection, houses: Sequence[str], conditions: Conditions, *, known_only: bool = True
) -> list[Stop]:
    """Return named houses as stops; without ``known_only`` those that are in the data.

    Raises
    ------
    NotFoundError
        One is not in the data.

    """
    stops = _stops(connection, "plans.some_houses", conditions, houses=list(houses))
    unknown = sorted(set(houses) - {s.stop_id for s in stops})
    if unknown and known_only:
        raise NotFoundError(
            f"没有编号为 {unknown[0]} 的房屋（共 {len(unknown)} 个编号找不到）。",
            f"There is no house {unknown[0]} ({len(unknown)} numbers are unknown).",
        )
    return stops


def _stops(connection: Connection, name: str, conditions: Conditions, **values: Any) -> list[Stop]:
    out = []
    for row in connection.execute(text(statement(name)), values).mappings():
        urgency = urgency_of(row["hazard_tier"], row["use_class"])
        out.append(
            Stop(
                row["building_id"], float(row["x"]), float(row["y"]), conditions.minutes, urgency,
                conditions.due.get(urgency), row["village"], unjudged=row["hazard_tier"] == "unjudged",
            )
        )  # fmt: skip
    return out


def ways_of(connection: Connection, conditions: Conditions) -> Ways:
    """Return how teams travel: on the county's roads where there are some, else by straight lines.

    The network is kept in memory as long as the roads stay what they are: a move by hand asks for it again and again.
    """
    if not conditions.roads:
        return Straight()
    known = connection.execute(text(statement("plans.roads_version"))).one()
    if not known[0]:
        return Straight()
    key = (str(connection.engine.url), *known)
    with _lock:
        network = _networks.get(key)
        if network is None:
            rows = connection.execute(text(statement("plans.roads"))).mappings().all()
            lines = shapely.from_wkb([bytes(row["geom"]) for row in rows])
            network = Network(list(lines), [row["class"] for row in rows])
            _networks.clear()
            _networks[key] = network
    return network


def warm(who: Identity, plan_id: int) -> None:
    """Build the network that a plan's changes will ask for, where it is not in memory yet."""
    with transaction(who, read_only=True) as connection:
        head = connection.execute(text(statement("plans.newest")), {"plan_id": plan_id}).mappings().one_or_none()
        if head is not None:
            ways_of(connection, Conditions.from_dict(head["parameters"]))
