"""Backup and restore: everything comes back, a broken file changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gis_service.attachments import store
from gis_service.cli import cli
from gis_service.db.engine import forget_connections, transaction
from gis_service.errors import GisError
from gis_service.identity import operator
from gis_service.plates import token
from gis_service.settings import get_settings
from gis_service.tls import authority
from tests.cases.conftest import photograph
from tests.conftest import Answer, Database, cloned

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
    with tarfile.open(file) as archive:
        assert archive.extractfile("database.dump").read(5) == b"PGDMP"
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


@pytest.fixture
def photographed(filled: Database, tmp_path: Path) -> Iterator[tuple[Database, list[str]]]:
    """Two photographs, a key of plates and an authority, in a data folder of this test's own."""
    home = tmp_path / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        # The database is the run's; files lie where this test alone looks.
        patch.setenv("DATABASE_URL", filled.url("postgres"))
        patch.setenv("GIS_DATA_DIR", str(home))
        get_settings.cache_clear()
        forget_connections()
        with transaction(operator()) as connection:
            kept = [store.store(connection, "b1", photograph(color))["sha256"] for color in ("red", "blue")]
        token.code_of(token.new_body())
        authority.prepare(frozenset({"localhost"}))
        yield filled, kept
        forget_connections()
    get_settings.cache_clear()


def _rewritten(file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Return a copy of a backup of which members are other than they were, or gone."""
    out = file.with_name("changed.tar")
    with tarfile.open(file) as source, tarfile.open(out, "w") as made:
        for member in source:
            content = change(member.name, source.extractfile(member).read())
            if content is not None:
                member.size = len(content)
                made.addfile(member, io.BytesIO(content))
    return out


def _run(*arguments: object) -> Answer:
    result = CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)
    error = result.exception.message("en") if isinstance(result.exception, GisError) else ""
    assert result.exception is None or error, result.exception
    code = result.return_value if isinstance(result.return_value, int) else int(bool(error))
    return Answer(code, result.stdout, result.stderr + error)


def test_photographs_and_keys_come_back(photographed: tuple[Database, list[str]], tmp_path: Path):
    database, kept = photographed
    file, home = tmp_path / "b.tar", get_settings().data_dir
    assert _run("db", "backup", file).code == 0
    with tarfile.open(file) as archive:
        assert set(archive.getnames()) == {
            "database.dump", "manifest.json", "keys/plate.key", "keys/ca.key", "keys/ca.crt", *(f"attachments/{s}" for s in kept),
        }  # fmt: skip
    key, fingerprint = token.key_file().read_bytes(), authority.fingerprint()
    shutil.rmtree(home)
    home.mkdir()
    token.code_of(token.new_body())  # another key was made meanwhile
    said = _run("db", "restore", file, "--yes")
    assert said.code == 0, said.err
    assert "plate.key.replaced" in said.out
    assert (token.key_file().read_bytes(), authority.fingerprint()) == (key, fingerprint)
    for path in (*(store.path_of(sha256) for sha256 in kept), token.key_file(), authority.key_file()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [store.path_of(sha256).read_bytes() for sha256 in kept] == [photograph("red"), photograph("blue")]
    assert database.one("SELECT count(*) FROM gis.attachment") == 2


def test_a_photograph_that_is_missing_or_changed_is_named(photographed: tuple[Database, list[str]], tmp_path: Path):
    _, (red, blue) = photographed
    file = tmp_path / "b.tar"
    assert _run("db", "backup", file).code == 0
    store.path_of(red).write_bytes(b"something else")
    store.path_of(blue).unlink()
    again = _run("db", "backup", tmp_path / "c.tar")
    assert (again.code, red in again.err, blue in again.err) == (0, True, True)
    # In the backup too: what is left is restored, and what is not is named.
    changed = _rewritten(
        file, lambda name, was: None if name.endswith(blue) else b"x" * len(was) if name.endswith(red) else was
    )
    said = _run("db", "restore", changed, "--yes")
    assert (said.code, red in said.err, blue in said.err) == (1, True, True)
    assert not store.path_of(blue).exists()
    assert store.path_of(red).read_bytes() == b"something else"
    assert _run("db", "restore", file, "--yes").code == 0
    assert store.path_of(red).read_bytes() == photograph("red"), "what was changed is mended"


@pytest.mark.parametrize("member", ["database.dump", "keys/plate.key", "manifest.json"])
def test_a_backup_that_was_changed_restores_nothing(
    photographed: tuple[Database, list[str]], tmp_path: Path, member: str
):
    database, kept = photographed
    file = tmp_path / "b.tar"
    assert _run("db", "backup", file).code == 0
    database.ask("UPDATE gis.admin_area SET name = 'later'")
    gone = _rewritten(file, lambda name, was: None if name == member else was)
    said = [_run("db", "restore", gone, "--yes")]
    other = _rewritten(file, lambda name, was: b"x" if name == member else was)
    said.append(_run("db", "restore", other, "--yes"))
    assert [(s.code, "nothing was restored" in s.err) for s in said] == [(1, True)] * 2, said
    assert database.one("SELECT name FROM gis.admin_area LIMIT 1") == "later"
    assert all(store.path_of(sha256).exists() for sha256 in kept)


def test_no_member_names_where_it_goes(photographed: tuple[Database, list[str]], tmp_path: Path):
    file, out = tmp_path / "b.tar", tmp_path / "evil.tar"
    assert _run("db", "backup", file).code == 0
    with tarfile.open(file) as source, tarfile.open(out, "w") as made:
        for member in source:
            content = source.extractfile(member).read()
            if member.name == "manifest.json":
                said = json.loads(content)
                for name in ("../../evil", "attachments/../../evil", "attachments/" + "a" * 64):
                    said["files"][name] = hashlib.sha256(b"evil").hexdigest()
                    added = tarfile.TarInfo(name)
                    added.size = 4
                    made.addfile(added, io.BytesIO(b"evil"))
                content = json.dumps(said).encode()
                member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    assert _run("db", "restore", out, "--yes").code == 0
    assert not list(tmp_path.rglob("evil"))
    assert not store.path_of("a" * 64).exists()


def test_a_dump_of_before_is_restored_too(photographed: tuple[Database, list[str]], tmp_path: Path):
    database, _ = photographed
    file, dump = tmp_path / "b.tar", tmp_path / "old.dump"
    assert _run("db", "backup", file).code == 0
    with tarfile.open(file) as archive:
        dump.write_bytes(archive.extractfile("database.dump").read())
    database.ask("UPDATE gis.admin_area SET name = 'later'")
    assert _run("db", "restore", dump, "--yes").code == 0
    assert database.one("SELECT name FROM gis.admin_area LIMIT 1") == "东兰县"
