"""The numbers of cases struck off, which the database keeps as changes: added up by the worker where they have become many."""

from __future__ import annotations

from sqlalchemy import text

from gis_service.db.engine import get_engine
from gis_service.db.queries import statement

_MANY = 500


def add_up() -> int:
    """Add up what tells of the same, where that makes hundreds of rows fewer; return how many."""
    with get_engine("owner").begin() as connection:
        spare = int(connection.execute(text(statement("cases.cleared_rows"))).scalar_one())
        if spare < _MANY:
            return 0
        connection.execute(text(statement("cases.add_up_cleared")))
        return spare
