"""Health, which asks the database, and search by name."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy import text

from gis_service import __version__
from gis_service.api.http.authorisation import allow, public
from gis_service.api.http.connect import Bare, Reading
from gis_service.api.http.routing import Router
from gis_service.api.routes.tiles import data_version
from gis_service.db.queries import part, statement
from gis_service.errors import InputError
from gis_service.identity import Right

router = Router()


@router.get(
    "/health", tags=["Health"], summary="Whether the service and its database answer", dependencies=[Depends(public)]
)
def health(connection: Bare) -> dict[str, Any]:
    """Ask the database; any failure answers 503."""
    return {"status": "ok", "version": __version__, "data_version": data_version(connection)}


@router.get(
    "/api/search",
    tags=["Search"],
    summary="Places, zones and houses by name or number",
    dependencies=[Depends(allow(Right.READ))],
)
def search(
    connection: Reading,
    q: Annotated[str, Query(min_length=1, max_length=100, examples=["武篆"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Return places whose name contains ``q`` or whose number it is."""
    if "\0" in q:
        raise InputError("查询含有空字符。", "The query has a NUL character.")
    rows = connection.execute(
        text(statement("runs.search")), {"pattern": part(q), "exact": q, "limit": limit}
    ).mappings()
    return {"items": [dict(row) for row in rows]}
