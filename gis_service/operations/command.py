"""``gis-service db``: the database by hand."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url

from gis_service import storage
from gis_service.db.engine import admin_connection, database_url, forget_connections
from gis_service.db.migrate import admin_is_superuser, migrate, overlap_is_marked, pending
from gis_service.db.queries import statement
from gis_service.db.ready import prepare
from gis_service.db.server import READER, private_server
from gis_service.errors import InputError, SetupError
from gis_service.files import check_output, replacing
from gis_service.identity import operator
from gis_service.operations import archive
from gis_service.relief.files import named_path
from gis_service.say import say
from gis_service.settings import get_settings


@click.group()
def db() -> None:
    """数据库：启动、停止、迁移、备份。The database by hand."""


@db.command()
def start() -> None:
    """启动私有数据库并迁移。Start the private database and migrate it."""
    applied = prepare()
    say(
        f"数据库已就绪（执行迁移 {len(applied)} 个）。",
        f"The database is ready ({len(applied)} files applied).",
    )


@db.command()
def stop() -> None:
    """停止私有数据库。Stop the private database."""
    _refuse_foreign()
    if private_server().stop():
        say("数据库已停止。", "The database has stopped.")
    else:
        say("数据库没有在运行。", "The database was not running.")


@db.command()
@click.option("--yes", is_flag=True, help="不再询问。Do not ask.")
def remove(yes: bool) -> None:
    """停止私有数据库并删除全部数据。Stop the private database and delete all that it stored."""
    _refuse_foreign()
    if not yes:
        click.confirm("将删除全部数据，继续？Delete all data?", abort=True)
    private_server().remove()
    say("已删除。", "Removed.")


@db.command()
def status() -> None:
    """数据库状态。Whether the database runs, where it lies, and what is not applied."""
    settings = get_settings()
    if not settings.database_url and not private_server().running():
        say(f"数据库没有在运行（{private_server().cluster}）。", f"Not running ({private_server().cluster}).")
        raise click.exceptions.Exit(1)
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), (SELECT extversion FROM pg_extension "
                       "WHERE extname = 'postgis')")  # fmt: skip
        server, postgis = cursor.fetchone()
        waiting = pending()
        if not waiting:
            cursor.execute(statement("maps.extent"))
        wrong = None if waiting or named_path() is None else _elevation_refusal(cursor.fetchone())
    where = "DATABASE_URL" if settings.database_url else str(private_server().cluster)
    say(
        f"运行中：PostgreSQL {server}，PostGIS {postgis}，{where}；未执行的迁移：{len(waiting)}",
        f"Running: PostgreSQL {server}, PostGIS {postgis}, {where}; migrations waiting: {len(waiting)}",
    )
    if wrong is not None:
        say(f"地形阴影未启用：{wrong.zh}", f"No hill shading: {wrong.en}")
    if not overlap_is_marked():
        say(
            "行级权限下空间索引未启用：地图和查询会变慢。请以数据库超级用户运行 gis-service db migrate。",
            "Row-level security keeps the spatial index from being used: maps and queries are slow. Run gis-service db "
            "migrate as a superuser of the database.",
        )


def _elevation_refusal(county: Sequence[float] | None) -> SetupError | None:
    from gis_service.relief.elevation import refusal  # reads rasters: no other command here does

    return refusal(county)


@db.command(name="migrate")
def migrate_() -> None:
    """执行未执行的迁移。Apply the migrations that are missing."""
    applied = prepare()
    for name in applied:
        click.echo(name)
    say(f"已执行 {len(applied)} 个文件。", f"{len(applied)} files applied.")


@db.command()
@click.option("--role", type=click.Choice(["reader", "owner", "service"]), default="reader", show_default=True)
def url(role: str) -> None:
    """给 psql 和 QGIS 的连接地址：可读全部（个人信息和账号除外），不可改。An address that reads all but what is of people."""
    known = get_settings().database_url
    if not known:
        click.echo(private_server().url(READER if role == "reader" else f"gis_{role}", get_settings().database))
        return
    # A password is never printed: not the owner's, which would go into every QGIS project, nor another's.
    address = make_url(database_url("service") if role == "service" else known)._replace(
        password=None
    )  # set() takes None for "as it is"
    if role == "reader":
        address = address.set(username=READER)
        say(
            f"gis_reader 还没有密码时，请数据库管理员执行：ALTER ROLE {READER} PASSWORD '…'",
            f"Where {READER} has no password yet, the database's administrator gives it one: "
            f"ALTER ROLE {READER} PASSWORD '…'",
            err=True,
        )
    click.echo(address.render_as_string(hide_password=False))


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """备份到一个文件，含照片和密钥。Write everything to one file, photographs and keys too."""
    check_output(file, *([] if get_settings().database_url else [private_server().cluster]), option="FILE")
    prepare()
    # Whom policies bind is refused by pg_dump, lest rows be left out; the owner's own policies leave out none.
    as_owner = () if admin_is_superuser() else ("--role=gis_owner", "--enable-row-security")
    with replacing(file) as partial:
        dump = partial.resolve().with_name("dump")
        _client("pg_dump", "--format=custom", "--schema=gis", *as_owner, "--file", str(dump), writes=file)
        # After the dump: photographs come before the rows that name them, and none is ever removed.
        lost = archive.write(partial, dump, _photographs())
    say(f"已备份到 {file}（{file.stat().st_size / 1e6:.1f} MB），含照片和密钥，请像密钥一样保管。",
        f"Backed up to {file} with photographs and keys: guard it as a key.")  # fmt: skip
    if lost:
        _name(lost, "缺失或已被改动，没有进入备份", "are missing or were changed, and are not in the backup")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="不再询问。Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """从备份恢复，替换现有数据。Replace everything by a backup."""
    if not yes:
        click.confirm("现有数据将被替换，继续？Replace all data?", abort=True)
    prepare()
    with tempfile.TemporaryDirectory(prefix="gis-restore-") as folder:
        found, dump = _read_backup(file, Path(folder))
        before, version = _trail_head(), _data_version()
        _replace_all(dump)
    forget_connections()
    migrate()
    _after_restore(file, before, version)
    for name in found.put_back() if found else ():
        say(f"数据目录里的 {name} 与备份不同，已换成备份中的；原来的另存为 {name}.replaced。",
            f"{name} was another in the data folder; that of the backup is in force, the other is kept as {name}.replaced.")  # fmt: skip
    say("已恢复；所有人需要重新登录。", "Restored; everybody signs in again.")
    if lost := archive.missing(_photographs()):
        _name(lost, "缺失或已被改动，没有恢复", "are missing or were changed, and were not restored")
        raise click.exceptions.Exit(1)


def _read_backup(file: Path, folder: Path) -> tuple[archive.Backup | None, Path]:
    """Look a backup through; return it and its dump. A dump alone is one of a version that kept nothing else."""
    if archive.is_archive(file):
        found, dump = archive.look(file), folder / "dump"
        found.take_dump(dump)
    else:
        found, dump = None, file
    with dump.open("rb") as opened:
        if opened.read(5) != b"PGDMP":
            raise InputError(
                f"{file} 不是 gis-service db backup 写的备份文件。",
                f"{file} is no file of gis-service db backup.",
            )
    return found, dump


def _photographs() -> list[str]:
    """Return the SHA-256 of all files that the database names."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SET ROLE gis_owner")
        cursor.execute(statement("attachments.files"))
        return [row[0] for row in cursor.fetchall()]


def _name(lost: list[str], zh: str, en: str) -> None:
    say(f"{len(lost)} 张照片或扫描件{zh}（SHA-256）：", f"{len(lost)} photographs or scans {en} (SHA-256):", err=True)
    for line in archive.said(lost):
        click.echo(f"  {line}", err=True)


def _data_version() -> int:
    """Return the data's version before a restore: what browsers and caches have seen."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('gis.version_of_data') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(statement("runs.data_version"))
        return int(cursor.fetchone()[0])


def _replace_all(file: Path) -> None:
    """Put a backup in the place of everything, in one transaction: a broken file leaves the data as it was.

    The whole schema goes first: a backup of an older version knows nothing of the tables that came since.
    """
    target = make_url(database_url("admin")).set(drivername="postgresql").render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory(prefix="gis-restore-") as folder:
        script = Path(folder) / "backup.sql"
        _client("pg_restore", "--exit-on-error", "--file", str(script), str(file.resolve()), address=False)
        _client(
            "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "--dbname", target,
            "-c", "SET client_min_messages = warning", "-c", "DROP SCHEMA IF EXISTS gis CASCADE", "-f", str(script),
            address=False,
        )  # fmt: skip


def _trail_head() -> dict[str, Any]:
    """Return how long the trail is that a restore replaces, and its last hash, to be written into the one that comes."""
    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('gis.audit_head') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return {}
        cursor.execute("SET ROLE gis_owner; SELECT entries, hash FROM gis.audit_head")
        row = cursor.fetchone() or (0, "")
        return {"entries_before": row[0], "head_before": row[1]}


def _after_restore(file: Path, before: dict[str, Any], version: int) -> None:
    """End the sessions that came back with the backup, move the data's version past all that was seen, tell the trail.

    A tile of the data before and one of the data after would else go by one version.
    """
    from gis_service.accounts import audit_log

    with admin_connection() as connection, connection.cursor() as cursor:
        cursor.execute("SET ROLE gis_owner; DELETE FROM gis.session")
        cursor.execute(statement("runs.move_past"), {"version": version})
    audit_log.record(operator(), audit_log.Action.RESTORED, file.name, **before)


def _client(program: str, *options: str, address: bool = True, writes: Path | None = None) -> None:
    """Run a client program; ``writes`` is the file that it writes, and else the database is written."""
    path = program if get_settings().database_url else private_server().program(program)
    target = [make_url(database_url("admin")).set(drivername="postgresql").render_as_string(hide_password=False)]
    result = subprocess.run(  # noqa: S603 - fixed programs, no shell
        [path, *options, *(target if address else [])],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if result.returncode != 0:
        said = (result.stderr.strip().splitlines() or ["?"])[0]
        raise storage.refusal_in(result.stderr, writes or get_settings().data_dir) or SetupError(
            f"{program} 失败：{said}", f"{program} failed: {said}"
        )


def _refuse_foreign() -> None:
    if get_settings().database_url:
        raise InputError(
            "设置了 DATABASE_URL，数据库不由本程序管理。",
            "DATABASE_URL is set; this program does not run that server.",
        )
