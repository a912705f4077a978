"""What a client sends: read up to the route's bound once it is known who asks, and looked at before it is built.

A parser holds the interpreter while it builds what a text describes, so that text is measured first: how many
elements, how deep, how long its numbers. What passes is parsed in a few milliseconds.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from starlette.types import Message, Receive

from gis_service.errors import GisError, InputError, SlowError, TooLargeError
from gis_service.settings import get_settings

KB, MB = 1_000, 1_000_000
PLAIN = 64 * KB
"""What a route takes that declares nothing."""
SHAPES = 8 * MB
"""What a route takes that is sent shapes."""
ELEMENTS_MAX = 100_000
DEPTH_MAX = 40
DIGITS_MAX = 300
_RATE = 10 * KB  # bytes a second, below which a sender is let go
_FRAME = b'[]{}"\\'
_BESIDE_FRAME = bytes(set(range(256)) - set(_FRAME))
_DIGITS_ALONE = bytes(0x30 if 0x30 <= n <= 0x39 else 0x20 for n in range(256))
_ENDLESS = b"0" * (DIGITS_MAX + 1)
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


@dataclass
class Body:
    """A whole body: in memory, or in a file that is removed when the request ends."""

    content: bytes = b""
    file: Path | None = None
    size: int = 0

    def remove(self) -> None:
        """Remove the file."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


def declared_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return what a head says of its body's length; None where it says none.

    Raises
    ------
    InputError
        It is no number.

    """
    given = next((value for name, value in headers if name == b"content-length"), None)
    if given is None:
        return None
    if not given.isdigit() or len(given) > 18:
        raise InputError("Content-Length 不是数字。", "Content-Length is no number.")
    return int(given)


def too_large(most: int) -> GisError:
    """Return the refusal of a body over its bound."""
    shown = f"{most / MB:g} MB" if most >= MB else f"{most / KB:g} kB"
    return TooLargeError(f"请求内容超过 {shown}。", f"The request is larger than {shown}.", max_bytes=most)


class _Pace:
    """How long a sender may take: a while, and then as long as it keeps up a rate."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.taken = 0

    def left_s(self) -> float:
        return self._began + get_settings().body_timeout_s + self.taken / _RATE - time.monotonic()


async def read(receive: Receive, most: int) -> Body | None:
    """Return the whole body, at most ``most`` bytes; None when the sender is gone.

    Raises
    ------
    TooLargeError
        More comes than ``most``, whatever the head said.
    SlowError
        It comes too slowly.

    """
    try:
        content = b"".join([piece async for piece in _pieces(receive, most)])
    except _GoneError:
        return None
    return Body(content, size=len(content))


async def store(receive: Receive, most: int) -> Body | None:
    """Write the body to a file of the data folder that its owner alone reads; None when the sender is gone.

    Raises
    ------
    TooLargeError, SlowError
        As ``read``.

    """
    folder = get_settings().data_dir / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened: IO[bytes] = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - kept while it is used
    body = Body(file=Path(opened.name))
    whole = False
    try:
        with opened:
            async for piece in _pieces(receive, most):
                await asyncio.to_thread(opened.write, piece)
                body.size += len(piece)
        whole = True
    except _GoneError:
        return None
    finally:
        if not whole:
            body.remove()
    return body


class _GoneError(Exception):
    """The sender is gone before the body's end."""


async def _pieces(receive: Receive, most: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes, at most ``most`` bytes and no slower than its pace."""
    pace = _Pace()
    more = True
    while more:
        message = await _next(receive, pace)
        if message["type"] != "http.request":
            raise _GoneError
        piece = message.get("body", b"")
        pace.taken += len(piece)
        if pace.taken > most:
            raise too_large(most)
        if piece:
            yield piece
        more = bool(message.get("more_body", False))


async def _next(receive: Receive, pace: _Pace) -> Message:
    try:
        return await asyncio.wait_for(receive(), max(pace.left_s(), 0))
    except TimeoutError:
        raise SlowError(
            "请求内容发送得太慢，已中断。", "The request's content came too slowly and was cut off."
        ) from None


async def check_json(content: bytes) -> None:
    """Refuse a JSON text that would be dear to build: too many elements, too deep, or with endless numbers.

    Raises
    ------
    TooLargeError
        It has more than ``ELEMENTS_MAX`` elements.
    InputError
        It is nested deeper than ``DEPTH_MAX``, or has more than ``DIGITS_MAX`` digits in a row.

    """
    if len(content) <= PLAIN:
        _look_through(content)
    else:
        await asyncio.to_thread(_look_through, content)


def _look_through(content: bytes) -> None:
    # Each step is one pass of a few milliseconds over the largest text, for none lets another thread in.
    frame = content.translate(None, _BESIDE_FRAME)
    opens = content.count(b"[") + content.count(b"{")
    if opens + content.count(b",") > ELEMENTS_MAX or len(frame) > 4 * ELEMENTS_MAX:
        raise TooLargeError(
            f"请求内容的元素超过 {ELEMENTS_MAX:,} 个，请减少后重试。",
            f"The request has more than {ELEMENTS_MAX:,} elements; send less.",
            max_elements=ELEMENTS_MAX,
        )
    if _ENDLESS in content.translate(_DIGITS_ALONE):
        raise InputError(
            f"请求内容中有超过 {DIGITS_MAX} 位的数字。",
            f"The request has a number of more than {DIGITS_MAX} digits.",
        )
    if opens > DEPTH_MAX and _depth(frame) > DEPTH_MAX:
        raise InputError(f"请求内容嵌套超过 {DEPTH_MAX} 层。", f"The request is nested deeper than {DEPTH_MAX} levels.")


def _depth(frame: bytes) -> int:
    depth = deepest = 0
    for found in _TOKEN.finditer(frame):
        first = frame[found.start()]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth -= 1
    return deepest
