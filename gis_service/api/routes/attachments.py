"""Photographs: stored one by one before the visit or the step that names them; shown without their position."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.bodies import Body
from gis_service.api.http.connect import Reading
from gis_service.api.http.rules import takes
from gis_service.attachments import store
from gis_service.db.engine import transaction
from gis_service.identity import Right

router = APIRouter(prefix="/api", tags=["Record"])
House = Annotated[str, Query(min_length=1, max_length=200, description="The house that it shows")]
Sha256 = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]
_IMAGE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": _IMAGE}}}


@router.post(
    "/attachments", summary="Store a photograph of a house", status_code=201, openapi_extra=_SENT,
    dependencies=[Depends(allow(Right.VISIT)), Depends(takes(store.BYTES_MAX, file=True))],
)  # fmt: skip
def add(request: Request, audit: Audit, building_id: House) -> dict[str, Any]:
    """Store the body (JPEG, PNG or WebP) and return its row; the same photograph again is the same row.

    A visit or a step of a case then names it by ``sha256``.
    """
    upload: Body | None = getattr(request.state, "upload", None)
    sent = b"" if upload is None or upload.file is None else upload.file
    # Decoded before a connection is taken: many send at once, and connections are few.
    examined = store.examine(sent)
    with transaction(audit.identity) as connection:
        row = store.keep(connection, building_id, examined)
        audit.append(connection, Action.ATTACHED, row["sha256"], house=building_id)
    return row


@router.get("/attachments", summary="The photographs of a house", dependencies=[Depends(allow(Right.READ))])
def of_house(connection: Reading, building_id: House) -> dict[str, Any]:
    """Return the rows in the order in which they were stored; none for a house not one's own."""
    return {"items": store.of_house(connection, building_id.replace("\0", ""))}


@router.get(
    "/attachments/{sha256}", summary="A photograph, without its position", response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}}, dependencies=[Depends(allow(Right.READ))],
)  # fmt: skip
def read(
    connection: Reading, sha256: Sha256, size: Annotated[int, Query(ge=64, le=store.SHOWN_MAX)] = 1600
) -> Response:
    """Return it upright, at most ``size`` pixels on its longer side, drawn anew: no position, no device, no words."""
    store.find(connection, sha256)
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return Response(store.shown(sha256, size), media_type="image/jpeg", headers=headers)
