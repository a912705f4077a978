"""Signing in with a password, and the sessions of browsers.

A session's secret is 256 random bits in a cookie; the database keeps its SHA-256 only. A session is over after
``session_idle_min`` minutes of silence, after ``session_hours`` hours in any case, at sign-out, and at once when the
account is disabled, changed or given another password.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from gis_service.accounts import audit_log, passwords
from gis_service.accounts.audit_log import Action, Source
from gis_service.accounts.limits import attempt
from gis_service.db.engine import ask_at_the_door, get_engine
from gis_service.db.queries import statement
from gis_service.errors import SignInError
from gis_service.identity import Identity, Right, Role
from gis_service.settings import get_settings


@dataclass(frozen=True)
class Principal:
    """Whoever asks, and how they are known: by a session (which has a CSRF secret) or by a token (which needs none)."""

    account_id: int
    identity: Identity
    csrf: str | None = None
    session_sha256: bytes | None = None


@dataclass(frozen=True)
class Opened:
    """A new session: the secret for the cookie, shown to nobody else."""

    secret: str
    principal: Principal


def digest(secret: str) -> bytes:
    """Return what is kept of a secret. It has 256 random bits, so a plain hash cannot be searched through."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def wrong() -> SignInError:
    """Return the one answer to a wrong password, an unknown name, a disabled account, one without a password."""
    return SignInError("账号或密码不对。", "The account or the password is wrong.")


def browser_of(name: str, secret: str | None) -> bytes | None:
    """Return the digest of a browser's secret where the account has signed in from that browser before."""
    if not secret or len(secret) > 200 or "\0" in name:
        return None
    with get_engine("service").begin() as connection:
        values = {"name": name, "secret": digest(secret)}
        known = connection.execute(text(statement("accounts.knows_browser")), values).scalar_one()
    return digest(secret) if known else None


def know_browser(account_id: int, secret: str) -> None:
    """Remember that an account signed in from the browser that shows ``secret``."""
    with get_engine("service").begin() as connection:
        values = {"account_id": account_id, "secret": digest(secret)}
        connection.execute(text(statement("accounts.know_browser")), values)


def sign_in(name: str, password: str, source: Source, browser: str | None = None) -> Opened:
    """Hold a password against a name and open a session; ``browser`` is the secret that the browser shows.

    Raises
    ------
    SignInError
        Wrong, whatever it is that is wrong.
    TooManyError
        Too many failed; see ``accounts.limits``.

    """
    name = name.strip()
    if len(name) > 100 or "\0" in name:
        name = "-"  # no account is called that; the rest goes its usual way and takes its usual time
    tried = attempt(name, source.address, browser_of(name, browser))
    with get_engine("service").begin() as connection:
        found = connection.execute(text(statement("accounts.credential")), {"name": name}).one_or_none()
    stored = found.password_hash if found is not None and not found.disabled else None
    if not passwords.verify(stored, password) or found is None:
        # A name that is none may be a password typed into the wrong field: it is not written down.
        known = found.name if found is not None else "?"
        action = Action.SIGN_IN_LOCKED if tried.follows_s else Action.SIGN_IN_FAILED
        more: dict[str, Any] = {"closed_s": tried.follows_s} if tried.follows_s else {}
        audit_log.record(known, action, source=source, **more)
        raise wrong()
    tried.succeeded()
    if stored is not None and passwords.outdated(stored):
        with get_engine("service").begin() as connection:
            values = {"account_id": found.account_id, "hashed": passwords.hash_(password), "is_new": False}
            connection.execute(text(statement("accounts.store_password")), values)
    return open_(found.account_id, source, by="password")


def open_(account_id: int, source: Source, *, by: str) -> Opened:
    """Open a session for an account that has proved who it is, and write it down."""
    settings = get_settings()
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with get_engine("service").begin() as connection:
        connection.execute(
            text(statement("accounts.open_session")),
            {"account_id": account_id, "secret": digest(secret), "csrf": csrf, "idle_min": settings.session_idle_min,
             "hours": settings.session_hours},
        )  # fmt: skip
        row = connection.exec_driver_sql(
            statement("accounts.session_principal"), {"secret": digest(secret)}
        ).one_or_none()
        if row is None:  # disabled in this very moment
            raise wrong()
        principal = _of_session(row, secret)
        audit_log.append(connection, principal.identity, Action.SIGNED_IN, source=source, by=by)
    return Opened(secret, principal)


async def of_secret(secret: str) -> Principal | None:
    """Return whose session this is, or None when it is over, altered or unknown."""
    row = await ask_at_the_door("accounts.session_principal", {"secret": digest(secret)})
    return _of_session(row, secret) if row is not None else None


def close(secret: str) -> None:
    """End a session."""
    with get_engine("service").begin() as connection:
        connection.execute(text(statement("accounts.close_session")), {"secret": digest(secret)})


async def of_token(secret: str) -> Principal | None:
    """Return whose token this is, with the rights it is limited to, or None when it is over, revoked or unknown."""
    row = await ask_at_the_door("accounts.token_principal", {"secret": digest(secret)})
    if row is None:
        return None
    account_id, name, role, place, department, person, rights = row
    only = frozenset(_RIGHTS[right] for right in rights if right in _RIGHTS)
    return Principal(account_id, Identity(name, Role(role), place, department, person, only))


_RIGHTS = {right.value: right for right in Right}


def _of_session(row: Any, secret: str) -> Principal:
    account_id, name, role, place, department, person, csrf = row
    return Principal(account_id, Identity(name, Role(role), place, department, person), csrf, digest(secret))
