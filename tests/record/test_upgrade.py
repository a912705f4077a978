"""A database of the version before the record is upgraded: every value is carried over as a judgement, nothing is lost.

``before_0016.dump`` is what ``gis-service db backup`` of that version wrote: sixty simulated houses in two townships and
a reporting unit, with tiers, grades, a selection and an account.
"""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Database

DUMP = Path(__file__).with_name("before_0016.dump")
# What the script that filled it gave the houses, by k % 6; the first six got other tiers by a second import.
TIERS = ["severe", "some", "none_found", "unjudged", "none_found", "some"]
GRADES = ["D", "B", "unknown", "unknown", "A", "C"]
AGAIN = ["some", "some", "none_found", "none_found", "none_found", "severe"]


def test_an_older_database_is_upgraded_with_all_that_it_holds(database: Database):
    said = database.cli("db", "restore", DUMP, "--yes")
    assert said.code == 0, said.err
    tiers = [AGAIN[k] if k < 6 else TIERS[k % 6] for k in range(60)]
    grades = [GRADES[k % 6] for k in range(60)]
    found = database.ask("SELECT building_id, hazard_tier, appraisal_grade FROM gis.building ORDER BY building_id")
    assert found == [(f"T{k:02d}", tiers[k], grades[k]) for k in range(60)]
    carried = database.ask(
        "SELECT building_id, kind, coalesce(tier, grade), source, judged_on::text, account FROM gis.judgement ORDER BY 1, 2"
    )
    wanted = [
        (f"T{k:02d}", kind, value, "carried over", "2022-09-08", None)
        for k in range(60)
        for kind, value in (("appraisal", grades[k]), ("preliminary", tiers[k]))
        if value not in {"unknown", "unjudged"}
    ]
    assert carried == wanted
    # A unit's houses are its own; all others follow their township. What the survey did not ask is not surveyed.
    assert database.ask("SELECT unit_code, count(*) FROM gis.building GROUP BY 1 ORDER BY 1") == [
        ("451224100", 27), ("451224101", 15), ("451224U01", 18),
    ]  # fmt: skip
    assert database.one("SELECT count(*) FROM gis.building WHERE violations IS NOT NULL OR land IS NOT NULL") == 0
    assert database.ask("SELECT DISTINCT built_period, built_year FROM gis.building WHERE built_year IS NOT NULL") == [
        ("2013年", 2013)
    ]
    assert database.one("SELECT count(*) FROM gis.building_person") == 60
    assert database.one("SELECT count(*) FROM gis.account WHERE name = 't.town'") == 1
    # The tables of the day count what was carried over, and go on from there.
    before = database.one("SELECT count(*) FROM gis.building WHERE use_class <> 'other' AND hazard_tier <> 'unjudged'")
    assert database.one(
        "SELECT count(*) FROM gis.building AS b CROSS JOIN LATERAL gis.in_force(b.building_id, '{preliminary}', "
        "'2022-09-08') AS j WHERE b.use_class <> 'other'"
    ) == before  # fmt: skip
    said = database.cli("record", "judge", "T03", "--tier", "severe", "--on", "2022-09-08", lang="zh")
    assert said.code == 0, said.err
    assert database.one("SELECT hazard_tier FROM gis.building WHERE building_id = 'T03'") == "severe"


def test_a_backup_of_the_upgraded_one_comes_back(database: Database, tmp_path: Path):
    assert database.cli("db", "restore", DUMP, "--yes").code == 0
    file = tmp_path / "new.dump"
    assert database.cli("db", "backup", file).code == 0
    before = database.counts()
    assert database.cli("db", "restore", file, "--yes").code == 0
    after = database.counts()
    assert after.pop("version") > before.pop("version"), "past all that browsers and caches have seen"
    assert after == before | {"audit_trail": before["audit_trail"] + 1}
    assert database.one("SELECT proowner::regrole::text FROM pg_proc WHERE proname = 'keep_judgements'") == "gis_keeper"
    assert database.one("SELECT count(*) FROM pg_auth_members WHERE roleid = 'gis_keeper'::regrole") == 0
