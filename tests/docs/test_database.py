"""docs/database.md is made from the database, and says of every table what it is."""

from __future__ import annotations

from scripts.database_doc import OUT, document
from tests.conftest import Database


def test_the_document_is_that_of_this_database(database: Database):
    assert OUT.read_text() == document(database.url()), "run scripts/database_doc.py"


def test_every_table_and_view_says_what_it_is(database: Database):
    silent = database.ask(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'gis'::regnamespace"
        " AND obj_description(oid) IS NULL"
    )
    assert silent == []
