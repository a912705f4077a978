"""The advisory locks of a database, each with a number of its own: whoever takes one waits only for its like."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """Numbers of advisory locks; any fixed ones."""

    MIGRATE = 4_545_001
    """Two programs that migrate at once."""
    ANALYSE = 4_545_002
    """Two analyses at once: each would write what the other is about to remove."""
    COMPACT = 4_545_004
    """Two transactions that make one row of many steps of the data's version (0018)."""
    WORKER = 4_545_005
    """Held, shared, by every worker for as long as it works: the service sees by it that there is one."""
    SET_UP = 4_545_003
    """Two programs that fill a new database at once. An analysis runs beside who holds it."""
    SNAPSHOT = 4_545_010
    """Two who are the first to ask for a bulletin: it is frozen once."""
