"""Tokens for programs and QGIS: shown once, limited to some of the account's rights, over after a year at most.

A token goes into ``Authorization: Bearer …`` or, for QGIS, into HTTP Basic as the password of the account's name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from gis_service.accounts.sessions import digest
from gis_service.db.queries import statement
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import RIGHTS, Right, Role

PREFIX = "gst_"
DAYS_MAX = 365
_LIVE_MAX = 50


@dataclass(frozen=True)
class Token:
    """One token, without its secret, which nobody can read any more."""

    token_id: int
    title: str
    rights: list[str]
    created_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None

    @property
    def live(self) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and self.ends_at > datetime.now(UTC)


def rights_of(names: Iterable[str], role: Role, *, person: bool) -> list[Right]:
    """Return the rights that a token may have.

    Raises
    ------
    InputError
        There are none, or one that the account itself has not.

    """
    own = {r.value for r in RIGHTS[role] if r is not Right.PERSON or person}
    given = sorted({name.strip() for name in names if name.strip()})
    foreign = [name for name in given if name not in own]
    if foreign or not given:
        raise InputError(
            f"令牌的权限应为账号自己的权限之一：{'、'.join(sorted(own))}" + (f"；没有 {foreign[0][:40]}。" if foreign else "。"),
            f"A token's rights are some of the account's own: {', '.join(sorted(own))}"
            + (f"; {foreign[0][:40]!r} is none of them." if foreign else "."),
        )  # fmt: skip
    return [Right(name) for name in given]


def make(connection: Connection, account_id: int, title: str, rights: Iterable[Right], days: int) -> tuple[int, str]:
    """Make a token and return its number and its secret, which is not kept.

    Raises
    ------
    InputError
        No title, a bad number of days, or too many live tokens.

    """
    title = title.strip()
    if not 1 <= len(title) <= 100 or not title.isprintable():
        raise InputError("令牌要有名称（1 到 100 个字）。", "A token has a title of 1 to 100 characters.")
    if not 1 <= days <= DAYS_MAX:
        raise InputError(f"令牌有效期为 1 到 {DAYS_MAX} 天。", f"A token lasts 1 to {DAYS_MAX} days.")
    if sum(token.live for token in of(connection, account_id)) >= _LIVE_MAX:
        raise InputError(
            f"一个账号最多 {_LIVE_MAX} 个有效令牌；请先撤销不用的。",
            f"An account has at most {_LIVE_MAX} live tokens; revoke those that are not used.",
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    values = {"account_id": account_id, "secret": digest(secret), "title": title, "days": days,
              "rights": [right.value for right in rights]}  # fmt: skip
    return int(connection.execute(text(statement("accounts.make_token")), values).scalar_one()), secret


def of(connection: Connection, account_id: int) -> list[Token]:
    """Return an account's tokens, the newest first."""
    rows = connection.execute(text(statement("accounts.tokens")), {"account_id": account_id}).mappings()
    return [Token(**row) for row in rows]


def revoke(connection: Connection, account_id: int, token_id: int) -> None:
    """End a token at once.

    Raises
    ------
    NotFoundError
        The account has no such live token.

    """
    values = {"account_id": account_id, "token_id": token_id}
    if not connection.execute(text(statement("accounts.revoke_token")), values).scalar_one():
        raise NotFoundError("没有这个令牌，或已经撤销。", "There is no such token, or it was revoked before.")
