"""One's own account: what it may do, its password, its tokens. A page, and the same facts as JSON."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import text

from gis_service.accounts import passwords, people, sessions, tokens
from gis_service.accounts.audit_log import Action
from gis_service.accounts.limits import attempt
from gis_service.api.http.authentication import (
    CurrentPrincipal,
    SessionPrincipal,
    cookie_name,
    forget_principals,
    set_cookie,
    source_of,
)
from gis_service.api.http.authorisation import Audit, CurrentUser, allow
from gis_service.api.http.errors import language
from gis_service.api.http.forms import page
from gis_service.api.http.routing import Router
from gis_service.api.routes.sign_in import browser_secret
from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.errors import GisError, InputError
from gis_service.identity import RIGHTS, Right
from gis_service.settings import get_settings

router = Router(dependencies=[Depends(allow(Right.READ))])

Text = Annotated[str, Form(max_length=2_000)]
RIGHT_ZH = {
    Right.READ: "看地图和名单", Right.SELECT: "选取房屋", Right.EXPORT: "导出文件", Right.DRAW: "画区域",
    Right.RECORD: "登记预案和演练", Right.PLAN: "编排排查计划", Right.PUBLISH: "发布名单、固化通报", Right.JUDGE: "判定和鉴定房屋", Right.ROUNDS: "开启和关闭轮次", Right.CASE: "办理整治案件", Right.VISIT: "上报到访和照片", Right.SIGN: "签字", Right.PERSON: "查看个人信息",
    Right.OPERATE: "启动分析和导入", Right.ACCOUNTS: "管理账号", Right.TRAIL: "查操作记录",
    Right.METRICS: "看运行指标",
}  # fmt: skip


@router.get("/api/account", summary="Who asks, and what they may do", tags=["Accounts"])
def who(identity: CurrentUser) -> dict[str, Any]:
    """Return the principal's account, place and rights."""
    return {
        "account": identity.account, "role": identity.role.value, "place": identity.place,
        "department": identity.department, "rights": sorted(r.value for r in Right if identity.may(r)),
    }  # fmt: skip


@router.get("/account", include_in_schema=False)
def account_page(
    request: Request,
    principal: CurrentPrincipal,
    changed: Annotated[str | None, Query(pattern=r"^-?[0-9]{1,6}\.[0-9]{1,6}$")] = None,
) -> Response:
    """Return the page of one's own account; ``changed`` says what ended with a new password."""
    if changed is None:
        return _page(request, principal)
    ended = people.Ended(*(max(int(n), 0) for n in changed.split(".")))
    return _page(request, principal, told=ended.message(language(request)))


def _page(request: Request, principal: sessions.Principal, status: int = 200, **more: Any) -> Response:
    with get_engine("service").begin() as connection:
        own = tokens.of(connection, principal.account_id)
    rights = [
        r
        for r in Right
        if r in RIGHTS[principal.identity.role] and (r is not Right.PERSON or principal.identity.person)
    ]
    shown = {"error": None, "told": None, "secret": None} | more
    return page(
        request, "account.html", status, identity=principal.identity, tokens=own, rights=rights, right_zh=RIGHT_ZH,
        days_max=tokens.DAYS_MAX, length_min=passwords.LENGTH_MIN, **shown,
    )  # fmt: skip


def _refused(request: Request, principal: sessions.Principal, error: GisError) -> Response:
    return _page(request, principal, error.status, error=error.message(language(request)))


@router.post("/account/password", include_in_schema=False)
def change_password(
    request: Request, principal: SessionPrincipal, audit: Audit, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    """Change one's own password; every other session of the account ends."""
    name = principal.identity.account
    try:
        if new != again:
            raise InputError("两次输入的新密码不一样。", "The two new passwords differ.")
        passwords.check(new, name)
        # Whoever sits down at somebody's open browser guesses here as at the door, so tries are counted alike.
        browser = sessions.browser_of(name, browser_secret(request))
        tried = attempt(name, source_of(request).address, browser)
        with get_engine("service").begin() as connection:
            stored = connection.execute(text(statement("accounts.credential")), {"name": name}).one().password_hash
        if not passwords.verify(stored, old):
            audit.record(Action.SIGN_IN_FAILED, by="password change")
            raise InputError("原密码不对。", "The old password is wrong.")
        tried.succeeded()
        hashed = passwords.hash_(new)
        with get_engine("service").begin() as connection:
            ended = people.store_hash(connection, principal.account_id, hashed)
            audit.append(connection, Action.PASSWORD_CHANGED, name, sessions=ended.sessions, tokens=ended.tokens)
    except GisError as error:
        return _refused(request, principal, error)
    forget_principals()
    opened = sessions.open_(principal.account_id, source_of(request), by="password change")
    said = f"changed={ended.sessions - 1}.{ended.tokens}{'&lang=en' if language(request) == 'en' else ''}"
    answer = RedirectResponse(f"/account?{said}", 303)
    set_cookie(request, answer, cookie_name(request), opened.secret, get_settings().session_hours * 3_600)
    return answer


@router.post("/account/tokens", include_in_schema=False)
def make_token(
    request: Request,
    principal: SessionPrincipal,
    audit: Audit,
    title: Text = "",
    days: Annotated[int, Form(ge=1, le=tokens.DAYS_MAX)] = 90,
    right: Annotated[list[str] | None, Form(max_length=20)] = None,
) -> Response:
    """Make a token and show it once."""
    identity = principal.identity
    try:
        rights = tokens.rights_of(right or [], identity.role, person=identity.person)
        with get_engine("service").begin() as connection:
            number, secret = tokens.make(connection, principal.account_id, title, rights, days)
            audit.append(connection, Action.TOKEN_MADE, f"{identity.account}/{number}", title=title.strip(),
                        rights=sorted(rights), days=days)  # fmt: skip
    except GisError as error:
        return _refused(request, principal, error)
    return _page(request, principal, secret=secret)


@router.post("/account/tokens/{token_id}/revoke", include_in_schema=False)
def revoke_token(
    request: Request, principal: SessionPrincipal, audit: Audit, token_id: Annotated[int, Path(ge=1, le=2**62)]
) -> Response:
    """Revoke one of one's own tokens."""
    try:
        with get_engine("service").begin() as connection:
            tokens.revoke(connection, principal.account_id, token_id)
            audit.append(connection, Action.TOKEN_REVOKED, f"{principal.identity.account}/{token_id}")
    except GisError as error:
        return _refused(request, principal, error)
    forget_principals()
    return RedirectResponse("/account", 303)
