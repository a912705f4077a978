"""Passwords: argon2id through argon2-cffi; what is refused and why; made-up ones for people to copy."""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gis_service.errors import InputError, TooManyError

LENGTH_MIN, LENGTH_MAX = 10, 200
# RFC 9106, second recommended option: 64 MiB, three passes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Two at once, for each takes 64 MiB and a core; a storm of sign-ins waits in line and then is refused.
_TURN = threading.BoundedSemaphore(2)
_PATIENCE_S = 10.0

_TRIVIAL = (
    "password", "passw0rd", "p@ssw0rd", "qwerty", "asdfgh", "zxcvbn", "1q2w3e", "qazwsx", "woaini", "iloveyou", "welcome",
    "admin", "letmein", "abcdef", "abc123", "123456", "234567", "345678", "456789", "012345", "987654", "654321", "111111",
    "000000", "666666", "888888", "112233", "123123", "520520", "mima", "1234", "2345", "3456", "4567", "5678", "6789",
    "gis",
)  # fmt: skip
# No lookalikes (0 O 1 l I): people copy these from paper.
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def check(password: str, name: str) -> None:
    """Refuse a password that a list of common ones or a look at the account would find.

    Length is what resists guessing, so there is no rule about kinds of characters (NIST SP 800-63B, 3.1.1.2).

    Raises
    ------
    InputError
        It is too short or too long, holds the account's name, or nothing is left of it without trivial parts.

    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise InputError(
            f"密码应为 {LENGTH_MIN} 到 {LENGTH_MAX} 个字符；可以用几个不相关的词连成一句。",
            f"A password has {LENGTH_MIN} to {LENGTH_MAX} characters; several unrelated words make a good one.",
        )
    rest = password.casefold()
    if name.casefold() in rest:
        raise InputError("密码不能包含账号名。", "A password must not hold the account's name.")
    for part in _TRIVIAL:
        rest = rest.replace(part, "")
    if len(set(rest)) < 5:
        raise InputError(
            "这个密码太容易猜到（常见词、连续数字或重复字符）；请换一个。",
            "That password is easily guessed (common words, runs of digits, repeated characters); choose another.",
        )


def make() -> str:
    """Return a random password in four groups, about 92 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def hash_(password: str) -> str:
    """Return the argon2id hash, with its parameters and salt in it."""
    with _turn():
        return _HASHER.hash(password)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """Return the hash of a password that nobody knows: an unknown name costs what a wrong password costs."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def verify(stored: str | None, password: str) -> bool:
    """Tell whether ``password`` is the one; without a stored hash the work is done all the same and says no."""
    hashed = stored or _nobody()
    with _turn():
        try:
            return _HASHER.verify(hashed, password[: LENGTH_MAX + 1]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


class _turn:  # noqa: N801 - reads as a word where it is used
    def __enter__(self) -> None:
        if not _TURN.acquire(timeout=_PATIENCE_S):
            raise TooManyError(
                "登录请求过多，请稍后再试。",
                "Too many people sign in at this moment; try again soon.",
                retry_after_s=10,
            )

    def __exit__(self, *_: object) -> None:
        _TURN.release()
