"""Vector tiles: ``/tiles/{layer}/{z}/{x}/{y}.pbf``, made by ST_AsMVT, with an ETag of the data's version."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy import Connection, text

from gis_service import __version__
from gis_service.accounts.identity import Right
from gis_service.api.connect import Reading
from gis_service.api.identity import Asking, allow
from gis_service.db.engine import zone_bounds
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.selection.select import latest_run

router = APIRouter(tags=["Tiles"], dependencies=[Depends(allow(Right.READ))])

MEDIA = "application/vnd.mapbox-vector-tile"
ZOOM_MAX = 22
FEATURES_MAX = 20_000
# Below this zoom a house is smaller than a pixel: cells with counts are drawn instead.
HOUSES_FROM_ZOOM = 13


@dataclass(frozen=True)
class _Layer:
    statement: str
    far: str | None = None
    of_run: str | None = None
    from_zoom: int = 0
    near_zoom: int = HOUSES_FROM_ZOOM


LAYERS = {
    "buildings": _Layer("tiles.buildings", far="tiles.building_cells"),
    "selection": _Layer("tiles.selection", far="tiles.selection_cells", of_run="selection"),
    "zones": _Layer("tiles.zones"),
    "boundaries": _Layer("tiles.boundaries"),
    "roads": _Layer("tiles.roads"),
    "hydrants": _Layer("tiles.hydrants"),
    "areas": _Layer("tiles.areas"),
    "clusters": _Layer("tiles.clusters", far="tiles.cluster_dots", of_run="density", near_zoom=14),
    "reach": _Layer("tiles.reach", of_run="density", from_zoom=13),
    "alleys": _Layer("tiles.alleys", of_run="density", from_zoom=14),
    "gaps": _Layer("tiles.gaps", of_run="density", from_zoom=16),
}


class _Cache:
    """The most recent tiles, up to a number of bytes.

    A tile's key holds the version of the data that made it, and the scope of whoever asked: no role, place or
    department is ever given a tile that was made for another.
    """

    def __init__(self, bytes_max: int) -> None:
        self._tiles: dict[tuple[object, ...], bytes] = {}
        self._size = 0
        self._bytes_max = bytes_max
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> bytes | None:
        return self._tiles.get(key)

    def put(self, key: tuple[object, ...], tile: bytes) -> None:
        with self._lock:  # requests run in threads; the count of bytes is theirs together
            self._size += len(tile) - len(self._tiles.pop(key, b""))
            self._tiles[key] = tile
            while self._size > self._bytes_max:
                self._size -= len(self._tiles.pop(next(iter(self._tiles))))


@lru_cache(maxsize=1)
def _cache() -> _Cache:
    return _Cache(64 * 1024 * 1024)


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.pbf",
    summary="One vector tile",
    response_class=Response,
    responses={200: {"content": {MEDIA: {}}}, 304: {"description": "The tile that you have is still right"}},
)
def tile(
    request: Request,
    identity: Asking,
    connection: Reading,
    layer: Annotated[str, Path(examples=["buildings"])],
    z: Annotated[int, Path(ge=0, le=ZOOM_MAX)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    run: Annotated[
        int | None,
        Query(
            ge=1,
            le=2**62,
            description="Run of the layers selection (a selection) and clusters, reach, alleys, gaps (a density run)",
        ),
    ] = None,
) -> Response:
    """Return a tile in EPSG:3857, empty where nothing lies."""
    known = LAYERS.get(layer)
    if known is None:
        raise NotFoundError("没有这个图层。", "There is no such layer.")
    if x >= 2**z or y >= 2**z:
        raise NotFoundError("瓦片超出范围。", "The tile lies outside the grid.")
    if known.of_run and run is None:
        run = latest_run(connection, known.of_run)
    version = data_version(connection)
    run = run if known.of_run else None
    mark = hashlib.sha256(f"{identity.scope}/{layer}/{z}/{x}/{y}/{run}/{version}/{__version__}".encode()).hexdigest()[
        :24
    ]
    headers = {"ETag": f'"{mark}"', "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization"}
    if _matches(request.headers.get("if-none-match"), mark):
        return Response(status_code=304, headers=headers)
    key = (str(connection.engine.url), identity.scope, layer, z, x, y, run, version)
    content = _cache().get(key)
    if content is None and z < known.from_zoom:
        content = b""  # too small to be seen
    if content is None:
        far = known.far is not None and z < known.near_zoom
        name = known.far if far and known.far else known.statement
        zone = dict(zip(("west", "south", "east", "north"), zone_bounds(), strict=True))
        values = zone | {"z": z, "x": x, "y": y, "limit": FEATURES_MAX} | ({"run": run} if known.of_run else {})
        content = bytes(connection.execute(text(statement(name)), values).scalar_one() or b"")
        _cache().put(key, content)
    return Response(content, media_type=MEDIA, headers=headers)


def data_version(connection: Connection) -> int:
    """Return the version of the data: it grows with every change."""
    return int(connection.execute(text(statement("runs.data_version"))).scalar_one())


def _matches(asked: str | None, mark: str) -> bool:
    return asked is not None and any(part.strip().removeprefix("W/").strip('"') == mark for part in asked.split(","))
