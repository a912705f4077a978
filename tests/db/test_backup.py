"""Backup and restore: everything comes back, a broken file changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.conftest import Database, cloned

_FILL = """
INSERT INTO gis.admin_area (code, name, level, geom)
VALUES ('451224', '东兰县', 'county', ST_Multi(ST_MakeEnvelope(430000, 2700000, 440000, 2720000, 4545)));
INSERT INTO gis.building (building_id, name, business_uses, geom)
SELECT 'b' || n, '房屋' || n, '{catering}', ST_Multi(ST_MakeEnvelope(436000 + n, 2712000, 436000.5 + n, 2712010, 4545))
FROM generate_series(1, 50) AS n;
INSERT INTO gis.building_person VALUES ('b1', '户主', '0778-0000000', NULL);
INSERT INTO gis.run (kind, parameters, data_version, code_version) VALUES ('selection', '{}', 1, '0');
SELECT nextval('gis.data_version'), nextval('gis.data_version')
"""
_DIGEST = """
SELECT md5(string_agg(b::text, '|' ORDER BY fid)) FROM gis.building AS b
"""


@pytest.fixture
def filled(database: Database) -> Database:
    database.ask(_FILL)
    return database


def test_round_trip(filled: Database, server, template: str, tmp_path: Path):
    file = tmp_path / "备份.dump"
    before, digest = filled.counts(), filled.one(_DIGEST)
    said = filled.cli("db", "backup", file)
    assert said.code == 0, said.err
    assert file.read_bytes()[:5] == b"PGDMP"
    assert [p.name for p in tmp_path.iterdir()] == [file.name], "no half file is left"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    filled.ask("DELETE FROM gis.building; UPDATE gis.admin_area SET name = 'x'")
    filled.ask("UPDATE gis.admin_area SET name = 'y'")
    seen = filled.counts()["version"]
    assert seen == before["version"] + 2
    assert filled.cli("db", "restore", file, "--yes").code == 0
    # The restore itself is written into the trail that came back, and the version goes past all that was seen.
    after = before | {"audit_trail": before["audit_trail"] + 1}
    assert (filled.counts() | {"version": 0}, filled.one(_DIGEST)) == (after | {"version": 0}, digest)
    assert filled.counts()["version"] > seen
    # Ids go on where they were: the next row does not collide.
    filled.ask("INSERT INTO gis.admin_area (code, name, level) VALUES ('1', 'n', 'grid')")
    # Rights are part of it.
    assert not filled.one("SELECT has_table_privilege('gis_service', 'gis.building_person', 'SELECT')")
    assert filled.one("SELECT has_table_privilege('gis_township', 'gis.building', 'SELECT')")

    with cloned(server, template) as other:
        assert other.cli("db", "restore", file, "--yes").code == 0
        assert (other.counts() | {"version": 0}, other.one(_DIGEST)) == (after | {"version": 0}, digest)


@pytest.mark.parametrize("damage", ["no backup", "cut"])
def test_a_broken_file_changes_nothing(filled: Database, tmp_path: Path, damage: str):
    file = tmp_path / "a.dump"
    assert filled.cli("db", "backup", file).code == 0
    data = file.read_bytes()
    file.write_bytes(b"not a backup" if damage == "no backup" else data[: len(data) * 3 // 4])
    before, digest = filled.counts(), filled.one(_DIGEST)
    said = filled.cli("db", "restore", file, "--yes")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert (filled.counts(), filled.one(_DIGEST)) == (before, digest)


def test_it_asks_before_it_replaces(filled: Database, tmp_path: Path):
    file = tmp_path / "a.dump"
    assert filled.cli("db", "backup", file).code == 0
    filled.ask("DELETE FROM gis.building")
    said = filled.process("db", "restore", file, stdin="n\n")
    assert said.code != 0
    assert filled.one("SELECT count(*) FROM gis.building") == 0
