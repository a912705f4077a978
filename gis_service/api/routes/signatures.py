"""Sign-off: what stands, who signs, signing, scanned pages; and its pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from gis_service.accounts.audit_log import Action
from gis_service.api.http.authentication import AuditWriter
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.bodies import Body
from gis_service.api.http.connect import Reading, Writing
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.http.rules import heavy, takes
from gis_service.api.http.texts import BLANK, Line, Texts
from gis_service.attachments import picture, store
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import UNIT_CODE, Right
from gis_service.signatures import sign, state
from web_map.signatures import sign_off_values, signature_values

router = Router()
_READ = [Depends(allow(Right.READ))]
_SIGN = [Depends(allow(Right.SIGN))]
SignatureId = Annotated[int, PathParameter(ge=1, le=2**62)]
Unit = Annotated[str, Field(pattern=UNIT_CODE)]
Village = Annotated[str, Field(pattern="^[0-9A-Z]{1,20}$")]
Step = Literal["team", "secretary", "leader", "township"]
AskedRound = Annotated[Annotated[int, Field(ge=1, le=2**62)] | None, BLANK, Query()]
AskedUnit = Annotated[Unit | None, BLANK, Query()]
_PAGE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_SENT = {"requestBody": {"required": True, "content": {"application/octet-stream": _PAGE}}}


class SignatureIn(Texts):
    """A signature: of a village, or of a unit over its villages."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"round_id": 2, "unit_code": "451224104", "village_code": "451224104201", "step": "secretary"},
                {"round_id": 2, "unit_code": "451224104", "step": "township"},
            ]
        },
    )
    round_id: int = Field(ge=1, le=2**62)
    unit_code: Unit
    village_code: Village | None = Field(None, description="Without one, the unit over all its villages")
    step: Step
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="The hash that was shown; refused when it is another by now"
    )
    by_paper: bool = Field(False, description="Signed on paper, entered by the county; counts with its scanned page")


class ShownIn(Texts):
    """A village and the hash of its list that was shown."""

    model_config = ConfigDict(extra="forbid")
    village_code: Village
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SignaturesIn(Texts):
    """One step of several villages, each as it was shown."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "round_id": 2,
                    "unit_code": "451224104",
                    "step": "leader",
                    "villages": [{"village_code": "451224104201", "sha256": "0" * 64}],
                }
            ]
        },
    )
    round_id: int = Field(ge=1, le=2**62)
    unit_code: Unit
    step: Literal["team", "secretary", "leader"]
    villages: list[ShownIn] = Field(min_length=1, max_length=200)


class SignerIn(Texts):
    """Who signs a step from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"unit_code": "451224104", "village_code": "451224104201", "step": "secretary", "name": "韦某", "title": "那论村支部书记"}
            ]
        },
    )  # fmt: skip
    unit_code: Unit
    village_code: Village | None = None
    step: Step
    name: Annotated[Line, Field(max_length=50)]
    title: Annotated[Line, Field(max_length=100)]
    account: Annotated[Line, Field(max_length=100)] | None = Field(None, description="Without one, on paper alone")


@router.get(
    "/api/signatures", summary="How the sign-off of a round stands", tags=["Sign-off"], dependencies=[*_READ, Depends(heavy)]
)  # fmt: skip
def listed(
    connection: Reading, round_id: Annotated[int, Query(ge=1, le=2**62)], unit: AskedUnit = None
) -> dict[str, Any]:
    """Return the asker's units with their villages: hash, houses, and each step with its signature and whether it stands."""
    return {"items": [_unit(unit_) for unit_ in sign.units(connection, round_id, unit)]}


def _unit(unit: state.Unit) -> dict[str, Any]:
    villages = [
        {
            "village_code": v.village_code,
            "houses": v.houses,
            "sha256": v.sha256,
            "steps": [_step(step) for step in v.steps],
        }
        for v in unit.villages
    ]
    return {"unit_code": unit.unit_code, "houses": unit.houses, "township": _step(unit.top), "villages": villages}


def _step(step: state.Step) -> dict[str, Any]:
    signature = {k: v for k, v in step.signature.items() if k != "text"} if step.signature else None
    return {"step": step.step, "state": step.state, "ready": step.ready, "signature": signature, "signer": step.signer}


@router.post("/api/signatures", summary="Sign", status_code=201, tags=["Sign-off"], dependencies=_SIGN)
def enter(connection: Writing, audit: Audit, given: SignatureIn) -> dict[str, Any]:
    """Sign what stands now and return the signature; 409 where it is out of order, 403 where another one signs."""
    new = sign.New(given.round_id, given.unit_code, given.village_code, given.step, given.sha256, given.by_paper)
    return _told(connection, audit, sign.sign(connection, new))


def _told(connection: Connection, audit: AuditWriter, row: dict[str, Any]) -> dict[str, Any]:
    about = {"digest": row["digest"], "content": row["content"], "step": row["step"]}
    audit.append(connection, Action.SIGNED, f"signature {row['signature_id']}", **about)
    return row


@router.post(
    "/api/signatures/villages", summary="Sign several villages", status_code=201, tags=["Sign-off"],
    dependencies=[*_SIGN, Depends(heavy)],
)  # fmt: skip
def enter_all(connection: Writing, audit: Audit, given: SignaturesIn) -> dict[str, Any]:
    """Sign one step of several villages as they were shown, each by a signature of its own; all or none."""
    news = [
        sign.New(given.round_id, given.unit_code, shown.village_code, given.step, shown.sha256)
        for shown in given.villages
    ]
    return {"items": [_told(connection, audit, row) for row in sign.sign_all(connection, news)]}


@router.get("/api/signatures/{signature_id}", summary="A signature", tags=["Sign-off"], dependencies=_READ)
def one(connection: Reading, signature_id: SignatureId) -> dict[str, Any]:
    """Return a signature with its scanned pages, and the houses with their columns that changed since."""
    row = sign.one(connection, signature_id)
    return row | {"changes": sign.changes(connection, row)}


@router.get(
    "/api/signatures/{signature_id}/content", summary="The text that was signed", tags=["Sign-off"], response_class=Response,
    responses={200: {"content": {"application/json": {}}}}, dependencies=[Depends(allow(Right.EXPORT))],
)  # fmt: skip
def text(connection: Reading, audit: Audit, signature_id: SignatureId) -> Response:
    """Return the RFC 8785 JSON whose SHA-256 was signed, byte for byte."""
    row = sign.one(connection, signature_id)
    audit.record(Action.EXPORTED, f"signature-{signature_id}.json", signature=signature_id)
    headers = {"Content-Disposition": f'attachment; filename="signature-{signature_id}.json"'}
    return Response(sign.text_of(connection, row["content"]), media_type="application/json", headers=headers)


@router.post(
    "/api/signatures/{signature_id}/pages", summary="Keep the scanned signed page", status_code=201, tags=["Sign-off"],
    openapi_extra=_SENT, dependencies=[*_SIGN, Depends(takes(picture.BYTES_MAX, file=True))],
)  # fmt: skip
def add_page(request: Request, connection: Writing, audit: Audit, signature_id: SignatureId) -> dict[str, Any]:
    """Keep the body (JPEG, PNG, WebP or PDF) with a signature and return it."""
    upload: Body | None = getattr(request.state, "upload", None)
    if upload is None or upload.file is None or not upload.size:
        raise InputError("没有收到扫描件。", "No scan came.")
    row = sign.add_page(connection, signature_id, upload.file)
    audit.append(connection, Action.PAGE_KEPT, f"signature {signature_id}", sha256=row["pages"][-1]["sha256"])
    return row


@router.get(
    "/api/signatures/{signature_id}/pages/{sha256}", summary="A scanned signed page", tags=["Sign-off"], response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "application/pdf": {}}}}, dependencies=_READ,
)  # fmt: skip
def read_page(
    connection: Reading, signature_id: SignatureId, sha256: Annotated[str, PathParameter(pattern="^[0-9a-f]{64}$")]
) -> Response:
    """Return a scanned page: a picture drawn anew, a PDF as a file."""
    pages = {p["sha256"]: p for p in sign.one(connection, signature_id)["pages"]}
    if sha256 not in pages:
        raise NotFoundError("没有这页扫描件。", "There is no such page.")
    if pages[sha256]["media"] != "application/pdf":
        return Response(store.shown(sha256), media_type="image/jpeg", headers={"Content-Disposition": "inline"})
    path = store.path_of(sha256)
    if not path.exists():
        raise NotFoundError("扫描件不在数据目录里。", "The scan is not in the data folder.")
    headers = {"Content-Disposition": f'attachment; filename="signature-{signature_id}.pdf"'}
    return Response(path.read_bytes(), media_type="application/pdf", headers=headers)


@router.post("/api/signers", summary="Say who signs", status_code=201, tags=["Sign-off"], dependencies=_SIGN)
def name_signer(connection: Writing, audit: Audit, given: SignerIn) -> dict[str, Any]:
    """Name who signs a step of a place from now on, as the county's office, and return that."""
    said = given.model_dump()
    sign.name_signer(connection, **said)
    audit.append(connection, Action.SIGNER_NAMED, given.village_code or given.unit_code, **said)
    return said


@router.get("/signatures", include_in_schema=False, dependencies=[*_READ, Depends(heavy)])
def sign_off_page(
    request: Request, connection: Reading, identity: CurrentUser, round_id: AskedRound = None, unit: AskedUnit = None
) -> HTMLResponse:
    """Return the sign-off of a unit in a round: what stands, what is missing or void, and where the asker signs."""
    values = sign_off_values(connection, round_id, unit, language(request), identity)
    return page(request, "signatures.html", identity=identity, **values)


@router.get("/signatures/{signature_id}", include_in_schema=False, dependencies=_READ)
def signature_page(
    request: Request, connection: Reading, identity: CurrentUser, signature_id: SignatureId
) -> HTMLResponse:
    """Return a signature: what it says, its scanned page, and what changed since."""
    values = signature_values(connection, signature_id, language(request), may_sign=identity.may(Right.SIGN))
    return page(request, "signature.html", identity=identity, **values)
