"""A county's own values of the code lists: rows of ``gis.code``, read into ``codelists``."""

from __future__ import annotations

import re
import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from gis_service import codelists
from gis_service.db.engine import database_url
from gis_service.db.queries import statement
from gis_service.errors import ConflictError, InputError

_KEEP_S = 10.0
_read: dict[str, float] = {}


def refresh(connection: Connection, *, now: bool = False) -> None:
    """Read the county's own values, unless that was done a moment ago."""
    key = database_url("service")
    if not now and time.monotonic() - _read.get(key, -_KEEP_S) < _KEEP_S:
        return
    own: dict[str, dict[str, str]] = {}
    for row in connection.execute(text(statement("record.own_codes"))):
        own.setdefault(row.list, {})[row.code] = row.zh
    codelists.set_own(own)
    _read.clear()
    _read[key] = time.monotonic()


def add(connection: Connection, list_: str, code: str, zh: str, en: str) -> None:
    """Add a county's own value; the caller commits.

    Raises
    ------
    InputError
        There is no such list, or the code is not made of letters, digits and underscores.
    ConflictError
        The list has that code.

    """
    if list_ not in codelists.LISTS:
        raise InputError(
            f"没有代码表“{list_[:30]}”；可用：{'、'.join(codelists.LISTS)}。",
            f"There is no list {list_[:30]!r}; use one of {', '.join(codelists.LISTS)}.",
        )
    if not re.fullmatch(r"[A-Za-z0-9_]{1,40}", code) or not zh.strip() or not en.strip():
        raise InputError(
            "代码为 1 到 40 个英文字母、数字或下划线，并须有中文和英文名称。",
            "A code has 1 to 40 letters, digits or underscores, and a name in Chinese and in English.",
        )
    try:
        with connection.begin_nested():
            values = {"list": list_, "code": code, "zh": zh.strip(), "en": en.strip()}
            connection.execute(text(statement("record.add_code")), values)
    except IntegrityError as error:
        raise ConflictError(
            f"代码表 {list_} 已有“{code}”。", f"The list {list_} has a code {code!r} already."
        ) from error
    refresh(connection, now=True)


def words(connection: Connection, lang: str) -> dict[str, dict[str, str]]:
    """Return the names of all codes by list, in ``lang``."""
    found: dict[str, dict[str, str]] = {}
    for row in connection.execute(text(statement("record.codes"))):
        found.setdefault(row.list, {})[row.code] = row.en if lang == "en" else row.zh
    return found
