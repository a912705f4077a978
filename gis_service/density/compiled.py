"""Compile numeric loops, once and cached on disk, without losing their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Compile ``function`` with numba; the machine code is cached next to the module.

    ``nogil`` lets threads share the work. ``fastmath`` stays off: results must not depend on the machine.
    """
    return cast("_F", numba.njit(cache=True, nogil=True)(function))
