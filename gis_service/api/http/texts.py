"""Texts in the bodies of requests: what can be read, and nothing that hides or that the database cannot hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator


def _line(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise ValueError("应为一行可打印的文字 (one line of printable text)")
    return value


Line = Annotated[str, Field(min_length=1), AfterValidator(_line)]
"""One line that says something; its length is the field's matter."""


BLANK = BeforeValidator(lambda value: value or None)
"""Of a query's value: what a form sends for a field left empty is none."""


class Texts(BaseModel):
    """A body whose texts may have several lines; they are trimmed, and one that says nothing is null."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _printable(cls, value: Any) -> Any:
        if isinstance(value, str):
            if any((ord(c) < 32 and c not in "\n\r\t") or 0xD800 <= ord(c) <= 0xDFFF for c in value):
                raise ValueError("应为可打印的文字 (printable text)")
            return value.strip() or None
        return value
