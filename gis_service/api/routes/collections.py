"""OGC API – Features, Part 1: collections, items, one item; as QGIS reads them.

Property filters are a closed set of columns per collection (Part 1, 7.15.5); every value is bound.
"""

from __future__ import annotations

import json
import math
from datetime import date  # datetime is one too
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import ColumnElement, Connection, Integer, and_, false, func, select

from gis_service.api.http.authorisation import allow
from gis_service.api.http.connect import Reading
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy
from gis_service.api.http.times import interval
from gis_service.db.engine import work_srid, zone_bounds
from gis_service.db.models import Building, Gap
from gis_service.db.places import PLACES, Place
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import Right

router = Router(tags=["OGC API Features"], dependencies=[Depends(allow(Right.READ))])

GEOJSON = "application/geo+json"
CONFORMANCE = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
]
LIMIT_MAX = 5_000
_BIGINT_MAX = 2**63 - 1
_INT_MAX = 2**31 - 1
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def link(request: Request, path: str, rel: str, media: str = "application/json", **more: str) -> dict[str, str]:
    """Return a link object with an absolute address."""
    return {"href": str(request.base_url).rstrip("/") + path, "rel": rel, "type": media, **more}


def landing(request: Request) -> dict[str, Any]:
    """Return the landing page's JSON (Part 1, 7.2)."""
    return {
        "title": "自建房排查规划 GIS",
        "description": "Inspection planning for self-built houses",
        "links": [
            link(request, "/?f=json", "self"),
            link(request, "/api/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.0"),
            link(request, "/api/docs", "service-doc", "text/html"),
            link(request, "/conformance", "conformance"),
            link(request, "/collections", "data"),
        ],
    }


@router.get("/conformance", summary="Conformance classes")
def conformance() -> dict[str, list[str]]:
    """Return the conformance classes that this service meets."""
    return {"conformsTo": CONFORMANCE}


@router.get("/collections", summary="All collections", dependencies=[Depends(heavy)])
def collections(request: Request, connection: Reading) -> dict[str, Any]:
    """Return every published collection."""
    return {
        "links": [link(request, "/collections", "self")],
        "collections": [_described(request, connection, c) for c in PLACES.values()],
    }


@router.get("/collections/{name}", summary="One collection")
def collection(request: Request, name: str, connection: Reading) -> dict[str, Any]:
    """Return one collection's description."""
    return _described(request, connection, _named(name))


def _named(name: str) -> Place:
    found = PLACES.get(name)
    if found is None:
        raise NotFoundError("没有这个数据集。", "There is no such collection.")
    return found


def _described(request: Request, connection: Connection, c: Place) -> dict[str, Any]:
    corners = func.ST_Extent(func.ST_Transform(c.model.geom, 4326))
    row = connection.execute(
        select(func.ST_XMin(corners), func.ST_YMin(corners), func.ST_XMax(corners), func.ST_YMax(corners))
    ).one()
    described: dict[str, Any] = {
        "id": c.name,
        "title": c.zh,
        "itemType": "feature",
        "crs": ["http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
        "links": [
            link(request, f"/collections/{c.name}", "self"),
            link(request, f"/collections/{c.name}/items", "items", GEOJSON),
        ],
    }
    if row[0] is not None:
        described["extent"] = {"spatial": {"bbox": [[float(v) for v in row]]}}
        if c.time is not None:
            when = getattr(c.model, c.time)
            first, last = connection.execute(select(func.min(when), func.max(when))).one()
            described["extent"]["temporal"] = {"interval": [[first.isoformat(), last.isoformat()]]}
    return described


@router.get(
    "/collections/{name}/items",
    summary="Features of a collection",
    responses={200: {"content": {GEOJSON: {"example": {"type": "FeatureCollection", "features": []}}}}},
    response_class=JSONResponse,
    dependencies=[Depends(heavy)],
)
def items(
    request: Request,
    name: str,
    connection: Reading,
    limit: Annotated[
        int, Query(ge=1, description=f"Most features in one answer; more than {LIMIT_MAX:,} counts as {LIMIT_MAX:,}")
    ] = 100,
    offset: Annotated[int, Query(ge=0, le=_BIGINT_MAX, description="Features to pass over")] = 0,
    after: Annotated[int | None, Query(ge=0, le=_BIGINT_MAX, description="Go on behind this feature id")] = None,
    bbox: Annotated[
        str | None, Query(description="west,south,east,north in degrees", examples=["107.3,24.4,107.4,24.6"])
    ] = None,
    datetime: Annotated[
        str | None,
        Query(
            description="A date-time of RFC 3339 or an interval of two, of which one may be open (..). Collections "
            "without a time of their features pass it over",
            examples=["2022-09-08T00:00:00+08:00/.."],
        ),
    ] = None,
) -> Response:
    """Return features as GeoJSON, with a ``next`` link where there are more.

    Any filterable property may be given as a parameter, for example ``hazard_tier=severe``.
    """
    c = _named(name)
    limit = min(limit, LIMIT_MAX)
    key = getattr(c.model, c.key)
    conditions: list[ColumnElement[bool]] = _filters(request, c)
    if bbox is not None:
        conditions.append(_in_bbox(c, bbox))
    if datetime is not None:
        first, last = interval(datetime)
        if c.time is not None:
            when = getattr(c.model, c.time)
            conditions += [when >= first] if first is not None else []
            conditions += [when <= last] if last is not None else []
    if after is not None:
        conditions.append(key > after)
    statement = _features(c).where(and_(True, *conditions)).order_by(key).limit(limit + 1)
    if offset:
        statement = statement.offset(offset)
    rows = connection.execute(statement).all()
    shown, more = rows[:limit], len(rows) > limit
    links = [link(request, _path(request, {}), "self", GEOJSON)]
    if more:
        # By id, not by offset: the thousandth page costs as much as the first.
        following = {"after": str(shown[-1][0]), "offset": None}
        links.append(link(request, _path(request, following), "next", GEOJSON))
    features = ",".join(_feature(c, row) for row in shown)
    about = _json({"numberReturned": len(shown), "truncated": more, "links": links})
    return Response(f'{{"type":"FeatureCollection","features":[{features}],{about[1:]}', media_type=GEOJSON)


@router.get("/collections/{name}/items/{fid}", summary="One feature", response_class=JSONResponse)
def item(request: Request, name: str, fid: str, connection: Reading) -> Response:
    """Return one feature by its id."""
    c = _named(name)
    # The length first: int() of thousands of digits is an error of its own.
    if not (fid.isascii() and fid.isdigit()) or len(fid) > 19 or int(fid) > _BIGINT_MAX:
        raise NotFoundError("没有这个要素。", "There is no such feature.")
    row = connection.execute(_features(c).where(getattr(c.model, c.key) == int(fid))).one_or_none()
    if row is None:
        raise NotFoundError("没有这个要素。", "There is no such feature.")
    links = [
        link(request, f"/collections/{name}/items/{fid}", "self", GEOJSON),
        link(request, f"/collections/{name}", "collection"),
    ]
    return Response(_feature(c, row, links=links), media_type=GEOJSON)


def _features(c: Place) -> Any:
    # RFC 7946, 3.1.6: exterior rings counterclockwise, whichever way a file had them.
    shape = func.ST_AsGeoJSON(func.ST_ForcePolygonCCW(func.ST_Transform(c.model.geom, 4326)), 7)
    return select(getattr(c.model, c.key), shape, *(_shown(getattr(c.model, name)) for name in c.columns))


def _shown(column: Any) -> Any:
    """Look up the number of a gap's house among the houses that the principal sees: another's is null, not told."""
    if column not in _NEIGHBOURS:
        return column
    return select(Building.building_id).where(Building.building_id == column).scalar_subquery()


def _feature(c: Place, row: Any, **more: Any) -> str:
    """Return a feature as JSON; its shape goes out as the database wrote it."""
    properties = {
        name.rstrip("_"): value.isoformat() if isinstance(value, date) else value
        for name, value in zip(c.columns, row[2:], strict=True)
    }
    rest = _json({"properties": properties, **more})
    return f'{{"type":"Feature","id":{row[0]},"geometry":{row[1] or "null"},{rest[1:]}'


_NEIGHBOURS = {Gap.building_a, Gap.building_b}
_OWN_PARAMETERS = {"limit", "offset", "after", "bbox", "datetime", "f", "lang"}


def _filters(request: Request, c: Place) -> list[ColumnElement[bool]]:
    conditions = []
    for name, value in request.query_params.items():
        if name in _OWN_PARAMETERS:
            continue
        if name not in c.filters:
            raise InputError(
                f"不认识参数“{name[:40]}”；可用于筛选：{'、'.join(c.filters)}。",
                f"Unknown parameter {name[:40]!r}; filter by {', '.join(c.filters)}.",
            )
        if "\0" in value:
            raise InputError(f"参数 {name} 含有空字符。", f"The parameter {name} has a NUL character.")
        column = getattr(c.model, "class_" if name == "class" else name)
        conditions.append(column == _typed(name, column, value))
        if column in _NEIGHBOURS:
            # Nobody learns by asking whether a house stands beside his that he does not see.
            conditions.append(select(Building.fid).where(Building.building_id == value).exists())
    return conditions


def _typed(name: str, column: Any, value: str) -> str | int:
    """Return a filter's value as its column takes it."""
    if not isinstance(column.type, Integer):
        return value
    if not (value.isascii() and value.removeprefix("-").isdigit()) or abs(int(value)) > _INT_MAX:
        raise InputError(f"参数 {name} 应为整数。", f"The parameter {name} must be a whole number.")
    return int(value)


def _in_bbox(c: Place, text: str) -> ColumnElement[bool]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) == 6:
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise InputError(
            "bbox 请写成四个数：西,南,东,北（度）。", "Write bbox as four numbers in degrees: west,south,east,north."
        )
    west, south, east, north = numbers
    if west > east or south > north or abs(south) > 90 or abs(north) > 90 or abs(west) > 180 or abs(east) > 180:
        raise InputError(
            "bbox 的顺序或范围不对：西,南,东,北。", "bbox is out of order or range: west,south,east,north."
        )
    # Far from its meridian a Gauss-Krüger zone has no coordinates; no feature lies there (ingest.crs).
    zone = zone_bounds()
    west, south, east, north = (
        max(west, zone[0]), max(south, zone[1]), min(east, zone[2]), min(north, zone[3]),
    )  # fmt: skip
    if west > east or south > north:
        return false()
    # The literal side is transformed, never the column, so that the spatial index is used.
    box = func.ST_Transform(func.ST_Segmentize(func.ST_MakeEnvelope(west, south, east, north, 4326), 0.5), work_srid())
    # && as well: under row-level security it alone may be asked of the spatial index (db.migrate).
    # A touching pair's line has no length: of such a line ST_Intersects says now this, now that; a distance does not.
    condition: ColumnElement[bool] = and_(c.model.geom.op("&&")(box), func.ST_DWithin(c.model.geom, box, 0.0))
    return condition


def _path(request: Request, changes: dict[str, str | None]) -> str:
    parameters = {k: v for k, v in {**request.query_params, **changes}.items() if v is not None}
    query = request.url.replace_query_params(**parameters).query
    return request.url.path + (f"?{query}" if query else "")
