"""Every refusal that a user can meet, in one tree.

::

    GisError
    ├── QueryError      a parameter of an address is malformed  HTTP 400, exit 1
    ├── InputError      what was given cannot be used        HTTP 422, exit 1
    ├── SignInError     nobody known asks                    HTTP 401, exit 1
    ├── ForbiddenError  known, but this door is not theirs   HTTP 403, exit 1
    ├── NotFoundError   no such thing, or not yours to see   HTTP 404, exit 1
    ├── ConflictError   somebody or something was first      HTTP 409, exit 1
    ├── TooLargeError   more than this service takes         HTTP 413, exit 1
    ├── TooManyError    more often than this service takes   HTTP 429, exit 1
    ├── SlowError       what was sent came too slowly        HTTP 408, exit 1
    ├── LeftError       the asker did not wait               HTTP 499, exit 1
    ├── BusyError       no room at this moment               HTTP 503, exit 1
    └── SetupError      this machine lacks something         HTTP 503, exit 1

A refusal is one sentence that says what is wrong, where, and how to mend it. It is written in Chinese and in
English at the place where it is raised; the reader's language is chosen where it is shown.
"""

from __future__ import annotations

from typing import Any, ClassVar


class GisError(Exception):
    """A refusal with one sentence in each language.

    Parameters
    ----------
    zh, en
        The sentence in Chinese and in English.
    details
        Facts for programs (row numbers, names, limits); never SQL text, never a stack trace.

    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(self, zh: str, en: str, **details: Any) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.details = details

    def message(self, lang: str = "zh") -> str:
        """Return the sentence in ``lang`` (``zh`` or ``en``)."""
        return self.en if lang == "en" else self.zh

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders (workers, Dask); the default reduction would lose one language.
        return (_rebuild, (type(self), self.zh, self.en, self.details))


def _rebuild(cls: type[GisError], zh: str, en: str, details: dict[str, Any]) -> GisError:
    return cls(zh, en, **details)


class InputError(GisError):
    """What was given cannot be used as it is."""

    code = "invalid_input"
    status = 422


class QueryError(GisError):
    """A parameter of an address is not of the form that a standard asks for."""

    code = "invalid_query"
    status = 400


class SignInError(GisError):
    """Nobody known asks: no session, no token, or one that is over."""

    code = "not_signed_in"
    status = 401


class ForbiddenError(GisError):
    """The asker is known, and this door is not theirs."""

    code = "forbidden"
    status = 403


class NotFoundError(GisError):
    """There is no such thing, or it is not the asker's to see."""

    code = "not_found"
    status = 404


class ConflictError(GisError):
    """Somebody else changed it first, or it exists already."""

    code = "conflict"
    status = 409


class TooLargeError(GisError):
    """More than this service takes at once."""

    code = "too_large"
    status = 413


class TooManyError(GisError):
    """More often than this service takes."""

    code = "too_many"
    status = 429


class SlowError(GisError):
    """What was sent came too slowly."""

    code = "too_slow"
    status = 408


class LeftError(GisError):
    """The asker left before the answer came; the status is for logs and figures (nginx's), nobody reads the rest."""

    code = "left"
    status = 499

    def __init__(self) -> None:
        super().__init__("提问的一方已经离开。", "The asker has left.")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class BusyError(GisError):
    """There is no room at this moment; ``retry_after_s`` in the details says when to come again."""

    code = "busy"
    status = 503


class SetupError(GisError):
    """This machine or deployment lacks something that is needed."""

    code = "unavailable"
    status = 503
