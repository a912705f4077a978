"""The small town of the record's tests."""

from tests.record.conftest import _town, client, town  # noqa: F401 - fixtures
