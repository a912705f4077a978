"""Every day of the replayed campaign: sentences against a slow count, numbers against their lists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

from gis_service.bulletins.count import Cut
from gis_service.bulletins.period import period
from gis_service.bulletins.snapshot import bulletin, make
from gis_service.bulletins.text import plain
from gis_service.db.engine import transaction
from gis_service.identity import operator
from tests.bulletins.witness import County
from tests.conftest import Database

FIRST, LAST = date(2022, 6, 19), date(2022, 9, 8)
_TIER = {"存在严重安全隐患": "severe", "存在一定安全隐患": "some", "未按初步判定分级": "unrated"}
_STATUS = {"已完成整治": "done", "整治中": "working", "已采取措施、尚未开工整治": "measured", "未采取措施": "untouched"}


def _sentences(body: dict[str, Any]) -> list[str]:
    return [plain(one["parts"]) for one in body["paragraphs"]]


def _one(pattern: str, lines: list[str]) -> re.Match[str]:
    found = [hit for line in lines if (hit := re.search(pattern, line))]
    assert len(found) == 1, (pattern, lines)
    return found[0]


def _bracket(said: str | None) -> list[tuple[str, int]]:
    """Units and numbers of a bracket, in its order."""
    return [(name, int(n)) for name, n in re.findall(r"([^（、]+?)(\d+)栋", said or "")]


def check_day(county: County, names: dict[str, str], day: date) -> Counter[str]:
    """Hold a day's sentences against a slow count; return how many houses of each status they tell of."""
    seen = Counter[str]()
    with transaction(operator(), read_only=True) as connection:
        body, _ = make(connection, period("daily", day, LAST + timedelta(days=1)))
    lines, truth = _sentences(body), county.counted(day)

    said = _one(
        r"经营性自建房（含住宅兼经营）(\d+)栋，已完成技术初步判定(\d+)栋，完成率([\d.]+)%（(\d+)/(\d+)）", lines
    )
    judged = sum(n for (_, unit), n in truth["judged"].items() if unit is None)
    total = truth["operating"][None]
    assert [int(said[k]) for k in (1, 2, 4, 5)] == [total, judged, judged, total], day
    assert said[3] == f"{round(judged * 10000 / total + 1e-9) / 100:.2f}", day
    said = _one(
        r"其中存在严重安全隐患(\d+)栋(（.*?）)?，存在一定安全隐患(\d+)栋(（.*?）)?，未发现安全隐患(\d+)栋", lines
    )
    for n, bracket, tier in ((1, 2, "severe"), (3, 4, "some"), (5, None, "none_found")):
        assert int(said[n]) == truth["judged"][tier, None], (day, tier)
        if bracket is not None:
            units = _bracket(said[bracket])
            assert dict(units) == {
                names[u]: c for (t, u), c in truth["judged"].items() if t == tier and u is not None
            }, (day, tier)
            assert [c for _, c in units] == sorted((c for _, c in units), reverse=True), "the largest first"
    said = _one(r"已完成安全鉴定(\d+)栋.*A级(\d+)栋、B级(\d+)栋、C级(\d+)栋、D级(\d+)栋", lines)
    grades = [truth["graded"][grade, None] for grade in "ABCD"]
    assert [int(said[k]) for k in range(1, 6)] == [sum(grades), *grades], day

    hazards = Counter[Any]()
    for (tier, operating, status, unit), n in truth["hazard"].items():
        hazards[tier, operating, status, unit and names[unit]] += n
    told = Counter[Any]()
    for line in lines:
        head = re.match(r"\d\.(存在.{2}安全隐患|未按初步判定分级)的(经营性|其他)自建房(\d+)栋：(.*)。$", line)
        if head is None:
            continue
        tier, operating = _TIER[head[1]], head[2] == "经营性"
        whole = 0
        for clause in head[4].split("；"):
            of = re.fullmatch(r"(\D+?)(\d+)栋(（.*）)?", clause)
            assert of, clause
            status, units = _STATUS[of[1]], _bracket(of[3])
            if int(of[2]):
                told[tier, operating, status, None] += int(of[2])
            for name, n in units:
                told[tier, operating, status, name] += n
            whole += int(of[2])
            seen[status] += int(of[2])
        assert whole == int(head[3]), line
    assert told == hazards, day
    said = _one(r"存在安全隐患的经营性自建房(\d+)栋，已采取管控措施或者完成整治(\d+)栋", lines)
    at_risk = sum(n for (_, operating, _, unit), n in hazards.items() if operating and unit is None)
    assert (int(said[1]), int(said[2])) == (at_risk, truth["secured"][None]), day
    return seen


def names_of(database: Database) -> dict[str, str]:
    """The names of the units that report, by code."""
    return dict(database.ask("SELECT code, name FROM gis.admin_area WHERE level IN ('township', 'unit')"))


def test_sentences_of_every_day(replayed: Database):
    county, names, seen = County(replayed), names_of(replayed), Counter[str]()
    for ahead in range((LAST - FIRST).days + 1):
        seen += check_day(county, names, FIRST + timedelta(days=ahead))
    assert min(seen[status] for status in _STATUS.values()) > 0, "every state was met on some day"


def test_each_number_opens_its_houses(replayed: Database):
    who = operator()
    with transaction(who) as connection:
        bulletin(connection, who, "daily", date(2022, 8, 30))
        made = bulletin(connection, who, "daily", date(2022, 9, 7))
        month = bulletin(connection, who, "monthly", date(2022, 8, 31))
    numbers = 0
    # The points of a month open the houses that they were given for.
    points = next(table["rows"] for table in month.body["tables"] if table["name"] == "assessment")
    given = [cell for row in points for cell in row if isinstance(cell, dict)]
    assert given
    for cell in given:
        assert (
            len(month.listed(Cut(**{n: {"true": True, "false": False}.get(v, v) for n, v in cell["cut"].items()})))
            == cell["n"]
        )
        assert plain(cell) == cell["said"]
    cells = [cell for table in made.body["tables"] for row in table["rows"] for cell in row]
    for parts in [
        *(one["parts"] for one in made.body["paragraphs"]),
        *(c if isinstance(c, list) else [c] for c in cells),
    ]:
        for part in parts:
            if isinstance(part, dict):
                listed = made.listed(
                    Cut(**{n: {"true": True, "false": False}.get(v, v) for n, v in part["cut"].items()})
                )
                counted = sum(getattr(h, part["of"]) for h in listed) if "of" in part else len(listed)
                assert counted == part["n"], part
                numbers += 1
    assert numbers > 300
    compared = next(plain(p["parts"]) for p in made.body["paragraphs"] if "8月30日的通报相比" in plain(p["parts"]))
    assert re.search(r"新完成整治[1-9]\d*栋", compared), compared
    # The same asked through plain rows of two days.
    county = County(replayed)
    before = {
        h: county.state(c[-1], date(2022, 8, 30))[0]
        for h, c in county.by_house.items()
        if c[-1][3] <= date(2022, 8, 30)
    }
    now = {
        h: county.state(c[-1], date(2022, 9, 7))[0] for h, c in county.by_house.items() if c[-1][3] <= date(2022, 9, 7)
    }
    done = {h for h, status in now.items() if status == "done" and before.get(h) != "done"}
    assert {h.building_id for h in made.listed(Cut(changed=True, status="done"))} == done
