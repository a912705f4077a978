"""Check the SQL as SQL: every migration and grant applies to an empty database, every named query can be planned.

Also: no two migrations have one number, and no file but the grants gives rights.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_GRANT = re.compile(r"^\s*(GRANT|REVOKE)\b", re.IGNORECASE | re.MULTILINE)
# Membership of the roles themselves is the ground that the rest stands on.
_MAY_GRANT = {"0001_foundation.sql"}


def _faults() -> list[str]:
    faults = []
    files = sorted((ROOT / "sql" / "migrations").glob("*.sql"))
    numbers = [file.name[:4] for file in files]
    for file in files:
        if not re.match(r"\d{4}_", file.name) or numbers.count(file.name[:4]) > 1:
            faults.append(f"{file.name}: a migration begins with a number of four digits that no other has")
        if _GRANT.search(file.read_text()) and file.name not in _MAY_GRANT:
            faults.append(f"{file.name}: rights belong into sql/grants.sql")
    return faults


def _names() -> list[str]:
    from gis_service.db.queries import _file

    return [
        f"{path.stem}.{name}" for path in sorted((ROOT / "sql" / "queries").glob("*.sql")) for name in _file(path.stem)
    ]


def _plan_queries() -> list[str]:
    """EXPLAIN every query whose parameters are values; those with table names in braces run in the import's tests."""
    from gis_service.db.engine import admin_connection
    from gis_service.db.queries import statement
    from gis_service.db.ready import prepare

    prepare()
    faults = []
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = gis, public")
        for name in _names():
            text = statement(name)
            if (
                "{" in text
                or "%s" in text
                or re.search(r"\b(staged|fresh|arriving|arrived_row)\b", text)
                or text.split()[0] in {"COPY", "LOCK", "ANALYZE", "TRUNCATE"}
            ):
                continue
            bare = re.sub(r"%\(\w+\)s|(?<![:\w]):[a-z_]\w*", "NULL", text)
            try:
                cursor.execute(f"EXPLAIN {bare}")
            except Exception as error:
                faults.append(f"{name}: {str(error).splitlines()[0]}")
    return faults


def main() -> int:
    """Print the faults and return 1 where there are any."""
    faults = _faults()
    with tempfile.TemporaryDirectory(prefix="gis-check-", dir="/tmp") as folder:
        os.environ["GIS_DATA_DIR"] = folder
        Path(folder).chmod(0o755)
        from gis_service.db.server import private_server

        try:
            faults += _plan_queries()
        finally:
            private_server().remove()
    for fault in faults:
        print(fault)
    print(f"SQL: {len(_names())} named queries, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
