"""A database for many tests that must leave it as it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Database, cloned


@pytest.fixture(scope="module")
def shared_database(server, template: str) -> Iterator[Database]:
    with cloned(server, template) as made:
        yield made
