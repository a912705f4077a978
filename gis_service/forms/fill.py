"""What stands in a sheet already: of cases those that are open, so that nobody copies numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gis_service.cases import find
from gis_service.cases import rules as case_rules
from gis_service.export.mark import Mark
from gis_service.forms.columns import Name, columns
from gis_service.forms.read import Read
from gis_service.forms.write import ROWS_MAX, write_form


def write_template(connection: Connection, name: Name, path: Path, mark: Mark, unit: str | None = None) -> int:
    """Write an empty sheet, of cases with the asker's open ones (of a unit); return how many rows stand in it."""
    rows: list[list[Any]] = []
    if name == "cases":
        found = find.listed(connection, find.Filter(unit=unit), ROWS_MAX).rows
        rows = [[row["case_id"], row["building_id"]] for row in found if row["state"] != "cleared"]
    write_form(name, columns(name, case_rules.rules(connection)), rows, path, mark)
    return len(rows)


def write_back(told: Read, path: Path, mark: Mark) -> None:
    """Write the rows of a sheet that cannot be used, as they came, each with its reason."""
    bad = [(row, fault) for row, fault in zip(told.rows, told.faults, strict=True) if fault]
    write_form(told.name, told.columns, [row for row, _ in bad], path, mark, [fault for _, fault in bad])
