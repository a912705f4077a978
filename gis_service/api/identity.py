"""Who asks, and whether the route's door opens to them. A route with no rule is refused at start-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from gis_service.accounts.identity import Identity, Right, Role
from gis_service.errors import ForbiddenError


def asking(request: Request) -> Identity:  # noqa: ARG001 - sessions and tokens come next
    """Return who asks, by session or token; SignInError when nobody known does."""
    return Identity("everybody", Role.ADMINISTRATOR)


Asking = Annotated[Identity, Depends(asking)]


def allow(right: Right) -> Callable[[Identity], None]:
    """Return a dependency that lets through whoever has ``right``: the rule of a route or of a whole router."""

    def rule(identity: Asking) -> None:
        if not identity.may(right):
            raise ForbiddenError("您的账号没有这项权限。", "Your account has no right to do this.", right=right.value)

    rule.right = right  # type: ignore[attr-defined]
    return rule
