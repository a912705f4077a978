"""The small town of the record's tests."""

from tests.record.conftest import _town, app, client, town  # noqa: F401 - fixtures
