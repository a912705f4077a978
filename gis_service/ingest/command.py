"""``gis-service import``: bring a county's files in."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.ready import prepare
from gis_service.identity import operator
from gis_service.ingest.datum import DATUMS
from gis_service.ingest.fields import KINDS
from gis_service.ingest.importer import Options, Summary, import_file
from gis_service.ingest.options import reading
from gis_service.say import say, steps, warn


@click.command(name="import")
@click.argument("kind", type=click.Choice(list(KINDS)))
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

    可读 shp（或 zip）、gpkg、geojson、gdb、kml、parquet、csv、xlsx。同一文件导入两次不会改变任何数据。
    """
    prepare()
    with steps(3, patience_s=2.0) as step:
        options = Options(
            layer, crs, datum, encoding, fields, rejects, dry_run, accept_accuracy, multipart, keep
        )  # fmt: skip
        summary = import_file(kind, file, options, step)
    if not dry_run:
        counts = {name: getattr(summary, name) for name in ("read", "loaded", "unchanged", "updated", "rejected")}
        audit_log.record(operator(), Action.IMPORTED, summary.file, kind=kind, **counts)
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
