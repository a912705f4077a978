"""One house as it stands in the newest runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.figures.tables import runs_of


def house_of(connection: Connection, building_id: str) -> dict[str, Any]:
    """Return a house's row of ``figures.house``: its card, its score and reasons, what the density run found of it.

    Raises
    ------
    NotFoundError
        There is no such house, or the asker may not see it.

    """
    runs = runs_of(connection)
    values = {"building_id": building_id, "selection_run": runs.selection, "density_run": runs.density}
    row = None
    if "\0" not in building_id:  # PostgreSQL knows no such text
        row = connection.execute(text(statement("figures.house")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    return dict(row)
