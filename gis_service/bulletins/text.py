"""What a bulletin says, in the words of such papers: numbered paragraphs, units in brackets, the largest first.

A body is plain JSON, as it is frozen: ``title``, ``addressed``, ``paragraphs`` (``style`` and ``parts``; a part is a text, or
a number ``{"n", "cut"}`` with the condition of its houses, ``of`` where it counts hazards, and ``said`` where points that
were given for them stand in its place), ``tables`` (``title``,
``headings``, ``rows`` of cells, each a part or several),
``slow``, ``ranks``, ``signed``, ``dated``, ``marks``. After 甘州区's 通报 of 2023-03-14: tier by use, each by what was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from gis_service.bulletins.count import STATUS, TIERS, Cut, House, Tally
from gis_service.bulletins.period import Period, said, short
from gis_service.bulletins.progress import (
    SHARES,
    STEPS,
    Deadline,
    Share,
    Slow,
    decimals,
    overall,
    percent,
    ranked,
    scored,
    shares,
    slow,
)
from gis_service.notices.letters import LETTER

PROPOSED = {"remind": "发函提醒", "talk": "约谈主要负责人"}
DONE = {kind: words[0] for kind, words in LETTER.items()}
NOBODY = "none"
"""In place of a unit's code, of houses without one."""
Part = str | dict[str, Any]
Cell = Part | Sequence[Part]


@dataclass(frozen=True)
class Material:
    """All that a bulletin is made of; with it the body is the same whenever it is made.

    Parameters
    ----------
    units
        Code, name and level of every reporting unit, in the order of codes.
    last
        Day and body of the snapshot before; None without one.
    points
        Measure, name and points of the monthly assessment.
    word
        What is counted: 栋, or as the county says.

    """

    period: Period
    county: str
    simulated: bool
    units: Sequence[Mapping[str, Any]]
    deadlines: Sequence[Deadline]
    source: str | None
    houses: Sequence[House]
    last: Mapping[str, Any] | None
    reminders: Sequence[Mapping[str, Any]]
    points: Sequence[Mapping[str, Any]]
    word: str


class _Writer:
    """Writes paragraphs whose numbers know their houses."""

    def __init__(self, made: Material) -> None:
        self.made = made
        self.tally = Tally(made.houses)
        self.paragraphs: list[dict[str, Any]] = []
        self.names = {unit["code"]: unit["name"] for unit in made.units}
        self.codes = list(self.names)
        if self.tally.count(Cut(unit=NOBODY)):
            self.names[NOBODY] = "未明确填报单位"
            self.codes.append(NOBODY)
        self.of = {code: shares(self.tally, code) for code in self.codes}

    def number(self, cut: Cut) -> dict[str, Any]:
        return {"n": self.tally.count(cut), "cut": cut.query()}

    def scored(self, measure: str, unit: str, points: Fraction) -> Part:
        """Return a unit's points of an item, which open the houses that they were given for."""
        return self.number(SHARES[measure][0].and_(unit=unit)) | {"said": decimals(points)}

    def counted(self, cut: Cut) -> list[Part]:
        """Return a number with what is counted."""
        return [self.number(cut), self.made.word]

    def summed(self, cut: Cut, name: Literal["hazards", "others"]) -> Part:
        """Return how many hazards (处) the houses of a condition have."""
        return {"n": self.tally.summed(cut, name), "cut": cut.query(), "of": name}

    def rated(self, step: str, unit: str | None = None) -> list[Part]:
        """Return a share in per cent with its numerator and denominator."""
        done, whole = (cut.and_(unit=unit) for cut in SHARES[step])
        return self.share(done, whole)

    def share(self, done: Cut, whole: Cut) -> list[Part]:
        rate = Share(self.tally.count(done), self.tally.count(whole)).rate
        return ["—"] if rate is None else [f"{percent(rate)}（", self.number(done), "/", self.number(whole), "）"]

    def by_unit(self, cut: Cut) -> list[Part]:
        """Return the units of a number in brackets, the largest first; nothing where there is none."""
        found = [(self.tally.count(cut.and_(unit=code)), code) for code in self.codes]
        parts: list[Part] = []
        for count, code in sorted(found, key=lambda one: -one[0]):
            if count:
                parts += ["、" if parts else "（", self.names[code], *self.counted(cut.and_(unit=code))]
        return [*parts, "）"] if parts else []

    def add(self, style: str, *parts: Part) -> None:
        merged: list[Part] = []
        for part in parts:
            if isinstance(part, str) and merged and isinstance(merged[-1], str):
                merged[-1] += part
            else:
                merged.append(part)
        self.paragraphs.append({"style": style, "parts": merged})


def compose(made: Material) -> dict[str, Any]:
    """Return the body of a bulletin."""
    writer = _Writer(made)
    until = made.period.until
    writer.add("body", f"截至{said(until)}，全县自建房安全专项整治工作进展情况通报如下。")
    heading = _Numbers(writer)
    heading("初步判定和安全鉴定")
    _judged(writer)
    heading("隐患整治")
    _rectified(writer)
    heading("风险管控")
    _controlled(writer)
    heading("与上期比较")
    _compared(writer)
    tables = [_units_table(writer)]
    ranks = ranked({code: overall(writer.of[code]) for code in writer.codes if code != NOBODY})
    if made.period.kind == "weekly":
        heading("进度排名")
        tables.append(_ranking(writer, ranks))
    totals: dict[str, Fraction] = {}
    if made.period.kind == "monthly":
        heading("月度考核")
        tables.append(_assessment(writer, totals))
    found = slow(
        {code: mine for code, mine in writer.of.items() if code != NOBODY}, made.deadlines, until, made.reminders
    )  # fmt: skip
    heading("进展较慢的单位")
    _slow(writer, found)
    heading("工作要求")
    _asked(writer)
    named = {"daily": "情况通报", "weekly": "每周进度排名通报", "monthly": "月通报"}[made.period.kind]
    return {
        "title": f"{made.county}自建房安全专项整治工作{named}（{made.period.words}）",
        "addressed": _addressed(made),
        "paragraphs": writer.paragraphs,
        "tables": tables,
        "slow": [_slow_row(writer, one) for one in found],
        "ranks": [[rank, code] for rank, code in ranks],
        "signed": f"{made.county}自建房安全专项整治工作领导小组办公室",
        "dated": said(until),
        "marks": [
            *(["模拟数据"] if made.simulated else []),
            *([] if made.period.over else [f"期限未到，数据截至{said(until)}生成时，未固化，不留存"]),
        ],
        "last": None if made.last is None else {"day": str(made.last["day"]), "sha256": made.last["sha256"]},
    }


class _Numbers:
    """Headings numbered as papers number them."""

    def __init__(self, writer: _Writer) -> None:
        self._writer, self._n = writer, 0

    def __call__(self, title: str) -> None:
        self._n += 1
        self._writer.add("heading", f"{'一二三四五六七八九'[self._n - 1]}、{title}")


def _addressed(made: Material) -> str:
    beside = "".join(f"、{unit['name']}" for unit in made.units if unit["level"] == "unit")
    return f"各乡镇人民政府{beside}，县各相关单位："


def _judged(w: _Writer) -> None:
    operating = Cut(use="operating", stands=True)
    w.add(
        "body", "全县共有经营性自建房（含住宅兼经营）", *w.counted(operating), "，已完成技术初步判定",
        *w.counted(operating.and_(judged="any")), "，完成率", *w.rated("judge"), "。其中存在严重安全隐患",
        *w.counted(operating.and_(judged="severe")), *w.by_unit(operating.and_(judged="severe")), "，存在一定安全隐患",
        *w.counted(operating.and_(judged="some")), *w.by_unit(operating.and_(judged="some")), "，未发现安全隐患",
        *w.counted(operating.and_(judged="none_found")), "。",
    )  # fmt: skip
    missing = operating.and_(judged="none")
    if w.tally.count(missing):
        w.add("body", "尚未判定", *w.counted(missing), *w.by_unit(missing), "。")
    grades: list[Part] = []
    for grade in ("A", "B", "C", "D"):
        grades += ["、" if grades else "", f"{grade}级", *w.counted(operating.and_(grade=grade))]
    w.add(
        "body", "经营性自建房已完成安全鉴定", *w.counted(operating.and_(grade="any")),
        "，完成率", *w.rated("appraise"), "，其中", *grades, "。",
    )  # fmt: skip


def _rectified(w: _Writer) -> None:
    every = Cut(tier="any")
    w.add(
        "body", "全县累计存在结构安全隐患的自建房", *w.counted(every), "（", w.summed(every, "hazards"), "处）。其中已完成整治",
        *w.counted(every.and_(status="done")),
        "，整治完成率", *w.share(every.and_(status="done"), every), "。",
    )  # fmt: skip
    number = 0
    for tier, words in TIERS.items():
        for use, use_words in (("operating", "经营性自建房"), ("other", "其他自建房")):
            cut = Cut(tier=tier, use=use)  # type: ignore[arg-type]
            if not w.tally.count(cut):
                continue
            number += 1
            parts: list[Part] = [f"{number}.{words}的{use_words}", *w.counted(cut)]
            for n, (status, said_) in enumerate(STATUS.items()):
                of = cut.and_(status=status)
                parts += ["：" if n == 0 else "；", said_, *w.counted(of), *w.by_unit(of)]
            w.add("item", *parts, "。")
    late = every.and_(overdue=True)
    w.add("body", "超过整治期限仍未完成", *w.counted(late), *w.by_unit(late), "。")
    others = Cut(others=True)
    if w.tally.count(others):
        w.add(
            "body", "另有消防、地质灾害、合法合规、经营安全等其他类别未销号隐患涉及", *w.counted(others),
            "（", w.summed(others, "others"), "处）", *w.by_unit(others), "。",
        )  # fmt: skip


def _controlled(w: _Writer) -> None:
    hazards = Cut(use="operating", tier="any")
    bare = hazards.and_(secured=False)
    w.add(
        "body", "存在安全隐患的经营性自建房", *w.counted(hazards), "，已采取管控措施或者完成整治", *w.counted(hazards.and_(secured=True)),
        "，管控率", *w.rated("control"), "；尚未管控", *w.counted(bare), *w.by_unit(bare), "。",
    )  # fmt: skip


def _compared(w: _Writer) -> None:
    last = w.made.last
    if last is None:
        w.add("body", "此前没有同类通报，不作比较。")
        return
    parts: list[Part] = [f"与{said(last['day'])}的通报相比，新增存在安全隐患", *w.counted(Cut(new=True))]
    for status, words in (("done", "新完成整治"), ("working", "新开工整治"), ("measured", "新采取措施")):
        cut = Cut(changed=True, status=status)  # type: ignore[arg-type]
        parts += [f"，{words}", *w.counted(cut), *w.by_unit(cut)]
    w.add("body", *parts, "。")
    late = Cut(late=True)
    w.add(
        "body", f"上期通报之后补录、更正{short(last['day'])}及以前情况的", *w.counted(late), *w.by_unit(late), "，已计入本期，上期数据不作改动。",
    )  # fmt: skip


def _units_table(w: _Writer) -> dict[str, Any]:
    operating, hazards = Cut(use="operating", stands=True), Cut(use="operating", tier="any")
    columns = (
        ("经营性自建房", operating), ("已初判", operating.and_(judged="any")), ("严重隐患", operating.and_(judged="severe")),
        ("一定隐患", operating.and_(judged="some")), ("已鉴定", operating.and_(grade="any")),
        ("经营性隐患", hazards), ("已管控", hazards.and_(secured=True)), ("其他隐患", Cut(use="other", tier="any")),
        ("已完成整治", Cut(tier="any", status="done")), ("整治中", Cut(tier="any", status="working")),
        ("已采取措施", Cut(tier="any", status="measured")), ("未采取措施", Cut(tier="any", status="untouched")),
        ("逾期", Cut(tier="any", overdue=True)),
    )  # fmt: skip
    lines: list[tuple[Part, str, str | None]] = [("", w.made.county, None)]
    lines += [(str(n), w.names[code], code) for n, code in enumerate(w.codes, start=1)]
    return {
        "name": "units",
        "title": f"各单位进展情况表（单位：{w.made.word}）",
        "headings": ["序号", "填报单位", *(heading for heading, _ in columns)],
        "rows": [[n, name, *(w.number(cut.and_(unit=code)) for _, cut in columns)] for n, name, code in lines],
    }


def _ranking(w: _Writer, ranks: list[tuple[int, str]]) -> dict[str, Any]:
    last = {code: rank for rank, code in (w.made.last["body"]["ranks"] if w.made.last else [])}
    w.add(
        "body", "按初步判定、隐患管控、安全鉴定、隐患整治四项完成率的平均值排名（没有任务的项目不计），并列的同名次："
    )
    words = "、".join(f"第{rank}名{w.names[code]}（{percent(overall(w.of[code]))}）" for rank, code in ranks)
    w.add("body", f"{words}。")
    return {
        "name": "ranking",
        "title": "每周进度排名表",
        "headings": ["名次", "填报单位", *(f"{words}率" for words in STEPS.values()), "平均", "上周名次"],
        "rows": [
            [str(rank), w.names[code], *(w.rated(step, code) for step in STEPS), percent(overall(w.of[code])), str(last.get(code, "—"))]
            for rank, code in ranks
        ],
    }  # fmt: skip


def _assessment(w: _Writer, totals: dict[str, Fraction]) -> dict[str, Any]:
    points = {item["measure"]: int(item["points"]) for item in w.made.points}
    of = {code: scored(w.of[code], points) for code in w.codes if code != NOBODY}
    totals |= {code: sum(mine.values(), Fraction(0)) for code, mine in of.items()}
    order = ranked(totals)
    full = "、".join(f"{item['zh']}{item['points']}分" for item in w.made.points)
    w.add("body", f"考核分值为{full}；各项得分为分值乘以完成率，没有任务的项目得满分。")
    if order:
        words = "、".join(f"{w.names[code]}{decimals(totals[code])}分" for _, code in order)
        w.add("body", f"本月得分依次为：{words}。")
    return {
        "name": "assessment",
        "title": "月度考核得分表",
        "headings": ["名次", "填报单位", *(f"{item['zh']}（{item['points']}分）" for item in w.made.points), "得分"],
        "rows": [
            [
                str(rank),
                w.names[code],
                *(w.scored(name, code, of[code][name]) for name in points),
                decimals(totals[code]),
            ]
            for rank, code in order
        ],
    }


def _slow(w: _Writer, found: list[Slow]) -> None:
    if not found:
        w.add("body", "没有低于全县中位数并落后于时间进度的单位。")
        return
    due = {one.step: one for one in w.made.deadlines}
    for n, step in enumerate(dict.fromkeys(one.step for one in found), start=1):
        of = [one for one in found if one.step == step]
        day = due[step].due
        passed = "（已过）" if day < w.made.period.until else ""
        parts: list[Part] = [
            f"{n}.{STEPS[step]}（期限{short(day)}{passed}，时间进度{percent(of[0].line)}，各单位中位数{percent(of[0].median)}）："
        ]
        for k, one in enumerate(of):
            parts += [
                f"{'；' if k else ''}{w.names[one.unit]}",
                *w.rated(step, one.unit),
                f"，建议{PROPOSED[one.proposed]}",
            ]
            if one.reminders:
                parts.append("（" + "、".join(f"{short(m['on_day'])}已{DONE[m['kind']]}" for m in one.reminders) + "）")
        w.add("item", *parts, "。")


def _asked(w: _Writer) -> None:
    source = f"《{w.made.source}》" if w.made.source else "县里的方案"
    ahead = [one for one in w.made.deadlines if one.due >= w.made.period.until]
    when = "，".join(f"{short(one.due)}前完成{STEPS[one.step]}" for one in ahead)
    w.add(
        "body", f"请各单位对照{source}规定的期限{'（' + when + '）' if when else ''}，倒排工期，逐{w.made.word}落实责任人、措施和时限；",
        f"对存在严重安全隐患的，立即停止使用、封控警示、撤离人员；整治完成一{w.made.word}，验收一{w.made.word}，销号一{w.made.word}。"
        "进展较慢的单位请于收到本通报后3日内书面说明原因和补进度的安排。",
    )  # fmt: skip


def _slow_row(w: _Writer, one: Slow) -> dict[str, Any]:
    return {
        "unit": one.unit, "name": w.names[one.unit], "step": one.step, "share": w.rated(one.step, one.unit),
        "median": percent(one.median), "line": percent(one.line), "proposed": one.proposed,
    }  # fmt: skip


def plain(parts: Cell) -> str:
    """Return a paragraph's or a cell's text."""
    if isinstance(parts, str):
        return parts
    return str(parts.get("said", parts["n"])) if isinstance(parts, dict) else "".join(map(plain, parts))
