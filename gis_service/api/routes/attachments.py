"""Photographs: stored one by one before the visit or the step that names them; shown without their position."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authorisation import Audit, allow
from gis_service.api.http.bodies import Body
from gis_service.api.http.connect import Reading
from gis_service.api.http.errors import language
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import takes
from gis_service.attachments import picture, store
from gis_service.db.engine import transaction
from gis_service.errors import ConflictError
from gis_service.identity import Right

router = Router(prefix="/api", tags=["Record"])
House = Annotated[str, Query(min_length=1, max_length=200, description="The house that it shows")]
Sha256 = Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]
_IMAGE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": _IMAGE}}}


@router.post(
    "/attachments", summary="Store a photograph of a house", status_code=201, openapi_extra=_SENT,
    dependencies=[Depends(allow(Right.VISIT)), Depends(takes(picture.BYTES_MAX, file=True))],
)  # fmt: skip
def add(request: Request, audit: Audit, building_id: House) -> dict[str, Any]:
    """Store the body (JPEG, PNG or WebP) and return its row; the same photograph again is the same row.

    It is taken by its header and looked through by the worker (``state``); a visit or a step of a case names it by ``sha256``.
    """
    upload: Body | None = getattr(request.state, "upload", None)
    sent = b"" if upload is None or upload.file is None else upload.file
    # Before a connection is taken: many send at once, and connections are few.
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
    request: Request, connection: Reading, sha256: Sha256, size: Annotated[int, Query(ge=64, le=store.SHOWN_MAX)] = 1600
) -> Response:
    """Return it upright, at most ``size`` pixels on its longer side, drawn anew: no position, no device, no words.

    Before the worker has looked it through it is refused; where a page shows pictures, one says so in its place.
    """
    state = store.find(connection, sha256)["state"]
    if state != "checked":
        return _unshown(request, state)
    headers = {"Cache-Control": "private, max-age=86400", "Content-Disposition": "inline"}
    return Response(store.shown(sha256, size), media_type="image/jpeg", headers=headers)


_UNSHOWN = {
    "waiting": ("待校验", "being checked", "照片待校验，请稍后再看。", "The photograph is being checked; look again in a moment."),
    "unreadable": ("不能读", "unreadable", "照片不能读，请重新拍摄上传。", "The photograph cannot be read; take and send another."),
}  # fmt: skip


def _unshown(request: Request, state: str) -> Response:
    """Say in a picture's place that there is none, or refuse a program."""
    zh, en, *sentence = _UNSHOWN[state]
    if not request.headers.get("accept", "").startswith("image/"):
        raise ConflictError(*sentence, state=state)
    word = en if language(request) == "en" else zh
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 120"><rect width="160" height="120" fill="#e8eaed"/>'
        f'<text x="80" y="66" font-size="20" font-family="sans-serif" text-anchor="middle" fill="#3c4450">{word}</text></svg>'
    )
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})
