"""A plan's QField package read back, and an outbox that was saved as a file: twice the same changes nothing."""

from __future__ import annotations

import base64
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import geopandas as gpd
import pytest
from shapely import Point

from gis_service.inspection.stored.qfield import FORM_COLUMNS
from tests.cases.conftest import photograph
from tests.conftest import Database

_STOPS: list[dict[str, Any]] = [
    {"stop_id": "H1", "visit_state": "visited", "found": "some", "note": "裂缝", "photo": "DCIM/a.jpg", "visited_at": "2022-09-07T10:00:00"},
    {"stop_id": "H2", "visit_state": "absent", "visited_at": "2022-09-07T10:30:00"},
    {"stop_id": "H3", "visit_state": "visited", "visited_at": "2022-09-07T11:00:00"},
    {"stop_id": "U1", "visit_state": None},
]  # fmt: skip


def _package(folder: Path, stops: list[dict[str, Any]], photographs: dict[str, bytes], plan: int = 1) -> Path:
    """A project folder as QField leaves it, packed."""
    table = folder / "计划.gpkg"
    table.unlink(missing_ok=True)
    frame = gpd.GeoDataFrame(
        [dict.fromkeys(("day", *FORM_COLUMNS)) | {"day": "2022-09-07"} | stop for stop in stops],
        geometry=[Point(107.37, 24.51)] * len(stops), crs=4326,
    )  # fmt: skip
    frame.to_file(table, layer="stops", driver="GPKG")
    with closing(sqlite3.connect(table)) as base, base:
        base.execute("CREATE TABLE summary (parameters TEXT)")
        base.execute("INSERT INTO summary VALUES (?)", (json.dumps({"plan": plan, "version": 1}),))
    path = folder / "back.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(table, "项目/计划.gpkg")
        for name, content in photographs.items():
            packed.writestr(f"项目/{name}", content)
    return path


@pytest.fixture
def planned(town: Database) -> Database:
    town.ask("INSERT INTO gis.plan (name) VALUES ('回头看')")
    return town


def test_a_package_twice(planned: Database, tmp_path: Path):
    path = _package(tmp_path, _STOPS, {"DCIM/a.jpg": photograph("red"), "DCIM/b.jpg": photograph("blue")})
    first = planned.cli("import", "visits", path)
    assert first.code == 0, first.err
    assert "read 3 = loaded 3 + unchanged 0 + updated 0 + rejected 0" in first.out
    assert "1 rows visited without a photograph: H3" in first.err
    assert "1 photographs are named by no row: 项目/DCIM/b.jpg" in first.err
    assert planned.ask(
        "SELECT building_id, outcome, found, cardinality(photographs), visited_on::text, source, plan_id FROM gis.visit "
        "ORDER BY visited_at"
    ) == [
        ("H1", "visited", "some", 1, "2022-09-07", "package", 1), ("H2", "absent", None, 0, "2022-09-07", "package", 1),
        ("H3", "visited", None, 0, "2022-09-07", "package", 1),
    ]  # fmt: skip
    before = planned.counts()
    again = planned.cli("import", "visits", path)
    assert "read 3 = loaded 0 + unchanged 3" in again.out
    assert {k: v for k, v in planned.counts().items() if k not in {"audit_trail", "version"}} == {
        k: v for k, v in before.items() if k not in {"audit_trail", "version"}
    }


def test_a_bad_row_refuses_the_package_unless_it_is_left_out(planned: Database, tmp_path: Path):
    stops = [*_STOPS[:1], {"stop_id": "H9", "visit_state": "visited", "visited_at": "2022-09-07T10:00:00"},
             {"stop_id": "H3", "visit_state": "visited", "photo": "DCIM/c.jpg", "visited_at": "2022-09-07T12:00:00"}]  # fmt: skip
    path = _package(tmp_path, stops, {"DCIM/a.jpg": photograph("red"), "DCIM/c.jpg": b"<script>"})
    refused = planned.cli("import", "visits", path)
    assert refused.code == 1
    assert "2 rows cannot be used, nothing was loaded; row 2 (H9): There is no such house." in refused.err
    assert planned.one("SELECT count(*) FROM gis.visit") == 0
    assert planned.one("SELECT count(*) FROM gis.attachment") == 0
    dry = planned.cli("import", "visits", path, "--dry-run")
    assert (dry.code, "rejected 2" in dry.out, planned.one("SELECT count(*) FROM gis.visit")) == (0, True, 0)
    taken = planned.cli("import", "visits", path, "--rejects", tmp_path / "out.csv")
    assert (taken.code, "loaded 1" in taken.out) == (0, True), taken.err
    told = (tmp_path / "out.csv").read_text("utf-8-sig")
    assert "H9" in told
    assert "no photograph that can be used" in told


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("a.zip", b"not a zip", "is no zip"), ("a.json", b"{}", "none that the page of a visit saved"),
     ("a.json", b'{"visits": 3}', "none that the page")],
)  # fmt: skip
def test_what_is_no_package(planned: Database, tmp_path: Path, name: str, content: bytes, sentence: str):
    (tmp_path / name).write_bytes(content)
    answer = planned.cli("import", "visits", tmp_path / name)
    assert (answer.code, sentence in answer.err) == (1, True), answer.err


def test_zips_that_are_no_packages(planned: Database, tmp_path: Path):
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as packed:
        packed.writestr("a.txt", "x")
    assert "should have one gpkg; it has 0" in planned.cli("import", "visits", empty).err
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as packed:
        packed.writestr("a.gpkg", "x")
    assert "none that a plan exported" in planned.cli("import", "visits", other).err


def test_an_outbox_that_was_saved(town: Database, tmp_path: Path):
    visit = {
        "visit_id": str(uuid4()), "building_id": "H1", "visited_at": "2022-09-08T09:30:00+08:00", "outcome": "visited",
        "found": None, "answers": {"floors": 4}, "note": None,
        "position": {"lon": 107.3735, "lat": 24.5096, "by": "map", "accuracy_m": None},
        "photographs": [base64.b64encode(photograph("red")).decode()],
    }  # fmt: skip
    lon, lat = town.ask("SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_Transform(ST_Centroid(geom), 4326) AS p FROM gis.building "
                        "WHERE building_id = 'H1') AS x")[0]  # fmt: skip
    visit["position"] = {"lon": lon, "lat": lat, "by": "map", "accuracy_m": None}
    path = tmp_path / "visits.json"
    path.write_text(json.dumps({"visits": [visit]}))
    assert "loaded 1" in town.cli("import", "visits", path).out
    assert "unchanged 1" in town.cli("import", "visits", path).out
    assert town.ask("SELECT source, distance_m, answers FROM gis.visit") == [("file", 0.0, {"floors": 4})]
    path.write_text(json.dumps({"visits": [visit | {"visited_at": "soon"}]}))
    assert "This visit is not whole" in town.cli("import", "visits", path).err


def test_a_visit_by_hand(town: Database, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(photograph("red"))
    answer = town.cli("record", "visit", "H1", "--at", "2022-09-07T09:30", "--answer", "floors=4", "--answer",
                      "business_uses=catering,retail", "--photo", tmp_path / "a.jpg")  # fmt: skip
    assert (answer.code, "2 proposals" in answer.out) == (0, True), answer.err
    bad = town.cli("record", "visit", "H1", "--answer", "colour=red")
    assert (bad.code, "write FIELD=VALUE" in bad.err) == (1, True)
