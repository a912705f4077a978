"""One error body everywhere: ``{"error": {"code", "message", "details"}}``; never SQL text, never a stack trace."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import psycopg2
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from gis_service import storage
from gis_service.db.work import is_given_up
from gis_service.errors import BusyError, GisError, InputError, LeftError, SetupError, SignInError
from gis_service.settings import get_settings
from web_map.frame import message_page

log = logging.getLogger("gis_service.api")

_HTTP = {
    400: ("bad_request", "请求格式不对。", "The request is malformed."),
    401: ("unauthenticated", "请先登录。", "Sign in first."),
    403: ("forbidden", "没有权限。", "Not allowed."),
    404: ("not_found", "没有这个页面或数据。", "There is no such page or thing."),
    405: ("method_not_allowed", "此地址不支持该操作。", "This address does not take that method."),
    413: ("too_large", "请求内容过大。", "The request is too large."),
}
_QUERY_CANCELED = "57014"


def language(request: Request) -> str:
    """Return the reader's language: Chinese, unless English is asked for by ``?lang=en``."""
    return "en" if request.query_params.get("lang") == "en" else "zh"


def body(code: str, message: str, details: Any = None) -> dict[str, Any]:
    """Return the one error body."""
    return {"error": {"code": code, "message": message, "details": details or {}}}


def _is_page(request: Request) -> bool:
    """Tell a person at a page from a program: what a browser asks for itself is answered in words."""
    path = request.url.path
    pages, below = (
        {"/", "/account", "/accounts", "/audit-trail", "/forms", "/jobs", "/rounds"},
        ("/map/", "/jobs/", "/plans", "/house", "/cases", "/enforcement", "/work"),
    )
    is_page = path in pages or path.startswith(below)
    return is_page and "text/html" in request.headers.get("accept", "")


def _is_visit(request: Request) -> bool:
    """Tell a person who opens an address from a program or a page's script that asks for it."""
    mode = request.headers.get("sec-fetch-mode", "navigate")
    return request.method == "GET" and mode == "navigate" and "text/html" in request.headers.get("accept", "")


def _is_browser(request: Request) -> bool:
    """Tell a browser from a program. Over plain http to another machine a browser sends no ``Sec-Fetch`` headers.

    Every browser calls itself Mozilla, and so does QGIS, which says ``QGIS`` besides.
    """
    if any(name in request.headers for name in ("sec-fetch-mode", "sec-fetch-site", "sec-ch-ua")):
        return True
    agent = request.headers.get("user-agent", "")
    return agent.startswith("Mozilla/") and "QGIS" not in agent and "GDAL" not in agent


def _headers(request: Request, error: GisError) -> dict[str, str]:
    """Return what a program is told besides: how to sign in, when to come again."""
    if isinstance(error, SignInError):
        # A browser would answer a Basic challenge with a window of its own; its pages know how to sign in.
        basic = "" if _is_browser(request) else ', Basic realm="gis-service", charset="UTF-8"'
        return {"WWW-Authenticate": f'Bearer realm="gis-service"{basic}'}
    if "retry_after_s" in error.details:
        return {"Retry-After": str(error.details["retry_after_s"])}
    return {}


def answer_to(request: Request, error: GisError) -> Response:
    """Return the answer to a refusal: the way to the sign-in page, a page in words, or the one error body."""
    message = error.message(language(request))
    if isinstance(error, SignInError) and _is_visit(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(back, safe='')}", 303, headers={"Cache-Control": "no-store"})
    headers = _headers(request, error)
    if _is_page(request):
        return HTMLResponse(message_page(message, language(request)), error.status, headers=headers)
    return JSONResponse(body(error.code, message, error.details), error.status, headers=headers)


def install(app: FastAPI) -> None:
    """Install the handlers on ``app``.

    None waits for anything; as coroutines they need no thread, which costs a refusal more than its answer.
    """

    @app.exception_handler(GisError)
    async def _ours(request: Request, error: GisError) -> Response:
        return answer_to(request, error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"where": ".".join(map(str, fault["loc"])), "what": str(fault["msg"])} for fault in error.errors()[:20]
        ]
        first = faults[0] if faults else {"where": "", "what": ""}
        message = (
            f"{first['where']}: {first['what']}"
            if language(request) == "en"
            else f"参数 {first['where']} 不对：{first['what']}"
        )
        return JSONResponse(body("invalid_input", message, {"faults": faults}), 422)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        code, zh, en = _HTTP.get(error.status_code, ("error", "请求失败。", "The request failed."))
        message = en if language(request) == "en" else zh
        return JSONResponse(body(code, message), error.status_code, headers=error.headers)

    @app.exception_handler(DBAPIError)
    @app.exception_handler(psycopg2.Error)
    async def _database(request: Request, error: DBAPIError | psycopg2.Error) -> Response:
        if is_given_up():
            return answer_to(request, LeftError())
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.error("database error %s on %s", getattr(cause, "pgcode", None), request.url.path)
        return answer_to(request, of_database(cause))


class _TimeoutError(BusyError):
    code = "timeout"


class _InternalError(GisError):
    code = "internal"
    status = 500


def of_database(cause: BaseException | None) -> GisError:
    """Return the refusal for an error of the database: what is wrong, what will happen, what is to be done."""
    state = getattr(cause, "pgcode", None)
    if isinstance(cause, psycopg2.DataError):
        return InputError("有一个值无法使用，请检查后重试。", "A value cannot be used; look at what was sent.")
    if state == _QUERY_CANCELED or isinstance(cause, psycopg2.errors.QueryCanceled):
        return _TimeoutError(
            "计算超时，没有完成；请缩小范围或减少条件后重试。",
            "That took too long and was given up; ask for a smaller area or with fewer conditions.",
            retry_after_s=5,
        )
    if state == storage.SQL_DISK_FULL or storage.is_full(get_settings().data_dir):
        return storage.full(get_settings().data_dir)
    if isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        if get_settings().database_url:
            return SetupError(
                "数据库没有应答，暂时不能使用；请稍后重试，持续如此请系统管理员检查数据库服务器。",
                "The database does not answer; try again in a moment. Where it goes on, the administrator looks at the "
                "database's server.",
                retry_after_s=10,
            )
        return SetupError(
            "数据库没有应答，系统正在自动重新启动它；请半分钟后重试，持续如此请系统管理员查看日志。",
            "The database does not answer and is being started again; try again in half a minute. Where it goes on, the "
            "administrator looks at the log.",
            retry_after_s=10,
        )
    return _InternalError(
        "内部错误，没有完成，已记录；请系统管理员查看日志。",
        "An internal error; not done. It was logged for the administrator.",
    )
