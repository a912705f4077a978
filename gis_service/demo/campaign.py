"""The campaign as it may have gone in the simulated county: who did what on which day, until the day of the notice.

Everything is drawn from a seed and the county's own cases and judgements. No tier changes: the reviews confirm what was
judged, so that annex 1 of the last day stays that of the notice. That many houses have no control yet is the notice's own
finding (二: 未开展管控工作).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from gis_service.identity import Identity, Role

SEED = 20220908
PREFIX = "sim."
"""Accounts of the simulated people; nobody can sign in as one."""
COUNTY = Identity(f"{PREFIX}county", Role.PLANNER)
FIRE = Identity(f"{PREFIX}fire", Role.FIRE)
_LODGING = ("投亲靠友", "村委会安置点", "租房安置")
_SCOPE = ("整栋", "一层商铺", "二层以上", "后院加建部分")
_REPORTED = 0.2
"""Share of the severe houses that a technician judged again upon a visit: whoever reported it is rewarded."""
_WORKS = ("reinforce", "reinforce", "reinforce", "demolish_rebuild")


@dataclass(frozen=True)
class Deed:
    """Something done on a day: a visit, a step of a case, a review, or the word on a proposal."""

    on: date
    who: Identity
    act: Literal["visit", "step", "review", "decide"]
    house: str
    case_id: int | None = None
    kind: str = ""
    what: str = ""
    said: dict[str, Any] = field(default_factory=dict)
    photographs: int = 0
    refers: str = ""
    """Kind of the last event of the case to refer to."""
    visited: date | None = None
    """Day of the visit that a review came of."""


def township(unit: str, n: int = 1) -> Identity:
    """Return one of a unit's people."""
    return Identity(f"{PREFIX}{unit}.{n}", Role.TOWNSHIP, unit)


def department(code: str) -> Identity:
    """Return a department's person."""
    return Identity(f"{PREFIX}{code}", Role.DEPARTMENT, department=code)


def course(house: dict[str, Any], last: date) -> list[Deed]:
    """Return what was done about one house, in order of time, up to ``last``.

    Parameters
    ----------
    house
        A row of ``campaign.houses``: number, unit, departments, tier, the day of its judgement, people, and its case.

    """
    rng = np.random.default_rng([SEED, house["number"]])
    deeds = list(_visits(house, rng))
    if house["case_id"] is not None:
        deeds += _steps(house, rng, last)
    return [deed for deed in deeds if deed.on <= last]


def _visits(house: dict[str, Any], rng: np.random.Generator) -> Iterator[Deed]:
    day, unit = house["judged_on"], house["unit_code"]
    who = township(unit, int(rng.integers(1, 4)))
    if rng.random() < 0.12:
        yield Deed(
            day - timedelta(days=int(rng.integers(1, 6))),
            who,
            "visit",
            house["building_id"],
            said={"outcome": "absent"},
        )
    answers = {}
    if rng.random() < 0.12 and house["people"]:
        answers["people"] = int(house["people"]) + int(rng.integers(1, 5))
    shots = 1 if house["case_id"] is not None and rng.random() < 0.3 else 0
    said = {"outcome": "visited", "found": house["tier"], "answers": answers}
    yield Deed(day, who, "visit", house["building_id"], said=said, photographs=shots)
    fate = rng.random()
    if answers and fate < 0.7:
        on = day + timedelta(days=int(rng.integers(1, 8)))
        yield Deed(on, township(unit, 4), "decide", house["building_id"], said={"accepted": bool(fate < 0.5)})
    # Of lots of its own: what else is drawn for the house stays as it was.
    lots = np.random.default_rng([SEED, house["number"], 1])
    if house["tier"] == "severe" and lots.random() < _REPORTED:
        said = {"tier": "severe", "judge": "技术人员（模拟）", "reason": "根据网格员到访上报复核（模拟）"}
        yield Deed(
            day + timedelta(days=int(lots.integers(0, 3))),
            COUNTY,
            "review",
            house["building_id"],
            said=said,
            visited=day,
        )


class _Calendar:
    """The day on which the next thing happens."""

    def __init__(self, first: date, rng: np.random.Generator) -> None:
        self.day, self._rng = first, rng

    def later(self, least: int, most: int) -> date:
        self.day += timedelta(days=int(self._rng.integers(least, most + 1)))
        return self.day


def _steps(house: dict[str, Any], rng: np.random.Generator, last: date) -> list[Deed]:
    """Return the steps of a house's case: controls, plan, works, acceptance, clearance, each reached by some."""
    case_id, unit, severe = house["case_id"], house["unit_code"], house["tier"] == "severe"
    made: list[Deed] = []

    def add(
        on: date, who: Identity, kind: str, what: str = "", photographs: int = 0, refers: str = "", **said: Any
    ) -> None:
        made.append(Deed(on, who, "step", house["building_id"], case_id, kind, what, said, photographs, refers))

    one, other = township(unit, 1), township(unit, 2)
    calendar = _Calendar(house["opened_on"], rng)
    _controls(house, rng, add, calendar)
    if house["operating"]:
        _trade(house, rng, add, calendar)
    if rng.random() > (0.75 if severe else 0.45):
        return made
    due = house["deadline"] or last + timedelta(days=60)
    plan = {"fenced": bool(severe), "no_appraisal_reason": "已委托，等待鉴定报告"}
    if not severe:
        plan["no_fence_reason"] = "一般隐患，已限制使用范围"
    if house["appraised_on"]:
        plan.pop("no_appraisal_reason")
    add(
        calendar.later(2, 9),
        one,
        "plan",
        reason="一栋一策：先管控，后加固或拆除",
        responsible="分管副乡（镇）长",
        until=due,
        given=plan,
    )
    if rng.random() < 0.8:
        add(calendar.later(1, 4), COUNTY, "file", given={"number": f"备〔2022〕{case_id}号"})
    if rng.random() < 0.08:
        add(calendar.later(1, 3), one, "ask_extension", until=due + timedelta(days=45), reason="雨季不能施工")
        if rng.random() < 0.6:
            add(calendar.later(1, 3), COUNTY, "grant_extension", refers="ask_extension")
    if house["appraisal_grade"] in ("A", "B") and house["appraised_on"] >= house["opened_on"] and not house["altered"]:
        calendar.day = max(calendar.day, house["appraised_on"])
        add(calendar.later(1, 4), one, "submit_clearance", "appraisal", given={"record_changes": False})
        if rng.random() < 0.7:
            add(calendar.later(1, 4), COUNTY, "approve_clearance")
        return made
    if rng.random() < 0.6:
        _works(rng, add, calendar, one, other)
    return made


def _controls(house: dict[str, Any], rng: np.random.Generator, add: Any, calendar: _Calendar) -> None:
    """Take the controls at once, more often for severe hazards; many houses have none, as the notice found."""
    severe, one = house["tier"] == "severe", township(house["unit_code"], 1)
    eager = (0.9, 0.75, 0.6) if severe else (0.4, 0.15, 0.05)
    if rng.random() < eager[0]:
        add(calendar.later(0, 2), one, "measure", "stop_use", given={"scope": str(rng.choice(_SCOPE))})
    if rng.random() < eager[1]:
        lodged = {"people": int(house["people"] or 3), "lodging": str(rng.choice(_LODGING)), "around": severe}
        add(calendar.day, one, "measure", "evacuate", given=lodged)
    if rng.random() < eager[2]:
        add(calendar.day, one, "measure", "cordon", given={"scope": "房屋四周", "signs": 2, "patrol_days": 7})


def _trade(house: dict[str, Any], rng: np.random.Generator, add: Any, calendar: _Calendar) -> None:
    """Departments give notice; a business is stopped with them, and looked at without notice afterwards."""
    if house["departments"] and rng.random() < 0.35:
        office = department(str(house["departments"][0]))
        due = calendar.day + timedelta(days=30)
        add(
            calendar.day, office, "notice", "appraise", until=due, given={"number": f"鉴通〔2022〕{house['case_id']}号"}
        )
    if rng.random() < 0.35:
        add(calendar.day, township(house["unit_code"], 1), "stop_business", given={"with_unit": "行业主管部门"})
        found = "open" if rng.random() < 0.15 else "closed"
        reason = {"reason": "检查时仍在营业，已当场制止"} if found == "open" else {}
        add(
            calendar.day + timedelta(days=int(rng.integers(4, 9))),
            township(house["unit_code"], 3),
            "check_business",
            found,
            **reason,
        )


def _works(rng: np.random.Generator, add: Any, calendar: _Calendar, one: Identity, other: Identity) -> None:
    add(calendar.later(1, 5), one, "start", given={"contractor": "丁建设工程公司（模拟）"})
    add(
        calendar.later(0, 3),
        one,
        "measure",
        str(rng.choice(_WORKS)),
        given={"scope": "承重墙、梁柱", "cost_10k": float(rng.integers(2, 15))},
    )
    if rng.random() < 0.3:
        add(calendar.later(3, 8), one, "stage_acceptance", reason="基础、主体加固已验收")
    if rng.random() < 0.45:
        add(calendar.later(4, 14), one, "submit_acceptance", responsible="county")
        fate = rng.random()
        if fate < 0.15:
            add(calendar.later(1, 3), COUNTY, "return", reason="缺整改后照片，请补充")
        elif fate < 0.8:
            add(calendar.later(1, 3), COUNTY, "approve_acceptance")
            if rng.random() < 0.7:
                add(calendar.later(1, 4), other, "submit_clearance", "works", 2, given={"record_changes": False})
                if rng.random() < 0.75:
                    add(calendar.later(1, 3), COUNTY, "approve_clearance")
