"""How the C library keeps the memory that arrays leave."""

from __future__ import annotations

import contextlib
import ctypes

_M_MMAP_THRESHOLD = -3
LARGE = 4_000_000
"""Bytes from which an array gets pages of its own."""


def return_large_arrays() -> None:
    """Give the memory of large arrays back to the system as soon as they are freed.

    Left to itself glibc keeps whatever it has seen freed once, up to 32 MB a piece and in each thread's own heap: a
    seventh of the memory of a whole run. Other C libraries are left as they are.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)
