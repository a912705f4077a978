"""Named SQL: ``query("ingest.stage")`` is the statement under ``-- name: stage`` in ``sql/queries/ingest.sql``.

Statements hold ``%(name)s`` for values, which the driver binds, and ``{name}`` for table and column names, which
come from this program's own lists and are quoted by ``psycopg2.sql``. ``{{label}}`` is the statement of that label in the
same file, so that what two ask stands once. ``tiles.place`` is a template: from it each table
of ``db.places`` whose tiles are plain has a statement under its layer's name.
"""

from __future__ import annotations

import re
from functools import lru_cache

from psycopg2 import sql

from gis_service.settings import ROOT

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_WITHIN = re.compile(r"\{\{(\w+)\}\}")


@lru_cache(maxsize=32)
def _file(name: str) -> dict[str, str]:
    pieces = _NAME.split((ROOT / "sql" / "queries" / f"{name}.sql").read_text())
    found = {label: body.strip().rstrip(";") for label, body in zip(pieces[1::2], pieces[2::2], strict=True)}
    found = {label: _WITHIN.sub(lambda other: found[other[1]], body) for label, body in found.items()}
    if name == "tiles":
        # The models take a command as long to load as all else that it needs.
        from gis_service.db.places import tile_statements

        found |= tile_statements(found.pop("place"))
    return found


def statement(name: str) -> str:
    """Return the text of the named statement, for SQLAlchemy's ``text`` (values as ``:name``)."""
    file, label = name.split(".")
    return _file(file)[label]


def part(text: str) -> str:
    """Return the pattern of LIKE and ILIKE for texts that hold ``text``, letter by letter."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def query(name: str) -> sql.SQL:
    """Return the named statement for psycopg2."""
    return sql.SQL(statement(name))
