"""Write docs/cases.md: how a case goes on, with the table of steps as the database has it.

python scripts/cases_doc.py ADDRESS           an address as ``gis-service db url --role owner`` prints it
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg2

from gis_service.cases.rules import FIELDS

OUT = Path(__file__).resolve().parent.parent / "docs" / "cases.md"
HEAD = """# Cases

Made by `scripts/cases_doc.py` from `gis.case_rule` of a migrated database, and a test holds it so. A case is one hazard of one
house being rectified; a bulletin names houses (栋) and hazards (处). What happens to it is an event, and events are only added.

- **Opened** by a judgement of `severe` or `some`, or an appraisal of C or D, that is in force; or by hand. One case of a kind
  is open at a time for a house; a hazard that comes back is a new case with `reopens`. An older judgement that is entered
  late, before the day of the clearance, opens nothing.
- **State**: that of the last event that moved it. 待整治 `pending`, 整治中 `in_progress`, 已验收 `accepted`, 已销号 `cleared`.
- **Deadline**: the first `rectify` deadline of the house's rounds from the day of opening on; a plan may be earlier, an
  extension that is granted later. Overdue: past it, and pending or in progress. Not stored.
- **Review**: one submission waits at a time. Nobody reviews their own; acceptance is reviewed by the unit that the township
  named (`responsible` of `submit_acceptance`: `county`, the house's unit, or one of its departments), a clearance by the county.
- **Clearance** needs its basis, when it is submitted and still when it is approved. Approved as demolished it sets
  `removed_on` of the house.
- **Controls** that a tier and use need, and within how many days, are rows of `gis.control_rule`; what is due and not in force
  is `missing` of `gis.case_card`, and `uncontrolled=true` finds such cases.

A county changes words, roles and fields of a step by `UPDATE gis.case_rule`, and controls by rows of `gis.control_rule`, as
administrator. A step of a case is sent to `POST /api/cases/{case_id}/events`; `GET /api/cases/{case_id}` says under `next`
which steps the asker may take now, `GET /api/case-rules` is this table.

`found_open=true` lists the cases of which the last look found the business open though it is stopped. With operating houses
that have no passed appraisal after the deadline, and with those that have a violation, they are the list for the next joint
enforcement (`/enforcement`): the county plans an action with its day, who leads, departments and houses; what is found at a
house takes it off the list until there is a newer reason. `/work` has what
is to be done by today, by place and person: controls that are due, what is late, checks of stopped businesses, reviews,
patrols (`gis.patrol_rule`), stops of plans, proposals; who has which place is `gis.duty`.

## Steps

*What must be so* names branches of `gis.case_refusal` and `gis.case_fault` in
[sql/migrations/0022_cases.sql](../sql/migrations/0022_cases.sql).

"""
_ASKED = """
SELECT kind, what, zh, en, class, from_state, to_state, roles, needs, takes, checks, clause
FROM gis.case_rule ORDER BY position, kind, what
"""
_CONTROLS = """
SELECT tier, string_agg(use_class, ', ' ORDER BY use_class), measure, days, coalesce(note, ''), coalesce(clause, '')
FROM gis.control_rule GROUP BY tier, measure, days, note, clause ORDER BY tier DESC, measure, 2
"""


def document(address: str) -> str:
    """Return the text of docs/cases.md."""
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(_ASKED)
        lines = [
            "| step | subject | name | after | to | who | needs | takes | what must be so | clause |",
            "|" + "---|" * 10,
        ]
        for kind, what, zh, en, class_, after, to, roles, needs, takes, checks, clause in cursor.fetchall():
            subject = f"`{what}`" + (f" ({class_})" if class_ else "") if what else class_ or ""
            lines.append(
                f"| `{kind}` | {subject} | {zh}, {en} | {', '.join(after) or 'none'} | {to or ''} | {', '.join(roles)} | "
                f"{', '.join(needs)} | {', '.join(takes)} | {', '.join(checks)} | {clause or ''} |"
            )
        lines += ["", "## Fields", "", "| field | words | kind |", "|---|---|---|"]
        lines += [f"| `{name}` | {field.zh}, {field.en} | {field.kind} |" for name, field in FIELDS.items()]
        lines += [
            "",
            "## Controls that are due",
            "",
            "| tier | use | measure | within days | note | clause |",
            "|" + "---|" * 6,
        ]
        cursor.execute(_CONTROLS)
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in cursor.fetchall()]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    OUT.write_text(document(sys.argv[1]))
