"""The houses that a township works from: those with a hazard and those on the county's list, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.facts.duty import ACTIONS, duty_of
from gis_service.figures.tables import runs_of
from gis_service.selection.lists import ALL, Narrowed
from gis_service.selection.select import names_of


@dataclass(frozen=True)
class Asked:
    """Which houses of a township's list are asked for.

    Of ``narrowed`` village, tier and text count; ``action`` is one of ``facts.duty.ACTIONS``.
    """

    township: str
    narrowed: Narrowed = ALL
    action: str | None = None

    def sentence(self, connection: Connection) -> str:
        """Return in words what a file of them lists; empty where it is the whole list."""
        said = [self.narrowed.sentence(names_of(connection, [self.narrowed.village]))]
        if self.action is not None:
            said.append(f"要{ACTIONS[self.action][0]}")
        only = "、".join(filter(None, said))
        return f"只列{only}。" if only else ""


def worked_houses(connection: Connection, asked: Asked) -> list[str]:
    """Return the numbers of the houses that are asked for, the most urgent first."""
    values = asked.narrowed.values() | {"township": asked.township, "selection_run": runs_of(connection).selection}
    rows = connection.execute(text(statement("figures.township_worked")), values).mappings()
    return [row["building_id"] for row in rows if asked.action is None or asked.action in duty_of(dict(row)).actions]


def houses_of(connection: Connection, houses: list[str]) -> list[dict[str, Any]]:
    """Return what is known of such houses: rows as of ``house_of``, ``geom`` as WKB, ``lon`` and ``lat`` in degrees."""
    runs = runs_of(connection)
    values = {"houses": houses, "selection_run": runs.selection, "density_run": runs.density}
    return [dict(row) for row in connection.execute(text(statement("figures.township_listed")), values).mappings()]


def township_list(connection: Connection, township: str, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the first houses of a township's list, with what is known of them."""
    return houses_of(connection, worked_houses(connection, Asked(township))[:limit])
