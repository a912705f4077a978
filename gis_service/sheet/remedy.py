"""The plan of a case (一栋一策) as docx and PDF: what is to be done, by whom, until when, and under which number it is filed.

东兰方案 二(三): responsible, measures, deadline, filed with the county's office.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection

from gis_service.cases import find, rules
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, USE_CLASS
from gis_service.db.day import simulated_day, today
from gis_service.errors import InputError
from gis_service.notices.print import day_said, issuer
from gis_service.paper import docx, pdf
from gis_service.paper.blocks import Block, Cell, Document, Table, Text


@dataclass(frozen=True)
class Remedy:
    """A case, its plan in force, the filing of that plan if there is one, and its measures."""

    case: dict[str, Any]
    plan: dict[str, Any]
    filed: dict[str, Any] | None
    measures: list[dict[str, Any]]
    office: str
    unit: str


def read_remedy(connection: Connection, case_id: int) -> Remedy:
    """Return the plan of a case.

    Raises
    ------
    NotFoundError
        There is no such case, or it is not the asker's.
    InputError
        It has no plan yet.

    """
    case = find.one(connection, case_id)
    history, known = find.history(connection, case_id), rules.rules(connection)
    plans = [event for event in history if event["kind"] == "plan"]
    if not plans:
        raise InputError(
            f"第 {case_id} 号案件还没有一栋一策方案；请先录入方案。", f"Case {case_id} has no plan yet; enter it first."
        )
    filed = [event for event in history if event["kind"] == "file" and event["seq"] > plans[-1]["seq"]]
    ended = {event["refers"]: event for event in history if event["kind"] in ("measure_end", "resume_business")}
    measures = [
        event | {"said": known[event["kind"], event["what"]].said(), "end": ended.get(event["event_id"])}
        for event in history
        if event["kind"] in ("measure", "stop_business")
    ]
    office = issuer(connection, None, None)
    unit = issuer(connection, None, case["unit_code"]) if case["unit_code"] else ""
    return Remedy(case, plans[-1], filed[-1] if filed else None, measures, office, unit)


def document(made: Remedy) -> Document:
    """Return the plan as a document, as of the day of its newest event."""
    case, plan = made.case, made.plan
    given = plan["given"]
    fenced = "已采取" if given.get("fenced") else f"未采取：{given.get('no_fence_reason', '—')}"
    filed = made.filed
    lines: list[tuple[str, str]] = [
        ("房屋编号", case["building_id"]),
        ("房屋名称、地址", "　".join(part for part in (case["name"], case["address"]) if part) or "—"),
        (
            "填报单位、村",
            "　".join(part for part in (case["unit"] or case["unit_code"], case["village"]) if part) or "—",
        ),
        ("用途", USE_CLASS[case["use_class"]]),
        ("初步判定、鉴定等级", f"{HAZARD_TIER[case['hazard_tier']]}；{APPRAISAL_GRADE[case['appraisal_grade']]}"),
        ("案件", f"第 {case['case_id']} 号，{rules.kind_said(case['kind'])}，{day_said(case['opened_on'])}立案"),
        ("整治方案", plan["reason"] or "—"),
        ("责任人", plan["responsible"] or "—"),
        ("硬隔离", fenced),
        *([("未鉴定的原因", given["no_appraisal_reason"])] if "no_appraisal_reason" in given else []),
        *([("计划开工", given["begins_on"])] if "begins_on" in given else []),
        ("完成时限", day_said(plan["until"])),
        ("备案号", filed["given"]["number"] if filed else "未备案"),
        ("备案机关、日期", f"{made.office}　{day_said(filed['on_day'])}" if filed else made.office),
    ]
    blocks: list[Block] = [
        Text("一栋一策整治方案", "title"),
        Text(f"备案号：{filed['given']['number'] if filed else '未备案'}", "number"),
    ]
    marks = (["模拟数据"] if case["simulated"] else []) + ([f"模拟日期 {today()}"] if simulated_day() else [])
    if marks:
        blocks.append(Text("　".join(marks), "note", "center"))
    blocks += [
        Table([[Cell(label, head=True), Cell(value, align="left")] for label, value in lines], (40, 116), head_rows=0),
        Text("管控和整治措施", "caption"),
        _measures(made.measures),
        Text("签字", "caption"),
        Table(
            [
                ["产权人或使用人", made.unit or "填报单位", made.office],
                ["\n\n签名：\n年　月　日", "\n\n签名（盖章）：\n年　月　日", "\n\n签名（盖章）：\n年　月　日"],
            ],
            (52, 52, 52),
        ),
    ]
    newest = max([plan, *made.measures, *([filed] if filed else [])], key=lambda event: int(event["seq"]))
    return Document(
        f"第 {case['case_id']} 号案件一栋一策整治方案", blocks, str(newest["on_day"]), author=made.unit, numbered=False
    )


def _measures(measures: list[dict[str, Any]]) -> Table:
    rows: list[list[Cell | str]] = [["措施", "开始", "计划结束", "责任人", "说明"]]
    for event in measures:
        facts = [
            f"{rules.FIELDS[name].zh}：{_said(value)}" for name, value in event["given"].items() if name in rules.FIELDS
        ]
        ended = [f"{event['end']['on_day']} 结束"] if event["end"] else []
        said = "；".join([*([event["reason"]] if event["reason"] else []), *facts, *ended])
        rows.append([
            Cell(event["said"], align="left"), str(event["on_day"]), str(event["until"] or "—"), event["responsible"] or "—",
            Cell(said, align="left"),
        ])  # fmt: skip
    if len(rows) == 1:
        rows.append([Cell("尚未采取措施", across=5)])
    return Table(rows, (30, 24, 24, 28, 50))


def _said(value: Any) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else str(value)


def print_remedy(made: Remedy, format_: Literal["docx", "pdf"]) -> bytes:
    """Return the file; needs no database."""
    return docx.write(document(made)) if format_ == "docx" else pdf.write(document(made))
