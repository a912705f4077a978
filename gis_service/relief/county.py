"""Whether the deployment's elevation file is one of the county."""

from __future__ import annotations

from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import SetupError
from gis_service.relief.elevation import elevation


def refusal(connection: Connection) -> SetupError | None:
    """Return what is wrong with the file, for whoever starts the service; None where nothing is, or there is none."""
    row = connection.execute(text(statement("maps.extent"))).one_or_none()
    try:
        elevation(None if row is None else (row[0], row[1], row[2], row[3]), simulated=True)
    except SetupError as error:
        return error
    return None
