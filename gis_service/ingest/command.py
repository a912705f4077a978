"""``gis-service import``: bring a county's files in."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.accounts import audit_log
from gis_service.accounts.audit_log import Action
from gis_service.db.command import prepare
from gis_service.identity import operator
from gis_service.ingest.datum import DATUMS
from gis_service.ingest.fields import KINDS
from gis_service.ingest.importer import Options, Summary, import_file
from gis_service.say import say, steps, warn


def _fields(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    result = {}
    for pair in given:
        ours, separator, theirs = pair.partition("=")
        if not separator or not ours or not theirs:
            raise click.BadParameter(f"{pair!r}: OURS=THEIRS, OURS==VALUE")
        result[ours] = theirs
    return result


@click.command(name="import")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--layer", help="图层或工作表。Layer or sheet.")
@click.option("--crs", help="坐标系，例如 EPSG:4545。CRS of the file.")
@click.option("--datum", type=click.Choice(DATUMS), help="坐标基准；网络地图常为 gcj02 或 bd09。")
@click.option("--encoding", default="", help="文字编码，例如 gb18030。Text encoding.")
@click.option(
    "--field",
    "fields",
    multiple=True,
    callback=_fields,
    metavar="OURS=THEIRS",
    help="字段对应；OURS==值 表示整列同一个值，编号可用 @geometry。Where a field of ours comes from.",
)
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), help="被拒行写到此文件（csv、xlsx）。")
@click.option("--dry-run", is_flag=True, help="只检查，不写入。Check only, write nothing.")
def import_(
    kind: str, file: Path, layer: str | None, crs: str | None, datum: str | None, encoding: str,
    fields: dict[str, str], rejects: Path | None, dry_run: bool,
) -> None:  # fmt: skip
    """导入房屋、重点区域、行政区域、道路、消火栓。Import KIND from FILE.

    可读 shp（或 zip）、gpkg、geojson、gdb、kml、parquet、csv、xlsx。同一文件导入两次不会改变任何数据。
    """
    prepare()
    with steps(3, patience_s=2.0) as step:
        options = Options(layer, crs, datum, encoding, fields, rejects, dry_run)
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
