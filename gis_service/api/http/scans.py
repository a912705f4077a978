"""How often one address may look at plates: so many a minute, counted in this process and forgotten with the minute.

A passer-by looks at one house, a patrol at a few dozen; whoever tries codes in the dark is slowed, and never gets past the
code's signature anyway.
"""

from __future__ import annotations

import threading
import time
from collections import Counter

from gis_service.accounts.limits import network_of
from gis_service.errors import TooManyError

MINUTE_MAX = 30
_lock = threading.Lock()
_minute = [0]
_seen: Counter[str] = Counter()


def look(address: str | None, now: float | None = None) -> None:
    """Count a look.

    Raises
    ------
    TooManyError
        The address has had its looks of this minute.

    """
    at = time.time() if now is None else now
    minute = int(at // 60)
    with _lock:
        if minute != _minute[0]:
            _minute[0] = minute
            _seen.clear()
        network = network_of(address)
        _seen[network] += 1
        if _seen[network] > MINUTE_MAX:
            wait = 60 - int(at % 60)
            raise TooManyError(
                f"查看过于频繁，请在 {wait} 秒后再试。", f"Too many looks; try again in {wait} s.", retry_after_s=wait
            )
