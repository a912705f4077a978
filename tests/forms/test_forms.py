"""Sheets both ways: what is offered can be filled in by its lists; what comes back is loaded whole, or says every fault."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook

from tests.conftest import Database, signed_in
from tests.record.conftest import TOWN, UNIT

_VISITS: list[dict[str, Any]] = [
    {"房屋编号": "H1", "到访时间": "2022-09-07 09:30", "到访情况": "已排查", "现场判断": "存在一定安全隐患", "层数": 4, "经营用途": "餐饮饭店；批发零售"},
    {"房屋编号": "H2", "到访时间": "2022-09-07 10:00", "到访情况": "无人"},
]  # fmt: skip
_JUDGEMENTS: list[dict[str, Any]] = [
    {"房屋编号": "H1", "类型": "初步判定", "结论": "存在严重安全隐患", "日期": "2022-07-01", "技术人员单位": "技术组"},
    {"房屋编号": "H1", "类型": "安全鉴定", "结论": "B", "日期": "2022-08-01", "鉴定机构": "甲中心"},
]  # fmt: skip


def _book(content: bytes) -> tuple[Any, list[str]]:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return sheet, [str(cell.value) for cell in sheet[1]]


def _fill(form: bytes, rows: list[dict[str, Any]], drop: str | None = None) -> bytes:
    """Fill a downloaded sheet in, as a person would: a cell under its heading."""
    book = load_workbook(io.BytesIO(form))
    sheet = book.worksheets[0]
    head = [str(cell.value) for cell in sheet[1]]
    for number, row in enumerate(rows, start=2):
        for name, value in row.items():
            sheet.cell(number, head.index(name) + 1, value)
    if drop:
        sheet.delete_cols(head.index(drop) + 1)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _send(client: TestClient, who: dict[str, str], name: str, content: bytes, more: str = "") -> Any:
    kind = {"content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    return client.post(f"/api/forms/{name}?lang=en{more}", headers=who | kind, content=content)


@pytest.fixture
def who(town: Database) -> dict[str, str]:
    return signed_in(town, "township", place=TOWN)


def test_what_is_offered(town: Database, client: TestClient, who: dict[str, str]):
    sheet, head = _book(client.get("/api/forms/visits", headers=who).content)
    assert head[:3] == ["房屋编号", "到访时间", "到访情况"]
    assert all(cell.comment and cell.comment.text for cell in sheet[1]), "each heading has its note"
    lists = {str(v.sqref).split(":")[0]: v.formula1 for v in sheet.data_validations.dataValidation}
    book = sheet.parent
    place = lists["C2"].removeprefix("=选项!").replace("$", "")
    assert [c.value for (c,) in book["选项"][place]] == ["已排查", "无人", "拒绝", "房屋已拆", "信息有误"]
    assert book["选项"].sheet_state == "hidden"
    assert all(len(formula) < 255 for formula in lists.values()), "a longer one breaks the file"


def test_visits_twice(town: Database, client: TestClient, who: dict[str, str]):
    sent = _fill(client.get("/api/forms/visits", headers=who).content, _VISITS)
    told = _send(client, who, "visits", sent)
    assert (told.status_code, told.json()) == (
        200,
        {"read": 2, "loaded": 2, "unchanged": 0, "rejected": 0, "faults": []},
    )
    assert town.ask("SELECT building_id, outcome, found, answers FROM gis.visit ORDER BY 1") == [
        ("H1", "visited", "some", {"floors": 4, "business_uses": ["catering", "retail"]}), ("H2", "absent", None, {}),
    ]  # fmt: skip
    assert _send(client, who, "visits", sent).json()["unchanged"] == 2


def test_judgements_open_a_case_whose_steps_come_by_sheet(town: Database, client: TestClient, who: dict[str, str]):
    sent = _fill(client.get("/api/forms/judgements", headers=who).content, _JUDGEMENTS)
    assert _send(client, who, "judgements", sent).json()["loaded"] == 2
    assert _send(client, who, "judgements", sent).json()["unchanged"] == 2
    assert town.ask("SELECT hazard_tier, appraisal_grade FROM gis.building WHERE building_id = 'H1'") == [
        ("severe", "B")
    ]
    form = client.get("/api/forms/cases", headers=who).content
    sheet, _ = _book(form)
    case_id = town.one("SELECT case_id FROM gis.case")
    assert (sheet.cell(2, 1).value, sheet.cell(2, 2).value) == (case_id, "H1"), "open cases stand in it"
    step = {"案件编号": case_id, "房屋编号": "H1", "办理事项": "停止使用", "日期": "2022-07-02", "范围、部位": "整栋"}
    plan = {"案件编号": case_id, "房屋编号": "H1", "办理事项": "一栋一策方案", "日期": "2022-07-05", "期限": "2022-09-30",
            "责任人（职务、单位）": "镇长", "说明": "加固", "已采取硬隔离": "是"}  # fmt: skip
    sent = _fill(form, [step, plan])
    told = _send(client, who, "cases", sent)
    assert told.json() == {"read": 2, "loaded": 2, "unchanged": 0, "rejected": 0, "faults": []}, told.text
    assert town.ask("SELECT kind, what, on_day::text, given FROM gis.case_event WHERE kind <> 'open' ORDER BY seq") == [
        ("measure", "stop_use", "2022-07-02", {"scope": "整栋"}), ("plan", "", "2022-07-05", {"fenced": True}),
    ]  # fmt: skip
    assert _send(client, who, "cases", sent).json()["unchanged"] == 2


_BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong id": ({"房屋编号": "H99"}, "没有这栋房屋"),
    "another's house": ({"房屋编号": "U1"}, "没有这栋房屋"),
    "two rows for one house": ({}, "与第 2 行是同一栋房屋"),
    "a word of no list": ({"房屋编号": "H2", "到访情况": "看过"}, "没有“看过”这个选项"),
    "no day": ({"房屋编号": "H2", "到访时间": "昨天"}, "应为日期"),
    "the future": ({"房屋编号": "H2", "到访时间": "2022-09-09 09:00"}, "晚于今天"),
    "nothing where something is needed": ({"房屋编号": "H2", "到访情况": None}, "“到访情况”没有填"),
    "a word for a number": ({"房屋编号": "H2", "层数": "很多"}, "应为数字"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(_BAD))
def test_a_bad_row_keeps_all_out_and_comes_back_with_its_reason(
    town: Database, client: TestClient, who: dict[str, str], tmp_path: Path, name: str
):
    more, reason = _BAD[name]
    rows = [_VISITS[0], {**_VISITS[0], **more}]
    sent = _fill(client.get("/api/forms/visits", headers=who).content, rows)
    before = town.counts()
    told = _send(client, who, "visits", sent)
    assert told.status_code == 422, told.text
    faults = told.json()["error"]["details"]["faults"]
    assert [(f["row"], reason in f["reason"]) for f in faults] == [(3, True)], faults
    assert {k: v for k, v in town.counts().items() if k != "version"} == {
        k: v for k, v in before.items() if k != "version"
    }
    kind = {"content-type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    back = client.post("/api/forms/visits/checked", headers=who | kind, content=sent)
    sheet, head = _book(back.content)
    assert (head[-1], sheet.max_row) == ("不能导入的原因", 2)
    assert reason in sheet.cell(2, len(head)).value
    assert town.one("SELECT count(*) FROM gis.visit") == 0
    # Left out expressly, the good row is loaded; the sheet that came back, mended, brings the other.
    assert _send(client, who, "visits", sent, "&leave_out=true").json()["loaded"] == 1
    mended = _fill(back.content, [{**_VISITS[1], "层数": 3}])
    assert _send(client, who, "visits", mended).json()["loaded"] == 1


def test_what_is_no_sheet(town: Database, client: TestClient, who: dict[str, str]):
    form = client.get("/api/forms/visits", headers=who).content
    empty = io.BytesIO()
    Workbook().save(empty)
    for content, sentence in (
        (_fill(form, _VISITS, drop="到访情况"), "the columns 到访情况 are missing"),
        (form, "no row is filled in"),
        (empty.getvalue(), "there is no sheet with the headings"),
        (b"PK\x03\x04 not a workbook", ""),
        (b"", "No file came"),
    ):
        told = _send(client, who, "visits", content)
        assert (told.status_code, sentence in told.json()["error"]["message"]) == (422, True), told.text
    told = _send(client, who, "cases", _fill(client.get("/api/forms/cases", headers=who).content,
                 [{"案件编号": 999, "房屋编号": "H1", "办理事项": "开始整治", "日期": "2022-09-01"}]))  # fmt: skip
    assert "没有这个案件" in told.json()["error"]["details"]["faults"][0]["reason"]


def test_a_formula_is_a_text(town: Database, client: TestClient, who: dict[str, str]):
    rows = [{**_VISITS[0], "备注": "'=1+1"}, {**_VISITS[1], "房屋编号": "=HYPERLINK(1)"}]
    sent = _fill(client.get("/api/forms/visits", headers=who).content, rows)
    told = _send(client, who, "visits", sent)
    assert told.status_code == 422


@pytest.mark.parametrize(("role", "place"), [("auditor", {}), ("planner", {}), ("village", {"place": "451224100001"})])
def test_who_may_send_what(town: Database, client: TestClient, role: str, place: dict[str, Any]):
    town.ask(
        "INSERT INTO gis.admin_area (code, name, level, parent_code) VALUES ('451224100001', '江平', 'village', '451224100')"
    )
    who = signed_in(town, role, **place)
    may = {"auditor": set(), "planner": {"visits", "judgements", "cases"}, "village": {"visits"}}[role]
    for name in ("visits", "judgements", "cases"):
        assert (_send(client, who, name, b"").status_code != 403) == (name in may), name


def test_a_unit_s_sheet_has_its_own_cases_alone(town: Database, client: TestClient):
    town.judge("building_id IN ('H1', 'U1')", tier="severe", on="2022-07-01")
    sheet, _ = _book(client.get("/api/forms/cases", headers=signed_in(town, "township", place=UNIT)).content)
    assert [sheet.cell(row, 2).value for row in range(2, 5)] == ["U1", None, None]


def test_by_hand(town: Database, tmp_path: Path):
    form, out = tmp_path / "form.xlsx", tmp_path / "bad.xlsx"
    assert town.cli("form", "template", "visits", "--out", form).code == 0
    form.write_bytes(_fill(form.read_bytes(), [*_VISITS, {**_VISITS[0], "房屋编号": "H99"}]))
    refused = town.cli("form", "load", "visits", form)
    assert (refused.code, "1 rows cannot be used, nothing was loaded" in refused.err) == (1, True)
    taken = town.cli("form", "load", "visits", form, "--rejects", out)
    assert (taken.code, "read 3 = loaded 2 + unchanged 0 + rejected 1" in taken.out) == (0, True), taken.err
    assert _book(out.read_bytes())[0].cell(2, 1).value == "H99"
