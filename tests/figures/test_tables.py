"""Figures by place and department against the notice's own tables and against counts made another way."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from gis_service.db.engine import get_engine
from gis_service.export.mark import Mark
from gis_service.export.xlsx import write_tables
from gis_service.figures.tables import ANNEX, OVERVIEW, department_table, place_tables, runs_of
from tests.conftest import Database


@pytest.fixture
def tables(whole_database: Database):
    with get_engine("owner").begin() as connection:
        overview, annex1 = place_tables(connection, runs_of(connection))
        return overview, annex1, department_table(connection)


def test_annex_1_is_that_of_the_notice(tables, shared_data: Path):
    """The simulated county was made to have the notice's numbers: the table must give them back."""
    published = json.loads((shared_data / "donglan_tables.json").read_text())["annex1_townships"]
    _, annex1, _ = tables
    found = {row.code: row.values for row in annex1.rows}
    assert found == {t["code"]: (t["judged"], t["severe"], t["some"], t["none_found"]) for t in published}
    assert annex1.total == (4028, 79, 382, 3567)


def test_the_overview_adds_up(tables, whole_database: Database):
    overview, *_ = tables
    columns = [name for name, _, _ in OVERVIEW]
    for position, name in enumerate(columns):
        if name != "clusters":
            assert sum(row.values[position] for row in overview.rows) == overview.total[position], name
    total = dict(zip(columns, overview.total, strict=True))
    assert total["houses"] == 79158 == total["severe"] + total["some"] + total["none_found"] + total["unjudged"]
    for name, condition in (
        ("severe", "hazard_tier = 'severe'"), ("operating", "use_class <> 'other'"), ("unjudged", "hazard_tier = 'unjudged'"),
    ):  # fmt: skip
        assert total[name] == whole_database.one(f"SELECT count(*) FROM gis.building WHERE {condition}")


def test_villages_add_up_to_their_township(whole_database: Database, tables):
    overview, *_ = tables
    town = next(row for row in overview.rows if row.code == "451224104")
    with get_engine("owner").begin() as connection:
        villages, annex = place_tables(connection, runs_of(connection), "451224104")
    columns = [name for name, _, _ in OVERVIEW]
    for position, name in enumerate(columns):
        if name != "clusters":
            assert sum(row.values[position] for row in villages.rows) == town.values[position], name
    assert annex.total == (285, 2, 53, 230)
    assert {row.code[:9] for row in villages.rows if row.code} == {"451224104"}


def test_a_house_of_two_departments_counts_under_each_and_it_is_said(tables, whole_database: Database):
    *_, annex2 = tables
    once = whole_database.one(
        "SELECT count(*) FROM gis.building WHERE use_class <> 'other' AND hazard_tier <> 'unjudged'"
    )
    extra = whole_database.one(
        "SELECT sum(cardinality(departments) - 1) FROM gis.building "
        "WHERE use_class <> 'other' AND hazard_tier <> 'unjudged' AND cardinality(departments) > 1"
    )
    assert extra > 0
    assert annex2.total[0] == once + extra
    assert f"{extra:,}" in annex2.notes[0][0]
    police = next(row for row in annex2.rows if row.code == "police")
    assert police.values[0] == whole_database.one(
        "SELECT count(*) FROM gis.building WHERE 'police' = ANY(departments) AND use_class <> 'other' AND hazard_tier <> 'unjudged'"
    )


def test_a_cluster_across_a_border_counts_once_in_all(database: Database):
    database.ask("""INSERT INTO gis.run (kind, parameters, finished_at, data_version, code_version)
                    VALUES ('density', '{}', now(), 1, 'test')""")
    database.ask("""INSERT INTO gis.admin_area (code, name, level) VALUES
                    ('451224100', '甲镇', 'township'), ('451224101', '乙镇', 'township')""")
    box = "ST_Multi(ST_MakeEnvelope(430000, 2700000, 430010, 2700010, 4545))"
    for code, name in (("451224100", "a"), ("451224101", "b")):
        database.ask(f"INSERT INTO gis.building (building_id, township_code, geom) VALUES ('{name}', '{code}', {box})")
    database.ask(f"""INSERT INTO gis.cluster (run_id, cluster_id, township_codes, buildings, footprint_m2, coverage,
                     alley_m, sky_line_m, handshake_m, score, score_parts, geom)
                     VALUES (1, 1, '{{451224100,451224101}}', 2, 1, 1, 1, 1, 1, 1, '{{}}', {box})""")
    with get_engine("owner").begin() as connection:
        overview, _ = place_tables(connection, runs_of(connection))
    at = [name for name, _, _ in OVERVIEW].index("clusters")
    assert [row.values[at] for row in overview.rows] == [1, 1]
    assert overview.total[at] == 1
    assert "各计一次" in overview.notes[0][0]


def test_the_workbook_holds_the_tables(tables, tmp_path: Path):
    path = tmp_path / "figures.xlsx"
    write_tables(list(tables), path, Mark("t"))
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == 4
    assert book["导出信息"]["B1"].value == "t"
    rows = list(book["附件1 经营性自建房初步判定情况"].values)
    assert rows[1][1:5] == tuple(zh for _, zh, _ in ANNEX)
    assert ("合计", 4028, 79, 382, 3567) in [row[:5] for row in rows]


def test_no_houses_no_failure(database: Database):
    with get_engine("owner").begin() as connection:
        overview, annex1 = place_tables(connection, runs_of(connection))
        annex2 = department_table(connection)
    assert overview.rows == annex1.rows == annex2.rows == ()
    assert overview.total == (0,) * len(OVERVIEW)
