"""Answers in fewer bytes, for a line of 366 kbit/s: our own files and tiles once for all, a map's page as it goes out.

Nothing else is compressed. An answer with a secret in it and what somebody else chose beside it tells that secret by its
length, request by request (BREACH); a page of a map reflects nothing of what was asked, and gets a length that is by lot.
"""

from __future__ import annotations

import gzip
import re
import secrets
from functools import lru_cache
from pathlib import Path

import brotli
from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse, Response

_WORTH_BYTES = 1_000
_PADDING_MAX = 256
# A weight that says that a coding is not taken (RFC 9110, 12.4.2).
_REFUSED = re.compile(r"q=0(\.0{0,3})?")
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# How hard each coding tries: for what is made once (Brotli at 11 would hold up everybody for 0.4 s a script, to save a
# fiftieth), for what goes out as it is made, and for a tile.
_ONCE, _PAGE, _TILE = {"br": 10, "gzip": 9}, {"br": 5, "gzip": 4}, {"br": 4, "gzip": 3}


def file_response(request: Request, path: Path) -> Response:
    """Return one of our own files, compressed where that helps and the asker takes it."""
    kind = _KINDS.get(path.suffix)
    coding = coding_of(request)
    if kind is None or path.stat().st_size < _WORTH_BYTES or coding is None:
        return FileResponse(path, headers={"Vary": "Accept-Encoding"})
    content = _compressed(path, path.stat().st_mtime_ns, coding)
    headers = {"Content-Encoding": coding, "Vary": "Accept-Encoding"}
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)


def page_response(request: Request, page: str) -> HTMLResponse:
    """Return a map's page, compressed where the asker takes it."""
    coding = coding_of(request)
    if coding is None:
        return HTMLResponse(page, headers={"Vary": "Accept-Encoding"})
    padding = secrets.token_hex(secrets.randbelow(_PADDING_MAX))
    content = _coded(f"{page}<!-- {padding} -->".encode(), coding, _PAGE)
    return HTMLResponse(content, headers={"Vary": "Accept-Encoding", "Content-Encoding": coding})


def packed(content: bytes, coding: str) -> bytes:
    """Return a tile compressed: quickly, for whoever asks first waits for it."""
    return _coded(content, coding, _TILE)


def worth_packing(content: bytes) -> bool:
    """Return whether a tile grows notably smaller."""
    return len(content) >= _WORTH_BYTES


def coding_of(request: Request) -> str | None:
    """Return the better of the codings that the asker takes: ``br`` (by https, or on this machine), ``gzip``, or None."""
    offered = (
        part.lower().replace(" ", "").split(";") for part in request.headers.get("accept-encoding", "").split(",")
    )
    taken = {coding for coding, *weight in offered if not any(_REFUSED.fullmatch(one) for one in weight)}
    return next((coding for coding in ("br", "gzip") if coding in taken), None)


def _coded(content: bytes, coding: str, effort: dict[str, int]) -> bytes:
    if coding == "br":
        return bytes(brotli.compress(content, quality=effort["br"]))
    return gzip.compress(content, compresslevel=effort["gzip"], mtime=0)


@lru_cache(maxsize=64)
def _compressed(path: Path, changed_ns: int, coding: str) -> bytes:  # noqa: ARG001 - a changed file is another key
    return _coded(path.read_bytes(), coding, _ONCE)
