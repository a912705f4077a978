"""docs/cases.md is made from the one table of steps."""

from __future__ import annotations

from scripts.cases_doc import OUT, document
from tests.conftest import Database


def test_the_document_is_that_of_the_table(database: Database):
    assert OUT.read_text() == document(database.url()), "run scripts/cases_doc.py"
