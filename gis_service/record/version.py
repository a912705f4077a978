"""Tell tiles and runs that what is known of houses changed."""

from __future__ import annotations

from sqlalchemy import text

from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.identity import Identity


def bump(identity: Identity) -> None:
    """Move the data's version on, after the change is committed: no tile made before it may pass for one made after."""
    with transaction(identity) as connection:
        connection.execute(text(statement("ingest.bump_version")))
