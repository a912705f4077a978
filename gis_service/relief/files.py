"""Where the elevation of a deployment lies; told without what reads rasters."""

from __future__ import annotations

from pathlib import Path

from gis_service.settings import get_settings


def demo_path() -> Path:
    """Return where the elevation of the simulated county lies, beside the private database."""
    settings = get_settings()
    return settings.data_dir / f"elevation-{settings.database}.tif"


def named_path() -> Path | None:
    """Return the deployment's file, else that of the simulated county where there is one."""
    named = get_settings().elevation
    if named is not None:
        return named
    return demo_path() if demo_path().exists() else None
