"""What was worked out and may be asked again, kept in memory up to a bound.

A key names all that its value hangs on (the run, the data's version, whose eyes saw it), so nothing kept is ever stale
and nothing need be forgotten. Two other kinds of keeping have rules of their own: ``api.http.ttl_cache`` keeps what
changes behind its key (who asks, the data's version) for a moment, and asks once where many ask at once;
``functools.lru_cache`` keeps what depends on a function's arguments and this process alone (a file, a template).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Values by key; where they weigh more than ``most`` together, those kept longest make room.

    Parameters
    ----------
    most
        What all values may weigh.
    weight
        What one weighs; 1 where they are counted.

    """

    def __init__(self, most: int, weight: Callable[[T], int] = lambda _: 1) -> None:
        self._most, self._weight = most, weight
        self._held: dict[Hashable, T] = {}
        self._sum = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """Return what is kept under ``key``."""
        return self._held.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keep ``value``, in place of what was under ``key``."""
        with self._lock:  # requests run in threads; the sum is theirs together
            self._drop(key)
            self._held[key] = value
            self._sum += self._weight(value)
            while self._sum > self._most:
                self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        if key in self._held:
            self._sum -= self._weight(self._held.pop(key))
