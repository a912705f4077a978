"""A database that is there, running and migrated, whoever asks first."""

from __future__ import annotations

from gis_service.db.migrate import create_database, migrate
from gis_service.db.server import private_server
from gis_service.settings import get_settings


def prepare() -> list[str]:
    """Start the private server where there is no ``DATABASE_URL``, make the database, migrate it."""
    if not get_settings().database_url:
        private_server().start()
        create_database()
    return migrate()
