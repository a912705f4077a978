"""Accounts for the administrator: as JSON for programs, and as a page with forms that do the same."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Form, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from gis_service.accounts import passwords, people, tokens
from gis_service.accounts.audit_log import Action
from gis_service.accounts.people import Account, Ended, New
from gis_service.api.http.authentication import AuditWriter, forget_principals
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.codelists import DEPARTMENT
from gis_service.db.engine import transaction
from gis_service.db.queries import statement
from gis_service.errors import GisError, InputError
from gis_service.identity import Identity, Right, Role

router = Router(dependencies=[Depends(allow(Right.ACCOUNTS))])

Name = Annotated[str, Path(max_length=100)]
TokenId = Annotated[int, Path(ge=1, le=2**62)]
Deed = Literal["disable", "enable", "password", "open"]
_PLAIN = r"^[^\x00]*$"
_BLANK = {"name": "", "role": "", "place": "", "department": "", "person": False}
_DEEDS = {
    "disable": Action.ACCOUNT_DISABLED,
    "enable": Action.ACCOUNT_ENABLED,
    "password": Action.PASSWORD_CHANGED,
    "open": Action.ACCOUNT_OPENED,
}


class AccountIn(BaseModel):
    """A new account. Without ``password`` one is made and returned once, unless ``no_password`` is true."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "wuzhuan", "role": "township", "place": "451224104"}]},
    )
    name: str = Field(min_length=2, max_length=40, pattern=_PLAIN)
    role: Role
    place: str | None = Field(None, max_length=12, pattern=_PLAIN)
    department: str | None = Field(None, max_length=40, pattern=_PLAIN)
    person: bool = Field(False, description="May read personal data of houses in its place")
    subject: str | None = Field(
        None, max_length=255, pattern=_PLAIN, description="Subject of the organisation's sign-in"
    )
    password: str | None = Field(None, max_length=passwords.LENGTH_MAX, pattern=_PLAIN)
    no_password: bool = False


class AccountOut(BaseModel):
    """An account; ``password`` only where one was made in this moment, and never again."""

    name: str
    role: str
    place: str | None
    department: str | None
    person: bool
    has_password: bool
    subject: str | None
    created_at: datetime
    disabled_at: datetime | None
    password: str | None = None
    ended_sessions: int | None = Field(None, description="Sessions that ended with this")
    ended_tokens: int | None = Field(None, description="Tokens that ended with this")


class AccountsOut(BaseModel):
    """All accounts."""

    items: list[AccountOut]
    truncated: bool = False


class TokenIn(BaseModel):
    """A token for an account."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"title": "QGIS", "rights": ["read"]}]})
    title: str = Field(min_length=1, max_length=100, pattern=_PLAIN)
    rights: list[Right] = Field(min_length=1, max_length=20)
    days: int = Field(90, ge=1, le=tokens.DAYS_MAX)


class TokenOut(BaseModel):
    """A token; ``secret`` only in the answer to making it."""

    token_id: int
    title: str
    rights: list[str]
    created_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None
    secret: str | None = None


def _out(account: Account, password: str | None = None) -> AccountOut:
    fields = {name: value for name, value in vars(account).items() if name in AccountOut.model_fields}
    return AccountOut(**fields, subject=account.oidc_subject, password=password)


def _add(identity: Identity, audit: AuditWriter, new: New, password: str | None) -> Account:
    with transaction(identity) as connection:
        account = people.add(connection, new, password)
        audit.append(connection, Action.ACCOUNT_ADDED, account.name, role=account.role, place=account.place,
                    department=account.department, person=account.person)  # fmt: skip
    return account


def _do(identity: Identity, audit: AuditWriter, name: str, deed: Deed) -> tuple[Account, str | None, Ended | None]:
    made = passwords.make() if deed == "password" else None
    ended: Ended | None = None
    with transaction(identity) as connection:
        if made is not None:
            account, ended = people.set_password(connection, name, made)
        elif deed == "disable":
            account, ended = people.disable(connection, name)
        elif deed == "enable":
            account = people.enable(connection, name)
        else:
            people.open_name(connection, name)
            account = people.find(connection, name)
        said = {} if ended is None else {"sessions": ended.sessions, "tokens": ended.tokens}
        audit.append(connection, _DEEDS[deed], account.name, **said)
    forget_principals()
    return account, made, ended


@router.get("/api/accounts", summary="All accounts", tags=["Accounts"])
def listed(identity: CurrentUser) -> AccountsOut:
    """Return all accounts by name."""
    with transaction(identity, read_only=True) as connection:
        return AccountsOut(items=[_out(account) for account in people.listed(connection)])


@router.post("/api/accounts", status_code=201, summary="Make an account", tags=["Accounts"])
def add(given: AccountIn, identity: CurrentUser, audit: Audit, response: Response) -> AccountOut:
    """Make an account."""
    new = New(given.name, given.role, given.place, given.department, given.person, given.subject)
    made = None if given.no_password or given.password else passwords.make()
    account = _add(identity, audit, new, None if given.no_password else given.password or made)
    response.headers["Cache-Control"] = "no-store"
    return _out(account, made)


@router.get("/api/accounts/{name}/tokens", summary="An account's tokens", tags=["Accounts"])
def account_tokens(name: Name, identity: CurrentUser) -> list[TokenOut]:
    """Return an account's tokens, without their secrets, which nobody has."""
    with transaction(identity, read_only=True) as connection:
        account = people.find(connection, name)
        return [TokenOut(**vars(token)) for token in tokens.of(connection, account.account_id)]


@router.post("/api/accounts/{name}/tokens", status_code=201, summary="Make a token for an account", tags=["Accounts"])
def make_token(name: Name, given: TokenIn, identity: CurrentUser, audit: Audit, response: Response) -> TokenOut:
    """Make a token; its secret is in this answer and nowhere else."""
    with transaction(identity) as connection:
        account = people.find(connection, name)
        rights = tokens.rights_of([r.value for r in given.rights], Role(account.role), person=account.person)
        number, secret = tokens.make(connection, account.account_id, given.title, rights, given.days)
        audit.append(connection, Action.TOKEN_MADE, f"{account.name}/{number}", title=given.title, rights=sorted(rights),
                    days=given.days)  # fmt: skip
        (token,) = [t for t in tokens.of(connection, account.account_id) if t.token_id == number]
    response.headers["Cache-Control"] = "no-store"
    return TokenOut(**vars(token), secret=secret)


@router.post(
    "/api/accounts/{name}/{deed}",
    summary="Disable, enable, give a new password, or open a locked name",
    tags=["Accounts"],
)
def do(name: Name, deed: Deed, identity: CurrentUser, audit: Audit, response: Response) -> AccountOut:
    """Disable or enable an account, give it a random password, which is returned once, or open its locked name."""
    account, made, ended = _do(identity, audit, name, deed)
    response.headers["Cache-Control"] = "no-store"
    told = {} if ended is None else {"ended_sessions": ended.sessions, "ended_tokens": ended.tokens}
    return _out(account, made).model_copy(update=told)


@router.delete("/api/accounts/{name}/tokens/{token_id}", status_code=204, summary="Revoke a token", tags=["Accounts"])
def revoke_token(name: Name, token_id: TokenId, identity: CurrentUser, audit: Audit) -> Response:
    """Revoke a token at once."""
    with transaction(identity) as connection:
        account = people.find(connection, name)
        tokens.revoke(connection, account.account_id, token_id)
        audit.append(connection, Action.TOKEN_REVOKED, f"{account.name}/{token_id}")
    forget_principals()
    return Response(status_code=204)


@router.get("/accounts", include_in_schema=False)
def accounts_page(
    request: Request,
    identity: CurrentUser,
    tokens_of: Annotated[str | None, Query(alias="tokens", max_length=100)] = None,
) -> Response:
    """Return the page of all accounts; with ``tokens=NAME`` also the tokens of one."""
    return _page(request, identity, tokens_of=tokens_of)


def _page(
    request: Request, identity: Identity, status: int = 200, tokens_of: str | None = None, **more: Any
) -> Response:
    with transaction(identity, read_only=True) as connection:
        accounts = people.listed(connection)
        chosen = next((a for a in accounts if a.name == tokens_of), None)
        held = tokens.of(connection, chosen.account_id) if chosen else []
        places = connection.execute(text(statement("accounts.places"))).mappings().all()
    shown = {"error": None, "made": None, "secret": None, "told": None, "given": None, "said": ""} | more
    asked = shown.pop("given")
    return page(
        request, "accounts.html", status, identity=identity, accounts=accounts, roles=list(Role), places=places,
        departments=DEPARTMENT, names={p["code"]: p["name"] for p in places},
        chosen=chosen, again=asked is not None, given=asked or _BLANK, tokens=held, **shown,
    )  # fmt: skip


@router.post("/accounts", include_in_schema=False)
def add_by_form(
    request: Request,
    identity: CurrentUser,
    audit: Audit,
    name: Annotated[str, Form(max_length=100)] = "",
    role: Annotated[str, Form(max_length=40)] = "",
    place: Annotated[str, Form(max_length=40)] = "",
    department: Annotated[str, Form(max_length=40)] = "",
    person: Annotated[bool, Form()] = False,
) -> Response:
    """Make an account with a random password, which the page shows once."""
    given = {"name": name, "role": role, "place": place, "department": department, "person": person}
    try:
        if role not in set(Role):
            raise InputError("请选择角色。", "Choose a role.")
        password = passwords.make()
        new = New(name, Role(role), place.strip() or None, department or None, person)
        account = _add(identity, audit, new, password)
    except GisError as error:
        return _page(request, identity, error.status, error=error.message(language(request)), given=given)
    return _page(request, identity, 201, made=account.name, secret=password)


@router.post("/accounts/{name}/tokens/{token_id}/revoke", include_in_schema=False)
def revoke_by_form(request: Request, name: Name, token_id: TokenId, identity: CurrentUser, audit: Audit) -> Response:
    """Revoke a token and show what is left."""
    try:
        revoke_token(name, token_id, identity, audit)
    except GisError as error:
        return _page(request, identity, error.status, name, error=error.message(language(request)))
    return _page(request, identity, tokens_of=name)


@router.post("/accounts/{name}/{deed}", include_in_schema=False)
def do_by_form(request: Request, name: Name, deed: Deed, identity: CurrentUser, audit: Audit) -> Response:
    """Disable or enable an account, or show its new random password once."""
    try:
        account, made, ended = _do(identity, audit, name, deed)
    except GisError as error:
        return _page(request, identity, error.status, error=error.message(language(request)))
    said = "" if ended is None else ended.message(language(request))
    return _page(
        request, identity, made=account.name if made else None, secret=made, told=(deed, account.name), said=said
    )
