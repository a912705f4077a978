"""The database for one request: a read-only transaction for reading, a short one for writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Connection

from gis_service.db.engine import get_engine


def _reading() -> Iterator[Connection]:
    with get_engine("service").connect() as connection:
        connection.execution_options(postgresql_readonly=True)
        with connection.begin():
            yield connection


def _writing() -> Iterator[Connection]:
    with get_engine("service").begin() as connection:
        yield connection


Reading = Annotated[Connection, Depends(_reading, scope="function")]
Writing = Annotated[Connection, Depends(_writing, scope="function")]
