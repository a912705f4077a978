"""Take in a photograph, and give it out again without what its file tells besides the picture.

A file is kept as it came (it is evidence) under its SHA-256, readable by its owner alone. What others see is drawn anew
from it: no EXIF, so no position, no name of a device, no hidden thumbnail; turned upright.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import Connection, text

from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError, TooLargeError
from gis_service.settings import get_settings

BYTES_MAX = 20_000_000
"""Largest photograph taken; a phone's own are below 12 MB, and the visit's page makes them smaller."""
PIXELS_MAX = 64_000_000
"""Most pixels taken: 64 MP, more than phones take; a drawing of more would need 200 MB of memory."""
SHOWN_MAX = 1600
"""Longer side of what is shown, in pixels."""
_MEDIA = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


@dataclass(frozen=True)
class Photograph:
    """A photograph that was looked at and can be kept."""

    content: bytes
    sha256: str
    media: str
    width: int
    height: int


def examine(source: Path | bytes) -> Photograph:
    """Decode a photograph and return it; needs no database, and is done before one is asked: it takes its time.

    Raises
    ------
    InputError
        It is no photograph that can be read: JPEG, PNG or WebP.
    TooLargeError
        It has more bytes or pixels than is taken.

    """
    content = source if isinstance(source, bytes) else _read(source)
    media, width, height = look(content)
    return Photograph(content, hashlib.sha256(content).hexdigest(), media, width, height)


def keep(connection: Connection, building_id: str, given: Photograph) -> dict[str, Any]:
    """Keep a photograph of a house and return its row; kept already, it is the same row. The caller commits.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's.

    """
    house = {"building_id": building_id}
    if "\0" in building_id or connection.execute(text(statement("attachments.house")), house).first() is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    _write(given.sha256, given.content)
    row = {"media": given.media, "bytes": len(given.content), "width": given.width, "height": given.height}
    connection.execute(text(statement("attachments.add")), {"sha256": given.sha256, **house} | row)
    return find(connection, given.sha256, building_id)


def keep_file(content: bytes) -> str:
    """Keep a file by its hash and return that; whose it is, the row says that names it."""
    sha256 = hashlib.sha256(content).hexdigest()
    _write(sha256, content)
    return sha256


def store(connection: Connection, building_id: str, source: Path | bytes) -> dict[str, Any]:
    """Examine a photograph and keep it; see there for what is refused."""
    return keep(connection, building_id, examine(source))


def find(connection: Connection, sha256: str, building_id: str | None = None) -> dict[str, Any]:
    """Return the row of a photograph.

    Raises
    ------
    NotFoundError
        There is none of that hash, or it is of no house of the asker's.

    """
    values = {"sha256": sha256, "building_id": building_id}
    row = connection.execute(text(statement("attachments.one")), values).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这张照片。", "There is no such photograph.")
    return dict(row)


def of_house(connection: Connection, building_id: str) -> list[dict[str, Any]]:
    """Return the photographs of a house, the first stored first."""
    rows = connection.execute(text(statement("attachments.of_house")), {"building_id": building_id}).mappings()
    return [dict(row) for row in rows]


def look(content: bytes) -> tuple[str, int, int]:
    """Return media type, width and height of a photograph, after decoding it whole.

    Raises
    ------
    InputError
        It cannot be read as JPEG, PNG or WebP.
    TooLargeError
        It has more bytes or pixels than is taken.

    """
    if len(content) > BYTES_MAX:
        raise _too_large()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    raise _too_many(width, height)
                media = _MEDIA[str(image.format)]
                # A quarter of the picture's size is decoded: enough to meet every broken part of a JPEG.
                image.draft("RGB", (max(width // 4, 1), max(height // 4, 1)))
                image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_many(0, 0) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise InputError(
            "这不是可用的照片：请用 JPEG、PNG 或 WebP，文件须完整。",
            "This is no photograph that can be used: send JPEG, PNG or WebP, whole.",
        ) from error
    return media, width, height


def _too_large() -> TooLargeError:
    return TooLargeError(
        f"照片超过 {BYTES_MAX // 1_000_000} MB；请缩小后再上传。", f"The photograph is over {BYTES_MAX // 1_000_000} MB; make it smaller.",
        max_bytes=BYTES_MAX,
    )  # fmt: skip


def _too_many(width: int, height: int) -> TooLargeError:
    size = f" {width:,} × {height:,} " if width else ""
    return TooLargeError(
        f"照片{size}像素过多（最多 {PIXELS_MAX // 1_000_000} 百万像素）；请缩小后再上传。",
        f"The photograph{size or ' '}has too many pixels (at most {PIXELS_MAX // 1_000_000} million); make it smaller.",
        max_pixels=PIXELS_MAX,
    )


def _read(path: Path) -> bytes:
    if path.stat().st_size > BYTES_MAX:
        raise _too_large()
    return path.read_bytes()


def folder() -> Path:
    """Return where the files lie; its owner alone may look into it."""
    found = get_settings().data_dir / "attachments"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(sha256: str) -> Path:
    """Return where the file of that hash lies."""
    return folder() / sha256[:2] / sha256


def _write(sha256: str, content: bytes) -> None:
    """Write the file, whole or not at all; it is on the disk before the row that names it is committed."""
    path = path_of(sha256)
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def shown(sha256: str, longest: int = SHOWN_MAX) -> bytes:
    """Return a photograph as others see it: a JPEG drawn anew, upright, without any of the file's own words.

    Raises
    ------
    NotFoundError
        The file is not in the data folder, as after a restore without it.

    """
    path = path_of(sha256)
    if not path.exists():
        raise NotFoundError("照片文件不在数据目录里。", "The photograph's file is not in the data folder.")
    with Image.open(path) as image:
        image.draft("RGB", (longest, longest))
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((longest, longest))
        made = io.BytesIO()
        upright.save(made, "JPEG", quality=85)
    return made.getvalue()
