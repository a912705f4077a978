"""``gis-service import``: bring a county's files in."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import MACHINE, Action
from gis_service.db.engine import transaction
from gis_service.db.ready import prepare
from gis_service.identity import operator
from gis_service.ingest.datum import DATUMS
from gis_service.ingest.fields import KINDS
from gis_service.ingest.importer import Options, Summary, import_file
from gis_service.ingest.options import reading
from gis_service.say import say, steps, warn
from gis_service.visits.package import import_visits, write_rejects


@click.command(name="import")
@click.argument("kind", type=click.Choice([*KINDS, "visits"]))
@click.argument("file", type=click.Path(path_type=Path))
@reading
@click.option("--datum", type=click.Choice(DATUMS), help="坐标基准；网络地图常为 gcj02 或 bd09。")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="被拒行写到此文件（csv、xlsx）。")
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Check only, write nothing.")
def import_(
    *, kind: str, file: Path, layer: str | None, crs: str | None, accept_accuracy: float, encoding: str,
    fields: dict[str, str], multipart: str, keep: tuple[str, ...], datum: str | None, rejects: Path | None,
    dry_run: bool,
) -> None:  # fmt: skip
    """导入房屋、重点区域、行政区域、道路、消火栓。Import KIND from FILE.

    visits：计划导出的 QField 包（zip），或到访页存出的文件（json）。
    可读 shp（或 zip）、gpkg、geojson、gdb、kml、parquet、csv、xlsx。同一文件导入两次不会改变任何数据。
    """
    prepare()
    if kind == "visits":
        _visits(file, rejects, dry_run=dry_run)
        return
    with steps(3, patience_s=2.0) as step:
        options = Options(
            layer, crs, datum, encoding, fields, rejects, dry_run, accept_accuracy, multipart, keep
        )  # fmt: skip
        summary = import_file(kind, file, options, step)
    if not dry_run:
        counts = {name: getattr(summary, name) for name in ("read", "loaded", "unchanged", "updated", "rejected")}
        audit_log.record(operator(), Action.IMPORTED, summary.file, kind=kind, **counts)
    report(summary, rejects, dry_run=dry_run)


def _visits(file: Path, rejects: Path | None, *, dry_run: bool) -> None:
    """Read visits back from a package or an outbox; a dry run takes everything back at its end."""
    who = operator()
    with transaction(who) as connection:
        work = connection.begin_nested()
        told = import_visits(connection, file, leave_out=rejects is not None or dry_run)
        counts = {
            "read": told.read,
            "loaded": told.loaded,
            "unchanged": told.unchanged,
            "updated": 0,
            "rejected": len(told.rejected),
        }
        if dry_run:
            work.rollback()
        else:
            audit_log.append(connection, who, Action.IMPORTED, file.name, source=MACHINE, kind="visits", **counts)
    if rejects is not None and told.rejected:
        write_rejects(told.rejected, rejects)
    summary = Summary("visits", file.name, **counts, crs="EPSG:4326", notes=told.notes, import_id=None)
    report(summary, rejects, dry_run=dry_run)


def report(summary: Summary, rejects: Path | None = None, *, dry_run: bool = False) -> None:
    """Print what an import did; the counts add up."""
    for zh, en in summary.notes:
        warn(zh, en)
    tail = ("（试运行，未写入）", " (dry run, nothing written)") if dry_run else ("", "")
    say(
        f"{summary.file}：读取 {summary.read:,} = 新增 {summary.loaded:,} + 未变 {summary.unchanged:,} + "
        f"更新 {summary.updated:,} + 拒绝 {summary.rejected:,}{tail[0]}",
        f"{summary.file}: read {summary.read:,} = loaded {summary.loaded:,} + unchanged {summary.unchanged:,} + "
        f"updated {summary.updated:,} + rejected {summary.rejected:,}{tail[1]}",
    )
    if summary.rejected and rejects is not None:
        say(f"被拒的行见 {rejects}", f"The rejected rows are in {rejects}")
