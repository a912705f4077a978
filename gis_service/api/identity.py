"""Who asks, and whether the route's door opens to them. A route with no rule is refused at start-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from gis_service.accounts.identity import Identity, Right
from gis_service.api.known import Known, Telling, source_of
from gis_service.errors import ForbiddenError


def asking(asker: Known) -> Identity:
    """Return who asks, by session or token; SignInError when nobody known does."""
    return asker.identity


Asking = Annotated[Identity, Depends(asking)]


def telling(request: Request, identity: Asking) -> Telling:
    """Return what writes the trail for this request."""
    return Telling(identity, source_of(request))


Trail = Annotated[Telling, Depends(telling)]


def allow(right: Right) -> Callable[[Identity], None]:
    """Return a dependency that lets through whoever has ``right``: the rule of a route or of a whole router."""

    def rule(identity: Asking) -> None:
        if not identity.may(right):
            raise ForbiddenError("您的账号没有这项权限。", "Your account has no right to do this.", right=right.value)

    rule.right = right  # type: ignore[attr-defined]
    return rule


def public() -> None:
    """Let everybody through: the rule of a route that nobody has signed in for yet."""
