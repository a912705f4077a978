"""Take in a photograph, and give it out again without what its file tells besides the picture.

A file is kept as it came (it is evidence) under its SHA-256, readable by its owner alone. What others see is drawn anew
from it (``picture.draw``) by the worker (``check``), and lies beside it in two sizes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from gis_service.attachments import picture
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.settings import get_settings

SHOWN_MAX = 1600
"""Longer side of what is shown, in pixels."""
_SIZES = (320, SHOWN_MAX)


@dataclass(frozen=True)
class Photograph:
    """A photograph that can be kept, by its header."""

    content: bytes
    sha256: str
    media: str
    width: int
    height: int


def examine(source: Path | bytes) -> Photograph:
    """Return a photograph after a glance at its header; needs no database, and is done before one is asked.

    Raises
    ------
    InputError
        It is no JPEG, PNG or WebP.
    TooLargeError
        It has more bytes or pixels than is taken.

    """
    content = source if isinstance(source, bytes) else _read(source)
    media, width, height = picture.glance(content)
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


def put_back(sha256: str, content: bytes) -> None:
    """Write the file of that hash, in the place of one that is no longer what it was; another's content is left out."""
    if hashlib.sha256(content).hexdigest() == sha256:
        path = path_of(sha256)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _put(path, content)


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


def _read(path: Path) -> bytes:
    if path.stat().st_size > picture.BYTES_MAX:
        raise picture.too_large()
    return path.read_bytes()


def folder() -> Path:
    """Return where the files lie; its owner alone may look into it."""
    found = get_settings().data_dir / "attachments"
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def path_of(sha256: str) -> Path:
    """Return where the file of that hash lies."""
    return folder() / sha256[:2] / sha256


def keep_drawn(sha256: str, content: bytes) -> None:
    """Draw what others see of a photograph, in the sizes that are kept.

    Raises
    ------
    InputError
        It cannot be read.

    """
    for size in sorted(_SIZES, reverse=True):
        content = picture.draw(content, size)  # the smaller of the larger: a photograph is decoded once
        _put(_drawn(sha256, size), content)


def _drawn(sha256: str, size: int) -> Path:
    return path_of(sha256).with_name(f"{sha256}.{size}.jpg")


def _write(sha256: str, content: bytes) -> None:
    """Write the file unless it is there; it is on the disk before the row that names it is committed."""
    path = path_of(sha256)
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _put(path, content)


def _put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
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
    """Return a photograph as others see it, of at most ``longest`` pixels a side (``picture.draw``).

    Raises
    ------
    NotFoundError
        The file is not in the data folder, as after a restore without it.

    """
    source = _drawn(sha256, next(size for size in _SIZES if size >= longest))
    if not source.exists():  # a scan of a signed page, or after a restore: what is drawn is in no backup
        try:
            keep_drawn(sha256, path_of(sha256).read_bytes())
        except FileNotFoundError as error:
            raise NotFoundError(
                "照片文件不在数据目录里。", "The photograph's file is not in the data folder."
            ) from error
    content = source.read_bytes()
    return content if longest in _SIZES else picture.draw(content, longest)
