"""Pages of maps, made once for all with the same eyes and the same data, and sent with each asker's own words in them.

A map's page takes seconds to make where it draws a whole cluster, and a hundred people open it at eight in the morning.
What is the asker's alone (the nonce, the form's secret, the account's name) stands in a kept page as words that nobody
can know, and is put in as the page goes out.
"""

from __future__ import annotations

import html
import secrets
import threading
from collections.abc import Callable, Hashable
from functools import lru_cache

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, text

from gis_service.api.http.authentication import csrf_of
from gis_service.api.http.compression import page_response
from gis_service.api.http.errors import language
from gis_service.api.http.navigation import pages_for
from gis_service.cache import Cache
from gis_service.db.day import today
from gis_service.db.engine import database_url, transaction
from gis_service.db.queries import statement
from gis_service.identity import Identity, Right
from gis_service.relief import elevation
from gis_service.settings import get_settings
from web_map.frame import Page, render

_BYTES_MAX = 96 * 1024 * 1024
_NONCE, _CSRF, _ACCOUNT = (secrets.token_hex(24) for _ in range(3))
_making: dict[Hashable, threading.Lock] = {}
_lock = threading.Lock()


@lru_cache(maxsize=1)
def _cache() -> Cache[str]:
    return Cache(_BYTES_MAX, len)


def kept_page(
    request: Request, identity: Identity, name: str, parts: tuple[Hashable, ...], build: Callable[[Connection], Page]
) -> HTMLResponse:
    """Return a page: the one that is kept, or the one that ``build`` makes in a transaction of the asker's.

    Parameters
    ----------
    name, parts
        What is asked for, beside the language, the asker's eyes and rights, and the moment (the data's version, the
        newest lists that the asker sees, the day), which count always.

    Raises
    ------
    GisError
        What ``build`` raises; nothing is kept then.

    """
    lang, csrf = language(request), csrf_of(request)
    account = identity.account if getattr(request.state, "principal", None) is not None else None
    with transaction(identity, read_only=True) as connection:
        told = connection.execute(text(statement("runs.moment"))).one()
    moment = (told.data, told.records, told.selection, told.density, told.lists, today())
    rights = frozenset(right for right in Right if identity.may(right))
    key = (
        database_url("service"),
        get_settings().shown,
        elevation.version(),
        name,
        parts,
        lang,
        identity.scope,
        rights,
        moment,
        csrf is None,
        account is None,
    )
    made = _cache().get(key)
    if made is None:
        with _alone(key):
            made = _cache().get(key)
            if made is None:
                with transaction(identity, read_only=True) as connection:
                    page = build(connection)
                made = render(
                    page, nonce=_NONCE, csrf=_CSRF if csrf is not None else None,
                    account=_ACCOUNT if account is not None else None,
                    navigation=pages_for(identity if account is not None else None, lang),
                )  # fmt: skip
                _cache().put(key, made)
    own = made.replace(_NONCE, request.state.nonce)
    if csrf is not None:
        own = own.replace(_CSRF, html.escape(csrf))
    return page_response(request, own if account is None else own.replace(_ACCOUNT, html.escape(account)))


class _alone:  # noqa: N801 - reads as a word where it is used
    """Let one at a time make a page; whoever waits finds it made."""

    def __init__(self, key: Hashable) -> None:
        self._key = key

    def __enter__(self) -> None:
        with _lock:
            self._own = _making.setdefault(self._key, threading.Lock())
        self._own.acquire()

    def __exit__(self, *_: object) -> None:
        self._own.release()
        with _lock:
            if not self._own.locked():
                _making.pop(self._key, None)
