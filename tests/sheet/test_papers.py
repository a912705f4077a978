"""A house's file and a case's plan as documents: what they say, in LibreOffice and as PDF, and the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx as python_docx
import pytest

from tests.cases.conftest import PLANNER, TOWNSHIP, open_case, pictures, step  # noqa: F401 - fixtures
from tests.conftest import Database, signed_in
from tests.paper.office import pages, words
from tests.record.conftest import TOWN, _town, client, town  # noqa: F401 - fixtures

PLAN: dict[str, Any] = {
    "reason": "先管控，后<加固>",
    "responsible": "镇长 覃某",
    "given": {"fenced": False, "no_fence_reason": "已撤离", "no_appraisal_reason": "待鉴定"},
}


def text_of(content: bytes) -> str:
    document = python_docx.Document(io.BytesIO(content))
    return "\n".join(
        [p.text for p in document.paragraphs] + [c.text for t in document.tables for r in t.rows for c in r.cells]
    )


def body(content: bytes) -> dict[str, bytes]:
    """What a docx says: all of its parts but who takes it away and when."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name != "docProps/core.xml"}


@pytest.fixture
def planned(town: Database) -> int:  # noqa: F811
    """A case of H1 with a plan, a control and no filing yet."""
    from datetime import date

    town.judge("building_id = 'H1'", tier="severe", on="2022-07-01")
    case_id = int(town.one("SELECT case_id FROM gis.case WHERE building_id = 'H1'"))
    step(TOWNSHIP, case_id, "plan", until=date(2022, 9, 30), **PLAN)
    step(TOWNSHIP, case_id, "measure", "stop_use", given={"scope": "整栋"}, responsible="镇长")
    return case_id


def test_a_house_s_file(town: Database, planned: int, client, tmp_path):  # noqa: F811
    who = signed_in(town, "township", place=TOWN)
    made = client.get("/house/H1/sheet.docx", headers=who)
    assert made.status_code == 200, made.text
    assert body(made.content) == body(client.get("/house/H1/sheet.docx", headers=who).content)
    assert python_docx.Document(io.BytesIO(made.content)).core_properties.comments.startswith("导出：")
    said = text_of(made.content)
    for part in (
        "自建房一栋一册",
        "红旗饭店（H1）",
        "模拟数据",
        "存在严重安全隐患",
        "江平社区1号",
        "一栋一策方案",
        "建成年份",
        "2005",
    ):
        assert part in said, part
    set_ = pages(made.content, tmp_path)
    assert "位置图" in "".join(set_)
    assert len(python_docx.Document(io.BytesIO(made.content)).inline_shapes) == 1
    assert client.get("/house/U1/sheet.docx", headers=who).status_code == 404
    out = tmp_path / "h.docx"
    assert town.cli("sheet", "house", "H1", "--out", out).code == 0
    assert "红旗饭店" in text_of(out.read_bytes())


def test_a_case_s_plan_and_its_filing(town: Database, planned: int, client, tmp_path):  # noqa: F811
    who = signed_in(town, "township", place=TOWN)
    said = text_of(client.get(f"/api/cases/{planned}/plan.docx", headers=who).content)
    for part in (
        "一栋一策整治方案",
        "备案号：未备案",
        "先管控，后<加固>",
        "镇长 覃某",
        "未采取：已撤离",
        "待鉴定",
        "2022年9月30日",
        "停止使用",
        "整栋",
    ):
        assert part in said, part
    step(PLANNER, planned, "file", given={"number": "东自建房备〔2022〕3号"})
    filed = client.get(f"/api/cases/{planned}/plan.docx", headers=who).content
    assert "备案号：东自建房备〔2022〕3号" in text_of(filed)
    assert "东兰县自建房安全专项整治工作领导小组办公室　2022年9月8日" in text_of(filed)
    assert body(filed) == body(client.get(f"/api/cases/{planned}/plan.docx", headers=who).content)
    pdf = client.get(f"/api/cases/{planned}/plan.pdf", headers=who).content
    for found in (words(pdf), pages(filed, tmp_path)):
        assert "东自建房备〔2022〕3号" in found[0]
        assert "后<加固>" in "".join(found)
    # A new plan is not filed by the old number.
    from datetime import date

    step(TOWNSHIP, planned, "plan", until=date(2022, 9, 28), **PLAN)
    assert "备案号：未备案" in text_of(client.get(f"/api/cases/{planned}/plan.docx", headers=who).content)
    for suffix in ("docx", "pdf"):
        out = tmp_path / f"plan.{suffix}"
        assert town.cli("sheet", "case", planned, "--out", out).code == 0
        assert out.stat().st_size > 2_000


def test_what_has_no_paper(town: Database, client, tmp_path):  # noqa: F811
    case_id = open_case(TOWNSHIP, "H3", "legality")["case_id"]
    who = signed_in(town, "township", place=TOWN)
    refused = client.get(f"/api/cases/{case_id}/plan.docx", headers=who)
    assert refused.status_code == 422
    assert "还没有一栋一策方案" in refused.json()["error"]["message"]
    assert client.get("/api/cases/999/plan.docx", headers=who).status_code == 404
    out = tmp_path / "x.docx"
    for arguments, code in (
        ((1, "--out", out), 1),
        (("case", case_id, "--out", out), 1),
        (("case", "x", "--out", out), 2),
        (("house", "H1", "--out", tmp_path / "x.txt"), 1),
    ):
        said = town.cli("sheet", *arguments)
        assert (said.code, out.exists()) == (code, False), said.err
