"""A background map where a deployment has one: tiles of a map service or of a PMTiles file, off by default.

Browsers ask this service alone: the key of a map service stays here, and no page needs an address outside. Every map
is drawn to be good without a background.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import httpx
import structlog
from fastapi import Depends, Response
from fastapi import Path as PathParameter
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import TileType

from gis_service.api.http.authorisation import allow
from gis_service.api.http.routing import Router
from gis_service.errors import NotFoundError, SetupError
from gis_service.identity import Right
from gis_service.settings import get_settings

router = Router(tags=["Tiles"])
log = structlog.get_logger("gis_service.api")

_BYTES_MAX = 2_000_000
_MEDIA = {TileType.PNG: "image/png", TileType.JPEG: "image/jpeg", TileType.WEBP: "image/webp"}


@router.get(
    "/background/{z}/{x}/{y}", summary="One tile of the background map", response_class=Response,
    responses={200: {"content": {"image/png": {}, "image/jpeg": {}, "image/webp": {}}}},
    dependencies=[Depends(allow(Right.READ))],
)  # fmt: skip
def tile(
    z: Annotated[int, PathParameter(ge=0, le=22)],
    x: Annotated[int, PathParameter(ge=0, le=2**22)],
    y: Annotated[int, PathParameter(ge=0, le=2**22)],
) -> Response:
    """Return a raster tile in EPSG:3857; 404 where there is none, or no background at all."""
    source = get_settings().background
    if source is None or x >= 2**z or y >= 2**z:
        raise _none()
    found = _from_file(source, z, x, y) if source.endswith(".pmtiles") else _from_service(source, z, x, y)
    if found is None:
        raise _none()
    content, media = found
    return Response(content, media_type=media, headers={"Cache-Control": "private, max-age=604800"})


def _none() -> NotFoundError:
    return NotFoundError("没有这张背景瓦片。", "There is no such tile of a background map.")


@lru_cache(maxsize=2)
def _reader(path: str) -> tuple[Any, str]:
    with contextlib.ExitStack() as opened:
        try:
            file = opened.enter_context(Path(path).open("rb"))
            reader: Any = Reader(MmapSource(file))  # type: ignore[no-untyped-call]
            media = _MEDIA.get(reader.header()["tile_type"])
        except Exception as error:  # the package raises whatever a broken file makes it raise
            raise SetupError(f"背景地图文件 {path} 读不出来。", f"The background {path} cannot be read.") from error
    if media is None:
        raise SetupError(
            f"背景地图文件 {path} 不是栅格瓦片（PNG、JPEG、WebP）。", f"The background {path} has no raster tiles."
        )
    return reader, media


def _from_file(path: str, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    reader, media = _reader(path)
    content = reader.get(z, x, y)
    return None if content is None else (content, media)


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    return httpx.Client(timeout=5, follow_redirects=False, trust_env=False)


@lru_cache(maxsize=2_000)
def _from_service(template: str, z: int, x: int, y: int) -> tuple[bytes, str] | None:
    # {s}: the map service's servers 0 to 7, the same one for the same tile.
    address = template
    for name, value in (("{z}", z), ("{x}", x), ("{y}", y), ("{s}", (x + y) % 8)):
        address = address.replace(name, str(value))
    try:
        with _client().stream("GET", address) as answer:
            media = answer.headers.get("content-type", "").split(";")[0]
            if answer.status_code != 200 or not media.startswith("image/") or media == "image/svg+xml":
                return None
            content = b""
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _BYTES_MAX:
                    return None
    except httpx.HTTPError as error:
        # Not the address: it holds the key.
        log.warning("the background map does not answer", reason=type(error).__name__)
        raise _none() from error
    return content, media
