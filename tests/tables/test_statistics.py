"""Statistics by unit against plain loops over the rows; files that LibreOffice opens."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gis_service.db.engine import transaction
from gis_service.identity import Identity, Role, operator
from gis_service.tables.sheets import make
from tests.conftest import Database
from tests.paper import office

DAY = date(2022, 8, 10)
_BUILT = (
    (1980, "1980年及以前"),
    (1990, "1981—1990年"),
    (2000, "1991—2000年"),
    (2010, "2001—2010年"),
    (2015, "2011—2015年"),
)


def _counts(operating: bool, day: date = DAY, who: Identity | None = None) -> dict[str, dict[str, dict[str, int]]]:
    """Of each theme, by unit and heading."""
    with transaction(who or operator(), read_only=True) as connection:
        made = make(connection, "statistics", day, operating=operating)
    return {
        table.name: {
            row.label: dict(zip([zh for _, zh, _ in table.columns], row.values, strict=True)) for row in table.rows
        }
        for table in made.counts
    }


@pytest.mark.parametrize("operating", [True, False])
def test_against_plain_loops(demo_database: Database, operating: bool):
    names = dict(demo_database.ask("SELECT code, name FROM gis.admin_area WHERE level IN ('township', 'unit')"))
    words = {(lst, code): zh for lst, code, zh in demo_database.ask("SELECT list, code, zh FROM gis.code")}
    judged: dict[str, dict[str, str]] = {"preliminary": {}, "appraisal": {}}
    superseded = {n for (n,) in demo_database.ask("SELECT supersedes FROM gis.judgement WHERE judged_on <= %s", DAY)}
    for number, house, kind, value in demo_database.ask(
        "SELECT judgement_id, building_id, kind, coalesce(tier, grade) FROM gis.judgement WHERE judged_on <= %s AND kind <> 'review' "
        "ORDER BY judged_on, recorded_at, judgement_id", DAY,
    ):  # fmt: skip
        if number not in superseded:
            judged[kind][house] = value
    tiers = {"severe": "存在严重安全隐患", "some": "存在一定安全隐患", "none_found": "未发现安全隐患"}
    uses = {"commercial": "经营性", "mixed": "住宅兼经营", "other": "其他"}
    wanted: dict[str, Counter[tuple[str, str]]] = {
        t: Counter()
        for t in ("use", "business_uses", "floors", "built", "structure", "declared_areas", "tier", "grade")
    }
    for house, unit, use, trades, floors, built, structure, areas, removed in demo_database.ask(
        "SELECT building_id, unit_code, use_class, business_uses, floors, built_year, structure, declared_areas, removed_on FROM gis.building"
    ):
        if (operating and use == "other") or (removed is not None and removed <= DAY):
            continue
        of = names[unit]
        wanted["use"][of, uses[use]] += 1
        for trade in trades or ():
            wanted["business_uses"][of, words["business_uses", trade]] += 1
        said = "未填" if floors is None else "7层及以上" if floors >= 7 else f"{floors}层"
        wanted["floors"][of, said] += 1
        said = next(
            (w for y, w in _BUILT if built is not None and built <= y), "未填" if built is None else "2016年及以后"
        )
        wanted["built"][of, said] += 1
        wanted["structure"][of, "未填" if structure is None else words["structure", structure]] += 1
        for area in areas or ():
            wanted["declared_areas"][of, words["declared_areas", area]] += 1
        wanted["tier"][of, tiers.get(judged["preliminary"].get(house, ""), "未判定")] += 1
        grade = judged["appraisal"].get(house, "unknown")
        wanted["grade"][of, "未鉴定" if grade == "unknown" else f"{grade}级"] += 1
    found = _counts(operating)
    for theme, counts in wanted.items():
        told = Counter({(u, h): n for u, row in found[theme].items() for h, n in row.items() if h != "房屋" and n})
        assert told == counts, theme
    assert wanted["tier"]["东兰镇", "未判定"] > 0, "a day within the campaign"


def test_totals_and_whose_houses(whole_database: Database):
    with transaction(operator(), read_only=True) as connection:
        made = make(connection, "statistics", DAY, operating=True)
    houses = {table.total[0] for table in made.counts}
    assert houses == {4028}, "every theme begins with the same houses"
    for table in made.counts:
        if table.name in {"use", "floors", "built", "structure", "tier", "grade"}:
            assert sum(table.total[1:]) == table.total[0], table.name
    town = _counts(operating=True, who=Identity("town", Role.TOWNSHIP, "451224102"))
    assert {unit: row["房屋"] for unit, row in town["use"].items()} == {"长乐镇": 169}


def test_patrols_and_rectification(town: Database):
    """One visit in the week, one before, nobody there once; a hazard dealt with and one not."""
    town.judge("building_id IN ('H1', 'U1')", tier="severe", on="2022-08-01")
    number = "INSERT INTO gis.visit (visit_id, building_id, visited_at, outcome, source, digest, answers) VALUES (%s, %s, %s, %s, 'machine', repeat('0', 64), '{}')"
    for n, (house, on, outcome) in enumerate(
        (("H1", "2022-08-09", "visited"), ("H1", "2022-07-01", "absent"), ("U1", "2022-08-11", "visited"))
    ):
        town.ask(number, f"00000000-0000-4000-8000-00000000000{n}", house, f"{on}T09:00+08:00", outcome)
    town.ask("INSERT INTO gis.case_event (case_id, kind, what, on_day, given) SELECT case_id, 'measure', 'stop_use', '2022-08-05', "
             "'{\"scope\": \"整栋\"}' FROM gis.case WHERE building_id = 'H1'")  # fmt: skip
    found = _counts(operating=True)
    assert found["patrols"]["东兰镇"] == {
        "房屋": 2, "到访次数": 2, "到访房屋": 1, "近7天到访": 1, "无人或拒绝": 1, "停业检查未营业": 0, "停业检查仍营业": 0,
    }  # fmt: skip
    assert found["patrols"]["示例矿区管理处"]["到访次数"] == 0, "visited the day after"
    assert found["rectification"]["东兰镇"] == {
        "房屋": 2, "累计隐患": 1, "已完成整治": 0, "整治中": 0, "已采取措施、尚未开工整治": 1, "未采取措施": 0, "逾期": 0,
    }  # fmt: skip
    assert found["rectification"]["示例矿区管理处"]["未采取措施"] == 1


@pytest.mark.parametrize("name", ["annex1", "annex2", "statistics", "steps"])
def test_files_are_opened_by_an_office(demo_database: Database, tmp_path: Path, name: str):
    read = {}
    for suffix in ("xlsx", "pdf"):
        out = tmp_path / f"t.{suffix}"
        told = demo_database.cli("tables", name, "--day", "2022-09-08", "--out", out)
        assert (told.code, told.err) == (0, ""), told.err
        read[suffix] = out
    with transaction(operator(), read_only=True) as connection:
        made = make(connection, name, date(2022, 9, 8), operating=False)  # type: ignore[arg-type]
    texts = {
        "xlsx": "".join(office.words(office.converted(read["xlsx"], tmp_path))),
        "pdf": "".join(office.words(read["pdf"].read_bytes())),
    }
    for suffix, text in texts.items():
        for sheet in made.sheets:
            for row in [[sheet.title], *sheet.rows]:
                line = "".join("".join(str(v).split()) for v in row if v is not None)
                # A long cell is set in several lines, between which its neighbours stand.
                if name != "steps" or len(row) == 1:
                    assert line in text, (suffix, line)
    if name == "statistics":
        assert len(load_workbook(read["xlsx"]).sheetnames) == len(made.sheets) + 1


def test_what_cannot_be_asked(demo_database: Database, tmp_path: Path):
    for arguments, words in (
        (("statistics", "--out", tmp_path / "a.csv"), "a.csv: a table ends in .xlsx or .pdf."),
        (("steps", "--day", "2022-09-09", "--out", tmp_path / "a.pdf"), "is in the future"),
    ):
        told = demo_database.cli("tables", *arguments)
        assert (told.code, told.err.count("\n")) == (1, 1)
        assert words in told.err
    assert list(tmp_path.iterdir()) == []
