"""Papers of notices and letters: ours as docx and PDF, a county's own template as docx; with their receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.codelists import APPRAISAL_GRADE, HAZARD_TIER, USE_CLASS
from gis_service.errors import InputError, NotFoundError
from gis_service.identity import Identity, Right
from gis_service.notices.fields import fill_blocks, fill_docx
from gis_service.notices.issue import ask, rows_of
from gis_service.notices.texts import BLANK, FIELDS, PAPERS, template
from gis_service.paper import docx, pdf
from gis_service.paper.blocks import Block, Document, NewPaper

Format = Literal["docx", "pdf"]


@dataclass(frozen=True)
class Papers:
    """What is printed: the values of each paper, a county's own template if it has one, and whose owner is not known."""

    kind: str
    values: list[dict[str, str]]
    own: bytes | None
    blank: list[str]
    author: str
    made_on: date


def day_said(day: date | None) -> str:
    """Return a day as an office writes it: 2022年9月8日."""
    return BLANK if day is None else f"{day.year}年{day.month}月{day.day}日"


def of_notices(connection: Connection, who: Identity, ids: list[int], *, owners: bool) -> Papers:
    """Return what the papers of notices say; with ``owners`` and the right to, whom they are to, told to the trail.

    Raises
    ------
    NotFoundError
        None of them is the asker's.
    InputError
        They are of different kinds.

    """
    rows = rows_of(connection, "papers", ids=ids)
    if not rows:
        raise NotFoundError("没有这些通知书。", "There are no such notices.")
    kinds = {row["kind"] for row in rows}
    if len(kinds) > 1:
        raise InputError("一份文件只打印同一种通知书。", "One file has notices of one kind.")
    known: dict[str, str] = {}
    if owners and who.may(Right.PERSON):
        houses = [row["building_id"] for row in rows]
        known = {row["building_id"]: row["owner_name"] for row in rows_of(connection, "owners", houses=houses)}
        audit_log.record(who, Action.PERSON_READ, f"{len(known)} houses", houses=sorted(known), for_="notices")
    offices = {row["code"]: row["office"] or row["zh"] for row in rows_of(connection, "offices")}
    authors = {key: issuer(connection, *key) for key in {(row["department"], row["place"]) for row in rows}}
    author = authors[rows[0]["department"], rows[0]["place"]]
    kind = kinds.pop()
    values = [
        _values(row, known.get(row["building_id"]), offices, authors[row["department"], row["place"]]) for row in rows
    ]
    blank = [row["building_id"] for row in rows if row["building_id"] not in known]
    return Papers(kind, values, own_template(connection, kind), blank, author, max(row["issued_on"] for row in rows))


def _values(row: dict[str, Any], owner: str | None, offices: dict[str, str], author: str) -> dict[str, str]:
    return {
        # What is simulated says so on every paper, whatever its template.
        "文号": (row["number"] or "") + ("（模拟数据）" if row["simulated"] else ""),
        "收件人": owner or BLANK,
        "房屋编号": row["building_id"],
        "房屋名称": row["name"] or "",
        "房屋地址": row["address"] or row["name"] or BLANK,
        "填报单位": row["unit"] or row["unit_code"] or "",
        "村": row["village"] or "",
        "层数": str(row["floors"]) if row["floors"] is not None else "＿",
        "用途": USE_CLASS[row["use_class"]],
        "初步判定": HAZARD_TIER[row["hazard_tier"]],
        "鉴定等级": APPRAISAL_GRADE[row["appraisal_grade"]],
        "行业主管部门": "、".join(offices.get(code, code) for code in row["departments"]) or "—",
        "期限": day_said(row["due_on"]),
        "发文单位": author,
        "日期": day_said(row["issued_on"]),
        "事由": "",
        "时间地点": "",
        "文书名称": PAPERS[row["kind"]].zh,
    }


def of_letter(connection: Connection, letter: dict[str, Any]) -> Papers:
    """Return what a letter to a unit says."""
    author = issuer(connection, None, None)
    values = dict.fromkeys(FIELDS, "") | {
        "文号": letter["number"],
        "填报单位": letter["unit"] or letter["unit_code"],
        "收件人": letter["unit"] or letter["unit_code"],
        "事由": letter["reason"],
        "期限": day_said(letter["due_on"]),
        "时间地点": letter["meeting"] or BLANK,
        "发文单位": author,
        "日期": day_said(letter["issued_on"]),
        "文书名称": PAPERS[letter["kind"]].zh,
    }
    return Papers(letter["kind"], [values], own_template(connection, letter["kind"]), [], author, letter["issued_on"])


def issuer(connection: Connection, department: str | None, place: str | None) -> str:
    """Return the office that a paper is from: a department, a unit, or the county's office where neither is named."""
    if department:
        offices = {row["code"]: row["office"] or row["zh"] for row in rows_of(connection, "offices")}
        return str(offices.get(department, department))
    if place:
        found = rows_of(connection, "place", code=place)
        name = str(found[0]["name"]) if found else place
        return f"{name}人民政府" if name.endswith(("镇", "乡")) else name
    county = rows_of(connection, "county")
    name = str(county[0]["name"]) if county else ""
    return f"{name}自建房安全专项整治工作领导小组办公室"


def own_template(connection: Connection, kind: str) -> bytes | None:
    """Return a county's own template of a kind, None where ours holds."""
    content = ask(connection, "template", kind=kind).scalar()
    return None if content is None else bytes(content)


def write(papers: Papers, format_: Format, *, receipts: bool = True) -> bytes:
    """Return the file: each paper on a page of its own, followed by its receipt.

    Raises
    ------
    InputError
        A PDF of a county's own template is asked for: that is docx alone.

    """
    title = PAPERS[papers.kind].zh
    made_on = papers.made_on.isoformat()
    if papers.own is not None:
        if format_ == "pdf":
            check_pdf(papers)
        return fill_docx(papers.own, papers.values, title=title, author=papers.author, made_on=made_on)
    pattern, receipt = template(papers.kind), template("receipt")
    blocks: list[Block] = []
    for values in papers.values:
        for blocks_of in (pattern, receipt) if receipts else (pattern,):
            if blocks:
                blocks.append(NewPaper())
            blocks += fill_blocks(blocks_of, values)
    document = Document(title, blocks, made_on, author=papers.author, numbered=False)
    return docx.write(document) if format_ == "docx" else pdf.write(document)


def check_pdf(papers: Papers) -> None:
    """Refuse a PDF of a county's own template, which makes docx alone."""
    if papers.own is not None:
        title = PAPERS[papers.kind].zh
        raise InputError(
            f"“{title}”用的是本县自己的模板，只能生成 docx；请选 docx。",
            "The county's own template makes docx alone; choose docx.",
        )
