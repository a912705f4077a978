"""What a route declares of itself beside its right: how much it takes, and that it is a heavy question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


def takes(most: int, *, file: bool = False) -> Callable[[], Awaitable[None]]:
    """Return a dependency that declares how many bytes a route takes; with ``file`` they go to disk.

    The route finds the file as ``request.state.upload`` (``bodies.Body``), which is removed after the answer.
    """

    async def bound() -> None: ...

    bound.takes = (most, file)  # type: ignore[attr-defined]
    return bound


async def heavy() -> None:
    """Mark a route as a heavy question: a few at a time an account, cancelled when nobody waits any more."""
