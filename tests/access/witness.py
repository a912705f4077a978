"""What each asker should see, written a second time: plain conditions, asked as the superuser, whom no policy binds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

import psycopg2

from gis_service.db.places import PLACES
from gis_service.identity import Identity, Role
from tests.conftest import Database

ADMINISTRATOR = Identity("anna", Role.ADMINISTRATOR)
PLANNER = Identity("ping", Role.PLANNER)
FIRE = Identity("huo", Role.FIRE)
AUDITOR = Identity("shen", Role.AUDITOR)
TOWN = Identity("town", Role.TOWNSHIP, "451224100")
OTHER_TOWN = Identity("other", Role.TOWNSHIP, "451224201")
VILLAGE = Identity("cun", Role.VILLAGE, "451224100001")
POLICE = Identity("gongan", Role.DEPARTMENT, department="police")
HEALTH = Identity("weisheng", Role.DEPARTMENT, department="health")
PLACELESS = Identity("lost", Role.TOWNSHIP)
NOWHERE = Identity("nowhere", Role.TOWNSHIP, "999999999")
IDLE = Identity("idle", Role.DEPARTMENT)

COUNTY = [ADMINISTRATOR, PLANNER, FIRE, AUDITOR]
BOUND = [TOWN, OTHER_TOWN, VILLAGE, POLICE, HEALTH]
EMPTY = [PLACELESS, NOWHERE, IDLE]
EVERYBODY = COUNTY + BOUND + EMPTY


def name(asker: object) -> str:
    """What a test is called after."""
    return asker.account if isinstance(asker, Identity) else str(asker)


def own(asker: Identity) -> str:
    """The condition on ``b``, a building."""
    if asker in COUNTY:
        return "true"
    if asker.role is Role.DEPARTMENT:
        return f"'{asker.department}' = ANY (b.departments)" if asker.department else "false"
    column = "unit_code" if asker.role is Role.TOWNSHIP else "village_code"
    return f"b.{column} IS NOT DISTINCT FROM '{asker.place}'" if asker.place else "false"


# What tells nothing of one house.
FOR_ALL = {place.name for place in PLACES.values() if place.for_all}
# Tables that a place or a department reads and that are not asked here, each with the tests that do.
ELSEWHERE = {
    "deployment": "tests/db/test_catalogue.py",
    "run": "tests/access/test_rows.py",
    "building_person": "tests/access/test_rows.py",
    "job": "sql/tests/0018_jobs.sql",
    "job_line": "sql/tests/0018_jobs.sql",
    **dict.fromkeys(("code", "round", "round_deadline", "institution"), "sql/tests/0016_record.sql"),
    **dict.fromkeys(("case_rule", "control_rule"), "tests/cases/test_rules.py"),
    "cleared_count": "tests/cases/test_counts.py",
    **dict.fromkeys(("plate", "plate_setting"), "sql/tests/0028_plates.sql"),
    "plate_withdrawal": "sql/tests/0035_plate_withdrawal.sql",
    **dict.fromkeys(("paper_template", "letter", "letter_done"), "sql/tests/0027_notices.sql"),
    **dict.fromkeys(("signer", "signed_content", "signature", "signature_page"), "sql/tests/0026_signatures.sql"),
    **dict.fromkeys(("snapshot", "snapshot_house", "assessment_item"), "tests/bulletins/test_snapshots.py"),
    "work_step": "sql/tests/0030_work_steps.sql",
    "duty": "tests/duties/test_duties.py",
    "patrol_rule": "tests/duties/test_duties.py",
    "enforcement": "tests/enforcement/test_enforcement.py",
    "proposal_decision": "tests/visits/test_visits.py",
    "judgement_confirmation": "tests/record/test_judge.py",
    "fire_site": "sql/tests/0011_fire_records.sql",
    "fire_plan": "sql/tests/0011_fire_records.sql",
    "fire_drill": "sql/tests/0011_fire_records.sql",
    "fire_patrol": "sql/tests/0011_fire_records.sql",
    **dict.fromkeys(("plan", "plan_version", "plan_team", "plan_stop", "plan_unplanned"), "sql/tests/0017_plans.sql"),
}
_KEYS = {"drawn_area": "area_id", "judgement": "judgement_id", "import_row": "import_id || '/' || building_id", "case": "case_id", "case_event": "event_id", "attachment": "sha256 || building_id", "visit": "visit_id", "proposal": "proposal_id", "enforcement_house": "enforcement_id || '/' || building_id", "enforcement_finding": "finding_id", "house_notice": "notice_id", "house_service": "notice_id", "burn_cluster": "run_id || '/' || burn_cluster_id",
         "selection": "run_id || '/' || building_id"}  # fmt: skip


_kept: dict[tuple[str, Identity | None, str], frozenset[object]] = {}


@dataclass(frozen=True)
class Witness:
    """The rows of every table that an asker should see, by the table's key."""

    database: Database
    asker: Identity

    def keys(self, table: str) -> frozenset[object]:
        """The keys of the rows of ``table``."""
        if table in _GROWING or not self._is_shared:
            (found,) = self._ask([self._rows(table)])
            return found
        if self._at(table) not in _kept:
            tables = [name for name in TABLES if name not in _GROWING] if self.asker not in COUNTY else [table]
            all_ = self._ask([self._rows(name) for name in tables])
            _kept.update(zip(map(self._at, tables), all_, strict=True))
        return _kept[self._at(table)]

    def selected(self, run: int) -> frozenset[object]:
        """The keys of the rows of a list that is published: nobody changes it any more."""
        return self._once(f"selection {run}", f"{self._rows('selection')} AND t.run_id = {int(run)}")

    def houses(self) -> frozenset[object]:
        """The numbers of the houses."""
        return self._once("houses", f"SELECT b.building_id FROM gis.building AS b WHERE {own(self.asker)}")

    @property
    def _is_shared(self) -> bool:
        """Whether this is the analysed county, to which tests add nothing but what grows: it is asked once."""
        return self.database.name.startswith("analysed")

    def _at(self, what: str) -> tuple[str, Identity | None, str]:
        # Whoever sees all sees the same.
        return self.database.name, None if self.asker in COUNTY else self.asker, what

    def _once(self, what: str, sql: str) -> frozenset[object]:
        if not self._is_shared:
            (found,) = self._ask([sql])
            return found
        if self._at(what) not in _kept:
            (_kept[self._at(what)],) = self._ask([sql])
        return _kept[self._at(what)]

    def _rows(self, table: str) -> str:
        condition = "true" if self.asker in COUNTY else _conditions(self.asker)[table]
        return f"SELECT {_KEYS.get(table, 'fid')} FROM gis.{table} AS t WHERE ({condition})"

    def _ask(self, statements: Iterable[str]) -> list[frozenset[object]]:
        # What is a house of one's own is worked out once and kept, so that the witness is quick enough to be asked.
        mine = (
            f"CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT b.* FROM gis.building AS b WHERE {own(self.asker)};"
            "CREATE INDEX ON mine (building_id); CREATE INDEX ON mine USING gist (geom); ANALYZE mine;"
            "CREATE TEMP TABLE near ON COMMIT DROP AS SELECT DISTINCT d.run_id, d.cluster_id "
            "FROM gis.building_density AS d JOIN mine USING (building_id) WHERE d.cluster_id IS NOT NULL"
        )
        with closing(psycopg2.connect(self.database.url("postgres"))) as connection, connection.cursor() as cursor:
            made, found = False, []
            for sql in statements:
                if not made and re.search(r"\b(mine|near)\b", sql):
                    cursor.execute(mine)
                    made = True
                cursor.execute(sql)
                found.append(frozenset(key for (key,) in cursor.fetchall()))
            return found


# Tests add rows to these.
_GROWING = {"selection", "drawn_area"}


def _conditions(asker: Identity) -> dict[str, str]:
    house = "t.building_id IN (SELECT building_id FROM mine)"
    either = " OR ".join(f"t.building_{x} IN (SELECT building_id FROM mine)" for x in "ab")
    cluster = "(t.run_id, t.cluster_id) IN (SELECT run_id, cluster_id FROM near)"
    place = "false"
    if asker.role is Role.DEPARTMENT:
        place = str(asker.department is not None)
    elif asker.place:
        place = f"ST_Intersects(t.geom, (SELECT geom FROM gis.admin_area WHERE code = '{asker.place}'))"
    everything = dict.fromkeys(FOR_ALL, "true")
    return everything | {
        "building": house,
        "judgement": house,
        **dict.fromkeys(
            (
                "case",
                "case_event",
                "attachment",
                "visit",
                "proposal",
                "enforcement_house",
                "enforcement_finding",
                "house_notice",
                "house_service",
            ),
            house,
        ),
        "import_row": house,
        "building_density": house,
        "selection": house,
        "gap": either,
        "firebreak": either,
        "cluster": cluster,
        "engine_space": cluster,
        "alley": f"{cluster} OR EXISTS (SELECT FROM mine AS m WHERE ST_DWithin(m.geom, t.geom, 2.1))",
        "burn_cluster": "(t.run_id, t.burn_cluster_id) IN (SELECT d.run_id, d.burn_cluster_id FROM "
        "gis.building_density AS d JOIN mine USING (building_id))",
        "drawn_area": place,
    }


TABLES = sorted(_conditions(TOWN))
