"""Write docs/database.md from a migrated database: tables, columns, keys, and the comments of sql/comments.sql.

python scripts/database_doc.py ADDRESS           an address as ``gis-service db url --role owner`` prints it
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg2

from gis_service.db.places import PLACES

OUT = Path(__file__).resolve().parent.parent / "docs" / "database.md"
HEAD = """# The database

Schema `gis`; made from a migrated database by `scripts/database_doc.py`, and a test holds it so. What a table or a
column means is written once, in `sql/comments.sql`. `geom` is in the work CRS and has a GiST index; who may read which
rows is in [architecture.md](architecture.md).

"""
# Bookkeeping of the program itself says nothing of houses and is left out of the picture.
ROOMS = {
    "Places and houses": [*(place.name for place in PLACES.values() if not place.of_run), "building_person"],
    "The record of a house": ["round", "round_deadline", "judgement", "judgement_confirmation", "institution", "code"],
    "Visits and photographs": ["visit", "proposal", "proposal_decision", "attachment"],
    "Cases": ["case", "case_event", "case_rule", "control_rule", "cleared_count"],
    "Notices and letters": ["house_notice", "house_service", "paper_template", "letter", "letter_done"],
    "Sign-off": ["signer", "signature", "signed_content", "signature_page"],
    "Duties": ["duty", "patrol_rule"],
    "QR plates": ["plate", "plate_withdrawal", "plate_setting", "plate_scan"],
    "Joint enforcement": ["enforcement", "enforcement_house", "enforcement_finding"],
    "Bulletins": ["snapshot", "snapshot_house", "assessment_item", "work_step"],
    "Runs": ["run", "selection", "gap", "alley", "cluster", "building_density", "engine_space", "burn_cluster",
             "firebreak", "analysed"],
    "Inspection plans": ["plan", "plan_version", "plan_team", "plan_stop", "plan_day", "plan_unplanned", "plan_edit"],
    "The brigade's records": ["fire_site", "fire_plan", "fire_drill", "fire_patrol"],
    "Imports": ["import", "import_row", "reject", "change"],
    "Accounts": ["account", "session", "token", "sign_in_attempt", "known_browser", "audit_trail",
                 "audit_head"],
    "Jobs": ["job", "job_line"],
    "Deployment": ["deployment", "migration", "data_step"],
}  # fmt: skip
COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(d.description, '')
FROM pg_attribute AS a LEFT JOIN pg_description AS d ON d.objoid = a.attrelid AND d.objsubid = a.attnum
     AND d.classoid = 'pg_class'::regclass
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
KEYS = """
SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'gis'::regnamespace ORDER BY 1, 2
"""
# Kept by building_id without a constraint: a run's rows outlive a house, and a house's those of a run.
BY_NUMBER = ("selection", "building_density", "gap", "firebreak", "plan_stop", "plan_unplanned")


def document(address: str) -> str:
    """Return the text of docs/database.md.

    Raises
    ------
    SystemExit
        A table belongs to no part of the document.

    """
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT relname, coalesce(obj_description(oid), '') FROM pg_class WHERE relkind = 'r' "
                       "AND relnamespace = 'gis'::regnamespace ORDER BY 1")  # fmt: skip
        tables = dict(cursor.fetchall())
        known = {name for names in ROOMS.values() for name in names}
        if known != set(tables):
            raise SystemExit(f"scripts/database_doc.py, ROOMS: put {sorted(known ^ set(tables))} in or out")
        cursor.execute(KEYS)
        keys = [(a.removeprefix("gis."), b.removeprefix("gis.")) for a, b in cursor.fetchall()]
        lines = ["```mermaid", "erDiagram"]
        lines += [f'    {b.strip(chr(34))} ||--o{{ {a.strip(chr(34))} : ""' for a, b in keys]
        lines += [f'    building ||..o{{ {name} : "building_id"' for name in BY_NUMBER]
        lines += ["```", ""]
        for room, names in ROOMS.items():
            lines += [f"## {room}", ""]
            for name in names:
                lines += [
                    f"### {name}",
                    "",
                    tables[name],
                    "",
                    "| column | type | null | meaning |",
                    "|---|---|---|---|",
                ]
                cursor.execute(COLUMNS, (f'gis."{name}"',))
                for column, kind, required, meaning in cursor.fetchall():
                    lines.append(f"| {column} | {kind} | {'' if required else 'yes'} | {meaning.replace('|', '/')} |")
                lines.append("")
    return HEAD + "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    OUT.write_text(document(sys.argv[1]))
