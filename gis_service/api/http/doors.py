"""The doors of the service: who asks comes before what they send.

Of each route is known, before a byte of a body is read: its rule (``allow``, ``public``), how much it takes (``takes``)
and whether it is a heavy question (``heavy``). A request is counted in its lane, its asker is found, the rule is asked,
and only then the body is read, within its bound and its time. An address that is no route takes no body at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import psycopg2
from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gis_service.accounts.limits import network_of
from gis_service.api.http import authentication, bodies
from gis_service.api.http.authorisation import current_user, forbidden, public
from gis_service.api.http.bodies import Body
from gis_service.api.http.errors import answer_to, of_database
from gis_service.api.http.lanes import Lanes
from gis_service.api.http.routing import any_of
from gis_service.api.http.rules import heavy
from gis_service.api.http.turns import Turns
from gis_service.db.work import Work, working
from gis_service.errors import GisError
from gis_service.identity import Identity, Right
from gis_service.settings import get_settings

log = logging.getLogger("gis_service.api")

_KNOWN_S = 120.0
_KNOWN_MAX = 20_000


@dataclass(frozen=True)
class Door:
    """What is known of a route before a request is let in."""

    is_public: bool
    rights: frozenset[Right]
    most: int
    to_disk: bool
    is_heavy: bool
    is_file: bool = False


_NO_ROUTE = Door(True, frozenset(), 0, False, False)
_STATIC = Door(True, frozenset(), 0, False, False, is_file=True)


def _calls(dependant: Dependant) -> Iterable[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _door_of(dependant: Dependant, path: str) -> Door:
    calls = list(_calls(dependant))
    rights = frozenset(call.right for call in calls if hasattr(call, "right"))
    bounds = [call.takes for call in calls if hasattr(call, "takes")]
    most, to_disk = max(bounds, default=(bodies.PLAIN, False))
    is_file = path.startswith("/static/")
    return Door(public in calls, rights, most, to_disk, heavy in calls, is_file)


class _Table:
    """The doors of an application, found as its router finds routes: the first that fits."""

    def __init__(self, app: Any) -> None:
        found: dict[str, list[tuple[re.Pattern[str], Door]]] = defaultdict(list)
        for context in iter_route_contexts(app.routes):
            if isinstance(context.original_route, APIRoute):
                door = _door_of(context.dependant, str(context.path))
                for method in context.methods or ():
                    found[method].append((context.path_regex, door))
        self._of = {
            method: (any_of(regex for regex, _ in routes), [door for _, door in routes])
            for method, routes in found.items()
        }

    def door(self, method: str, path: str) -> Door:
        """Return the door of an address, the one that takes nothing where there is none."""
        if method in self._of:
            regex, doors = self._of[method]
            fits = regex.match(path)
            if fits is not None:
                return doors[int(str(fits.lastgroup)[1:])]
        return _STATIC if path.startswith("/static/") else _NO_ROUTE


class Doors:
    """ASGI middleware between the guard and the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.lanes, self.turns = Lanes(), Turns()
        self._table: _Table | None = None
        self._known: dict[bytes, tuple[float, str]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._table is None:
            self._table = _Table(scope["app"])
        request = Request(scope)
        door = self._table.door(scope["method"], scope["path"])
        try:
            await self._enter(request, door, receive, send)
        except (GisError, DBAPIError, psycopg2.Error) as error:
            if not isinstance(error, GisError):
                log.warning("database error at the door of %s", scope["path"])
                error = of_database(error.orig if isinstance(error, DBAPIError) else error)
            answer = answer_to(request, error)
            if not getattr(request.state, "read", False) and _is_long(request):
                answer.headers["Connection"] = "close"  # the rest of the body is not waited for
            await answer(scope, receive, send)

    async def _enter(self, request: Request, door: Door, receive: Receive, send: Send) -> None:
        settings = get_settings()
        credential = authentication.credential_of(request)
        seen = self._seen(credential)
        stranger = f"{'f' if door.is_file else 'a'} {network_of(request.client.host if request.client else None)}"
        if seen is not None:
            async with self.lanes.through(f"account {seen}", settings.account_requests_max):
                await self._inside(request, door, credential, receive, send)
        elif door.is_public:
            async with self.lanes.through(stranger, settings.stranger_requests_max):
                await self._inside(request, door, None, receive, send)
        else:
            # Nobody we know yet: whoever it is waits among the strangers until that is found out.
            async with self.lanes.through(stranger, settings.stranger_requests_max):
                identity = await self._ask_who(request, credential)
            async with self.lanes.through(f"account {identity.account}", settings.account_requests_max):
                await self._inside(request, door, credential, receive, send)

    def _seen(self, credential: bytes | None) -> str | None:
        """Return the account that showed this credential a moment ago: in its lane it is asked again who asks."""
        found = self._known.get(credential) if credential is not None else None
        return found[1] if found is not None and found[0] > time.monotonic() else None

    async def _ask_who(self, request: Request, credential: bytes | None) -> Identity:
        held: Identity | None = getattr(request.state, "identity", None)
        if held is not None:
            return held
        override = request.app.dependency_overrides.get(current_user)
        if override is not None:  # FastAPI's own way to put somebody in an asker's place
            request.state.identity = found = override()
            return found  # type: ignore[no-any-return]
        try:
            principal = await authentication.identify(request)
        except GisError:
            self._known.pop(credential or b"", None)
            raise
        if credential is not None:
            if len(self._known) >= _KNOWN_MAX:
                self._known.clear()
            self._known[credential] = (time.monotonic() + _KNOWN_S, principal.identity.account)
        return principal.identity

    async def _inside(
        self, request: Request, door: Door, credential: bytes | None, receive: Receive, send: Send
    ) -> None:
        if not door.is_public:
            identity = await self._ask_who(request, credential)
            for right in sorted(door.rights):
                if not identity.may(right):
                    raise forbidden(right)
        body = await self._body(request, door, receive)
        if body is None:
            return  # the sender is gone
        try:
            if door.is_heavy:
                await self._heavy(request, _Replay(body, receive), send)
            else:
                await self.app(request.scope, _Replay(body, receive).receive, send)
        finally:
            body.remove()

    async def _body(self, request: Request, door: Door, receive: Receive) -> Body | None:
        settings = get_settings()
        most = min(door.most, settings.upload_max_bytes if door.to_disk else settings.body_max_bytes)
        declared = bodies.declared_length(request.scope["headers"])
        chunked = "transfer-encoding" in request.headers
        if declared is not None and declared > most > 0:
            raise bodies.too_large(most)
        if not declared and not chunked:
            request.state.read = True
            return Body()
        if most == 0:
            return Body()  # no route reads it
        body = await (bodies.store if door.to_disk else bodies.read)(receive, most)
        request.state.read = True
        if body is not None and body.file is not None:
            request.state.upload = body
        elif body is not None and body.content and _is_json(request):
            await bodies.check_json(body.content)
        return body

    async def _heavy(self, request: Request, replay: _Replay, send: Send) -> None:
        """Answer when it is this account's turn; a question that nobody waits for any more is cancelled."""
        identity = request.state.identity
        work = Work()
        async with _watched(replay, work), self.turns.turn(identity.account, work):
            with working(work):
                await self.app(request.scope, replay.receive, send)


def _is_long(request: Request) -> bool:
    """Tell whether more of a body may come than a connection takes beside its next request."""
    length = request.headers.get("content-length", "0")
    return (
        "transfer-encoding" in request.headers or not length.isdigit() or len(length) > 6 or int(length) > bodies.PLAIN
    )


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


class _Replay:
    """Gives an application the body that was read, and then what the connection says."""

    def __init__(self, body: Body, receive: Receive) -> None:
        self._body: Body | None = body
        self._receive = receive
        self._gone: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        if self._body is not None:
            content, self._body = self._body.content, None
            return {"type": "http.request", "body": content, "more_body": False}
        return await asyncio.shield(self.gone())

    def gone(self) -> asyncio.Future[Message]:
        """Return what becomes done when the client has left or has its answer."""
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._until_gone())
        return self._gone

    async def _until_gone(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                return message

    def stop(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.cancel()


@contextlib.asynccontextmanager
async def _watched(replay: _Replay, work: Work) -> AsyncIterator[None]:
    gone = replay.gone()
    gone.add_done_callback(lambda done: None if done.cancelled() or done.exception() else work.give_up())
    try:
        yield
    finally:
        work.done()
        replay.stop()
