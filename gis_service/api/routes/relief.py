"""Hill shading as raster tiles, made of the deployment's elevation file."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Path, Request, Response

from gis_service.api.http.authorisation import allow
from gis_service.api.http.routing import Router
from gis_service.cache import Cache
from gis_service.errors import NotFoundError
from gis_service.identity import Right
from gis_service.relief.elevation import FROM_ZOOM, elevation, tile_of

router = Router(tags=["Tiles"])
_MEDIA = "image/webp"
_ZOOM_MAX = 18


@lru_cache(maxsize=1)
def _cache() -> Cache[bytes]:
    return Cache(16 * 1024 * 1024, len)


@router.get(
    "/relief/{z}/{x}/{y}", summary="One tile of hill shading", response_class=Response,
    responses={200: {"content": {_MEDIA: {}}}, 304: {"description": "The tile that you have is still right"}},
    dependencies=[Depends(allow(Right.READ))],
)  # fmt: skip
def tile(
    request: Request,
    z: Annotated[int, Path(ge=FROM_ZOOM, le=_ZOOM_MAX)],
    x: Annotated[int, Path(ge=0, le=2**_ZOOM_MAX)],
    y: Annotated[int, Path(ge=0, le=2**_ZOOM_MAX)],
) -> Response:
    """Return a tile in EPSG:3857; plain ground where nothing is known; 404 without elevation."""
    found = elevation(None, simulated=True)
    if found is None or x >= 2**z or y >= 2**z:
        raise _none()
    changed = found.path.stat().st_mtime_ns
    mark = f'"{changed:x}-{z}-{x}-{y}"'
    headers = {"ETag": mark, "Cache-Control": "private, max-age=86400"}
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    key = (found.path, changed, z, x, y)
    content = _cache().get(key)
    if content is None:
        content = tile_of(found, z, x, y)
        _cache().put(key, content)
    return Response(content, media_type=_MEDIA, headers=headers)


def _none() -> NotFoundError:
    return NotFoundError("没有这张地形瓦片。", "There is no such tile of hill shading.")
