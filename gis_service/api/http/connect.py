"""The database for one request, in the principal's name: read-only for reading, a short transaction for writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Connection

from gis_service.api.http.authorisation import CurrentUser
from gis_service.db.engine import get_engine, transaction


def _reading(identity: CurrentUser) -> Iterator[Connection]:
    with transaction(identity, read_only=True) as connection:
        yield connection


def _writing(identity: CurrentUser) -> Iterator[Connection]:
    with transaction(identity) as connection:
        yield connection


def _bare() -> Iterator[Connection]:
    with get_engine("service").connect() as connection:
        yield connection


Reading = Annotated[Connection, Depends(_reading, scope="function")]
Writing = Annotated[Connection, Depends(_writing, scope="function")]
Bare = Annotated[Connection, Depends(_bare, scope="function")]
"""The service itself, before anybody has signed in: it reads nothing of the county."""
