"""How often a wrong password may be tried: counted in the database, so that several processes agree.

Three counts together. By name from one address: five tries, then the wait doubles; whoever guesses locks out
themselves and not the account's owner elsewhere. By name from anywhere: fifty, against guessing from many addresses.
By address over all names: thirty, against trying one password on many names. Unknown names count like known ones.

A browser from which the account signed in before shows a cookie of its own and has a count of its own, ten tries, and
no other: whatever strangers do to a name or from an address, its owner signs in where they did before.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from sqlalchemy import text

from gis_service.db.engine import get_engine
from gis_service.db.queries import statement
from gis_service.errors import TooManyError

PAIR_FREE, NAME_FREE, ADDRESS_FREE, BROWSER_FREE = 5, 50, 30, 10


@dataclass(frozen=True)
class Attempt:
    """One try that was let through and counts as failed until ``succeeded``."""

    own: tuple[str, ...]
    shared: tuple[str, ...]
    follows_s: int

    def succeeded(self) -> None:
        """Forget the name's failures and take this try off its address."""
        with get_engine("service").begin() as connection:
            connection.execute(
                text(statement("accounts.forget_attempts")), {"own": list(self.own), "shared": list(self.shared)}
            )


def attempt(name: str, address: str | None, browser: bytes | None = None) -> Attempt:
    """Count a try; ``browser`` is the digest of what a browser shows that the account knows.

    Raises
    ------
    TooManyError
        It is too soon; ``details`` say after how many seconds the next is let through.

    """
    folded, network = name.casefold()[:60], network_of(address)
    own, shared, free = [f"p {folded} {network}", f"n {folded}"], [f"a {network}"], [PAIR_FREE, NAME_FREE, ADDRESS_FREE]
    if browser is not None:
        own, shared, free = [f"b {folded} {browser.hex()[:32]}"], [], [BROWSER_FREE]
    with get_engine("service").begin() as connection:
        wait, follows = connection.execute(
            text(statement("accounts.try_sign_in")), {"keys": [*own, *shared], "free": free}
        ).one()
    if wait:
        raise TooManyError(
            f"登录失败次数过多，请在 {wait} 秒后再试；忘记密码请找系统管理员。",
            f"Too many failed sign-ins; try again in {wait} s, or ask the administrator for a new password.",
            retry_after_s=int(wait),
        )
    return Attempt(tuple(own), tuple(shared), int(follows))


def network_of(address: str | None) -> str:
    """Return what counts as one address: an IPv6 customer has a whole /64."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return (address or "local")[:60]
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
