"""Files to keep: made in a folder of their own that goes when they are sent, with the media type of their format."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

# Said here and not guessed: what a machine guesses hangs on the machine.
MEDIA = {
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpkg": "application/geopackage+sqlite3",
}
DOWNLOADS: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in MEDIA.values()}}}


def download(path: Path, folder: tempfile.TemporaryDirectory[str]) -> FileResponse:
    """Return the answer that sends ``path`` under its own name and then removes ``folder``."""
    return FileResponse(
        path, filename=path.name, media_type=MEDIA[path.suffix], background=BackgroundTask(folder.cleanup)
    )
