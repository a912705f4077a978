"""What the database refuses by its own rules: state GC001, with a code and its facts as JSON."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.exc import DBAPIError

STATE = "GC001"
DENIED = "42501"
Facts = dict[str, Any]


def facts_of(error: DBAPIError) -> Facts | None:
    """Return the code and the facts of a refusal; None for any other error."""
    cause: Any = error.orig
    if getattr(cause, "pgcode", None) != STATE:
        return None
    found: Facts = json.loads(cause.diag.message_detail)
    return found


def is_denied(error: DBAPIError) -> bool:
    """Tell whether the asker's role lacks the right, or row security refused the row."""
    return getattr(error.orig, "pgcode", None) == DENIED


class Known(dict[str, Any]):
    """Facts to put into a sentence; what is not known is said as such."""

    def __missing__(self, key: str) -> str:
        return "?"
