"""Routers that are passed over in one look where none of their routes has the address."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


def any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    """Return one pattern that matches whatever one of ``patterns`` does; its group ``n0``, ``n1``, … says which did first.

    Groups of theirs are not kept: two routes may name a parameter alike.
    """
    inner = (re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern) for pattern in patterns)
    return re.compile("|".join(f"(?P<n{number}>{pattern})" for number, pattern in enumerate(inner)))


class Router(APIRouter):
    """FastAPI's router, included without a prefix of the inclusion.

    FastAPI asks every route of every router, and those of the chosen one twice: with 300 routes that is half of the
    processor's time for a small question.
    """

    _addresses: re.Pattern[str] | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a route has this address and method, as the class above does."""
        if scope["type"] == "http" and not scope.get("root_path"):
            if self._addresses is None:
                self._addresses = any_of(route.path_regex for route in self.routes if isinstance(route, APIRoute))
            if not self._addresses.match(scope["path"]):
                return Match.NONE, {}
        return super().matches(scope)
