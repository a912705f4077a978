"""The page of a plate for strangers, and the county's page of plates."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gis_service.identity import Identity, Role
from gis_service.plates import plates
from gis_service.settings import get_settings
from web_map import assets


def plate_values(told: plates.Told, lang: str) -> dict[str, Any]:
    """Return what ``plate.html`` tells: nothing but these three things."""
    return {
        "number": told.building_id,
        "measures": told.en if lang == "en" else told.zh,
        "telephone": told.telephone,
    }


def plates_values(connection: Connection, identity: Identity) -> dict[str, Any]:
    """Return what ``plates.html`` shows."""
    office = identity.role in (Role.ADMINISTRATOR, Role.PLANNER)
    zone = ZoneInfo(get_settings().timezone)
    return {
        "setting": plates.setting(connection),
        "office": office,
        "makes": office or identity.role is Role.TOWNSHIP,
        "total": plates.total(connection),
        "withdrawn": [
            row | {"day": row["recorded_at"].astimezone(zone).date()} for row in plates.withdrawn(connection)
        ],
        "scans": plates.counted(connection) if office else [],
        "most": plates.MADE_MAX,
        "address": get_settings().public_url,
        "script": assets.link("built/plates.js"),
    }
