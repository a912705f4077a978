"""Annexes 1 and 2 by day: equal to the notice on its day, to today's pages, and to plain loops on every day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gis_service.db.engine import transaction
from gis_service.figures.tables import department_table, place_tables, runs_of
from gis_service.identity import Identity, Role, operator
from gis_service.record.tables import annex
from tests.conftest import Database

# Annex 1 and 2 of the notice of 2022-09-08: judged, severe, some, none found.
ANNEX1 = {
    "东兰县": (4028, 79, 382, 3567), "东兰镇": (1747, 38, 142, 1567), "隘洞镇": (592, 14, 50, 528), "长乐镇": (169, 2, 3, 164),
    "三石镇": (149, 1, 6, 142), "武篆镇": (285, 2, 53, 230), "长江镇": (187, 7, 12, 168), "泗孟乡": (126, 2, 11, 113),
    "兰木乡": (135, 0, 25, 110), "巴畴乡": (131, 0, 2, 129), "金谷乡": (109, 1, 2, 106), "三弄瑶族乡": (5, 0, 0, 5),
    "大同乡": (135, 7, 45, 83), "花香乡": (211, 4, 30, 177), "切学乡": (47, 1, 1, 45),
}  # fmt: skip
ANNEX2 = {
    "县公安局": (1079, 21, 106, 952), "县教育局": (69, 34, 9, 26), "县民政局": (31, 0, 4, 27),
    "县市场监管局": (2493, 30, 281, 2182), "县卫生健康局": (83, 2, 11, 70), "县文广体旅局": (56, 3, 6, 47),
}  # fmt: skip
_HEADER = (
    ("技术初步判定信息已排查数据", "技术初步判定结论", None, None, "备注"),
    (
        None,
        "存在严重安全隐患（需要管控并进行安全鉴定）",
        "存在一定安全隐患（需要安全鉴定）",
        "未发现安全隐患（基本安全）",
        None,
    ),
)


@pytest.mark.parametrize(
    ("name", "title", "of", "wanted"),
    [
        ("annex1", "东兰县自建房安全专项整治技术初步判定信息统计表", "行政区划", ANNEX1),
        ("annex2", "东兰县自建房安全专项整治技术初步判定行业主管部门信息分布表", "行业主管部门", ANNEX2),
    ],
)
def test_the_file_is_the_notice_s_own_table(
    whole_database: Database, tmp_path: Path, name: str, title: str, of: str, wanted: dict[str, tuple[int, ...]]
):
    out = tmp_path / f"{name}.xlsx"
    said = whole_database.cli("tables", name, "--day", "2022-09-08", "--out", out)
    assert said.code == 0, said.err
    book = load_workbook(out)
    assert len(book.worksheets) == 1
    sheet = book.worksheets[0]
    assert {str(r) for r in sheet.merged_cells.ranges} == {"A1:G1", "A2:A3", "B2:B3", "C2:C3", "D2:F2", "G2:G3"}
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0] == title
    assert rows[1] == ("序号", of, *_HEADER[0])
    assert rows[2][2:] == _HEADER[1]
    body = rows[3 : 3 + len(wanted)]
    first = 1 if name == "annex1" else 0  # the county has no number
    assert [row[0] for row in body] == [None] * first + list(range(1, len(wanted) + 1 - first))
    assert {row[1]: row[2:6] for row in body} == wanted
    assert [row[1] for row in body] == list(wanted), "in the notice's order"
    assert all(row[6] is None for row in body)
    below = [str(row[0]) for row in rows[3 + len(wanted) :]]
    assert any("模拟数据" in line for line in below)
    if name == "annex2":
        assert any("未列入：未明确行业主管部门 462 栋" in line for line in below)


def test_they_are_what_today_s_pages_show(demo_database: Database):
    with transaction(operator(), read_only=True) as connection:
        _, page1 = place_tables(connection, runs_of(connection))
        page2 = department_table(connection)
        ours1 = annex(connection, "annex1", date(2022, 9, 8))
        ours2 = annex(connection, "annex2", date(2022, 9, 8))
    assert {r.label: r.values for r in page1.rows} | {"东兰县": page1.total} == {
        r.name: (r.judged, r.severe, r.some, r.none_found) for r in ours1.lines
    }
    shown = {r.code: r.values for r in page2.rows if r.code}
    assert shown == {r.code: (r.judged, r.severe, r.some, r.none_found) for r in ours2.lines}


def test_a_township_s_own_line_alone_counts(whole_database: Database):
    town = Identity("town", Role.TOWNSHIP, "451224102")
    with transaction(town, read_only=True) as connection:
        made = annex(connection, "annex1", date(2022, 9, 8))
    assert (made.lines[0].judged, made.lines[0].severe) == (169, 2)
    assert {r.name: r.judged for r in made.lines[1:] if r.judged} == {"长乐镇": 169}


def test_every_day_against_plain_loops(town: Database):
    """Late entries, corrections and a house that is gone, counted on every day by loops over the rows."""
    seeded = random.Random(16)
    houses = [f"H{k}" for k in range(1, 4)] + ["U1"] + [f"X{k}" for k in range(30)]
    town.ask(
        """
        INSERT INTO gis.building (building_id, township_code, use_class, departments, geom)
        SELECT 'X' || k, '451224100', CASE WHEN mod(k, 3) = 0 THEN 'other' ELSE 'mixed' END,
               CASE mod(k, 4) WHEN 0 THEN '{police,health}'::text[] WHEN 1 THEN '{}' ELSE '{housing}' END,
               ST_Multi(ST_MakeEnvelope(436100 + 12 * k, 2712500, 436110 + 12 * k, 2712510, 4545))
        FROM generate_series(0, 29) AS k
        """
    )
    for _ in range(90):
        house, day = seeded.choice(houses), date(2022, 8, 1) + timedelta(days=seeded.randrange(20))
        tier = seeded.choice(("severe", "some", "none_found"))
        town.judge(f"building_id = '{house}'", tier, on=str(day))
    for number, house, day in town.ask(
        "SELECT max(judgement_id), building_id, max(judged_on) FROM gis.judgement GROUP BY 2 ORDER BY 2 LIMIT 10"
    ):
        town.ask(
            "INSERT INTO gis.judgement (building_id, kind, tier, judged_on, supersedes, reason) VALUES (%s, 'preliminary', "
            "%s, %s, %s, '误判')", house, seeded.choice(("unjudged", "some")), day, number,
        )  # fmt: skip
    town.ask("UPDATE gis.building SET removed_on = '2022-08-10' WHERE building_id IN ('X1', 'X4')")
    rows = town.ask("SELECT judgement_id, building_id, tier, judged_on, supersedes FROM gis.judgement ORDER BY 1")
    kept = town.ask("SELECT building_id, unit_code, departments, use_class, removed_on FROM gis.building")
    offices = {"police": "县公安局", "health": "县卫生健康局", "market_reg": "县市场监管局"}
    for ahead in range(-1, 22):
        day = date(2022, 8, 1) + timedelta(days=ahead)
        county = dict.fromkeys(("severe", "some", "none_found"), 0)
        units: dict[str, int] = {}
        held: dict[str, int] = {}
        for house, unit, departments, use, gone in kept:
            until = [r for r in rows if r[1] == house and r[3] <= day]
            corrected = {r[4] for r in rows if r[3] <= day}
            standing = [r for r in until if r[0] not in corrected]
            tier = max(standing, key=lambda r: (r[3], r[0]))[2] if standing else "unjudged"
            if use == "other" or tier == "unjudged" or (gone is not None and gone <= day):
                continue
            county[tier] += 1
            units[unit] = units.get(unit, 0) + 1
            for department in departments:
                held[department] = held.get(department, 0) + 1
        with transaction(operator(), read_only=True) as connection:
            one, two = annex(connection, "annex1", day), annex(connection, "annex2", day)
        first = one.lines[0]
        assert {"severe": first.severe, "some": first.some, "none_found": first.none_found} == county, day
        assert first.judged == sum(county.values())
        assert {r.code: r.judged for r in one.lines[1:] if r.judged} == units
        assert {r.name: r.judged for r in two.lines if r.judged} == {
            offices[d]: n for d, n in held.items() if d in offices
        }
        assert any("县住房和城乡建设局" in note for note in two.notes) == ("housing" in held)


def test_what_cannot_be_asked(demo_database: Database, tmp_path: Path):
    for arguments, words in (
        (("--day", "2022-09-09", "--out", tmp_path / "a.xlsx"), "is in the future (today is 2022-09-08)"),
        (("--day", "yesterday", "--out", tmp_path / "a.xlsx"), "is no date"),
        (("--out", tmp_path / "a.csv"), "ends in .xlsx"),
    ):
        said = demo_database.cli("tables", "annex1", *arguments)
        assert (said.code, said.err.count("\n")) == (1, 1), said.err
        assert words in said.err
    assert list(tmp_path.iterdir()) == []
