"""The six-step method (六步工作法): what each unit has done, since when and with what proof; beside it what the record says.

Clause: 融政规〔2022〕6号 二(一)3(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gis_service.bulletins.count import Tally, houses
from gis_service.bulletins.progress import Share, shares
from gis_service.db.queries import statement
from gis_service.db.refusal import Known, facts_of, is_denied
from gis_service.errors import ForbiddenError, InputError

STEPS = {
    "team": ("组建团队", "team"), "publicity": ("宣传动员", "publicity"), "training": ("开展培训", "training"),
    "survey": ("全面摸底", "survey"), "sort": ("分类核实", "sorting"), "control": ("初步风险管控", "first controls"),
}  # fmt: skip
# What the record itself says of a step: the share of operating houses judged, and of hazards under control.
RECORDED = {"survey": "judge", "control": "control"}


@dataclass(frozen=True)
class Progress:
    """What a unit says of a step, and what the record says of it; ``share`` is None where the record says nothing."""

    done_on: date | None
    proof: str | None
    account: str | None
    share: Share | None


@dataclass(frozen=True)
class Unit:
    """A reporting unit with its six steps, by name of the step."""

    code: str
    name: str
    steps: dict[str, Progress]


def progress(connection: Connection, day: date) -> list[Unit]:
    """Return the steps of the units that the asker may see, as of a day; a step that was done later is not done."""
    said = {(r["unit"], r["step"]): r for r in connection.execute(text(statement("tables.steps"))).mappings()}
    tally = Tally(houses(connection, day))
    found = []
    for unit in connection.execute(text(statement("tables.units"))).mappings():
        mine = shares(tally, unit["code"])
        steps = {}
        for step in STEPS:
            row = said.get((unit["code"], step))
            known = row is not None and row["done_on"] is not None and row["done_on"] <= day
            steps[step] = Progress(
                row["done_on"] if row is not None and known else None, row["proof"] if row is not None and known else None,
                row["account"] if row is not None and known else None, mine[RECORDED[step]] if step in RECORDED else None,
            )  # fmt: skip
        found.append(Unit(unit["code"], unit["name"], steps))
    return found


def say(connection: Connection, unit_code: str, step: str, done_on: date | None, proof: str) -> int:
    """Record what a unit has done of a step, or take it back without a day; return its number. The caller commits.

    Raises
    ------
    InputError
        There is no such unit, or the day has not come.
    ForbiddenError
        It is another's unit, or the asker's role records no steps.

    """
    values: dict[str, Any] = {"unit_code": unit_code, "step": step, "done_on": done_on, "proof": proof}
    try:
        with connection.begin_nested():
            return int(connection.execute(text(statement("tables.say_step")), values).scalar_one())
    except DBAPIError as error:
        if is_denied(error):
            raise ForbiddenError(
                "您的账号不能填报这个单位的六步工作法。", "Your account may not record the steps of this unit."
            ) from error
        facts = facts_of(error)
        if facts is None:
            raise
        zh, en = {
            "unit": (
                f"没有代码为 {unit_code} 的乡镇或填报单位；请从列表选。",
                f"There is no unit {unit_code}; take one of the list.",
            ),
            "future": (
                "{day} 还没有到（今天是 {today}）；请填完成的日期。",
                "{day} has not come (today is {today}); give the day it was done.",
            ),
        }[facts["code"]]
        raise InputError(zh.format_map(Known(facts)), en.format_map(Known(facts))) from error
