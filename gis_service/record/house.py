"""Everything that is known of one house, from whom and since when: what its page and its sheet show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from gis_service.cases import find as cases
from gis_service.cases import rules as case_rules
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, JUDGEMENT_KIND, ROUND_STEP
from gis_service.db.queries import statement
from gis_service.errors import NotFoundError
from gis_service.facts.house import SURVEY, survey_said
from gis_service.record import business, codes, judge
from gis_service.selection.reasons import phrases
from gis_service.selection.select import latest_run
from gis_service.visits import enter as visits
from gis_service.visits.answers import OUTCOME, QUESTIONS


@dataclass(frozen=True)
class Source:
    """A row of a file that wrote the house; the file and the person are told to who may see imports."""

    import_id: int
    row_number: int
    on: date | None
    file: str | None
    account: str | None
    fields: frozenset[str]
    is_new: bool

    def said(self, lang: str) -> str:
        """Return it in words."""
        zh = lang != "en"
        parts = [f"第 {self.import_id} 次导入" if zh else f"import {self.import_id}"]
        if self.file:
            parts.append(self.file)
        parts.append(f"第 {self.row_number} 行" if zh else f"row {self.row_number}")
        parts += [part for part in (self.account, None if self.on is None else str(self.on)) if part]
        return ("，" if zh else ", ").join(parts)


@dataclass(frozen=True)
class Event:
    """Something that happened to a house on a day (a year where only that is known), in words of the reader."""

    on: date | None
    when: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    # in_force, superseded, or nothing: how it is drawn.
    state: str = ""
    number: int | None = None
    may_confirm: bool = False


@dataclass(frozen=True)
class Dossier:
    """A house: its row (``record.house``), and all that hangs on it."""

    row: dict[str, Any]
    groups: list[dict[str, Any]]
    verdict: business.Verdict
    reasons: list[str]
    list_run: int | None
    reach: dict[str, Any] | None
    alleys: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    deadlines: list[dict[str, Any]]
    sources: list[str]
    cases: list[dict[str, Any]]
    # What happened in the cases, each event with the words of its step.
    case_events: list[dict[str, Any]]
    visits: list[dict[str, Any]]
    events: list[Event] = field(default_factory=list)


def dossier(connection: Connection, building_id: str, day: date, lang: str = "zh") -> Dossier:
    """Return everything that the asker may know of a house, as of ``day``.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's to see.

    """
    zh = lang != "en"
    codes.refresh(connection)
    row = _one(connection, "record.house", building_id=building_id) if "\0" not in building_id else None
    if row is None:
        raise NotFoundError("没有这栋房屋。", "There is no such house.")
    verdict = business.of_house(connection, building_id, day)
    assert verdict is not None  # noqa: S101 - the house is there
    sources = _sources(connection, building_id)
    changes = _changes(connection, building_id)
    run, density = latest_run(connection), latest_run(connection, "density")
    listed = _one(connection, "record.list_of_house", building_id=building_id, run_id=run)
    at_run = {"building_id": building_id, "run_id": density}
    judgements = judge.of_house(connection, building_id)
    made = Dossier(
        row=row,
        groups=_groups(row, codes.words(connection, lang), sources, changes, zh=zh),
        verdict=verdict,
        reasons=phrases(listed["reasons"], lang) if listed else [],
        list_run=run,
        reach=_one(connection, "record.reach_of_house", **at_run),
        alleys=_all(connection, "record.alleys_of_house", **at_run),
        gaps=_all(connection, "record.gaps_of_house", **at_run),
        deadlines=_all(connection, "rounds.deadlines_of_house", building_id=building_id),
        sources=[source.said(lang) for source in sources],
        cases=cases.of_house(connection, building_id),
        case_events=_case_events(connection, building_id, lang),
        visits=visits.of_house(connection, building_id),
    )
    for told in EVENTS:
        made.events.extend(told(made, judgements, lang))
    made.events.sort(key=lambda event: (event.on or date.min, event.number or 0))
    return made


def _one(connection: Connection, name: str, **values: Any) -> dict[str, Any] | None:
    row = connection.execute(text(statement(name)), values).mappings().one_or_none()
    return None if row is None else dict(row)


def _all(connection: Connection, name: str, **values: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(text(statement(name)), values).mappings()]


def _sees_imports(connection: Connection) -> bool:
    return bool(connection.execute(text(statement("record.sees_imports"))).scalar_one())


def _sources(connection: Connection, building_id: str) -> list[Source]:
    if not _sees_imports(connection):
        rows = _all(connection, "record.rows_of_house", building_id=building_id)
        return [Source(r["import_id"], r["row_number"], None, None, None, frozenset(), r["is_new"]) for r in rows]
    return [
        Source(
            r["import_id"], r["row_number"], r["finished_at"].date(), r["file_name"], r["account"],
            frozenset(r["fields"] or ()), r["is_new"],
        )
        for r in _all(connection, "record.imports_of_house", building_id=building_id)
    ]  # fmt: skip


def _changes(connection: Connection, building_id: str) -> dict[str, int]:
    """Return by column the last import that changed it."""
    if not _sees_imports(connection):
        return {}
    found: dict[str, int] = {}
    for row in _all(connection, "record.changes_of_house", building_id=building_id):
        for name, value in row["after"].items():
            if row["before"].get(name) != value:
                found[name] = row["import_id"]
    return found


def _groups(
    row: dict[str, Any],
    words: dict[str, dict[str, str]],
    sources: list[Source],
    changes: Mapping[str, int],
    *,
    zh: bool,
) -> list[dict[str, Any]]:
    """Return the survey's columns in groups, each value with the number (from 1) of the source that it came from."""
    numbers = {source.import_id: n for n, source in enumerate(sources, start=1)}
    groups = []
    for title, columns in SURVEY:
        lines = []
        for column, fact, list_ in columns:
            said = survey_said(row, column, fact, words.get(list_) if list_ else None, zh=zh)
            if said:
                source = _source_of(column, sources, changes) if row[column] is not None else None
                lines.append(
                    {"label": fact.label(zh=zh), "value": said, "source": numbers.get(source) if source else None}
                )
        groups.append({"title": title[0 if zh else 1], "lines": lines})
    return groups


def _source_of(column: str, sources: list[Source], changes: Mapping[str, int]) -> int | None:
    if column in changes:
        return changes[column]
    named = {"unit": "unit_code", "village": "village_code"}.get(column, column)
    return next((s.import_id for s in sources if s.is_new and (named in s.fields or column == "building_id")), None)


def _life(made: Dossier, _: list[dict[str, Any]], lang: str) -> list[Event]:
    """Tell when the house was built, altered and removed."""
    zh, row, found = lang != "en", made.row, []
    if row["built_year"] is not None:
        found.append(Event(date(row["built_year"], 1, 1), f"{row['built_year']}", "life", "建成" if zh else "built"))
    for column, words in (("altered_on", ("改扩建", "altered")), ("removed_on", ("拆除", "removed"))):
        if row[column] is not None:
            found.append(Event(row[column], str(row[column]), "life", words[0 if zh else 1]))
    return found


def _judged(_: Dossier, judgements: list[dict[str, Any]], lang: str) -> list[Event]:
    """Tell every judgement, with what became of it."""
    zh = lang != "en"
    found = []
    for j in judgements:
        value = j["tier"] or j["grade"]
        words = (HAZARD_TIER | APPRAISAL_GRADE)[value] if zh else value
        kind = JUDGEMENT_KIND[j["kind"]] if zh else j["kind"]
        by = [part for part in (j["judge"], j["judge_unit"], j["institution"]) if part]
        lines = ["，".join(by) if zh else ", ".join(by)] if by else []
        lines += [part for part in (j["reason"],) if part]
        entered = j["account"] or _source_said(j["source"], zh=zh)
        lines.append(
            f"{j['round'] or '无轮次'}；{entered}，{j['recorded_at']:%Y-%m-%d} 录入" if zh
             else f"{j['round'] or 'no round'}; entered {j['recorded_at']:%Y-%m-%d} by {entered}"
        )  # fmt: skip
        if j["supersedes"]:
            lines.append(f"更正第 {j['supersedes']} 号" if zh else f"corrects {j['supersedes']}")
        marks = [w[0 if zh else 1] for w in j["warnings"]]
        if j["superseded_by"]:
            marks.append(f"已由第 {j['superseded_by']} 号更正" if zh else f"corrected by {j['superseded_by']}")
        elif j["in_force"]:
            marks.append("现行" if zh else "in force")
        if j["confirmed_by"]:
            marks.append(f"{j['confirmed_by']} {j['confirmed_on']} 确认" if zh else f"confirmed by {j['confirmed_by']}")
        state = "superseded" if j["superseded_by"] else "in_force" if j["in_force"] else ""
        found.append(
            Event(
                j["judged_on"], str(j["judged_on"]), f"judgement {j['kind']}", f"{kind}：{words}" if zh else f"{kind}: {words}",
                tuple(lines), tuple(marks), state, j["judgement_id"],
                may_confirm=j["kind"] == "preliminary" and not j["confirmed_by"] and not j["superseded_by"]
                and j["source"] == "entered",
            )
        )  # fmt: skip
    return found


def _case_events(connection: Connection, building_id: str, lang: str) -> list[dict[str, Any]]:
    found = cases.events_of_house(connection, building_id)
    known = case_rules.rules(connection) if found else {}
    return [event | {"said": known[event["kind"], event["what"]].said(lang)} for event in found]


def _cased(made: Dossier, _: list[dict[str, Any]], lang: str) -> list[Event]:
    """Tell every step of the house's cases."""
    zh = lang != "en"
    found = []
    for e in made.case_events:
        moved = e["from_state"] != e["to_state"]
        kind = case_rules.kind_said(e["case_kind"], lang)
        lines = [part for part in (e["reason"],) if part]
        if e["until"]:
            lines.append(f"期限 {e['until']}" if zh else f"until {e['until']}")
        found.append(
            Event(
                e["on_day"], str(e["on_day"]), "case",
                f"第 {e['case_id']} 号案件（{kind}）：{e['said']}" if zh else f"case {e['case_id']} ({kind}): {e['said']}",
                tuple(lines), (case_rules.state_said(e["to_state"], lang),) if moved else (),
            )
        )  # fmt: skip
    return found


def _visited(made: Dossier, _: list[dict[str, Any]], lang: str) -> list[Event]:
    """Tell every visit: how it went, what was found and answered, from how far."""
    zh = lang != "en"
    at = 0 if zh else 1
    found = []
    for v in made.visits:
        lines = [part for part in (v["note"],) if part]
        asked = [(QUESTIONS[name].zh, QUESTIONS[name].en)[at] for name in v["answers"]]
        if asked:
            lines.append(("填写：" if zh else "answered: ") + ("、" if zh else ", ").join(asked))
        who = v["account"] or ("系统" if zh else "the system")
        shots = len(v["photographs"])
        lines.append(
            f"{who}；照片 {shots} 张；{v['round'] or '无轮次'}"
            if zh
            else f"{who}; {shots} photographs; {v['round'] or 'no round'}"
        )
        marks = [] if v["found"] is None else [HAZARD_TIER[v["found"]] if zh else v["found"]]
        if v["distance_m"] is not None and v["distance_m"] > visits.FAR_M + (v["accuracy_m"] or 0):
            marks.append(f"距房屋 {v['distance_m']:.0f} 米" if zh else f"{v['distance_m']:.0f} m from the house")
        for state, zh_, en in (("waiting", "待校验", "being checked"), ("unreadable", "不能读", "unreadable")):
            if number := v[f"photographs_{state}"]:
                marks.append(f"照片{zh_} {number} 张" if zh else f"{number} photographs {en}")
        words = OUTCOME[v["outcome"]][at]
        found.append(
            Event(v["visited_on"], str(v["visited_on"]), "visit", f"到访：{words}" if zh else f"visit: {words}", tuple(lines), tuple(marks))
        )  # fmt: skip
    return found


def _source_said(source: str, *, zh: bool) -> str:
    if not zh:
        return source
    if source.startswith("import "):
        return f"第 {source.removeprefix('import ')} 次导入"
    return {"entered": "录入", "carried over": "升级时沿用"}.get(source, source)


def deadlines_said(made: Dossier, lang: str) -> list[tuple[str, str, str, bool]]:
    """Return the deadlines of the rounds that the house is in: day, step, round and clause, whether it is over."""
    at = 0 if lang != "en" else 1
    return [
        (
            str(d["due_on"]),
            (ROUND_STEP[d["step"]], d["step"])[at],
            f"{d['name']}　{d['clause'] or ''}".strip(),
            d["due_on"] < made.verdict.day,
        )
        for d in made.deadlines
    ]


Teller = Callable[[Dossier, list[dict[str, Any]], str], list[Event]]
EVENTS: list[Teller] = [_life, _judged, _visited, _cased]
"""Who tells what happened to a house."""
