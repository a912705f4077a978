"""May a house be used for business: paper cases, and the county's list against a second reading in SQL."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gis_service.record.business import verdict
from tests.conftest import Database

DAY, DUE = date(2022, 9, 26), date(2022, 9, 25)
SOUND: dict[str, Any] = {
    "hazard_tier": "none_found", "tier_on": date(2022, 7, 1), "appraisal_grade": "A", "grade_on": date(2022, 8, 1),
    "alterations": [], "altered_on": None, "violations": [], "removed_on": None, "appraise_by": DUE,
}  # fmt: skip
_CASES: dict[str, tuple[dict[str, Any], date, str, set[str]]] = {
    "sound and passed": ({}, DAY, "yes", {"passed"}),
    "grade C": ({"appraisal_grade": "C"}, DAY, "no", {"grade"}),
    "grade D": ({"appraisal_grade": "D"}, DAY, "no", {"grade"}),
    "no appraisal, the deadline is over": ({"appraisal_grade": "unknown", "grade_on": None}, DAY, "no", {"deadline"}),
    "no appraisal, on the last day": ({"appraisal_grade": "unknown", "grade_on": None}, DUE, "unknown", {"before_deadline"}),
    "no appraisal and no deadline": (
        {"appraisal_grade": "unknown", "grade_on": None, "appraise_by": None}, DAY, "unknown", {"not_appraised"},
    ),
    "altered after the appraisal": (
        {"alterations": ["add_storey"], "altered_on": date(2022, 8, 2)}, DAY, "no", {"deadline"},
    ),
    "altered on the day of the appraisal": (
        {"alterations": ["add_storey"], "altered_on": date(2022, 8, 1)}, DAY, "yes", {"passed"},
    ),
    "altered, nobody knows when": ({"alterations": ["add_storey"]}, DAY, "unknown", {"alteration_undated"}),
    "a hazard, appraised B after it": ({"hazard_tier": "some", "appraisal_grade": "B"}, DAY, "yes", {"passed"}),
    "a hazard found after the appraisal": (
        {"hazard_tier": "severe", "tier_on": date(2022, 8, 2)}, DAY, "no", {"passed", "hazard"},
    ),
    "not judged": ({"hazard_tier": "unjudged", "tier_on": None}, DAY, "unknown", {"passed", "unjudged"}),
    "a violation": ({"violations": ["construction", "land"]}, DAY, "no", {"passed", "violation"}),
    "violations not surveyed": ({"violations": None}, DAY, "unknown", {"passed", "violations_unknown"}),
    "gone": ({"removed_on": DAY}, DAY, "no", {"passed", "removed"}),
}  # fmt: skip


@pytest.mark.parametrize("what", _CASES)
def test_paper_cases(what: str):
    more, day, answer, codes = _CASES[what]
    made = verdict(SOUND | more, day)
    assert (made.answer, {reason.code for reason in made.reasons}) == (answer, codes)
    order = ["no", "unknown", "yes"]
    assert [order.index(r.says) for r in made.reasons] == sorted(order.index(r.says) for r in made.reasons)
    assert all(reason.zh and reason.en for reason in made.reasons)


def test_a_control_in_force_forbids():
    made = verdict(SOUND, DAY, ["停止使用"])
    assert (made.answer, made.reasons[0].zh) == ("no", "管控措施在执行：停止使用")


def test_the_county_s_list(whole_database: Database, tmp_path: Path):
    out = tmp_path / "list.csv"
    said = whole_database.cli("record", "business", "--out", out)
    assert said.code == 0, said.err
    with out.open(encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 4028
    # Read a second time, in SQL, of the columns that the database keeps.
    no = whole_database.one(
        """SELECT count(*) FROM gis.building AS b WHERE use_class <> 'other' AND (
             appraisal_grade IN ('C', 'D') OR cardinality(violations) > 0
             OR hazard_tier IN ('severe', 'some') AND NOT (
                 appraisal_grade IN ('A', 'B')
                 AND (SELECT max(judged_on) FROM gis.judgement AS j WHERE j.building_id = b.building_id AND kind = 'appraisal')
                     >= greatest(altered_on, (SELECT max(judged_on) FROM gis.judgement AS j
                                              WHERE j.building_id = b.building_id AND kind = 'preliminary'))))"""
    )
    assert sum(row["能否用作经营"] == "不可以" for row in rows) == no > 400
    # Before the deadline of 25 September nobody is refused for want of an appraisal alone.
    assert not any("期限" in row["原因"] and row["能否用作经营"] == "不可以" and "已过" in row["原因"] for row in rows)
    assert all(row["原因"] for row in rows)
    assert not {"户主", "电话"} & set(rows[0])
