"""The page of one house (一栋一册), and the page that finds one."""

from __future__ import annotations

from datetime import date
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from gis_service.cases.rules import kind_said, rules, state_said
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_COLOR, HAZARD_TIER, JUDGEMENT_KIND, LISTS, USE_CLASS
from gis_service.db.day import today
from gis_service.facts.house import title
from gis_service.facts.symbols import tier_mark
from gis_service.identity import Role
from gis_service.record.find import Found
from gis_service.record.house import deadlines_said, dossier
from gis_service.sheet.house import fire_lines, plan
from gis_service.visits import proposals
from gis_service.visits.answers import QUESTIONS
from web_map import assets


def house_values(
    connection: Connection, building_id: str, day: date, lang: str, *, may_judge: bool, may_confirm: str | None,
    role: Role, may_open: bool, may_visit: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return what ``house.html`` shows of a house to whoever asks.

    Parameters
    ----------
    may_judge
        Whether the form of a judgement is shown.
    may_confirm
        The account that may confirm judgements of others; None for who may not.
    role, may_open
        Whose cases of which kinds may be opened, and whether any.
    may_visit
        Whether the form of a visit is offered.

    Raises
    ------
    NotFoundError
        There is no such house, or it is not the asker's to see.

    """
    zh = lang != "en"
    made = dossier(connection, building_id, day, lang)
    row = made.row
    tier, grade = row["hazard_tier"], row["appraisal_grade"]
    return {
        "house": row,
        "heading": row["name"] or row["address"] or row["building_id"],
        "tier": tier_mark(tier, lang),
        "grade": APPRAISAL_GRADE[grade] if zh else grade,
        "answer": {
            "code": made.verdict.answer,
            "said": made.verdict.said(lang),
            "day": str(made.verdict.day),
            "reasons": [(reason.said(lang), reason.clause, reason.says) for reason in made.verdict.reasons],
        },
        "deadlines": deadlines_said(made, lang),
        "groups": made.groups,
        "reasons": made.reasons,
        "list_run": made.list_run,
        "fire": fire_lines(made, zh=zh),
        "cluster": None if made.reach is None else made.reach["cluster_id"],
        "events": made.events,
        "sources": made.sources,
        "plan": Markup(plan(connection, building_id)),  # noqa: S704 - drawn from coordinates alone
        "may_judge": may_judge,
        "may_confirm": may_confirm,
        "cases": [
            {**c, "kind_said": kind_said(c["kind"], lang), "state_said": state_said(c["state"], lang)}
            for c in made.cases
        ],
        "case_kinds": [
            (what, rule.en if lang == "en" else rule.zh)
            for (kind, what), rule in rules(connection).items()
            if may_open and kind == "open" and role.value in rule.roles
        ],
        "case_style": assets.link("cases.css"),
        "may_visit": may_visit,
        "proposals": [_proposal(p, lang) for p in proposals.listed(connection, building_id, undecided=True)],
        "may_decide": may_visit and role in (Role.TOWNSHIP, Role.ADMINISTRATOR),
        "kinds": [(code, name if zh else code) for code, name in JUDGEMENT_KIND.items()],
        "tiers": [(code, name if zh else code) for code, name in HAZARD_TIER.items() if code != "unjudged"],
        "grades": [code for code in APPRAISAL_GRADE if code != "unknown"],
        "today": str(today()),
        "script": assets.link("built/house.js"),
        "house_style": assets.link("house.css"),
    }


def _proposal(row: dict[str, Any], lang: str) -> dict[str, Any]:
    """Return a proposal in words: the column, what stands in the record, what was found."""
    zh = lang != "en"
    question = QUESTIONS.get(row["field"])
    label = {"removed_on": ("拆除日期", "removed on")}.get(row["field"]) or (
        (question.zh, question.en) if question else (row["field"],) * 2
    )
    before, after = (_value(row["field"], row[side], zh=zh) for side in ("before", "after"))
    return row | {"label": label[0 if zh else 1], "before_said": before, "after_said": after}


def _value(field: str, value: Any, *, zh: bool) -> str:
    if value is None:
        return "未登记" if zh else "not recorded"
    words = USE_CLASS if field == "use_class" else LISTS.get(field, {})
    said = [
        words.get(str(one), str(one)) if zh else str(one) for one in (value if isinstance(value, list) else [value])
    ]
    return ("、" if zh else ", ").join(said) or ("无" if zh else "none")


def found_values(found: Found, written: str, lang: str) -> dict[str, Any]:
    """Return what ``houses.html`` shows of a search."""
    zh = lang != "en"
    return {
        "q_given": written,
        "rows": [
            {
                "id": row["building_id"],
                "name": title(row),
                "place": " · ".join(part for part in (row["unit"], row["village"], row["address"]) if part),
                "tier": HAZARD_TIER[row["hazard_tier"]] if zh else row["hazard_tier"],
                "color": HAZARD_COLOR[row["hazard_tier"]],
                "removed": row["removed_on"],
            }
            for row in found.rows
        ],
        "truncated": found.truncated,
        "house_style": assets.link("house.css"),
    }
