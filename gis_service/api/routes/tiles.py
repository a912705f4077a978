"""Vector tiles: ``/tiles/{layer}/{z}/{x}/{y}.pbf``, made by ST_AsMVT, with an ETag of the data's version."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy import Connection, text

from gis_service import __version__
from gis_service.api.http.authorisation import allow
from gis_service.api.http.compression import coding_of, packed, worth_packing
from gis_service.api.http.routing import Router
from gis_service.api.http.ttl_cache import SingleFlightCache
from gis_service.cache import Cache
from gis_service.db.engine import database_url, read_row, work_srid, zone_bounds
from gis_service.db.places import PLACES
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.identity import Identity, Right
from gis_service.projection import transformer

router = Router(tags=["Tiles"])

MEDIA = "application/vnd.mapbox-vector-tile"
ZOOM_MAX = 22
# No more than this goes into one tile.
FEATURES_MAX = 20_000
BYTES_MAX = 500_000
# Below this zoom a house is smaller than a pixel: cells with counts are drawn instead.
HOUSES_FROM_ZOOM = 13
_STRAIGHT = {"tiles.buildings", "tiles.selection", "tiles.reach"}
_HALF = 20_037_508.342789244


@dataclass(frozen=True)
class _Layer:
    statement: str
    far: str | None = None
    of_run: str | None = None
    from_zoom: int = 0
    near_zoom: int = HOUSES_FROM_ZOOM
    far_of_many: bool = True
    """Whether what is too much for a near tile is shown as from afar."""


LAYERS = {place.tile: _Layer(f"tiles.{place.tile}") for place in PLACES.values() if place.tile} | {
    "water": _Layer("tiles.water", from_zoom=9),
    "roads": _Layer("tiles.roads", far="tiles.road_lines", near_zoom=12, far_of_many=False),
    "buildings": _Layer("tiles.buildings", far="tiles.building_cells"),
    "selection": _Layer("tiles.selection", far="tiles.selection_cells", of_run="selection"),
    "clusters": _Layer("tiles.clusters", far="tiles.cluster_dots", of_run="density", near_zoom=14),
    "reach": _Layer("tiles.reach", of_run="density", from_zoom=13),
    "alleys": _Layer("tiles.alleys", of_run="density", from_zoom=14),
    "gaps": _Layer("tiles.gaps", of_run="density", from_zoom=16),
}


# Drawn of a table beside the layer of its own.
DERIVED = {"names": _Layer("tiles.names", from_zoom=12)}
_AREAS = "areas"
_LAYERS_OF_A_TILE = "^[^,]*(,[^,]*){0,3}$"


@lru_cache(maxsize=1)
def _cache() -> Cache[bytes]:
    """Return the tiles of before, up to 64 MB.

    A tile's key holds the version of the data that made it, and the scope of whoever asked: no role, place or
    department is ever given a tile that was made for another.
    """
    return Cache(64 * 1024 * 1024, len)


@dataclass(frozen=True)
class _Version:
    """What a scope's tiles hang on: the data's version, and the newest run of each kind that it sees."""

    version: int
    """Without areas: one that is drawn changes no other layer."""
    whole: int
    runs: dict[str, int | None]


_versions: SingleFlightCache[_Version] = SingleFlightCache()


def forget_versions() -> None:
    """Ask anew for the data's version: it has just moved on."""
    _versions.forget()


async def _version(identity: Identity) -> _Version:
    # Before the tile is made: none is marked with a version newer than what it shows.
    whole, data, _, selection, density, _ = await read_row(identity, "runs.moment", {})
    return _Version(data, whole, {"selection": selection, "density": density})


@router.get(
    "/tiles/{layer}/{z}/{x}/{y}.pbf",
    summary="One vector tile",
    response_class=Response,
    responses={200: {"content": {MEDIA: {}}}, 304: {"description": "The tile that you have is still right"}},
)
async def tile(
    request: Request,
    identity: Annotated[Identity, Depends(allow(Right.READ))],
    layer: Annotated[
        str,
        Path(examples=["buildings"], pattern=_LAYERS_OF_A_TILE, description="One layer, or up to four: water,roads"),
    ],
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
    """Return a tile in EPSG:3857, empty where nothing lies.

    Where not all of a layer goes into it, it has a layer ``capped``; of several ``capped-`` and the name.
    """
    names = layer.split(",")
    known = {name: found for name in names if (found := LAYERS.get(name) or DERIVED.get(name)) is not None}
    if len(known) < len(names):
        raise NotFoundError("没有这个图层。", "There is no such layer.")
    if x >= 2**z or y >= 2**z:
        raise NotFoundError("瓦片超出范围。", "The tile lies outside the grid.")
    deployment = database_url("service")
    moment = await _versions.get((deployment, identity.scope), lambda: _version(identity))
    version = moment.whole if _AREAS in known else moment.version
    runs = {name: (run or moment.runs[one.of_run]) if one.of_run else None for name, one in known.items()}
    told = "/".join(str(runs[name]) for name in names)
    mark = hashlib.sha256(f"{identity.scope}/{layer}/{z}/{x}/{y}/{told}/{version}/{__version__}".encode()).hexdigest()[
        :24
    ]
    headers = {
        "ETag": f'"{mark}"',
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie, Authorization",
    }
    if _matches(request.headers.get("if-none-match"), mark):
        return Response(status_code=304, headers=headers)

    async def part(name: str) -> bytes:
        capped = "capped" if len(names) == 1 else f"capped-{name}"
        key = (deployment, identity.scope, name, z, x, y, runs[name], version, capped)
        content = _cache().get(key)
        if content is None and z < known[name].from_zoom:
            content = b""  # too small to be seen
        if content is None:
            content = await _make(identity, known[name], z, x, y, runs[name], capped)
            _cache().put(key, content)
        return content

    content = b"".join(await asyncio.gather(*map(part, names)))  # a tile is a sequence of layers
    coding = coding_of(request) if worth_packing(content) else None
    if coding is not None:
        key = (deployment, identity.scope, layer, z, x, y, told, version, coding)
        small = _cache().get(key)
        if small is None:
            small = packed(content, coding)
            _cache().put(key, small)
        content, headers = small, headers | {"Content-Encoding": coding}
    return Response(content, media_type=MEDIA, headers=headers)


# Nine points of a tile in parts of its side, row by row from the upper left corner.
_NINE = [(u / 2, v / 2) for v in range(3) for u in range(3)]
_MARGIN = 1 / 32  # of a tile's side: what lies this far outside may still be seen, by the width of its line


def onto_tile(z: int, x: int, y: int) -> dict[str, float]:
    """Return a, b, d, e, xoff, yoff of ``ST_Affine`` from the work CRS to a tile's 4096 units, y downwards.

    With them left, bottom, right, top: the box in the work CRS, srid, in which the tile's content is sought.

    Nine points are transformed instead of every vertex of every house. Within a tile Mercator and a Gauss-Krüger zone
    differ from such a straight map by less than a fifth of a unit from z14 on (12 cm), by a third at z13 (40 cm).
    """
    srid, side = work_srid(), 2 * _HALF / 2**z
    east, north = transformer(3857, srid).transform(
        [(x + u) * side - _HALF for u, _ in _NINE], [_HALF - (y + v) * side for _, v in _NINE]
    )
    # The tile's two sides in the work CRS: right column less left column, lowest row less uppermost, on average.
    right = [(sum(p[2::3]) - sum(p[0::3])) / 3 for p in (east, north)]
    down = [(sum(p[6:]) - sum(p[:3])) / 3 for p in (east, north)]
    units = 4096 / (right[0] * down[1] - right[1] * down[0])
    a, b, d, e = units * down[1], -units * down[0], -units * right[1], units * right[0]
    middle = [sum(p) / 9 for p in (east, north)]
    (left, right_), (bottom, top) = ((min(p), max(p)) for p in (east, north))
    wide, high = _MARGIN * (right_ - left), _MARGIN * (top - bottom)
    return {
        "a": a, "b": b, "d": d, "e": e,
        "xoff": 2048 - a * middle[0] - b * middle[1], "yoff": 2048 - d * middle[0] - e * middle[1],
        "left": left - wide, "bottom": bottom - high, "right": right_ + wide, "top": top + high, "srid": srid,
    }  # fmt: skip


async def _make(identity: Identity, layer: _Layer, z: int, x: int, y: int, run: int | None, capped: str) -> bytes:
    """Return a tile; of what is too much for one tile the view from afar, or else as much as fits, with a mark.

    The mark is a layer of the name ``capped``.
    """

    async def made(name: str, limit: int = FEATURES_MAX) -> tuple[bytes, int]:
        values: dict[str, object] = {"run": run, "z": z, "x": x, "y": y, "limit": limit}
        if name in _STRAIGHT:
            values |= onto_tile(z, x, y)
        else:
            values |= zip(("west", "south", "east", "north"), zone_bounds(), strict=True)
        tile, count = await read_row(identity, name, values)
        return bytes(tile or b""), count

    name = layer.far if layer.far is not None and z < layer.near_zoom else layer.statement
    tile, count = await made(name)
    if _is_too_much(tile, count) and layer.far_of_many and layer.far not in {None, name}:
        name = layer.far
        tile, count = await made(name)
    if not _is_too_much(tile, count):
        return tile
    while len(tile) > BYTES_MAX:
        tile, count = await made(name, int(0.9 * count * BYTES_MAX / len(tile)))
    (mark,) = await read_row(identity, "tiles.mark", {"name": capped})
    return tile + bytes(mark)  # a tile is a sequence of layers


def _is_too_much(tile: bytes, count: int) -> bool:
    return count >= FEATURES_MAX or len(tile) > BYTES_MAX


def data_version(connection: Connection) -> int:
    """Return the version of the data: it grows with every change."""
    return int(connection.execute(text(statement("runs.data_version"))).scalar_one())


def _matches(asked: str | None, mark: str) -> bool:
    return asked is not None and any(part.strip().removeprefix("W/").strip('"') == mark for part in asked.split(","))
