"""Who asks, and whether the route's door opens to them. A route with no rule is refused at start-up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount

from gis_service.api.http.authentication import AuditWriter, authenticate, source_of
from gis_service.errors import ForbiddenError
from gis_service.identity import Identity, Right


async def current_user(request: Request) -> Identity:
    """Return who asks, by session or token; SignInError when nobody known does."""
    return (await authenticate(request)).identity


CurrentUser = Annotated[Identity, Depends(current_user)]


async def audit_writer(request: Request, identity: CurrentUser) -> AuditWriter:
    """Return what writes the trail for this request."""
    return AuditWriter(identity, source_of(request))


Audit = Annotated[AuditWriter, Depends(audit_writer)]


def forbidden(right: Right) -> ForbiddenError:
    """Return the refusal of somebody who lacks a right."""
    return ForbiddenError("您的账号没有这项权限。", "Your account has no right to do this.", right=right.value)


def allow(right: Right) -> Callable[[Identity], Awaitable[Identity]]:
    """Return a dependency that lets through whoever has ``right``: the rule of a route or of a whole router.

    It yields who asks.
    """

    async def rule(identity: CurrentUser) -> Identity:
        if not identity.may(right):
            raise forbidden(right)
        return identity

    rule.right = right  # type: ignore[attr-defined]
    return rule


async def public() -> None:
    """Mark a route as open to everybody: that is a rule too, and written where it holds."""


def unruled(app: FastAPI) -> list[str]:
    """Return the addresses of ``app`` that have neither ``allow(...)`` nor ``public``: none may be served.

    A mounted application says by its attribute ``public`` that it is open.
    """
    return [str(route.path) for route in iter_route_contexts(app.routes) if not _is_ruled(route)]


def _is_ruled(route: RouteContext) -> bool:
    if isinstance(route.original_route, Mount):
        return bool(getattr(route.original_route.app, "public", False))
    return isinstance(route.original_route, APIRoute) and bool(rules_of(route.dependant))


def rules_of(dependant: Dependant) -> set[str]:
    """Return the rules of a route: names of rights, and ``public``."""
    own = {_rule(inner.call) for inner in dependant.dependencies} - {None}
    return {rule for rule in own if rule is not None}.union(*map(rules_of, dependant.dependencies))


def _rule(call: object) -> str | None:
    if call is public:
        return "public"
    right = getattr(call, "right", None)
    return None if right is None else str(right.value)
