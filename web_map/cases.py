"""The ledger of cases, and the page of one case."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gis_service.cases import find, rules
from gis_service.cases.lists import measures_said
from gis_service.codelists import CASE_KIND, CASE_STATE, HAZARD_TIER, JUDGEMENT_KIND, USE_CLASS
from gis_service.db.day import today
from gis_service.facts.symbols import tier_mark
from gis_service.identity import ROLE_ZH, Role
from gis_service.settings import get_settings
from web_map import assets
from web_map.frame import script_json

PAGE_ROWS = 50


def cases_values(
    connection: Connection, asked: find.Filter, offset: int, lang: str, *, may_export: bool
) -> dict[str, Any]:
    """Return what ``cases.html`` shows: counts by state, filters, a page of cases."""
    zh = lang != "en"
    found, counts, known = (
        find.listed(connection, asked, PAGE_ROWS, offset),
        find.counts(connection, asked),
        rules.rules(connection),
    )
    units = find.units(connection)
    return {
        "rows": [_row(row, known, lang) for row in found.rows],
        "states": [
            {
                "code": code,
                "name": rules.state_said(code, lang),
                **counts.get(code, {"cases": 0, "overdue": 0, "waiting": 0}),
            }
            for code in CASE_STATE
        ],
        "total": sum(c["cases"] for c in counts.values()),
        "overdue": sum(c["overdue"] for c in counts.values()),
        "waiting": sum(c["waiting"] for c in counts.values()),
        "asked": asked,
        "units": [(u["code"], u["name"] or u["code"]) for u in units],
        "kinds": [(code, name if zh else code) for code, name in CASE_KIND.items()],
        "tiers": [(code, name if zh else code) for code, name in HAZARD_TIER.items() if code != "unjudged"],
        "more": _link(asked, offset + PAGE_ROWS, lang) if found.truncated else None,
        "back": _link(asked, max(offset - PAGE_ROWS, 0), lang) if offset else None,
        "first": offset + 1,
        "links": {
            "all": _link(_of_state(asked, None), 0, lang),
            "overdue": _link(_of_state(asked, None, overdue=True), 0, lang),
            "waiting": _link(_of_state(asked, None, waiting=True), 0, lang),
            "uncontrolled": _link(_of_state(asked, None, uncontrolled=True), 0, lang),
            "found_open": _link(_of_state(asked, None, found_open=True), 0, lang),
            **{code: _link(_of_state(asked, code), 0, lang) for code in CASE_STATE},
        },
        "exports": [(f, f"/api/cases/export?{urlencode(_query(asked) | {'format': f})}") for f in ("xlsx", "csv")]
        if may_export
        else [],
        "case_style": assets.link("cases.css"),
    }


def _of_state(asked: find.Filter, state: str | None, **more: bool) -> find.Filter:
    plain = {"overdue": False, "waiting": False, "uncontrolled": False, "found_open": False, "state": state}
    return find.Filter(**(vars(asked) | plain | more))


def _query(asked: find.Filter) -> dict[str, Any]:
    return {name: "true" if value is True else value for name, value in vars(asked).items() if value}


def _link(asked: find.Filter, offset: int, lang: str) -> str:
    query = _query(asked)
    if not query.pop("operating", None):
        query["all_uses"] = "true"
    query |= ({"offset": offset} if offset else {}) | ({"lang": "en"} if lang == "en" else {})
    return "/cases" + (f"?{urlencode(query)}" if query else "")


def _row(row: dict[str, Any], known: rules.Rules, lang: str) -> dict[str, Any]:
    zh = lang != "en"
    return row | {
        "heading": row["name"] or row["address"] or row["building_id"],
        "kind_said": rules.kind_said(row["kind"], lang),
        "state_said": rules.state_said(row["state"], lang),
        "tier": tier_mark(row["hazard_tier"], lang),
        "use": USE_CLASS[row["use_class"]] if zh else row["use_class"],
        "measures_said": measures_said(row["measures"], known, lang),
        "missing_said": measures_said(row["missing"], known, lang),
        "submitted_said": _submitted(row["submitted"], zh=zh),
    }


def _submitted(kind: str | None, *, zh: bool) -> str:
    if kind is None:
        return ""
    words = {
        "submit_acceptance": ("等待验收", "waits for acceptance"),
        "submit_clearance": ("等待销号", "waits for clearance"),
    }
    return words[kind][0 if zh else 1]


def case_values(connection: Connection, case_id: int, lang: str, *, may_step: bool) -> dict[str, Any]:
    """Return what ``case.html`` shows of a case to whoever asks.

    Raises
    ------
    NotFoundError
        There is no such case, or it is not the asker's to see.

    """
    case, known = find.one(connection, case_id), rules.rules(connection)
    steps = [known[step] for step in find.steps(connection, case_id)] if may_step else []
    names = {
        d["code"]: d["office"] or d["zh"] if lang != "en" else d["en"]
        for d in find.offices(connection, case["departments"])
    }
    reviewers = [(rules.COUNTY, "县级专班" if lang != "en" else "the county's office")]
    if case["unit_code"]:
        reviewers.append((case["unit_code"], case["unit"] or case["unit_code"]))
    reviewers += [(code, names.get(code, code)) for code in case["departments"]]
    ends = find.open_ends(connection, case_id)
    history = find.history(connection, case_id)
    return {
        "case": _row(case, known, lang),
        "reviewer_said": dict(reviewers).get(case["reviewer"], case["reviewer"]),
        "basis_said": _basis(case["basis"], known, lang),
        "events": [_event(event, known, dict(reviewers), lang) for event in history],
        "planned": any(event["kind"] == "plan" for event in history),
        "groups": _groups(steps, lang),
        "forms": script_json({f"{r.kind} {r.what}": _form(r, case, reviewers, ends, history, lang) for r in steps}),
        "today": str(today()),
        "script": assets.link("built/cases.js"),
        "case_style": assets.link("cases.css"),
        "house_style": assets.link("house.css"),
    }


def _basis(code: str | None, known: rules.Rules, lang: str) -> str:
    rule = known.get(("submit_clearance", code or ""))
    return "" if code is None else code if rule is None else rule.en if lang == "en" else rule.zh


_GROUPS = (
    (("measure control", "stop_business", "check_business", "resume_business", "measure_end"), "管控", "Controls"),
    (("plan", "file", "start", "stage_acceptance", "memo", "measure works"), "整治", "Rectification"),
    (("notice", "serve", "measure enforcement"), "通知和执法", "Notices and enforcement"),
    (("ask_extension", "grant_extension"), "延期", "Extension"),
    (("submit_acceptance", "approve_acceptance", "return", "return_to_work", "submit_clearance", "approve_clearance"), "验收和销号", "Acceptance and clearance"),
    (("correct",), "更正", "Correction"),
)  # fmt: skip


def _groups(steps: list[rules.Rule], lang: str) -> list[dict[str, Any]]:
    """Return the steps under headings, in the order of the table."""
    made = []
    for kinds, zh, en in _GROUPS:
        mine = [r for r in steps if r.kind in kinds or f"{r.kind} {r.measure_class}" in kinds]
        if mine:
            buttons = [
                {"key": f"{r.kind} {r.what}", "name": r.said(lang), "moves": r.to_state is not None} for r in mine
            ]
            made.append({"name": en if lang == "en" else zh, "steps": buttons})
    return made


def _form(
    rule: rules.Rule, case: dict[str, Any], reviewers: list[tuple[str, str]], ends: dict[str, list[dict[str, Any]]],
    history: list[dict[str, Any]], lang: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the form of a step for the page's script: its fields, which are needed, what may be chosen."""
    zh = lang != "en"
    fields = []
    for name in (*rule.needs, *rule.takes):
        known = rules.FIELDS.get(name, rules.Field(name, name))
        field: dict[str, Any] = {
            "name": name, "label": known.zh if zh else known.en, "kind": known.kind, "needed": name in rule.needs,
        }  # fmt: skip
        if name == "responsible" and "reviewer" in rule.checks:
            field |= {"kind": "choice", "label": "由谁验收" if zh else "who accepts", "choices": reviewers}
        elif name == "refers":
            field |= {"kind": "choice", "choices": _referable(rule, ends, history, zh=zh)}
        elif name == "until" and rule.kind == "plan":
            field |= {"value": str(case["deadline"] or ""), "label": "完成时限" if zh else "to be done by"}
        fields.append(field)
    # Said in the order in which a form is filled in: what, when, by whom, why, photographs.
    order = {"refers": 0, "responsible": 3, "until": 2, "reason": 4, "evidence": 5}
    fields.sort(key=lambda field: order.get(field["name"], 1))
    return {"kind": rule.kind, "what": rule.what, "name": rule.said(lang), "fields": fields, "clause": rule.clause}


def _referable(
    rule: rules.Rule, ends: dict[str, list[dict[str, Any]]], history: list[dict[str, Any]], *, zh: bool
) -> list[tuple[str, str]]:
    if "measure" in rule.checks:
        return [(str(m["measure_id"]), f"{m['zh'] if zh else m['en']} {m['began_on']}") for m in ends["measure"]]
    if rule.kind == "serve":
        return [(str(n["notice_id"]), f"{n['number']} {n['issued_on']}") for n in ends["notice"]]
    if "asked" in rule.checks:
        return [(str(a["event_id"]), f"{a['on_day']} → {a['until']}") for a in ends["asked"]]
    return [(str(e["event_id"]), f"{e['seq']}. {e['on_day']}") for e in reversed(history)]


def _event(event: dict[str, Any], known: rules.Rules, reviewers: dict[str, str], lang: str) -> dict[str, Any]:
    """Return an event in words of the reader."""
    zh = lang != "en"
    rule = known[event["kind"], event["what"]]
    lines = []
    if event["reason"]:
        lines.append(event["reason"])
    if event["judgement_id"]:
        kind = JUDGEMENT_KIND[event["judgement_kind"]] if zh else event["judgement_kind"]
        judged = HAZARD_TIER.get(event["judged"], f"{event['judged']} 级") if zh else event["judged"]
        lines.append(
            f"依据第 {event['judgement_id']} 号{kind}：{judged}"
            if zh
            else f"by judgement {event['judgement_id']}, {kind}: {judged}"
        )
    facts = [(_field(name, zh=zh), _value(value, zh=zh)) for name, value in event["given"].items()]
    if event["responsible"]:
        accepts = event["kind"] == "submit_acceptance"
        said = reviewers.get(event["responsible"], event["responsible"]) if accepts else event["responsible"]
        facts.append((("由谁验收" if zh else "who accepts") if accepts else _field("responsible", zh=zh), said))
    if event["until"]:
        facts.append((_field("until", zh=zh), str(event["until"])))
    if event["refers_seq"]:
        facts.append((_field("refers", zh=zh), f"{event['refers_seq']}"))
    role = event["role"]
    by = event["account"] or ("系统" if zh else "the system")
    office = (ROLE_ZH[Role(role)] if zh else role) if role in set(Role) else ""
    moved = event["to_state"] != event["from_state"]
    return {
        "seq": event["seq"],
        "day": str(event["on_day"]),
        "title": rule.said(lang),
        "lines": lines,
        "facts": facts,
        "photographs": event["evidence"],
        "by": f"{by}{f'（{office}）' if office and zh else f' ({office})' if office else ''} {event['recorded_at'].astimezone(ZoneInfo(get_settings().timezone)):%Y-%m-%d %H:%M}",
        "state": rules.state_said(event["to_state"], lang) if moved else "",
        "class": "in_force" if moved else "",
    }


def _field(name: str, *, zh: bool) -> str:
    field = rules.FIELDS.get(name)
    return name if field is None else field.zh if zh else field.en


def _value(value: Any, *, zh: bool) -> str:
    if isinstance(value, bool):
        return ("是" if value else "否") if zh else ("yes" if value else "no")
    return str(value)
