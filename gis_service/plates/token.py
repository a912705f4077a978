"""The code of a plate: 16 random bytes and 8 of their HMAC, so that one that was made up never reaches the database.

The key lies in the data folder and is made when it is first needed. Whoever reads the table cannot make a code without
it; whoever has it cannot find a house without the table. With the key gone no plate opens: keep it with the photographs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from pathlib import Path

from gis_service.errors import NotFoundError
from gis_service.settings import get_settings

BODY, MAC = 16, 8
LENGTH = (BODY + MAC) * 4 // 3
"""Characters of a code: letters, digits, ``-`` and ``_``."""


def new_body() -> bytes:
    """Return the random part of a new code."""
    return secrets.token_bytes(BODY)


def code_of(body: bytes) -> str:
    """Return the code of a random part."""
    return base64.urlsafe_b64encode(body + _mac(body)).decode()


def body_of(code: str) -> bytes:
    """Return the random part of a code.

    Raises
    ------
    NotFoundError
        It was not signed here.

    """
    try:
        data = base64.b64decode(code.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        data = b""
    body, mac = data[:BODY], data[BODY:]
    if len(code) != LENGTH or not hmac.compare_digest(_mac(body), mac):
        raise unknown()
    return body


def unknown() -> NotFoundError:
    """Return the one answer for a code that is none, a plate that is off, and a house that is gone."""
    return NotFoundError(
        "没有这块门牌，或本县没有启用。", "There is no such plate, or the county has not switched them on."
    )


def key_file() -> Path:
    """Return where the key lies."""
    return get_settings().data_dir / "plate.key"


def _mac(body: bytes) -> bytes:
    return hmac.new(_key(), body, hashlib.sha256).digest()[:MAC]


def _key() -> bytes:
    path = key_file()
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as made:
            path.chmod(0o600)
            made.write(secrets.token_bytes(32))
    except FileExistsError:
        pass  # another process made it in this moment
    return path.read_bytes()
